"""Whether security is on, and which release the answer is for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .tls import HTTP, TRANSPORT

if TYPE_CHECKING:
    from ...findings import Severity
    from ..node import Node

__all__ = [
    "ANONYMOUS_ROLES",
    "AUTOCONFIGURATION",
    "FIPS",
    "SECURITY",
    "configures_itself",
    "is_fips",
    "is_master_eligible",
    "is_security_on",
    "major",
    "strict_since_8",
]

ANONYMOUS_ROLES: Final = "xpack.security.authc.anonymous.roles"
AUTOCONFIGURATION: Final = "xpack.security.autoconfiguration.enabled"
FIPS: Final = "xpack.security.fips_mode.enabled"
SECURITY: Final = "xpack.security.enabled"

_NEWEST: Final = 9
_FIRST_SECURE: Final = 8
_FIRST_WITH_FIPS: Final = 6


def major(node: Node) -> int:
    """Return the major version of a node; the newest if it is not stated."""
    return node.version or _NEWEST


def is_security_on(node: Node) -> bool | None:
    """
    Check whether a node asks who somebody is.

    Returns:
        None if the file does not say: the value is from the environment of the node, or the node is
        of version 5 to 7, where the license decides (NS-03).
    """
    settings = node.settings
    if settings.is_true(SECURITY):
        return True
    if settings.is_false(SECURITY):
        return False
    return True if SECURITY not in settings and major(node) >= _FIRST_SECURE else None


def strict_since_8(node: Node) -> Severity | None:
    """Return None, for the severity of the rule, from 8 on, and before that ``warning``."""
    return None if major(node) >= _FIRST_SECURE else "warning"


def is_fips(node: Node) -> bool:
    """Check whether FIPS mode is on; version 5 does not know it."""
    return major(node) >= _FIRST_WITH_FIPS and node.settings.is_true(FIPS)


def is_master_eligible(node: Node) -> bool:
    """Check whether a node may become master, by ``node.roles`` or by the older ``node.master``."""
    roles = node.settings.values("node.roles")
    return "master" in roles if "node.roles" in node.settings else not _is_not_master(node)


def _is_not_master(node: Node) -> bool:
    return node.settings.is_false("node.master")


def configures_itself(node: Node) -> bool:
    """
    Check whether the settings let automatic configuration switch TLS on at the first start.

    Whether there has been a first start is not looked at.

    Source:
        ``AutoConfigureNode`` (AUT-05 to AUT-10).
    """
    settings = node.settings
    return (
        major(node) >= _FIRST_SECURE
        and SECURITY not in settings
        and not settings.is_false(AUTOCONFIGURATION)
        and not any(settings.keys_below(f"{layer}.") for layer in (TRANSPORT, HTTP))
        and _forms_a_cluster_alone(node)
        and _may_do_everything(node)
    )


def _forms_a_cluster_alone(node: Node) -> bool:
    settings = node.settings
    if settings.get("discovery.type") == "single-node":
        return True
    own = settings.get("node.name")
    initial = settings.values("cluster.initial_master_nodes")
    others = (
        *settings.values("discovery.seed_hosts"),
        *settings.values("discovery.seed_providers"),
    )
    return initial == [own] or not (initial or others)


def _may_do_everything(node: Node) -> bool:
    if "node.roles" not in node.settings:
        return True
    from ..autoconfiguration.settings import ROLES_WITH_DATA

    roles = set(node.settings.values("node.roles"))
    return "master" in roles and "voting_only" not in roles and bool(roles & ROLES_WITH_DATA)
