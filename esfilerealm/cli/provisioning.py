"""``plan``, ``apply`` and ``ensure``."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ..documents.document import FORMATS, content_of_stream
from ..provisioning import AddRoles, AddUser, DesiredState, FileAttributes, apply, plan, rehearse
from ..provisioning.desired import PURGES
from ..provisioning.parsing import pattern_rule
from .exits import CHANGED, OK, UsageError
from .output import tell_oddities
from .passwords import check_one_source, password_given
from .terminal import NORMAL
from .users import warn_of_unknown_roles

if TYPE_CHECKING:
    from ..provisioning import Plan
    from .arguments import Invocation

__all__ = [
    "STANDARD_INPUT",
    "carry_out",
    "content_of_input",
    "run_apply",
    "run_ensure",
    "run_plan",
    "with_options",
]

STANDARD_INPUT: Final = "standard input"
"""What it is called in messages."""

#: How to count changes of a kind.
_COUNTED: Final = {
    "add_user": "users added",
    "remove_user": "users removed",
    "set_password": "passwords changed",
    "rehash_password": "passwords hashed anew",
    "add_roles": "users with more roles",
    "remove_roles": "users with fewer roles",
    "set_attributes": "files with other attributes",
    "set_managed": "list of managed users",
}

#: Options of ``ensure`` and the fields of a user that they give.
_USER_OPTIONS: Final = {
    "password-file": "password_file",
    "password-env": "password_env",
    "hash": "password_hash",
    "update-password": "update_password",
}
_ROLE_OPTIONS: Final = {"roles": "roles", "add": "roles_add", "remove": "roles_remove"}


def run_plan(invocation: Invocation) -> int:
    """Tell what would change."""
    return carry_out(invocation, _desired_in_documents(invocation), is_check=True, shows_diff=True)


def run_apply(invocation: Invocation) -> int:
    """Change it."""
    return carry_out(invocation, _desired_in_documents(invocation))


def run_ensure(invocation: Invocation) -> int:
    """Make sure of one user."""
    user: dict[str, object] = {"name": invocation.username}
    if invocation.has("absent"):
        others = (*_ROLE_OPTIONS, *_USER_OPTIONS, "password", "password-stdin")
        _refuse_beside(invocation, "absent", others)
        user["state"] = "absent"
    check_one_source(invocation)
    if invocation.has("password") or invocation.has("password-stdin"):
        user["password"] = password_given(invocation)
    for key, field in _USER_OPTIONS.items():
        if invocation.has(key):
            user[field] = invocation.value(key)
    for key, field in _ROLE_OPTIONS.items():
        user[field] = _names(invocation.value(key))
    desired = DesiredState.from_dict({"users": [user]}, source="options")
    return carry_out(invocation, with_options(invocation, desired))


def carry_out(
    invocation: Invocation,
    desired: DesiredState,
    *,
    is_check: bool = False,
    shows_diff: bool = False,
) -> int:
    """Plan, tell and, unless it is for a check, apply."""
    is_check = is_check or invocation.has("check")
    jobs = invocation.number("jobs", "a number of passwords at once")
    if jobs == 0:
        raise UsageError("option [jobs] needs at least 1")
    shows_progress = invocation.terminal.verbosity >= NORMAL
    planned = plan(
        invocation.config_dir,
        desired,
        settings=invocation.tool.settings,
        force=invocation.has("force"),
        attributes=invocation.write_arguments["attributes"],
        jobs=jobs,
        show_progress=shows_progress,
    )
    for warning in planned.warnings:
        invocation.terminal.warn(f"WARNING: {warning}")
    _warn_of_roles(invocation, planned)
    how = invocation.write_arguments
    if is_check:
        rehearse(planned, **how)
    else:
        planned = apply(planned, replan=True, jobs=jobs, show_progress=shows_progress, **how)
    _tell(invocation, planned, is_check=is_check, shows_diff=shows_diff or invocation.has("diff"))
    is_news = planned.changed and invocation.has("detailed-exitcode")
    return CHANGED if is_news else OK


def _desired_in_documents(invocation: Invocation) -> DesiredState:
    paths = invocation.arguments
    if paths.count("-") > 1:
        raise UsageError("[-], standard input, can be read once")
    format_ = invocation.value("format") and invocation.choice("format", FORMATS)
    states = [
        DesiredState.parse(content_of_input(invocation), source=STANDARD_INPUT, format=format_)
        if path == "-"
        else DesiredState.load(path, format=format_)
        for path in paths
    ]
    merged = DesiredState.merged(states, strict=invocation.has("strict"))
    return with_options(invocation, merged)


def content_of_input(invocation: Invocation) -> bytes:
    """Read a document from standard input."""
    return content_of_stream(invocation.terminal.read_document, STANDARD_INPUT)


def with_options(invocation: Invocation, desired: DesiredState) -> DesiredState:
    """Let options win over what documents say."""
    wish = FileAttributes(invocation.value("owner"), invocation.value("group"), invocation.mode)
    has = desired.attributes
    attributes = FileAttributes(
        has.owner if wish.owner is None else wish.owner,
        has.group if wish.group is None else wish.group,
        has.mode if wish.mode is None else wish.mode,
    )
    for pattern in invocation.values("protect"):
        if rule := pattern_rule(pattern):
            raise UsageError(f"option [protect] {rule}")
    purge = desired.purge
    if invocation.has("purge"):
        purge = invocation.choice("purge", PURGES)
    protect = (*desired.protect, *invocation.values("protect"))
    return replace(desired, attributes=attributes, purge=purge, protect=protect)


def _names(text: str | None) -> list[str] | None:
    """Split a list at its commas; a trailing one is nothing."""
    if text is None:
        return None
    names = text.split(",")
    while names and not names[-1]:
        names.pop()
    return names


def _refuse_beside(invocation: Invocation, key: str, others: tuple[str, ...]) -> None:
    for other in others:
        if invocation.has(other):
            raise UsageError(f"options [{key}] and [{other}] exclude each other")


def _warn_of_roles(invocation: Invocation, planned: Plan) -> None:
    roles = (
        role
        for change in planned.changes
        if isinstance(change, AddUser | AddRoles)
        for role in change.roles
    )
    warn_of_unknown_roles(invocation, list(dict.fromkeys(roles)))


def _tell(invocation: Invocation, planned: Plan, *, is_check: bool, shows_diff: bool) -> None:
    if planned.result is not None:
        tell_oddities(invocation, planned.result)
    invocation.result.update(planned.to_dict(), check=is_check)
    if shows_diff and planned.diff():
        invocation.terminal.print(planned.diff())
    if not planned.changed:
        invocation.terminal.print("Nothing to change")
        return
    counts = Counter(change.kind for change in planned.changes)
    told = ", ".join(f"{what} {counts[kind]}" for kind, what in _COUNTED.items() if counts[kind])
    prefix = "Nothing is written; would be changed" if is_check else "Changed"
    invocation.terminal.print(f"{prefix}: {told}")
