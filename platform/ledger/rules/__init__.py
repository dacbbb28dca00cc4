"""Rules of the ledger. Pure: posts in, decisions out."""
