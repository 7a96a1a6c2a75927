"""The realms that a node asks, and in which order: EFR460 to EFR469."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..._ground.hints import nearest
from ..._ground.showing import shown
from ...settings.keys import REALM_KEYS
from ...settings.realm_order import ES7, ES8, REALM_TYPES, meant_type
from ..facts.places import LONGEST, finding_at
from ..facts.realms import REALMS, enabled_realms, keys_of_6, order_of, realm_keys
from ..facts.security import is_security_on, major, strict_since_8
from ..registry import rule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ...findings import Finding
    from ...settings.realm_order import ConfiguredRealm
    from ..node import Node

_DOMAINS: Final = "xpack.security.authc.domains."
#: A node may have one realm of each of these types.
_SINGLE: Final = ("file", "native", "kerberos")
_FILE_REALM_KEYS: Final = tuple(key.key for key in REALM_KEYS)
_IMPLICIT: Final = ("default_file", "default_native", "reserved")


@rule("EFR460", "realm without an order", severity="error", source="RealmConfig")
def no_order(node: Node) -> Iterator[Finding]:
    """
    From version 8 on, a node does not start with an enabled realm that has no order. In 7, such a
    realm is asked last.

    Advice: Set order, to a number that no other realm has.
    """
    for realm in enabled_realms(node) if major(node) >= ES7 else ():
        if not realm.has_order:
            message = f"the realm {_named(realm)} has no [order]"
            yield finding_at(no_order, node, realm.where, message, strict_since_8(node))


@rule("EFR461", "two realms of one order", severity="error", source="Realms")
def same_order(node: Node) -> Iterator[Finding]:
    """
    From version 8 on, a node does not start if two enabled realms have the same order. In 7, it
    asks them by their names.

    Advice: Give each realm a number of its own.
    """
    ordered = [realm for realm in enabled_realms(node) if realm.has_order]
    for realm, other in _repeats(ordered if major(node) >= ES7 else (), lambda one: one.order):
        message = f"the realms {_named(other)} and {_named(realm)} have the order [{realm.order}]"
        yield finding_at(same_order, node, f"{realm.prefix}order", message, strict_since_8(node))


@rule("EFR462", "realm in the spelling of another version", severity="error", source="NS-51")
def other_spelling(node: Node) -> Iterator[Finding]:
    """
    From version 7 on, the type of a realm stands before its name, in each key; earlier, it was a
    setting. A node does not start with the other spelling.

    Advice: Write xpack.security.authc.realms.TYPE.NAME.KEY for 7 and later, and state the version
    by --es-version if the node is older.
    """
    for key in keys_of_6(node):
        message = f"[{shown(key, LONGEST)}] is the spelling of versions 5 and 6"
        yield finding_at(other_spelling, node, key, message)
    for name in _without_type(node):
        message = f"the realm [{shown(name)}] has no [type], which versions 5 and 6 want"
        key = node.settings.keys_below(f"{REALMS}{name}.")[0]
        yield finding_at(other_spelling, node, key, message)


def _without_type(node: Node) -> list[str]:
    if major(node) >= ES7:
        return []
    keys = node.settings.keys_below(REALMS)
    names = dict.fromkeys(key.removeprefix(REALMS).partition(".")[0] for key in keys)
    return [name for name in names if f"{REALMS}{name}.type" not in node.settings]


@rule("EFR463", "unknown type of realm", severity="error", source="InternalRealms")
def unknown_type(node: Node) -> Iterator[Finding]:
    """
    A node does not start with a realm of a type that neither it nor a plugin brings along.

    Advice: Correct the type, or make sure that the plugin is on every node.
    """
    for key, kind in _types(node).items():
        meant = meant_type(kind)
        if meant is not None:
            message = f"unknown type of realm [{shown(kind)}]; did you mean [{meant}]?"
            yield finding_at(unknown_type, node, key, message)
        elif kind not in REALM_TYPES:
            message = f"a realm of the type [{shown(kind)}] needs the plugin that brings it"
            yield finding_at(unknown_type, node, key, message, "info")


def _types(node: Node) -> dict[str, str]:
    """Map the first key of each realm to its type."""
    found: dict[str, tuple[str, str]] = {}
    for key in realm_keys(node):
        pieces = key.removeprefix(REALMS).split(".")
        if major(node) >= ES7:
            found.setdefault(f"{pieces[0]}.{pieces[1]}", (key, pieces[0]))
        elif pieces[1:] == ["type"]:
            found[pieces[0]] = (key, node.settings.get(key) or "")
    return dict(found.values())


@rule("EFR464", "the file realm is not asked", severity="warning", source="Realms")
def no_file_realm(node: Node) -> Iterator[Finding]:
    """
    The file realm works when nothing else does: without a master, without the security index,
    without the directory service. Without it, there may be no way back in.

    Advice: Remove what is false of the file realm, or in versions before 8 add a file realm.
    """
    if is_security_on(node) is False:
        return
    order = order_of(node)
    asked = [realm for realm in order.realms if realm.type == "file"]
    for realm in asked:
        key = f"{realm.prefix}authentication.enabled"
        if node.settings.is_false(key):
            message = (
                f"the users of the file realm {_named(realm)} can be looked up, and not log in"
            )
            yield finding_at(no_file_realm, node, key, message)
    if asked:
        return
    unused = order.unused_file_realm
    if unused is not None:
        message = f"the file realm [{shown(unused.name)}] is switched off: its users cannot log in"
        yield finding_at(no_file_realm, node, unused.where, message)
    elif order.configured:
        message = "other realms are set, and no file realm: the users of the file cannot log in"
        yield finding_at(no_file_realm, node, order.configured[0].where, message)


@rule("EFR465", "two realms where one is allowed", severity="error", source="Realms")
def repeated_realm(node: Node) -> Iterator[Finding]:
    """
    Each name is that of one realm, and there is at most one realm of the types file, native and
    kerberos. From 8 on, disabled ones count too. A node does not start otherwise.

    Advice: Remove one of them, or rename it if only the names are equal.
    """
    configured = order_of(node).configured
    counted = configured if major(node) >= ES8 else enabled_realms(node)
    single = [realm for realm in counted if realm.type in _SINGLE]
    for realm, other in _repeats(single, lambda one: one.type):
        message = f"{_named(other)} and {_named(realm)} are both of the type [{realm.type}]"
        yield finding_at(repeated_realm, node, realm.where, message)
    for realm, _ in _repeats(enabled_realms(node), lambda one: one.name):
        message = f"two realms have the name [{shown(realm.name)}]"
        yield finding_at(repeated_realm, node, realm.where, message)


@rule("EFR466", "reserved name of a realm", severity="error", source="Realms")
def reserved_name(node: Node) -> Iterator[Finding]:
    """
    From version 8 on, a node does not start with a realm that has the name of one that it adds
    itself; it warns of names that begin with an underscore.

    Advice: Rename the realm.
    """
    order = order_of(node)
    added = [realm.name for realm in order.realms if realm not in order.configured]
    for realm in enabled_realms(node):
        if major(node) >= ES8 and realm.name in added:
            message = f"a node adds a realm with the name [{shown(realm.name)}] itself"
            yield finding_at(reserved_name, node, realm.where, message)
        if realm.name.startswith("_"):
            message = f"names of realms that begin with [_] are reserved: [{shown(realm.name)}]"
            yield finding_at(reserved_name, node, realm.where, message, "warning")


@rule("EFR467", "unusable security domain", severity="error", source="Realms")
def unusable_domain(node: Node) -> Iterator[Finding]:
    """
    From version 8 on, a security domain says which realms know the same people. A node does not
    start if its name begins with an underscore, if a realm is in two of them, or if literal names
    and their suffix do not come together.

    Advice: Correct the domain.
    """
    domain_of: dict[str, str] = {}
    for key in node.settings.keys_below(_DOMAINS) if major(node) >= ES8 else ():
        domain, _, own_key = key.removeprefix(_DOMAINS).partition(".")
        if own_key != "realms":
            continue
        if domain.startswith("_"):
            message = f"the name of a domain must not begin with [_]: [{shown(domain)}]"
            yield finding_at(unusable_domain, node, key, message)
        for realm in node.settings.values(key):
            other = domain_of.setdefault(realm, domain)
            if other != domain:
                message = f"the realm [{shown(realm)}] is in the domain [{shown(other)}] already"
                yield finding_at(unusable_domain, node, key, message)
        if _has_literal_names(node, domain) != _has_suffix(node, domain):
            message = "[literal_username] and [suffix] are for each other: set both, or neither"
            yield finding_at(unusable_domain, node, key, message)


def _has_literal_names(node: Node, domain: str) -> bool:
    return node.settings.is_true(f"{_DOMAINS}{domain}.uid_generation.literal_username")


def _has_suffix(node: Node, domain: str) -> bool:
    return f"{_DOMAINS}{domain}.uid_generation.suffix" in node.settings


@rule("EFR468", "unknown realm in a list", severity="error", source="Realms")
def undefined_realm(node: Node) -> Iterator[Finding]:
    """
    A security domain, and authorization_realms, list realms by name. A node does not start if one
    of them is not there.

    Advice: Correct the name, or add the realm.
    """
    configured = order_of(node).configured
    for key in node.settings:
        is_domain = key.startswith(_DOMAINS) and key.endswith(".realms")
        if not is_domain and not (key.startswith(REALMS) and key.endswith(".authorization_realms")):
            continue
        known = {realm.name for realm in configured} | set(_IMPLICIT)
        for name in node.settings.values(key):
            if name not in known and "${" not in name:
                message = f"there is no realm [{shown(name)}]"
                yield finding_at(undefined_realm, node, key, message)


@rule("EFR469", "unknown setting of the file realm", severity="error", source="FileRealmSettings")
def unknown_realm_setting(node: Node) -> Iterator[Finding]:
    """
    A node does not start with a setting that a realm of its type does not know.

    Advice: Correct or remove the setting.
    """
    for realm in order_of(node).configured if major(node) >= ES7 else ():
        for key in node.settings.keys_below(realm.prefix) if realm.type == "file" else ():
            own_key = key.removeprefix(realm.prefix)
            if own_key not in _FILE_REALM_KEYS:
                message = f"[{shown(own_key)}] is unknown; {nearest(own_key, _FILE_REALM_KEYS)}"
                yield finding_at(unknown_realm_setting, node, key, message)


def _named(realm: ConfiguredRealm) -> str:
    return f"[{shown(realm.name)}]"


def _repeats(
    realms: Iterable[ConfiguredRealm], what: Callable[[ConfiguredRealm], object]
) -> Iterator[tuple[ConfiguredRealm, ConfiguredRealm]]:
    """Iterate over the realms that share something with an earlier one, and that one."""
    first: dict[object, ConfiguredRealm] = {}
    for realm in realms:
        other = first.setdefault(what(realm), realm)
        if other is not realm:
            yield realm, other
