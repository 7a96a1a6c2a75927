"""Passwords that somebody would try first: a list, what is made of the name, and defaults."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from ..hashing import password_matches
from ..hashing.pool import HashingPool

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

__all__ = ["MOST_GUESSES", "candidates", "guessed_users"]

MOST_GUESSES: Final = 10_000
"""Passwords of a list that are tried for each user: a hash of bcrypt takes 50 ms and more."""

#: What documentation, examples and images set.
_DEFAULTS: Final = (
    *("changeme", "changeit", "password", "password1", "passw0rd", "elastic", "elasticsearch"),
    *("admin", "admin123", "secret", "letmein", "welcome", "123456", "12345678", "qwerty"),
    *("l0ng-r4nd0m-p@ssw0rd", "l0ng-r4nd0m-passw0rd", "x-pack-test-password", "test123"),
)


def guessed_users(
    hashes: Mapping[str, str], guesses: Sequence[str], *, show_progress: bool = False
) -> list[str]:
    """
    Return the users whose password is guessed; which one it is, nobody learns.

    Args:
        hashes: From username to a usable hash.

        guesses: The list; only the first ``MOST_GUESSES`` of it are tried.

        show_progress: As for ``HashingPool``.
    """
    listed = list(dict.fromkeys(guesses))[:MOST_GUESSES]
    pool = HashingPool(show_progress=show_progress)
    found = pool.map(partial(_is_guessed, guesses=listed), list(hashes.items()), "trying")
    return [name for name, is_found in zip(hashes, found, strict=True) if is_found]


def candidates(name: str, guesses: Iterable[str]) -> Iterator[str]:
    """Yield what is tried for a user, the likeliest first, each once."""
    own = (name, name.lower(), name.capitalize(), name[::-1], name * 2)
    variants = (f"{word}{end}" for word in own[:3] for end in ("1", "12", "123", "1234", "!"))
    yield from dict.fromkeys((*own, *variants, *_DEFAULTS, *guesses))


def _is_guessed(user: tuple[str, str], *, guesses: Sequence[str]) -> bool:
    name, text = user
    return any(password_matches(guess, text) for guess in candidates(name, guesses))
