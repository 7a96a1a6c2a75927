"""From a desired state and the files of a realm to a plan. Nothing is written here."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import replace
from typing import TYPE_CHECKING

from .._ground import moments
from .._ground.showing import shown_name
from .._ground.values import Secret
from .._storage import RealmFolder, WriteOptions
from ..admin.users_tool import UsersTool
from ..settings import RealmSettings
from .comparison import Comparison
from .credentials import CredentialRules
from .guards import objections
from .keystore_comparison import KeystoreComparison
from .node_accounts import NodeAccounts
from .plan_result import (
    AddRoles,
    AddUser,
    Basis,
    CreateFile,
    LockUser,
    Plan,
    RehashPassword,
    RemoveOrphan,
    RemoveRoles,
    RemoveUser,
    SetAttributes,
    SetExpiry,
    SetManaged,
    SetPassword,
    UnlockUser,
    given_roles,
    standing_text,
)
from .shared_work import SharedWork

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from .._storage import FileContent, ManagedUsers, RealmFiles, Tolerance
    from .desired import DesiredState
    from .plan_result import Change
    from .values import FileAttributes

__all__ = ["Draft", "plan"]


def plan(
    config_dir: str | os.PathLike[str],
    desired: DesiredState,
    *,
    settings: RealmSettings | None = None,
    force: bool = False,
    attributes: Tolerance = "refuse",
    jobs: int | None = None,
    show_progress: bool = False,
    create: bool = False,
) -> Plan:
    """
    Find the changes that a realm needs to reach a desired state. Nothing is written or hashed.

    A password stays if it matches the stored hash, and if that hash meets the policy.

    Args:
        config_dir: The directory that contains ``users`` and ``users_roles``.

        desired: The desired state.

        settings: The settings of the node; by default read from ``elasticsearch.yml`` in
            *config_dir*.

        force: Skip the guards. They object to locking out every superuser, and to a purge by a
            document without users.

        attributes: As for ``UsersTool``. With ``warn``, an owner that cannot be set is no change.

        jobs: The number of threads that verify passwords; by default one for each core.

        show_progress: Whether to show a progress bar on standard error, if that is a terminal.

        create: Create the directory, ``users`` and ``users_roles`` where they are missing. By
            default a missing ``users`` is an error, since the directory may be mistyped.

    Raises:
        InvalidDesiredStateError: If the desired state breaks a rule that only the node knows: a
            reserved name, an unreadable password, a new user without credentials, a hash that does
            not meet the policy. The error names all of them.
        ConfigurationFileMissingError, FileFormatError, InvalidSettingError,
        InvalidAttributeError, UnknownHashAlgorithmError, FilePermissionError, FileAccessError,
        JournalVersionError, KeystorePasswordError, KeystoreCorruptedError, KeystoreVersionError,
        MissingExtraError: As for every method of ``UsersTool``, and as for ``Keystore.read`` if the
            desired state names settings of the keystore.
    """
    shared = SharedWork(jobs, show_progress=show_progress)
    draft = Draft(
        config_dir,
        desired,
        shared,
        settings=settings,
        force=force,
        attributes=attributes,
        create=create,
    )
    shared.verify(draft.unverified)
    return draft.finished()


class Draft:
    """
    A plan that is finished once passwords were verified; all else has been read.

    Args:
        shared: Has verified the passwords of ``unverified`` when ``finished`` is called.

    For the other arguments and errors see ``plan``.

    Attributes:
        unverified: Passwords that may be those of stored hashes, with these.
    """

    def __init__(
        self,
        config_dir: str | os.PathLike[str],
        desired: DesiredState,
        shared: SharedWork,
        *,
        settings: RealmSettings | None,
        force: bool,
        attributes: Tolerance,
        create: bool,
    ) -> None:
        self._config_dir = os.path.abspath(os.fspath(config_dir))
        self._settings = settings or RealmSettings.load(self._config_dir, check_realm=False)
        self._rules = CredentialRules.of(self._settings, desired.hash_policy)
        self._force = force
        self._attributes: Tolerance = attributes
        self._create = create
        folder = RealmFolder(self._config_dir, in_x_pack=self._settings.is_in_x_pack)
        files, self._managed, self._accounts = folder.read_with_both(
            needs_managed=desired.purge == "managed", may_be_missing=create
        )
        realm = shared.realm_of(files, self._settings)
        accounts = NodeAccounts(self._accounts, realm, moments.now())
        self._comparison = Comparison(desired, accounts, self._managed.names, self._rules, shared)
        self._attribute_changes = [*_attribute_changes(files.both, desired.attributes, attributes)]
        self._digests = _digests(files, self._managed, desired, creates=create)
        self._keystore = KeystoreComparison(
            self._config_dir, desired, self._settings.elasticsearch_version, shared
        )
        self.unverified = self._comparison.unverified

    def finished(self) -> Plan:
        """Return the plan."""
        self._comparison.settle()
        changes = (*self._changes(),)
        desired = self._comparison.desired
        tool = UsersTool(self._config_dir, settings=self._settings, known_roles=desired.known_roles)
        unknown = tool.unknown_roles(given_roles(changes))
        warnings = [*self._rules.remarks(self._comparison.passwords), *self._comparison.warnings]
        if unknown:
            warnings.append(tool.unknown_roles_text(unknown))
        return Plan(
            self._config_dir,
            changes,
            desired.notes,
            tuple(warnings),
            unknown,
            _basis=self._basis(),
            objections=() if self._force else tuple(objections(self._comparison)),
        )

    def _changes(self) -> Iterator[Change]:
        if self._create:
            yield from _creations(self._config_dir, self._settings)
        yield from _user_changes(self._comparison, self._rules.policy.algorithm)
        yield from self._attribute_changes
        yield from _managed_changes(self._comparison, self._managed)
        yield from self._keystore.changes

    def _expected_accounts(self) -> tuple[str, str | None] | None:
        file = self._accounts.file
        return (file.path, file.digest) if self._accounts.fault is None else None

    def _basis(self) -> Basis:
        comparison = self._comparison
        return Basis(
            desired=_with_passwords(self._keystore.desired, comparison.read),
            rules=self._rules,
            force=self._force,
            create=self._create,
            attributes=self._attributes,
            digests=self._digests,
            passwords=comparison.passwords,
            hashes=comparison.hashes,
            orphans=tuple(map(Secret, comparison.orphans)),
            roles=_roles_before_and_after(comparison),
            expiries=comparison.expiries,
            standings=_standings_before_and_after(comparison),
            accounts=self._expected_accounts(),
            keystore=self._keystore.store,
            keystore_digest=self._keystore.digest,
        )


def _creations(config_dir: str, settings: RealmSettings) -> Iterator[Change]:
    yield from map(
        CreateFile, UsersTool(config_dir, settings=settings, dry_run=True).init().created
    )


def _user_changes(comparison: Comparison, algorithm: str) -> Iterator[Change]:
    for name in comparison.accounts.expired:
        yield RemoveUser(name, "expired")
    affected = {*comparison.roles, *comparison.passwords, *comparison.hashes, *comparison.orphans}
    affected |= {*comparison.locks, *comparison.expiries}
    for name in (user.name for user in comparison.desired.users if user.name in affected):
        if name in comparison.orphans:
            yield _removed_orphan(comparison, name)
        elif comparison.is_new(name):
            yield AddUser(name, comparison.roles[name] or ())
            yield from _account_changes(comparison, name)
        elif comparison.roles.get(name, ()) is None:
            yield RemoveUser(name, "expired" if name in comparison.ended else "absent")
        else:
            yield from _changes_of(comparison, name, algorithm)
    for name in comparison.purged:
        yield RemoveUser(name, "purge")
    for name, reason in comparison.orphans.items():
        if reason == "purge":
            yield _removed_orphan(comparison, name)


def _changes_of(comparison: Comparison, name: str, algorithm: str) -> Iterator[Change]:
    """Yield the changes of a user who stays."""
    if name in comparison.rehashed:
        yield RehashPassword(name, algorithm)
    elif comparison.has_new_hash(name):
        yield SetPassword(name)
    yield from _role_changes(comparison, name)
    yield from _account_changes(comparison, name)


def _account_changes(comparison: Comparison, name: str) -> Iterator[Change]:
    if name in comparison.expiries:
        is_new = comparison.is_new(name)
        before = None if is_new else comparison.accounts.expires(name)
        yield SetExpiry(name, _time_shown(before), _time_shown(comparison.expiries[name]))
    if name in comparison.locks:
        yield LockUser(name) if comparison.locks[name] else UnlockUser(name)


def _time_shown(time: datetime | None) -> str | None:
    return None if time is None else moments.shown_time(time)


def _removed_orphan(comparison: Comparison, name: str) -> Change:
    roles = tuple(map(shown_name, comparison.realm.roles_of(name)))
    return RemoveOrphan(shown_name(name), roles, comparison.orphans[name])


def _role_changes(comparison: Comparison, name: str) -> Iterator[Change]:
    roles = comparison.roles.get(name)
    if roles is None:
        return
    before = comparison.realm.roles_of(name)
    added = tuple(role for role in roles if role not in before)
    removed = tuple(role for role in before if role not in roles)
    if added:
        yield AddRoles(name, added)
    if removed:
        yield RemoveRoles(name, removed)


def _attribute_changes(
    files: Iterable[FileContent], desired: FileAttributes, tolerance: Tolerance
) -> Iterator[Change]:
    requested = WriteOptions(
        owner=desired.owner, group=desired.group, mode=desired.mode, attributes=tolerance
    ).requested_attributes()
    values = {"owner": requested.owner, "group": requested.group, "mode": requested.mode}
    each = {
        "owner": replace(requested, group=None, mode=None),
        "group": replace(requested, owner=None, mode=None),
        "mode": replace(requested, owner=None, group=None),
    }
    for file in files:
        if file.stat is not None and requested.differ_from(file.stat):
            mode = stat.S_IMODE(file.stat.st_mode)
            before = {"owner": file.stat.st_uid, "group": file.stat.st_gid, "mode": mode}
            changed = [name for name, one in each.items() if one.differ_from(file.stat)]
            yield SetAttributes(
                file.path,
                {name: _shown(name, before[name]) for name in changed},
                {name: _shown(name, values[name] or 0) for name in changed},
            )


def _shown(name: str, value: int) -> str:
    return f"{value:04o}" if name == "mode" else str(value)


def _managed_changes(comparison: Comparison, managed: ManagedUsers) -> Iterator[Change]:
    """List the users that a managed purge creates; unlist all other added or removed users."""
    new = [name for name in comparison.roles if comparison.is_new(name)]
    unlisted = {name for name, roles in comparison.roles.items() if roles is None}
    unlisted |= comparison.orphans.keys() | {*comparison.accounts.expired}
    added: list[str] = []
    if comparison.desired.purge == "managed":
        added = [name for name in new if name not in managed.names]
        # Removed by another program, which does not know the list.
        unlisted |= managed.names - comparison.realm.hashes.keys() - {*new}
    else:
        unlisted |= {*new}
    removed = sorted(managed.names & unlisted)
    if added or removed:
        yield SetManaged(managed.file.path, tuple(added), tuple(removed))


def _with_passwords(desired: DesiredState, read: Mapping[str, Secret]) -> DesiredState:
    """Return *desired* with the passwords that were read, since a pipe can be read only once."""
    if not read:
        return desired
    users = (user.with_password(read.get(user.name)) for user in desired.users)
    return replace(desired, users=tuple(users))


def _digests(
    files: RealmFiles, managed: ManagedUsers, desired: DesiredState, *, creates: bool
) -> tuple[str | None, ...]:
    """Return the digests of all files that the plan depends on; created files are empty."""
    missing = hashlib.sha256(b"").hexdigest() if creates else None
    digests = tuple(file.digest or missing for file in files.both)
    return (*digests, managed.file.digest) if desired.purge == "managed" else digests


def _roles_before_and_after(
    comparison: Comparison,
) -> dict[str, tuple[tuple[str, ...] | None, tuple[str, ...] | None]]:
    roles: dict[str, tuple[tuple[str, ...] | None, tuple[str, ...] | None]] = {}
    for name in comparison.accounts.expired:
        roles[name] = comparison.accounts.roles_of_expired(name), comparison.roles.get(name)
    both_files = *comparison.roles, *comparison.passwords, *comparison.hashes
    for name in (*both_files, *comparison.locks, *comparison.expiries):
        if name not in roles:
            is_user = name in comparison.realm.hashes
            before = comparison.realm.roles_of(name) if is_user else None
            roles[name] = before, comparison.roles.get(name, before)
    for name in comparison.orphans:
        roles[shown_name(name)] = comparison.realm.roles_of(name), None
    return roles


def _standings_before_and_after(comparison: Comparison) -> dict[str, tuple[str, str]]:
    """Return what is worth saying of the users whose lock or time changes, before and after."""
    accounts, standings = comparison.accounts, {}
    for name in (*comparison.locks, *comparison.expiries):
        is_user = name in comparison.realm.hashes
        expires = accounts.expires(name) if is_user else None
        standings[name] = (
            standing_text(is_locked=accounts.is_locked(name), expires=expires),
            standing_text(
                is_locked=comparison.is_locked_after(name),
                expires=comparison.expiries.get(name, expires),
            ),
        )
    return standings
