"""The checks of settings: each looks at what is set, in the file and by ``-E``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..._ground.showing import shown, shown_name
from .result import Hit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ...settings.start import StartSettings
    from .first_start import FirstStart
    from .result import Exit

__all__ = ["ROLES", "ROLES_WITH_DATA", "hits_of_keys", "hits_of_roles"]

ENABLED: Final = "xpack.security.autoconfiguration.enabled"
SECURITY: Final = "xpack.security.enabled"
TLS: Final = ("xpack.security.transport.ssl.", "xpack.security.http.ssl.")
INITIAL_MASTERS: Final = "cluster.initial_master_nodes"
SEEDS: Final = ("discovery.seed_hosts", "discovery.seed_providers")
NODE_ROLES: Final = "node.roles"
STATELESS: Final = "stateless.enabled"

ROLES_WITH_DATA: Final = frozenset(
    {
        *("data", "data_content", "data_hot", "data_warm", "data_cold", "data_frozen"),
        *("index", "search"),
    }
)
"""The roles of a node that can hold data; the last two without local storage."""

ROLES: Final = ROLES_WITH_DATA | {
    *("master", "voting_only", "ingest", "ml", "transform", "remote_cluster_client"),
}
"""All roles that a node of Elasticsearch 8 or later may have."""

_YOURSELF: Final = "remove it for automatic configuration, or configure security and TLS yourself"
_BOOLEANS: Final = ("true", "false")


def hits_of_keys(start: FirstStart) -> Iterator[Hit]:
    """Yield ``AUT-05`` to ``AUT-08``: what says that security is somebody else's work."""
    settings = start.settings
    yield from _switched_off(settings)
    for key in [SECURITY, *(key for prefix in TLS for key in settings.keys_below(prefix))]:
        if key in settings:
            yield _configured(start, key)
    yield from _many_nodes(start)


def _configured(start: FirstStart, key: str) -> Hit:
    rule, what = ("AUT-06", "security") if key == SECURITY else ("AUT-07", "TLS")
    message = f"{what} is configured already, by [{key}]"
    _, line = start.settings.place(key)
    if line is None or line not in start.generated_lines:
        return _hit(rule, start.settings, key, message, _YOURSELF)
    message = f"{message} in the block that automatic configuration has written"
    return _hit(rule, start.settings, key, message, "nothing, if the node starts with it")


def _switched_off(settings: StartSettings) -> Iterator[Hit]:
    text = settings.text(ENABLED)
    if text == "false":
        yield _hit("AUT-05", settings, ENABLED, f"[{ENABLED}] is false", "remove it")
    elif text not in (None, "true"):
        yield _not_boolean("AUT-05", settings, ENABLED)


def _many_nodes(start: FirstStart) -> Iterator[Hit]:
    """Yield each setting by which a node forms or joins a cluster of several nodes."""
    settings = start.settings
    masters = settings.items(INITIAL_MASTERS)
    name = settings.text("node.name")
    name = start.host if name is None else name
    if settings.text("discovery.type") == "single-node" or masters == [name]:
        return
    if masters:
        message = f"[{INITIAL_MASTERS}] is not just the name of this node, [{shown(name)}]"
        advice = "name only this node, and let others join it by enrollment tokens"
        yield _hit("AUT-08", settings, INITIAL_MASTERS, message, advice)
    for key in SEEDS:
        if settings.items(key):
            message = f"the node would join others, by [{key}]"
            advice = "remove it for the first node, and let others join it by enrollment tokens"
            yield _hit("AUT-08", settings, key, message, advice)


def hits_of_roles(start: FirstStart) -> Iterator[Hit]:
    """Yield ``AUT-09`` and ``AUT-10``: roles with which a node cannot be the first one."""
    settings = start.settings
    if NODE_ROLES not in settings:
        # Only the default roles depend on it.
        if settings.text(STATELESS) not in (None, *_BOOLEANS):
            yield _not_boolean("AUT-10", settings, STATELESS)
        return
    roles = settings.items(NODE_ROLES)
    if "master" not in roles or "voting_only" in roles:
        what = "voting_only" if "master" in roles else "not master"
        message = f"the node cannot be elected: its roles are [{_shown(roles)}], {what}"
        yield _hit("AUT-09", settings, NODE_ROLES, message, "give the first node the role master")
    yield from _without_data(settings, roles)


def _without_data(settings: StartSettings, roles: list[str]) -> Iterator[Hit]:
    unknown = [role for role in roles if role not in ROLES]
    if unknown:
        message = f"the start fails: unknown roles [{_shown(unknown)}]"
        advice = f"use only roles of [{', '.join(sorted(ROLES))}]"
        yield _hit("AUT-10", settings, NODE_ROLES, message, advice, "exception")
    elif "voting_only" in roles and "master" not in roles:
        message = "the start fails: the role voting_only needs the role master"
        yield _hit("AUT-10", settings, NODE_ROLES, message, "add the role master", "exception")
    elif ROLES_WITH_DATA.isdisjoint(roles):
        message = f"the node cannot hold data: its roles are [{_shown(roles)}]"
        yield _hit("AUT-10", settings, NODE_ROLES, message, "give the first node the role data")


def _not_boolean(rule: str, settings: StartSettings, key: str) -> Hit:
    message = f"the start fails: [{key}] is neither [true] nor [false]"
    return _hit(rule, settings, key, message, "correct it, or remove it", "exception")


def _hit(
    rule: str,
    settings: StartSettings,
    key: str,
    message: str,
    advice: str,
    ends: Exit = "NOOP",
) -> Hit:
    path, line = settings.place(key)
    return Hit(
        rule=rule,
        stage="command",
        exit=ends,
        shown=ends == "exception",
        message=message,
        advice=advice,
        key=key,
        path=path,
        line=line,
    )


def _shown(roles: Iterable[str]) -> str:
    return ", ".join(map(shown_name, roles))
