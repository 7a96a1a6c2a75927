"""Which role of Elasticsearch a role of OpenSearch becomes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ..formats.writable import check_writable_role_name
from ..validation import RESERVED_ROLE_NAMES

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

#: Backend roles mean what ``roles_mapping.yml`` says. These are two of the mappings that the
#: plugin comes with, to roles that have a counterpart above; a file of one's own may differ.
_BACKEND_ROLES: Final = {
    "admin": "superuser",  # by way of all_access
    "kibanauser": "kibana_user",
}


@dataclass(frozen=True, slots=True)
class RoleChoice:
    """
    What becomes of a role.

    Attributes:
        role: The role of Elasticsearch, or None if there is none.
        is_unknown: Whether nobody said what it is.
        remark: What to make sure of, once for each role.
    """

    role: str | None = None
    is_unknown: bool = False
    remark: str = ""


class RoleMap:
    """
    Decides by what the user says, then by what is known, then by the name alone.

    Args:
        given: What the user says: from a role to one of Elasticsearch, or to None for none.

    Raises:
        InvalidRoleNameError: If no role can have a name that is given.
    """

    def __init__(self, given: Mapping[str, str | None]) -> None:
        for role in given.values():
            if role is not None:
                check_writable_role_name(role)
        self._given = given
        self._remarked: set[tuple[str, bool]] = set()

    def choose(self, role: str, *, is_backend_role: bool) -> RoleChoice:
        """Decide about one role."""
        if role in self._given:
            return RoleChoice(self._given[role])
        known = _BACKEND_ROLES if is_backend_role else _SECURITY_ROLES
        chosen = known.get(role, role if role in RESERVED_ROLE_NAMES else None)
        if chosen is None:
            return RoleChoice(is_unknown=True)
        return RoleChoice(chosen, remark=self._remark(role, chosen, is_backend_role))

    def _remark(self, role: str, chosen: str, is_backend_role: bool) -> str:  # noqa: FBT001
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
