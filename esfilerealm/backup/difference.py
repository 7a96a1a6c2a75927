"""What differs between a backup and a configuration directory; nothing is written."""

from __future__ import annotations

import os
import stat
from dataclasses import asdict, dataclass, field
from difflib import unified_diff
from typing import TYPE_CHECKING, Final

from .._ground.showing import printable
from .._storage import Attributes, RealmFolder, read_file
from ..errors import FilePermissionError, FileRealmError
from ..results import UserChanges
from .inventory import inventory
from .order import parsed
from .owners import attributes_of
from .paths import CONFIG
from .selection import is_in_x_pack, is_selected, require_scope
from .user_changes import RoleChanges, role_changes, user_changes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ..findings import Finding
    from .inventory import BackupFile
    from .kinds import Scope
    from .manifest import Entry
    from .verified import VerifiedBackup

__all__ = ["BackupDiff", "FileDifference", "diff_backup"]

_CONTEXT: Final = 3
_UNREADABLE: Final = "?"


@dataclass(frozen=True, slots=True)
class FileDifference:
    """
    How one file, directory or link differs.

    Attributes:
        name: Its path in the configuration directory, with slashes.
        letters: ``A`` if it was added since the backup, ``D`` if it was removed; else those of
            ``T`` for another type, ``C`` for another content or target of a link, ``M`` for another
            mode, ``O`` for another owner or group, ``X`` for other extended attributes; ``?`` if it
            cannot be read.
        lines: What differs in the content, as ``diff -u`` tells it, if that was asked for and the
            file is not confidential.
    """

    name: str
    letters: str
    lines: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """Return the attributes as a dictionary fit for JSON."""
        return {**asdict(self), "lines": list(self.lines)}


@dataclass(frozen=True, slots=True)
class BackupDiff:
    """
    What has changed since a backup; true if anything has.

    Attributes:
        config_dir: The configuration directory.
        files: The files that differ, by name.
        users: How the users differ, by name; from the backup to the directory.
        roles: How the roles of ``roles.yml`` differ, likewise.
        findings: What could not be compared, and what else a person should know.
    """

    config_dir: str
    files: tuple[FileDifference, ...] = ()
    users: UserChanges = field(default_factory=UserChanges)
    roles: RoleChanges = field(default_factory=RoleChanges)
    findings: tuple[Finding, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.files)

    def to_dict(self) -> dict[str, object]:
        """Return the attributes as a dictionary fit for JSON, with ``differs``."""
        return {
            "config_dir": self.config_dir,
            "differs": bool(self),
            "files": [file.to_dict() for file in self.files],
            "users": self.users.to_dict(),
            "roles": self.roles.to_dict(),
            "findings": [finding.to_dict() for finding in self.findings],
        }


def diff_backup(
    verified: VerifiedBackup,
    config_dir: str | os.PathLike[str],
    *,
    only: Scope = "all",
    lines: bool = False,
    settings: Mapping[str, str] | None = None,
) -> BackupDiff:
    """
    Compare a backup with a configuration directory. No lock is taken.

    Args:
        verified: The backup.

        config_dir: The configuration directory.

        only: As for ``restore_backup``.

        lines: Whether to tell what differs in files that are not confidential, line by line.

        settings: Settings that win over those of ``elasticsearch.yml``, as with ``-E``.

    Raises:
        BackupError: If there is no such scope.
        FilePermissionError: If the directory cannot be listed, or the realm cannot be read.
        FileAccessError: If the directory cannot be listed for another reason.
        ValueError: If the backup was verified with ``keep=False``.
    """
    require_scope(only, verified.source)
    return _Comparison(verified, os.fspath(config_dir), only, settings, lines=lines).result()


