"""Restore with a user of the file realm that is made for it, and removed whatever happens."""

from __future__ import annotations

import time
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from ...errors import ClusterError
from .restore import prepare_restore, restore_snapshot
from .restricted_role import role_in
from .run import StepOutcome
from .steps import (
    AFTER_A_RESTORE,
    authenticate,
    needs_restricted_role,
    open_emergency_access,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ...admin import UsersTool
    from ...admin.rescue import RescueUser
    from .cluster import Cluster
    from .order import SnapshotOrder
    from .run import SnapshotResult
    from .step import Step
    from .versions import Release

__all__ = ["restore_with_emergency_access"]

_TTL: Final = timedelta(hours=1)
_SUPERUSER: Final = "superuser"
#: A node reads its files every 5 seconds, and its disk may be slow.
_TRIES, _PAUSE = 40, 0.5
_UNKNOWN: Final = 401


def restore_with_emergency_access(
    tool: UsersTool,
    connect: Callable[[str, str], Cluster],
    order: SnapshotOrder,
    *,
    expected: Release,
    created: Release | None = None,
    ttl: timedelta = _TTL,
    tell: Callable[[StepOutcome], None] | None = None,
    pause: Callable[[float], None] = time.sleep,
) -> SnapshotResult:
    """
    Restore the security index as a user of the file realm that exists for this alone.

    The user is removed at the end, also by an exception; if this process is killed, the first use
    of the directory after *ttl* removes it. Where even ``superuser`` may not delete security
    indices, a second user gets a role in ``roles.yml`` that may, likewise.

    Args:
        tool: For the directory of the node that *connect* reaches.

        connect: Returns a connection for a name and a password.

        order: What to restore.

        expected: The release that the cluster should have.

        created: The release in which the index was created; None for what the snapshot says.

        ttl: How long the user lasts at most.

        tell: Is called with what came of each step.

        pause: Waits for so many seconds, until the node has read its files.

    Raises:
        FileRealmError: As ``UsersTool.rescue``, ``prepare_restore`` and ``restore_snapshot``; also
            if the node that is reached does not let the user in.
    """
    with ExitStack() as until_the_end:

        def enter(*roles: str) -> Cluster:
            user = until_the_end.enter_context(_added(tool, ttl, roles, tell or _silent))
            cluster = until_the_end.enter_context(connect(user.username, user.password))
            _await(cluster, expected, pause)
            return cluster

        cluster = enter(_SUPERUSER)
        prepared = prepare_restore(cluster, order, expected=expected, created=created, tell=tell)
        if needs_restricted_role(prepared.release, prepared.order):
            cluster = enter(_SUPERUSER, until_the_end.enter_context(role_in(tool.config_dir)))
        return restore_snapshot(cluster, prepared, tell=tell)


def _silent(_: StepOutcome) -> None:
    pass


@contextmanager
def _added(
    tool: UsersTool, ttl: timedelta, roles: Sequence[str], tell: Callable[[StepOutcome], None]
) -> Iterator[RescueUser]:
    """Add a user for the time of a block, and tell both ends."""
    name = ""
    try:
        with tool.rescue(ttl, roles) as user:
            name = user.username
            tell(_outcome(open_emergency_access(roles), f"[{name}], for [{ttl}] at most"))
            yield user
    finally:
        if name and name not in tool.list_users():
            tell(_outcome(AFTER_A_RESTORE[-1], f"[{name}] is removed"))


def _outcome(step: Step, detail: str) -> StepOutcome:
    return StepOutcome(step.name, step.title, "done", detail)


def _await(cluster: Cluster, release: Release, pause: Callable[[float], None]) -> None:
    """Wait until the node lets the user in."""
    request = authenticate(release)
    for _ in range(_TRIES):
        if cluster.send(request, accept=(_UNKNOWN,)).status != _UNKNOWN:
            return
        pause(_PAUSE)
    reason = (
        f"the node has not let user [{cluster.username}] in for {_TRIES * _PAUSE:g} seconds: is "
        "the address that of the node of this configuration directory?"
    )
    raise ClusterError(str(request), reason, _UNKNOWN)
