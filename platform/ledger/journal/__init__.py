"""The journal: its lines, its files, and the one writer."""
