"""The certificates of a client, from a connection of Python's ``ssl``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable
    from typing import Any

__all__ = ["client_certificates"]


def client_certificates(connection: ssl.SSLSocket | ssl.SSLObject) -> tuple[bytes, ...]:
    """
    Return the certificates of the client of a TLS connection, in DER, its own first.

    They are those with which TLS has verified the client, up to the root that the server trusts.
    Of a session that was resumed, Python knows only the client's own certificate: set
    ``options |= ssl.OP_NO_TICKET`` and ``num_tickets = 0`` in the context of the server if
    its realms need those between.

    Args:
        connection: What ``SSLContext.wrap_socket`` or ``wrap_bio`` returned for the server's side,
            or ``get_extra_info("ssl_object")`` of asyncio, after the handshake.

    Returns:
        The certificates; none if the client sent none, or was not asked for any. A context asks for
        them if its ``verify_mode`` is ``CERT_OPTIONAL`` or ``CERT_REQUIRED``.

    Raises:
        TypeError: If it is no TLS connection.
        ValueError: If it is the client's side, or if the handshake is not done yet.
    """
    own_certificate = getattr(connection, "getpeercert", None)
    if own_certificate is None:
        kind = type(connection).__name__
        raise TypeError(f"an SSLSocket or SSLObject is needed, not [{kind}]")
    if not connection.server_side:
        raise ValueError("this is the client's side of the connection, not the server's")
    leaf: bytes | None = own_certificate(True)  # noqa: FBT003 - SSLObject takes no name
    return () if leaf is None else _verified(connection) or (leaf,)


def _verified(connection: ssl.SSLSocket | ssl.SSLObject) -> tuple[bytes, ...]:
    """Return the certificates from the client's to the root's; none after a resumed session."""
    public: Callable[[], list[bytes]] | None = getattr(connection, "get_verified_chain", None)
    return _by_older_python(connection) if public is None else tuple(public())


def _by_older_python(connection: ssl.SSLSocket | ssl.SSLObject) -> tuple[bytes, ...]:
    """Ask the object inside, where 3.11 and 3.12 have the same; nothing new will come to them."""
    from _ssl import ENCODING_DER

    inside = getattr(connection, "_sslobj", None)
    ask: Callable[[], list[Any] | None] | None = getattr(inside, "get_verified_chain", None)
    return tuple(one.public_bytes(ENCODING_DER) for one in (ask and ask()) or ())
