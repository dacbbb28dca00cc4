"""Expands a checked Repo into a Plan. Pure: no disk, no clock, no environment."""
