"""TLS of both layers, and what needs it: EFR420 to EFR424."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..._ground.showing import shown
from ..facts.network import severity_of_bootstrap_check
from ..facts.places import finding_at
from ..facts.realms import realms_of_type
from ..facts.security import configures_itself, is_security_on, major
from ..facts.tls import HTTP, TRANSPORT, asks_for_certificates, is_tls_on
from ..registry import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...findings import Finding
    from ...settings.realm_order import ConfiguredRealm
    from ..node import Node

_TOKENS: Final = "xpack.security.authc.token.enabled"
#: Before, nothing demanded TLS.
_FIRST_TO_DEMAND: Final = 6


@rule("EFR420", "transport without TLS", severity="error", source="TransportTLSBootstrapCheck")
def transport_without_tls(node: Node) -> Iterator[Finding]:
    """
    Nodes talk to each other in the clear, and whoever reaches the transport port can join the
    cluster and do everything. A node that other machines reach does not start.

    Advice: Set xpack.security.transport.ssl.enabled to true and give the node a certificate.
    """
    if is_security_on(node) is not True or is_tls_on(node, TRANSPORT) is not False:
        return
    key = f"{TRANSPORT}.enabled"
    if configures_itself(node):
        message = "transport has no TLS until automatic configuration, at the first start, adds it"
        yield finding_at(transport_without_tls, node, key, message, "info")
        return
    severity = severity_of_bootstrap_check(node) if major(node) >= _FIRST_TO_DEMAND else "warning"
    effect = "" if severity else "; the node does not start"
    message = f"security is on, but transport has no TLS{effect}"
    yield finding_at(transport_without_tls, node, key, message, severity)


@rule("EFR421", "token service without HTTPS", severity="error", source="TokenSSLBootstrapCheck")
def tokens_without_https(node: Node) -> Iterator[Finding]:
    """
    Whoever reads a token on its way can use it like a password. A node that other machines reach
    does not start with the token service on and HTTP without TLS.

    Advice: Set xpack.security.http.ssl.enabled to true, or remove
    xpack.security.authc.token.enabled.
    """
    is_asked = is_security_on(node) is not False and node.settings.is_true(_TOKENS)
    if is_asked and is_tls_on(node, HTTP) is False:
        severity = severity_of_bootstrap_check(node)
        message = "the token service is on, but HTTP has no TLS"
        yield finding_at(tokens_without_https, node, _TOKENS, message, severity)


@rule("EFR422", "realm that needs the token service", severity="error", source="SamlRealm")
def realm_without_tokens(node: Node) -> Iterator[Finding]:
    """
    SAML and OpenID Connect end in a token of Elasticsearch, and so does PKI by delegation. Without
    the token service, which is off unless HTTP has TLS, such a realm keeps a node from starting.

    Advice: Set xpack.security.http.ssl.enabled or xpack.security.authc.token.enabled to true.
    """
    default = is_tls_on(node, HTTP) is not False
    has_tokens = not node.settings.is_false(_TOKENS) if _TOKENS in node.settings else default
    if has_tokens or is_security_on(node) is False or configures_itself(node):
        return
    for realm in realms_of_type(node, "saml", "oidc", "pki"):
        if realm.type == "pki" and not _is_delegated(node, realm):
            continue
        message = (
            f"the realm [{shown(realm.name)}] of type {realm.type} needs the token service, which "
            "is off; the node does not start"
        )
        yield finding_at(realm_without_tokens, node, realm.where, message)


@rule(
    "EFR423",
    "PKI realm that sees no certificate",
    severity="error",
    source="PkiRealmBootstrapCheck",
)
def pki_without_client_certificates(node: Node) -> Iterator[Finding]:
    """
    A PKI realm knows people by the certificate of their connection, so at least one layer must
    ask for it, over TLS. Otherwise a node does not start.

    Advice: Set xpack.security.http.ssl.client_authentication to optional, with TLS on.
    """
    asked = any(asks_for_certificates(node)) or configures_itself(node)
    if asked or is_security_on(node) is False:
        return
    for realm in _direct_pki_realms(node):
        message = (
            f"no layer asks for the certificates that the realm [{shown(realm.name)}] of type pki "
            "needs; the node does not start"
        )
        yield finding_at(pki_without_client_certificates, node, realm.where, message)


@rule("EFR424", "PKI realm that trusts anybody", severity="error", source="PkiRealmBootstrapCheck")
def pki_without_verification(node: Node) -> Iterator[Finding]:
    """
    With verification_mode none, TLS takes any certificate, also one that somebody has made for
    himself with another's name; and the PKI realm believes it. A node does not start.

    Advice: Set verification_mode of that layer to certificate or full.
    """
    unsafe = [
        layer
        for layer in asks_for_certificates(node)
        if node.settings.get(f"{layer}.verification_mode") == "none"
    ]
    if is_security_on(node) is False or not unsafe:
        return
    for realm in _direct_pki_realms(node):
        message = (
            f"[{shown(unsafe[0])}] takes any certificate, and the realm [{shown(realm.name)}] of "
            "type pki relies on it; the node does not start"
        )
        yield finding_at(pki_without_verification, node, f"{unsafe[0]}.verification_mode", message)


def _direct_pki_realms(node: Node) -> Iterator[ConfiguredRealm]:
    """Iterate over the PKI realms that know people by their own connection."""
    for realm in realms_of_type(node, "pki"):
        if not _is_delegated(node, realm):
            yield realm


def _is_delegated(node: Node, realm: ConfiguredRealm) -> bool:
    return node.settings.is_true(f"{realm.prefix}delegation.enabled")
