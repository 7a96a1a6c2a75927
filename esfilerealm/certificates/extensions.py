"""The extensions of a certificate: who may do what with it, as a Java runtime reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..errors import InvalidCertificateError
from .der import (
    SEQUENCE,
    Element,
    elements,
    object_identifier,
    only_element,
)
from .names import comparable_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["DIRECTORY", "DNS", "EMAIL", "IP", "URI", "Extensions", "GeneralName", "Subtrees"]

_BOOLEAN: Final = 0x01
_INTEGER: Final = 0x02
_BITS: Final = 0x03
_OCTETS: Final = 0x04
_CONTEXT_0: Final = 0x80
_CONTEXT_1: Final = 0x81
_CONTEXT_2: Final = 0x82
_WRAPPED_0: Final = 0xA0
_KIND: Final = 0x1F

#: Kinds of names.
EMAIL: Final = 1
DNS: Final = 2
DIRECTORY: Final = 4
URI: Final = 6
IP: Final = 7
_TEXTS: Final = (EMAIL, DNS, URI)

_SUBJECT_KEY: Final = "2.5.29.14"
_KEY_USAGE: Final = "2.5.29.15"
_ALTERNATIVE_NAMES: Final = "2.5.29.17"
_BASIC_CONSTRAINTS: Final = "2.5.29.19"
_NAME_CONSTRAINTS: Final = "2.5.29.30"
_POLICIES: Final = "2.5.29.32"
_POLICY_MAPPINGS: Final = "2.5.29.33"
_AUTHORITY_KEY: Final = "2.5.29.35"
_POLICY_CONSTRAINTS: Final = "2.5.29.36"
_PURPOSES: Final = "2.5.29.37"
_ANY_POLICY_LIMIT: Final = "2.5.29.54"
_NETSCAPE_TYPE: Final = "2.16.840.1.113730.1.1"
#: Critical extensions that the checks of a path understand.
_UNDERSTOOD: Final = frozenset(
    (
        _KEY_USAGE,
        _ALTERNATIVE_NAMES,
        _BASIC_CONSTRAINTS,
        _NAME_CONSTRAINTS,
        _POLICIES,
        _POLICY_MAPPINGS,
        _POLICY_CONSTRAINTS,
        _PURPOSES,
        _ANY_POLICY_LIMIT,
    )
)
_UNLIMITED: Final = 2**31
_DIGITAL_SIGNATURE: Final = 0
_SIGNS_CERTIFICATES: Final = 5

#: A kind, and a text in lower case, a comparable name, or bytes.
GeneralName = tuple[int, object]


class Subtrees:
    """
    The names for which an authority may vouch.

    Attributes:
        permitted: If a name is of the kind of one of them, it must be within one.
        excluded: No name may be within one of them.
        has_distances: Whether one of them is limited in a way that Java does not support.
    """

    __slots__ = ("excluded", "has_distances", "permitted")

    def __init__(self, value: Element) -> None:
        self.permitted: list[GeneralName] = []
        self.excluded: list[GeneralName] = []
        self.has_distances = False
        for part in elements(value.expect(SEQUENCE).content):
            found = self.permitted if part.tag == _WRAPPED_0 else self.excluded
            for subtree in elements(part.content):
                base, *distances = elements(subtree.expect(SEQUENCE).content)
                found.append(_general_name(base))
                self.has_distances |= any(
                    each.tag == _CONTEXT_1 or any(each.content) for each in distances
                )


class Extensions:
    """
    What the extensions of a certificate say.

    Attributes:
        path_length: How many authorities may follow it; -1 if it is none, huge if any number.
        key_usage: What its key may be used for, as numbers of bits; None if nothing is said.
        may_sign_data: Whether its key may sign data.
        may_sign_certificates: Whether its key may sign certificates.
        purposes: What it may be used for; None if nothing is said.
        names: Alternative names of its owner; None if it has none.
        subtrees: The names that it may vouch for; None if nothing is said.
        policies: The policies under which it was issued; None if nothing is said.
        mappings: Pairs of policies, of which the second counts for the first one below it.
        has_qualifiers: Whether one of the policies has a condition.
        required_policy: After how many certificates below a policy is required; None if never.
        allowed_mapping: For how many certificates below policies are mapped; None if for all.
        allowed_any: For how many certificates below the policy "any" counts; None if for all.
        key_id: The identifier of its own key, encoded; None if it has none.
        issuer_key_id: The identifier of the issuer's key, likewise.
        issuer_number: The serial number of the issuer's certificate, if it is said.
        is_kept_from_clients: Whether Netscape's old extension names other uses only.
        critical: The numbers of the critical extensions.

    Raises:
        InvalidCertificateError: If one of them is given twice, or is critical and broken. One that
            is broken and not critical counts as missing.

    Source:
        ``CertificateExtensions`` of Java 17 and what it reads.
    """

    def __init__(self, wrapped: Element | None) -> None:
        self.path_length = -1
        self.may_sign_data = self.may_sign_certificates = True
        self.key_usage: tuple[int, ...] | None = None
        self.purposes: frozenset[str] | None = None
        self.names: tuple[GeneralName, ...] | None = None
        self.subtrees: Subtrees | None = None
        self.policies: frozenset[str] | None = None
        self.mappings: tuple[tuple[str, str], ...] = ()
        self.has_qualifiers = False
        self.required_policy: int | None = None
        self.allowed_mapping: int | None = None
        self.allowed_any: int | None = None
        self.key_id: bytes | None = None
        self.issuer_key_id: bytes | None = None
        self.issuer_number: int | None = None
        self.is_kept_from_clients = False
        self.critical: list[str] = []
        seen = set()
        for number, is_critical, value in _entries(wrapped):
            if number in seen:
                raise InvalidCertificateError(f"the extension [{number}] is given twice")
            seen.add(number)
            self._read(number, value, is_critical=is_critical)

    @property
    def not_understood(self) -> list[str]:
        """The critical extensions that the checks of a path do not understand."""
        return [number for number in self.critical if number not in _UNDERSTOOD]

    @property
    def has_critical_qualifiers(self) -> bool:
        """Whether a policy has a condition that has to be understood."""
        return self.has_qualifiers and _POLICIES in self.critical

    def _read(self, number: str, value: bytes, *, is_critical: bool) -> None:
        if is_critical:
            self.critical.append(number)
        read = _READERS.get(number)
        if read is None:
            return
        try:
            read(self, only_element(value, value[0]))
        except (InvalidCertificateError, ValueError, IndexError):
            if not is_critical:
                return
        else:
            return
        raise InvalidCertificateError(f"the critical extension [{number}] is broken")


def _entries(wrapped: Element | None) -> Iterator[tuple[str, bool, bytes]]:
    """Yield the number of each extension, whether it is critical, and its value."""
    if wrapped is None:
        return
    for entry in elements(only_element(wrapped.content, SEQUENCE).content):
        parts = list(elements(entry.expect(SEQUENCE).content))
        is_critical = len(parts) > 2 and any(parts[1].expect(_BOOLEAN).content)  # noqa: PLR2004
        if not parts or parts[-1].tag != _OCTETS:
            raise InvalidCertificateError("an extension has no value")
        yield object_identifier(parts[0]), is_critical, parts[-1].content


def _read_basic_constraints(extensions: Extensions, value: Element) -> None:
    parts = list(elements(value.expect(SEQUENCE).content))
    if parts and any(parts[0].expect(_BOOLEAN).content):
        length = _integer(parts[1]) if len(parts) > 1 else _UNLIMITED
        extensions.path_length = length


def _read_key_usage(extensions: Extensions, value: Element) -> None:
    bits = value.expect(_BITS).content[1:]
    extensions.key_usage = tuple(bit for bit in range(8 * len(bits)) if _has_bit(bits, bit))
    extensions.may_sign_data = _has_bit(bits, _DIGITAL_SIGNATURE)
    extensions.may_sign_certificates = _has_bit(bits, _SIGNS_CERTIFICATES)


def _read_netscape_type(extensions: Extensions, value: Element) -> None:
    extensions.is_kept_from_clients = not _has_bit(value.expect(_BITS).content[1:], 0)


def _read_purposes(extensions: Extensions, value: Element) -> None:
    extensions.purposes = frozenset(map(object_identifier, _inner(value)))


def _read_names(extensions: Extensions, value: Element) -> None:
    extensions.names = tuple(map(_general_name, _inner(value)))


def _read_subtrees(extensions: Extensions, value: Element) -> None:
    extensions.subtrees = Subtrees(value)


def _read_policies(extensions: Extensions, value: Element) -> None:
    parts = [list(_inner(policy)) for policy in _inner(value)]
    extensions.policies = frozenset(object_identifier(part[0]) for part in parts)
    extensions.has_qualifiers = any(
        len(part) > 1 and object_identifier(part[0]) != f"{_POLICIES}.0" for part in parts
    )


def _read_mappings(extensions: Extensions, value: Element) -> None:
    pairs = [tuple(map(object_identifier, _inner(pair))) for pair in _inner(value)]
    extensions.mappings = tuple((issuer, subject) for issuer, subject in pairs)


def _read_policy_constraints(extensions: Extensions, value: Element) -> None:
    for part in _inner(value):
        number = int.from_bytes(part.content, "big")
        if part.tag == _CONTEXT_0:
            extensions.required_policy = number
        elif part.tag == _CONTEXT_1:
            extensions.allowed_mapping = number


def _read_any_policy_limit(extensions: Extensions, value: Element) -> None:
    extensions.allowed_any = _integer(value)


def _read_subject_key(extensions: Extensions, value: Element) -> None:
    extensions.key_id = value.expect(_OCTETS).content


def _read_authority_key(extensions: Extensions, value: Element) -> None:
    for part in _inner(value):
        if part.tag == _CONTEXT_0:
            extensions.issuer_key_id = part.content
        elif part.tag == _CONTEXT_2:
            extensions.issuer_number = int.from_bytes(part.content, "big", signed=True)


_READERS: Final[dict[str, Callable[[Extensions, Element], None]]] = {
    _SUBJECT_KEY: _read_subject_key,
    _KEY_USAGE: _read_key_usage,
    _ALTERNATIVE_NAMES: _read_names,
    _BASIC_CONSTRAINTS: _read_basic_constraints,
    _NAME_CONSTRAINTS: _read_subtrees,
    _POLICIES: _read_policies,
    _POLICY_MAPPINGS: _read_mappings,
    _AUTHORITY_KEY: _read_authority_key,
    _POLICY_CONSTRAINTS: _read_policy_constraints,
    _PURPOSES: _read_purposes,
    _ANY_POLICY_LIMIT: _read_any_policy_limit,
    _NETSCAPE_TYPE: _read_netscape_type,
}


def _general_name(element: Element) -> GeneralName:
    kind = element.tag & _KIND
    if kind in _TEXTS:
        return kind, element.content.decode("ascii", "replace").lower()
    return kind, comparable_name(element.content) if kind == DIRECTORY else element.content


def _inner(value: Element) -> Iterator[Element]:
    return elements(value.expect(SEQUENCE).content)


def _integer(element: Element) -> int:
    return int.from_bytes(element.expect(_INTEGER).content, "big", signed=True)


def _has_bit(bits: bytes, number: int) -> bool:
    return number // 8 < len(bits) and bool(bits[number // 8] << number % 8 & 0x80)
