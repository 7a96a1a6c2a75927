"""``plan``, ``apply`` and ``ensure``."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypedDict

from ..documents.document import FORMATS, content_of_stream
from ..errors import InvalidDesiredStateError
from ..provisioning import DesiredState, FileAttributes, apply, plan, rehearse
from ..provisioning.desired import PURGES
from .exits import CHANGED, OK, UsageError
from .output import print_reload, print_warnings
from .plan_output import print_diff, summary_of, superusers_of
from .shared_options import ATTRIBUTES
from .terminal import NORMAL
from .user_options import about_options, check_user_options, user_of_options

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._storage import Tolerance
    from ..provisioning import DocumentFormat, Plan
    from .arguments import Arguments
    from .target import Target
    from .terminal import Terminal

__all__ = [
    "STANDARD_INPUT",
    "carry_out",
    "check_standard_input",
    "format_of",
    "jobs_of",
    "load_document",
    "plan_arguments",
    "read_documents",
    "read_standard_input",
    "run_apply",
    "run_ensure",
    "run_plan",
    "with_options",
]

STANDARD_INPUT: Final = "standard input"
"""What it is called in messages."""


def run_plan(arguments: Arguments, target: Target, terminal: Terminal) -> int:
    """Print what would change."""
    desired = read_documents(arguments, terminal)
    return carry_out(arguments, target, terminal, desired, is_check=True, shows_diff=True)


def run_apply(arguments: Arguments, target: Target, terminal: Terminal) -> int:
    """Make the realm as documents describe it."""
    return carry_out(arguments, target, terminal, read_documents(arguments, terminal))


def run_ensure(arguments: Arguments, target: Target, terminal: Terminal) -> int:
    """Create, update or remove one user."""
    check_user_options(arguments)
    if arguments.has("password-stdin") and not arguments.has("create"):
        target.tool.listing()  # a missing realm is reported before anybody types a password
    try:
        desired = with_options(arguments, user_of_options(arguments, terminal))
        return carry_out(arguments, target, terminal, desired)
    except InvalidDesiredStateError as error:
        raise about_options(error) from None


def carry_out(
    arguments: Arguments,
    target: Target,
    terminal: Terminal,
    desired: DesiredState,
    *,
    is_check: bool = False,
    shows_diff: bool = False,
    inspect: Callable[[Plan], None] | None = None,
    replans: bool = True,
) -> int:
    """
    Plan, apply unless this is a check, and print the outcome.

    Args:
        arguments: The command line.

        target: The realm.

        terminal: Where to print.

        desired: What the realm is to be.

        is_check: Whether nothing is written, whatever the command line says.

        shows_diff: Whether every change is printed, whatever the command line says.

        inspect: Called with the plan before anything is written; it may raise.

        replans: Whether a change by another program is met by a new plan, or is an error.
    """
    is_check = is_check or arguments.has("check")
    superusers = superusers_of(target, terminal)
    planned = _planned(arguments, target, terminal, desired)
    shows_diff = shows_diff or arguments.has("diff") or bool(planned.objections)
    if is_check or planned.objections:
        terminal.result.update(planned.to_dict(), check=is_check)
        if shows_diff:
            print_diff(terminal, planned, superusers)
        if inspect is not None:
            inspect(planned)
        foreseen = rehearse(planned, **arguments.write_arguments)  # refuses after it was shown
        planned = replace(planned, warnings=(*planned.warnings, *foreseen.warnings))
        terminal.result["warnings"] = list(planned.warnings)
        print_warnings(terminal, foreseen)
    else:
        if inspect is not None:
            inspect(planned)
        planned = _applied(arguments, terminal, planned, replans=replans)
        terminal.result.update(planned.to_dict(), check=is_check)
        if shows_diff:
            print_diff(terminal, planned, superusers)
    terminal.print(summary_of(planned, is_check=is_check, has_names=not shows_diff))
    if planned.result is not None:
        print_warnings(terminal, planned.result)
        print_reload(target, terminal, planned.result)
    return CHANGED if planned.changed and arguments.has("detailed-exitcode") else OK


class PlanArguments(TypedDict):
    """What ``plan`` and ``plan_all`` take from options."""

    force: bool
    attributes: Tolerance
    jobs: int | None
    show_progress: bool
    create: bool


def plan_arguments(arguments: Arguments, terminal: Terminal) -> PlanArguments:
    """Return the arguments of ``plan`` and ``plan_all`` that options set."""
    return {
        "force": arguments.has("force"),
        "attributes": arguments.choice("attributes", ATTRIBUTES),
        "jobs": jobs_of(arguments),
        "show_progress": terminal.verbosity >= NORMAL,
        "create": arguments.has("create"),
    }


def _planned(
    arguments: Arguments, target: Target, terminal: Terminal, desired: DesiredState
) -> Plan:
    """Make the plan, and print its warnings."""
    config_dir, settings = target.config_dir, target.tool.settings
    how = plan_arguments(arguments, terminal)
    planned = plan(config_dir, desired, settings=settings, **how)
    for warning in planned.warnings:
        terminal.warn(f"WARNING: {warning}")
    return planned


def _applied(arguments: Arguments, terminal: Terminal, planned: Plan, *, replans: bool) -> Plan:
    return apply(
        planned,
        replan=replans,
        jobs=jobs_of(arguments),
        show_progress=terminal.verbosity >= NORMAL,
        **arguments.write_arguments,
    )


def jobs_of(arguments: Arguments) -> int | None:
    """Return the number of passwords to hash at once, or None if it is not given."""
    jobs = arguments.number("jobs", "a number of passwords to hash in parallel")
    if jobs == 0:
        raise UsageError("option [jobs] needs at least 1")
    return jobs


def read_documents(arguments: Arguments, terminal: Terminal) -> DesiredState:
    """Return the desired state of all documents of the command line."""
    paths = arguments.positionals
    check_standard_input(paths)
    states = [load_document(path, format_of(arguments), terminal) for path in paths]
    merged = DesiredState.merged(states, strict=arguments.has("strict"))
    return with_options(arguments, merged)


def format_of(arguments: Arguments) -> DocumentFormat | None:
    """Return the format of documents that ``--format`` names, or None."""
    return arguments.choice("format", FORMATS) if arguments.has("format") else None


def check_standard_input(paths: list[str]) -> None:
    """
    Check that standard input is read once at most.

    Raises:
        UsageError: If it is given more than once.
    """
    if paths.count("-") > 1:
        raise UsageError("[-] (standard input) can be given only once")


def load_document(path: str, format_: DocumentFormat | None, terminal: Terminal) -> DesiredState:
    """Read a document from a file, or from standard input if the path is ``-``."""
    if path != "-":
        return DesiredState.load(path, format=format_)
    data = read_standard_input(terminal)
    return DesiredState.parse(data, source=STANDARD_INPUT, format=format_)


def read_standard_input(terminal: Terminal) -> bytes:
    """Read a document from standard input."""
    return content_of_stream(terminal.read_document, STANDARD_INPUT)


def with_options(arguments: Arguments, desired: DesiredState) -> DesiredState:
    """Return a desired state in which options override what documents say."""
    documented = desired.attributes
    owner, group, mode = arguments.value("owner"), arguments.value("group"), arguments.mode
    attributes = FileAttributes(
        documented.owner if owner is None else owner,
        documented.group if group is None else group,
        documented.mode if mode is None else mode,
    )
    purge = arguments.choice("purge", PURGES) if arguments.has("purge") else desired.purge
    protect = (*desired.protect, *arguments.protected)
    known = (*desired.known_roles, *arguments.known_roles)
    return replace(desired, attributes=attributes, purge=purge, protect=protect, known_roles=known)
