"""
Errors that no part of the command expects: of the system, wherever it happens, or of this package.

Only ``sys`` and ``os`` are imported, since an import may be what failed.
"""

from __future__ import annotations

import os
import sys

__all__ = ["explain"]

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    from typing import Final

# Those of `exits`, which may be what cannot be loaded.
_INTERNAL: Final = 70
_IO: Final = 74

_NO_MEMORY: Final = "there is not enough memory"

#: Bytes that any system has which is not short of memory; less than this may be left for one error.
_SOME_MEMORY: Final = 2**23


def explain(error: Exception) -> tuple[str, int]:
    """Return what to print of an error that nobody expected, and the exit code."""
    if isinstance(error, ImportError):
        return _explain_import(error)
    if isinstance(error, MemoryError):
        return _NO_MEMORY, _IO
    if isinstance(error, OSError):
        where = f"cannot use [{error.filename}]: " if error.filename else "the system refused: "
        return f"{where}{error.strerror or error}", _IO
    if _is_memory_short():
        return _NO_MEMORY, _IO
    return f"unexpected {type(error).__name__}, please report it", _INTERNAL


def _is_memory_short() -> bool:
    """
    Check whether the system gives no more memory.

    Then Python and libraries raise anything: a ``SystemError``, or a ``ValueError`` of ``hashlib``,
    half of which was not loaded.
    """
    try:
        bytearray(_SOME_MEMORY)
    except MemoryError:
        return True
    return False


def _explain_import(error: ImportError) -> tuple[str, int]:
    name = error.name or "a module"
    package = name.partition(".")[0]
    is_ours = package == "esfilerealm" or package in sys.stdlib_module_names
    if not is_ours and isinstance(error, ModuleNotFoundError) and _is_missing(package):
        return f"[{name}] is not installed: reinstall esfilerealm", _INTERNAL
    reason = str(error)
    # Python takes a directory for a package of its own if it could not look into it.
    is_odd = reason.startswith("cannot import name") and "(unknown location)" not in reason
    if is_odd and not is_ours:
        return f"{reason}: reinstall esfilerealm", _INTERNAL
    if isinstance(error, ModuleNotFoundError) or reason.startswith("cannot import name"):
        reason = "the system did not let Python read it"
    return f"[{name}] cannot be loaded: {reason}; try again, or reinstall esfilerealm", _IO


def _is_missing(package: str) -> bool:
    """
    Check whether a package is really not there.

    Python says so, too, if the system did not let it look.
    """
    for place in sys.path:
        try:
            entries = os.listdir(place or ".")
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError:
            return False
        if any(entry.partition(".")[0] == package for entry in entries):
            # None stands there if somebody does not want it to be found.
            return package in sys.modules and sys.modules[package] is None
    return True
