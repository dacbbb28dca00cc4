"""Proofs that a billing state is what its journal says."""
