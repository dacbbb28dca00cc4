"""One file a command of `python -m platform.cli`: `add_arguments(parser)` and `run(arguments) -> exit status`."""
