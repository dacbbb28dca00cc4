"""Every code that a problem can have, with its cause and its fix.

docs/errors.md lists them, and `explain` prints them.

A code is stable, because scripts and people search for it. A new problem gets a new code, and the
meaning of a code never changes.
"""
from collections.abc import Mapping

from platform.model.code import Code
from platform.model.file_codes import FILE_CODES
from platform.model.operator_codes import OPERATOR_CODES
from platform.model.order_codes import ORDER_CODES

CODES: Mapping[str, Code] = {**FILE_CODES, **ORDER_CODES, **OPERATOR_CODES}
