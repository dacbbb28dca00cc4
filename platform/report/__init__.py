"""Answers for people, as values first: the same ones become text, tables and JSON."""
