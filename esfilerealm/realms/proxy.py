"""A proxy that ends TLS in front of a program, and vouches for the certificates of its clients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .._ground.logs import get_logger
from .._ground.showing import shown
from .proxy_headers import HeaderFormat, names_of_headers, read_headers
from .request import DelegatedBy, Request

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

__all__ = ["TrustedProxy"]

_LOG: Final = get_logger(__name__)
_FORMATS: Final = ("url-encoded-pem", "xfcc", "rfc9440")
_UNIX: Final = "unix:"
#: Before the four bytes of an IPv4 address that is written as IPv6.
_MAPPED_BITS: Final = 96
_PROXY: Final = DelegatedBy("proxy", "_proxy")


class TrustedProxy:
    """
    A proxy whose header says which certificates a client has. No other peer can set them.

    Args:
        addresses: The addresses of the proxy, as the program sees them: such as ``10.0.0.7``,
            ``10.0.0.0/28`` or ``fd00::/120``; ``unix:`` for a Unix socket.

        header: The header that the proxy sets. It must replace what the client sends under this
            name.

        format: How the header is written. ``url-encoded-pem``: certificates in PEM with URL
            encoding, as ``$ssl_client_escaped_cert`` of nginx. ``xfcc``: what Envoy sends as
            ``X-Forwarded-Client-Cert``, with ``Cert`` or ``Chain`` of one client. ``rfc9440``:
            ``Client-Cert`` of RFC 9440, and beside it the header of the same name with ``-Chain``.

        delegated_by: As whom the proxy vouches for its clients. The realm must permit delegation
            and trust the certificates itself. None only if the proxy refuses clients that it cannot
            verify: their certificates then count as if they had been presented to this program.

    Raises:
        ValueError: If an address, the name of the header or the format is not valid, or if a
            network includes everybody.
    """

    def __init__(
        self,
        addresses: Iterable[str],
        *,
        header: str,
        format: HeaderFormat,
        delegated_by: DelegatedBy | None = _PROXY,
    ) -> None:
        if isinstance(addresses, str):
            raise TypeError("several addresses are expected: put one into a list")
        if format not in _FORMATS:
            raise ValueError(f"[{shown(format)}] is not one of [{', '.join(_FORMATS)}]")
        if not (header.isascii() and header.replace("-", "").replace("_", "").isalnum()):
            raise ValueError(f"[{shown(header)}] is not the name of a header")
        given = tuple(addresses)
        self._is_unix = _UNIX in given
        self._networks = tuple(_network(each) for each in given if each != _UNIX)
        if not given:
            raise ValueError("at least one address is needed: whom may the program trust?")
        self._format: HeaderFormat = format
        self._names = names_of_headers(header, format)
        self._delegated_by = delegated_by

    def __repr__(self) -> str:
        peers = [*map(str, self._networks), *([_UNIX] if self._is_unix else [])]
        return f"<TrustedProxy {', '.join(peers)}: {self._names[0]}>"

    def request(
        self,
        headers: Mapping[str, str | Iterable[str]],
        peer_address: str | None,
        *,
        peer_certificates: tuple[bytes, ...] = (),
    ) -> Request:
        """
        Return what a client sent by way of the proxy, or directly.

        From a peer that is not the proxy, the header is ignored and left out, and the log says so.

        Args:
            headers: As for ``Request``.

            peer_address: The address of the other end of the connection. It must come from the
                connection itself, not from a header. None or an empty text for a Unix socket.

            peer_certificates: What the peer presented in TLS to this program. It counts unless the
                peer is the proxy, which presents its own.

        Raises:
            InvalidProxyHeaderError: If the proxy sent the header more than once, or if it cannot be
                read. Answer with its ``status``.
            ValueError: If the address is not one.
        """
        all_of_it = Request(headers)
        own = {name: all_of_it.values(name) for name in self._names}
        others = {
            name: value
            for name, value in all_of_it.headers.items()
            if name not in {own_name.lower() for own_name in own}
        }
        if self.trusts(peer_address):
            return Request(others, read_headers(own, self._format), self._delegated_by)
        for name in (name for name, values in own.items() if values):
            _LOG.warning(
                "header [%s] from [%s], which is no trusted proxy, is ignored", name, peer_address
            )
        return Request(others, peer_certificates)

    def trusts(self, peer_address: str | None) -> bool:
        """
        Check whether the other end of a connection is the proxy.

        Raises:
            ValueError: If the address is not one.
        """
        if not peer_address or peer_address == _UNIX:
            return self._is_unix
        address = _address(peer_address)
        return any(address in network for network in self._networks)


def _network(text: str) -> IPv4Network | IPv6Network:
    """Return a network; one of IPv4 addresses that are written as IPv6 is one of IPv4."""
    from ipaddress import ip_network

    try:
        network = ip_network(text)
        mapped = getattr(network.network_address, "ipv4_mapped", None)
        if mapped is not None:
            network = ip_network((mapped, network.prefixlen - _MAPPED_BITS))
    except ValueError as error:
        raise ValueError(f"invalid address of a proxy [{shown(text)}]: {error}") from None
    if network.prefixlen == 0:
        raise ValueError(f"[{shown(text)}] includes everybody: name the addresses of the proxy")
    return network


def _address(text: str) -> IPv4Address | IPv6Address:
    """Return an address; an IPv4 address that is written as IPv6 is one of IPv4."""
    from ipaddress import ip_address

    try:
        address = ip_address(text)
    except ValueError:
        raise ValueError(f"invalid address of a peer [{shown(text)}]") from None
    return getattr(address, "ipv4_mapped", None) or address
