"""Both files on disk, as one snapshot that is replaced as a whole."""

from __future__ import annotations

import itertools
import os
import threading
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Final, Literal

from ..._ground.holding import Mutex
from ..._ground.logs import get_logger, log_errors
from ..._storage import Accounts, RealmFolder
from ...checks.realm import check_entries
from ...errors import ConfigurationFileMissingError, FileRealmError
from ...formats.realm import ParsedRealm
from ...formats.users_roles import ParsedUsersRoles, UsersRolesReader
from .snapshot import RealmHealth, RealmSnapshot
from .tracked_file import CheckedUsersReader, TrackedFile

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..._storage import Account, SettledRead
    from ...formats import HashIssue
    from ...settings import RealmSettings
    from .snapshot import HealthStatus, RealmChange

    _Files = tuple[TrackedFile[ParsedRealm], TrackedFile[ParsedUsersRoles]]

__all__ = ["FileRealmStore"]

_LOG: Final = get_logger(__name__)

_EMPTY: Final = ParsedRealm({}, {}, issues={"users": (), "users_roles": ()}, find_hash_issues=dict)


class FileRealmStore:
    """
    Reads ``users`` and ``users_roles`` as a node does, but both as one state.

    Any thread may read ``snapshot`` at any time; it is replaced by one assignment. One thread at a
    time reloads, and nothing that may wait for another thread happens meanwhile. The handler of a
    signal may reload while its thread does: then what it read, which is newer, stays. An exception
    at any moment leaves the snapshot before or the one after, and the next reload goes on.

    Args:
        config_dir: The directory of both files. A missing file is empty; a missing directory is an
            error.

        settings: The settings of the node, which decide which usernames are reserved.

        on_unreadable: What to do if a file cannot be read or is not UTF-8: ``keep`` the last good
            state of both files, or treat that file as empty as a ``node`` does.

    Attributes:
        snapshot: The current state; empty and of generation 0 before anything was read.
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
        self._is_in_x_pack = settings.is_in_x_pack
        self.snapshot = RealmSnapshot(_EMPTY)
        self.on_snapshot: Callable[[RealmSnapshot], object] | None = None
        self._is_loaded = False
        self._is_interim = False
        self._keeps_last_good = on_unreadable == "keep"
        self._name_rules = settings.name_rules
        self._files = (
            TrackedFile(_EMPTY, lambda parsed: f"[{len(parsed.hashes)}] users"),
            TrackedFile(
                ParsedUsersRoles({}, ()),
                lambda parsed: f"roles of [{len(parsed.roles_by_user)}] users",
            ),
        )
        self._record_fault = ""
        self._accounts: Mapping[str, Account] = {}
        self._generations = itertools.count(1)
        self._folder: RealmFolder | None = None
        self._listeners: list[Callable[[RealmChange], object]] = []
        self._pending_changes: deque[RealmChange] = deque()
        #: The state of which the listeners have heard, or will by a pending change.
        self._told = self.snapshot
        self._reloading = Mutex()
        self._notifying = Mutex()
        #: The thread that is calling the listeners.
        self._notifier: int | None = None

    def __repr__(self) -> str:
        return f"<FileRealmStore of {self.config_dir!r}: {self.snapshot!r}>"

    @property
    def folder(self) -> RealmFolder:
        """
        The directory. Where its files are is decided when they are first needed.

        A file that vanishes later is not looked up in the directory of old versions of
        Elasticsearch: what is left there may be just as old.
        """
        if self._folder is None:
            self._folder = RealmFolder(self.config_dir, in_x_pack=self._is_in_x_pack)
        return self._folder

    def on_change(self, listener: Callable[[RealmChange], object]) -> None:
        """
        Call *listener* after each reload that changed users, roles or health.

        The new snapshot is in place by then, and no lock is held. Listeners get one change after
        the other, in the thread that reloaded or in one that is calling them already. An
        exception of a listener is logged and stops nothing.
        """
        self._listeners.append(listener)

    def load(self) -> None:
        """Read both files, unless that has been done; for errors see ``reload``."""
        if not self._is_loaded:
            self._reload(only_if=lambda: not self._is_loaded)

    def reload(self) -> bool:
        """
        Read both files again.

        Returns:
            Whether users or roles changed.

        Raises:
            ConfigurationFileMissingError: If the directory is missing and was never read. Every
                other failure is in the ``health`` of the snapshot.
        """
        return self._reload(only_if=lambda: True)

    def follow(self, _changes: object) -> bool:
        """
        Reload after a change of the files. A listener for a ``FileWatcher``.

        Returns:
            Whether nothing is left to do until a file changes; if not, the watcher calls again at
            its next pass.
        """
        self.reload()
        return not self.is_behind

    @property
    def is_behind(self) -> bool:
        """Whether both files have to be read again, even if neither of them changes."""
        return self._is_interim or not self.snapshot.health

    def after_fork(self) -> None:
        """In a child process, replace the locks, which threads of the parent may hold."""
        self._reloading = Mutex()
        self._notifying = Mutex()
        self._notifier = None

    def _reload(self, only_if: Callable[[], bool]) -> bool:
        # Logged afterwards: a thread that is logging may be in the handler of a signal, which
        # waits for this one.
        log: list[Callable[[], None]] = []
        is_changed = self._reloading.run(lambda: only_if() and self._reload_now(log))
        for write in log:
            write()
        if is_changed and self.on_snapshot is not None:
            self.on_snapshot(self.snapshot)
        self._notify()
        return is_changed

    def _reload_now(self, log: list[Callable[[], None]]) -> bool:
        before = self.snapshot
        if not self._is_loaded and not os.path.isdir(self.config_dir):
            advice = "check the path of the configuration directory"
            raise ConfigurationFileMissingError(self.config_dir, advice)
        files, after = self._read(before, log)
        if self.snapshot is before:
            self._files, self.snapshot = files, after
            self._is_loaded = True
            log.append(partial(_log_health, before.health, after.health))
        is_changed = self.snapshot.generation != before.generation
        if is_changed:
            message = "users or roles changed: generation [%d]"
            log.append(partial(_LOG.info, message, self.snapshot.generation))
        self._tell_later()
        return is_changed

    def _tell_later(self) -> None:
        """Note a change for the listeners, also one of a reload that was interrupted here."""
        told, now = self._told, self.snapshot
        is_changed = now.generation != told.generation
        # Only if anybody listens: after the first load, the difference has all users.
        if self._listeners and (is_changed or now.health != told.health):
            self._pending_changes.append(now.changes_since(told))
        self._told = now

    def _notify(self) -> None:
        """Call the listeners with all pending changes, unless a thread is doing that."""
        this = threading.get_ident()
        while self._pending_changes and self._notifier != this:
            if not self._notifying.run_if_free(self._call_all):
                return

    def _call_all(self) -> None:
        try:
            self._notifier = threading.get_ident()
            while self._pending_changes:
                change = self._pending_changes[0]
                self._call_listeners(change)
                # Not before: after an interrupt, all of them are called with it again.
                if self._pending_changes and self._pending_changes[0] is change:
                    self._pending_changes.popleft()
            self._notifier = None
        except BaseException:
            self._notifier = None
            raise

    def _call_listeners(self, change: RealmChange) -> None:
        for listener in tuple(self._listeners):
            try:
                listener(change)
            except Exception:  # noqa: BLE001 - whatever it is, the others have to be called
                _LOG.exception("a listener for changes of the file realm failed")

    def _read(
        self, before: RealmSnapshot, log: list[Callable[[], None]]
    ) -> tuple[_Files, RealmSnapshot]:
        paths, both = self.folder.paths, self.folder.read_settled()
        self._is_interim = both.is_interim
        users, users_roles = self._files
        known = users.parsed_or_empty
        users = users.after(
            paths.users,
            both.users,
            lambda path: CheckedUsersReader(path, self._name_rules, known),
            log,
        )
        users_roles = users_roles.after(
            paths.users_roles,
            both.users_roles,
            lambda path: UsersRolesReader(path, users.parsed_or_empty.hashes),
            log,
        )
        files = (users, users_roles)
        # By their texts, since a missing directory is the same problem for both.
        found = {str(file.problem): file.problem for file in files if file.problem is not None}
        problems = tuple(found.values())
        if problems and self._keeps_last_good:
            status: HealthStatus = "stale" if before.generation else "empty"
            health = RealmHealth(status, problems, before.health.issues)
            return files, before.with_health(health)
        self._read_accounts(both, log)
        return files, self._snapshot(before, files, problems, log)

    def _read_accounts(self, both: SettledRead, log: list[Callable[[], None]]) -> None:
        """Read who expires; if the record of that cannot be used, what is known stays."""
        if isinstance(both.users, FileRealmError):
            return
        record = Accounts.read(both.users.path)
        known, self._record_fault = self._record_fault, str(record.fault or "")
        if record.fault is None:
            self._accounts = record.by_name
        elif known != self._record_fault:
            log.append(partial(_LOG.warning, "%s; so nobody new expires here", record.fault))

    def _snapshot(
        self,
        before: RealmSnapshot,
        files: _Files,
        problems: tuple[FileRealmError, ...],
        log: list[Callable[[], None]],
    ) -> RealmSnapshot:
        """Join what both files say. An equal state keeps the generation of *before*."""
        users, users_roles = files[0].parsed_or_empty, files[1].parsed_or_empty
        log.append(partial(_log_hash_issues, before.hash_issues, users.hash_issues))
        stamps = {"users": files[0].stamp, "users_roles": files[1].stamp}
        parsed = ParsedRealm(
            users.hashes,
            users_roles.roles_by_user,
            issues={"users": users.issues["users"], "users_roles": users_roles.issues},
            find_hash_issues=lambda: users.hash_issues,
        )
        paths = self.folder.paths
        issues = check_entries(parsed, sources=(paths.users, paths.users_roles))
        status: HealthStatus = "empty" if problems else "issues" if issues else "ok"
        after = RealmSnapshot(
            parsed,
            generation=before.generation,
            stamps={name: stamp for name, stamp in stamps.items() if stamp is not None},
            health=RealmHealth(status, problems, issues),
            accounts=self._accounts,
        )
        if not before.generation or not after.has_same_content_as(before):
            after.generation = next(self._generations)
        return after


def _log_health(before: RealmHealth, after: RealmHealth) -> None:
    known = set(map(str, before.problems))
    for problem in after.problems:
        if str(problem) not in known:
            _LOG.error("%s", problem)
    if after and not before:
        _LOG.info("the files of the realm can be used again")


def _log_hash_issues(before: Mapping[str, HashIssue], after: Mapping[str, HashIssue]) -> None:
    known = {(issue.username, issue.reason) for issue in before.values()}
    new = [issue for issue in after.values() if (issue.username, issue.reason) not in known]
    log_errors(
        _LOG,
        "%s; set a password",
        [(issue.describe(),) for issue in new],
        "users who cannot log in",
    )
