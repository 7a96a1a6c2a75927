"""Both files on disk, as one snapshot that is replaced whole."""

from __future__ import annotations

import os
import threading
from collections import deque
from typing import TYPE_CHECKING, Final, Literal

from ..._ground.logs import get_logger
from ..._storage.pair import read_both
from ..._storage.paths import RealmPaths
from ...errors import ConfigurationFileMissingError
from ...formats.users_roles import ParsedUsersRoles, UsersRolesReader
from .judged_users import JudgedUsers, JudgedUsersReader, report_hash_issues
from .snapshot import RealmHealth, RealmSnapshot
from .tracked_file import LoadedFile

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...settings import RealmSettings
    from .snapshot import RealmChange

__all__ = ["FileRealmStore"]

_LOG: Final = get_logger(__name__)


class FileRealmStore:
    """
    Reads ``users`` and ``users_roles`` as a node does, but both as one.

    Any thread may read ``snapshot`` at any time; it is replaced by one assignment. One thread at a
    time reloads.

    Args:
        config_dir: The folder of both files. A missing file is empty, a missing folder an error.

        settings: Of the node; they decide which usernames a node takes.

        on_unreadable: What becomes of a file that cannot be read or is not UTF-8: ``keep`` the
            last good state of both, or empty that file as a ``node`` does.

    Attributes:
        snapshot: The state now; before anything was read, it is empty and of generation 0.
        on_snapshot: Called with each new state of users and roles before any listener.

    Source:
        ``FileUserPasswdStore``, ``FileUserRolesStore``.
    """

    def __init__(
        self,
        config_dir: str | os.PathLike[str],
        settings: RealmSettings,
        *,
        on_unreadable: Literal["keep", "node"] = "keep",
    ) -> None:
        if on_unreadable not in ("keep", "node"):
            raise ValueError(f"on_unreadable is [{on_unreadable}]: must be [keep] or [node]")
        self.config_dir = os.path.abspath(os.fspath(config_dir))
        self.snapshot = RealmSnapshot({}, {})
        self.on_snapshot: Callable[[RealmSnapshot], object] | None = None
        self._is_loaded = False
        self._keeps_last_good = on_unreadable == "keep"
        self._users = LoadedFile(
            JudgedUsers({}, (), {}),
            lambda path: JudgedUsersReader(path, settings.name_rules, self._users.parsed_or_empty),
            lambda judged: f"[{len(judged.users)}] users",
        )
        self._users_roles = LoadedFile(
            ParsedUsersRoles({}, ()),
            lambda path: UsersRolesReader(path, self._users.parsed_or_empty.users),
            lambda parsed: f"roles of [{len(parsed.roles_by_user)}] users",
        )
        self._paths: RealmPaths | None = None
        self._listeners: list[Callable[[RealmChange], object]] = []
        self._untold: deque[RealmChange] = deque()
        self._reloading = threading.Lock()
        self._telling = threading.Lock()

    @property
    def paths(self) -> RealmPaths:
        """
        Where the files are, decided at the first question.

        A file that vanishes later is not looked for in the folder of old versions: what is left
        there may be as old.
        """
        if self._paths is None:
            self._paths = RealmPaths(self.config_dir)
        return self._paths

    def on_change(self, listener: Callable[[RealmChange], object]) -> None:
        """
        Have *listener* called after each reload that changed users, roles or health.

        The snapshot is the new one by then, and no lock is held. Changes are told one after the
        other, by the thread that reloaded or by one that was telling just then. What a listener
        raises is logged, and stops nothing.
        """
        self._listeners.append(listener)

    def load(self) -> None:
        """Read both files, unless that was done before; for errors see ``reload``."""
        if not self._is_loaded:
            with self._reloading:
                if not self._is_loaded:
                    self._reload()
            self._tell()

    def reload(self) -> bool:
        """
        Read both files again.

        Returns:
            Whether users or roles are others than before.

        Raises:
            ConfigurationFileMissingError: If there is no folder, and never was one. Any other
                fault is in the ``health`` of the snapshot.
        """
        with self._reloading:
            is_changed = self._reload()
        self._tell()
        return is_changed

    def follow(self, _changes: object) -> bool:
        """
        Reload after a change of the files. A listener for a ``FileWatcher``.

        Returns:
            Whether both files could be used; if not, the watcher calls again at its next pass.
        """
        self.reload()
        return bool(self.snapshot.health)

    def after_fork(self) -> None:
        """Replace the locks in a child process; threads of the parent may hold the old ones."""
        self._reloading = threading.Lock()
        self._telling = threading.Lock()

    def _reload(self) -> bool:
        before = self.snapshot
        if not self._is_loaded and not os.path.isdir(self.config_dir):
            advice = "check the path of the configuration folder"
            raise ConfigurationFileMissingError(self.config_dir, advice)
        after = self._read(before)
        is_changed = after.generation != before.generation
        self.snapshot = after
        self._is_loaded = True
        if is_changed and self.on_snapshot is not None:
            self.on_snapshot(after)
        # Who is told of nothing need not have it found out: of a first load it is all.
        if self._listeners and (is_changed or after.health != before.health):
            self._untold.append(after.changes_since(before))
        _report_health(before.health, after.health)
        if is_changed:
            _LOG.info("users or roles changed: generation [%d]", after.generation)
        return is_changed

    def _tell(self) -> None:
        """Tell what is untold, in order; if somebody is telling, that is left to them."""
        telling = self._telling  # a listener may fork, and the child has another lock
        while self._untold and telling.acquire(blocking=False):
            try:
                while self._untold:
                    self._tell_all(self._untold.popleft())
            finally:
                telling.release()

    def _tell_all(self, change: RealmChange) -> None:
        for listener in tuple(self._listeners):
            try:
                listener(change)
            except Exception:  # noqa: BLE001 - whatever it is, the others are told too
                _LOG.exception("a listener for changes of the file realm failed")

    def _read(self, before: RealmSnapshot) -> RealmSnapshot:
        paths = self.paths
        both = read_both(paths)
        self._users.take(paths.users, both.users)
        self._users_roles.take(paths.users_roles, both.users_roles)
        files = (self._users, self._users_roles)
        # By their words, since a missing folder is the same problem for both.
        found = {str(file.problem): file.problem for file in files if file.problem is not None}
        problems = tuple(found.values())
        if not problems:
            return self._snapshot(before, RealmHealth())
        if self._keeps_last_good:
            return before.with_health(
                RealmHealth("stale" if before.generation else "empty", problems)
            )
        return self._snapshot(before, RealmHealth("empty", problems))

    def _snapshot(self, before: RealmSnapshot, health: RealmHealth) -> RealmSnapshot:
        """Put together what both files say; the generation is that of *before* if it is equal."""
        users, users_roles = self._users.parsed_or_empty, self._users_roles.parsed_or_empty
        report_hash_issues(users.hash_issues, before.hash_issues)
        stamps = {"users": self._users.stamp, "users_roles": self._users_roles.stamp}
        after = RealmSnapshot(
            users.users,
            users_roles.roles_by_user,
            generation=before.generation,
            hash_issues=users.hash_issues,
            issues={"users": users.issues, "users_roles": users_roles.issues},
            stamps={name: stamp for name, stamp in stamps.items() if stamp is not None},
            health=health,
        )
        if not before.generation or not after.has_same_content_as(before):
            after.generation += 1
        return after


def _report_health(before: RealmHealth, after: RealmHealth) -> None:
    known = set(map(str, before.problems))
    for problem in after.problems:
        if str(problem) not in known:
            _LOG.error("%s", problem)
    if after and not before:
        _LOG.info("the files of the realm can be used again")
