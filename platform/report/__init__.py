"""Reports for people. They are values first, which become text, tables and JSON."""
