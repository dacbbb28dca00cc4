"""Derived files of the repository: pure functions compute them; they are written, or compared with
the existing ones."""
