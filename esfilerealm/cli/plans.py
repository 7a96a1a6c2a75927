"""``plan``, ``apply`` and ``ensure``."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ..documents.document import FORMATS, content_of_stream
from ..errors import FileRealmError, InvalidDesiredStateError
from ..provisioning import DesiredState, FileAttributes, apply, plan, rehearse
from ..provisioning.desired import PURGES
from ..provisioning.values import PASSWORD_SOURCES
from .exits import CHANGED, DATA, OK, CommandError, UsageError
from .output import print_reload, print_warnings
from .passwords import check_one_source, given_password
from .shared_options import ATTRIBUTES
from .terminal import NORMAL
from .users import split_list

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..provisioning import ChangeKind, DocumentFormat, Plan
    from .arguments import Arguments
    from .target import Target
    from .terminal import Terminal

__all__ = [
    "STANDARD_INPUT",
    "carry_out",
    "check_standard_input",
    "load_document",
    "read_standard_input",
    "run_apply",
    "run_ensure",
    "run_plan",
    "with_options",
]

STANDARD_INPUT: Final = "standard input"
"""What it is called in messages."""

#: How to count changes of a kind: one of them, and more.
_COUNTED: Final[dict[ChangeKind, tuple[str, str]]] = {
    "create_file": ("file or directory created", "files and directories created"),
    "add_user": ("user added", "users added"),
    "remove_user": ("user removed", "users removed"),
    "remove_orphan": ("name without a user removed", "names without a user removed"),
    "set_password": ("password changed", "passwords changed"),
    "rehash_password": ("password rehashed", "passwords rehashed"),
    "add_roles": ("user with more roles", "users with more roles"),
    "remove_roles": ("user with fewer roles", "users with fewer roles"),
    "set_attributes": ("file with other attributes", "files with other attributes"),
    "create_keystore": ("keystore created", "keystores created"),
    "set_secure_setting": ("secure setting set", "secure settings set"),
    "remove_secure_setting": ("secure setting removed", "secure settings removed"),
    "set_managed": ("list of managed users updated", "lists of managed users updated"),
}

#: How many names a line shows, except those of users whose password changes.
_MOST_NAMES: Final = 20

#: Options of ``ensure`` and the fields of a user that they set.
_USER_OPTIONS: Final = {
    "password-file": "password_file",
    "password-env": "password_env",
    "hash": "password_hash",
    "update-password": "update_password",
}
_ROLE_OPTIONS: Final = {"roles": "roles", "add": "roles_add", "remove": "roles_remove"}

_PASSWORD_KEYS: Final = ("password-stdin", "password-file", "password-env", "password", "hash")

#: What ``DesiredState`` calls its source.
_OPTIONS: Final = "options"

_SUPERUSER: Final = "superuser"


def run_plan(arguments: Arguments, target: Target, terminal: Terminal) -> int:
    """Print what would change."""
    desired = _read_documents(arguments, terminal)
    return carry_out(arguments, target, terminal, desired, is_check=True, shows_diff=True)


def run_apply(arguments: Arguments, target: Target, terminal: Terminal) -> int:
    """Make the realm as documents describe it."""
    return carry_out(arguments, target, terminal, _read_documents(arguments, terminal))


def run_ensure(arguments: Arguments, target: Target, terminal: Terminal) -> int:
    """Create, update or remove one user."""
    user: dict[str, object] = {"name": arguments.first}
    if arguments.has("absent"):
        _refuse_beside_absent(arguments)
        user["state"] = "absent"
    check_one_source(arguments)
    if arguments.has("password-stdin") and not arguments.has("create"):
        target.tool.listing()  # a missing realm is reported before anybody types a password
    if arguments.has("password") or arguments.has("password-stdin"):
        user["password"] = given_password(arguments, terminal)
    for key, field in _USER_OPTIONS.items():
        if arguments.has(key):
            user[field] = arguments.value(key)
    for key, field in _ROLE_OPTIONS.items():
        roles = arguments.value(key)
        user[field] = None if roles is None else split_list(roles)
    try:
        desired = DesiredState.from_dict({"users": [user]}, source=_OPTIONS)
        return carry_out(arguments, target, terminal, with_options(arguments, desired))
    except InvalidDesiredStateError as error:
        issues = [_about_options(issue) for issue in error.issues]
        if len(issues) > 1:
            issues.insert(0, "invalid options:")
        raise CommandError(issues[0], DATA, *issues[1:]) from None


def _about_options(issue: str) -> str:
    """Name options in an issue with the desired state that ``ensure`` makes of them."""
    place, _, rule = issue.partition(": ")
    fields, sources = ", ".join(PASSWORD_SOURCES), ", ".join(f"--{key}" for key in _PASSWORD_KEYS)
    rule = rule.replace(f"one of {fields}", f"one of {sources}")
    field = place.removeprefix(f"[{_OPTIONS}], users[0]").strip(".").partition("[")[0]
    options = {field: key for key, field in {**_USER_OPTIONS, **_ROLE_OPTIONS}.items()}
    options |= {key: key for key in ("password",)}
    if field == "name":
        return f"username {rule}"
    return f"option [{options[field]}]: {rule}" if field in options else rule


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
    superusers = _superusers(target) if terminal.is_coloured else set()
    planned = _planned(arguments, target, terminal, desired)
    shows_diff = shows_diff or arguments.has("diff") or bool(planned.objections)
    if is_check or planned.objections:
        terminal.result.update(planned.to_dict(), check=is_check)
        if shows_diff:
            _print_diff(terminal, planned, superusers)
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
            _print_diff(terminal, planned, superusers)
    _print_summary(terminal, planned, is_check=is_check, has_names=not shows_diff)
    if planned.result is not None:
        print_warnings(terminal, planned.result)
        print_reload(target, terminal, planned.result)
    return CHANGED if planned.changed and arguments.has("detailed-exitcode") else OK


def _planned(
    arguments: Arguments, target: Target, terminal: Terminal, desired: DesiredState
) -> Plan:
    """Make the plan, and print its warnings."""
    planned = plan(
        target.config_dir,
        desired,
        settings=target.tool.settings,
        force=arguments.has("force"),
        attributes=arguments.choice("attributes", ATTRIBUTES),
        jobs=_jobs(arguments),
        show_progress=terminal.verbosity >= NORMAL,
        create=arguments.has("create"),
    )
    for warning in planned.warnings:
        terminal.warn(f"WARNING: {warning}")
    return planned


def _applied(arguments: Arguments, terminal: Terminal, planned: Plan, *, replans: bool) -> Plan:
    return apply(
        planned,
        replan=replans,
        jobs=_jobs(arguments),
        show_progress=terminal.verbosity >= NORMAL,
        **arguments.write_arguments,
    )


def _jobs(arguments: Arguments) -> int | None:
    jobs = arguments.number("jobs", "a number of passwords to hash in parallel")
    if jobs == 0:
        raise UsageError("option [jobs] needs at least 1")
    return jobs


def _read_documents(arguments: Arguments, terminal: Terminal) -> DesiredState:
    paths = arguments.positionals
    check_standard_input(paths)
    format_ = arguments.choice("format", FORMATS) if arguments.has("format") else None
    states = [load_document(path, format_, terminal) for path in paths]
    merged = DesiredState.merged(states, strict=arguments.has("strict"))
    return with_options(arguments, merged)


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


def _refuse_beside_absent(arguments: Arguments) -> None:
    for other in (*_ROLE_OPTIONS, *_USER_OPTIONS, "password", "password-stdin"):
        if arguments.has(other):
            raise UsageError(f"options [absent] and [{other}] exclude each other")


def _superusers(target: Target) -> set[str]:
    """Return the present superusers; none if the files cannot be read, which is reported later."""
    try:
        users = target.tool.listing().users
    except FileRealmError:
        return set()
    return {name for name, roles in users.items() if _SUPERUSER in roles}


def _print_diff(terminal: Terminal, planned: Plan, superusers: set[str]) -> None:
    changes = [str(change) for change in planned.changes]
    important = {
        line
        for line, change in zip(changes, planned.changes, strict=True)
        if _SUPERUSER in getattr(change, "roles", ())
        or (change.kind == "remove_user" and getattr(change, "username", None) in superusers)
    }
    for line in planned.diff().splitlines():
        terminal.print_change(line, is_important=line in important)


def _print_summary(terminal: Terminal, planned: Plan, *, is_check: bool, has_names: bool) -> None:
    """Print how many changes of each kind there are, and of whom unless a diff names them."""
    if not planned.changed:
        terminal.print("Nothing to change")
        return
    names: dict[ChangeKind, list[str]] = {}
    for change in planned.changes:
        name = getattr(change, "username", "") or getattr(change, "setting", "")
        names.setdefault(change.kind, []).append(name)
    summary = ", ".join(
        f"{len(names[kind])} {nouns[len(names[kind]) > 1]}"
        + (f" [{_some(kind, names[kind])}]" if has_names and all(names[kind]) else "")
        for kind, nouns in _COUNTED.items()
        if kind in names
    )
    terminal.print(f"{'Dry run. Would change' if is_check else 'Changed'}: {summary}")


def _some(kind: ChangeKind, names: list[str]) -> str:
    if kind == "set_password" or len(names) <= _MOST_NAMES:
        return ", ".join(names)
    return f"{', '.join(names[:_MOST_NAMES])} and {len(names) - _MOST_NAMES} more"
