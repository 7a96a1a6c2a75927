"""
A bcrypt hash that is computed while the rest of a command is imported and read.

Only the standard library and ``bcrypt`` are imported here, so that the hash begins before all else.
"""

from __future__ import annotations

import os

__all__ = [
    "PASSWORD_BYTES",
    "bcrypt_hash",
    "forget_hash",
    "hash_of_bytes",
    "password_bytes",
    "start_hash",
    "take_hash",
]

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    from typing import Final

PASSWORD_BYTES: Final = 72
"""The number of bytes of a password that bcrypt uses."""

_SALT_BYTES: Final = 16
_DIGITS: Final = b"./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def password_bytes(password: str) -> bytes:
    """
    Encode *password* for hashing as UTF-8, without normalising or trimming it.

    As in Java, a lone surrogate becomes ``?`` and a pair becomes one character.

    Source:
        ``CharArrays.toUtf8Bytes``.
    """
    if password.isascii():
        return password.encode("ascii")
    units = password.encode("utf-16-le", "surrogatepass")
    return units.decode("utf-16-le", "surrogatepass").encode("utf-8", "replace")


def bcrypt_hash(password: str, cost: int) -> str:
    """Hash the first 72 bytes of *password* as revision ``2a``, which every release reads."""
    return hash_of_bytes(password_bytes(password), cost)


def hash_of_bytes(password: bytes, cost: int) -> str:
    """Hash bytes that need be no text; see ``bcrypt_hash``."""
    import bcrypt  # only here: most commands compute no bcrypt

    salt = b"$2a$%02d$%s" % (cost, _salt())
    return bcrypt.hashpw(password[:PASSWORD_BYTES], salt).decode("ascii")


def _salt() -> bytes:
    """
    Return a random salt.

    ``bcrypt.gensalt`` panics where the system has no random bytes, and a panic is no ``Exception``.
    """
    bits = int.from_bytes(os.urandom(_SALT_BYTES), "big") << 4  # 22 digits of six bits each
    return bytes(_DIGITS[bits >> shift & 63] for shift in range(126, -1, -6))


class _Started:
    """A hash that a thread computes."""

    def __init__(self, password: str, algorithm: str, cost: int) -> None:
        from threading import Thread

        self.subject = (password, algorithm)
        self.hash: str | None = None
        self._cost = cost
        self.thread = Thread(target=self._run, name="hash ahead")
        self.thread.start()

    def _run(self) -> None:
        try:
            self.hash = bcrypt_hash(self.subject[0], self._cost)
        except Exception:  # noqa: BLE001 - whoever needs the hash computes it, and gets the error
            self.hash = None


_started: list[_Started] = []


def start_hash(password: str, algorithm: str, cost: int) -> None:
    """Begin to hash a password that will probably be needed."""
    forget_hash()
    try:
        _started.append(_Started(password, algorithm, cost))
    except (ImportError, MemoryError, OSError, RuntimeError):
        return  # no thread or no memory: whoever needs the hash computes it, and gets the error


def take_hash(password: str, algorithm: str) -> str | None:
    """Return, once, the hash that was begun for exactly this, or None if there is none."""
    if not _started or _started[0].subject != (password, algorithm):
        return None
    started = _started.pop()
    started.thread.join()
    return started.hash


def forget_hash() -> None:
    """Drop a hash that was begun and is not needed."""
    while _started:
        _started.pop().thread.join()
