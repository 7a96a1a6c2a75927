"""The keystore of a node as far as that needs no password."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ..errors import KeystoreCorruptedError, KeystoreVersionError
from ..keystore import load_header
from ..keystore.reader import LARGEST_FILE
from ..keystore.versions import FORMATS, format_for
from .opening import read_bytes

if TYPE_CHECKING:
    from typing import Self

__all__ = ["KeystoreFile"]

#: The first release that no longer reads the formats 1 and 2.
_WITHOUT_OLDEST: Final = (8, 4)


@dataclass(frozen=True, slots=True)
class KeystoreFile:
    """
    What the header of a keystore shows.

    Attributes:
        path: The file.
        version: Of its format; None if the file is damaged.
        has_password: Whether it says that it has a password.
        damage: What is wrong with it, as the end of a sentence, or None.
    """

    path: str
    version: int | None
    has_password: bool = False
    damage: str | None = None

    @classmethod
    def of(cls, path: str) -> Self | None:
        """
        Read the header of a keystore; return None if there is none.

        Raises:
            Unreadable: If it is no file, too large, or behind a link that is not followed.
            FilePermissionError, FileAccessError: If the system refuses.
        """
        data = read_bytes(path, largest=LARGEST_FILE)
        if data is None:
            return None
        try:
            sealed = load_header(data, name=path)
        except KeystoreVersionError as error:
            return cls(path, error.version)
        except KeystoreCorruptedError as error:
            return cls(path, None, damage=error.reason)
        return cls(path, sealed.format_version, sealed.has_password)

    def is_read_by(self, release: tuple[int, ...]) -> bool:
        """Check whether a release reads the format; empty stands for the newest."""
        form = None if self.version is None else FORMATS.get(self.version)
        if form is None:
            return 0 < (self.version or 0) < min(FORMATS) and () < release[:2] < _WITHOUT_OLDEST
        # Late releases of 8 read format 7 too, but which is the first was never seen.
        if not release or (release[0], self.version) == (8, max(FORMATS)):
            return True
        newest = 99
        return form.is_read_by(*(*release, newest)[:2])

    def newest_for(self, release: tuple[int, ...]) -> int:
        """Return the format that a release writes, by what is known of it."""
        return format_for(".".join(map(str, release))) if release else max(FORMATS)
