"""``snapshot``: plans, makes, restores and verifies snapshots of the security index."""

from __future__ import annotations

import os
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Final

from .._ground.showing import shown
from ..backup.snapshot.cluster import Cluster
from ..backup.snapshot.create import create_snapshot
from ..backup.snapshot.emergency import restore_with_emergency_access
from ..backup.snapshot.order import SnapshotOrder
from ..backup.snapshot.render import FORMS, Access, render_steps
from ..backup.snapshot.restore import prepare_restore, restore_snapshot
from ..backup.snapshot.steps import (
    AFTER_A_RESTORE,
    steps_to_create,
    steps_to_restore,
    steps_to_verify,
)
from ..backup.snapshot.verify import verify_snapshot
from ..backup.snapshot.versions import Release, compare_releases
from .exits import NOT_RESTORABLE, OK, CommandError, UsageError
from .passwords import PASSWORD_KEYS, ask_new_password, current_password, named_password
from .snapshot_report import for_programs, outcome_line, plan_for_programs
from .waiting import interrupted_by_signals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from ..backup.snapshot.run import SnapshotResult, StepOutcome
    from ..backup.snapshot.step import Step
    from ..backup.snapshot.versions import Compatibility
    from .arguments import Arguments
    from .target import Target
    from .terminal import Terminal

__all__ = ["run_create", "run_plan", "run_restore", "run_verify"]

_URL: Final = "https://localhost:9200"
_AUTHORITY: Final = ("certs", "http_ca.crt")
#: The names in the documentation, which a plan shows unless others are given.
_DOCUMENTED: Final = {
    "repository": "my_backup",
    "snapshot": "snapshot_1",
    "location": "my_backup_location",
}
_PLANS: Final[dict[str, Callable[[Release, SnapshotOrder], tuple[Step, ...]]]] = {
    "create": steps_to_create,
    "restore": steps_to_restore,
    "verify": steps_to_verify,
}
_INTERRUPTED: Final = (
    "the cluster may go on with the last request; run the same command again, which looks first"
)
_TIMEOUT, _LONGEST_WAIT = 600, 86_400
"""Seconds: the default, and what nobody waits longer than."""


def run_plan(arguments: Arguments, target: Target, terminal: Terminal) -> int:
    """Print the steps, and whether the releases fit."""
    release = _release(arguments)
    form = arguments.choice("format", FORMS)
    order = _order(arguments, _DOCUMENTED)
    plans = {what: _PLANS[what](release, order) for what in _chosen(arguments)}
    access = Access(
        arguments.value("url") or _URL,
        arguments.value("user"),
        _authority(arguments, target),
        arguments.value("netrc-file"),
    )
    verdict = _verdict(arguments, release)
    terminal.result.update(plan_for_programs(release, plans, verdict))
    if verdict is not None:
        verdict.require()
        _tell_remarks(verdict, terminal)
    for number, (what, steps) in enumerate(plans.items()):
        title = [] if len(plans) == 1 else [*([""] if number else ()), f"# To {what}:", ""]
        terminal.print(*title, *render_steps(steps, form, release, access).splitlines())
    return OK


def run_create(arguments: Arguments, target: Target, terminal: Terminal) -> int:
    """Save the security index in a snapshot."""
    release, order = _release(arguments), _order(arguments)

    def password() -> str:
        given = named_password(arguments, "new-password")
        return ask_new_password(terminal) if given is None else given

    with _telling_what_goes_on(terminal), _cluster(arguments, target, terminal) as cluster:
        result = create_snapshot(
            cluster,
            order,
            expected=release,
            backup_password=password,
            tell=_teller(terminal),
        )
    _report(result, terminal)
    terminal.note("Back up the files of every node, too: no snapshot holds them")
    return OK


def run_restore(arguments: Arguments, target: Target, terminal: Terminal) -> int:
    """Restore the security index from a snapshot."""
    release, order = _release(arguments), _order(arguments)
    created, tell = _created(arguments), _teller(terminal)
    username = _restoring_user(arguments, target, terminal)
    if username is None:
        connect = _connector(arguments, target)
        with _telling_what_goes_on(terminal), interrupted_by_signals():
            result = restore_with_emergency_access(
                target.tool, connect, order, expected=release, created=created, tell=tell
            )
    else:
        with (
            _telling_what_goes_on(terminal),
            _cluster(arguments, target, terminal, username) as cluster,
        ):
            prepared = prepare_restore(
                cluster,
                order,
                expected=release,
                created=created,
                any_user=arguments.has("any-user"),
                tell=tell,
            )
            result = restore_snapshot(cluster, prepared, tell=tell)
    _report(result, terminal)
    is_removed = username is None
    for step in AFTER_A_RESTORE[:-1] if is_removed else AFTER_A_RESTORE:
        terminal.note(f"Next: {step.title}. {step.why}")
    return OK


