"""Files with certificates: PEM, DER or PKCS#7."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Final

from .._ground.showing import shown
from ..errors import InvalidCertificateError, InvalidTrustStoreError
from .der import SEQUENCE, elements, object_identifier, only_element

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["read_certificates", "read_client_certificates"]

#: A line that begins a block, with its label unless it is malformed, or one that ends it.
_MARK: Final = re.compile(
    rb"^[ \t]*-----(?:BEGIN (?:([^\r\n]*?)-----[ \t]*\r?$)?|END ([^\r\n]*?)-----)", re.MULTILINE
)
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
#: Of blocks with certificates.
_LABELS: Final = (b"CERTIFICATE", b"X509 CERTIFICATE", b"PKCS7", b"CMS")
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
    data = data.removeprefix(_BYTE_ORDER_MARK)
    try:
        found = [der for block in _blocks(data) for der in _certificates(block.decoded())]
    except InvalidCertificateError as error:
        reason = f"it holds something else than certificates, or a broken one: {error.rule}"
    else:
        if found:
            return found
        reason = "it holds no certificate"
    raise InvalidTrustStoreError(reason, "damaged" if data else "empty")


def read_client_certificates(data: bytes) -> list[bytes]:
    """
    Return the certificates of a client's file, in DER: private keys beside them are left alone.

    Raises:
        InvalidCertificateError: If there is none, or if one of them is broken.
    """
    blocks = list(_blocks(data.removeprefix(_BYTE_ORDER_MARK)))
    own = (block for block in blocks if block.label is None or block.label in _LABELS)
    found = [der for block in own for der in _certificates(block.decoded())]
    if found:
        return found
    others = dict.fromkeys(block.label for block in blocks if block.label)
    names = ", ".join(f"[{shown(label.decode('ascii', 'replace'))}]" for label in [*others][:3])
    raise InvalidCertificateError(f"it holds no certificate{names and ', but '}{names}")


class _Block:
    """
    A block of PEM, or all of a file in DER.

    Attributes:
        label: Its label; None for DER.
    """

    def __init__(self, content: bytes, label: bytes | None = None) -> None:
        self.label = label
        self._content = content

    def decoded(self) -> bytes:
        """Return what is in it, in DER."""
        if self.label is None:
            return self._content
        try:
            return base64.b64decode(b"".join(self._content.split()), validate=True)
        except binascii.Error:
            pass
        raise InvalidCertificateError("a block of PEM is not base64")


def _blocks(data: bytes) -> Iterator[_Block]:
    if data[:1] == bytes((SEQUENCE,)):
        yield _Block(data)
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
            yield _Block(data[begin.end() : mark.start()], begin[1])
            begin = None
    if begin is not None:
        raise InvalidCertificateError(_NO_END)


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
