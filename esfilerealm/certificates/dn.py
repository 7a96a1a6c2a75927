"""Distinguished names as text: parse, compare, normalise."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NoReturn

from .._ground.java import decode_utf8, lower_case
from ..errors import InvalidDistinguishedNameError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["DistinguishedName"]

#: An attribute type and its value.
_Pair = tuple[str, str]

_SEPARATORS: Final = ",;"
_HEX: Final = frozenset("0123456789abcdefABCDEF")
_BLANKS: Final = re.compile(" {2,}")
#: A byte of UTF-8 after a backslash, and all that follow it directly.
_ESCAPED_BYTES: Final = re.compile(r"(?:\\[0-9a-fA-F]{2})+")
_ESCAPED_SIGNS: Final = frozenset('\\="+,;<>')
_PRINTABLE: Final = re.compile("[ -~]*")


class DistinguishedName:
    """
    A distinguished name. Names are equal if their normal forms are.

    Attributes:
        text: The text that was parsed.
        rdns: The normal form of each relative name, the most specific first.
        normalized: The normal form: lower case, single blanks, ``,`` between relative names, the
            parts of a relative name sorted.
        first_rdn: The first relative name as it is written; empty for the empty name.

    Source:
        ``DN`` and ``RDN`` of the LDAP SDK 6.0 that Elasticsearch contains, without a schema: names
        of attributes are compared as text, so ``2.5.4.3`` is not ``cn``.
    """

    __slots__ = ("first_rdn", "normalized", "rdns", "text")

    def __init__(self, text: str, rdns: tuple[str, ...], first_rdn: str = "") -> None:
        self.text = text
        self.first_rdn = first_rdn
        self.rdns = rdns
        self.normalized = ",".join(rdns)

    @classmethod
    def parse(cls, text: str) -> DistinguishedName:
        """
        Parse a name; a text of blanks is the empty name.

        Raises:
            InvalidDistinguishedNameError: If a node would not take it as a name.
        """
        reader = _Reader(text)
        rdns = tuple(_normal_rdn(pairs) for pairs in reader.rdns())
        return cls(text, rdns, reader.first_rdn)

    def is_below(self, other: DistinguishedName) -> bool:
        """Check whether this name is a proper descendant of *other*."""
        depth = len(self.rdns) - len(other.rdns)
        return depth > 0 and self.rdns[depth:] == other.rdns

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, DistinguishedName):
            return NotImplemented
        return self.rdns == other.rdns

    def __hash__(self) -> int:
        return hash(self.rdns)

    def __repr__(self) -> str:
        return f"DistinguishedName.parse({self.text!r})"

    def __reduce__(self) -> tuple[type[DistinguishedName], tuple[str, tuple[str, ...], str]]:
        return type(self), (self.text, self.rdns, self.first_rdn)


class _Reader:
    """
    The way through one text. Only U+0020 is a blank.

    Attributes:
        first_rdn: The first relative name as it is written, if it has been read.
    """

    def __init__(self, text: str) -> None:
        self.first_rdn = ""
        self._text = text
        self._at = 0

    def rdns(self) -> Iterator[list[_Pair]]:
        """Yield the parts of each relative name."""
        self._skip_blanks()
        start = self._at
        while self._at < len(self._text):
            pairs = [self._pair()]
            while self._peek() == "+":
                self._at += 1
                pairs.append(self._pair())
            self.first_rdn = self.first_rdn or self._text[start : self._at]
            yield pairs
            if self._peek():  # a separator
                self._at += 1
                self._skip_blanks()
                if not self._peek():
                    self._refuse("a relative name is missing after the last separator")

    def _pair(self) -> _Pair:
        self._skip_blanks()
        name = self._name()
        self._skip_blanks()
        if self._peek() != "=":
            self._refuse(f"[=] is missing after [{name}]")
        self._at += 1
        self._skip_blanks()
        if self._peek() == "#":
            value = self._encoded_value()
        elif self._peek() == '"':
            value = self._quoted_value()
        else:
            value = self._value()
        self._skip_blanks()
        if self._peek() not in ("", "+", ",", ";"):
            self._refuse(f"text at character {self._at + 1}, after the end of a value")
        return name, value

    def _name(self) -> str:
        start = self._at
        while self._peek() not in ("", " ", "="):
            if self._peek() in _SEPARATORS:
                self._refuse(f"a separator at character {self._at + 1}, where [=] is missing")
            self._at += 1
        if start == self._at:
            self._refuse(f"the name of an attribute is missing at character {start + 1}")
        return self._text[start : self._at]

    def _value(self) -> str:
        parts: list[str] = []
        while (sign := self._peek()) not in ("", "+", ",", ";"):
            if sign == '"':
                self._refuse(f"a quote within a value, at character {self._at + 1}")
            parts.append(self._sign(sign))
        return "".join(parts)

    def _quoted_value(self) -> str:
        start = self._at
        self._at += 1
        parts: list[str] = []
        while (sign := self._peek()) != '"':
            if not sign:
                self._refuse(f"the quote at character {start + 1} is not closed")
            parts.append(self._sign(sign))
        self._at += 1
        return "".join(parts)

    def _sign(self, sign: str) -> str:
        """Return the text of one sign of a value, or of an escape."""
        if sign != "\\":
            self._at += 1
            return sign
        if match := _ESCAPED_BYTES.match(self._text, self._at):
            self._at = match.end()
            return decode_utf8(bytes.fromhex(match[0].replace("\\", "")))
        escaped = self._text[self._at + 1 : self._at + 2]
        if not escaped or escaped in _HEX:
            self._refuse(f"an incomplete escape at character {self._at + 1}")
        self._at += 2
        return escaped

    def _encoded_value(self) -> str:
        """Return the content of a BER element, whatever its tag."""
        start = self._at = self._at + 1
        while self._peek() not in ("", " ", "+", ",", ";"):
            self._at += 1
        digits = self._text[start : self._at]
        content = None
        if len(digits) % 2 == 0 and _HEX.issuperset(digits):
            content = _ber_content(bytes.fromhex(digits))
        if content is None:
            self._refuse(f"[#] at character {start} is not the hex of one BER element")
        return decode_utf8(content)

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _skip_blanks(self) -> None:
        while self._peek() == " ":
            self._at += 1

    def _refuse(self, rule: str) -> NoReturn:
        raise InvalidDistinguishedNameError(self._text, rule)


def _ber_content(element: bytes) -> bytes | None:
    """Return what is in the one element that *element* must be, or None."""
    if len(element) < 2:  # noqa: PLR2004 -- tag and length
        return None
    size, start = element[1], 2
    if size > 0x7F:  # noqa: PLR2004 -- the length of the length
        start += size & 0x7F
        size = int.from_bytes(element[2:start], "big")
    content = element[start:]
    return content if len(element) >= start and len(content) == size else None


def _normal_rdn(pairs: list[_Pair]) -> str:
    parts = {(name.lower(), _normal_value(value)) for name, value in pairs}
    ordered = sorted(parts)
    return "+".join(f"{name}={_escaped(value)}" for name, value in ordered)


def _normal_value(value: str) -> str:
    """Return a value that can be compared; one of blanks only is one blank and not empty."""
    value = value.encode("utf-8", "replace").decode("utf-8")  # as Java encodes half a character
    bare = value.strip(" ")
    return lower_case(_BLANKS.sub(" ", bare)) if bare else value[:1]


def _escaped(value: str) -> str:
    last = len(value) - 1
    return "".join(
        f"\\{sign}"
        if sign in _ESCAPED_SIGNS or (sign == " " and i in (0, last)) or (sign == "#" and i == 0)
        else sign
        if " " <= sign <= "~"
        else "".join(f"\\{byte:02x}" for byte in sign.encode("utf-8", "replace"))
        for i, sign in enumerate(value)
    )
