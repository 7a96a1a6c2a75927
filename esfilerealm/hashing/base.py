"""What every hasher offers, and the two ways in which all of them treat text."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ..errors import HashProblemKind

__all__ = ["HashProblem", "Hasher", "password_bytes", "same_text"]


@dataclass(frozen=True, slots=True)
class HashProblem:
    """
    Why no password can match a stored hash. It does not hold the hash.

    Attributes:
        kind: ``malformed``; ``unsupported`` for a hash of an algorithm or cost that a node does not
            know; ``clear-text`` for a text that looks like no hash at all.
        reason: The rule that the text breaks.
    """

    kind: HashProblemKind
    reason: str

    def __str__(self) -> str:
        return self.reason


class Hasher(Protocol):
    """
    One way of turning a password into the text that a ``users`` file holds.

    Source:
        ``Hasher``.
    """

    @property
    def name(self) -> str:
        """The name in Elasticsearch's settings, in lower case."""

    @property
    def family(self) -> str:
        """``bcrypt``, ``pbkdf2``, ``pbkdf2_stretch``, ``digest`` or ``clear_text``."""

    @property
    def cost(self) -> int:
        """
        The work factor.

        bcrypt: the binary logarithm of the rounds. PBKDF2: iterations. Digests: 1. Clear text: 0.
        """

    def hash(self, password: str) -> str:
        """Hash *password* anew, with a fresh random salt where the algorithm has one."""

    def verify(self, password: str, hash: str) -> bool:
        """
        Give a node's verdict on *password*.

        Returns:
            False for a text of another family: it is not this hasher's.

        Raises:
            InvalidHashError: If a node would throw on *hash* instead of answering.
        """

    def check(self, hash: str) -> None:
        """
        Refuse a text that is of no use as a stored hash. Reads only, computes nothing.

        Raises:
            InvalidHashError: If a node would throw on *hash*, or if no password can ever match it.
        """


def password_bytes(password: str) -> bytes:
    """
    Turn *password* into the bytes that are hashed: UTF-8, nothing normalised, nothing trimmed.

    A lone surrogate becomes ``?``, two that belong together one character, as in Java.

    Source:
        ``CharArrays.toUtf8Bytes``.
    """
    if password.isascii():
        return password.encode("ascii")
    units = password.encode("utf-16-le", "surrogatepass")
    return units.decode("utf-16-le", "surrogatepass").encode("utf-8", "replace")


def same_text(one: str, other: str) -> bool:
    """
    Compare in a time that tells no more than the lengths.

    Source:
        ``CharArrays.constantTimeEquals``.
    """
    # UTF-16 is what Java compares, and keeps lone surrogates apart, as UTF-8 cannot.
    return hmac.compare_digest(
        one.encode("utf-16-le", "surrogatepass"), other.encode("utf-16-le", "surrogatepass")
    )
