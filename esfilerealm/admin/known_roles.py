"""Which roles are known without asking a node, and what to say about the others."""

from __future__ import annotations

import os

__all__ = ["VARIABLE", "declared_roles", "split_roles", "unknown_roles_text"]

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

VARIABLE = "ESFILEREALM_KNOWN_ROLES"
"""Comma-separated names of roles that the role API defines, where no file shows them."""


def declared_roles(names: Iterable[str] = ()) -> frozenset[str]:
    """Return the roles that somebody declares to be known: *names*, and those of the variable."""
    return frozenset((*names, *split_roles(os.environ.get(VARIABLE, ""))))


def split_roles(text: str) -> list[str]:
    """Split a list of role names, which hold no comma."""
    return [name for name in map(str.strip, text.split(",")) if name]


def unknown_roles_text(roles: Sequence[str], known: Collection[str], path: str) -> str:
    """
    Return one line about roles that may be misspelled.

    Args:
        roles: The unknown roles.

        known: All roles that are known.

        path: The file ``roles.yml``, whether or not it exists.
    """
    from .._ground.hints import did_you_mean
    from .._ground.showing import shown_name

    hints = {role: did_you_mean(role, sorted(known)) for role in roles}
    found = [(role, hint) for role, hint in hints.items() if hint]
    if len(roles) == 1:
        questions = [hint for _, hint in found]
    else:
        questions = [f"for [{shown_name(role)}] {hint}" for role, hint in found]
    hint = f": {' '.join(questions)} If" if questions else "; if"
    names = ",".join(map(shown_name, roles))
    return (
        f"roles [{names}] are not defined in [{path}]{hint} the role API defines them, "
        "pass --known-role (known_roles)"
    )
