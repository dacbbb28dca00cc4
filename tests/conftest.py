"""Tests find the package `platform` beside the standard module of that name, as dodo.py does."""
import _platform_boot  # noqa: F401  (imported for what it does)
