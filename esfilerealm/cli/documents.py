"""``validate``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._ground.showing import printable
from ..documents.document import FORMATS
from ..errors import FileRealmError, InvalidDesiredStateError
from ..provisioning import DesiredState
from .exits import OK
from .output import counted
from .plans import check_standard_input, load_document

if TYPE_CHECKING:
    from ..provisioning import DocumentFormat
    from .arguments import Arguments
    from .target import Target
    from .terminal import Terminal

__all__ = ["run_validate"]


def run_validate(arguments: Arguments, _: Target, terminal: Terminal) -> int:
    """Check documents, and report everything that is wrong with any of them."""
    check_standard_input(arguments.positionals)
    format_ = arguments.choice("format", FORMATS) if arguments.has("format") else None
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
