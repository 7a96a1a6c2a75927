"""Which entries of a backup a restore writes, and under which names."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from .._storage import OTHER_FILES, is_kept_by_writes
from ..errors import BackupError
from .kinds import scope_of
from .paths import CONFIG, OUTSIDE

if TYPE_CHECKING:
    from .._storage import RealmFolder
    from .kinds import Scope
    from .manifest import Entry, Manifest

__all__ = ["SCOPES", "Selection"]

SCOPES: Final[tuple[Scope, ...]] = ("realm", "security", "all")
"""What can be restored; each contains the one before."""

_BOTH: Final = ("users", "users_roles")
_OLD_FOLDER: Final = "x-pack/"


def is_selected(kind: str, scope: Scope) -> bool:
    """Check whether a restore of that *scope* writes a file of that kind."""
    return SCOPES.index(scope_of(kind)) <= SCOPES.index(scope)  # type: ignore[arg-type]


class Selection:
    """
    What a restore writes.

    Args:
        manifest: Of the backup.

        scope: What is to be restored.

        folder: Where it is restored.

    Attributes:
        realm: ``users`` and ``users_roles``, as far as the backup has them.
        records: ``users.accounts`` and ``users.managed``, likewise.
        files: All other files, by the names that ``RealmFolder.read`` takes.
        folders: The directories, by their paths below the configuration directory.
        links: The links, likewise.
        elsewhere: The files that a link in the configuration directory leads out of it to, and that
            are not written therefore.
        versions: The earlier versions of both files, of which a write keeps its own.
    """

    def __init__(self, manifest: Manifest, scope: Scope, folder: RealmFolder) -> None:
        self.realm: dict[str, Entry] = {}
        self.records: dict[str, Entry] = {}
        self.files: dict[str, Entry] = {}
        self.folders: dict[str, Entry] = {}
        self.links: dict[str, Entry] = {}
        self.elsewhere: list[str] = []
        self.versions: list[str] = []
        self._manifest = manifest
        self._folder = folder
        self._old = _OLD_FOLDER if is_in_x_pack(manifest) else ""
        for entry in manifest.entries:
            if not entry.is_outside and entry.original:
                self._add(entry, scope)
        if scope != "all":
            self._keep_needed_folders()

    def _add(self, entry: Entry, scope: Scope) -> None:
        name = entry.original
        if entry.form == "directory":
            self.folders[name] = entry
        elif is_selected(entry.kind, scope):
            end = self._end_of(entry) if entry.form == "link" else entry
            if end is None:
                self.links[name] = entry
            else:
                self._add_file(name, end)

    def _add_file(self, name: str, entry: Entry) -> None:
        short = name.removeprefix(self._old)
        if short in _BOTH:
            self.realm[short] = entry
        elif short in ("users.accounts", "users.managed"):
            self.records[short] = entry
        elif is_kept_by_writes(name):
            self.versions.append(name)
        elif short in OTHER_FILES:
            self.files[short] = entry
        elif self._folder.place_below(name) is None:
            self.elsewhere.append(name)
        else:
            self.files[name] = entry

    def _end_of(self, link: Entry) -> Entry | None:
        """
        Return the file of other places that a link of the realm led to, if it leads there now, too.

        Then it is followed because of what is on the disk, and not because of the backup.
        """
        name = link.original.removeprefix(self._old)
        if name not in (*_BOTH, *OTHER_FILES):
            return None
        path = os.path.join(self._folder.paths.config_dir, *link.original.split("/"))
        if not os.path.islink(path):
            return None
        end = os.path.realpath(path).replace(os.sep, "/")
        return self._manifest.by_path.get(f"{OUTSIDE}/{end.lstrip('/')}")

    def _keep_needed_folders(self) -> None:
        needed: set[str] = set()
        for name in (*self.files, *self.links):
            parts = name.split("/")[:-1]
            needed |= {"/".join(parts[:count]) for count in range(1, len(parts) + 1)}
        self.folders = {name: entry for name, entry in self.folders.items() if name in needed}


def is_in_x_pack(manifest: Manifest) -> bool:
    """Check whether the realm is in ``x-pack/``, as Elasticsearch 5 to 6.2 have it."""
    paths = manifest.by_path
    return f"{CONFIG}/users" not in paths and f"{CONFIG}/{_OLD_FOLDER}users" in paths


def require_scope(scope: str, source: str) -> None:
    """
    Check the scope of a restore.

    Raises:
        BackupError: If there is no such scope.
    """
    if scope not in SCOPES:
        raise BackupError(source, f"[{scope}] cannot be restored: choose {', '.join(SCOPES)}")
