"""Who is locked, whose time ends and who is there for an emergency, in the record of a user."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from .._ground.moments import shown_time

if TYPE_CHECKING:
    from ..results import AccountState

__all__ = ["NEVER", "ORDINARY", "UNSAID_STANDING", "Standing"]

NEVER: Final = "never"
"""The time of a user who does not expire."""

_LOCKS: Final = {True: "L", False: "O", None: "?"}
_LOCKS_BY_LETTER: Final = {letter: lock for lock, letter in _LOCKS.items()}
_EMERGENCY: Final = "E"
_NO_EMERGENCY: Final = "-"


@dataclass(frozen=True, slots=True)
class Standing:
    """
    Whether and until when a user may log in at all.

    Attributes:
        is_locked: Whether it is locked; None if a document leaves that unsaid.
        expires: When its time is over, as ``2026-12-01T08:00:00Z``, or ``never``; None if a
            document leaves that unsaid.
        is_emergency: Whether it gives emergency access.
    """

    is_locked: bool | None = False
    expires: str | None = NEVER
    is_emergency: bool = False

    @classmethod
    def of(cls, account: AccountState | None, *, is_locked: bool) -> Standing:
        """Return the standing of a user of a node; *account* is what its record says, if any."""
        if account is None:
            return cls(is_locked) if is_locked else ORDINARY
        expires = NEVER if account.expires is None else shown_time(account.expires)
        return cls(is_locked, expires, account.is_emergency)

    @property
    def said(self) -> Standing:
        """The same, with what nearly every user has in place of what is unsaid."""
        return replace(
            self, is_locked=self.is_locked or False, expires=self.expires or ORDINARY.expires
        )

    def packed(self, *, is_document: bool = False) -> bytes:
        """
        Return it for a record.

        Nothing stands for what nearly every user of a node or of a document has.
        """
        usual = UNSAID_STANDING if is_document else ORDINARY
        if self is usual or self == usual:  # nearly always the first
            return b""
        emergency = _EMERGENCY if self.is_emergency else _NO_EMERGENCY
        return f"{_LOCKS[self.is_locked]}{emergency}{self.expires or ''}".encode()

    @classmethod
    def unpacked(cls, packed: bytes, *, is_document: bool = False) -> Standing:
        """Return what was packed."""
        if not packed:
            return UNSAID_STANDING if is_document else ORDINARY
        text = packed.decode()
        return cls(_LOCKS_BY_LETTER[text[0]], text[2:] or None, text[1] == _EMERGENCY)


ORDINARY: Final = Standing()
"""Neither locked, nor with an end, nor for an emergency."""

UNSAID_STANDING: Final = Standing(is_locked=None, expires=None)
"""A document says nothing of it."""
