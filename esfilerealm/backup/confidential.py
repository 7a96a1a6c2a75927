"""Which files hold secrets: by what they are for, by their name, and by what they hold."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final

from ..checks.layout import secret_of
from ..checks.opening import read_bytes
from ..checks.parts import Unreadable
from ..errors import FileRealmError

if TYPE_CHECKING:
    from .kinds import Kind

__all__ = ["holds_secrets", "is_confidential"]

#: By kind, whatever the file holds.
_ALWAYS: Final[frozenset[Kind]] = frozenset(
    {"users", "keystore", "service tokens", "system key", "key", "store", "keytab"}
)
#: Kinds whose files may hold a password beside other options.
_WITH_OPTIONS: Final[frozenset[Kind]] = frozenset({"operator", "jvm"})
#: Of larger files, such as dictionaries, only the beginning is looked at by nobody.
_LARGEST: Final = 2**20

_MARKS: Final = re.compile(
    rb"PRIVATE KEY-----|AGE-SECRET-KEY-1"
    rb"|^[^\s:]+:(?:\$(?:2[a-z]?|argon2\w*|[156y])\$|\{[A-Za-z0-9_-]+\}.{8})"  # hashes of users
    rb"|\A(?:\xfe\xed\xfe\xed|\xce\xce\xce\xce)"  # JKS and JCEKS
    rb"|\A\x30.{1,16}\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01",  # PKCS#12
    re.MULTILINE | re.DOTALL,
)
_OPTIONS: Final = re.compile(
    rb"^[^#\n]*(?:password|passphrase|secret|token)[\"']?\s*[=:]\s*[\"']?[^\s\"'$,}]",
    re.MULTILINE | re.IGNORECASE,
)


def is_confidential(path: str, kind: Kind) -> bool:
    """
    Check whether a regular file holds secrets; one that cannot be read counts as such.

    Args:
        path: The file.

        kind: What it is for.
    """
    if kind in _ALWAYS or secret_of(os.path.basename(path)) is not None:
        return True
    if kind == "truststore":
        return False
    try:
        if os.lstat(path).st_size > _LARGEST:
            return False
        return holds_secrets(read_bytes(path, largest=_LARGEST) or b"", kind)
    except (FileRealmError, Unreadable, OSError):
        return True


def holds_secrets(data: bytes, kind: Kind) -> bool:
    """Check whether a content shows keys, hashes or, among options, passwords."""
    if _MARKS.search(data):
        return True
    return kind in _WITH_OPTIONS and _OPTIONS.search(data) is not None
