"""
The addresses of a node, and whether its bootstrap checks count.

Source:
    ``BootstrapChecks`` and the documentation of network settings (NSP-1 to NSP-5).
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Final, Literal

from .jvm import ENFORCE, jvm_options

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...findings import Severity
    from ..node import Node

    Layer = Literal["transport", "http"]

__all__ = ["exposed_address", "is_production", "severity_of_bootstrap_check"]

#: ``_local_``, ``_lo_`` and ``_lo0_``, each also for one family of addresses.
_LOCAL: Final = re.compile(r"_(local|lo\d*)(:ipv[46])?_")
_SPECIAL: Final = re.compile(r"_.+_")
#: IPv4, also with fewer numbers than four: ``0`` is ``0.0.0.0``, and ``127.1`` is ``127.0.0.1``.
_NUMBERS: Final = re.compile(r"\d+(\.\d+){0,3}")


def exposed_address(node: Node, layer: Layer) -> tuple[str, str] | None:
    """
    Return the key and the address by which other machines reach a layer, or None.

    A host name is unknown here, and so is what the environment of the node decides.
    """
    for key, host in _hosts(node, layer, "bind"):
        if _is_reachable(host):
            return key, host
    return None


def is_production(node: Node) -> bool:
    """
    Check whether a failed bootstrap check certainly stops a node.

    It does if transport is bound to, or published by, an address that is not loopback, unless
    the node is a cluster of its own; and always with the JVM option that says so.
    """
    if any(option.text == f"{ENFORCE}true" for option in jvm_options(node)):
        return True
    if node.settings.get("discovery.type") == "single-node":
        return False
    hosts = [host for what in ("bind", "publish") for _, host in _hosts(node, "transport", what)]
    return any(map(_is_reachable, hosts))


def severity_of_bootstrap_check(node: Node) -> Severity | None:
    """Return None, for that of the rule, if a failed check stops a node, or else ``warning``."""
    return None if is_production(node) else "warning"


def _hosts(node: Node, layer: Layer, what: str) -> Iterator[tuple[str, str]]:
    """Iterate over the hosts of the first key that counts, each with that key."""
    for key in (f"{layer}.{what}_host", f"{layer}.host", f"network.{what}_host", "network.host"):
        if hosts := node.settings.values(key):
            yield from ((key, host) for host in hosts)
            return


def _is_reachable(host: str) -> bool:
    """Check whether a host is certainly more than this machine; a name must be looked up."""
    if _LOCAL.fullmatch(host) or "${" in host:
        return False
    if _SPECIAL.fullmatch(host):
        return True
    if _NUMBERS.fullmatch(host):
        return not host.startswith("127.")
    try:
        address = ipaddress.IPv6Address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return not (address.ipv4_mapped or address).is_loopback
