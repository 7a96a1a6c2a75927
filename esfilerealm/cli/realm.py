"""``init``, ``recover``, ``undo`` and ``settings``: the realm as a whole."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import TYPE_CHECKING

from .._ground.showing import printable, shown
from ..errors import FileRealmError
from .exits import CONFIGURATION, DATA, OK
from .output import print_changes, print_modes, print_written

if TYPE_CHECKING:
    from ..settings.report import SettingsReport
    from .arguments import Arguments
    from .target import Target
    from .terminal import Terminal

__all__ = ["run_init", "run_recover", "run_settings", "run_undo"]


def run_init(arguments: Arguments, target: Target, terminal: Terminal) -> int:
    """Create the files of a realm that are missing."""
    tool = target.tool
    result = tool.init()
    print_written(arguments, target, terminal, result)
    verb = "Dry run. Would create" if arguments.has("dry-run") else "Created"
    for path in result.created:
        terminal.print(f"{verb} [{path}]")
    if not result.created:
        terminal.print(f"Nothing to create: [{tool.config_dir}] has both files")
    return OK


def run_recover(_: Arguments, target: Target, terminal: Terminal) -> int:
    """Finish or roll back an interrupted write."""
    tool = target.tool
    if not os.path.lexists(tool.paths.journal):
        tool.listing()  # so that no lock file is created in a mistyped directory
    recovery = tool.recover()
    terminal.result.update(asdict(recovery))
    terminal.print(_sentence(str(recovery)) if recovery else "Nothing to recover")
    return DATA if recovery.outcome == "quarantined" else OK


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def run_undo(arguments: Arguments, target: Target, terminal: Terminal) -> int:
    """Return to the previous version, and print what changed for which user."""
    tool = target.tool
    before = _roles_of_users(target) if terminal.is_coloured else {}
    result = tool.undo()
    changes = result.changes
    is_any = bool(changes.names)
    print_written(arguments, target, terminal, result, "change:" if is_any else "change no user")
    print_changes(terminal, changes, before)
    if not is_any and not arguments.has("dry-run"):
        terminal.print("No user changed")
    print_modes(arguments, terminal, result)
    return OK


def _roles_of_users(target: Target) -> dict[str, tuple[str, ...]]:
    """Return the roles of each user; none if the files cannot be read, which undo may repair."""
    try:
        return target.tool.listing().users
    except FileRealmError:
        return {}


def run_settings(_: Arguments, target: Target, terminal: Terminal) -> int:
    """Print every setting of the realm, and all problems with them."""
    report = target.inspect_settings()
    terminal.print(*_table(report))
    for problem in report.problems:
        terminal.error(str(problem))
    for warning in report.warnings:
        terminal.warn(f"WARNING: {warning}")
    for note in report.notes:
        terminal.note(f"NOTE: {note}")
    terminal.result["settings"] = [
        {"key": setting.key, "value": setting.value, "source": setting.source}
        for setting in report.settings
    ]
    terminal.result["secure_settings"] = list(report.secure_settings)
    terminal.result["problems"] = [str(problem) for problem in report.problems]
    terminal.result["warnings"] = list(report.warnings)
    terminal.result["notes"] = list(report.notes)
    return CONFIGURATION if report.problems else OK


def _table(report: SettingsReport) -> list[str]:
    rows = [
        (printable(setting.key), shown(setting.value), printable(setting.source))
        for setting in report.settings
    ]
    place = f"[{printable(report.keystore or '')}]"
    rows += [(printable(name), "(secure)", place) for name in report.secure_settings]
    key_width, value_width = (max(len(row[column]) for row in rows) for column in (0, 1))
    return [f"{key:<{key_width}}  {value:<{value_width}}  {source}" for key, value, source in rows]
