"""Keys of audit logs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from .._storage import read_file
from ..errors import AuditLogError, FileAccessError, FilePermissionError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["KEY_VARIABLE", "PATH_VARIABLE", "key_of", "named_by"]

PATH_VARIABLE: Final = "ESFILEREALM_AUDIT"
"""The environment variable that names the audit log of every change."""

KEY_VARIABLE: Final = "ESFILEREALM_AUDIT_KEY"
"""The environment variable that names the file with its key."""

_SHORTEST: Final = 16
_LONGEST: Final = 2**16


def key_of(key: bytes | str | os.PathLike[str] | None) -> bytes | None:
    """
    Return a key, or the one that a file holds; a line end at its end is not part of it.

    Raises:
        AuditLogError: If it cannot be read, or has less than 16 bytes: others could find it.
    """
    if key is None:
        return None
    source = "the key of the audit log"
    if not isinstance(key, bytes):
        source = os.path.abspath(os.fsdecode(key))
        key = _content(source).removesuffix(b"\n").removesuffix(b"\r")
    if len(key) < _SHORTEST:
        reason = f"a key needs at least [{_SHORTEST}] bytes: make one with `openssl rand -hex 32`"
        raise AuditLogError(source, reason)
    return key


def _content(path: str) -> bytes:
    try:
        found = read_file(path, largest=_LONGEST)
    except (FileAccessError, FilePermissionError) as error:
        raise AuditLogError(
            path, f"{error.reason}; it is to hold the key of the audit log"
        ) from None
    if not found.exists:
        raise AuditLogError(
            path, "there is no such file, which is to hold the key of the audit log"
        )
    return found.data


def named_by(environ: Mapping[str, str]) -> tuple[str | None, str | None]:
    """Return the audit log and the file with its key that the environment names."""
    return environ.get(PATH_VARIABLE) or None, environ.get(KEY_VARIABLE) or None
