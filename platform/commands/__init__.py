"""The commands of `python -m platform.cli`, one file for each command.

Every file has `add_arguments(parser)` and `run(arguments) -> exit status`."""
