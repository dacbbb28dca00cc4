"""Parses YAML and CSV into the model: text, read, csv, schema, parse, load.

Other packages see the model's types and no dicts of parsed files.
"""
