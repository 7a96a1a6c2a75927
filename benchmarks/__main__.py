"""
Run all subjects and print one table: ``python -m benchmarks``.

The table informs and does not gate: the exit code is 0 whether or not the aims are met.
"""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from typing import TYPE_CHECKING

from . import (
    auditing,
    backups,
    certificates,
    checking,
    contention,
    drift,
    figure,
    formats,
    keystores,
    logins,
    mappings,
    memory,
    provisioning,
    reloading,
    startup,
    watching,
    write,
)
from .allocator import hold_still
from .comparing import comparison
from .measure import Options, Row, machine
from .results import Results, load, save
from .table import table

if TYPE_CHECKING:
    from collections.abc import Iterator

_SUBJECTS = {
    "startup": startup.rows,
    "formats": formats.rows,
    "checking": checking.rows,
    "memory": memory.rows,
    "write": write.rows,
    "auditing": auditing.rows,
    "contention": contention.rows,
    "provisioning": provisioning.rows,
    "drift": drift.rows,
    "keystores": keystores.rows,
    "backups": backups.rows,
    "certificates": certificates.rows,
    "logins": logins.rows,
    "mappings": mappings.rows,
    "reloading": reloading.rows,
    "watching": watching.rows,
}


def main() -> int:
    """Run the chosen subjects."""
    arguments = _arguments()
    old = load(arguments.compare) if arguments.compare else None
    hold_still()
    options = Options(os.path.abspath(arguments.dir), arguments.quick, arguments.libpass_python)
    rows = [row for subject in arguments.only or _SUBJECTS for row in _rows(subject, options)]
    results = Results(machine(), rows)
    print(results.heading, "", *table(rows), sep="\n")
    if arguments.json:
        save(arguments.json, results)
    if arguments.svg:
        figure.render(results, arguments.svg)
    if old is not None:
        print("", *comparison(old, results), sep="\n")
    return 0


def _rows(subject: str, options: Options) -> Iterator[Row]:
    """Yield the rows of a subject as they come; if one subject fails, the others still run."""
    try:
        for row in _SUBJECTS[subject](options):
            print(f"{subject}: {row.name}", file=sys.stderr)
            yield row
    except Exception as error:  # noqa: BLE001 - the other subjects go on
        traceback.print_exc()
        yield Row(name=subject, note=f"failed with {type(error).__name__}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=main.__doc__)
    parser.add_argument(
        "--only", action="append", choices=_SUBJECTS, help="run this subject only; may be repeated"
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="measure fewer rounds, and nothing with a million users",
    )
    parser.add_argument(
        "--json", metavar="FILE", help="also write the machine and the rows to FILE"
    )
    parser.add_argument("--svg", metavar="FILE", help="draw the growth curves to FILE")
    parser.add_argument("--compare", metavar="OLD.json", help="show what got slower since that run")
    parser.add_argument(
        "--libpass-python",
        metavar="PYTHON",
        help="an interpreter that has libpass (default: create one, unless --quick)",
    )
    parser.add_argument(
        "--dir", default=".", help="create realms in DIR (default: here); a memory disk hides fsync"
    )
    arguments = parser.parse_args()
    if arguments.svg and not figure.is_possible():
        parser.error("--svg needs matplotlib: pip install --group benchmarks")
    return arguments


if __name__ == "__main__":
    sys.exit(main())
