"""What one part of a node asks of the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .._storage import RealmPaths
    from ..formats import ParsedRealm
    from ..keystore import Keystore
    from ..settings.realm_settings import NameRules
    from .entries import Entry
    from .node_settings import NodeSettings

__all__ = ["View"]


class View(Protocol):
    """A node, as far as its parts know of it: see ``Node``, which has all of this."""

    config_dir: str

    @property
    def paths(self) -> RealmPaths:
        """Where the files of the realm are."""

    @property
    def realm(self) -> ParsedRealm:
        """What both files say."""

    @property
    def name_rules(self) -> NameRules:
        """Which usernames a node takes from a file."""

    @property
    def settings(self) -> NodeSettings:
        """The settings."""

    @property
    def keystore(self) -> Keystore | None:
        """The keystore, opened; None if there is none."""

    @property
    def entries(self) -> Mapping[str, Entry]:
        """The configuration directory and what is directly in it, by path."""

    def entry(self, path: str) -> Entry | None:
        """Examine any path; None if nothing is there."""
