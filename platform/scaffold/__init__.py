"""The files that `new` writes, valid as generated. Pure; the command writes them to disk."""
