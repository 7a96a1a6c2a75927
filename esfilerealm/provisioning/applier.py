"""Applying a plan to a realm, in one transaction."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from .._ground import moments
from ..admin.users_tool import UsersTool
from ..errors import FileChangedError, PlanOutdatedError, UnsafePlanError
from ..findings import Fix
from .plan_result import (
    AddRoles,
    AddUser,
    CreateFile,
    LockUser,
    RehashPassword,
    RemoveRoles,
    RemoveSecureSetting,
    RemoveUser,
    SetAttributes,
    SetExpiry,
    SetManaged,
    SetPassword,
    SetSecureSetting,
    UnlockUser,
    basis_of,
    given_roles,
)
from .planner import Draft
from .shared_work import SharedWork

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from typing import Unpack

    from .._storage import WriteArguments
    from ..admin.transaction import Transaction
    from ..results import WriteResult
    from .plan_result import Change, Plan

__all__ = ["apply", "apply_with", "check_objections", "rehearse"]

#: How often to plan again because another writer was faster.
_ATTEMPTS: Final = 10

_ADVICE: Final = "pass --force (force=True) to do it anyway"


def apply(
    plan: Plan,
    *,
    replan: bool = False,
    jobs: int | None = None,
    show_progress: bool = False,
    **how: Unpack[WriteArguments],
) -> Plan:
    """
    Make all changes of a plan in one transaction, or none of them.

    Missing files are created before, if the plan says so; they stay if the transaction fails.

    Args:
        plan: The plan.

        replan: If the files changed since the plan was made, make a new plan and apply that;
            otherwise this is an error.

        jobs: The number of threads that hash passwords; by default one for each core.

        show_progress: Whether to show a progress bar on standard error, if that is a terminal.

        how: As for ``UsersTool``: *lock_timeout*, *strategy*, *attributes*, *keep*,
            *allow_local_lock* and *audit*.

    Returns:
        The plan that was applied, with its ``result``.

    Raises:
        PlanOutdatedError: If the files changed since the plan was made; with *replan*, if they
            changed during each of several attempts.
        FilePermissionError, FileAccessError, LockTimeoutError, JournalVersionError: If the files
            cannot be written. Nothing is changed then.
        ConfigurationFileMissingError, FileFormatError: If the files have become unusable.
        UnsafePlanError: If a guard objects to the plan.
        InvalidDesiredStateError: As for ``plan``, with *replan*.
        ValueError: If an argument has an invalid value.
    """
    return apply_with(SharedWork(jobs, show_progress=show_progress), plan, replan=replan, how=how)


def apply_with(shared: SharedWork, plan: Plan, *, replan: bool, how: WriteArguments) -> Plan:
    """Apply a plan as ``apply`` does, with what nodes of the same run have in common."""
    for _ in range(_ATTEMPTS if replan else 1):
        check_objections(plan)
        try:
            _check_times(plan)
            return replace(plan, result=_write(plan, _hashes(plan, shared), how))
        except (FileChangedError, PlanOutdatedError) as error:
            outdated = error
        if replan:
            plan = _plan_again(plan, shared)
    raise outdated


def rehearse(plan: Plan, **how: Unpack[WriteArguments]) -> WriteResult:
    """
    Check that a plan can be applied, as far as that can be known. Nothing is written or hashed.

    For the arguments and errors see ``apply``.

    Returns:
        What would be written; its ``warnings`` say what could not be kept.
    """
    check_objections(plan)
    basis = basis_of(plan)
    hashes = {name: given.reveal() for name, given in basis.hashes.items()}
    hashes |= dict.fromkeys(basis.passwords, basis.rules.policy.sample())
    return _write(plan, hashes, how, is_dry_run=True)


def check_objections(plan: Plan) -> None:
    """Raise ``UnsafePlanError`` if a guard objects to a plan."""
    if plan.objections:
        raise UnsafePlanError(f"{'; '.join(plan.objections)}; {_ADVICE}")


def _check_times(plan: Plan) -> None:
    """
    Check that all times that the plan sets are still to come.

    Raises:
        PlanOutdatedError: If one has passed since; a new plan removes the user.
    """
    basis = basis_of(plan)
    now = moments.now().time
    if any(time is not None and time <= now for time in basis.expiries.values()):
        raise PlanOutdatedError(basis.accounts[0] if basis.accounts else plan.config_dir)


def _plan_again(plan: Plan, shared: SharedWork) -> Plan:
    basis = basis_of(plan)
    draft = Draft(
        plan.config_dir,
        basis.desired,
        shared,
        settings=basis.rules.settings,
        force=basis.force,
        attributes=basis.attributes,
        create=basis.create,
    )
    shared.verify(draft.unverified)
    return draft.finished()


def _hashes(plan: Plan, shared: SharedWork) -> dict[str, str]:
    """Hash all new passwords before the lock is taken, except those of an earlier attempt."""
    basis = basis_of(plan)
    shared.hash([(basis.passwords, basis.rules.policy)])
    hashed = shared.hashes_of(basis.passwords, basis.rules.policy)
    return hashed | {name: given.reveal() for name, given in basis.hashes.items()}


def _write(
    plan: Plan, hashes: dict[str, str], how: WriteArguments, *, is_dry_run: bool = False
) -> WriteResult:
    basis = basis_of(plan)
    requested = basis.desired.attributes
    arguments: WriteArguments = {"attributes": basis.attributes, **how}
    tool = UsersTool(
        plan.config_dir,
        settings=basis.rules.settings,
        dry_run=is_dry_run,
        owner=requested.owner,
        group=requested.group,
        mode=requested.mode,
        known_roles=given_roles(plan.changes),  # the plan has warned of those that are not
        **arguments,
    )
    is_created = any(isinstance(change, CreateFile) for change in plan.changes)
    creation = tool.init() if is_created else None
    if creation is not None and is_dry_run:
        return creation  # what the transaction would change is not there yet
    # Before the lock is taken, since it is the slow part.
    keystore = None if basis.keystore is None else basis.keystore.to_bytes()
    with tool.transaction() as transaction:
        transaction.expect(basis.digests, basis.accounts)
        if keystore is not None:
            transaction.replace_keystore(basis.keystore_digest, keystore, _settings(plan))
        for change in plan.changes:
            _make(change, transaction, hashes, basis.expiries)
        for name in basis.orphans:
            transaction.fix(Fix(name=name.reveal()))
        if plan.changes and basis.desired.purge == "managed":
            _update_managed(plan, transaction)
    if creation is None:
        return transaction.result
    return replace(transaction.result, created=creation.created)


def _settings(plan: Plan) -> dict[str, list[str]]:
    """Return the names of the secure settings that change, by what happens to them."""
    told: dict[str, list[str]] = {}
    for change in plan.changes:
        if isinstance(change, SetSecureSetting):
            what = "settings_added" if change.is_new else "settings_changed"
            told.setdefault(what, []).append(change.setting)
        elif isinstance(change, RemoveSecureSetting):
            told.setdefault("settings_removed", []).append(change.setting)
    return told


def _make(
    change: Change,
    transaction: Transaction,
    hashes: Mapping[str, str],
    expiries: Mapping[str, datetime | None],
) -> None:
    match change:
        case AddUser(name, roles):
            transaction.useradd(name, password_hash=hashes[name], roles=roles)
        case RemoveUser(name):
            transaction.userdel(name)
        case SetPassword(name) | RehashPassword(name):
            transaction.passwd(name, password_hash=hashes[name])
        case AddRoles(name, roles):
            transaction.roles(name, add=roles)
        case RemoveRoles(name, roles):
            transaction.roles(name, remove=roles)
        case SetExpiry(name):
            transaction.expire(name, expiries[name])
        case LockUser(name):
            transaction.lock(name)
        case UnlockUser(name):
            transaction.unlock(name)
        case SetAttributes():
            transaction.set_attributes()


def _update_managed(plan: Plan, transaction: Transaction) -> None:
    """List every added user, even one already listed: otherwise the transaction unlists it."""
    added = [change.username for change in plan.changes if isinstance(change, AddUser)]
    removed = [
        name for change in plan.changes if isinstance(change, SetManaged) for name in change.remove
    ]
    if added or removed:
        transaction.set_managed(added, removed)
