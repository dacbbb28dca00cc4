"""PLATFORM and the standard library's `platform` in one module.

The package must be called `platform`, but many libraries import the standard module of that name.
Therefore this file executes the code of the standard module in this namespace, and PLATFORM's
packages are submodules. This file contains nothing else, and no submodule has the name of an
attribute of the standard module (tests check both). If the standard module was imported first,
`_platform_boot.py` adds our directory to it.
"""
from importlib.machinery import SourceFileLoader as _Loader
from sysconfig import get_path as _get_path

exec(_Loader("platform", _get_path("stdlib") + "/platform.py").get_code("platform"))  # type: ignore[arg-type]
