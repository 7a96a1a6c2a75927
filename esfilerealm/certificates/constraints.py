"""Name constraints: whom an authority may vouch for."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Final

from .extensions import DIRECTORY, DNS, EMAIL, IP, URI
from .names import attribute_values

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .extensions import GeneralName
    from .facts import Facts

__all__ = ["breaks_constraints"]

_EMAIL_ADDRESS: Final = "1.2.840.113549.1.9.1"
_COMMON_NAME: Final = "2.5.4.3"
_LABEL: Final = "[a-zA-Z0-9][a-zA-Z0-9-]*"
#: A common name that Java takes for the name of a host.
_HOST: Final = re.compile(rf"{_LABEL}(?:[.]{_LABEL})*\Z")
#: With the terminator.
_LONGEST_ADDRESS: Final = 16
_NUMBER: Final = re.compile("[0-9]+")


def breaks_constraints(facts: Facts, authority: Facts) -> bool:
    """
    Check whether a certificate has a name for which *authority* may not vouch.

    Source:
        RFC 5280, section 4.2.1.10; ``NameConstraintsExtension.verify``.
    """
    subtrees = authority.extensions.subtrees
    if subtrees is None:
        return False
    try:
        return subtrees.has_distances or not all(
            _is_allowed(name, subtrees.permitted, subtrees.excluded) for name in _names(facts)
        )
    except _IncomparableError:
        return True


class _IncomparableError(Exception):
    """A name that Java fails to compare with a constraint of its kind."""


def _is_allowed(
    name: GeneralName, permitted: list[GeneralName], excluded: list[GeneralName]
) -> bool:
    if any(_is_within(name, subtree) for subtree in excluded):
        return False
    alike = [subtree for subtree in permitted if subtree[0] == name[0]]
    return not alike or any(_is_within(name, subtree) for subtree in alike)


def _names(facts: Facts) -> Iterator[GeneralName]:
    """Yield the names of a certificate: its subject, and the alternative ones."""
    if facts.subject:
        yield DIRECTORY, facts.subject
    names = facts.extensions.names
    if names is None:
        addresses = attribute_values(facts.subject_der, _EMAIL_ADDRESS)
        names = tuple((EMAIL, address.lower()) for address in addresses if address)
    yield from names
    for common_name in attribute_values(facts.subject_der, _COMMON_NAME)[-1:]:
        host = _host_name(common_name)
        if host is not None and all(kind != host[0] for kind, _ in names):
            yield host


def _host_name(text: str) -> GeneralName | None:
    """Return the address or name of a host that a common name is."""
    address = _address(text)
    if address is not None:
        return None if text.isdecimal() else (IP, address)
    return (DNS, text.lower()) if _HOST.match(text) else None


def _address(text: str) -> bytes | None:
    """Return an address; as in Java, the last number of a short one fills the rest: ``10.1``."""
    numbers = text.split(".")
    if len(text) < _LONGEST_ADDRESS and all(map(_NUMBER.fullmatch, numbers)):
        *first, last = map(int, numbers)
        if len(first) < 4 and all(number < 256 for number in first):  # noqa: PLR2004
            room = 4 - len(first)
            is_whole = last < 256**room
            return bytes(first) + last.to_bytes(room, "big") if is_whole else None
    try:
        return ipaddress.IPv6Address(text).packed
    except ValueError:
        return None


def _is_within(name: GeneralName, subtree: GeneralName) -> bool:
    kind, own = name
    if kind != subtree[0]:
        return False
    return _COMPARISONS.get(kind, _is_same)(own, subtree[1])


def _is_same(own: object, above: object) -> bool:
    """Compare names of a kind of which Java knows no wider and narrower ones."""
    if own != above:
        raise _IncomparableError
    return True


def _is_directory_within(own: tuple[object, ...], above: tuple[object, ...]) -> bool:
    return own[: len(above)] == above


def _is_address_within(own: bytes, above: bytes) -> bool:
    network, mask = above[: len(own)], above[len(own) :]
    return len(mask) == len(own) and all(
        byte & bits == base for byte, bits, base in zip(own, mask, network, strict=True)
    )


def _is_host_within(own: str, above: str) -> bool:
    if own == above:
        return True
    if not above:
        raise _IncomparableError
    before = own[: len(own) - len(above)]
    return own.endswith(above) and before.endswith(".") != above.startswith(".")


def _is_email_within(own: str, above: str) -> bool:
    if "@" in above or own == above:
        return own == above
    return own.endswith(above if above.startswith(".") else f"@{above}")


def _is_uri_within(own: str, above: str) -> bool:
    host = own.partition("//")[2].partition("/")[0].rpartition("@")[2].partition(":")[0]
    if not host:
        raise _IncomparableError
    return host.endswith(above) if above.startswith(".") else host == above


_COMPARISONS: Final[dict[int, Callable[..., bool]]] = {
    EMAIL: _is_email_within,
    DNS: _is_host_within,
    DIRECTORY: _is_directory_within,
    URI: _is_uri_within,
    IP: _is_address_within,
}
