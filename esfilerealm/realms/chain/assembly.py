"""The chain of a node from its settings: which realms there are, in which order."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypedDict

from ..._ground.showing import shown
from ..._ground.values import ReadOnlyDict
from ...findings import Finding
from ...settings.chain_settings import read_chain
from ...settings.realm_order import ES7
from ..file.realm import FileRealm
from .reserved import ReservedRealm

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ...role_mapping import RoleMapping
    from ...settings import RealmSettings
    from ...settings.chain_settings import ChainSettings
    from ...settings.realm_order import ConfiguredRealm
    from ..base import Realm
    from ..pki import PkiRealm

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
        unavailable: By name, the types of realms that a node asks, and that are not here.
        findings: What somebody should know.
    """

    config_dir: str
    settings: ChainSettings
    realms: tuple[Realm[Any], ...]
    own: tuple[Any, ...]
    unavailable: Mapping[str, str]
    findings: tuple[Finding, ...]


def assemble(
    config_dir: str | os.PathLike[str],
    given: Mapping[str, Realm[Any]],
    *,
    overrides: Mapping[str, str] | None,
    elasticsearch_version: int | None,
    role_mappings: Iterable[RoleMapping],
    keystore_password: str | None,
    watch_events: bool,
) -> ChainParts:
    """Make the realms of a node; for arguments and errors see ``RealmChain.from_settings``."""
    folder = os.path.abspath(os.fspath(config_dir))
    settings, file_settings, order = read_chain(folder, overrides, elasticsearch_version)
    _check_given(given, [realm.name for realm in order.realms])
    options: _Options = {
        "overrides": overrides,
        # Where only a node of 7 would start, the version is known although nobody stated it.
        "elasticsearch_version": order.version if order.version == ES7 else elasticsearch_version,
        "role_mappings": tuple(role_mappings),
        "keystore_password": keystore_password,
        "watch_events": watch_events,
    }
    maker = _Maker(folder, settings, file_settings, options)
    realms: list[Realm[Any]] = []
    own: list[Any] = []
    missing: list[ConfiguredRealm] = []
    for configured in order.realms:
        if configured.name in given:
            realms.append(given[configured.name])
        elif (realm := maker.make(configured)) is not None:
            realms.append(realm)
            own.append(realm)
        else:
            missing.append(configured)
    for realm in own:
        if getattr(realm, "has_authorization_realms", False):
            realm.initialize(realms)
    return ChainParts(
        config_dir=folder,
        settings=settings,
        realms=tuple(realms),
        own=tuple(realm for realm in own if hasattr(realm, "close")),
        unavailable=ReadOnlyDict({realm.name: realm.type for realm in missing}),
        findings=(*_said_by_a_node(file_settings), *map(_missing, missing)),
    )


def _check_given(given: Mapping[str, Realm[Any]], asked: list[str]) -> None:
    for name, realm in given.items():
        if name not in asked:
            there = ", ".join(f"[{shown(other)}]" for other in asked)
            raise ValueError(f"this node asks no realm [{shown(name)}]; it asks {there}")
        if realm.name != name:
            raise ValueError(f"the realm for [{shown(name)}] has the name [{shown(realm.name)}]")


class _Options(TypedDict):
    """What realms need besides their names."""

    overrides: Mapping[str, str] | None
    elasticsearch_version: int | None
    role_mappings: tuple[RoleMapping, ...]
    keystore_password: str | None
    watch_events: bool


class _Maker:
    """Makes the realms of the types that there are here."""

    def __init__(
        self,
        folder: str,
        settings: ChainSettings,
        file_settings: RealmSettings,
        options: _Options,
    ) -> None:
        self._folder = folder
        self._settings = settings
        self._file_settings = file_settings
        self._options = options

    def make(self, configured: ConfiguredRealm) -> Realm[Any] | None:
        """Return a realm, or None if there is none of that type here."""
        if configured.type == "reserved":
            return ReservedRealm(self._settings.anonymous_username)
        if configured.type == "file":
            watch_events = self._options["watch_events"]
            return FileRealm(self._folder, settings=self._file_settings, watch_events=watch_events)
        return self._pki(configured.name) if configured.type == "pki" else None

    def _pki(self, name: str) -> PkiRealm:
        from ...settings.mapped_realms import read_pki_settings  # loads what reads certificates
        from ..pki.realm import PkiRealm

        options = self._options
        version = options["elasticsearch_version"]
        return PkiRealm(
            self._folder,
            name=name,
            settings=read_pki_settings(
                self._folder, name, options["overrides"], elasticsearch_version=version
            ),
            documents=options["role_mappings"],
            keystore_password=options["keystore_password"],
            elasticsearch_version=version,
            watch_events=options["watch_events"],
        )


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
