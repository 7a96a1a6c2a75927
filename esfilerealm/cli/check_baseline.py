"""``check --baseline``: the findings that are known already."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .._storage import read_file
from ..checks.baseline import Baseline
from ..errors import ConfigurationFileMissingError, FileRealmError, InvalidRulesFileError
from .exits import OK, UsageError
from .output import write_output

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..findings import Finding
    from .arguments import Arguments
    from .target import Target
    from .terminal import Terminal

__all__ = ["without_known", "write_baseline"]

_LARGEST: Final = 2**26


def without_known(
    arguments: Arguments, target: Target, terminal: Terminal, findings: Sequence[Finding]
) -> Sequence[Finding]:
    """
    Return the findings that the baseline does not know; all of them without a baseline.

    Raises:
        ConfigurationFileMissingError: If there is no such file.
        InvalidRulesFileError: If it is not a baseline.
    """
    path = arguments.value("baseline")
    if path is None:
        return findings
    file = read_file(path, largest=_LARGEST)
    if not file.exists:
        raise ConfigurationFileMissingError(path, "make it with --write-baseline")
    baseline = Baseline.read(file.data, path, target.config_dir)
    new = baseline.new(findings)
    terminal.note(f"NOTE: [{len(findings) - len(new)}] findings are in the baseline [{path}]")
    if gone := baseline.gone(findings):
        terminal.note(f"NOTE: [{gone}] of the baseline are gone: write it again")
    return new


def write_baseline(
    arguments: Arguments, target: Target, terminal: Terminal, findings: Sequence[Finding]
) -> int:
    """Write all findings as the baseline, so that from now on only new ones are reported."""
    path = arguments.value("baseline")
    if path is None:
        raise UsageError("option [write-baseline] needs [baseline]: the file to write")
    if arguments.has("fix"):
        raise UsageError("options [write-baseline] and [fix] exclude each other")
    baseline = Baseline.of(findings, target.config_dir)
    force = _is_baseline(path, target.config_dir)
    write_output("baseline", path, baseline.to_bytes(), target.config_dir, force=force)
    terminal.result["baseline"] = {"path": path, "known_count": len(baseline)}
    terminal.print(f"Wrote [{len(baseline)}] known findings to [{path}]")
    return OK


def _is_baseline(path: str, config_dir: str) -> bool:
    """
    Check whether a file is a baseline, which may be replaced wherever it is.

    Raises:
        UsageError: If it is another file.
    """
    try:
        file = read_file(path, largest=_LARGEST)
        if not file.exists:
            return False
        Baseline.read(file.data, path, config_dir)
    except InvalidRulesFileError:
        rule = "is not a baseline, and would be replaced: name another file"
        raise UsageError(f"option [baseline]: [{path}] {rule}") from None
    except FileRealmError:  # a pipe or device, or what cannot be written either
        return False
    return True
