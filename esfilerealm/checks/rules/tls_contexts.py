"""What the settings of one TLS context say: EFR425 to EFR429."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..._ground.showing import shown
from ..facts.places import LONGEST, finding_at
from ..facts.security import is_fips, major, strict_since_8
from ..facts.switches import counts
from ..facts.tls import HTTP, TRANSPORT, contexts, is_tls_on
from ..registry import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...findings import Finding
    from ..node import Node

#: The settings of all contexts at once, until 6.
_SHARED: Final = "xpack.ssl."
_FIRST_WITHOUT_SHARED: Final = 7
_BROKEN_PROTOCOLS: Final = ("SSLv2Hello", "SSLv3")
_OLD_PROTOCOLS: Final = (*_BROKEN_PROTOCOLS, "TLSv1", "TLSv1.1")


@rule("EFR425", "TLS without a certificate", severity="error", source="SSLService")
def tls_without_certificate(node: Node) -> Iterator[Finding]:
    """
    A layer with TLS needs a certificate and its key. From version 8 on, a node without them does
    not start.

    Advice: Set keystore.path, or both key and certificate, beside the setting.
    """
    for layer in (TRANSPORT, HTTP):
        if is_tls_on(node, layer) is not True or _has_certificate(node, layer):
            continue
        message = (
            f"TLS is on, but [{layer}] has neither [keystore.path] nor [key] and [certificate]"
        )
        yield finding_at(
            tls_without_certificate, node, f"{layer}.enabled", message, strict_since_8(node)
        )


def _has_certificate(node: Node, layer: str) -> bool:
    settings = node.settings
    return (
        f"{layer}.keystore.path" in settings
        or all(f"{layer}.{name}" in settings for name in ("key", "certificate"))
        or (major(node) < _FIRST_WITHOUT_SHARED and bool(settings.keys_below(_SHARED)))
    )


@rule("EFR426", "TLS settings that count for nothing", severity="error", source="SSLService")
def tls_not_decided(node: Node) -> Iterator[Finding]:
    """
    Somebody has prepared TLS, and nothing switches it on or off. From version 8 on, a node does
    not start; earlier ones ignore the settings.

    Advice: Set the enabled of that layer to true or false, or remove its settings.
    """
    for layer in (TRANSPORT, HTTP):
        if f"{layer}.enabled" in node.settings:
            continue
        if keys := node.settings.keys_below(f"{layer}."):
            message = f"[{layer}.enabled] is not set, but [{shown(keys[0], LONGEST)}] is"
            yield finding_at(tls_not_decided, node, keys[0], message, strict_since_8(node))


@rule("EFR427", "certificates are not verified", severity="warning", source="NS-24")
def no_verification(node: Node) -> Iterator[Finding]:
    """
    With verification_mode none, TLS keeps secrets from listeners, but not from whoever answers in
    place of the other side. On transport, everybody can join the cluster with a certificate that
    he has made himself.

    Advice: Set verification_mode to full, or to certificate if addresses change.
    """
    for context in contexts(node):
        key = f"{context}.verification_mode"
        if node.settings.get(key) != "none" or not counts(node, key):
            continue
        lets_in = context == TRANSPORT
        effect = ", so everybody can join the cluster" if lets_in else ""
        message = f"[{shown(context, LONGEST)}] takes any certificate{effect}"
        yield finding_at(no_verification, node, key, message, "error" if lets_in else None)


@rule("EFR428", "outdated TLS protocol", severity="warning", source="NS-26")
def old_protocol(node: Node) -> Iterator[Finding]:
    """
    Attacks on these protocols are known, and no client of the last years needs them. In FIPS
    mode, a node with the two oldest does not start.

    Advice: Keep only TLSv1.2 and TLSv1.3, or remove the setting.
    """
    for context in contexts(node):
        key = f"{context}.supported_protocols"
        old = [name for name in node.settings.values(key) if name in _OLD_PROTOCOLS]
        if old and counts(node, key):
            stops = is_fips(node) and not set(old).isdisjoint(_BROKEN_PROTOCOLS)
            effect = "; in FIPS mode, the node does not start" if stops else ""
            message = f"outdated protocols are allowed: [{', '.join(old)}]{effect}"
            yield finding_at(old_protocol, node, key, message, "error" if stops else None)
