"""PLATFORM and the standard library's `platform` in one module.

The package must be called `platform`, like a module that half of the world's libraries import. So this module
*is* the standard one: its code is executed here, in this namespace, and our rooms are its submodules. Nothing
else stands in this file, and no room may be called like an attribute of the standard module (a test holds both).
`_platform_boot.py` is the other route in: it grafts our folder onto a standard module that came first.
"""
from importlib.machinery import SourceFileLoader as _Loader
from sysconfig import get_path as _get_path

exec(_Loader("platform", _get_path("stdlib") + "/platform.py").get_code("platform"))  # type: ignore[arg-type]
