"""Which files of a unit are anywhere below the configuration directory, and what they need."""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .._ground.faults import FaultsOf
from ..errors import FileAccessError, FileChangedError
from . import system
from .attributes import Attributes
from .below import NewFolder, link_data
from .change import Change
from .names_below import is_kept_by_writes
from .paths import OTHER_FILES
from .read import digest_of
from .target import Target, check_below, nearest_folder, survey_below, target_below

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .paths import RealmPaths
    from .read import FileContent
    from .realm_files import RealmFiles

__all__ = ["Area"]


@dataclass(frozen=True, slots=True)
class Area:
    """
    The files below the configuration directory that no other write changes.

    Attributes:
        top: The real path of the directory; empty if there are none.
        names: Their paths, relative to it, by their real paths.
        folders: As in ``Unit``.
    """

    top: str
    names: Mapping[str, str]
    folders: Mapping[str, Attributes]

    def link_changes(self, links: Mapping[str, str]) -> list[Change]:
        """
        Return the changes that make links.

        Args:
            links: What each is to hold, by its real path, where nothing is.

        Raises:
            FileAccessError: If one is to be elsewhere.
        """
        for path in links:
            check_below(self.top, path)
        return [
            Change(
                target=path,
                before=None,
                status=None,
                data=None,
                after=digest_of(link_data(target)),
                has=Attributes(None),
                attributes=Attributes(None),
                top=self.top,
                link=target,
            )
            for path, target in sorted(links.items())
        ]

    @classmethod
    def of(
        cls,
        paths: RealmPaths,
        files: RealmFiles,
        folders: Mapping[str, Attributes],
        links: Mapping[str, str],
    ) -> Area:
        """Return those among *files*; *folders* and *links* are there to be made."""
        names = {f.path: name for name, f in files.others.items() if name not in OTHER_FILES}
        if not names and not folders and not links:
            return cls("", names, folders)
        with FaultsOf(paths.config_dir, "following"):
            return cls(system.realpath(paths.config_dir), names, folders)

    def has(self, file: FileContent) -> bool:
        """Check whether a file is one of them."""
        return file.path in self.names

    def survey(self, file: FileContent) -> Target:
        """
        Find out whether a file can be replaced.

        Raises:
            FileChangedError: If its name leads elsewhere by now.
            FilePermissionError, FileAccessError: As for ``target_below`` and ``survey_below``; also
                if it has the name of a file that a write keeps for itself.
        """
        name = self.names[file.path]
        if is_kept_by_writes(name):
            reason = "a write keeps a file of that name for itself"
            raise FileAccessError(file.path, errno.EINVAL, reason)
        if target_below(self.top, name.replace("/", os.sep)) != file.path:
            raise FileChangedError(file.path)
        survey_below(self.top, file)
        return Target(file.path)

    def new_folders(self, changes: Sequence[Change]) -> list[NewFolder]:
        """Return the directories that are missing, each after the one that it is in."""
        needed = [os.path.dirname(change.target) for change in changes if change.top is not None]
        missing: dict[str, None] = {}
        for folder in (*needed, *self.folders):
            check_below(self.top, os.path.join(folder, ""))
            with FaultsOf(folder, "examining"):
                there, status = nearest_folder(folder)
            if not stat.S_ISDIR(status.st_mode):
                reason = f"it cannot be made, because [{there}] is a file"
                raise FileAccessError(folder, errno.ENOTDIR, reason)
            for path in self._between(there, folder):
                missing[path] = None
        return [NewFolder(path, self._attributes(path)) for path in sorted(missing)]

    def _between(self, there: str, folder: str) -> list[str]:
        """Return *folder* and the directories above it up to *there*, which is left out."""
        found = []
        while folder != there:
            found.append(folder)
            folder = os.path.dirname(folder)
        return found

    def _attributes(self, folder: str) -> Attributes:
        return self.folders.get(folder) or Attributes.inherited_folder(os.path.dirname(folder))

    def top_of(self, changes: Sequence[Change], new_folders: Sequence[NewFolder]) -> str | None:
        """Return the directory if the changes concern it."""
        concern = bool(new_folders) or any(change.top is not None for change in changes)
        return self.top if concern else None
