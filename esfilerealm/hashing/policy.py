"""Whether a stored hash is good enough, and how to make a better one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import STORED_ALGORITHMS, resolve, resolve_from_hash

if TYPE_CHECKING:
    from ..provisioning.users import HashPolicy
    from ..settings import RealmSettings

__all__ = ["Policy"]


@dataclass(frozen=True, slots=True)
class Policy:
    """
    A ``HashPolicy`` for one node.

    Attributes:
        settings: Of the node, with the algorithm for new hashes.
        is_given: Whether anything is asked for; if not, every hash that verifies is good enough.
        minimum_cost: Of a hash of that algorithm's family.
    """

    settings: RealmSettings
    is_given: bool
    minimum_cost: int

    @classmethod
    def of(cls, wish: HashPolicy, settings: RealmSettings) -> Policy:
        """
        Join a wish and the settings of a node.

        Raises:
            UnknownHashAlgorithmError: If the settings name an algorithm that there is not.
        """
        if wish.algorithm is not None:
            settings = settings.with_algorithm(wish.algorithm)
        cost = resolve(settings.password_hashing_algorithm).cost
        minimum = wish.minimum_cost or (0 if wish.algorithm is None else cost)
        is_given = wish.algorithm is not None or wish.minimum_cost is not None
        return cls(settings, is_given, minimum)

    @property
    def algorithm(self) -> str:
        """Of new hashes."""
        return self.settings.password_hashing_algorithm

    @property
    def fault(self) -> str | None:
        """Say why new hashes would not be good enough, or None."""
        cost = resolve(self.algorithm).cost
        if cost >= self.minimum_cost:
            return None
        return f"[{self.algorithm}] costs [{cost}], less than its minimum [{self.minimum_cost}]"

    def is_met_by(self, password_hash: str) -> bool:
        """
        Tell whether a usable hash is good enough.

        It is if nothing else is asked for; else if it is of the family of the algorithm, and costs
        as much as is asked for.
        """
        if not self.is_given:
            return True
        hasher = resolve_from_hash(password_hash)
        is_of_family = type(hasher) is type(resolve(self.algorithm))
        return is_of_family and hasher.cost >= self.minimum_cost

    def __str__(self) -> str:
        return f"[{self.algorithm}], minimum cost [{self.minimum_cost}]"

    def sample(self) -> str:
        """Give a hash of the cheapest kind of the same family, for a rehearsal."""
        family = type(resolve(self.algorithm))
        hashers = (resolve(name) for name in STORED_ALGORITHMS)
        cheapest = min((h for h in hashers if type(h) is family), key=lambda h: h.cost)
        return cheapest.hash("rehearsal")

    def hash(self, password: str) -> str:
        """Hash a password."""
        return resolve(self.algorithm).hash(password)
