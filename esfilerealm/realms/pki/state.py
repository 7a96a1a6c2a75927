"""What decides about a login at one moment: whom the realm trusts, and who has which roles."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ...certificates import TrustStore
    from ...role_mapping import ParsedRoleMapping, RoleMapping
    from ..role_mapper import RoleMapper
    from .trust import FollowedTrust

__all__ = ["Sources", "TrustAndRoles"]


class TrustAndRoles:
    """
    Both as they were at one moment. Each change replaces a part, so that parts are compared as
    objects.

    Attributes:
        store: The trusted certificates; None if TLS decides.
        mapping: What the mapping file said.
        documents: The role mappings of the API.
    """

    __slots__ = ("documents", "mapping", "store")

    def __init__(
        self,
        store: TrustStore | None,
        mapping: ParsedRoleMapping | None,
        documents: tuple[RoleMapping, ...],
    ) -> None:
        self.store = store
        self.mapping = mapping
        self.documents = documents


class Sources:
    """
    Where the state comes from.

    Args:
        trust: Of the realm; None if it leaves trust to TLS.
        mapper: Finds roles; None if other realms know them.
    """

    def __init__(self, trust: FollowedTrust | None, mapper: RoleMapper | None) -> None:
        self._trust = trust
        self._mapper = mapper

    def now(self) -> TrustAndRoles:
        """Return the state; the mapping file is read at the first use."""
        trust, mapper = self._trust, self._mapper
        return TrustAndRoles(
            None if trust is None else trust.store,
            None if mapper is None else mapper.mapping,
            () if mapper is None else mapper.documents,
        )

    def are_still(self, state: TrustAndRoles) -> bool:
        """
        Check whether nothing was replaced since *state*.

        Trust is looked at first. What has not been replaced then was true together with the
        mappings, which are not replaced a moment later.
        """
        trust, mapper = self._trust, self._mapper
        return (trust is None or trust.store is state.store) and (
            mapper is None
            or (mapper.mapping is state.mapping and mapper.documents is state.documents)
        )
