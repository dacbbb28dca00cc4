"""Pure: a Repo and a day in, Problems out. What is checked is the visible tuple `checks.CHECKS`."""
from platform.check.checks import CHECKS, check

__all__ = ["CHECKS", "check"]
