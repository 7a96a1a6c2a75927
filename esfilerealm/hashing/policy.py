"""The hash policy: which stored hashes are too weak, and how new ones are made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from .._ground.showing import in_one_line
from ..errors import UnknownHashAlgorithmError
from . import bcrypt, pbkdf2
from .registry import STORED_ALGORITHMS, resolve, resolve_from_hash

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

    from .base import Hasher

__all__ = ["Policy"]

#: The families whose hashes nodes write; see ``Hasher.family``.
_STORED_FAMILIES: Final = frozenset(resolve(name).family for name in STORED_ALGORITHMS)


@dataclass(frozen=True, slots=True)
class Policy:
    """
    Which stored hashes are good enough, and how new ones are made.

    Plans, upgrades at login and ``crypt_context`` all use it. ``hash`` and ``needs_update`` have
    the names that they have in a passlib context, so that a program can bring its own.

    Attributes:
        algorithm: The name of the algorithm for new hashes.
        minimum_costs: From each family whose hashes are good enough to the cost that they need;
            None if every usable hash is good enough.
    """

    algorithm: str
    minimum_costs: Mapping[str, int] | None

    def __post_init__(self) -> None:
        hasher = resolve(self.algorithm)
        if hasher.family not in _STORED_FAMILIES:
            advice = "it is for caches only; use bcrypt or pbkdf2"
            raise UnknownHashAlgorithmError(self.algorithm, advice)

    @classmethod
    def for_plan(cls, algorithm: str, *, is_required: bool, minimum_cost: int | None) -> Self:
        """
        Make the policy of a desired state.

        Args:
            algorithm: For new hashes.

            is_required: Whether existing hashes must be of the family of *algorithm* and, without
                a *minimum_cost*, cost as much.

            minimum_cost: What hashes of that family must cost; None for no such rule.

        Raises:
            UnknownHashAlgorithmError: If *algorithm* may not produce stored hashes.
        """
        if not is_required and minimum_cost is None:
            return cls(algorithm, None)
        hasher = resolve(algorithm)
        return cls(algorithm, {hasher.family: minimum_cost or (hasher.cost if is_required else 0)})

    @classmethod
    def for_login(cls, algorithm: str) -> Self:
        """
        Make the policy for upgrades at login, unless a program brings its own.

        Digests are weak, and so is every hash that costs less than *algorithm* in its family. Both
        forms of PBKDF2 count as one family here; any other family is good enough.

        Raises:
            UnknownHashAlgorithmError: If *algorithm* may not produce stored hashes.
        """
        hasher = resolve(algorithm)
        bcrypt_cost, iterations = bcrypt.COSTS.start, pbkdf2.ITERATIONS[0]
        if isinstance(hasher, bcrypt.BcryptHasher):
            bcrypt_cost = hasher.cost
        else:
            iterations = hasher.cost
        return cls.of_costs(algorithm, bcrypt_cost, iterations)

    @classmethod
    def of_costs(cls, algorithm: str, bcrypt_cost: int, pbkdf2_iterations: int) -> Self:
        """
        Make a policy that accepts bcrypt and PBKDF2 from these costs on, and no digest.

        Raises:
            UnknownHashAlgorithmError: If *algorithm* may not produce stored hashes.
        """
        costs = dict.fromkeys(_STORED_FAMILIES, pbkdf2_iterations)
        costs[bcrypt.BcryptHasher.family] = bcrypt_cost
        return cls(algorithm, costs)

    @property
    def hasher(self) -> Hasher:
        """The hasher for new hashes."""
        return resolve(self.algorithm)

    @property
    def accepts_all(self) -> bool:
        """Whether every usable hash is good enough."""
        return self.minimum_costs is None

    @property
    def minimum_cost(self) -> int:
        """The least cost of a hash of the family of ``algorithm``; 0 if every cost is enough."""
        return (self.minimum_costs or {}).get(self.hasher.family, 0)

    @property
    def problem(self) -> str | None:
        """Why new hashes would not be good enough, or None."""
        if self.hasher.cost >= self.minimum_cost:
            return None
        return f"its cost [{self.hasher.cost}] is below the minimum [{self.minimum_cost}]"

    def needs_update(self, hash: str) -> bool:
        """
        Check whether a hash is too weak, or of a family that is not accepted.

        Raises:
            InvalidHashError: If a node would throw on *hash*.
        """
        if self.minimum_costs is None:
            return False
        hasher = resolve_from_hash(hash)
        minimum = self.minimum_costs.get(hasher.family)
        return minimum is None or hasher.cost < minimum

    def hash(self, password: str) -> str:
        """Hash *password* with ``algorithm``."""
        return self.hasher.hash(password)

    def sample(self) -> str:
        """Make a hash of the cheapest kind of the same family, for a rehearsal."""
        hashers = map(resolve, STORED_ALGORITHMS)
        same_family = (one for one in hashers if one.family == self.hasher.family)
        return min(same_family, key=lambda one: one.cost).hash("rehearsal")

    @in_one_line
    def __str__(self) -> str:
        return f"[{self.algorithm}], minimum cost [{self.minimum_cost}]"
