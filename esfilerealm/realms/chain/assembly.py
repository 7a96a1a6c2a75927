"""The chain of a node from its settings: which realms there are, in which order."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ..._ground.showing import shown
from ...findings import Finding
from ...settings.chain_settings import read_chain
from ..file.realm import FileRealm
from .reserved import ReservedRealm

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ...role_mapping import RoleMapping
    from ...settings import RealmSettings
    from ...settings.chain_settings import ChainSettings
    from ...settings.realm_order import ConfiguredRealm
    from ..base import Realm

__all__ = ["CODES", "ChainParts", "assemble"]

#: The codes of findings about a chain, with their titles.
CODES: Final = {
    "CHAIN1": "what a node says of the settings",
    "CHAIN2": "a realm of the node is missing here",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainParts:
    """
    What a chain is made of.

    Attributes:
        config_dir: The absolute path of the configuration directory.
        settings: Those of the chain.
        realms: In the order in which they are asked.
        own: Those that were made here, which the chain enters and closes.
        unavailable: The names of realms that a node asks, and that are not here.
        findings: What somebody should know.
    """

    config_dir: str
    settings: ChainSettings
    realms: tuple[Realm[Any], ...]
    own: tuple[Any, ...]
    unavailable: tuple[str, ...]
    findings: tuple[Finding, ...]


def assemble(
    config_dir: str | os.PathLike[str],
    given: Mapping[str, Realm[Any]],
    *,
    overrides: Mapping[str, str] | None,
    elasticsearch_version: int | None,
    role_mappings: Iterable[RoleMapping],
) -> ChainParts:
    """Make the realms of a node; for arguments and errors see ``RealmChain.from_settings``."""
    folder = os.path.abspath(os.fspath(config_dir))
    settings, file_settings, order = read_chain(folder, overrides, elasticsearch_version)
    _check_given(given, [realm.name for realm in order.realms])
    maker = _Maker(folder, settings, file_settings, role_mappings)
    realms: list[Realm[Any]] = []
    own, missing = [], []
    for configured in order.realms:
        if configured.name in given:
            realms.append(given[configured.name])
        elif (realm := maker.make(configured)) is not None:
            realms.append(realm)
            own.append(realm)
        else:
            missing.append(configured)
    return ChainParts(
        config_dir=folder,
        settings=settings,
        realms=tuple(realms),
        own=tuple(realm for realm in own if hasattr(realm, "close")),
        unavailable=tuple(realm.name for realm in missing),
        findings=(*_said_by_a_node(file_settings), *map(_missing, missing)),
    )


def _check_given(given: Mapping[str, Realm[Any]], asked: list[str]) -> None:
    for name, realm in given.items():
        if name not in asked:
            there = ", ".join(f"[{shown(other)}]" for other in asked)
            raise ValueError(f"this node asks no realm [{shown(name)}]; it asks {there}")
        if realm.name != name:
            raise ValueError(f"the realm for [{shown(name)}] has the name [{shown(realm.name)}]")


class _Maker:
    """Makes the realms of the types that there are here."""

    def __init__(
        self,
        folder: str,
        settings: ChainSettings,
        file_settings: RealmSettings,
        role_mappings: Iterable[RoleMapping],
    ) -> None:
        self._folder = folder
        self._settings = settings
        self._file_settings = file_settings
        self._role_mappings = tuple(role_mappings)

    def make(self, configured: ConfiguredRealm) -> Realm[Any] | None:
        """Return a realm, or None if there is none of that type here."""
        if configured.type == "reserved":
            return ReservedRealm(self._settings.anonymous_username)
        if configured.type == "file":
            return FileRealm(self._folder, settings=self._file_settings)
        return None


def _said_by_a_node(settings: RealmSettings) -> Iterable[Finding]:
    for text in settings.warnings:
        yield Finding(code="CHAIN1", severity="warning", message=text)
    for text in settings.notes:
        yield Finding(code="CHAIN1", severity="info", message=text)


def _missing(realm: ConfiguredRealm) -> Finding:
    is_implicit = realm.where == "default"
    return Finding(
        code="CHAIN2",
        severity="info" if is_implicit else "warning",
        message=(
            f"the realm [{shown(realm.name)}] of type [{shown(realm.type)}] is missing in this "
            "chain, so nobody whom only it knows can log in"
        ),
        subject=realm.name,
        advice=f"Pass realms={{{shown(realm.name)!r}: …}} if your program can ask it.",
    )
