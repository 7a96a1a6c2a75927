"""
Initialization vectors that Java reads and ``cryptography`` refuses.

GCM hashes a vector that has not 12 bytes into the first counter block. The hash can be inverted, so
each such vector has an equal of 16 bytes, which leads to the same block.

Source:
    NIST SP 800-38D, sections 6.3, 6.4 and 7.1.
"""

from __future__ import annotations

from typing import Final

__all__ = ["equivalent_iv"]

_BLOCK: Final = 16
_BITS: Final = 128

#: The polynomial of the field; the highest bit of a number is the coefficient of 1.
_POLYNOMIAL: Final = 0xE1 << 120


def equivalent_iv(key: bytes, iv: bytes) -> bytes:
    """Return 16 bytes that have the effect of *iv*, which has not 12 bytes, under this AES key."""
    from cryptography.hazmat.primitives.ciphers import Cipher
    from cryptography.hazmat.primitives.ciphers.algorithms import AES
    from cryptography.hazmat.primitives.ciphers.modes import ECB

    encryptor = Cipher(AES(key), ECB()).encryptor()  # noqa: S305 - one block, as GCM has it
    subkey = int.from_bytes(encryptor.update(bytes(_BLOCK)) + encryptor.finalize(), "big")
    counter = 0
    for at in range(0, len(iv), _BLOCK):
        block = iv[at : at + _BLOCK].ljust(_BLOCK, b"\0")
        counter = _product(counter ^ int.from_bytes(block, "big"), subkey)
    counter = _product(counter ^ (len(iv) * 8), subkey)
    inverse = _inverse(subkey)
    return _product(_product(counter, inverse) ^ _BITS, inverse).to_bytes(_BLOCK, "big")


def _product(left: int, right: int) -> int:
    result = 0
    for bit in range(_BITS - 1, -1, -1):
        if left >> bit & 1:
            result ^= right
        right = (right >> 1) ^ (_POLYNOMIAL if right & 1 else 0)
    return result


def _inverse(element: int) -> int:
    """Return *element* to the power of 2**128 - 2."""
    result, power = 1 << (_BITS - 1), element
    for _ in range(_BITS - 1):
        power = _product(power, power)
        result = _product(result, power)
    return result
