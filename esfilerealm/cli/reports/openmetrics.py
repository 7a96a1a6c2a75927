"""Nodes as metrics, in the text that Prometheus and its textfile collector read."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry
from prometheus_client.openmetrics.exposition import generate_latest
from prometheus_client.registry import Collector

from ...checks.realm import check_entries
from ...drift.metrics import NodeFacts, UserFacts, families_of, modified_last
from ...provisioning.sources import fingerprint_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from prometheus_client.core import Metric

    from ...admin.users_tool import UsersTool
    from ...drift import Fingerprint

__all__ = ["facts_of_folder", "facts_of_source", "facts_of_unreadable", "text_of"]


def facts_of_source(fingerprint: Fingerprint) -> NodeFacts:
    """Return what a source says that is not the directory of a node."""
    return NodeFacts(
        node=fingerprint.node or "",
        users=UserFacts.of(fingerprint),
        skipped_lines=len(fingerprint.skipped),
    )


def facts_of_unreadable(node: str) -> NodeFacts:
    """Return what is known of a node whose files cannot be read."""
    return NodeFacts(node=node, health="empty")


def facts_of_folder(tool: UsersTool, *, key: bytes | None, node: str) -> NodeFacts:
    """
    Return what is known of a node.

    Raises:
        FileRealmError: If its files cannot be read.
    """
    realm = tool.listing()
    fingerprint = fingerprint_of(tool, key=key, node=node)
    paths = (tool.paths.users, tool.paths.users_roles)
    return NodeFacts(
        node=node,
        users=UserFacts.of(fingerprint),
        skipped_lines=len(fingerprint.skipped),
        health="issues" if check_entries(realm) else "ok",
        last_change=modified_last(map(_modified, paths)),
        findings=tool.check(),
    )


def _modified(path: str) -> int | None:
    try:
        return os.stat(path).st_mtime_ns
    except OSError:  # taken away since it was read
        return None


def text_of(nodes: Iterable[NodeFacts]) -> bytes:
    """Return the metrics of nodes as text in UTF-8."""
    registry = CollectorRegistry()
    registry.register(_Collector(nodes))
    text: bytes = generate_latest(registry)  # type: ignore[no-untyped-call]
    return text


class _Collector(Collector):
    def __init__(self, nodes: Iterable[NodeFacts]) -> None:
        self._nodes = tuple(nodes)

    def collect(self) -> Iterator[Metric]:
        return families_of(*self._nodes)
