"""``audit``: show the lines of audit logs, and verify them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from .._ground.moments import now, parse_expiry
from ..audit import read, verify
from ..audit.keys import named_by
from .exits import OK, UNPROVEN, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from ..audit import AuditEntry
    from .arguments import Arguments
    from .target import Target
    from .terminal import Terminal

__all__ = ["run_show", "run_verify"]


def run_show(arguments: Arguments, _: Target, terminal: Terminal) -> int:
    """Print the changes, the oldest first."""
    shown = _chosen(arguments)
    if terminal.is_for_programs:
        terminal.result["entries"] = [entry.to_dict() for entry in shown]
        return OK
    for entry in shown:
        terminal.print(*_described(entry))
    return OK


def run_verify(arguments: Arguments, target: Target, terminal: Terminal) -> int:
    """Print what is wrong with the logs, and the head to keep elsewhere."""
    folders = [target.config_dir] if arguments.has("config") else []
    _, key_file = named_by(os.environ)
    result = verify(
        *_paths(arguments),
        key=arguments.value("key-file") or key_file,
        heads=arguments.values("head"),
        folders=[*folders, *arguments.values("also")],
    )
    terminal.result.update(result.to_dict())
    for problem in result.problems:
        terminal.print_problem(str(problem), is_error=True)
    for note in result.notes:
        terminal.note(f"NOTE: {note}")
    count, found = result.line_count, len(result.problems)
    verdict = f"{found} problem{'s' * (found != 1)}" if found else "nothing is wrong"
    terminal.print(f"{count} line{'s' * (count != 1)}: {verdict}")
    if result.head is not None:
        terminal.print(f"head {result.head}")
    return OK if result else UNPROVEN


def _paths(arguments: Arguments) -> list[str]:
    """Return the logs that are given, or that of the environment."""
    path, _ = named_by(os.environ)
    paths = arguments.positionals or ([] if path is None else [path])
    if not paths:
        raise UsageError("the file is missing: name an audit log, or set ESFILEREALM_AUDIT")
    return paths


def _chosen(arguments: Arguments) -> Iterator[AuditEntry]:
    user, since = arguments.value("user"), _since(arguments.value("since"))
    for entry in read(*_paths(arguments)):
        is_late = since is None or (entry.time is not None and entry.time >= since)
        if is_late and user in (None, *entry.usernames):
            yield entry


def _since(text: str | None) -> datetime | None:
    """Return the time since which changes are shown; a duration is one that lies behind."""
    if text is None:
        return None
    moment = now()
    found = parse_expiry(text, moment)
    return moment.time - (found - moment.time) if text[-1:] in "smhd" else found


def _described(entry: AuditEntry) -> Iterator[str]:
    """Return the lines that tell of a change."""
    time = "?" if entry.time is None else entry.time.isoformat(" ", "seconds")
    command = " ".join([entry.command, *(f"--{option}" for option in entry.options)])
    if entry.taken_back is not None:
        command = f"the change of line {entry.taken_back} was not made"
    if entry.recovered is not None:
        command += f" (an interrupted write: {entry.recovered})"
    yield f"{entry.seq}  {time}  {_actor(entry)}  {command}  [{entry.folder}]"
    for key, value in entry.changes.items():
        yield f"    {key.replace('_', ' ')}: {_value(value)}"


def _actor(entry: AuditEntry) -> str:
    user = entry.who.get("user") or entry.who.get("uid") or "?"
    sudo = entry.who.get("sudo_user")
    return f"{user}{f' (sudo by {sudo})' if sudo else ''} on {entry.host or '?'}"


def _value(value: object) -> str:
    """Return a part of a change as text."""
    if isinstance(value, dict):
        if [str(key).rpartition("_")[2] for key in value] == ["before", "after"]:
            return " -> ".join(map(_value, value.values()))
        parts = (f"{name} {_value(item)}".rstrip() for name, item in value.items())
        return "; ".join(parts)
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    return "never" if value is None else str(value)  # only times may be none