class _Comparison:
    """One comparison."""

    def __init__(
        self,
        verified: VerifiedBackup,
        config_dir: str,
        scope: Scope,
        settings: Mapping[str, str] | None,
        *,
        lines: bool,
    ) -> None:
        self._verified = verified
        self._lines = lines
        found = inventory(config_dir, settings)
        self._config_dir = found.config_dir
        self._findings = (*verified.findings, *found.findings)
        self._then = verified.manifest.by_path
        self._now = {file.name: file for file in found.files}
        # By what it was for or is for: settings that changed may name other files.
        self._meant = {
            *(path for path, entry in self._then.items() if _is_meant(path, entry, scope)),
            *(path for path, file in self._now.items() if _is_meant(path, file, scope)),
        }

    def result(self) -> BackupDiff:
        """Return what differs."""
        users, users_roles, roles = (self._both(n) for n in ("users", "users_roles", "roles.yml"))
        then, now = (parsed(users[at], users_roles[at]) for at in (0, 1))
        return BackupDiff(
            self._config_dir,
            tuple(self._differences()),
            user_changes(then, now),
            role_changes(*roles),
            self._findings,
        )

    def _differences(self) -> Iterator[FileDifference]:
        for path in sorted(self._meant, key=os.fsencode):
            name = path.partition("/")[2]
            entry, file = self._then.get(path), self._now.get(path)
            if entry is None or file is None:
                yield FileDifference(name, "A" if entry is None else self._letter_of_none(name))
                continue
            letters = self._letters(entry, file)
            if letters:
                lines = self._changed_lines(entry, file) if "C" in letters else ()
                yield FileDifference(name or ".", letters, lines)

    def _letter_of_none(self, name: str) -> str:
        """Return why a file of the backup is not among those of the directory."""
        try:
            mode = os.lstat(os.path.join(self._config_dir, *name.split("/"))).st_mode
        except (FileNotFoundError, NotADirectoryError):
            return "D"
        except OSError:
            return _UNREADABLE
        return _UNREADABLE if stat.S_ISREG(mode) or stat.S_ISDIR(mode) else "T"

    def _letters(self, entry: Entry, file: BackupFile) -> str:
        if entry.form != file.form:
            return "T"
        if entry.form == "link":
            return "" if entry.target == file.target else "C"
        try:
            status = os.stat(file.path)
            has = Attributes.of(file.path, status)
        except (OSError, FileRealmError):
            return self._letter_of_none(entry.original)  # it may have gone meanwhile
        wanted = attributes_of(entry)
        owners = (wanted.owner, wanted.group) != (status.st_uid, status.st_gid)
        letters = {
            "C": entry.form == "file" and _content(file.path) != self._verified.read(entry.path),
            "M": entry.mode != stat.S_IMODE(status.st_mode),
            "O": owners,
            "X": has.extended != wanted.extended,
        }
        return "".join(letter for letter, differs in letters.items() if differs)

    def _changed_lines(self, entry: Entry, file: BackupFile) -> tuple[str, ...]:
        if not self._lines or entry.confidential or file.is_confidential or entry.form != "file":
            return ()
        contents = self._verified.read(entry.path), _content(file.path)
        try:
            then, now = (content.decode().splitlines() for content in contents)
        except UnicodeDecodeError:
            return ()
        return tuple(
            map(printable, unified_diff(then, now, "backup", "now", n=_CONTEXT, lineterm=""))
        )

    def _both(self, name: str) -> tuple[bytes, bytes]:
        """Return the content of a file of the realm, in the backup and now."""
        manifest = self._verified.manifest
        in_x_pack = is_in_x_pack(manifest)
        paths = [f"{CONFIG}/{name}"]
        if in_x_pack:
            paths.insert(0, f"{CONFIG}/x-pack/{name}")
        entry = next((manifest.by_path[path] for path in paths if path in manifest.by_path), None)
        then = b"" if entry is None or entry.form != "file" else self._verified.read(entry.path)
        folder = RealmFolder(self._config_dir, in_x_pack=in_x_pack).paths
        path = {"users": folder.users, "users_roles": folder.users_roles}.get(
            name, folder.roles_yml
        )
        return then, _content(path, must_be_readable=True)


def _is_meant(path: str, item: Entry | BackupFile, scope: Scope) -> bool:
    """Check whether something is in the configuration directory, and in the scope."""
    if path != CONFIG and not path.startswith(f"{CONFIG}/"):
        return False
    if item.kind == "earlier version":
        return False
    return scope == "all" if item.form == "directory" else is_selected(item.kind, scope)


def _content(path: str, *, must_be_readable: bool = False) -> bytes:
    try:
        return read_file(path).data
    except FilePermissionError:
        if must_be_readable:  # else its users would look as if they were removed
            raise
    except FileRealmError:
        pass
    return b""
