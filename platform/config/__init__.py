"""The edge where YAML and CSV become the model: text, read, csv, schema, parse, load. No dict travels further."""
