"""Who says so: Ed25519 keys, and DSSE envelopes, in which what was signed travels with its signature."""
