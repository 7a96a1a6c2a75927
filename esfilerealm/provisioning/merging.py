"""Merging documents: the later one wins for each user, and roles are united."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .values import DesiredUser, FileAttributes, HashPolicy, UpdatePassword

    R = TypeVar("R", FileAttributes, HashPolicy)

__all__ = ["merge_records", "merge_users"]


def merge_users(
    lists: Iterable[Iterable[DesiredUser]], notes: list[str]
) -> tuple[DesiredUser, ...]:
    """
    Merge the users of several documents, in order.

    If two documents list a user, the state, password, ``update_password``, ``expires`` and
    ``locked`` of the later one count, where it has them. Exact roles are united, and a role that
    the later one removes is removed. If one document says absent, the later document decides; if it
    is silent, the user stays absent.

    Args:
        lists: The users of each document.

        notes: Receives a message about each document that overrides another.
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
    Merge records: for each field the last given value wins.

    Args:
        records: At least one record, each with the name of its document.

        title: The name of the records, for *notes*.

        notes: Receives a message about each document that overrides another.
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
    """Return the place of a record, if it has one."""
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
        expires=later.expires if later.expires is not None else earlier.expires,
        locked=earlier.is_to_be_locked if later.is_to_be_locked is None else later.is_to_be_locked,
    )


def _update_password(earlier: DesiredUser, later: DesiredUser) -> UpdatePassword | None:
    """Return ``update_password`` of the document that has the password."""
    if later.update_password is None and not later.has_credentials:
        return earlier.update_password
    return later.update_password


def _exact_roles(earlier: DesiredUser, later: DesiredUser) -> tuple[str, ...] | None:
    """Return all roles of the user if one of both documents lists them all."""
    if later.roles is not None:
        return _united(earlier.roles or earlier.roles_add, later.roles)
    if earlier.roles is not None:
        return _united(_without(earlier.roles, later.roles_remove), later.roles_add)
    return None


def _united(some: tuple[str, ...], others: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*some, *others)))


def _without(some: tuple[str, ...], others: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(role for role in some if role not in others)
