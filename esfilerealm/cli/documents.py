"""``validate`` and ``hash-document``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from .._ground.showing import printable
from ..documents.document import content_of
from ..errors import FileRealmError, InvalidDesiredStateError
from ..provisioning import DesiredState, hash_document
from .exits import OK, UsageError
from .hashes import check_algorithm
from .output import counted, write_output
from .plans import (
    STANDARD_INPUT,
    check_standard_input,
    format_of,
    jobs_of,
    load_document,
    read_standard_input,
)
from .terminal import NORMAL

if TYPE_CHECKING:
    from ..provisioning import DocumentFormat
    from .arguments import Arguments
    from .target import Target
    from .terminal import Terminal

__all__ = ["run_hash_document", "run_validate"]


def run_validate(arguments: Arguments, _: Target, terminal: Terminal) -> int:
    """Check documents, and report everything that is wrong with any of them."""
    check_standard_input(arguments.positionals)
    format_ = format_of(arguments)
    states: list[DesiredState] = []
    problems: list[str] = []
    documents = []
    for path in arguments.positionals:
        state, faults = _read(path, format_, terminal)
        states += [] if state is None else [state]
        problems += faults
        users = None if state is None else len(state.users)
        faults = [*map(printable, faults)]
        documents.append({"path": printable(path), "user_count": users, "problems": faults})
    notes = DesiredState.merged(states).notes if states else ()
    if arguments.has("strict"):
        problems += notes
    terminal.result.update(valid=not problems, documents=documents, notes=[*map(printable, notes)])
    if problems:
        raise InvalidDesiredStateError(tuple(problems))
    for note in notes:
        terminal.note(f"NOTE: {note}")
    _print_valid(terminal, states)
    return OK


def _read(
    path: str, format_: DocumentFormat | None, terminal: Terminal
) -> tuple[DesiredState | None, list[str]]:
    """Return a document, or everything that is wrong with it."""
    try:
        return load_document(path, format_, terminal), []
    except InvalidDesiredStateError as error:
        return None, list(error.issues)
    except FileRealmError as error:
        return None, [str(error)]


def _print_valid(terminal: Terminal, states: list[DesiredState]) -> None:
    users = {user.name for state in states for user in state.users}
    documents = f"{len(states)} document{'s' if len(states) > 1 else ''}"
    terminal.print(f"Valid: {documents}, {counted(len(users))}")


def run_hash_document(arguments: Arguments, target: Target, terminal: Terminal) -> int:
    """Print a document with hashes in place of passwords."""
    path, output, format_ = arguments.first, arguments.value("output"), format_of(arguments)
    algorithm = arguments.value("algorithm")
    if algorithm is not None:
        check_algorithm(algorithm)
    if output is None and arguments.has("json"):
        raise UsageError("option [json] needs [output], since the document holds hashes")
    is_stream = path == "-"
    hashed = hash_document(
        read_standard_input(terminal) if is_stream else content_of(path),
        source=STANDARD_INPUT if is_stream else path,
        format=format_,
        folder="" if is_stream else os.path.dirname(path),
        settings=target.settings,
        algorithm=algorithm,
        reads_sources=arguments.has("all-sources"),
        jobs=jobs_of(arguments),
        show_progress=terminal.verbosity >= NORMAL,
    )
    for warning in hashed.warnings:
        terminal.warn(f"WARNING: {warning}")
    names = hashed.usernames
    listed = f" [{', '.join(names)}]" if names else ""
    terminal.note(f"NOTE: {len(names)} password{'s' * (len(names) != 1)} hashed{listed}")
    terminal.result.update(passwords=list(names), warnings=[*map(printable, hashed.warnings)])
    if output is None:
        terminal.print_document(hashed.data)
    else:
        write_output("output", output, hashed.data, force=arguments.has("force"))
    return OK
