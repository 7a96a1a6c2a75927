"""The TLS settings of a node: layers, contexts, and the files and passwords that they name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..node import Node

__all__ = ["HTTP", "TRANSPORT", "asks_for_certificates", "contexts", "is_tls_on"]

TRANSPORT: Final = "xpack.security.transport.ssl"
HTTP: Final = "xpack.security.http.ssl"

#: Keys of a context begin with ``xpack.security.http.ssl``, ``transport.profiles.a.xpack.ssl`` …
_CONTEXT: Final = re.compile(r"(.*?\bssl)\.")
_PROFILE: Final = re.compile(r"transport\.profiles\.[^.]+\.xpack\.security\.ssl")
#: What a layer does if nothing is set.
_DEFAULT_CLIENT_AUTHENTICATION: Final = {TRANSPORT: "required", HTTP: "none"}


def contexts(node: Node) -> list[str]:
    """Return what the keys of each TLS context begin with, without the last dot."""
    matches = map(_CONTEXT.match, node.settings)
    return list(dict.fromkeys(match[1] for match in matches if match))


def is_tls_on(node: Node, layer: str) -> bool | None:
    """Check whether a layer uses TLS; None if the value is from the environment of the node."""
    key = f"{layer}.enabled"
    if node.settings.is_true(key):
        return True
    return False if key not in node.settings or node.settings.is_false(key) else None


def asks_for_certificates(node: Node) -> Iterator[str]:
    """Iterate over the contexts with TLS on that ask clients for a certificate."""
    for layer, default in _DEFAULT_CLIENT_AUTHENTICATION.items():
        asked = node.settings.get(f"{layer}.client_authentication") or default
        if is_tls_on(node, layer) is not False and asked != "none":
            yield layer
    if is_tls_on(node, TRANSPORT) is not False:
        for profile in filter(_PROFILE.fullmatch, contexts(node)):
            if node.settings.get(f"{profile}.client_authentication") != "none":
                yield profile
