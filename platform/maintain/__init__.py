"""Derived indexes of the repository: tables made of what was read (pure), written or held against what is there."""
