"""Policies: under which rules each certificate of a path was issued, where one is required."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .extensions import Extensions
    from .facts import Facts

    #: From each policy that holds so far to those by which a certificate below may call it.
    _Policies = dict[str, set[str]]

__all__ = ["breaks_policies"]

_ANY: Final = "2.5.29.32.0"


def breaks_policies(path: Sequence[Facts]) -> bool:
    """
    Check whether a path breaks the rules about policies.

    It does if a policy is required and none holds for all of it, if a policy has a condition that
    has to be understood, or if any policy is mapped to another.

    Args:
        path: From a client's certificate to the last one below the trusted certificate.

    Source:
        RFC 5280, section 6.1; any policy satisfies a node. ``PolicyChecker`` of Java 17.
    """
    required = mapping_left = any_left = len(path) + 1
    valid: _Policies = {_ANY: {_ANY}}
    for number in range(len(path) - 1, -1, -1):
        facts = path[number]
        extensions = facts.extensions
        if valid and extensions.has_critical_qualifiers:
            return True
        may_be_any = any_left > 0 or (number > 0 and facts.is_self_issued)
        valid = _still_valid(valid, extensions.policies, may_be_any=may_be_any)
        if number and valid:
            if any(_ANY in pair for pair in extensions.mappings):
                return True
            valid = _mapped(valid, extensions, is_allowed=mapping_left > 0)
        if not required and not valid:
            return True
        if not facts.is_self_issued:
            required, mapping_left, any_left = (
                max(left - 1, 0) for left in (required, mapping_left, any_left)
            )
        if extensions.required_policy is not None and (number or not extensions.required_policy):
            required = min(required, extensions.required_policy)
        if extensions.allowed_mapping is not None:
            mapping_left = min(mapping_left, extensions.allowed_mapping)
        if extensions.allowed_any is not None:
            any_left = min(any_left, extensions.allowed_any)
    return not required and not valid


def _still_valid(
    valid: _Policies, policies: frozenset[str] | None, *, may_be_any: bool
) -> _Policies:
    """Return the policies that hold for one more certificate."""
    expected = set().union(*valid.values()) if policies is not None else set()
    named = {policy for policy in (policies or ()) if policy != _ANY}
    kept = named if _ANY in expected else named & expected
    if policies and _ANY in policies and may_be_any:
        kept = kept | expected
    return {policy: {policy} for policy in kept}


def _mapped(valid: _Policies, extensions: Extensions, *, is_allowed: bool) -> _Policies:
    """Return the policies with the names that an authority gives them for those below it."""
    found: _Policies = {}
    for issuer, subject in extensions.mappings:
        if issuer in valid or _ANY in valid:
            found.setdefault(issuer, set()).add(subject)
    if is_allowed:
        return {**valid, **found}
    return {policy: names for policy, names in valid.items() if policy not in found}
