"""Several documents as one: for a user the later one wins, roles are united."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .users import DesiredUser, FileAttributes, HashPolicy, UpdatePassword

    R = TypeVar("R", FileAttributes, HashPolicy)

__all__ = ["merge_records", "merge_users"]


def merge_users(
    lists: Iterable[Iterable[DesiredUser]], notes: list[str]
) -> tuple[DesiredUser, ...]:
    """
    Merge the users of several documents, in order.

    Of a user who is in two of them, the later one's state, password and ``update_password`` count
    where it has them; exact roles become those of both, and a role that the later one removes is
    removed. A user whom one of them wants absent is as the later one says, and stays absent if that
    says nothing of it.

    Args:
        lists: The users of each document.

        notes: Who overrides whom is added to them, in words.
    """
    merged: dict[str, DesiredUser] = {}
    origins: dict[str, list[str]] = {}
    for users in lists:
        for user in users:
            earlier = merged.get(user.name)
            merged[user.name] = user if earlier is None else _merged(earlier, user)
            origins.setdefault(user.name, []).insert(0, user.source)
    for name, (latest, *others) in origins.items():
        if others:
            notes.append(_note(name, latest, others))
    return tuple(merged.values())


def merge_records(records: Iterable[tuple[str, R]], title: str, notes: list[str]) -> R:
    """
    Take of each field the latest that is given.

    Args:
        records: At least one, each with its document.

        title: What they are, for *notes*.

        notes: Who overrides whom is added to them, in words.
    """
    (first_source, merged), *others = records
    origins = dict.fromkeys(_given(merged), first_source)
    for source, record in others:
        given = _given(record)
        for name, value in given.items():
            if name in origins and getattr(merged, name) != value:
                notes.append(_note(f"{title}.{name}", source, [origins[name]]))
            origins[name] = source
        merged = replace(merged, **given, **_place(record)) if given else merged
    return merged


def _given(record: R) -> dict[str, Any]:
    values = ((f.name, getattr(record, f.name)) for f in fields(record) if f.compare)
    return {name: value for name, value in values if value is not None}


def _place(record: R) -> dict[str, Any]:
    """Give the place of what counts, if it has one."""
    return {f.name: getattr(record, f.name) for f in fields(record) if f.name == "place"}


def _note(what: str, latest: str, others: Iterable[str]) -> str:
    return f"[{what}] from [{latest}] overrides {', '.join(f'[{other}]' for other in others)}"


def _merged(earlier: DesiredUser, later: DesiredUser) -> DesiredUser:
    if later.is_absent or (later.state is None and earlier.is_absent):
        return replace(later, state="absent")
    if earlier.is_absent:
        return later
    user = later if later.has_credentials else later.with_credentials_of(earlier)
    exact = _exact_roles(earlier, later)
    added = _united(_without(earlier.roles_add, later.roles_remove), later.roles_add)
    removed = _united(_without(earlier.roles_remove, later.roles_add), later.roles_remove)
    return replace(
        user,
        state=later.state or earlier.state,
        update_password=_update_password(earlier, later),
        roles=exact,
        roles_add=added if exact is None else (),
        roles_remove=removed if exact is None else (),
    )


def _update_password(earlier: DesiredUser, later: DesiredUser) -> UpdatePassword | None:
    """Let what was said of another password not count for a new one."""
    if later.update_password is None and not later.has_credentials:
        return earlier.update_password
    return later.update_password


def _exact_roles(earlier: DesiredUser, later: DesiredUser) -> tuple[str, ...] | None:
    """Give all roles of the user, if one of both names all."""
    if later.roles is not None:
        return _united(earlier.roles or earlier.roles_add, later.roles)
    if earlier.roles is not None:
        return _united(_without(earlier.roles, later.roles_remove), later.roles_add)
    return None


def _united(some: tuple[str, ...], others: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*some, *others)))


def _without(some: tuple[str, ...], others: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(role for role in some if role not in others)
