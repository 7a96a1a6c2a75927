"""Reading strings as the Java runtime of a node does."""

from __future__ import annotations

import base64
import re
from typing import Final

__all__ = [
    "decode_base64",
    "encode_base64",
    "has_lone_surrogate",
    "is_base64_of",
    "java_units",
    "read_int",
]

_ASTRAL: Final = re.compile("[\U00010000-\U0010ffff]")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_INTEGER: Final = re.compile(r"([+-]?)0*([0-9]{1,10})")
_SMALLEST_INT: Final = -(2**31)
_LARGEST_INT: Final = 2**31 - 1
_BASE64: Final = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?")


def java_units(text: str) -> str:
    """
    Return *text* with two placeholders for each character that is two units in Java.

    No field of a hash may contain such characters, so only their number matters.
    """
    return text if text.isascii() else _ASTRAL.sub("\ufffd\ufffd", text)


def has_lone_surrogate(text: str) -> bool:
    """Check whether *text* contains half of a surrogate pair, which UTF-8 cannot encode."""
    return not text.isascii() and _SURROGATE.search(text) is not None


def read_int(text: str) -> int | None:
    """
    Read a decimal 32-bit number; return None if *text* is not one.

    A sign and leading zeros are accepted. Digits outside ASCII, which Java accepts, are refused: no
    program writes them, and a person would not recognise the number.

    Source:
        ``Integer.parseInt``.
    """
    match = _INTEGER.fullmatch(text)
    if match is None:
        return None
    number = int(match[1] + match[2])
    return number if _SMALLEST_INT <= number <= _LARGEST_INT else None


def decode_base64(text: str) -> bytes | None:
    """
    Decode base64 in the standard alphabet; return None if *text* is not base64.

    The padding may be missing, but must not be incomplete. Spare bits are ignored.

    Source:
        ``Base64.getDecoder``.
    """
    if _BASE64.fullmatch(text) is None:
        return None
    bare = text.rstrip("=")
    return base64.b64decode(bare + "=" * (-len(bare) % 4))


def encode_base64(data: bytes) -> str:
    """Encode as base64 with the standard alphabet and padding."""
    return base64.b64encode(data).decode("ascii")


def is_base64_of(text: str, size: int) -> bool:
    """Check whether *text* is exactly the base64 of *size* bytes, spare bits included."""
    data = decode_base64(text)
    return data is not None and len(data) == size and encode_base64(data) == text
