"""From which values on a rule speaks."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Limits"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """
    The thresholds of rules; ``Node.limits``, and the table ``[limits]`` of ``esfilerealm.toml``.

    To add one is to add a field: a whole number, whose name is its key and whose paragraph below is
    its documentation.

    Attributes:
        lowest_bcrypt_cost: Below it, a stolen hash is searched too fast.
        highest_bcrypt_cost: Above it, a login takes seconds of a core.
        lowest_pbkdf2_iterations: As for bcrypt.
        highest_pbkdf2_iterations: As for bcrypt.
        most_superusers: More users with the role ``superuser`` are too many.
        certificate_days: A certificate that expires within so many days is about to expire.
        most_authorities: More trusted certificates are too many where they decide who is let in.
    """

    lowest_bcrypt_cost: int = 10
    highest_bcrypt_cost: int = 13
    lowest_pbkdf2_iterations: int = 10_000
    highest_pbkdf2_iterations: int = 500_000
    most_superusers: int = 3
    certificate_days: int = 30
    most_authorities: int = 20
