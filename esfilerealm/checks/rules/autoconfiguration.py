"""Rules about automatic configuration of security, from Elasticsearch 8 on: ``EFR7xx``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ..._ground.showing import printable
from ..autoconfiguration.block import count_marks, preview_removal
from ..facts.places import finding_at
from ..facts.security import AUTOCONFIGURATION, SECURITY
from ..registry import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...findings import Finding, Severity
    from ..autoconfiguration import BlockRemoval
    from ..node import Node
    from ..parts import Unreadable
    from ..registry import Rule

_FIRST: Final = 8
_TLS: Final = ("xpack.security.transport.ssl.", "xpack.security.http.ssl.")
#: What says that security is configured, or not meant to be; and what stops every start.
_SETTLED: Final = frozenset({"AUT-02", "AUT-05", "AUT-06", "AUT-07", "log4j2"})
#: The generated stores, and the secure settings with their passwords.
_STORES: Final = {
    "xpack.security.http.ssl.keystore": "xpack.security.http.ssl.keystore.secure_password",
    "xpack.security.transport.ssl.keystore": (
        "xpack.security.transport.ssl.keystore.secure_password"
    ),
    "xpack.security.transport.ssl.truststore": (
        "xpack.security.transport.ssl.truststore.secure_password"
    ),
}
#: What an enrollment writes into the block, although a removal does not know it.
_OF_ENROLLMENT: Final = ("discovery.seed_hosts", "transport.host")
_INTERRUPTED: Final = re.compile(r"elasticsearch\.keystore\.[0-9]+\.orig|certs\.[0-9]+\.tmp")
_REPLACED: Final = re.compile(r"certs\.[0-9]+\.orig")


@rule("EFR701", "automatic configuration is switched off", severity="warning", source="NS-05")
def switched_off(node: Node) -> Iterator[Finding]:
    """
    A new node then starts with security, but without TLS, unless its settings configure it. It is
    only worth knowing where they do.

    Advice: Remove the setting, or configure security and TLS.
    """
    settings = node.settings
    if settings.is_false(AUTOCONFIGURATION) and not node.is_before(_FIRST):
        is_configured = SECURITY in settings or any(map(settings.keys_below, _TLS))
        message = "automatic configuration of security is switched off"
        severity: Severity = "info" if is_configured else "warning"
        yield finding_at(switched_off, node, AUTOCONFIGURATION, message, severity)


@rule("EFR702", "nothing configures security", severity="warning", source="AUT-01 to AUT-10")
def nothing_configures(node: Node) -> Iterator[Finding]:
    """
    No setting configures security or TLS, and a start would not do it by itself, for a reason that
    a node mostly does not tell. It starts with security, but without TLS.

    Advice: Configure security and TLS, or remove the reason; autoconfig names all reasons.
    """
    if not node.settings_text or node.is_before(_FIRST):
        return
    obstacles = [] if node.settings.problems else node.obstacles
    if obstacles and not any(hit.rule in _SETTLED for hit in obstacles):
        first = obstacles[0]
        message = f"security is not configured, and no start does it: {first.message}"
        yield nothing_configures.finding(
            message, path=first.path, line=first.line, subject=first.key
        )


@rule("EFR703", "generated store without its password", severity="error", source="AUT-13")
def without_password(node: Node) -> Iterator[Finding]:
    """
    A store of the generated block has a password that stands in the keystore. Without the entry,
    the node cannot open the store, and does not start.

    Advice: Restore the keystore from a backup, or remove the block and the certificates.
    """
    block = preview_removal(node.settings_text)
    if not block.found:
        return
    for store, name in _STORES.items():
        key = f"{store}.path"
        path = node.settings.get(key)
        is_generated = path and _is_inside(node.settings.place(key)["line"], block)
        if is_generated and node.entry(node.path(path or "")) and not _has(node, store, name):
            message = (
                f"the keystore has no [{name}], so the node cannot open [{printable(path or '')}]"
            )
            yield finding_at(without_password, node, key, message)


def _is_inside(line: int | None, block: BlockRemoval) -> bool:
    first, last = block.first_line, block.last_line
    return None not in (line, first, last) and (first or 0) <= (line or 0) <= (last or 0)


def _has(node: Node, store: str, name: str) -> bool:
    """Check whether a store has its password, in the keystore or in the settings."""
    if f"{store}.password" in node.settings:
        return True
    return node.keystore is not None and name in node.keystore


@rule(
    "EFR704", "interrupted automatic configuration", severity="warning", source="AutoConfigureNode"
)
def interrupted(node: Node) -> Iterator[Finding | Unreadable]:
    """
    Automatic configuration removes these things when it ends. They hold keys or secure settings,
    and the certificates beside them may be half of what was meant.

    Advice: Look whether the node starts, then remove what is left.
    """
    return _left(interrupted, node, _INTERRUPTED, "is left of an interrupted configuration")


@rule("EFR705", "certificates from before automatic configuration", severity="info")
def replaced(node: Node) -> Iterator[Finding | Unreadable]:
    """
    Automatic configuration keeps the certificates that were there before. Their keys stay readable
    for whoever may read the directory.

    Advice: Remove the directory once nobody needs the old certificates.
    """
    return _left(replaced, node, _REPLACED, "holds the certificates from before")


def _left(
    broken: Rule, node: Node, pattern: re.Pattern[str], what: str
) -> Iterator[Finding | Unreadable]:
    for entry in node.entries.values():
        if pattern.fullmatch(entry.name):
            yield broken.finding(f"[{printable(entry.name)}] {what}", path=entry.path)


@rule("EFR706", "damaged block of generated settings", severity="warning")
def damaged_block(node: Node) -> Iterator[Finding]:
    """
    A node that enrolls anew removes what stands between the two comments of its block. If there
    is not exactly one of each, it removes too much, or nothing.

    Advice: Leave one block, with the comments at its beginning and its end.
    """
    begins, ends = count_marks(node.settings_text)
    if (begins, ends) not in ((0, 0), (1, 1)):
        message = f"[{begins}] comments begin a block of generated settings, and [{ends}] end one"
        yield damaged_block.finding(message, path=node.path("elasticsearch.yml"))


@rule("EFR707", "other settings in the generated block", severity="info")
def foreign_in_block(node: Node) -> Iterator[Finding]:
    """
    A node that enrolls anew removes its block. What somebody has added to it moves to the end of
    the file, without comments.

    Advice: Move the setting out of the block.
    """
    for key in preview_removal(node.settings_text).kept:
        if key not in _OF_ENROLLMENT:
            message = f"[{printable(key)}] stands in the block that a node may remove"
            yield finding_at(foreign_in_block, node, key, message)
