"""The exception by which a module below `step` reports that a step fails. It becomes a record."""


class Fault(Exception):
    """The step's outcome is FAILED with `reason` (a slug). The message explains it to a user."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
