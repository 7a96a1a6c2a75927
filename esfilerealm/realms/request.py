"""What a client sent with a request: the headers, and the certificates of its connection."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from .._ground.values import ReadOnlyDict

__all__ = ["DelegatedBy", "Request"]

#: In a response or a request, only these letters of a header's name have two cases.
_LOWER: Final = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


@dataclass(frozen=True, slots=True)
class DelegatedBy:
    """
    Who vouches for a client that somebody else authenticated, such as a proxy.

    Attributes:
        username: The user that the one who vouches logged in as.
        realm: The realm that authenticated this user.
    """

    username: str
    realm: str


class _Headers(ReadOnlyDict[str, tuple[str, ...]]):
    """The headers of a request; ``repr`` shows their names only."""

    def __repr__(self) -> str:
        return f"<headers {', '.join(self)}>"


@dataclass(frozen=True, slots=True, repr=False)
class Request:
    """
    What a chain of realms reads credentials from.

    ``repr`` shows no value of a header, since it may be a password.

    Args:
        headers: From the name of a header to its value, or to all values if it was sent more than
            once. Upper and lower case of ASCII letters in names make no difference.

        peer_certificates: The certificates that the client presented, each in DER, its own first.

        delegated_by: Who vouches for the certificates; None if they are those of the connection.

    Raises:
        TypeError: If the name or a value of a header is not a string, or a certificate not bytes.
    """

    headers: Mapping[str, str | Iterable[str]] = field(default_factory=dict, hash=False)
    peer_certificates: tuple[bytes, ...] = ()
    delegated_by: DelegatedBy | None = None

    @classmethod
    def from_pairs(
        cls, headers: Iterable[tuple[str, str]], peer_certificates: Iterable[bytes] = ()
    ) -> Request:
        """Return a request of headers as they were sent: a name and a value for each line."""
        values: dict[str, list[str]] = {}
        for name, value in headers:
            values.setdefault(name, []).append(value)
        return cls(values, tuple(peer_certificates))

    def __post_init__(self) -> None:
        headers: dict[str, tuple[str, ...]] = {}
        for name, value in self.headers.items():
            values = _values(name, value)
            key = name.translate(_LOWER)
            headers[key] = headers.get(key, ()) + values
        certificates = tuple(self.peer_certificates)
        if not all(isinstance(certificate, bytes) for certificate in certificates):
            raise TypeError("a certificate must be bytes: its DER encoding")
        object.__setattr__(self, "headers", _Headers(headers))
        object.__setattr__(self, "peer_certificates", certificates)

    def values(self, name: str) -> tuple[str, ...]:
        """Return all values of a header, in the order in which they were sent; none if missing."""
        return tuple(self.headers.get(name.translate(_LOWER), ()))

    def __repr__(self) -> str:
        return f"<Request: {len(self.headers)} headers, {len(self.peer_certificates)} certificates>"


def _values(name: object, value: object) -> tuple[str, ...]:
    if isinstance(name, str) and isinstance(value, str):
        return (value,)
    if isinstance(name, str) and isinstance(value, Iterable) and not isinstance(value, bytes):
        values = tuple(value)
        if all(isinstance(item, str) for item in values):
            return values
    raise TypeError("names and values of headers must be strings: decode their bytes as latin-1")
