"""
A module that is missing, or one that the system could not load.

Without memory or descriptors, or where a directory cannot be read, Python reports some modules as
missing that are there. To install them again does not help.
"""

from __future__ import annotations

import errno
import os
import sys

__all__ = ["require_missing"]

_NOTHING_THERE = (FileNotFoundError, NotADirectoryError)


def require_missing(error: ImportError) -> None:
    """
    Check that the package that could not be imported is really missing.

    Raises:
        OSError: If the system could not load it.
    """
    name = error.name or ""
    if isinstance(error, ModuleNotFoundError) and _is_missing(name):
        return
    reason = f"[{error.name}] cannot be loaded: {error}"
    raise OSError(errno.EIO, reason) from error


def _is_missing(name: str) -> bool:
    """
    Check whether Python finds the package of a module nowhere.

    Raises:
        OSError: If the system does not let it look.
    """
    package = name.partition(".")[0]
    for known in (name, package):
        if known in sys.modules:
            return sys.modules[known] is None  # as somebody puts it who wants it not to be found
    for place in sys.path:
        try:
            names = os.listdir(place or os.curdir)
        except _NOTHING_THERE:
            continue
        if any(name.partition(".")[0] == package for name in names):
            return False
    return True
