"""Addresses that other machines reach, and how a node finds its cluster: EFR450 to EFR459."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from ..._ground.showing import shown
from ..facts.jvm import ENFORCE, jvm_options
from ..facts.network import exposed_address, is_production
from ..facts.places import finding_at
from ..facts.security import configures_itself, is_master_eligible, is_security_on, major
from ..facts.tls import HTTP, is_tls_on
from ..registry import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...findings import Finding
    from ..node import Node

_TYPE: Final = "discovery.type"
_INITIAL: Final = "cluster.initial_master_nodes"
_DISCOVERY: Final = ("discovery.seed_hosts", "discovery.seed_providers", _INITIAL)
#: What version 7 still takes in their place.
_DISCOVERY_OF_7: Final = ("discovery.zen.ping.unicast.hosts", "discovery.zen.hosts_provider")
#: Before, a node found its cluster in another way.
_FIRST_WITH_INITIAL: Final = 7


@rule("EFR450", "unprotected node within reach", severity="error", source="NS-30")
def exposed_without_security(node: Node) -> Iterator[Finding]:
    """
    Programs search the internet for such nodes day and night, and delete what they find.

    Advice: Switch security on, or bind the node to _local_.
    """
    if is_security_on(node) is not False:
        return
    for layer in ("http", "transport"):
        if address := exposed_address(node, layer):
            key, host = address
            message = f"[{shown(host)}] makes {layer} reachable for others, and security is off"
            yield finding_at(exposed_without_security, node, key, message)
            return


@rule("EFR451", "HTTP within reach, without TLS", severity="warning", source="NS-30")
def exposed_without_tls(node: Node) -> Iterator[Finding]:
    """
    Each request carries the password of its user, in the clear. Whoever listens on the way has it.

    Advice: Set xpack.security.http.ssl.enabled to true, or bind HTTP to _local_ behind a proxy.
    """
    address = exposed_address(node, "http")
    if is_security_on(node) is not False and address is not None and _is_clear(node):
        key, host = address
        message = (
            f"[{shown(host)}] makes HTTP reachable for others, and passwords pass in the clear"
        )
        yield finding_at(exposed_without_tls, node, key, message)


def _is_clear(node: Node) -> bool:
    """Check whether requests pass in the clear."""
    is_used = not node.settings.is_false("http.enabled") and not configures_itself(node)
    return is_used and is_tls_on(node, HTTP) is False


@rule("EFR452", "node within reach", severity="info", source="NS-31")
def exposed(node: Node) -> Iterator[Finding]:
    """
    Security is not meant to face the internet: a firewall should let in only those who need the
    node.

    Advice: Check that a firewall keeps the internet away from the ports of the node.
    """
    address = exposed_address(node, "http")
    if is_security_on(node) is not False and address is not None and not _is_clear(node):
        key, host = address
        message = (
            f"[{shown(host)}] makes HTTP reachable for others: never expose it to the internet"
        )
        yield finding_at(exposed, node, key, message)


@rule("EFR453", "no way to find a cluster", severity="error", source="BootstrapChecks")
def no_discovery(node: Node) -> Iterator[Finding]:
    """
    A node that other machines reach must be told how to find the others, or it does not start:
    otherwise it could form a second cluster by accident.

    Advice: Set discovery.seed_hosts, or discovery.type to single-node if there are no others.
    """
    known = (*_DISCOVERY, *_DISCOVERY_OF_7) if major(node) == _FIRST_WITH_INITIAL else _DISCOVERY
    is_told = any(key in node.settings for key in known) or configures_itself(node)
    if major(node) >= _FIRST_WITH_INITIAL and is_production(node) and not is_told:
        message = f"none of [{', '.join(_DISCOVERY)}] is set; the node does not start"
        place = node.settings.place(_DISCOVERY[0])
        yield no_discovery.finding(message, subject=_DISCOVERY[0], **place)


@rule("EFR454", "cluster of one with others", severity="error", source="ClusterBootstrapService")
def single_node_with_others(node: Node) -> Iterator[Finding]:
    """
    A node that is a cluster of its own elects itself. With the names of others, even with none of
    them in the list, it does not start.

    Advice: Remove cluster.initial_master_nodes, or discovery.type.
    """
    if _is_single_node(node) and _INITIAL in node.settings:
        message = f"[{_INITIAL}] is not allowed with [{_TYPE}: single-node]"
        yield finding_at(single_node_with_others, node, _INITIAL, message)


@rule(
    "EFR455", "cluster of one without a master", severity="error", source="ClusterBootstrapService"
)
def single_node_without_master(node: Node) -> Iterator[Finding]:
    """
    A node that is a cluster of its own must be able to elect itself, or it does not start.

    Advice: Add master to node.roles, or remove discovery.type.
    """
    if _is_single_node(node) and not is_master_eligible(node):
        message = f"[{_TYPE}: single-node] needs a node that may become master"
        yield finding_at(single_node_without_master, node, _TYPE, message)


def _is_single_node(node: Node) -> bool:
    is_new = major(node) >= _FIRST_WITH_INITIAL
    return is_new and node.settings.get(_TYPE) == "single-node"


@rule(
    "EFR456",
    "name twice among the first masters",
    severity="error",
    source="ClusterBootstrapService",
)
def repeated_master(node: Node) -> Iterator[Finding]:
    """
    The first election counts names, so a node that is given a name twice does not start.

    Advice: Remove the second one.
    """
    if major(node) >= _FIRST_WITH_INITIAL:
        counts = Counter(node.settings.values(_INITIAL))
        for name in (name for name, count in counts.items() if count > 1):
            message = f"[{shown(name)}] is given more than once; the node does not start"
            yield finding_at(repeated_master, node, _INITIAL, message)


@rule("EFR457", "first masters are still set", severity="info", source="NS-33")
def initial_masters_left(node: Node) -> Iterator[Finding]:
    """
    The setting is for the first start of a cluster only. Later, a node that has lost its data
    could form a second cluster with it.

    Advice: Remove the setting once the cluster has formed.
    """
    if major(node) >= _FIRST_WITH_INITIAL and node.settings.values(_INITIAL):
        message = f"[{_INITIAL}] is set, which only the first start of a cluster needs"
        yield finding_at(initial_masters_left, node, _INITIAL, message)


@rule("EFR458", "option of the JVM that stops a node", severity="error", source="BootstrapChecks")
def option_stops_node(node: Node) -> Iterator[Finding]:
    """
    Elasticsearch takes only true for the option that enforces its checks, and refuses the two
    options that run a program after an error, since its filter of system calls forbids that.

    Advice: Remove the option; with -XX:+ExitOnOutOfMemoryError, the JVM ends after an error.
    """
    for option in jvm_options(node):
        name, _, value = option.text.partition("=")
        is_refused = name in ("-XX:OnError", "-XX:OnOutOfMemoryError")
        if is_refused or (f"{name}=" == ENFORCE and value != "true"):
            message = f"a node does not start with the option [{shown(name)}] as it is set here"
            yield option_stops_node.finding(
                message, path=option.path, line=option.line, subject=name
            )
