"""Rules about ``elasticsearch.keystore``: ``EFR5xx``. None shows a value."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ..._ground.showing import shown
from ...keystore import SEED
from ..access import READ
from ..registry import rule
from ..secure_names import is_known, needs_of_realms

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...findings import Finding, Severity
    from ..node import Node
    from ..parts import Unreadable

_KEYSTORE: Final = "elasticsearch.keystore"
_BOOTSTRAP: Final = "bootstrap.password"
_REALM: Final = re.compile(r"xpack\.security\.authc\.realms\.([^.]+)\.([^.]+)\..+")
_LAYER: Final = re.compile(r"(xpack\.security\.(?:transport|http)\.ssl)\..+")
#: What a password in the keystore is for: from the end of its name to that of a setting.
_PARTNERS: Final = {
    "keystore.secure_password": "keystore.path",
    "keystore.secure_key_password": "keystore.path",
    "truststore.secure_password": "truststore.path",
    "secure_key_passphrase": "key",
}


@rule("EFR501", "damaged keystore", severity="error", source="KeyStoreWrapper.load")
def damaged(node: Node) -> Iterator[Finding | Unreadable]:
    """
    A node does not start with a keystore that is cut off, changed, or something else.

    Advice: Restore it from a backup, or make a new one with `esfilerealm keystore create`.
    """
    file = node.keystore_file
    if file is not None and file.damage is not None:
        yield damaged.finding(file.damage, path=file.path)


@rule(
    "EFR502", "keystore that the node cannot read", severity="error", source="KeyStoreWrapper.load"
)
def other_format(node: Node) -> Iterator[Finding | Unreadable]:
    """
    Each release reads some formats of the keystore. With another one, the node does not start.

    Advice: Make it again in a format of this release, with `esfilerealm keystore create`.
    """
    file = node.keystore_file
    if file is None or file.version is None or file.is_read_by(node.release):
        return
    release = ".".join(map(str, node.release)) or "the newest release"
    message = f"it has the format [{file.version}], which [{release}] does not read"
    yield other_format.finding(message, path=file.path)


@rule("EFR503", "keystore of an older format", severity="info", source="KeyStoreWrapper.upgrade")
def older_format(node: Node) -> Iterator[Finding | Unreadable]:
    """
    The next start writes the keystore again in a newer format, for which the node has to own it.
    The formats before 6 make a guess at its password cheap.

    Advice: Nothing needs to be done; `esfilerealm keystore upgrade` does it before the start.
    """
    file = node.keystore_file
    if file is None or file.version is None or not file.is_read_by(node.release):
        return
    newest = file.newest_for(node.release)
    if file.version < newest:
        message = f"it has the format [{file.version}], and the node writes [{newest}]"
        yield older_format.finding(message, path=file.path)


@rule("EFR504", "keystore without a password", severity="info", source="keystore.md, section 6")
def no_password(node: Node) -> Iterator[Finding | Unreadable]:
    """
    Without a password the keystore is only obscured: whoever can read the file, or a backup of it,
    can read all that is in it.

    Advice: Set a password with `esfilerealm keystore passwd`, or treat each copy as plain text.
    """
    file = node.keystore_file
    if file is not None and file.damage is None and not file.has_password:
        yield no_password.finding("whoever can read it can decrypt it", path=file.path)


@rule("EFR505", "secure setting that is missing", severity="warning")
def missing(node: Node) -> Iterator[Finding | Unreadable]:
    """
    A realm or a feature needs a secret that only the keystore may hold. Without it, the node does
    not start, or the realm lets nobody in.

    Advice: Add it with `esfilerealm keystore add NAME`.
    """
    keystore = node.keystore
    names = () if keystore is None else keystore.names
    for key, need in needs_of_realms(node.settings):
        if need not in names:
            where = "there is no keystore" if keystore is None else "the keystore lacks it"
            message = f"[{key}] needs the secure setting [{need}], and {where}"
            yield missing.finding(message, subject=need, **node.settings.place(key))


@rule("EFR506", "secure setting of a realm that is not set", severity="error", source="RLM-28")
def of_no_realm(node: Node) -> Iterator[Finding | Unreadable]:
    """
    The keystore has a setting of a realm of which elasticsearch.yml says nothing. A node of version
    8 or later does not start.

    Advice: Set up the realm, or remove the setting with `esfilerealm keystore remove NAME`.
    """
    if node.keystore is None or node.is_before(7):
        return
    severity: Severity | None = "warning" if node.is_before(8) else None
    for name in node.keystore.names:
        match = _REALM.fullmatch(name)
        if match and not node.settings.keys_below(f"{name[: match.end(2)]}."):
            message = f"[{shown(name)}]: no setting is about the realm [{shown(match[2])}]"
            path = node.path(_KEYSTORE)
            yield of_no_realm.finding(message, path=path, subject=shown(name), severity=severity)


@rule(
    "EFR507",
    "passwords of a TLS layer that is not set up",
    severity="error",
    source="NS-21, AUT-13",
)
def of_no_layer(node: Node) -> Iterator[Finding | Unreadable]:
    """
    The keystore has passwords for TLS, and elasticsearch.yml does not say whether that layer uses
    TLS. A node of version 8 or later does not start, and automatic configuration stops. Usually
    somebody has removed the generated block from elasticsearch.yml.

    Advice: Put the settings back, or remove the passwords with `esfilerealm keystore remove NAME`.
    """
    if node.keystore is None:
        return
    severity: Severity | None = "info" if node.is_before(8) else None
    for name in node.keystore.names:
        match = _LAYER.fullmatch(name)
        if match and f"{match[1]}.enabled" not in node.settings:
            message = f"[{shown(name)}] is in the keystore, and [{match[1]}.enabled] is not set"
            path = node.path(_KEYSTORE)
            yield of_no_layer.finding(message, path=path, subject=shown(name), severity=severity)


@rule("EFR508", "unknown secure setting", severity="info", source="NS-62")
def unknown(node: Node) -> Iterator[Finding | Unreadable]:
    """
    A node does not start with a name in its keystore that neither it nor a plugin knows. The list
    of known names in this program may lack some of plugins and of new releases.

    Advice: Check the spelling, and remove what was removed from Elasticsearch.
    """
    for name in () if node.keystore is None else node.keystore.names:
        if not is_known(name):
            message = f"[{shown(name)}] is no secure setting that this program knows"
            yield unknown.finding(message, path=node.path(_KEYSTORE), subject=shown(name))


@rule("EFR509", "keystore without a seed", severity="info", source="KeyStoreWrapper.upgrade")
def no_seed(node: Node) -> Iterator[Finding | Unreadable]:
    """
    The next start adds keystore.seed, and writes the keystore again for that.

    Advice: Nothing needs to be done; `esfilerealm keystore upgrade` does it before the start.
    """
    if node.keystore is not None and SEED not in node.keystore.names:
        yield no_seed.finding(f"[{SEED}] is missing", path=node.path(_KEYSTORE), subject=SEED)


@rule("EFR510", "keystore readable by everybody", severity="error", source="NSF-2")
def for_everybody(node: Node) -> Iterator[Finding | Unreadable]:
    """
    It holds passwords of stores, realms and services. Without a password of its own, whoever reads
    the file has them all. In a container's image nobody else has an account, so it is only noted.

    Advice: Take the right to read from everybody, with chmod o-r or --fix.
    """
    yield from node.layout.troubles
    severity: Severity | None = "info" if node.layout.is_of_image else None
    for item in node.layout.items:
        is_keystore = item.end is not None and item.secret == "secure settings"  # noqa: S105
        if is_keystore and item.end is not None and node.layout.is_open_to_others(item, READ):
            message = f"mode [{item.end.mode:04o}]: everybody may read it"
            fix = node.layout.fix_of_mode(item, READ)
            yield for_everybody.finding(message, path=item.path, fix=fix, severity=severity)


@rule("EFR511", "bootstrap password that was left", severity="info")
def bootstrap(node: Node) -> Iterator[Finding | Unreadable]:
    """
    The keystore still holds the first password of the user elastic. It counts until that user gets
    a password of its own, and again if the security index is lost.

    Advice: Set the password of elastic, and remove the setting with `esfilerealm keystore remove`.
    """
    if node.keystore is not None and _BOOTSTRAP in node.keystore.names:
        message = f"[{_BOOTSTRAP}] is set"
        yield bootstrap.finding(message, path=node.path(_KEYSTORE), subject=_BOOTSTRAP)


@rule("EFR512", "password of a file that no setting names", severity="info")
def without_partner(node: Node) -> Iterator[Finding | Unreadable]:
    """
    The keystore has the password of a key or store, and no setting says which file that is.

    Advice: Set the file, or remove the password with `esfilerealm keystore remove NAME`.
    """
    for name in () if node.keystore is None else node.keystore.names:
        for end, partner in _PARTNERS.items():
            prefix = name.removesuffix(f".{end}")
            if prefix != name and f"{prefix}.{partner}" not in node.settings:
                message = f"[{shown(name)}] is set, and [{shown(prefix)}.{partner}] is not"
                path = node.path(_KEYSTORE)
                yield without_partner.finding(message, path=path, subject=shown(name))
