"""The subject of a certificate: the text that a node shows, and single values of it."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

from .._ground.java import decode_utf8
from ..errors import InvalidCertificateError
from .der import SEQUENCE, SET, Element, elements, first_element, object_identifier

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = [
    "ComparableName",
    "attribute_spans",
    "attribute_type",
    "attribute_values",
    "canonical_name",
    "comparable_name",
    "extract_rdn",
    "rdn_texts",
    "subject_text",
]

#: The keywords of a Java runtime. Every other type is shown with its number.
_KEYWORDS: Final = {
    "2.5.4.3": "CN",
    "2.5.4.4": "SURNAME",
    "2.5.4.5": "SERIALNUMBER",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.9": "STREET",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "2.5.4.12": "T",
    "2.5.4.42": "GIVENNAME",
    "2.5.4.43": "INITIALS",
    "2.5.4.44": "GENERATION",
    "2.5.4.46": "DNQ",
    "0.9.2342.19200300.100.1.25": "DC",
    "0.9.2342.19200300.100.1.1": "UID",
    "1.2.840.113549.1.9.1": "EMAILADDRESS",
    "1.3.6.1.4.1.42.2.11.2.1": "IP",
}
#: Characters for which a value is put in quotes; so do blanks at an end or in a row.
_QUOTED: Final = frozenset(',+=\n<>#;\\"')
_BLANK: Final = " \n"
_PLAIN_STRINGS: Final = (0x0C, 0x13)
_SURROGATES: Final = range(0xD800, 0xE000)
_HIGH_SURROGATES: Final = range(0xD800, 0xDC00)
_LOW_SURROGATES: Final = range(0xDC00, 0xE000)
_BLANKS: Final = re.compile(" {2,}")
#: What Java's ``String.trim`` removes from both ends.
_TRIMMED: Final = "".join(map(chr, range(0x21)))
_MARK_OF_UTF32: Final = b"\0\0\xfe\xff"


#: The relative names in their order; of each, the types and values of its parts, sorted.
ComparableName = tuple[tuple[tuple[str, str], ...], ...]


def subject_text(name_der: bytes) -> str:
    """
    Return the text of a name that the username pattern of a PKI realm sees.

    Args:
        name_der: The encoded subject of a certificate.

    Raises:
        InvalidCertificateError: If it is not an encoded name.

    Source:
        ``X500Principal.toString`` of Java 17.
    """
    return ", ".join(rdn_texts(name_der))


def rdn_texts(name_der: bytes) -> list[str]:
    """
    Return the text of each relative name, the most specific first.

    Raises:
        InvalidCertificateError: If it is not an encoded name.
    """
    names = list(elements(_name(name_der).content))
    return [
        " + ".join(_pair_text(pair) for pair in elements(name.expect(SET).content))
        for name in reversed(names)
    ]


def attribute_spans(name_der: bytes) -> list[tuple[int, int, int]]:
    """
    Return where each attribute stands in the text of a name: its start, that of its value, its end.

    Raises:
        InvalidCertificateError: If it is not an encoded name.
    """
    spans, start = [], 0
    for name in reversed(list(elements(_name(name_der).content))):
        end = start
        for number, pair in enumerate(elements(name.expect(SET).content)):
            text = _pair_text(pair)
            start = end + (len(" + ") if number else 0)
            end = start + len(text)
            spans.append((start, start + text.index("=") + 1, end))
        start = end + len(", ")
    return spans


def attribute_type(keyword: str) -> str | None:
    """Return the number with dots of an attribute such as ``CN``; None if it is unknown."""
    wanted = keyword.upper()
    return next((number for number, word in _KEYWORDS.items() if word == wanted), None)


def canonical_name(name_der: bytes) -> bytes:
    """
    Return a name as a node encodes it again: the parts of each relative name sorted.

    Raises:
        InvalidCertificateError: If it is not an encoded name.

    Source:
        ``X500Principal.getEncoded``.
    """
    sets = []
    for name in elements(_name(name_der).content):
        pairs = []
        for pair in elements(name.expect(SET).content):
            kind, value = _type_and_value(pair)
            object_identifier(kind)
            pairs.append(Element(SEQUENCE, kind.encoded() + value.encoded()).encoded())
        sets.append(Element(SET, b"".join(sorted(pairs))).encoded())
    return Element(SEQUENCE, b"".join(sets)).encoded()


#: Types whose values are compared as text; those of all others are compared as bytes.
_COMPARED_AS_TEXT: Final = frozenset(
    number
    for number, word in _KEYWORDS.items()
    if word in ("CN", "C", "L", "ST", "STREET", "O", "OU", "DC", "UID")
)


def comparable_name(name_der: bytes) -> ComparableName:
    """
    Return a value that is equal for names that a node takes for the same.

    Case and runs of blanks do not matter, nor which of the two usual types a string has.

    Raises:
        InvalidCertificateError: If it is not an encoded name.

    Source:
        ``X500Name.equals`` and ``AVA.toRFC2253CanonicalString``.
    """
    return tuple(
        tuple(sorted(_comparable_pair(pair) for pair in elements(name.expect(SET).content)))
        for name in elements(_name(name_der).content)
    )


def _name(name_der: bytes) -> Element:
    """Return the sequence that a name is; Java does not look at what follows it."""
    return first_element(name_der).expect(SEQUENCE)


def _comparable_pair(pair: Element) -> tuple[str, str]:
    kind, value = _type_and_value(pair)
    number = object_identifier(kind)
    if number not in _COMPARED_AS_TEXT or value.tag not in _PLAIN_STRINGS:
        return number, f"#{value.encoded().hex()}"
    text = _BLANKS.sub(" ", decode_utf8(value.content))
    text = f"\\{text}" if text[:1] == "#" else text.strip(_TRIMMED)
    return number, unicodedata.normalize("NFKD", text.upper().lower())


def attribute_values(name_der: bytes, oid: str) -> list[str]:
    """
    Return the texts of an attribute, in the order of the encoded name; others have no text.

    Raises:
        InvalidCertificateError: If it is not an encoded name.
    """
    found = []
    for name in elements(_name(name_der).content):
        for kind, value in map(_type_and_value, elements(name.expect(SET).content)):
            decode = _DECODERS.get(value.tag)
            if decode is not None and object_identifier(kind) == oid:
                found.append(decode(value.content))
    return found


def _type_and_value(pair: Element) -> tuple[Element, Element]:
    parts = list(elements(pair.expect(SEQUENCE).content))
    if len(parts) != 2:  # noqa: PLR2004 -- a type and a value
        raise InvalidCertificateError("a part of a name must be a type and a value")
    return parts[0], parts[1]


def _pair_text(pair: Element) -> str:
    kind, value = _type_and_value(pair)
    number = object_identifier(kind)
    keyword = _KEYWORDS.get(number, f"OID.{number}")
    decode = _DECODERS.get(value.tag)
    if decode is None:
        return f"{keyword}=#{value.encoded().hex()}"
    return f"{keyword}={_quoted(decode(value.content))}"


def _quoted(value: str) -> str:
    """Quote a value as Java does; what already is in quotes gets no others."""
    if len(value) > 1 and value[0] == value[-1] == '"':
        return f'"{_escaped(value[1:-1])}"'
    has_blanks = value[:1] in (*_BLANK,) or value[-1:] in (*_BLANK,) or "  " in value
    text = _escaped(value)
    return f'"{text}"' if has_blanks or not _QUOTED.isdisjoint(value) else text


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')


def _ascii(data: bytes) -> str:
    return data.decode("ascii", "replace")


def _latin1(data: bytes) -> str:
    return data.decode("latin-1")


def _utf16(data: bytes) -> str:
    """
    Decode UTF-16 as Java does: an unpaired high surrogate takes the next unit with it.

    Source:
        ``sun.nio.cs.UnicodeDecoder``.
    """
    try:
        return data.decode("utf-16-be")
    except UnicodeDecodeError:
        return "".join(_utf16_characters(data))


def _utf16_characters(data: bytes) -> Iterator[str]:
    at = 0
    while at < len(data):
        unit, low = _unit(data, at), _unit(data, at + 2)
        is_high = unit in _HIGH_SURROGATES
        if is_high and low in _LOW_SURROGATES:
            yield chr(0x10000 + ((unit & 0x3FF) << 10 | low & 0x3FF))
        else:
            yield "\ufffd" if unit in _SURROGATES or unit < 0 else chr(unit)
        at += 4 if is_high else 2


def _unit(data: bytes, at: int) -> int:
    """Return a unit of UTF-16, or -1 if less is left."""
    unit = data[at : at + 2]
    return int.from_bytes(unit, "big") if len(unit) == 2 else -1  # noqa: PLR2004 -- its size


def _utf32(data: bytes) -> str:
    """
    Decode UTF-32 as Java does: without a mark of the byte order, without regard to surrogates.

    Source:
        ``sun.nio.cs.UTF_32Coder``.
    """
    data = data.removeprefix(_MARK_OF_UTF32)
    numbers = (int.from_bytes(data[at : at + 4], "big") for at in range(0, len(data), 4))
    whole = len(data) // 4
    return "".join(
        chr(number) if at < whole and number <= 0x10FFFF else "\ufffd"  # noqa: PLR2004
        for at, number in enumerate(numbers)
    )


_DECODERS: Final[dict[int, Callable[[bytes], str]]] = {
    0x0C: decode_utf8,
    0x13: _ascii,
    0x14: _latin1,
    0x16: _ascii,
    0x1B: _ascii,
    0x1C: _utf32,
    0x1E: _utf16,
}


def extract_rdn(name_der: bytes, oid: str) -> str | None:
    """
    Return the value of an attribute of a name: the last occurrence in encoded order.

    The reader is as lenient as that of a node. Classes of tags do not matter. A value that cannot
    be read ends its relative name, and what was found before stays.

    Args:
        name_der: The encoded name, as :func:`canonical_name` returns it.

        oid: The attribute, such as ``2.5.4.3``.

    Returns:
        The value, or None if there is none, or if something else stands where a relative name or
        an attribute must.

    Source:
        ``RdnFieldExtractor``, ``DerParser`` of Elasticsearch 9.1.
    """
    try:
        return _last_value(name_der, oid)
    except (_UnexpectedError, _TooShortError):
        return None


class _TooShortError(Exception):
    """The encoding ends too early, or a value is of a kind that is not read."""


class _UnexpectedError(Exception):
    """An element of another kind stands where one of the kind is needed."""


#: The lower five bits of a tag are its kind; bit 6 says that it holds elements.
_KIND: Final = 0x1F
_HOLDS_ELEMENTS: Final = 0x20
_SEQUENCES: Final = SEQUENCE & _KIND
_SETS: Final = SET & _KIND
_IDENTIFIERS: Final = 0x06


class _LenientReader:
    """The way through the content of one element."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def element(self) -> Element:
        """Return the next element."""
        (tag,) = self._read(1)
        content = self._read(self._length())
        return Element(tag, content)

    def inner(self, kind: int) -> _LenientReader:
        """Return the way through the next element, which must be of a kind."""
        element = self.element()
        if element.tag & _KIND != kind:
            raise _UnexpectedError
        if not element.tag & _HOLDS_ELEMENTS:
            raise _TooShortError
        return _LenientReader(element.content)

    def _length(self) -> int:
        (size,) = self._read(1)
        if size < 0x80:  # noqa: PLR2004 -- the short form
            return size
        if size - 0x80 > 4:  # noqa: PLR2004 -- 32 bits
            raise _TooShortError
        size = int.from_bytes(self._read(size - 0x80), "big")
        if size >= 2**31:
            raise _UnexpectedError
        return size

    def _read(self, size: int) -> bytes:
        """Return the next bytes; even none at all cannot be read at the end."""
        data = self._data[self._at : self._at + size]
        if self._at >= len(self._data) or len(data) < size:
            raise _TooShortError
        self._at += size
        return data


