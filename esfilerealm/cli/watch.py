"""``watch``."""

from __future__ import annotations

import json
import logging
from datetime import datetime
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Final, NoReturn

from ..realms.file.realm import FileRealm
from .exits import CONFIGURATION, CommandError
from .output import VERSION, counted, print_changes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ..realms.file.snapshot import RealmChange
    from .arguments import Arguments
    from .target import Target
    from .terminal import Terminal

__all__ = ["run_watch"]


#: Seconds. An interrupt that comes just before the wait for the next event does not end that wait.
_LONGEST_WAIT: Final = 1.0


def run_watch(arguments: Arguments, target: Target, terminal: Terminal) -> NoReturn:
    """Print each reload and what it changed, until interrupted."""
    settings = target.realm_settings
    if not settings.reload_enabled:
        reason = "[resource.reload.enabled] is false, so a node never reads the files again"
        raise CommandError(reason, CONFIGURATION)
    # This thread prints everything, whichever thread reports it.
    events: SimpleQueue[Callable[[], None]] = SimpleQueue()
    realm = FileRealm(
        target.config_dir, settings=settings, watch_events=not arguments.has("no-events")
    )
    printer = _Printer(terminal, realm)
    realm.on_change(lambda change: events.put(lambda: printer.change(change)))
    log = _LogHandler(lambda text: events.put(lambda: printer.problem(text)))
    logger = logging.getLogger("esfilerealm")
    logger.addHandler(log)
    try:
        with realm:
            printer.start(settings.warnings)
            while True:
                _next(events)()
    finally:
        logger.removeHandler(log)


def _next(events: SimpleQueue[Callable[[], None]]) -> Callable[[], None]:
    try:
        return events.get(timeout=_LONGEST_WAIT)
    except Empty:
        return lambda: None


class _LogHandler(logging.Handler):
    """Forwards the warnings of the realm, such as a file that cannot be read."""

    def __init__(self, forward: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._forward = forward

    def emit(self, record: logging.LogRecord) -> None:
        self._forward(record.getMessage())


class _Printer:
    """Prints each event at once, for people or as one JSON object a line."""

    def __init__(self, terminal: Terminal, realm: FileRealm) -> None:
        self._terminal = terminal
        self._realm = realm
        self._generation = 0
        self._was_healthy = True
        self._roles: Mapping[str, tuple[str, ...]] = {}

    def start(self, warnings: Iterable[str]) -> None:
        """Print the first line: from now on, every change is seen."""
        for warning in warnings:
            self._terminal.warn(f"WARNING: {warning}")
        snapshot = self._realm.snapshot
        self._generation = snapshot.generation
        self._was_healthy = bool(snapshot.health)
        self._roles = snapshot.roles_by_user
        users = len(snapshot.users)
        self._print_line(f"watching [{self._realm.config_dir}], {counted(users)}")
        self._print_json("start", generation=snapshot.generation, user_count=users)
        self._terminal.flush()

    def change(self, change: RealmChange) -> None:
        """Print what a reload changed."""
        was_healthy, self._was_healthy = self._was_healthy, bool(change.health)
        if self._was_healthy and not was_healthy:
            self._print_line("both files can be read again")
            self._print_json("recovery")
        if change.generation > self._generation:  # else only the health changed, or it was printed
            self._generation = change.generation
            self._print_line(f"generation {change.generation}, {counted(change.users)}")
            print_changes(self._terminal, change, self._roles)
            self._print_json("change", **_fields(change))
            self._roles = self._realm.snapshot.roles_by_user
        self._terminal.flush()

    def problem(self, text: str) -> None:
        """Print a warning of the log."""
        self._terminal.warn(f"WARNING: {text}")
        self._print_json("problem", message=text)
        self._terminal.flush()

    def _print_line(self, text: str) -> None:
        self._terminal.print(f"{datetime.now().astimezone():%H:%M:%S} {text}")

    def _print_json(self, event: str, **fields: object) -> None:
        if self._terminal.is_for_programs:
            now = datetime.now().astimezone().isoformat(timespec="milliseconds")
            stable = {"command": "watch", "version": VERSION}
            line = json.dumps({**stable, "time": now, "event": event, **fields})
            self._terminal.print_for_programs(line)


def _fields(change: RealmChange) -> dict[str, object]:
    return {
        "generation": change.generation,
        "user_count": change.users,
        "added": change.added,
        "removed": change.removed,
        "passwords": change.passwords,
        "role_changes": {
            name: {"roles_before": before, "roles_after": after}
            for name, (before, after) in change.roles.items()
        },
    }
