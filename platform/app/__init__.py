"""The use cases: what a command or a task does, without doit and without a terminal."""
