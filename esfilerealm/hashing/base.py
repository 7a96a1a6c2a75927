"""The interface of all hashers, and how all of them encode and compare text."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from .._ground.ahead import password_bytes
from .._ground.showing import in_one_line

if TYPE_CHECKING:
    from ..errors import HashProblemKind

__all__ = ["HashProblem", "Hasher", "password_bytes", "same_text"]


@dataclass(frozen=True, slots=True)
class HashProblem:
    """
    Why no password can match a stored hash. It does not contain the hash.

    Attributes:
        kind: ``malformed``; ``unsupported`` for a hash of an algorithm or cost that a node does not
            know; ``clear-text`` for a text that looks like no hash at all.
        reason: The rule that the text breaks.
    """

    kind: HashProblemKind
    reason: str

    @in_one_line
    def __str__(self) -> str:
        return self.reason


class Hasher(Protocol):
    """
    A way to turn a password into a text for a ``users`` file.

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
        """Hash *password*, with a fresh random salt if the algorithm has one."""

    def verify(self, password: str, hash: str) -> bool:
        """
        Check *password* as a node does.

        Returns:
            Whether it matches. A text of another family never does.

        Raises:
            InvalidHashError: If a node would throw on *hash* instead of answering.
        """

    def check(self, hash: str) -> None:
        """
        Reject a text that is unusable as a stored hash. No hash is computed.

        Raises:
            InvalidHashError: If a node would throw on *hash*, or if no password can match it.
        """


def same_text(one: str, other: str) -> bool:
    """
    Compare two strings in a time that reveals only their lengths.

    Source:
        ``CharArrays.constantTimeEquals``.
    """
    # Java compares UTF-16, which can hold lone surrogates; UTF-8 cannot.
    return hmac.compare_digest(
        one.encode("utf-16-le", "surrogatepass"), other.encode("utf-16-le", "surrogatepass")
    )