def _restoring_user(arguments: Arguments, target: Target, terminal: Terminal) -> str | None:
    """Return who restores: as given or asked for; None for a user that is made for it."""
    if arguments.has("user"):
        return arguments.value("user")
    if any(map(arguments.has, PASSWORD_KEYS)):
        raise UsageError("whose password is it? Give --user, too")
    try:
        _ = target.location
    except CommandError:
        terminal.note(
            "NOTE: there is no configuration directory here in which to make a user for the time "
            "of the restore: name a user of the file realm of that node"
        )
        name = terminal.ask_line("Name of the user: ", is_secret=False)
        if not name:
            raise UsageError("option [user] is missing: who restores?") from None
        return name
    return None


def run_verify(arguments: Arguments, target: Target, terminal: Terminal) -> int:
    """Tell whether the cluster could restore a snapshot."""
    release, order = _release(arguments), _order(arguments)
    with _cluster(arguments, target, terminal) as cluster:
        result = verify_snapshot(
            cluster,
            order,
            expected=release,
            created=_created(arguments),
            tell=_teller(terminal),
        )
    _report(result, terminal)
    for obstacle in result.obstacles:
        terminal.print_problem(f"It cannot be restored: {obstacle}", is_error=True)
    terminal.print_problem(str(result.compatibility), is_error=not result.compatibility.is_allowed)
    terminal.note("NOTE: nothing shows whether somebody changed it; if you suspect that, leave it")
    return OK if result.is_restorable else NOT_RESTORABLE


def _release(arguments: Arguments) -> Release:
    text = arguments.value("es-version")
    if text is None:
        raise UsageError("option [es-version] is missing: give the release of the cluster")
    release = Release.parse(text)
    release.require_known()
    return release


def _created(arguments: Arguments) -> Release | None:
    text = arguments.value("index-created")
    return None if text is None else Release.parse(text)


def _chosen(arguments: Arguments) -> Sequence[str]:
    """Return the plans to print."""
    what = arguments.optional
    if what is not None and what not in _PLANS:
        raise UsageError(f"WHAT is one of [{', '.join(_PLANS)}], not [{shown(what)}]")
    return list(_PLANS) if what is None else [what]


def _order(arguments: Arguments, defaults: Mapping[str, str] = {}) -> SnapshotOrder:
    names = {}
    for key in ("repository", "snapshot"):
        name = arguments.value(key) or defaults.get(key)
        if name is None:
            raise UsageError(f"option [{key}] is missing: which {key}?")
        names[key] = name
    return SnapshotOrder(
        **names,
        location=arguments.value("location") or defaults.get("location"),
        backup_user=arguments.value("backup-user"),
        global_state=True if arguments.has("global-state") else None,
        by_index=arguments.has("by-index"),
    )


def _verdict(arguments: Arguments, release: Release) -> Compatibility | None:
    """Return whether the releases fit, if the one that made the snapshot is given."""
    made_by = arguments.value("made-by")
    if made_by is None:
        if arguments.has("index-created"):
            raise UsageError("option [index-created] needs [made-by], too")
        return None
    return compare_releases(Release.parse(made_by), release, created=_created(arguments))


def _authority(arguments: Arguments, target: Target) -> str | None:
    """Return the file of authorities: as given, or that of the node of ``-c``."""
    given = arguments.value("ca")
    if given is not None or not arguments.has("config"):
        return given
    path = os.path.join(target.config_dir, *_AUTHORITY)
    return path if os.path.exists(path) else None


def _cluster(
    arguments: Arguments, target: Target, terminal: Terminal, username: str | None = None
) -> Cluster:
    """Connect as the user who is given, or by default as that of ``--user``."""
    username = arguments.value("user") if username is None else username
    if username is None:
        raise UsageError("option [user] is missing: who asks the cluster?")
    return _connector(arguments, target)(username, current_password(arguments, terminal))


def _connector(arguments: Arguments, target: Target) -> Callable[[str, str], Cluster]:
    """Return what connects as a user with a password."""
    timeout = arguments.number("timeout", "a number of seconds")
    timeout = _TIMEOUT if timeout is None else timeout
    if not 0 < timeout <= _LONGEST_WAIT:
        raise UsageError(f"option [timeout] is between 1 and {_LONGEST_WAIT} seconds")
    return partial(
        Cluster,
        arguments.value("url") or _URL,
        ca_file=_authority(arguments, target),
        allow_http=arguments.has("allow-http"),
        timeout=float(timeout),
    )


@contextmanager
def _telling_what_goes_on(terminal: Terminal) -> Iterator[None]:
    """Let an interrupt say that it ends this command, and not what the cluster does."""
    try:
        yield
    except KeyboardInterrupt:
        terminal.describe_written = lambda: _INTERRUPTED
        raise


def _teller(terminal: Terminal) -> Callable[[StepOutcome], None]:
    return lambda outcome: terminal.print(outcome_line(outcome))


def _report(result: SnapshotResult, terminal: Terminal) -> None:
    terminal.result.update(for_programs(result))
    _tell_remarks(result.compatibility, terminal)


def _tell_remarks(verdict: Compatibility, terminal: Terminal) -> None:
    for remark in verdict.remarks:
        terminal.warn(f"WARNING: {remark}")
