"""``digest`` and ``compare``."""

from __future__ import annotations

import errno
import os
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from .._ground.extras import require_extra
from .._storage import write_private_file
from ..drift import compare
from ..errors import FileAccessError, FileRealmError
from ..provisioning import read_key, take_fingerprint
from ..provisioning.sources import fingerprint_of
from .drift_sources import sources_of
from .exits import DATA, DIFFERENT, OK, UsageError
from .nodes import run_each
from .output import counted
from .reports.matrix import matrix_of
from .reports.table import lines_of, title_of
from .terminal import VERBOSE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..drift import Drift, Fingerprint
    from ..drift.metrics import NodeFacts
    from .arguments import Arguments
    from .nodes import Nodes
    from .target import Target
    from .terminal import Terminal

__all__ = ["run_compare", "run_digest", "run_digest_all"]

#: How many lines that a node skips are shown, unless with --verbose.
_MOST_LINES: Final = 3


def run_digest_all(arguments: Arguments, nodes: Nodes, terminal: Terminal) -> int:
    """Print the fingerprint of each node, or the metrics of all nodes as one text."""
    if not arguments.has("openmetrics"):
        return run_each(arguments, nodes, terminal)
    with _printed_metrics(arguments, terminal) as found:
        nodes.each(lambda node: _add_facts(node.arguments, node.target, found))
    return nodes.conclude(has_summary=False)


def run_digest(arguments: Arguments, target: Target, terminal: Terminal) -> int:
    """Print the fingerprint of a realm."""
    if arguments.has("openmetrics"):
        with _printed_metrics(arguments, terminal) as found:
            _add_facts(arguments, target, found)
        return OK
    key = _key(arguments)
    made = _fingerprint(arguments, target, key)
    terminal.result["fingerprint"] = made.to_dict()
    if key is None and not made.key_id:
        terminal.note("NOTE: passwords are left out; they need --key-file")
    for line in made.skipped:
        terminal.note(f"NOTE: skipped: {line}", VERBOSE)
    known = made.portable
    terminal.summary = f"{counted(len(known.usernames))}, label {known.label}"
    terminal.print(
        f"node       : {known.node}",
        f"users      : {len(known.usernames)}",
        f"label      : {known.label}",
        f"all        : {known.digest}",
        f"roles      : {known.roles_digest}",
        f"passwords  : {known.hashes_digest if known.knows_hashes else '-'}",
    )
    return OK


@contextmanager
def _printed_metrics(arguments: Arguments, terminal: Terminal) -> Iterator[list[NodeFacts]]:
    """Print what is known of nodes when the block ends, also if a node cannot be read."""
    if arguments.has("json"):
        raise UsageError("options [json] and [openmetrics] exclude each other")
    require_extra("metrics", "--openmetrics", "prometheus_client")
    from .reports.openmetrics import text_of

    found: list[NodeFacts] = []
    try:
        yield found
    finally:
        if found:
            terminal.print_document(text_of(found))


def _add_facts(arguments: Arguments, target: Target, found: list[NodeFacts]) -> None:
    """
    Add what is known of a node.

    Raises:
        FileRealmError: If its files cannot be read; that is added, too.
    """
    from .reports import openmetrics

    key = _key(arguments)
    if arguments.optional is not None:
        found.append(openmetrics.facts_of_source(_fingerprint(arguments, target, key)))
        return
    node, tool = _node(arguments) or socket.gethostname(), target.tool
    try:
        found.append(openmetrics.facts_of_folder(tool, key=key, node=node))
    except FileRealmError:
        found.append(openmetrics.facts_of_unreadable(node))
        raise


def _fingerprint(arguments: Arguments, target: Target, key: bytes | None) -> Fingerprint:
    source, node = arguments.optional, _node(arguments)
    if source is None:
        return fingerprint_of(target.tool, key=key, node=node or socket.gethostname())
    return take_fingerprint(source, key=key, node=node or _default_node(source))


def _node(arguments: Arguments) -> str | None:
    node = arguments.value("node")
    if node == "":
        raise UsageError("option [node] must not be empty")
    return node or arguments.node


def _default_node(source: str) -> str | None:
    return socket.gethostname() if os.path.isdir(source) else None


def _key(arguments: Arguments) -> bytes | None:
    path = arguments.value("key-file")
    return None if path is None else arguments.read_once("key-file", lambda: read_key(path))


def run_compare(arguments: Arguments, _: Target, terminal: Terminal) -> int:
    """Print which users differ on which nodes."""
    if arguments.has("watch"):
        from .drift_watch import watch_drift

        watch_drift(
            arguments.positionals,
            terminal,
            compare=lambda: _compared(arguments),
            show=lambda drift: _show(arguments, terminal, drift),
        )
    drift = _compared(arguments)
    terminal.result.update(drift.to_dict())
    _show(arguments, terminal, drift)
    if drift.unreadable:
        return DATA
    return OK if drift.equal else DIFFERENT


def _compared(arguments: Arguments) -> Drift:
    sources = sources_of(arguments, _key(arguments))
    return compare(sources, ignore_hashes=arguments.has("ignore-hashes"))


def _show(arguments: Arguments, terminal: Terminal, drift: Drift) -> None:
    _print_drift(terminal, drift)
    path = arguments.value("html")
    if path is not None:
        _write_page(path, drift)


def _write_page(path: str, drift: Drift) -> None:
    from .reports.html import page_of

    try:
        write_private_file(path, page_of(drift).encode())
    except FileAccessError as error:
        if error.errno != errno.EEXIST:
            raise
        raise UsageError(f"option [html]{error.reason.removeprefix('it')}") from None


def _print_drift(terminal: Terminal, drift: Drift) -> None:
    if drift.users:
        matrix = matrix_of(drift)
        terminal.print(title_of(drift), "")
        for line in lines_of(matrix, terminal.columns):
            terminal.print_cells(line)
        if matrix.others:
            word = "node says" if matrix.others == 1 else "nodes say"
            terminal.print("", f"{matrix.others} {word} what most nodes say; = means the same")
    elif drift.equal:
        terminal.print(title_of(drift))
    if drift.users and drift.unreadable:
        terminal.print("")
    _print_limits(terminal, drift)


def _print_limits(terminal: Terminal, drift: Drift) -> None:
    """Print what could not be read or compared."""
    for node, reason in drift.unreadable.items():
        terminal.print_problem(f"[{node}] cannot be read: {reason}", is_error=True)
    for node, lines in drift.skipped.items():
        shown = lines if terminal.verbosity >= VERBOSE else lines[:_MOST_LINES]
        for line in shown:
            terminal.note(f"NOTE: [{node}] skips {line}")
        if len(lines) > len(shown):
            terminal.note(f"NOTE: [{node}] skips {len(lines) - len(shown)} more; see --verbose")
    for node, count in drift.unsaid.items():
        what = "the roles" if drift.ignores_hashes else "the roles or the password"
        text = f"NOTE: [{node}] does not say {what} of {counted(count)}: this was not compared"
        terminal.note(text)
