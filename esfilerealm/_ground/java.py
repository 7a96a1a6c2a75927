"""Reading strings as the Java runtime of a node does."""

from __future__ import annotations

import base64
import re
from typing import Final

__all__ = [
    "decode_base64",
    "decode_modified_utf8",
    "decode_utf8",
    "encode_base64",
    "encode_modified_utf8",
    "equal_ignoring_case",
    "has_lone_surrogate",
    "is_base64_of",
    "java_order",
    "java_units",
    "lower_case",
    "read_int",
    "upper_case",
]

_ASTRAL: Final = re.compile("[\U00010000-\U0010ffff]")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_ENCODED_SURROGATE: Final = re.compile(rb"\xed[\xa0-\xbf][\x80-\xbf]?")
_MODIFIED_UTF8: Final = re.compile(
    rb"(?:[\x00-\x7f]|[\xc0-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2})*"
)
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


def decode_utf8(data: bytes) -> str:
    """
    Decode UTF-8; each malformed part becomes U+FFFD, and an encoded surrogate becomes one.

    Source:
        ``CharsetDecoder.replaceWith``.
    """
    return _ENCODED_SURROGATE.sub("\ufffd".encode(), data).decode("utf-8", "replace")


def decode_modified_utf8(data: bytes) -> str | None:
    """
    Decode what Java's data streams write; return None if it is malformed.

    A lone surrogate stays one.

    Source:
        ``DataInputStream.readUTF``.
    """
    if data.isascii():
        return data.decode("ascii")
    if _MODIFIED_UTF8.fullmatch(data) is None:
        return None
    units = bytearray()
    at = 0
    while at < len(data):
        size = 1 if data[at] < 0x80 else 2 if data[at] < 0xE0 else 3  # noqa: PLR2004 - UTF-8
        unit = data[at] & (0x7F, 0x1F, 0x0F)[size - 1]
        for byte in data[at + 1 : at + size]:
            unit = unit << 6 | byte & 0x3F
        units += unit.to_bytes(2, "big")
        at += size
    return units.decode("utf-16-be", "surrogatepass")


def encode_modified_utf8(text: str) -> bytes:
    """
    Encode as Java's data streams do: U+0000 in two bytes, others in at most three for each unit.

    Source:
        ``DataOutputStream.writeUTF``.
    """
    data = java_order(text)
    units = (chr(int.from_bytes(data[at : at + 2], "big")) for at in range(0, len(data), 2))
    return "".join(units).encode("utf-8", "surrogatepass").replace(b"\0", b"\xc0\x80")


def java_order(text: str) -> bytes:
    """Return the key by which Java sorts strings: their UTF-16 code units."""
    return text.encode("utf-16-be", "surrogatepass")


def lower_case(text: str) -> str:
    """
    Return *text* with each upper-case character in lower case, one for one.

    Title-case characters stay, and no character depends on its neighbours.

    Source:
        ``Character.isUpperCase`` and ``Character.toLowerCase``.
    """
    if text.isascii():
        return text.lower()
    return "".join(sign.lower()[0] if sign.isupper() else sign for sign in text)


def equal_ignoring_case(one: str, other: str) -> bool:
    """
    Compare two strings, each character without regard to its case.

    Source:
        ``String.equalsIgnoreCase`` of Java 16 and newer.
    """
    if one == other:
        return True
    if len(one) != len(other):
        return False
    return all(
        a == b
        or upper_case(a) == upper_case(b)
        or lower_case(upper_case(a)) == lower_case(upper_case(b))
        for a, b in zip(one, other, strict=True)
    )


def upper_case(sign: str) -> str:
    """Return the one character that is the upper case of *sign*, or *sign* if there is none."""
    return next((text for text in (sign.upper(), sign.title()) if len(text) == 1), sign)
