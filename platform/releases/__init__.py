"""Release stores: named sets of write-once files, in a directory or on GitHub."""
