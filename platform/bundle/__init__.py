"""Packages with reproducible bytes: a manifest of the files, and a zip."""
