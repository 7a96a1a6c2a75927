"""Users and nodes as rows and columns: only what differs, whatever shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from ...drift.standing import NEVER

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ...drift import Drift, Group, UserDrift

__all__ = ["SAME", "Column", "Matrix", "Row", "matrix_of"]

V = TypeVar("V")

SAME: Final = "="
"""Stands where a node says what the majority says."""

_NO_MAJORITY: Final = "no majority"
_SUPERUSER: Final = "superuser"


@dataclass(frozen=True, slots=True)
class Row:
    """
    A user that differs.

    Attributes:
        username: The name.
        majority: What most nodes say.
        is_grave: Whether somebody is a superuser who can log in on some nodes and not on others.
        is_emergency: Whether it gives emergency access.
    """

    username: str
    majority: str
    is_grave: bool
    is_emergency: bool = False

    @property
    def title(self) -> str:
        """The name, with a mark for emergency access."""
        return f"{self.username} (emergency)" if self.is_emergency else self.username


@dataclass(frozen=True, slots=True)
class Column:
    """
    Nodes that say the same of every user.

    Attributes:
        nodes: Their names.
        cells: For each row what they say that the majority does not, or ``SAME``.
    """

    nodes: tuple[str, ...]
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Matrix:
    """
    What differs.

    Attributes:
        rows: The users that differ.
        columns: The nodes that say something else than the majority, equal ones together.
        others: The number of nodes that agree with the majority in everything.
    """

    rows: tuple[Row, ...]
    columns: tuple[Column, ...]
    others: int


def matrix_of(drift: Drift) -> Matrix:
    """Return the rows and columns of a comparison."""
    said: dict[str, dict[int, str]] = {}
    for number, user in enumerate(drift.users):
        for node, words in _deviations(user).items():
            said.setdefault(node, {})[number] = "; ".join(words)
    columns: dict[tuple[tuple[int, str], ...], list[str]] = {}
    for node in drift.nodes:
        if node in said:
            columns.setdefault(tuple(said[node].items()), []).append(node)
    return Matrix(
        tuple(map(_row, drift.users)),
        tuple(
            Column(tuple(nodes), _cells(dict(key), len(drift.users)))
            for key, nodes in columns.items()
        ),
        len(drift.nodes) - len(drift.unreadable) - len(said),
    )


def _row(user: UserDrift) -> Row:
    return Row(user.username, _majority(user), _is_grave(user), user.is_emergency)


def _cells(said: dict[int, str], count: int) -> tuple[str, ...]:
    return tuple(said.get(number, SAME) for number in range(count))


def _deviations(user: UserDrift) -> dict[str, list[str]]:
    """Return what is said of a user by the nodes that do not agree with the majority."""
    found: dict[str, list[str]] = {}
    most = _majority_of(user.presence)
    for exists in _others(user.presence, most):
        for node in exists.nodes:
            found.setdefault(node, []).append(_presence(user, exists=exists.value))
    # Where most nodes lack the user, there is nothing that the others could differ from.
    is_common = not user.presence or (most is not None and most.value)
    roles = _majority_of(user.roles) if is_common else None
    for group in _others(user.roles, roles):
        text = _difference(group.value, roles.value) if roles else _listed(group.value)
        for node in group.nodes:
            found.setdefault(node, []).append(text)
    passwords = _majority_of(user.passwords) if is_common else None
    for number in _others(user.passwords, passwords):
        text = "other password" if passwords else f"password {number.value}"
        for node in number.nodes:
            found.setdefault(node, []).append(text)
    for node, text in _standings(user, is_common=is_common):
        found.setdefault(node, []).append(text)
    return found


def _standings(user: UserDrift, *, is_common: bool) -> Iterator[tuple[str, str]]:
    """Yield nodes where a user is locked or expires and on most nodes not, or the other way."""
    locks = _majority_of(user.locks) if is_common else None
    for locked in _others(user.locks, locks):
        yield from ((node, _lock(is_locked=locked.value)) for node in locked.nodes)
    expiries = _majority_of(user.expiries) if is_common else None
    for time in _others(user.expiries, expiries):
        yield from ((node, _expiry(time.value)) for node in time.nodes)


def _lock(*, is_locked: bool) -> str:
    return "locked" if is_locked else "not locked"


def _expiry(time: str) -> str:
    return "never expires" if time == NEVER else f"expires {time}"


def _presence(user: UserDrift, *, exists: bool) -> str:
    if not exists:
        return "missing"
    return "exists" if user.agreed_roles is None else f"exists: {_listed(user.agreed_roles)}"


def _others(groups: Sequence[Group[V]], majority: Group[V] | None) -> list[Group[V]]:
    return [group for group in groups if group is not majority]


def _majority_of(groups: Iterable[Group[V]]) -> Group[V] | None:
    return next((group for group in groups if group.is_majority), None)


def _majority(user: UserDrift) -> str:
    """Return what most nodes say of a user."""
    exists = _majority_of(user.presence)
    if user.presence and exists is None:
        return _NO_MAJORITY
    if exists is not None and not exists.value:
        return "absent"
    if not user.roles:
        said = "exists" if user.agreed_roles is None else _listed(user.agreed_roles)
    else:
        roles = _majority_of(user.roles)
        said = _NO_MAJORITY if roles is None else _listed(roles.value)
    if said == _NO_MAJORITY:
        return said
    return "; ".join((said, *_majority_of_the_rest(user)))


def _majority_of_the_rest(user: UserDrift) -> Iterator[str]:
    """Yield what most nodes say besides the roles, where nodes differ."""
    if user.passwords and _majority_of(user.passwords) is None:
        yield f"{_NO_MAJORITY} for the password"
    if user.locks:
        locks = _majority_of(user.locks)
        yield f"{_NO_MAJORITY} for the lock" if locks is None else _lock(is_locked=locks.value)
    if user.expiries:
        times = _majority_of(user.expiries)
        yield f"{_NO_MAJORITY} for the time" if times is None else _expiry(times.value)


def _is_grave(user: UserDrift) -> bool:
    said = {_SUPERUSER in group.value for group in user.roles}
    if user.agreed_roles is not None:
        said = {_SUPERUSER in user.agreed_roles}
    is_missing = bool(user.presence or user.locks)  # on some nodes
    return len(said) > 1 or (is_missing and True in said)


def _listed(roles: Sequence[str]) -> str:
    return ",".join(roles) or "no roles"


def _difference(roles: Sequence[str], majority: Sequence[str]) -> str:
    fewer = [f"-{role}" for role in majority if role not in roles]
    more = [f"+{role}" for role in roles if role not in majority]
    return " ".join((*fewer, *more))
