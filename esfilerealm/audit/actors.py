"""Who makes a change, and by which call."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from types import FrameType

__all__ = ["host", "verb", "who"]

_PACKAGE: Final = __name__.partition(".")[0]
_LONGEST: Final = 256

#: Where Linux shows who logged in, whatever ``sudo`` and ``su`` have made of the process since.
_LOGIN: Final = "/proc/self/loginuid"
_NOBODY: Final = 2**32 - 1


def who() -> dict[str, object]:
    """
    Return who runs this process.

    ``uid`` is the effective user, ``login_uid`` that of the login. The environment names
    ``sudo_user`` and ``sudo_uid``, which its owner may set as he likes.
    """
    told: dict[str, object] = {}
    if hasattr(os, "geteuid"):
        told["uid"] = os.geteuid()
        told["user"] = _name(os.geteuid())
    else:
        told["user"] = os.environ.get("USERNAME")
    login = _login()
    if login is not None:
        told["login_uid"] = login
    for name in ("SUDO_USER", "SUDO_UID"):
        if os.environ.get(name):
            told[name.lower()] = os.environ[name][:_LONGEST]
    told["pid"] = os.getpid()
    told["program"] = os.path.basename(sys.argv[0] if sys.argv else "")[:_LONGEST]
    return told


def host() -> str:
    """Return the name of this machine."""
    if hasattr(os, "uname"):
        return os.uname().nodename
    return os.environ.get("COMPUTERNAME", "")


def verb() -> str:
    """Return the function of ours that the program has called, such as ``UsersTool.undo``."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - `inspect` is slow to import
    name = ""
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] == _PACKAGE:
        name = frame.f_code.co_qualname
        frame = frame.f_back
    return name.removesuffix(".__exit__")


@cache
def _name(number: int) -> str | None:
    try:
        import pwd

        return pwd.getpwuid(number).pw_name
    except (ImportError, KeyError, OSError):
        return None


def _login() -> int | None:
    with suppress(OSError, ValueError):
        with open(_LOGIN, encoding="ascii") as file:
            number = int(file.read())
        return None if number == _NOBODY else number
    return None
