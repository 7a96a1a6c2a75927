"""
The realms that a node asks, in order, by the rules of its major version.

A type that Elasticsearch does not bring along is that of a plugin, unless it is nearly the name of
one that it does, which is a mistake. Of realms that are not of type ``file``, only
``type``, ``order`` and ``enabled`` are read: their other keys are for a node to check.

Source:
    ``Realms``, ``RealmSettings`` and ``RealmConfig``, in 5 and 6, in 7, and since 8.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .._ground.hints import nearest
from .._ground.showing import shown
from ..errors import InvalidSettingError
from .keys import REALM_KEYS, SECURITY_ENABLED

__all__ = [
    "ES7",
    "ES8",
    "REALM_TYPES",
    "ConfiguredRealm",
    "RealmOrder",
    "infer_major_version",
    "meant_type",
    "realm_order",
    "why_file_realm_is_unused",
]

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Final

    from .reader import SettingsReader

_PREFIX: Final = "xpack.security.authc.realms."
_NATIVE_USERS_ENABLED: Final = "xpack.security.authc.native_users.enabled"

#: Since 7, the type of a realm is a part of its keys; since 8, what 7 warns of is an error.
ES7: Final = 7
ES8: Final = 8

#: They exist without being configured, in this order.
_BASIC_TYPES: Final = ("file", "native")
REALM_TYPES: Final = (
    *_BASIC_TYPES,
    *("ldap", "active_directory", "pki", "saml", "kerberos", "oidc", "jwt"),
)
_FIRST: Final = -(2**31)
_LAST: Final = 2**31 - 1

#: What can be set for a realm of type ``file``; with 5 and 6, ``type`` too.
_FILE_REALM_KEYS: Final = tuple(key.key for key in REALM_KEYS)


@dataclass(slots=True, eq=False)
class ConfiguredRealm:
    """
    One realm of a node.

    Attributes:
        type: Such as ``file``.
        name: Unique on a node.
        prefix: What its keys begin with, including the last dot.
        where: Where the first of its keys is set; ``default`` for a realm that no key mentions.
        enabled: Whether a node asks it.
        order: The number by which realms are sorted.
        has_order: Whether the order is set.
    """

    type: str
    name: str
    prefix: str
    where: str = "default"
    enabled: bool = True
    order: int = _LAST
    has_order: bool = False


@dataclass(frozen=True, slots=True)
class RealmOrder:
    """
    The realms of a node.

    Attributes:
        version: The major version of the node.
        realms: Those that it asks, in order; the reserved realm is the first of them.
        configured: Those that its settings mention, in their order there.
    """

    version: int
    realms: tuple[ConfiguredRealm, ...]
    configured: tuple[ConfiguredRealm, ...]

    @property
    def file_realm(self) -> ConfiguredRealm:
        """The realm of type ``file``; if a node does not ask it, it is not enabled."""
        for realm in self.realms:
            if realm.type == "file":
                return realm
        return self.unused_file_realm or _implicit_realm("file", self.version, _LAST, enabled=False)

    @property
    def unused_file_realm(self) -> ConfiguredRealm | None:
        """The realm of type ``file`` that is configured, but not asked, if there is one."""
        if any(realm.type == "file" for realm in self.realms):
            return None
        return next((realm for realm in self.configured if realm.type == "file"), None)


def why_file_realm_is_unused(
    reader: SettingsReader, order: RealmOrder, *, security_enabled: bool
) -> str | None:
    """Return why a node does not ask the file realm, in one line, or None if it does."""
    unasked = "a node does not ask the file realm"
    if not security_enabled:
        where = reader.where(SECURITY_ENABLED.key)
        return f"security is off ([{SECURITY_ENABLED.key}] in {where}), so {unasked}"
    if any(realm.type == "file" for realm in order.realms):
        return None
    unused = order.unused_file_realm
    if unused is not None:
        return f"the file realm [{unused.name}] is disabled in {unused.where}, so {unasked}"
    return _absence("file", order.version)


def _absence(kind: str, version: int) -> str:
    """Return why there is no realm of a basic type, which only happens before 8."""
    since_8 = "; since 8, it exists unless it is disabled" if version == ES7 else ""
    return (
        f"there is no realm of type {kind}, because others are enabled and no setting mentions "
        f"it: it is not in the chain, and its users cannot log in{since_8}"
    )


def infer_major_version(reader: SettingsReader) -> int:
    """Infer from the spelling of the keys for which major version they are: 6, or else 8."""
    has_old_spelling = any(
        key.endswith(".type") and key.count(".") == _PREFIX.count(".") + 1
        for key in reader.keys_below(_PREFIX)
    )
    return 6 if has_old_spelling else ES8


def realm_order(
    reader: SettingsReader, version: int, *, reserved_realm_enabled: bool = True
) -> RealmOrder:
    """
    Return the realms that a node of major version *version* asks.

    Problems are added to ``reader.problems``. A setting that this version accepts, but a later one
    may not, is added to ``reader.warnings``. Equal orders, where they
    are allowed, are sorted by name.
    """
    configured = _configured_realms(reader, version)
    rules = _Rules(reader, version, configured)
    realms = sorted(rules.enabled, key=lambda realm: (realm.order, realm.name))
    if version >= ES8:
        realms = [*rules.implicit(), *realms]
    elif not realms:
        realms = [_implicit_realm(kind, version, _LAST) for kind in _BASIC_TYPES]
    if reserved_realm_enabled:
        realms.insert(0, ConfiguredRealm("reserved", "reserved", "", order=_FIRST))
    rules.check(added=[realm for realm in realms if realm not in configured])
    return RealmOrder(version, tuple(realms), tuple(configured))


def _implicit_realm(
    kind: str, version: int, order: int, *, enabled: bool = True
) -> ConfiguredRealm:
    """Return the realm of a basic type that a node adds itself."""
    name = f"default_{kind}"
    prefix = f"{_PREFIX}{kind}.{name}." if version >= ES7 else f"{_PREFIX}{name}."
    return ConfiguredRealm(kind, name, prefix, enabled=enabled, order=order)


def _configured_realms(reader: SettingsReader, version: int) -> list[ConfiguredRealm]:
    """Return the realms that the settings mention, in their order there."""
    realms = _spelled_since_7(reader) if version >= ES7 else _spelled_before_7(reader)
    for realm in realms:
        realm.has_order = reader.is_given(f"{realm.prefix}order")
        realm.order = reader.integer(f"{realm.prefix}order", str(_LAST))
        realm.enabled = reader.boolean(f"{realm.prefix}enabled", "true")
    return realms


def _spelled_since_7(reader: SettingsReader) -> list[ConfiguredRealm]:
    """Read ``<prefix><type>.<name>.<key>``."""
    realms: dict[str, ConfiguredRealm] = {}
    for key in reader.keys_below(_PREFIX):
        kind, _, rest = key.removeprefix(_PREFIX).partition(".")
        name, _, own_key = rest.partition(".")
        if not (kind and name and own_key):
            old = "; this is the spelling of Elasticsearch 5 and 6" if name == "type" else ""
            reader.add_key_problem(key, f"must be [{_PREFIX}<type>.<name>.<key>]{old}")
            continue
        prefix = f"{_PREFIX}{kind}.{name}."
        if prefix not in realms:
            realms[prefix] = ConfiguredRealm(kind, name, prefix, reader.where(key))
            if meant := meant_type(kind):
                rule = f"unknown realm type [{kind}]; did you mean [{meant}]?"
                reader.add_key_problem(key, rule)
            elif kind not in REALM_TYPES:
                reader.note(key, _plugin_rule(kind))
        _check_own_key(reader, key, realms[prefix], _FILE_REALM_KEYS)
    reader.claim_below(f"{_PREFIX}file.")
    return [realm for realm in realms.values() if not meant_type(realm.type)]


def _spelled_before_7(reader: SettingsReader) -> list[ConfiguredRealm]:
    """Read ``<prefix><name>.<key>``, where one of the keys is ``type``."""
    realms: dict[str, ConfiguredRealm] = {}
    for key in reader.keys_below(_PREFIX):
        name, _, own_key = key.removeprefix(_PREFIX).partition(".")
        if not (name and own_key):
            reader.add_key_problem(key, f"must be [{_PREFIX}<name>.<key>]")
            continue
        prefix = f"{_PREFIX}{name}."
        if prefix not in realms:
            kind = _type_of(reader, prefix, reader.where(key))
            realms[prefix] = ConfiguredRealm(kind, name, prefix, reader.where(key))
        _check_own_key(reader, key, realms[prefix], ("type", *_FILE_REALM_KEYS))
    for realm in realms.values():
        if realm.type == "file":
            reader.claim_below(realm.prefix)
    return [realm for realm in realms.values() if realm.type and not meant_type(realm.type)]


def _type_of(reader: SettingsReader, prefix: str, where: str) -> str:
    key = f"{prefix}type"
    kind = reader.string(key)
    if not reader.is_given(key):
        rule = "is missing: in Elasticsearch 5 and 6, every realm has one"
        reader.problems.append(InvalidSettingError(key, None, rule, where))
    elif meant := meant_type(kind):
        reader.add_problem(key, "unknown realm type", f"did you mean [{meant}]?")
    elif kind and kind not in REALM_TYPES:
        reader.note(key, _plugin_rule(reader.written(key)))
    return kind


def _plugin_rule(kind: str) -> str:
    return (
        f"Elasticsearch has no realm of type [{shown(kind)}]; a node starts only with the plugin "
        "that brings it"
    )


def meant_type(kind: str) -> str | None:
    """Return the type of Elasticsearch that a name is a mistyped form of, or None."""
    if kind in REALM_TYPES:
        return None
    return next((known for known in REALM_TYPES if _is_mistyped(kind.lower(), known)), None)


def _is_mistyped(word: str, known: str) -> bool:
    """Check whether one letter is missing, extra, wrong or exchanged with its neighbour."""
    if word == known:
        return True
    same = [letter == other for letter, other in zip(word, known, strict=False)]
    start = same.index(False) if False in same else len(same)
    left, right = word[start:], known[start:]
    if left[1:2] + left[:1] + left[2:] == right:
        return True
    if left[1:] in (right, right[1:]):
        return not left[:1].isdigit() and left[:1] not in ("_", "-")
    return left == right[1:]


def _check_own_key(
    reader: SettingsReader, key: str, realm: ConfiguredRealm, known: tuple[str, ...]
) -> None:
    own_key = key.removeprefix(realm.prefix)
    if realm.type == "file" and own_key not in known:
        rule = f"unknown setting of a realm of type file; {nearest(own_key, known)}"
        reader.add_key_problem(key, rule)


class _Rules:
    """The rules for more than one realm."""

    def __init__(
        self, reader: SettingsReader, version: int, configured: list[ConfiguredRealm]
    ) -> None:
        self.enabled = [realm for realm in configured if realm.enabled]
        self._reader = reader
        self._version = version
        self._configured = configured

    def implicit(self) -> list[ConfiguredRealm]:
        """Return the basic realms that exist without being mentioned, since 8."""
        types = {realm.type for realm in self._configured}
        if not self._reader.boolean(_NATIVE_USERS_ENABLED, "true"):
            if "native" in types:
                rule = "must not be false where a native realm is configured"
                self._reader.add_problem(_NATIVE_USERS_ENABLED, rule)
            types.add("native")
        return [
            _implicit_realm(kind, self._version, _FIRST)
            for kind in _BASIC_TYPES
            if kind not in types
        ]

    def check(self, *, added: list[ConfiguredRealm]) -> None:
        """Check all of them, together with those that a node adds itself."""
        self._check_types()
        if self._version < ES7:
            self._check_before_7()
            return
        for realm, other in _repeats(self.enabled, "name"):
            rule = f"the realm of type {other.type} in {other.where} has the same name"
            self._refuse(realm, "", rule)
        for realm in self._configured:
            if realm.name.startswith("_"):
                self._warn(realm, "", "names that start with [_] are reserved")
        if self._version >= ES8:
            self._check_since_8(added)
        else:
            self._check_in_7()

    def _check_types(self) -> None:
        """Refuse a second realm of a type that allows one. Since 8, disabled realms count too."""
        since_8 = self._version >= ES8
        single = (*_BASIC_TYPES, "kerberos") if self._version >= ES7 else _BASIC_TYPES
        for realm, other in _repeats(self._configured if since_8 else self.enabled, "type"):
            if realm.type in single:
                rule = (
                    f"only one realm of type {realm.type} is allowed"
                    f"{', even if it is disabled' if since_8 else ''}; "
                    f"the other one is [{other.name}] in {other.where}"
                )
                self._refuse(realm, "", rule)

    def _check_since_8(self, added: list[ConfiguredRealm]) -> None:
        for realm in self.enabled:
            if not realm.has_order:
                rule = "is missing; since Elasticsearch 8, every enabled realm needs one"
                self._refuse(realm, "order", rule)
            if realm.name in [other.name for other in added]:
                self._refuse(realm, "", "has the name of a realm that a node adds itself")
        for realm, other in self._same_orders():
            rule = (
                f"realm [{other.name}] in {other.where} has the same order; "
                "since Elasticsearch 8, every enabled realm needs its own"
            )
            self._reader.add_problem(f"{realm.prefix}order", rule)

    def _check_before_7(self) -> None:
        if self.enabled and all(realm.type != "file" for realm in self._configured):
            self._reader.warnings.append(_absence("file", self._version))

    def _check_in_7(self) -> None:
        for realm in self.enabled:
            if not realm.has_order:
                self._warn(realm, "order", "is missing, so the realm sorts last; an error since 8")
        for realm, other in self._same_orders():
            self._warn(realm, "order", f"realm [{other.name}] has the same order; an error since 8")
        for kind in _BASIC_TYPES:
            same_type = [realm for realm in self._configured if realm.type == kind]
            if self.enabled and not same_type:
                self._reader.warnings.append(_absence(kind, self._version))
            if not self.enabled:
                for realm in same_type:
                    rule = "the realm is used anyway, because no realm is enabled; not so since 8"
                    self._warn(realm, "enabled", rule)

    def _same_orders(self) -> Iterator[tuple[ConfiguredRealm, ConfiguredRealm]]:
        return _repeats([realm for realm in self.enabled if realm.has_order], "order")

    def _refuse(self, realm: ConfiguredRealm, own_key: str, rule: str) -> None:
        key, where = self._place(realm, own_key)
        self._reader.problems.append(InvalidSettingError(key, None, rule, where))

    def _warn(self, realm: ConfiguredRealm, own_key: str, rule: str) -> None:
        key, where = self._place(realm, own_key)
        self._reader.warnings.append(f"setting [{key}] in {where}: {rule}")

    def _place(self, realm: ConfiguredRealm, own_key: str) -> tuple[str, str]:
        """Return a key of a realm and where it is set, or else where the realm is."""
        key = f"{realm.prefix}{own_key}".removesuffix(".")
        return key, self._reader.where(key) if self._reader.is_given(key) else realm.where


def _repeats(
    realms: list[ConfiguredRealm], attribute: str
) -> Iterator[tuple[ConfiguredRealm, ConfiguredRealm]]:
    """Iterate over the realms that share an attribute with an earlier one, and the first of it."""
    first: dict[object, ConfiguredRealm] = {}
    for realm in realms:
        other = first.setdefault(getattr(realm, attribute), realm)
        if other is not realm:
            yield realm, other
