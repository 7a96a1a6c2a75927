"""What a comparison finds: only the users that differ, and the nodes that could not be read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from .._ground.values import ReadOnlyDict

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Drift", "Group", "Unreadable", "UserDrift"]

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Unreadable:
    """
    A node whose users could not be read; it takes the place of a fingerprint.

    Attributes:
        node: Its name.
        reason: Why.
    """

    node: str
    reason: str


class Group(Generic[V]):
    """
    The nodes that say the same of one user.

    Args:
        value: See below.

        nodes: The nodes, or None for all but *others*; so large groups take no memory.

        every: All nodes that say something of that user.

        others: The nodes that say something else.

    Attributes:
        value: What they say: whether the user exists, its roles, a number for its password, whether
            it is locked, or when its time is over. Equal numbers stand for equal hashes; they mean
            nothing beyond one user.
    """

    __slots__ = ("_every", "_nodes", "_others", "value")

    def __init__(
        self,
        value: V,
        nodes: tuple[str, ...] | None,
        *,
        every: tuple[str, ...],
        others: frozenset[str] = frozenset(),
    ) -> None:
        self.value = value
        self._nodes = nodes
        self._every = every
        self._others = others

    @property
    def nodes(self) -> tuple[str, ...]:
        """The nodes, in the order in which they were given."""
        if self._nodes is not None:
            return self._nodes
        return tuple(node for node in self._every if node not in self._others)

    def __len__(self) -> int:
        if self._nodes is not None:
            return len(self._nodes)
        return len(self._every) - len(self._others)

    @property
    def is_majority(self) -> bool:
        """Whether more than half of the nodes say this; it need not be right."""
        return 2 * len(self) > len(self._every)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Group):
            return NotImplemented
        return (self.value, self.nodes, self._every) == (other.value, other.nodes, other._every)

    def __hash__(self) -> int:
        return hash((self.value, len(self)))

    def to_dict(self, name: str) -> dict[str, object]:
        """Return it as a dictionary fit for JSON, with its value under that name."""
        value = list(self.value) if isinstance(self.value, tuple) else self.value
        return {name: value, "nodes": list(self.nodes), "is_majority": self.is_majority}

    def __repr__(self) -> str:
        majority = ", the majority" if self.is_majority else ""
        return f"<Group: {self.value!r} on {len(self)} nodes{majority}>"


@dataclass(frozen=True, slots=True)
class UserDrift:
    """
    A user who is not the same on every node. Where the nodes agree, there are no groups.

    Attributes:
        username: The name.
        presence: Where the user exists (True) and where not.
        roles: Different roles, where the user exists; each sorted.
        passwords: Different hashes, where the user exists, as numbers from 1.
        agreed_roles: The roles, if all nodes that have the user agree; None if not, or if no node
            says them.
        locks: Where the user is locked (True) and where not.
        expiries: Different times at which it expires, as text, or ``never``.
        is_emergency: Whether the user gives emergency access on some node.
    """

    username: str
    presence: tuple[Group[bool], ...] = ()
    roles: tuple[Group[tuple[str, ...]], ...] = ()
    passwords: tuple[Group[int], ...] = ()
    agreed_roles: tuple[str, ...] | None = None
    locks: tuple[Group[bool], ...] = ()
    expiries: tuple[Group[str], ...] = ()
    is_emergency: bool = False

    @property
    def missing_on(self) -> tuple[str, ...]:
        """The nodes that lack the user."""
        return next((group.nodes for group in self.presence if not group.value), ())

    def to_dict(self) -> dict[str, object]:
        """Return it as a dictionary fit for JSON."""
        return {
            "username": self.username,
            "roles": None if self.agreed_roles is None else list(self.agreed_roles),
            "presence": [group.to_dict("exists") for group in self.presence],
            "role_groups": [group.to_dict("roles") for group in self.roles],
            "password_groups": [group.to_dict("number") for group in self.passwords],
            "lock_groups": [group.to_dict("is_locked") for group in self.locks],
            "expiry_groups": [group.to_dict("expires") for group in self.expiries],
            "is_emergency": self.is_emergency,
        }


@dataclass(frozen=True, slots=True)
class Drift:
    """
    How the users of several nodes differ; true if they do, or if a node could not be read.

    Attributes:
        nodes: All nodes, in the order in which they were given.
        users: The users that differ, by name. Large groups of nodes are worked out when asked for,
            so this grows with the differences, not with nodes times users.
        user_count: How many users there are on any node.
        unreadable: From nodes that could not be read to the reason.
        skipped: From nodes to what they do not read, such as a line with a mistake.
        unsaid: From nodes to the number of users whose roles or hash they do not say, so that these
            were not compared.
        ignores_hashes: Whether no hash was compared.
    """

    nodes: tuple[str, ...]
    users: tuple[UserDrift, ...] = ()
    user_count: int = 0
    unreadable: Mapping[str, str] = field(default_factory=ReadOnlyDict)
    skipped: Mapping[str, tuple[str, ...]] = field(default_factory=ReadOnlyDict)
    unsaid: Mapping[str, int] = field(default_factory=ReadOnlyDict)
    ignores_hashes: bool = False

    @property
    def equal(self) -> bool:
        """Whether every node could be read, and no user differs."""
        return not (self.users or self.unreadable)

    def __bool__(self) -> bool:
        return not self.equal

    def to_dict(self) -> dict[str, Any]:
        """Return it as a dictionary fit for JSON; it has names, roles and numbers, no hash."""
        return {
            "equal": self.equal,
            "nodes": list(self.nodes),
            "user_count": self.user_count,
            "ignores_hashes": self.ignores_hashes,
            "differing": [user.to_dict() for user in self.users],
            "unreadable": [
                {"node": node, "reason": reason} for node, reason in self.unreadable.items()
            ],
            "skipped_by_node": [
                {"node": node, "skipped": list(lines)} for node, lines in self.skipped.items()
            ],
            "unsaid": [{"node": node, "user_count": n} for node, n in self.unsaid.items()],
        }
