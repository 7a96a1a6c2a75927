"""Making a realm what a plan says, in one transaction."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ..admin.users_tool import UsersTool
from ..errors import FileChangedError, PlanOutdatedError
from ..hashing.pool import HashingPool
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
from .planner import plan as plan_anew

if TYPE_CHECKING:
    from typing import Unpack

    from .._ground.secret import Secret
    from .._storage import WriteArguments
    from ..admin.transaction import Transaction
    from ..results import WriteResult
    from .changes import Change
    from .plan_result import Plan

__all__ = ["apply", "rehearse"]

#: How often to plan anew because somebody wrote in between.
_ATTEMPTS: Final = 10


def apply(
    plan: Plan,
    *,
    replan: bool = False,
    jobs: int | None = None,
    show_progress: bool = False,
    **how: Unpack[WriteArguments],
) -> Plan:
    """
    Do what a plan says: all of it in one transaction, or nothing.

    Args:
        plan: What to do.

        replan: If the files are others by now, plan anew and do that; else that is an error.

        jobs: How many passwords to hash at once; by default as many as there are cores.

        show_progress: Whether to show a bar on standard error, if that is a terminal.

        how: As for ``UsersTool``: *lock_timeout*, *strategy*, *attributes*, *keep* and
            *allow_local_lock*.

    Returns:
        The plan, or the one that was made anew, with its ``result``.

    Raises:
        PlanOutdatedError: If somebody changed the files since the plan was made; with *replan*, if
            somebody does so again and again.
        FilePermissionError, FileAccessError, LockTimeoutError, JournalVersionError: If it cannot be
            written; nothing is changed.
        ConfigurationFileMissingError, FileFormatError: If the files are of no use by now.
        InvalidDesiredStateError, UnsafePlanError: As for ``plan``, with *replan*.
        ValueError: If an argument has a value that is none.
    """
    pool = HashingPool(jobs, show_progress=show_progress)
    known: dict[tuple[str, Secret], str] = {}
    for _ in range(_ATTEMPTS if replan else 1):
        try:
            return replace(plan, result=_write(plan, _hashed(plan, pool, known), how))
        except (FileChangedError, PlanOutdatedError) as error:
            outdated = error
        if replan:
            plan = plan_anew(
                plan.config_dir,
                plan.basis.desired,
                settings=plan.basis.settings,
                force=plan.basis.force,
                attributes=plan.basis.attributes,
                jobs=jobs,
                show_progress=show_progress,
            )
    raise outdated


def rehearse(plan: Plan, **how: Unpack[WriteArguments]) -> None:
    """
    Make sure that a plan can be applied, as far as that can be known. Nothing is written or hashed.

    For the arguments and errors see ``apply``. What the system refuses only in the act, such as to
    give a file another owner, is not found.
    """
    basis = plan.basis
    hashes = {name: given.reveal() for name, given in basis.hashes.items()}
    _write(
        plan, hashes | dict.fromkeys(basis.passwords, basis.policy.sample()), how, is_dry_run=True
    )


def _hashed(plan: Plan, pool: HashingPool, known: dict[tuple[str, Secret], str]) -> dict[str, str]:
    """Hash all new passwords, before the lock is taken; what is *known* is not hashed again."""
    basis = plan.basis
    unknown = [item for item in basis.passwords.items() if item not in known]
    new = pool.map(lambda item: basis.policy.hash(item[1].reveal()), unknown, "hashing")
    known.update(zip(unknown, new, strict=True))
    hashed = {item[0]: known[item] for item in basis.passwords.items()}
    return hashed | {name: given.reveal() for name, given in basis.hashes.items()}


def _write(
    plan: Plan, hashes: dict[str, str], how: WriteArguments, *, is_dry_run: bool = False
) -> WriteResult:
    wish = plan.basis.desired.attributes
    arguments: WriteArguments = {"attributes": plan.basis.attributes, **how}
    tool = UsersTool(
        plan.config_dir,
        settings=plan.basis.settings,
        dry_run=is_dry_run,
        owner=wish.owner,
        group=wish.group,
        mode=wish.mode,
        **arguments,
    )
    with tool.transaction() as transaction:
        transaction.expect(plan.basis.digests)
        for change in plan.changes:
            _make(change, transaction, hashes)
        if plan.changes and plan.basis.desired.purge == "managed":
            _list_managed(plan, transaction)
    return transaction.result


def _make(change: Change, transaction: Transaction, hashes: dict[str, str]) -> None:
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
        case SetAttributes():
            transaction.set_attributes()


def _list_managed(plan: Plan, transaction: Transaction) -> None:
    """List all who come, be they listed already; without that, a transaction forgets them."""
    come = [change.username for change in plan.changes if isinstance(change, AddUser)]
    go = [
        name for change in plan.changes if isinstance(change, SetManaged) for name in change.remove
    ]
    if come or go:
        transaction.set_managed(come, go)
