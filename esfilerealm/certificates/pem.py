"""Files with certificates: PEM, DER or PKCS#7."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from .._ground.java import decode_base64
from .._ground.showing import shown
from ..errors import InvalidCertificateError, InvalidTrustStoreError
from .der import OBJECT_IDENTIFIER, SEQUENCE, element_at, elements, object_identifier, only_element

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["read_certificates", "read_client_certificates"]

#: The hyphens of a header, which begin a line.
_HYPHENS: Final = re.compile(rb"[\r\n]-----")
_HEADER: Final = re.compile(rb"([^\r\n]*)(\r?\n|\r)")
_NEW_LINE: Final = re.compile(rb"\n")
_ANY_LINE_END: Final = re.compile(rb"[\r\n]")
_LABEL: Final = re.compile(rb"BEGIN (.*)-----\s*", re.DOTALL)
_END: Final = re.compile(rb"-----END (.*)-----\s*", re.DOTALL)
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
#: Of blocks with certificates.
_LABELS: Final = (b"CERTIFICATE", b"X509 CERTIFICATE", b"PKCS7", b"CMS")
_SIGNED_DATA: Final = "1.2.840.113549.1.7.2"
_CERTIFICATES: Final = 0xA0


def read_certificates(data: bytes) -> list[bytes]:
    """
    Return the certificates of a file, in DER, in the order of the file.

    Text between the blocks of PEM is allowed, and a label may say anything. If the file begins with
    PKCS#7, that is all which counts.

    Raises:
        InvalidTrustStoreError: If there is none, or if one of them is broken: a node then takes
            none of the file.

    Source:
        ``sun.security.provider.X509Factory`` of Java 17, which refuses blanks and a byte order mark
        before a block.
    """
    try:
        found = _read(data)
    except InvalidCertificateError as error:
        reason = f"it holds something else than certificates, or a broken one: {error.rule}"
    else:
        if found:
            return found
        reason = "it holds no certificate"
    raise InvalidTrustStoreError(reason, "damaged" if data else "empty")


def _read(data: bytes) -> list[bytes]:
    blocks = (block.decoded() for block in _blocks(data))
    for first in blocks:
        found = _of_pkcs7(first)
        return [first, *blocks] if found is None else found
    return []


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
        text = b"".join(self._content.split()).decode("latin-1")
        content = decode_base64(text)
        if content is None:
            raise InvalidCertificateError("a block of PEM is not base64")
        return content


def _blocks(data: bytes) -> Iterator[_Block]:
    at = 0
    while at < len(data):
        if data[at] == SEQUENCE:
            _, end = element_at(data, at)
            yield _Block(data[at:end])
            at = end
            continue
        if not data.startswith(b"-----", at):
            hyphens = _HYPHENS.search(data, at)
            if hyphens is None:
                return
            at = hyphens.start() + 1
        block, at = _block(data, at + len(b"-----"))
        yield block


def _block(data: bytes, at: int) -> tuple[_Block, int]:
    """Return the block whose header goes on at an offset, and the offset behind its last line."""
    header = _HEADER.match(data, at)
    hyphen = data.find(b"-", header.end()) if header else -1
    if header is None or hyphen < 0:
        raise InvalidCertificateError("a block of PEM has no end")
    line_end = (_NEW_LINE if header[2].endswith(b"\n") else _ANY_LINE_END).search(data, hyphen)
    end = line_end.start() if line_end else len(data)
    begin_label = _LABEL.fullmatch(header[1])
    end_label = _END.fullmatch(data[hyphen:end].replace(b"\r", b""))
    if begin_label is None or end_label is None or begin_label[1] != end_label[1]:
        raise InvalidCertificateError("the first or last line of a block of PEM is malformed")
    return _Block(data[header.end() : hyphen], begin_label[1]), end + 1


def _certificates(der: bytes) -> list[bytes]:
    """Return the certificate that *der* is, or all that it holds as PKCS#7."""
    found = _of_pkcs7(der)
    return [der] if found is None else found


def _of_pkcs7(der: bytes) -> list[bytes] | None:
    """Return the certificates of PKCS#7; None if it is something else, such as a certificate."""
    first, *rest = elements(only_element(der, SEQUENCE).content)
    if first.tag != OBJECT_IDENTIFIER:
        return None
    if object_identifier(first) != _SIGNED_DATA:
        raise InvalidCertificateError("it is neither a certificate nor PKCS#7")
    if len(rest) != 1:
        raise InvalidCertificateError("it is malformed PKCS#7")
    return [
        element.encoded()
        for part in elements(only_element(rest[0].content, SEQUENCE).content)
        if part.tag == _CERTIFICATES
        for element in elements(part.content)
    ]
