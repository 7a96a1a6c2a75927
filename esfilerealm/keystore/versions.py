"""The formats of a keystore: one row each, and which releases of Elasticsearch read them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal

from .._ground.showing import shown
from ..errors import InvalidSettingError, KeystoreVersionError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["DEFAULT_FORMAT", "FORMATS", "Format", "format_for", "format_of", "known_versions"]


@dataclass(frozen=True, slots=True)
class Format:
    """
    One format.

    Attributes:
        version: Its number in the file.
        byte_order: Of the lengths outside the encrypted content.
        rounds: Of PBKDF2 with HMAC-SHA512, which makes the key.
        key_size: Of the AES key, in bytes.
        has_types: Whether each setting names its type, which nobody reads.
        since: The first minor release that reads it, by major release. Every later major release
            reads it too.
    """

    version: int
    byte_order: Literal["big", "little"]
    rounds: int
    key_size: int
    has_types: bool
    since: Mapping[int, int]

    def is_read_by(self, major: int, minor: int) -> bool:
        """Check whether that release of Elasticsearch reads the format."""
        if major in self.since:
            return minor >= self.since[major]
        return major > max(self.since)


_ROWS: Final = (
    Format(3, "big", 10_000, 16, has_types=True, since={6: 3}),
    Format(4, "big", 10_000, 16, has_types=False, since={6: 8, 7: 1}),
    Format(5, "little", 10_000, 16, has_types=False, since={8: 0}),
    Format(6, "little", 210_000, 16, has_types=False, since={8: 14}),
    # Late releases of 8 read it too, but which is the first was never seen.
    Format(7, "little", 210_000, 32, has_types=False, since={9: 0}),
)

FORMATS: Final[Mapping[int, Format]] = MappingProxyType({row.version: row for row in _ROWS})
"""The formats by their number."""

DEFAULT_FORMAT: Final = 4
"""The format of a new keystore: every release from 6.8 on reads it, except 7.0."""

_RELEASE: Final = re.compile(
    r"([0-9]{1,4})(?:\.([0-9]{1,4})(?:\.[0-9]{1,4})?)?(?:-[0-9A-Za-z.\-]+)?"
)


def known_versions() -> tuple[int, int]:
    """Return the oldest and the newest format that this package reads."""
    return min(FORMATS), max(FORMATS)


def format_of(version: int, source: str) -> Format:
    """
    Return the format with that number.

    Args:
        version: The number.

        source: The file to name.

    Raises:
        KeystoreVersionError: If it is older or newer than those that are known.
    """
    if version not in FORMATS:
        raise KeystoreVersionError(source, version, known_versions())
    return FORMATS[version]


def format_for(elasticsearch_version: str) -> int:
    """
    Return the newest format that a release of Elasticsearch reads.

    Args:
        elasticsearch_version: Such as ``8.14`` or ``7.17.3``; ``8`` is the first of its line.

    Raises:
        InvalidSettingError: If it is not a version, or a release before 6.3.
    """
    match = _RELEASE.fullmatch(elasticsearch_version)
    where = "the argument"
    if match is None:
        rule = "must be a release of Elasticsearch, such as 8.14"
        raise InvalidSettingError(
            "elasticsearch_version", shown(elasticsearch_version), rule, where
        )
    major, minor = int(match[1]), int(match[2] or 0)
    readable = [row.version for row in _ROWS if row.is_read_by(major, minor)]
    if not readable:
        rule = "must be 6.3 or later, since earlier releases read only formats that are too old"
        raise InvalidSettingError(
            "elasticsearch_version", shown(elasticsearch_version), rule, where
        )
    return max(readable)
