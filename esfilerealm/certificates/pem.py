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

#: A line that begins a block, with its label unless it is malformed, or one that ends it.
_MARK: Final = re.compile(
    rb"^[ \t]*-----(?:BEGIN (?:([^\r\n]*?)-----[ \t]*\r?$)?|END ([^\r\n]*?)-----)", re.MULTILINE
)
_NO_END: Final = "a block of PEM has no end"
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
    begin: re.Match[bytes] | None = None
    for mark in _MARK.finditer(data):
        if mark[2] is None:
            if begin is not None or mark[1] is None:
                raise InvalidCertificateError(_NO_END)
            begin = mark
        elif begin is not None:
            if begin[1] != mark[2]:
                raise InvalidCertificateError("the labels of a block of PEM differ")
            yield _decoded(data[begin.end() : mark.start()])
            begin = None
    if begin is not None:
        raise InvalidCertificateError(_NO_END)


def _decoded(text: bytes) -> bytes:
    try:
        return base64.b64decode(b"".join(text.split()), validate=True)
    except binascii.Error:
        pass
    raise InvalidCertificateError("a block of PEM is not base64")


def _certificates(der: bytes) -> Iterator[bytes]:
    """Yield the certificate that *der* is, or all that it holds as PKCS#7."""
    first = next(elements(only_element(der, SEQUENCE).content), None)
    if first is None or first.tag != 0x06:  # noqa: PLR2004 -- an object identifier
        yield der
        return
    if object_identifier(first) != _SIGNED_DATA:
        raise InvalidCertificateError("it is neither a certificate nor PKCS#7")
    _, *rest = elements(only_element(der, SEQUENCE).content)
    if len(rest) != 1:
        raise InvalidCertificateError("it is malformed PKCS#7")
    for part in elements(only_element(rest[0].content, SEQUENCE).content):
        if part.tag == _CERTIFICATES:
            yield from (element.encoded() for element in elements(part.content))
