"""``watch``."""

from __future__ import annotations

import json
import logging
from datetime import datetime
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Final, NoReturn

from ..realms.file.realm import FileRealm
from .changes import change_lines
from .exits import CONFIGURATION, CommandError
from .terminal import SILENT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ..realms.file.snapshot import RealmChange
    from .arguments import Invocation
    from .terminal import Terminal

__all__ = ["run_watch"]


#: Seconds. An interrupt may come just before the wait for what happens next, and not end it.
_LONGEST_WAIT: Final = 1.0


def run_watch(invocation: Invocation) -> NoReturn:
    """Print each reload and what it changed, until interrupted."""
    settings = invocation.realm_settings
    if not settings.reload_enabled:
        reason = "[resource.reload.enabled] is false, so a node never looks at the files again"
        raise CommandError(reason, CONFIGURATION)
    # Everything is printed by this thread, whichever one it happened in.
    happenings: SimpleQueue[Callable[[], None]] = SimpleQueue()
    realm = FileRealm(
        invocation.tool.config_dir,
        settings=settings,
        watch_events=not invocation.has("no-events"),
    )
    printer = _Printer(invocation.terminal, realm)
    realm.on_change(lambda change: happenings.put(lambda: printer.change(change)))
    log = _Log(lambda text: happenings.put(lambda: printer.problem(text)))
    logger = logging.getLogger("esfilerealm")
    logger.addHandler(log)
    try:
        with realm:
            printer.start(settings.warnings)
            while True:
                _next(happenings)()
    finally:
        logger.removeHandler(log)


def _next(happenings: SimpleQueue[Callable[[], None]]) -> Callable[[], None]:
    try:
        return happenings.get(timeout=_LONGEST_WAIT)
    except Empty:
        return lambda: None


class _Log(logging.Handler):
    """Hands on what the realm finds worth a warning, such as a file that cannot be read."""

    def __init__(self, hand_on: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._hand_on = hand_on

    def emit(self, record: logging.LogRecord) -> None:
        self._hand_on(record.getMessage())


class _Printer:
    """Prints for people, or one JSON object a line; at once, for the next may be long in coming."""

    def __init__(self, terminal: Terminal, realm: FileRealm) -> None:
        self._terminal = terminal
        self._realm = realm
        self._generation = 0
        self._was_well = True

    def start(self, warnings: Iterable[str]) -> None:
        """Say what there is, and that every change is seen from now on."""
        for warning in warnings:
            self._terminal.warn(f"WARNING: {warning}", SILENT)
        snapshot = self._realm.snapshot
        self._generation = snapshot.generation
        self._was_well = bool(snapshot.health)
        self._print(
            f"watching [{self._realm.config_dir}], {_users(len(snapshot.users))}",
            {"event": "start", "generation": snapshot.generation, "users": len(snapshot.users)},
        )

    def change(self, change: RealmChange) -> None:
        """Tell what a reload changed."""
        was_well, self._was_well = self._was_well, bool(change.health)
        if self._was_well and not was_well:
            self._print("both files can be read again", {"event": "recovery"})
        if change.generation <= self._generation:
            return  # it is about the health only, or told already
        self._generation = change.generation
        lines = [f"generation {change.generation}, {_users(change.users)}", *change_lines(change)]
        self._print("\n".join(lines), {"event": "change", **_fields(change)})

    def problem(self, text: str) -> None:
        """Pass on what the log says."""
        self._terminal.warn(f"WARNING: {text}", SILENT)
        self._print("", {"event": "problem", "message": text})

    def _print(self, text: str, fields: dict[str, object]) -> None:
        now = datetime.now().astimezone()
        if self._terminal.is_for_programs:
            self._terminal.print_for_programs(
                json.dumps({"time": now.isoformat(timespec="milliseconds"), **fields})
            )
        elif text:
            self._terminal.print(f"{now:%H:%M:%S} {text}")
        self._terminal.flush()


def _users(count: int) -> str:
    return f"{count} user" if count == 1 else f"{count} users"


def _fields(change: RealmChange) -> dict[str, object]:
    return {
        "generation": change.generation,
        "users": change.users,
        "added": change.added,
        "removed": change.removed,
        "passwords": change.passwords,
        "roles": {
            name: {"before": before, "after": after}
            for name, (before, after) in change.roles.items()
        },
    }
