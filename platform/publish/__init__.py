"""Publish what was bought: select purchases from the ledger, pack, upload, and record each once."""
