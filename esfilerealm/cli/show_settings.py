"""``settings``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._ground.showing import shown
from .exits import CONFIGURATION, OK
from .terminal import SILENT

if TYPE_CHECKING:
    from ..settings.report import SettingsReport
    from .arguments import Invocation

__all__ = ["run_settings"]


def run_settings(invocation: Invocation) -> int:
    """Show every setting of the realm, and all that is wrong with them."""
    report = invocation.inspect_settings()
    invocation.terminal.print(_table(report))
    for problem in report.problems:
        invocation.terminal.warn(f"ERROR: {problem}", SILENT)
    for warning in report.warnings:
        invocation.terminal.warn(f"WARNING: {warning}", SILENT)
    invocation.result["settings"] = [
        {"key": setting.key, "value": setting.value, "source": setting.source}
        for setting in report.settings
    ]
    invocation.result["problems"] = [str(problem) for problem in report.problems]
    invocation.result["warnings"] = list(report.warnings)
    return CONFIGURATION if report.problems else OK


def _table(report: SettingsReport) -> str:
    rows = [(setting.key, shown(setting.value), setting.source) for setting in report.settings]
    key_width, value_width = (max(len(row[column]) for row in rows) for column in (0, 1))
    return "\n".join(
        f"{key:<{key_width}}  {value:<{value_width}}  {source}" for key, value, source in rows
    )
