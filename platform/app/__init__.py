"""The use cases: what each command and each task does. They know neither doit nor the terminal."""
