"""Finds the problems of a Repo on a day. Pure. The tuple `checks.CHECKS` lists all checks."""
from platform.check.checks import CHECKS, check

__all__ = ["CHECKS", "check"]
