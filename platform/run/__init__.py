"""One step: what goes in, the child process that runs it, what came out, and the record that is the truth about it."""