def _last_value(name_der: bytes, oid: str) -> str | None:
    names = _LenientReader(name_der).inner(_SEQUENCES)
    value = None
    while True:
        try:
            pairs = names.inner(_SETS)
        except _TooShortError:
            return value
        try:
            while True:
                pair = pairs.inner(_SEQUENCES)
                kind = _wrapped_identifier(pair.element())
                content = pair.element()
                if kind == oid:
                    value = _lenient_text(content)
        except _TooShortError:
            pass


def _wrapped_identifier(element: Element) -> str:
    """Return an object identifier whose arcs are signed and have 32 bits."""
    if element.tag & _KIND != _IDENTIFIERS:
        raise _TooShortError
    if not element.content:
        raise _UnexpectedError
    first = element.content[0]
    root = 1 if 40 <= first < 80 else 0 if first < 40 or first > 0xD8 else 2  # noqa: PLR2004
    arcs, arc = [root], 0
    for byte in bytes(((first - 40 * root) & 0xFF,)) + element.content[1:]:
        arc = (arc << 7) + (byte & 0x7F) & 0xFFFFFFFF
        if byte < 0x80:  # noqa: PLR2004 -- the last byte of an arc
            arcs.append(arc - (arc >> 31 << 32))
            arc = 0
    return ".".join(map(str, arcs))


def _lenient_text(value: Element) -> str:
    kind = value.tag & _KIND
    if kind == 0x04:  # noqa: PLR2004 -- an octet string
        return value.content.hex()
    decode = _LENIENT_DECODERS.get(kind)
    if decode is None:
        raise _TooShortError
    return decode(value.content)


_LENIENT_DECODERS: Final[dict[int, Callable[[bytes], str]]] = {
    **dict.fromkeys((0x12, 0x13, 0x15, 0x16, 0x19, 0x1A, 0x1B), _latin1),
    0x0C: decode_utf8,
    0x1E: _utf16,
}
