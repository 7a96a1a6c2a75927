"""Whether a node asks who somebody is: EFR410 to EFR419."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..._ground.showing import shown
from ..facts.places import finding_at
from ..facts.security import ANONYMOUS_ROLES, SECURITY, is_security_on, major
from ..registry import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...findings import Finding
    from ..node import Node

_BY_LICENSE: Final = (6, 7)
_RELOAD: Final = "resource.reload.enabled"
_SUPERUSER: Final = "superuser"


@rule("EFR410", "security is switched off", severity="error", source="NS-02")
def security_off(node: Node) -> Iterator[Finding]:
    """
    Without security, everybody who reaches the node may read, change and delete everything, and
    no user, role or password counts.

    Advice: Remove the setting from version 8 on, or set it to true, and give the node TLS.
    """
    if node.settings.is_false(SECURITY):
        message = "security is switched off: everybody who reaches the node may do everything"
        yield finding_at(security_off, node, SECURITY, message)


@rule("EFR411", "security depends on the license", severity="warning", source="NS-03")
def security_by_license(node: Node) -> Iterator[Finding]:
    """
    In versions 6 and 7, security stays off with a basic or trial license, unless a setting
    switches it on. The realm's files count for nothing then.

    Advice: Set xpack.security.enabled to true.
    """
    if SECURITY not in node.settings and major(node) in _BY_LICENSE:
        message = (
            f"[{SECURITY}] is not set: with a basic or trial license, a node of version "
            f"[{major(node)}] lets everybody do everything"
        )
        yield finding_at(security_by_license, node, SECURITY, message)


@rule("EFR415", "anonymous access", severity="warning", source="NS-40")
def anonymous_access(node: Node) -> Iterator[Finding]:
    """
    Requests without credentials get these roles, from everybody who reaches the node. No check
    of Elasticsearch warns of it.

    Advice: Remove the setting, or give the anonymous user only what the whole world may do.
    """
    roles = _anonymous_roles(node)
    if roles and _SUPERUSER not in roles:
        names = ", ".join(map(shown, roles))
        message = f"who gives no password gets the roles [{names}]"
        yield finding_at(anonymous_access, node, ANONYMOUS_ROLES, message)


@rule("EFR416", "anonymous superuser", severity="error", source="NS-40")
def anonymous_superuser(node: Node) -> Iterator[Finding]:
    """
    Requests without credentials get the role superuser, so everybody who reaches the node may do
    everything.

    Advice: Remove superuser from xpack.security.authc.anonymous.roles.
    """
    if _SUPERUSER in _anonymous_roles(node):
        message = "who gives no password gets the role [superuser], and may do everything"
        yield finding_at(anonymous_superuser, node, ANONYMOUS_ROLES, message)


def _anonymous_roles(node: Node) -> list[str]:
    """Return the roles of the anonymous user; without security, nobody is asked for any."""
    if is_security_on(node) is False:
        return []
    return [role for role in node.settings.values(ANONYMOUS_ROLES) if role]


@rule("EFR417", "files are read once", severity="info", source="ResourceWatcherService")
def reload_off(node: Node) -> Iterator[Finding]:
    """
    A node reads users, roles and tokens only when it starts. Whoever needs a way back in must
    start the node again, and so must whoever takes a right away.

    Advice: Remove the setting.
    """
    if node.settings.is_false(_RELOAD):
        message = "changes of users, roles and tokens count only after the next start"
        yield finding_at(reload_off, node, _RELOAD, message)
