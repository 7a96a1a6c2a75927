"""The name of a user, from the subject of a certificate."""

from __future__ import annotations

import functools
from typing import Final

from ..errors import InvalidUsernamePatternError
from .java_regex import UnsupportedPatternError, translate

__all__ = ["DEFAULT_USERNAME_PATTERN", "UsernamePattern", "principal_from"]

#: What a realm uses if nothing is set.
DEFAULT_USERNAME_PATTERN: Final = "CN=(.*?)(?:,|$)"


class UsernamePattern:
    """
    The pattern that finds the name of a user in the subject of a certificate.

    Args:
        pattern: A regular expression of Java, without regard to the case of ASCII letters. Its
            first group is the name.

    Raises:
        InvalidUsernamePatternError: If Java refuses it, if Python cannot express it, or if it has
            no group.

    Source:
        ``PkiRealm``; a node finds out that there is no group only when somebody logs in.
    """

    __slots__ = ("_compiled", "pattern")

    def __init__(self, pattern: str = DEFAULT_USERNAME_PATTERN) -> None:
        try:
            self._compiled = translate(pattern)
        except UnsupportedPatternError as error:
            rule = error.rule
        else:
            rule = "" if self._compiled.groups else "it has no group, which would be the username"
        if rule:
            raise InvalidUsernamePatternError(pattern, rule)
        self.pattern = pattern

    def principal(self, subject: str) -> str | None:
        """Return the first group of the first match, or None if there is none or it is empty."""
        match = self._compiled.search(subject)
        return (match[1] or None) if match else None

    def place(self, subject: str) -> tuple[int, int]:
        """Return where the first match begins and where its first group does, for a name found."""
        match = self._compiled.search(subject)
        return (match.start(), match.start(1)) if match else (-1, -1)

    def __repr__(self) -> str:
        return f"UsernamePattern({self.pattern!r})"


@functools.lru_cache(maxsize=256)
def _pattern(text: str) -> UsernamePattern:
    return UsernamePattern(text)


def principal_from(subject: str, pattern: str = DEFAULT_USERNAME_PATTERN) -> str | None:
    """
    Return the name of the user, or None if the subject contains none.

    A pattern with a repetition within a repetition may take very long, as it does on a node.

    Args:
        subject: The text of :func:`~esfilerealm.certificates.subject_text`.

        pattern: A regular expression of Java.

    Raises:
        InvalidUsernamePatternError: If the pattern cannot be used.
    """
    return _pattern(pattern).principal(subject)
