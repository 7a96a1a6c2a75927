"""Headers by which a proxy that ends TLS hands on the certificates of its clients."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import unquote_to_bytes

from .._ground.java import decode_base64
from .._ground.showing import shown
from ..certificates.der import SEQUENCE, only_element
from ..certificates.pem import read_client_certificates
from ..errors import InvalidCertificateError, InvalidProxyHeaderError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["HeaderFormat", "names_of_headers", "read_headers"]

HeaderFormat = Literal["url-encoded-pem", "xfcc", "rfc9440"]

_LONGEST: Final = 64 * 1024
"""Of a value, in characters; few servers take longer headers."""
_MOST: Final = 10
"""Certificates of a client, as for the TLS of Java."""

#: What an encoder of URLs leaves as it is, beside what it encodes.
_URL_ENCODED: Final = re.compile(r"(?:[A-Za-z0-9._~+/=:@!$&'()*-]|%[0-9A-Fa-f]{2})*")
_BYTES: Final = re.compile(r":([A-Za-z0-9+/]*={0,2}):")
_COMMA: Final = re.compile(r"[ \t]*,[ \t]*")
#: A key and its value, which stands in quotes if a reader could take it for something else.
_PAIR: Final = re.compile(r'([A-Za-z]+)=("(?:[^"\\]|\\.)*"|[^",;]*)(;?)')
_ESCAPED: Final = re.compile(r"\\(.)")
#: They must not be there twice: who reads the first would let in somebody else.
_ONCE: Final = ("cert", "chain", "hash")


def names_of_headers(name: str, kind: HeaderFormat) -> tuple[str, ...]:
    """Return the headers of a format, of which the first has the certificate of the client."""
    return (name, f"{name}-Chain") if kind == "rfc9440" else (name,)


def read_headers(values: Mapping[str, Sequence[str]], kind: HeaderFormat) -> tuple[bytes, ...]:
    """
    Return the certificates of a client, in DER, its own first; none if there is none.

    Args:
        values: By the name of each header of the format, all values that it was sent with.

        kind: The format.

    Raises:
        InvalidProxyHeaderError: If a header was sent more than once or cannot be read.
    """
    read: Callable[..., Sequence[bytes]] = _READERS[kind]
    name = next(iter(values))
    try:
        chain = tuple(read(*(_single(name, sent) for name, sent in values.items())))
        for der in chain:
            only_element(der, SEQUENCE)
    except InvalidCertificateError as error:
        raise InvalidProxyHeaderError(name, error.rule) from None
    if len(chain) > _MOST:
        raise InvalidProxyHeaderError(name, f"it holds more than [{_MOST}] certificates")
    return chain


def _single(name: str, sent: Sequence[str]) -> str:
    """Return the value of a header; a proxy leaves out what it has no value for."""
    if len(sent) > 1:
        rule = "sent more than once: the proxy must replace what its client sends"
        raise InvalidProxyHeaderError(name, rule)
    value = sent[0].strip(" \t") if sent else ""
    if len(value) > _LONGEST:
        raise InvalidProxyHeaderError(name, f"it has more than [{_LONGEST}] characters")
    return value


def _url_encoded(value: str) -> list[bytes]:
    if not value:
        return []
    if not _URL_ENCODED.fullmatch(value):
        raise InvalidCertificateError("it is not PEM in URL encoding")
    return read_client_certificates(unquote_to_bytes(value))


def _forwarded(value: str) -> list[bytes]:
    """
    Read ``X-Forwarded-Client-Cert``, of one client.

    Source:
        The documentation of Envoy, "HTTP header manipulation".
    """
    if not value:
        return []
    pairs = _pairs(value)
    chain = _url_encoded(pairs.get("chain", ""))
    own = _url_encoded(pairs.get("cert", "")) or chain[:1]
    if not own:
        raise InvalidCertificateError(
            "it has neither [Cert] nor [Chain]: let the proxy set one of them"
        )
    chain = chain or own
    digest = hashlib.sha256(own[0]).hexdigest()
    if own != chain[:1] or pairs.get("hash", digest).lower() != digest:
        raise InvalidCertificateError("[Cert], [Chain] and [Hash] are not of the same client")
    return chain


def _pairs(value: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    at = 0
    while at < len(value):
        pair = _PAIR.match(value, at)
        if pair is None or (not pair[3] and pair.end() < len(value)):
            raise _malformed(value, at if pair is None else pair.end())
        key, at = pair[1].lower(), pair.end()
        if key in _ONCE and key in pairs:
            raise InvalidCertificateError(f"it has [{shown(pair[1])}] more than once")
        text = pair[2]
        pairs[key] = _ESCAPED.sub(r"\1", text[1:-1]) if text.startswith('"') else text
    return pairs


def _malformed(value: str, at: int) -> InvalidCertificateError:
    if value.startswith(",", at):
        return InvalidCertificateError(
            "it names more than one client: the proxy must replace what its client sends"
        )
    return InvalidCertificateError(f"no pair of key and value at character [{at + 1}]")


def _byte_sequences(value: str, issuers: str) -> list[bytes]:
    """
    Read ``Client-Cert`` and ``Client-Cert-Chain``.

    Source:
        RFC 9440, sections 2.2 and 2.3; RFC 8941, section 4.2.7.
    """
    if not value:
        if issuers:
            raise InvalidCertificateError("there are issuers, but no certificate of the client")
        return []
    return [_byte_sequence(one) for one in (value, *(_COMMA.split(issuers) if issuers else ()))]


def _byte_sequence(value: str) -> bytes:
    found = _BYTES.fullmatch(value)
    der = decode_base64(found[1]) if found else None
    if not der:
        raise InvalidCertificateError("a certificate is not base64 between two colons")
    return der


_READERS: Final[dict[HeaderFormat, Callable[..., Sequence[bytes]]]] = {
    "url-encoded-pem": _url_encoded,
    "xfcc": _forwarded,
    "rfc9440": _byte_sequences,
}
