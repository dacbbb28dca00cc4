"""The checks of the verification scripts in scripts/. This package knows no argument parser."""
