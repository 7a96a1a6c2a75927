"""The tokens of service accounts: EFR490 to EFR499."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..._ground.showing import shown_name
from ..facts.security import is_security_on
from ..facts.tls import HTTP, is_tls_on
from ..registry import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...findings import Finding
    from ..node import Node
    from ..registry import Rule

_FILE: Final = "service_tokens"


@rule("EFR490", "unusable service_tokens", severity="error", source="FileServiceAccountTokenStore")
def unusable_file(node: Node) -> Iterator[Finding]:
    """
    One line without a colon, or one byte that is not UTF-8, and a node does not start; one that
    runs already forgets all tokens.

    Advice: Correct or remove the line.
    """
    yield from _findings(unusable_file, node, "not-utf-8", "malformed")


@rule(
    "EFR491",
    "service token without a usable hash",
    severity="warning",
    source="FileServiceAccountTokenStore",
)
def unusable_hash(node: Node) -> Iterator[Finding]:
    """
    A node skips the token. A text in the clear there is a secret that everybody can read who can
    read the file.

    Advice: Remove the line, and create the token again by elasticsearch-service-tokens.
    """
    yield from _findings(unusable_hash, node, "unusable-hash")


@rule("EFR492", "service token twice", severity="warning", source="FileServiceAccountTokenStore")
def repeated_token(node: Node) -> Iterator[Finding]:
    """
    Only the later token of a name counts, so whoever uses the earlier one is refused.

    Advice: Remove the earlier line.
    """
    yield from _findings(repeated_token, node, "repeated")


@rule("EFR493", "token of no service account", severity="warning", source="ServiceAccountService")
def unknown_account(node: Node) -> Iterator[Finding]:
    """
    A node knows only service accounts of its own, all of which begin with elastic/. Nobody can
    use another token.

    Advice: Remove the line.
    """
    yield from _findings(unknown_account, node, "unknown-account")


@rule("EFR494", "service tokens without HTTPS", severity="warning", source="TOK-12")
def tokens_without_https(node: Node) -> Iterator[Finding]:
    """
    A node refuses service tokens over HTTP without TLS, so nobody can use these.

    Advice: Set xpack.security.http.ssl.enabled to true.
    """
    names = node.service_tokens.names
    if names and is_security_on(node) is not False and is_tls_on(node, HTTP) is False:
        message = f"there are [{len(names)}] tokens, which a node refuses while HTTP has no TLS"
        yield tokens_without_https.finding(message, path=node.path(_FILE))


def _findings(rule: Rule, node: Node, *kinds: str) -> Iterator[Finding]:
    """Iterate over the findings about the issues of some kinds."""
    for issue in node.service_tokens.issues:
        if issue.kind in kinds:
            name = None if issue.name is None else shown_name(issue.name)
            message = issue.reason if name is None else f"[{name}]: {issue.reason}"
            yield rule.finding(message, path=node.path(_FILE), line=issue.line_number, subject=name)
