"""Putting a proven backup back: all files in one unit, so that they are as before or as after."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from .._ground.holding import inside
from .._ground.showing import shown, shown_name
from .._storage import RealmFolder, Unit, WriteOptions, make_config_dir
from ..audit import chosen_log
from ..errors import BackupSignatureError, FileRealmError
from ..findings import Finding
from ..results import WriteResult
from .inventory import inventory
from .order import WATCHED, ordered
from .owners import attributes_of
from .paths import CONFIG
from .restored import RestoreResult, is_noticed_soon
from .selection import Selection, is_in_x_pack, is_selected, require_scope
from .state import RestoreState

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from .._storage import ChangeLog, FileContent, Tolerance
    from ..findings import Severity
    from ..results import Recovery
    from .kinds import Scope
    from .verified import VerifiedBackup

__all__ = ["restore_backup"]

_KEYSTORE: Final = "elasticsearch.keystore"
_SETTINGS: Final = "elasticsearch.yml"


def restore_backup(
    verified: VerifiedBackup,
    config_dir: str | os.PathLike[str],
    *,
    only: Scope = "all",
    dry_run: bool = False,
    allow_unsigned: bool = False,
    attributes: Tolerance = "refuse",
    settings: Mapping[str, str] | None = None,
    audit: str | os.PathLike[str] | ChangeLog | None = None,
    lock_timeout: float = 10.0,
    keep: int | None = None,
    allow_local_lock: bool = False,
) -> RestoreResult:
    """
    Make the files of a configuration directory what they are in a backup.

    All change in one unit: after an error or a kill at any moment, all are as before, or all are as
    in the backup. Files that are not in the backup stay, and so does everything outside of the
    directory. Users whose time is over, and emergency users, do not come back.

    Args:
        verified: The backup.

        config_dir: The configuration directory; it is made if it is missing.

        only: ``realm`` for the files that say who may do what, ``security`` for the settings, the
            keystore, keys and certificates too, ``all`` for everything.

        dry_run: Whether to find out everything and write nothing.

        allow_unsigned: Whether a backup may be restored that nobody has signed, or whose signature
            was not checked.

        attributes: What to do if an owner, group or extended attribute cannot be given.

        settings: Settings that win over those of ``elasticsearch.yml``, as with ``-E``.

        audit: The log of changes, or its path; by default ``ESFILEREALM_AUDIT`` names it.

        lock_timeout: Seconds to wait for another writer.

        keep: How many earlier versions of ``users`` and ``users_roles`` are kept; None for as many
            as there are.

        allow_local_lock: Whether to accept a lock that other machines do not see.

    Raises:
        BackupSignatureError: If nobody's signature was checked, and *allow_unsigned* is not given.
        BackupError: If there is no such scope.
        LockTimeoutError: If another writer holds a lock for too long.
        JournalVersionError: If a later version of this package left an interrupted write.
        FileFormatError: If a record of this package is malformed, in the backup or on the disk.
        FilePermissionError, FileAccessError: If something cannot be read or written. Nothing is
            changed, or the message says what is.
        ValueError: If the backup was verified with ``keep=False``.
    """
    require_scope(only, verified.source)
    _require_signer(verified, allow_unsigned=allow_unsigned)
    options = WriteOptions(
        lock_timeout=lock_timeout,
        dry_run=dry_run,
        attributes=attributes,
        keep=keep,
        allow_local_lock=allow_local_lock,
        audit=chosen_log(audit),
    )
    return _Restore(verified, os.fspath(config_dir), only, options, settings).run()


def _require_signer(verified: VerifiedBackup, *, allow_unsigned: bool) -> None:
    if verified.signer is None and not allow_unsigned:
        reason = (
            "nobody's signature was checked, so anybody could have made it: give the allowed "
            "signers and the identity that signed it, or allow_unsigned=True (for a command, "
            "--allow-unsigned)"
        )
        raise BackupSignatureError(verified.source, reason)


class _Restore:
    """One restore."""

    def __init__(
        self,
        verified: VerifiedBackup,
        config_dir: str,
        scope: Scope,
        options: WriteOptions,
        settings: Mapping[str, str] | None,
    ) -> None:
        self._verified = verified
        self._scope = scope
        self._options = options
        self._settings = settings
        in_x_pack = is_in_x_pack(verified.manifest)
        self._folder = RealmFolder(config_dir, in_x_pack=in_x_pack)
        self._config_dir = self._folder.paths.config_dir
        self._findings: list[Finding] = list(verified.findings)

    def run(self) -> RestoreResult:
        """Restore."""
        if self._options.dry_run:
            return self._write(None)
        self._make_folder(self._config_dir, CONFIG)
        users = os.path.dirname(self._folder.paths.users)
        if users != self._config_dir:
            self._make_folder(users, f"{CONFIG}/{os.path.basename(users)}")
        selection = Selection(self._verified.manifest, self._scope, self._folder)
        also = (_KEYSTORE,) if _KEYSTORE in selection.files else ()
        locked = self._folder.locked(self._options, *also)
        result = inside(locked, self._write)
        faults = tuple(locked.faults)
        return replace(result, write=replace(result.write, faults=(*result.write.faults, *faults)))

    def _make_folder(self, path: str, name: str) -> None:
        """Make a directory, in which the lock has to be before anything else can be written."""
        entry = self._verified.manifest.by_path.get(name)
        own = None if entry is None else attributes_of(entry)
        make_config_dir(path, own and own.tolerant() if self._options.is_tolerant else own)

    def _write(self, recovery: Recovery | None) -> RestoreResult:
        selection = Selection(self._verified.manifest, self._scope, self._folder)
        state = RestoreState(self._folder, selection, self._verified)
        unit = self._unit(selection, state)
        left_alone, links = self._left_alone(), self._links(selection).keys()
        write = self._commit(unit)
        if recovery is not None:
            write = replace(write, recovery=recovery)
        return self._result(selection, state, write, left_alone, links)

    def _commit(self, unit: Unit) -> WriteResult:
        if self._options.dry_run and not os.path.isdir(os.path.dirname(unit.files.users.path)):
            top = self._config_dir  # nothing is there that could refuse
            return WriteResult((), created=(os.path.realpath(top), *sorted(unit.folders)))
        return self._folder.commit(unit, self._options)

    def _unit(self, selection: Selection, state: RestoreState) -> Unit:
        folders = {
            path: attributes_of(entry)
            for name, entry in selection.folders.items()
            if (path := self._folder.place_below(name)) is not None
        }
        return Unit(
            state.files,
            _contents(state),
            managed=state.managed,
            accounts=state.accounts,
            users=state.users,
            attributes=state.attributes,
            folders=folders,
            links=dict(self._links(selection).values()),
        )

    def _links(self, selection: Selection) -> dict[str, tuple[str, str]]:
        """Return where the links that are missing are to be, and what they hold, by name."""
        found = {}
        for name, entry in selection.links.items():
            parent, _, last = name.rpartition("/")
            folder = self._folder.place_below(parent) if parent else self._top
            path = folder and os.path.join(folder, last)
            # Not for the files that say who may do what: they change in an order of their own.
            if path and entry.is_member and name not in WATCHED and not os.path.lexists(path):
                found[name] = path, entry.target
        return found

    def _left_alone(self) -> tuple[str, ...]:
        """Return the files of the directory that the backup does not have."""
        try:
            found = inventory(self._config_dir, self._settings).files
        except FileRealmError:
            return ()  # there is no directory yet, or the write says what is wrong with it
        known = self._verified.manifest.by_path
        return tuple(
            file.name.partition("/")[2]
            for file in found
            if file.form == "file"
            and file.name.startswith("config/")
            and file.name not in known
            and file.kind not in ("accounts", "earlier version")
            and is_selected(file.kind, self._scope)
        )

    def _result(
        self,
        selection: Selection,
        state: RestoreState,
        write: WriteResult,
        left_alone: tuple[str, ...],
        links: Collection[str],
    ) -> RestoreResult:
        written = {each.name: each.kind for each in state.restored if each.differs}
        soon = [name for name, kind in written.items() if is_noticed_soon(kind)]
        self._note(selection, state, {*written, *links}, write)
        return RestoreResult(
            config_dir=self._config_dir,
            scope=self._scope,
            is_dry_run=self._options.dry_run,
            written=tuple(sorted(written)),
            unchanged=tuple(sorted(each.name for each in state.restored if not each.differs)),
            created=tuple(self._inner(path) for path in write.created),
            links=tuple(sorted(links)),
            left_alone=left_alone,
            outside=tuple(e.original for e in self._verified.manifest.entries if e.is_outside),
            expired=state.gone,
            users=state.users,
            noticed_soon=tuple(sorted(soon)),
            noticed_at_start=tuple(sorted(written.keys() - set(soon))),
            findings=tuple(self._findings),
            write=write,
        )

    @property
    def _top(self) -> str:
        return os.path.realpath(self._config_dir)

    def _inner(self, path: str) -> str:
        return os.path.relpath(path, self._top).replace(os.sep, "/")

    def _note(
        self,
        selection: Selection,
        state: RestoreState,
        written: Collection[str],
        write: WriteResult,
    ) -> None:
        """Gather what a person should know."""
        one_of_two = {_KEYSTORE, _SETTINGS}.intersection(written)
        name = next(iter(one_of_two), "")
        other = _SETTINGS if name == _KEYSTORE else _KEYSTORE
        if len(one_of_two) == 1 and other not in selection.files and self._has(other):
            message = f"it is restored and [{other}] is not changed, and both belong together"
            self._find("BACKUP40", "warning", message, name)
        for name in selection.elsewhere:
            message = "a link leads out of the configuration directory here: it is not restored"
            self._find("BACKUP41", "warning", message, name)
        for name, entry in selection.links.items():
            if name not in written and not self._is_link_to(name, entry.target):
                message = f"this link to [{shown(entry.target)}] is not restored"
                self._find("BACKUP42", "warning", message, name)
        for message in write.losses:
            self._find("BACKUP43", "warning", message)
        for name in state.gone:
            message = f"the time of user [{shown_name(name)}] is over: it is not restored"
            self._find("BACKUP44", "info", message, "users")

    def _is_link_to(self, name: str, target: str) -> bool:
        path = os.path.join(self._config_dir, *name.split("/"))
        return os.path.islink(path) and os.readlink(path) == target

    def _has(self, name: str) -> bool:
        """Check whether a file is in the backup or in the directory."""
        is_in_backup = f"{CONFIG}/{name}" in self._verified.manifest.by_path
        return is_in_backup or os.path.lexists(os.path.join(self._config_dir, name))

    def _find(self, code: str, severity: Severity, message: str, name: str | None = None) -> None:
        path = None if name is None else os.path.join(self._config_dir, *name.split("/"))
        self._findings.append(Finding(code=code, severity=severity, message=message, path=path))


def _contents(state: RestoreState) -> list[tuple[FileContent, bytes]]:
    """Return what to write, in order."""
    differing = [each for each in state.restored if each.differs]
    others_change = any(e.file.data != e.data for e in differing if e.name not in WATCHED)
    first, last = ordered(state.before, state.after, others_change=others_change)
    written = {name for name, _ in (*first, *last)}
    return [
        *((state.watched[name], data) for name, data in first),
        *((each.file, each.data) for each in differing if each.name not in written),
        *((state.watched[name], data) for name, data in last),
    ]
