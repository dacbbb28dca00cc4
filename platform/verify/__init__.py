"""Checks that each can fail: what the scripts of scripts/ that verify have in common. Knows no argument parser."""
