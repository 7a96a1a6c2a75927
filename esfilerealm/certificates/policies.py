"""Policies: under which rules each certificate of a path was issued, where one is required."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .facts import Facts

__all__ = ["lacks_policy"]

_ANY: Final = "2.5.29.32.0"


def lacks_policy(path: Sequence[Facts]) -> bool:
    """
    Check whether a policy is required on a path, and none holds for all of it.

    Policies are not mapped to others. So a path that needs that is refused.

    Args:
        path: From a client's certificate to the last one below the trusted certificate.

    Source:
        RFC 5280, section 6.1; any policy satisfies a node.
    """
    required = any_left = len(path) + 1
    valid: frozenset[str] = frozenset((_ANY,))
    for number in range(len(path) - 1, -1, -1):
        facts = path[number]
        may_be_any = any_left > 0 or (number > 0 and facts.is_self_issued)
        valid = _still_valid(valid, facts.policies, may_be_any=may_be_any)
        if not required and not valid:
            return True
        if not facts.is_self_issued or not number:
            required, any_left = max(required - 1, 0), max(any_left - 1, 0)
        if facts.required_policy is not None and (number or not facts.required_policy):
            required = min(required, facts.required_policy)
        if facts.allowed_any is not None:
            any_left = min(any_left, facts.allowed_any)
    return not required and not valid


def _still_valid(
    valid: frozenset[str], policies: frozenset[str] | None, *, may_be_any: bool
) -> frozenset[str]:
    """Return the policies that hold for one more certificate."""
    if policies is None:
        return frozenset()
    named = policies - {_ANY}
    kept = named if _ANY in valid else named & valid
    return kept | valid if _ANY in policies and may_be_any else kept
