"""What was bought goes to where its tenant gets it: selected from the ledger, packed, put there, recorded once."""
