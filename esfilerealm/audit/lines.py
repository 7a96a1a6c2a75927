"""
One line of an audit log: one JSON object, sealed by a digest of all that stands before it.

The digest of a line covers that of the line before, so nobody can change, remove or move a line
without changing all that follow. With a key it is an HMAC, which only its owners can make.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["BEGINNING", "Line", "hash_of", "key_id", "sealed", "starts_like_a_line"]

_VERSION: Final = 1
_DIGEST_SIZE: Final = 64
BEGINNING: Final = b'{"version":1,"seq":'
"""Of every line."""

_SEAL: Final = b',"hash":"'
_SEAL_SIZE: Final = len(_SEAL) + _DIGEST_SIZE + len(b'"}')
_KEY_ID: Final = 16
_MOST_LINES: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Line:
    """
    A line that was read.

    Attributes:
        fields: All of its fields.
        body: The bytes that its digest covers.
        seq: Its number.
        hash: Its digest, in hexadecimal.
        previous: The digest of the line before; None if it is the first.
        key_id: What tells the key of its writer from others; None without a key.
    """

    fields: Mapping[str, Any]
    body: bytes
    seq: int
    hash: str
    previous: str | None
    key_id: str | None

    @classmethod
    def parse(cls, raw: bytes) -> Line | None:
        """Parse a line without its end; return None if it is none of ours."""
        body, seal = raw[:-_SEAL_SIZE], raw[-_SEAL_SIZE:]
        if not raw.startswith(BEGINNING) or not seal.startswith(_SEAL):
            return None
        try:
            fields = json.loads(raw)
        except (ValueError, RecursionError):
            return None
        seq, own = fields.get("seq"), fields.get("hash")
        previous, key = fields.get("previous"), fields.get("key")
        texts = all(isinstance(text, str | None) for text in (previous, key))
        if type(seq) is not int or not 0 < seq <= _MOST_LINES:
            return None
        if not isinstance(own, str) or not texts:
            return None
        return cls(fields, body, seq, own, previous, key)

    def is_intact(self, key: bytes | None) -> bool:
        """Check whether its digest is that of its content."""
        return hmac.compare_digest(_digest(self.body, key).encode(), self.hash.encode())


def sealed(fields: Mapping[str, object], key: bytes | None) -> bytes:
    """Return the line, with its end, that has these *fields* and a digest of them."""
    body = json.dumps({"version": _VERSION, **fields}, separators=(",", ":"))[:-1].encode()
    return body + _SEAL + _digest(body, key).encode() + b'"}\n'


def starts_like_a_line(part: bytes) -> bool:
    """Check whether *part* may be the beginning of a line, or what a power cut leaves of one."""
    return not part.strip(b"\0") or part[: len(BEGINNING)] == BEGINNING[: len(part)]


def key_id(key: bytes | None) -> str | None:
    """Return what tells a key from others, and tells nothing else of it."""
    return None if key is None else _digest(b"key of an audit log", key)[:_KEY_ID]


def hash_of(line: bytes) -> str:
    """Return the digest that stands at the end of a sealed line."""
    return line[-len(b'"}\n') - _DIGEST_SIZE : -len(b'"}\n')].decode()


def _digest(body: bytes, key: bytes | None) -> str:
    return (
        hashlib.sha256(body).hexdigest() if key is None else hmac.digest(key, body, "sha256").hex()
    )
