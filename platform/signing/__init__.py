"""Signatures: Ed25519 keys, and DSSE envelopes that contain a payload and its signatures."""
