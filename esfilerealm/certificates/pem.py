"""Files with certificates: PEM, DER or PKCS#7."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Final

from ..errors import InvalidCertificateError, InvalidTrustStoreError
from .der import SEQUENCE, elements, object_identifier, only_element

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["read_certificates"]

_BLOCK: Final = re.compile(
    rb"^[ \t]*-----BEGIN ([^\r\n]*?)-----[ \t]*\r?$(.*?)^[ \t]*-----END ([^\r\n]*?)-----",
    re.MULTILINE | re.DOTALL,
)
_BEGIN: Final = re.compile(rb"^[ \t]*-----BEGIN ", re.MULTILINE)
_SIGNED_DATA: Final = "1.2.840.113549.1.7.2"
_CERTIFICATES: Final = 0xA0


def read_certificates(data: bytes) -> list[bytes]:
    """
    Return the certificates of a file, in DER, in the order of the file.

    Text between the blocks of PEM is allowed, and a label may say anything.

    Raises:
        InvalidTrustStoreError: If there is none, or if one of them is broken: a node then takes
            none of the file.

    Source:
        ``sun.security.provider.X509Factory`` of Java 25.
    """
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        found = [der for block in _blocks(data) for der in _certificates(block)]
    except InvalidCertificateError as error:
        reason = f"it holds something else than certificates, or a broken one: {error.rule}"
    else:
        if found:
            return found
        reason = "it holds no certificate"
    raise InvalidTrustStoreError(reason, "damaged" if data else "empty")


def _blocks(data: bytes) -> Iterator[bytes]:
    if data[:1] == bytes((SEQUENCE,)):
        yield data
        return
    blocks = list(_BLOCK.finditer(data))
    if len(blocks) < len(_BEGIN.findall(data)):
        raise InvalidCertificateError("a block of PEM has no end")
    for block in blocks:
        if block[1] != block[3]:
            raise InvalidCertificateError("the labels of a block of PEM differ")
        try:
            yield base64.b64decode(b"".join(block[2].split()), validate=True)
        except binascii.Error:
            raise InvalidCertificateError("a block of PEM is not base64") from None


def _certificates(der: bytes) -> Iterator[bytes]:
    """Yield the certificate that *der* is, or all that it holds as PKCS#7."""
    first = next(elements(only_element(der, SEQUENCE).content), None)
    if first is None or first.tag != 0x06:  # noqa: PLR2004 -- an object identifier
        yield der
        return
    if object_identifier(first) != _SIGNED_DATA:
        raise InvalidCertificateError("it is neither a certificate nor PKCS#7")
    _, wrapped = elements(only_element(der, SEQUENCE).content)
    for part in elements(only_element(wrapped.content, SEQUENCE).content):
        if part.tag == _CERTIFICATES:
            yield from (element.encoded() for element in elements(part.content))
