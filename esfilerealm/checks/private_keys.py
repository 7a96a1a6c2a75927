"""Private keys in PEM: which public key belongs to one, and whether a passphrase protects it."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ..certificates.der import elements, only_element
from ..errors import InvalidCertificateError
from .parts import Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..certificates.der import Element

__all__ = ["KeyProblemError", "PrivateKey", "read_private_key"]

_BEGIN: Final = re.compile(
    rb"^-----BEGIN ((?:[A-Z]+ )?(?:ENCRYPTED )?PRIVATE KEY)-----[^\n]*\n", re.MULTILINE
)
_SEALED: Final = re.compile(rb"^Proc-Type: *4, *ENCRYPTED", re.MULTILINE)
_ENCRYPTED: Final = b"ENCRYPTED PRIVATE KEY"
_INTEGER: Final = 0x02
_CONSTRUCTED: Final = 0x20
#: As for PKCS#12; a file that asks for more would keep us busy.
_MOST_ROUNDS: Final = 5_000_000
_SCRYPT: Final = bytes.fromhex("06092b06010401da47040b")


class KeyProblemError(Exception):
    """
    A private key that a node cannot load.

    Attributes:
        reason: Why, as the end of a sentence.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """
    What is known of a private key; the key itself is not kept.

    Attributes:
        public_key: The key that belongs to it, encoded as in a certificate.
        is_encrypted: Whether a passphrase protects it.
    """

    public_key: bytes
    is_encrypted: bool


def read_private_key(data: bytes, passphrase: str | None) -> PrivateKey:
    """
    Read a private key in PEM.

    Args:
        data: The file.

        passphrase: Of the key, or None if none is set.

    Raises:
        KeyProblemError: If there is none, or if a node could not decrypt it.
        Unreadable: If it is encrypted in a way that is not supported here.

    Source:
        ``PemUtils`` of Elasticsearch.
    """
    begin = _BEGIN.search(data)
    end = -1 if begin is None else data.find(b"\n-----END %b-----" % begin[1], begin.end() - 1)
    if begin is None or end < 0:
        raise KeyProblemError("it holds no private key in PEM")
    text = data[begin.end() : end]
    is_encrypted = begin[1] == _ENCRYPTED or _SEALED.search(text) is not None
    if is_encrypted and passphrase is None:
        raise KeyProblemError("it is encrypted, and no passphrase is set")
    if begin[1] == _ENCRYPTED:
        _check_cost(text)
    block = b"%b%b\n-----END %b-----\n" % (begin[0], text, begin[1])
    return PrivateKey(_public_key(block, passphrase if is_encrypted else None), is_encrypted)


def _public_key(block: bytes, passphrase: str | None) -> bytes:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        PublicFormat,
        load_pem_private_key,
    )

    secret = None if passphrase is None else passphrase.encode("utf-8", "surrogatepass")
    try:
        key = load_pem_private_key(block, secret).public_key()
        encoded: bytes = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except UnsupportedAlgorithm:
        reason = "its private key is of a kind that is not supported here"
        raise Unreadable(reason) from None
    except (ValueError, TypeError):
        what = "the passphrase is wrong, or " if secret is not None else ""
        raise KeyProblemError(f"{what}the private key in it is damaged") from None
    return encoded


def _check_cost(text: bytes) -> None:
    """Refuse a key whose decryption would take unusually long, or more memory than there is."""
    try:
        der = base64.b64decode(b"".join(text.split()), validate=True)
        algorithm = next(elements(only_element(der, 0x30).content))
        numbers = list(_numbers(algorithm))
    except (binascii.Error, InvalidCertificateError, StopIteration):
        raise KeyProblemError("the private key in it is damaged") from None
    if _SCRYPT in algorithm.content or any(number > _MOST_ROUNDS for number in numbers):
        raise Unreadable("to decrypt its private key costs too much")


def _numbers(element: Element, depth: int = 0) -> Iterator[int]:
    deepest = 8
    if element.tag == _INTEGER:
        yield int.from_bytes(element.content, "big", signed=True)
    elif element.tag & _CONSTRUCTED and depth < deepest:
        for inner in elements(element.content):
            yield from _numbers(inner, depth + 1)
