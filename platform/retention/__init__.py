"""Cached results and when they expire. Only expired and incomplete entries are deleted, on this
machine and in the Actions cache."""
