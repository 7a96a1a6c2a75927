"""Which files hold secrets: by what they are for, by their name, and by what they hold."""

from __future__ import annotations

import os
import re
from itertools import chain
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
#: Larger files, such as dictionaries, are not looked into.
_LARGEST: Final = 2**20

#: These are looked for as they are: a pattern would cost a hundred times as much on large files.
_MARKS: Final = (b"PRIVATE KEY-----", b"AGE-SECRET-KEY-1")
_STARTS: Final = re.compile(
    rb"\xfe\xed\xfe\xed|\xce\xce\xce\xce"  # JKS and JCEKS
    rb"|\x30.{1,16}\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01",  # PKCS#12
    re.DOTALL,
)
#: The hash of a user, with the colon before it: two patterns, since each begins with plain text.
_HASHES: Final = (
    re.compile(rb":\$(?:2[a-z]?|argon2\w*|[156y])\$"),
    re.compile(rb":\{[A-Za-z0-9_-]{1,40}\}.{8}", re.DOTALL),
)
_NAME: Final = re.compile(rb"[^\s:]+")
_LONGEST_NAME: Final = 1024
#: Bytes in which a file that is no text has a NUL.
_HEAD: Final = 8192
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
    if any(mark in data for mark in _MARKS) or _STARTS.match(data) or _has_hash(data):
        return True
    return kind in _WITH_OPTIONS and _OPTIONS.search(data) is not None


def _has_hash(data: bytes) -> bool:
    """Check whether a line of a text begins with a name, a colon and a hash."""
    if b"\0" in data[:_HEAD] or not (b"$" in data or b"{" in data):
        return False
    for found in chain.from_iterable(pattern.finditer(data) for pattern in _HASHES):
        start = max(0, found.start() - _LONGEST_NAME)
        line = data[start : found.start()].rpartition(b"\n")[2]
        if _NAME.fullmatch(line):
            return True
    return False
