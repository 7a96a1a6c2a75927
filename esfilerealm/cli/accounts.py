"""``sweep``, ``lock``, ``unlock`` and ``expire``, and what other commands say of such users."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from .._ground import moments
from ..admin.account_edit import over_remark
from ..admin.users_tool import UsersTool
from ..errors import FileRealmError
from .exits import OK, UsageError
from .output import print_written

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from ..admin import Transaction
    from .arguments import Arguments
    from .target import Target
    from .terminal import Terminal

__all__ = [
    "expiry",
    "run_expire",
    "run_lock",
    "run_sweep",
    "run_unlock",
    "sweep_quietly",
    "warn_of_lock",
]

_NEVER: Final = "never"
#: Seconds that a command that only reads waits for a writer.
_PATIENCE: Final = 0.2


def run_sweep(arguments: Arguments, target: Target, terminal: Terminal) -> int:
    """Remove the users whose time is over."""
    result = target.tool.sweep()
    names = result.changes.expired
    others = tuple(text for text in result.about_accounts if text != over_remark(names))
    print_written(arguments, target, terminal, replace(result, about_accounts=others))
    verb = "Dry run. Would remove" if arguments.has("dry-run") else "Removed"
    if names:
        terminal.print(*(f"{verb} [{name}]" for name in names))
    else:
        terminal.print("Nobody's time is over")
    return OK


def run_lock(arguments: Arguments, target: Target, terminal: Terminal) -> int:
    """Lock users."""
    return _change_each(arguments, target, terminal, lambda change, name: change.lock(name), "lock")


def run_unlock(arguments: Arguments, target: Target, terminal: Terminal) -> int:
    """Unlock users."""
    return _change_each(
        arguments, target, terminal, lambda change, name: change.unlock(name), "unlock"
    )


def _change_each(
    arguments: Arguments,
    target: Target,
    terminal: Terminal,
    make: Callable[[Transaction, str], object],
    effect: str,
) -> int:
    """Make a change to each user that is named, all in one write."""
    names = list(dict.fromkeys(arguments.positionals))
    with target.tool.transaction() as change:
        for name in names:
            make(change, name)
    terminal.result["names"] = names
    listed = ", ".join(f"[{name}]" for name in names)
    print_written(arguments, target, terminal, change.result, f"{effect} {listed}")
    return OK


def run_expire(arguments: Arguments, target: Target, terminal: Terminal) -> int:
    """Set when a user is removed."""
    if len(arguments.positionals) != len(("USERNAME", "TIME")):
        raise UsageError("expected a username and a time, such as 8h or never")
    username, text = arguments.positionals
    expires = None if text == _NEVER else moments.parse_expiry(text, moments.now())
    with target.tool.transaction() as change:
        change.expire(username, expires)
    shown = None if expires is None else moments.shown_time(expires)
    terminal.result.update(username=username, expires=shown)
    effect = f"remove [{username}] at [{shown}]" if shown else f"let [{username}] stay for good"
    print_written(arguments, target, terminal, change.result, effect)
    if not arguments.has("dry-run") and shown:
        terminal.print(f"[{username}] expires at [{shown}]")
    return OK


def sweep_quietly(arguments: Arguments, target: Target, terminal: Terminal) -> None:
    """Remove the users whose time is over, if that is possible at once, before others are read."""
    tool = target.tool
    try:
        sweeper = UsersTool(
            tool.config_dir,
            settings=tool.settings,
            lock_timeout=_PATIENCE,
            audit=arguments.audit,
        )
        names = sweeper.sweep().changes.expired
    except FileRealmError:  # whoever may write will do it
        return
    if names:
        listed = ", ".join(f"[{name}]" for name in names)
        terminal.note(f"NOTE: removed {listed}, since their time is over")


def warn_of_lock(target: Target, terminal: Terminal, username: str) -> None:
    """Warn that a user is locked, if it is."""
    state = target.tool.accounts().get(username)
    if state is not None and state.is_locked:
        terminal.result["is_locked"] = True
        terminal.warn(
            f"WARNING: [{username}] is locked, so no password is right: 'esfilerealm unlock' "
            "unlocks it"
        )


def expiry(arguments: Arguments) -> datetime | None:
    """Return the time of ``--expires``, or None without it."""
    text = arguments.value("expires")
    return None if text is None else moments.parse_expiry(text, moments.now())
