"""The archive of both files that ``export_realm`` writes as ``tar``."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING, Final

from ..errors import FileFormatError
from ..formats.realm import ParsedRealm
from ..names import DEFAULT_ANONYMOUS_USERNAME

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["is_archive", "read_archive", "realm_files"]

_FILES: Final = ("users", "users_roles")

#: Where an archive says that it is one.
_MAGIC: Final = slice(257, 262)


def is_archive(data: bytes) -> bool:
    """Check whether a file is an archive, by its first bytes."""
    return data[_MAGIC] == b"ustar"


def read_archive(
    data: bytes,
    *,
    source: str,
    allow_reserved: bool = False,
    anonymous_username: str = DEFAULT_ANONYMOUS_USERNAME,
) -> ParsedRealm:
    """
    Read both files in an uncompressed tar archive, in whichever directory they are there.

    Args:
        data: The whole archive.

        source: Its name for errors, normally its path.

        allow_reserved: As for ``parse_users``.

        anonymous_username: As for ``parse_users``.

    Raises:
        FileFormatError: If it is damaged, holds not exactly one ``users`` and one ``users_roles``,
            or one of them is not UTF-8.
    """
    (users, users_name), (roles, roles_name) = realm_files(data, source)
    return ParsedRealm.parse(
        users,
        roles,
        sources=(users_name, roles_name),
        allow_reserved=allow_reserved,
        anonymous_username=anonymous_username,
    )


def realm_files(data: bytes, source: str) -> Iterator[tuple[bytes, str]]:
    """
    Yield the content of ``users`` and of ``users_roles`` in an archive, each with its name.

    Raises:
        FileFormatError: If it is damaged, or holds not exactly one of each.
    """
    files = _members(data, source)
    for name in _FILES:
        if len(files[name]) != 1:
            reason = f"the archive has [{len(files[name])}] files named [{name}], and needs one"
            raise FileFormatError(source, 1, reason)
    for name in _FILES:
        yield files[name][0], f"{source}/{name}"


def _members(data: bytes, source: str) -> dict[str, list[bytes]]:
    """Return the contents of all files with one of the two names."""
    files: dict[str, list[bytes]] = {name: [] for name in _FILES}
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            for member in archive:
                found = files.get(member.name.rpartition("/")[2])
                content = archive.extractfile(member) if member.isreg() else None
                if found is not None and content is not None:
                    found.append(content.read())
    except (tarfile.TarError, ValueError, OverflowError, OSError):
        pass
    else:
        return files
    # Not in the handler: its error may hold content of the archive.
    raise FileFormatError(source, 1, "a damaged archive, or not a tar archive: export it again")
