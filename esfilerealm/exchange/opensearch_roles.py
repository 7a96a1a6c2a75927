"""
The roles of Elasticsearch for the roles of OpenSearch.

``roles_mapping.yml`` gives a backend role its meaning. So a backend role never becomes
``superuser`` or its namesake in Elasticsearch, unless the user maps it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ..names import RESERVED_ROLE_NAMES, validate_role_name

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["RoleChoice", "RoleMap"]

#: Roles that the security plugin always has. Those without a clear counterpart are missing:
#: ``readall`` (``viewer`` may do more and less), ``logstash`` (its namesakes in Elasticsearch serve
#: other purposes), ``manage_snapshots`` (``snapshot_user`` cannot restore), ``kibana_server``
#: (``kibana_system`` is for the built-in user), ``own_index``, ``alerting_*``, ``reports_*`` and so
#: on.
_SECURITY_ROLES: Final = {
    # All rights on all indices and on the cluster, which only ``superuser`` has.
    "all_access": "superuser",
    # The right to use Dashboards; its namesake is the right to use Kibana.
    "kibana_user": "kibana_user",
}

#: The plugin's default mappings to the roles above. Custom mappings may differ; only access to
#: Kibana is harmless enough to assume.
_BACKEND_ROLES: Final = {"kibanauser": "kibana_user"}
#: Security roles that become their namesakes: all except the one with all rights.
_NAMESAKES: Final = RESERVED_ROLE_NAMES - {"superuser"}
#: What backend roles would become with the default ``roles_mapping.yml``.
_ADVISED: Final = {"admin": "superuser"}  # by way of all_access


@dataclass(frozen=True, slots=True)
class RoleChoice:
    """
    The conversion of a role.

    Attributes:
        role: The role of Elasticsearch, or None.
        problem: Why the counterpart is unknown, and how to name it.
        remark: What to check, once for each role.
    """

    role: str | None = None
    problem: str = ""
    remark: str = ""


class RoleMap:
    """
    Converts roles by the user's map, then by known counterparts, then security roles by name.

    Args:
        given: The user's map, from a role to one of Elasticsearch, or to None to leave it out.

    Raises:
        InvalidRoleNameError: If *given* maps a role to an invalid name.
    """

    def __init__(self, given: Mapping[str, str | None]) -> None:
        for role in given.values():
            if role is not None:
                validate_role_name(role, writable=True)
        self._given = given
        self._remarked: set[tuple[str, bool]] = set()

    def choose(self, role: str, *, is_backend_role: bool) -> RoleChoice:
        """Convert one role."""
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
        """Return a message about a choice, the first time it is made."""
        if (role, is_backend_role) in self._remarked:
            return ""
        self._remarked.add((role, is_backend_role))
        why = "its counterpart"
        if role == chosen:
            why = "which Elasticsearch defines itself"
        elif is_backend_role:
            why = "as in the default roles_mapping.yml of OpenSearch"
        return f"it becomes [{chosen}], {why}; to change that, pass --map-role {role}=ROLE"


def _problem(role: str, *, is_backend_role: bool) -> str:
    """Return why the counterpart is unknown; only well-known names are shown."""
    advised = _ADVISED.get(role, role if role in RESERVED_ROLE_NAMES else None)
    if is_backend_role and advised is not None:
        return (
            "roles_mapping.yml gives a backend role its meaning: pass --roles-mapping FILE; or, "
            f"if this one is [{advised}], pass --map-role {role}={advised}"
        )
    return "it has no counterpart: name one with --map-role FROM=TO"
