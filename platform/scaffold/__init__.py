"""What `new` writes: texts of files that validate at once. Pure; the command puts them on disk."""
