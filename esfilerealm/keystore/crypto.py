"""The key of a keystore, and AES-GCM as Java runs it. Needs the extra ``keystore``."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from .._ground.ahead import password_bytes
from .ghash import equivalent_iv

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    from .versions import Format

__all__ = ["decrypt", "encrypt"]

_TAG_SIZE: Final = 16

#: The lengths of an initialization vector that ``cryptography`` takes.
_IV_SIZES: Final = range(8, 129)


def decrypt(form: Format, password: str, salt: bytes, iv: bytes, ciphertext: bytes) -> bytes | None:
    """
    Decrypt the content; return None if the password is wrong or the content was altered.

    Args:
        form: The format of the keystore.

        password: Its password; empty if it has none.

        salt: Not empty.

        iv: The initialization vector, not empty.

        ciphertext: The encrypted content with its tag.

    Raises:
        MissingExtraError: If ``cryptography`` is not installed.
    """
    from cryptography.exceptions import InvalidTag

    if len(ciphertext) < _TAG_SIZE:
        return None
    key = _key(form, password, salt)
    if len(iv) not in _IV_SIZES:
        iv = equivalent_iv(key, iv)
    try:
        plaintext: bytes = _cipher(key).decrypt(iv, ciphertext, salt)
    except InvalidTag:
        return None
    return plaintext


def encrypt(form: Format, password: str, salt: bytes, iv: bytes, plaintext: bytes) -> bytes:
    """
    Encrypt the content and return it with its tag; for the arguments see ``decrypt``.

    Raises:
        MissingExtraError: If ``cryptography`` is not installed.
    """
    ciphertext: bytes = _cipher(_key(form, password, salt)).encrypt(iv, plaintext, salt)
    return ciphertext


def _key(form: Format, password: str, salt: bytes) -> bytes:
    """Return the key. The password is encoded as Java does, and not normalised."""
    return hashlib.pbkdf2_hmac("sha512", password_bytes(password), salt, form.rounds, form.key_size)


def _cipher(key: bytes) -> AESGCM:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(key)
