"""DER: tags, lengths and object identifiers, as a Java runtime reads them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ..errors import InvalidCertificateError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "OBJECT_IDENTIFIER",
    "SEQUENCE",
    "SET",
    "Element",
    "element_at",
    "elements",
    "first_element",
    "object_identifier",
    "only_element",
]

OBJECT_IDENTIFIER: Final = 0x06
SEQUENCE: Final = 0x30
SET: Final = 0x31

_NAMES: Final = {OBJECT_IDENTIFIER: "an object identifier", SEQUENCE: "a sequence", SET: "a set"}
_PADDED_ARC: Final = re.compile(rb"(?:^|[\x00-\x7f])\x80", re.DOTALL)
_LONG_TAG: Final = 0x1F
_LONG: Final = 0x80
_MOST_LENGTH_BYTES: Final = 4
#: Bytes of an object identifier, as in Java, and bits of a number in it that Python writes out.
_LONGEST_IDENTIFIER: Final = 4096
_LARGEST_ARC_BITS: Final = 14_000


class Element:
    """
    One element.

    Attributes:
        tag: Its tag, with class and form.
        content: What it contains.
    """

    __slots__ = ("content", "tag")

    def __init__(self, tag: int, content: bytes) -> None:
        self.tag = tag
        self.content = content

    def expect(self, tag: int) -> Element:
        """
        Return this element.

        Raises:
            InvalidCertificateError: If it has another tag.
        """
        if self.tag != tag:
            expected = _NAMES.get(tag, f"the tag {tag:#04x}")
            raise InvalidCertificateError(f"{expected} is expected, not the tag {self.tag:#04x}")
        return self

    def encoded(self) -> bytes:
        """Return the element in DER."""
        size = len(self.content)
        if size < _LONG:
            return bytes((self.tag, size)) + self.content
        length = size.to_bytes((size.bit_length() + 7) // 8, "big")
        return bytes((self.tag, _LONG | len(length))) + length + self.content


def elements(data: bytes) -> Iterator[Element]:
    """
    Yield the elements that follow one another in *data*.

    Raises:
        InvalidCertificateError: If one of them exceeds the data, or has no definite length.
    """
    at = 0
    while at < len(data):
        element, at = element_at(data, at)
        yield element


def first_element(data: bytes) -> Element:
    """
    Return the element that *data* begins with.

    Raises:
        InvalidCertificateError: If it exceeds the data, or has no definite length.
    """
    return element_at(data, 0)[0]


def only_element(data: bytes, tag: int) -> Element:
    """
    Return the one element that *data* must be.

    Raises:
        InvalidCertificateError: If it is anything else.
    """
    element, end = element_at(data, 0)
    if end < len(data):
        raise InvalidCertificateError(f"there are {len(data) - end} bytes too many")
    return element.expect(tag)


def element_at(data: bytes, at: int) -> tuple[Element, int]:
    """
    Return the element that begins at an offset, and the offset of its end.

    Raises:
        InvalidCertificateError: If it exceeds the data, or has no definite length.
    """
    if len(data) - at < 2:  # noqa: PLR2004 -- tag and length
        raise InvalidCertificateError("the encoding ends within an element")
    tag, size = data[at], data[at + 1]
    start = at + 2
    if tag & _LONG_TAG == _LONG_TAG:
        raise InvalidCertificateError("the tag of an element has more than one byte")
    if size >= _LONG:
        count = size - _LONG
        if not 0 < count <= _MOST_LENGTH_BYTES:
            raise InvalidCertificateError("an element has no definite length of at most 32 bits")
        size = int.from_bytes(data[start : start + count], "big")
        start += count
    end = start + size
    if end > len(data):
        raise InvalidCertificateError("the encoding ends within an element")
    return Element(tag, data[start:end]), end


def object_identifier(element: Element) -> str:
    """
    Return an object identifier with dots.

    Raises:
        InvalidCertificateError: If the element is anything else.
    """
    content = element.expect(OBJECT_IDENTIFIER).content
    if not content or content[-1] >= _LONG:
        raise InvalidCertificateError("an object identifier is incomplete")
    if len(content) > _LONGEST_IDENTIFIER:
        raise InvalidCertificateError("an object identifier is too long")
    arcs = [0]
    if _PADDED_ARC.search(content):
        raise InvalidCertificateError("an arc of an object identifier begins with a zero")
    for byte in content:
        arcs[-1] = arcs[-1] << 7 | byte & 0x7F
        if byte < _LONG:
            arcs.append(0)
    if max(arcs).bit_length() > _LARGEST_ARC_BITS:
        raise InvalidCertificateError("an arc of an object identifier is too large")
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:-1])))
