"""Run one step: its inputs, the child process that runs it, its outputs, and its record."""
