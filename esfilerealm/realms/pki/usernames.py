"""The username that a certificate carries, and whether it may be that of somebody else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...certificates import (
    DEFAULT_USERNAME_PATTERN,
    UsernamePattern,
    canonical_name,
    extract_rdn,
    subject_text,
)
from ...certificates.names import attribute_spans

if TYPE_CHECKING:
    from ...settings.mapped_realm import PkiSettings

__all__ = ["Usernames"]


class Usernames:
    """
    Finds usernames as the settings of a realm say: by a pattern, or in an attribute.

    Args:
        settings: Of the realm.

        accept_ambiguous: Take what the pattern finds, wherever in the subject, as a node does.

    Raises:
        InvalidUsernamePatternError: If the pattern cannot be used.
    """

    def __init__(self, settings: PkiSettings, *, accept_ambiguous: bool) -> None:
        self._oid = settings.username_oid
        self._pattern = UsernamePattern(settings.username_pattern)
        self._accept_ambiguous = accept_ambiguous

    @property
    def is_default(self) -> bool:
        """Whether the pattern is that of a node without settings."""
        return self._oid is None and self._pattern.pattern == DEFAULT_USERNAME_PATTERN

    def find(self, subject_der: bytes) -> str | None:
        """
        Return the username, or None if there is none.

        Args:
            subject_der: The subject of the client's own certificate, encoded.
        """
        if self._oid is not None:
            return extract_rdn(canonical_name(subject_der), self._oid) or None
        return self._pattern.principal(subject_text(subject_der))

    def is_ambiguous(self, subject_der: bytes) -> bool:
        """
        Check whether the pattern may have taken the name from another attribute than it names.

        A pattern sees the text of the subject, in which the value of one attribute may look like
        another one: ``O="x, CN=admin", CN=jane``. So what it matches in front of the name may not
        have a ``=`` that stands in the same value, and may not begin within the name of the
        attribute: a pattern for ``C=`` is not meant for ``DC=``.
        """
        if self._oid is not None or self._accept_ambiguous:
            return False
        subject = subject_text(subject_der)
        match, group = self._pattern.place(subject)
        return any(
            value <= group <= end
            and ("=" in subject[max(match, value) : group] or start < match < value)
            for start, value, end in attribute_spans(subject_der)
        )
