"""The chain of a node from its settings: which realms there are, in which order."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypedDict

from ..._ground.showing import shown
from ..._ground.values import ReadOnlyDict
from ...errors import InvalidSettingError
from ...findings import Finding
from ...settings.chain_settings import read_chain
from ...settings.realm_order import ES7
from ..file.realm import FileRealm
from .reserved import ReservedRealm

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

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
    _check_names(order.realms)
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
    found: dict[ConfiguredRealm, Any] = {
        each: given[each.name] if each.name in given else maker.make(each) for each in order.realms
    }
    missing = {each: _missing(each) for each, realm in found.items() if realm is None}
    missing |= _without_roles(found, given, [each.name for each in missing])
    asked = {each: realm for each, realm in found.items() if each not in missing}
    realms = tuple(asked.values())
    own = [realm for each, realm in asked.items() if each.name not in given]
    for realm in own:
        if getattr(realm, "has_authorization_realms", False):
            realm.initialize(realms)
    return ChainParts(
        config_dir=folder,
        settings=settings,
        realms=realms,
        own=tuple(realm for realm in own if hasattr(realm, "close")),
        unavailable=ReadOnlyDict({realm.name: realm.type for realm in missing}),
        findings=(
            *_said_by_a_node(file_settings),
            *_said_of_lists(folder, overrides, order.version),
            *missing.values(),
        ),
    )


def _check_names(realms: Iterable[ConfiguredRealm]) -> None:
    """Refuse a realm that is named like the reserved one, which a node of 7 accepts."""
    known = set()
    for realm in realms:
        if realm.name in known:
            rule = "has the name of a realm that a node adds itself"
            raise InvalidSettingError(realm.prefix.removesuffix("."), None, rule, realm.where)
        known.add(realm.name)


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


def _said_of_lists(
    folder: str, overrides: Mapping[str, str] | None, version: int
) -> Iterable[Finding]:
    """Return what ``check`` says of security domains and of other lists of realms."""
    from ...checks.node import Node  # together 10 ms, for who makes a chain of a folder only
    from ...checks.rules.realm_chain import undefined_realm, unusable_domain
    from ...checks.run import examine

    node = Node(folder, elasticsearch_version=version, overrides=overrides)
    return examine(node, (unusable_domain, undefined_realm))


def _without_roles(
    found: Mapping[ConfiguredRealm, Any], given: Mapping[str, object], missing: Sequence[str]
) -> dict[ConfiguredRealm, Finding]:
    """Return the realms that have to be left out, since those are missing that know the roles."""
    findings = {}
    for each, realm in found.items():
        if each.name not in given and getattr(realm, "has_authorization_realms", False):
            lacking = [name for name in realm.settings.authorization_realms if name in missing]
            if lacking:
                realm.close()
                findings[each] = _left_out(each, lacking)
    return findings


def _left_out(realm: ConfiguredRealm, lacking: Sequence[str]) -> Finding:
    names = ", ".join(f"[{shown(name)}]" for name in lacking)
    return Finding(
        code="CHAIN2",
        severity="warning",
        message=(
            f"the realm [{shown(realm.name)}] of type [{shown(realm.type)}] is left out of this "
            f"chain: the roles of its users are in {names}, which is missing"
        ),
        subject=realm.name,
        advice=f"Pass realms={{{shown(lacking[0])!r}: …}} if your program can ask it.",
    )


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
