"""
Which role of Elasticsearch a role of OpenSearch becomes.

A backend role is but a word until ``roles_mapping.yml`` gives it a meaning. So nobody becomes a
``superuser`` by one, and none is taken for its namesake in Elasticsearch, unless the user says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ..names import RESERVED_ROLE_NAMES, validate_role_name

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["RoleChoice", "RoleMap"]

#: Roles of the security plugin that every OpenSearch has. One without a clear counterpart is not
#: here: ``readall`` (``viewer`` does more and less), ``logstash`` (its namesakes in Elasticsearch
#: are for other things), ``manage_snapshots`` (``snapshot_user`` cannot restore), ``kibana_server``
#: (``kibana_system`` is for the built-in user), ``own_index``, ``alerting_*``, ``reports_*`` ….
_SECURITY_ROLES: Final = {
    # Everything on all indices and all of the cluster: what ``superuser`` is, no other role.
    "all_access": "superuser",
    # The right to use Dashboards; its namesake is the right to use Kibana.
    "kibana_user": "kibana_user",
}

#: Of the mappings that the plugin comes with, those to a role that has a counterpart above; a file
#: of one's own may differ, which is no great harm only with the right to use Kibana.
_BACKEND_ROLES: Final = {"kibanauser": "kibana_user"}
#: Security roles that become what they are called, but for the one that may do everything.
_NAMESAKES: Final = RESERVED_ROLE_NAMES - {"superuser"}
#: What backend roles would become, were ``roles_mapping.yml`` the one that the plugin comes with.
_ADVISED: Final = {"admin": "superuser"}  # by way of all_access


@dataclass(frozen=True, slots=True)
class RoleChoice:
    """
    What becomes of a role.

    Attributes:
        role: The role of Elasticsearch, or None if there is none.
        problem: Why nobody knows what it becomes, and how to say so.
        remark: What to make sure of, once for each role.
    """

    role: str | None = None
    problem: str = ""
    remark: str = ""


class RoleMap:
    """
    Decides by what the user says, then by what is known; for security roles then by the name alone.

    Args:
        given: What the user says: from a role to one of Elasticsearch, or to None for none.

    Raises:
        InvalidRoleNameError: If no role can have a name that is given.
    """

    def __init__(self, given: Mapping[str, str | None]) -> None:
        for role in given.values():
            if role is not None:
                validate_role_name(role, writable=True)
        self._given = given
        self._remarked: set[tuple[str, bool]] = set()

    def choose(self, role: str, *, is_backend_role: bool) -> RoleChoice:
        """Decide about one role."""
        if role in self._given:
            return RoleChoice(self._given[role])
        if is_backend_role:
            chosen = _BACKEND_ROLES.get(role)
        else:
            chosen = _SECURITY_ROLES.get(role, role if role in _NAMESAKES else None)
        if chosen is None:
            return RoleChoice(problem=_problem(role, is_backend_role=is_backend_role))
        return RoleChoice(
            chosen, remark=self._remark(role, chosen, is_backend_role=is_backend_role)
        )

    def _remark(self, role: str, chosen: str, *, is_backend_role: bool) -> str:
        """Tell once what was chosen unasked."""
        if (role, is_backend_role) in self._remarked:
            return ""
        self._remarked.add((role, is_backend_role))
        why = "its counterpart"
        if role == chosen:
            why = "which Elasticsearch defines itself"
        elif is_backend_role:
            why = "as in the roles_mapping.yml that OpenSearch comes with"
        return f"it becomes [{chosen}], {why}; another one with --map-role {role}=ROLE"


def _problem(role: str, *, is_backend_role: bool) -> str:
    """Say why nobody knows what it becomes; only names that are known are shown."""
    advised = _ADVISED.get(role, role if role in RESERVED_ROLE_NAMES else None)
    if is_backend_role and advised is not None:
        return (
            "a backend role is what roles_mapping.yml makes of it: "
            f"if this is [{advised}], say so with --map-role {role}={advised}"
        )
    return "it has no counterpart: give one with --map-role FROM=TO"
