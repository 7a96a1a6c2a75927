"""Passwords that others keep: in a file, or on a stream."""

from __future__ import annotations

from typing import Final

from .._ground.faults import FaultsOf
from ..errors import InvalidPasswordError

__all__ = ["one_line", "password_in_file"]

#: No password is so long; in bytes.
_LONGEST: Final = 65_536


def password_in_file(path: str) -> str:
    """
    Read a password; one line end at the end of the file is not a part of it.

    Raises:
        FilePermissionError, FileAccessError: If the file cannot be read.
        InvalidPasswordError: If it is not UTF-8, too large, empty, or of more than one line.
    """
    with FaultsOf(path, "reading"), open(path, "rb") as file:
        data = file.read(_LONGEST + 1)
    if len(data) > _LONGEST:
        raise InvalidPasswordError(f"password file [{path}] holds more than {_LONGEST} bytes")
    text: str | None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = None
    # Not in the handler: its error, which holds the secret, would be the context of this one.
    if text is None:
        raise InvalidPasswordError(f"password file [{path}] is not UTF-8")
    return one_line(text, f"password file [{path}]")


def one_line(text: str, source: str) -> str:
    """
    Give *text* without one line end behind it.

    Raises:
        InvalidPasswordError: If nothing is left, or more than one line; *source* is named.
    """
    line = text.removesuffix("\n").removesuffix("\r")
    if not line:
        raise InvalidPasswordError(f"{source} holds no password")
    if "\n" in line or "\r" in line:
        raise InvalidPasswordError(f"{source} holds more than one line")
    return line
