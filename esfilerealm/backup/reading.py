"""Reading what belongs into a backup: each file once, and the realm as one state."""

from __future__ import annotations

import os
import stat
from functools import cache
from typing import TYPE_CHECKING, Final

from .._ground.faults import FaultsOf
from .._ground.holding import inside
from .._storage import (
    OTHER_FILES,
    RealmFolder,
    Stamp,
    WriteOptions,
    extended_of_the_same,
    read_file,
)
from ..errors import FileAccessError, FileChangedError, FilePermissionError, FileRealmError
from ..findings import Finding
from .limits import LIMITS
from .manifest import Entry
from .paths import CONFIG, encoded

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .._storage import FileContent
    from ..findings import Severity
    from .inventory import BackupFile, Inventory

__all__ = ["InventoryReader"]

#: How often to start again because somebody wrote in between.
_ATTEMPTS: Final = 10
#: What this package keeps beside the real `users`, and changes with it.
_BESIDE: Final = (".managed", ".accounts", ".modes")


class InventoryReader:
    """
    Reads what an inventory names.

    Args:
        inventory: What to read.

    Attributes:
        findings: What a person should know of it, those of the inventory first.
    """

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory
        self._folders: set[str] = set()
        self._real_paths: dict[str, str] = {}
        self.findings: list[Finding] = list(inventory.findings)

    def read(self) -> Iterator[tuple[Entry, bytes]]:
        """
        Yield an entry for everything, sorted by path, and with each the content of a file.

        What cannot be read, or has gone, becomes a finding.

        Raises:
            LockTimeoutError: If another writer holds the lock of the realm for too long.
            JournalVersionError: If a later version of this package left an interrupted write.
            FilePermissionError, FileAccessError: If a file of the realm cannot be read.
        """
        realm = self._realm()
        for file in sorted(self._inventory.files, key=lambda file: encoded(file.name)):
            parent = file.name.rpartition("/")[0]
            if file.name.startswith(f"{CONFIG}/") and parent not in self._folders:
                continue  # the directory has gone, of which there is a finding
            try:
                yield self._read(file, realm)
            except FileRealmError as error:
                reason = getattr(error, "reason", None) or str(error)
                self._find("BACKUP5", "error", f"it is missing in the backup: {reason}", file.path)

    def _read(self, file: BackupFile, realm: dict[str, FileContent]) -> tuple[Entry, bytes]:
        if file.form == "file":
            return self._read_file(file, realm)
        path = os.path.realpath(file.path) if file.name == CONFIG else file.path
        with FaultsOf(file.path, "examining"):
            status = os.lstat(path)
        if file.form == "link":
            return _entry(file, status, {}), b""
        self._folders.add(file.name)
        return _entry(file, status, self._extended(path, status)), b""

    def _read_file(self, file: BackupFile, realm: dict[str, FileContent]) -> tuple[Entry, bytes]:
        content, status = self._still(file.path, realm.get(self._real_path(file.path)))
        extended = self._extended(content.path, status)
        return _entry(file, status, extended, content), content.data

    def _still(self, path: str, content: FileContent | None) -> tuple[FileContent, os.stat_result]:
        """Read a file, unless it is read; and again if it changes meanwhile, but not for ever."""
        for _ in range(_ATTEMPTS):
            is_of_realm = content is not None
            content = content or read_file(path, largest=LIMITS.file_size)
            status, real_path = content.stat, self._real_path(path)
            if status is None or content.path != real_path:
                raise FileChangedError(path)
            if is_of_realm or _stamp(real_path) == Stamp.of(status):
                return content, status
            latest, content = (content, status), None
        message = "it changed while it was read, again and again: the backup may have half of it"
        self._find("BACKUP31", "warning", message, path)
        return latest

    def _extended(self, path: str, status: os.stat_result) -> dict[str, bytes]:
        try:
            return extended_of_the_same(path, status)
        except OSError as error:
            reason = getattr(error, "reason", None) or error.strerror
            message = f"its extended attributes are missing in the backup: {reason}"
            self._find("BACKUP32", "warning", message, path)
            return {}

    def _real_path(self, path: str) -> str:
        """Return the path behind the links that lead to its directory; it is none itself."""
        folder, name = os.path.split(path)
        if folder not in self._real_paths:
            self._real_paths[folder] = os.path.realpath(folder)
        return os.path.join(self._real_paths[folder], name)

    def _realm(self) -> dict[str, FileContent]:
        """Read the files that this package writes in one unit, by their real paths."""
        folder = RealmFolder(self._inventory.config_dir)
        known = {self._real_path(file.path) for file in self._inventory.files}
        both = [os.path.realpath(path) for path in (folder.paths.users, folder.paths.users_roles)]
        if both[0] not in known or (both[1] not in known and os.path.exists(both[1])):
            return {}  # there is no realm, or a finding says why it cannot be read
        others = [
            name for name in OTHER_FILES if os.path.realpath(folder.paths.named(name)) in known
        ]
        beside = [path for end in _BESIDE if (path := both[0] + end) in known]
        try:
            return inside(folder.locked(WriteOptions()), lambda _: _state(folder, others, beside))
        except (FilePermissionError, FileAccessError) as error:
            message = f"the realm is read without its write lock: {error.reason}"
            self._find("BACKUP30", "info", message, folder.paths.config_dir)
            return _state(folder, others, beside)

    def _find(self, code: str, severity: Severity, message: str, path: str) -> None:
        self.findings.append(Finding(code=code, severity=severity, message=message, path=path))


def _state(
    folder: RealmFolder, others: Sequence[str], beside: Sequence[str]
) -> dict[str, FileContent]:
    """Read all of them as they were at one moment."""
    for _ in range(_ATTEMPTS):
        before = list(map(_stamp, beside))
        more = list(map(read_file, beside))
        files = folder.read_any(*others).all
        if list(map(_stamp, beside)) == before:
            break
    return {file.path: file for file in (*files, *more) if file.exists}


def _stamp(path: str) -> Stamp | None:
    try:
        return Stamp.of(os.lstat(path))
    except OSError:
        return None


def _entry(
    file: BackupFile,
    status: os.stat_result,
    extended: dict[str, bytes],
    content: FileContent | None = None,
) -> Entry:
    return Entry(
        path=file.name,
        form=file.form,
        mode=stat.S_IMODE(status.st_mode),
        uid=status.st_uid,
        gid=status.st_gid,
        user=_name_of_user(status.st_uid),
        group=_name_of_group(status.st_gid),
        size=0 if content is None else len(content.data),
        digest="" if content is None else content.digest or "",
        kind=file.kind,
        confidential=file.is_confidential,
        xattrs=extended,
        target=file.target or "",
    )


@cache
def _name_of_user(uid: int) -> str:
    try:
        import pwd

        return pwd.getpwuid(uid).pw_name
    except (ImportError, KeyError):
        return ""


@cache
def _name_of_group(gid: int) -> str:
    try:
        import grp

        return grp.getgrgid(gid).gr_name
    except (ImportError, KeyError):
        return ""
