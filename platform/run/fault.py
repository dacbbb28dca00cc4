"""How the rooms below `step` say that a step fails. It becomes a record, never a traceback."""


class Fault(Exception):
    """The step's outcome is FAILED with `reason` (a slug), and the message says why to a person."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
