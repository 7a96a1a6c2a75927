"""From a desired state and the files of a realm to a plan. Reads only."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from typing import TYPE_CHECKING

from .._storage import WriteOptions
from ..hashing import bcrypt
from ..hashing.base import password_bytes
from ..hashing.policy import Policy
from ..hashing.pool import HashingPool
from ..settings import RealmSettings
from .changes import (
    AddRoles,
    AddUser,
    RehashPassword,
    RemoveRoles,
    RemoveUser,
    SetAttributes,
    SetManaged,
    SetPassword,
)
from .comparison import Comparison
from .current import StoredRealm
from .plan_result import Basis, Plan

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .._storage import FileContent, Tolerance
    from .changes import Change
    from .desired import DesiredState
    from .users import FileAttributes, HashPolicy

__all__ = ["plan"]


def plan(
    config_dir: str | os.PathLike[str],
    desired: DesiredState,
    *,
    settings: RealmSettings | None = None,
    force: bool = False,
    attributes: Tolerance = "refuse",
    jobs: int | None = None,
    show_progress: bool = False,
) -> Plan:
    """
    Find out what has to change for a realm to be as desired. Nothing is written.

    A password stays if the stored hash verifies it and meets the policy; nothing is hashed here.

    Args:
        config_dir: The folder that holds ``users`` and ``users_roles``.

        desired: What is wanted.

        settings: Those of the node; by default read from ``elasticsearch.yml`` in *config_dir*.

        force: Allow to leave nobody who holds ``superuser``, and to purge by a desired state that
            wants nobody.

        attributes: As for ``UsersTool``: with ``warn``, an owner that cannot be given is no change.

        jobs: How many passwords to verify at once; by default as many as there are cores.

        show_progress: Whether to show a bar on standard error, if that is a terminal.

    Raises:
        InvalidDesiredStateError: If something is wrong with it that only the node can tell: a
            reserved name, a password that cannot be read, a new user without one, a hash that does
            not meet the policy. All of it is named.
        UnsafePlanError: If a guard says no.
        ConfigurationFileMissingError, FileFormatError, InvalidSettingError,
        InvalidAttributeError, UnknownHashAlgorithmError, FilePermissionError, FileAccessError,
        JournalVersionError: As for every method of ``UsersTool``.
    """
    config_dir = os.path.abspath(os.fspath(config_dir))
    settings = settings or RealmSettings.load(config_dir, check_realm=False)
    settings, policy = _with_policy(settings, desired.hash_policy)
    is_managed = desired.purge == "managed"
    stored = StoredRealm.read(config_dir, settings, needs_managed=is_managed)
    pool = HashingPool(jobs, show_progress=show_progress)
    comparison = Comparison(desired, stored, settings, policy, pool)
    if not force:
        comparison.check_guards()
    changes = (
        *_user_changes(comparison, policy),
        *_attribute_changes(stored.files.both, desired.attributes, attributes),
        *_managed_changes(comparison),
    )
    return Plan(
        config_dir=config_dir,
        changes=changes,
        notes=desired.notes,
        warnings=tuple(_warnings(comparison, policy)),
        basis=_basis(comparison, settings, policy, force=force, attributes=attributes),
    )


def _with_policy(settings: RealmSettings, requested: HashPolicy) -> tuple[RealmSettings, Policy]:
    """Return the settings with the requested algorithm, and the policy for hashes."""
    is_required = requested.algorithm is not None
    if requested.algorithm is not None:
        settings = settings.with_algorithm(requested.algorithm)
    algorithm = settings.password_hashing_algorithm
    minimum_cost = requested.minimum_cost
    return settings, Policy.for_plan(algorithm, is_required=is_required, minimum_cost=minimum_cost)


def _user_changes(comparison: Comparison, policy: Policy) -> Iterator[Change]:
    touched = {*comparison.roles, *comparison.passwords, *comparison.hashes}
    for name in (user.name for user in comparison.desired.users if user.name in touched):
        if comparison.is_new(name):
            yield AddUser(name, comparison.roles[name] or ())
        elif comparison.roles.get(name, ()) is None:
            yield RemoveUser(name, "absent")
        else:
            if name in comparison.rehashed:
                yield RehashPassword(name, policy.algorithm)
            elif comparison.has_new_hash(name):
                yield SetPassword(name)
            yield from _role_changes(comparison, name)
    for name in comparison.purged:
        yield RemoveUser(name, "purge")


def _role_changes(comparison: Comparison, name: str) -> Iterator[Change]:
    roles = comparison.roles.get(name)
    if roles is None:
        return
    before = comparison.stored.parsed.roles_of(name)
    added = tuple(role for role in roles if role not in before)
    removed = tuple(role for role in before if role not in roles)
    if added:
        yield AddRoles(name, added)
    if removed:
        yield RemoveRoles(name, removed)


def _attribute_changes(
    files: Iterable[FileContent], wished: FileAttributes, attributes: Tolerance
) -> Iterator[Change]:
    wish = WriteOptions(
        owner=wished.owner, group=wished.group, mode=wished.mode, attributes=attributes
    ).requested_attributes()
    wanted = {"owner": wish.owner, "group": wish.group, "mode": wish.mode}
    each = {
        "owner": replace(wish, group=None, mode=None),
        "group": replace(wish, owner=None, mode=None),
        "mode": replace(wish, owner=None, group=None),
    }
    for file in files:
        if file.stat is not None and wish.differ_from(file.stat):
            mode = stat.S_IMODE(file.stat.st_mode)
            has = {"owner": file.stat.st_uid, "group": file.stat.st_gid, "mode": mode}
            others = {n: wanted[n] for n, one in each.items() if one.differ_from(file.stat)}
            yield SetAttributes(
                file.path,
                {name: _shown(name, has[name]) for name in others},
                {name: _shown(name, value or 0) for name, value in others.items()},
            )


def _shown(name: str, value: int) -> str:
    return f"{value:04o}" if name == "mode" else str(value)


def _managed_changes(comparison: Comparison) -> Iterator[Change]:
    managed = comparison.stored.managed
    new = [name for name in comparison.roles if comparison.is_new(name)]
    gone = {name for name, roles in comparison.roles.items() if roles is None}
    added: list[str] = []
    if comparison.desired.purge == "managed":
        added = [name for name in new if name not in managed.names]
        gone |= managed.names - comparison.stored.parsed.hashes.keys() - {*new}
    else:
        gone |= {*new}
    removed = sorted(managed.names & gone)
    if added or removed:
        yield SetManaged(managed.file.path, tuple(added), tuple(removed))


def _warnings(comparison: Comparison, policy: Policy) -> Iterator[str]:
    if not policy.algorithm.startswith("bcrypt"):
        return
    for name, password in comparison.passwords.items():
        if len(password_bytes(password.reveal())) > bcrypt.PASSWORD_BYTES:
            yield (
                f"the password of user [{name}] is longer than {bcrypt.PASSWORD_BYTES} bytes, and "
                "bcrypt ignores the rest: use pbkdf2_stretch"
            )


def _basis(
    comparison: Comparison,
    settings: RealmSettings,
    policy: Policy,
    *,
    force: bool,
    attributes: Tolerance,
) -> Basis:
    files: tuple[FileContent, ...] = comparison.stored.files.both
    if comparison.desired.purge == "managed":
        files = (*files, comparison.stored.managed.file)
    touched = dict.fromkeys((*comparison.roles, *comparison.passwords, *comparison.hashes))
    roles = {}
    for name in touched:
        before = comparison.stored.roles_of(name)
        roles[name] = before, comparison.roles.get(name, before)
    desired = comparison.desired
    if comparison.read:
        users = (user.with_password(comparison.read.get(user.name)) for user in desired.users)
        desired = replace(desired, users=tuple(users))
    return Basis(
        desired=desired,
        settings=settings,
        policy=policy,
        force=force,
        attributes=attributes,
        digests=tuple(file.digest for file in files),
        passwords=comparison.passwords,
        hashes=comparison.hashes,
        roles=roles,
    )
