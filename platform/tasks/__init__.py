"""The only room that knows doit: the graph it sees, and what its tasks do."""
