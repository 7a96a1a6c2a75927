"""Nodes as metrics of Prometheus. Importing this module needs the extra ``metrics``."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from prometheus_client.core import GaugeMetricFamily

from .._ground.showing import printable
from .standing import NEVER

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from prometheus_client.core import Metric

    from ..findings import Finding
    from .fingerprint import Fingerprint

__all__ = ["NodeFacts", "UserFacts", "families_of", "modified_last"]

_SUPERUSER: Final = "superuser"
_HEALTH: Final = ("ok", "issues", "stale", "empty")
_SEVERITIES: Final = ("error", "warning", "info")
_TEXTS: Final = {
    "users": "Users of the file realm",
    "superusers": "Users with the role superuser",
    "locked_users": "Users who are locked",
    "expiring_users": "Users whose time ends, or has ended and nobody has removed them yet",
    "emergency_users": "Users who give emergency access",
    "skipped_lines": "Lines that the node does not read",
    "fingerprint": "Always 1; the label is equal on nodes with equal users",
    "health": "1 for the status that the realm has, 0 for each other",
    "last_change_timestamp_seconds": "When the newer of both files was written, since 1970",
    "generation": "Number of different users and roles that this process has read",
    "findings": "Findings of esfilerealm check",
}


@dataclass(frozen=True, slots=True)
class UserFacts:
    """
    What metrics say of users.

    Attributes:
        users: How many there are.
        superusers: How many have the role ``superuser``.
        label: The label of their fingerprint.
        locked: How many are locked.
        expiring: How many have a time that ends; None if that is not known.
        emergency: How many give emergency access; None if that is not known.
    """

    users: int
    superusers: int
    label: str
    locked: int = 0
    expiring: int | None = None
    emergency: int | None = None

    @classmethod
    def of(cls, fingerprint: Fingerprint) -> UserFacts:
        """Count the users of a fingerprint."""
        names = fingerprint.usernames
        superusers = sum(_SUPERUSER in (fingerprint.roles_of(name) or ()) for name in names)
        standings = [fingerprint.standing_of(name) for name in names]
        knows_times = not fingerprint.is_document
        return cls(
            len(names),
            superusers,
            fingerprint.label,
            locked=sum(each.is_locked is True for each in standings),
            expiring=sum(each.expires != NEVER for each in standings) if knows_times else None,
            emergency=sum(each.is_emergency for each in standings) if knows_times else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeFacts:
    """
    What is known of a node; None for what is not.

    Attributes:
        node: Its name.
        users: Its users.
        skipped_lines: The number of lines that it does not read.
        health: As in ``RealmHealth.status``.
        last_change: Seconds since 1970.
        generation: As in ``RealmSnapshot.generation``.
        findings: What a check found.
    """

    node: str
    users: UserFacts | None = None
    skipped_lines: int | None = None
    health: str | None = None
    last_change: float | None = None
    generation: int | None = None
    findings: Iterable[Finding] | None = None


def families_of(*nodes: NodeFacts) -> Iterator[Metric]:
    """
    Yield the metrics of nodes. All are gauges, the only kind that both formats write alike.

    Args:
        nodes: What is known of each; without a node, all families come without a value.
    """
    samples: dict[str, list[tuple[dict[str, str], float]]] = {name: [] for name in _TEXTS}
    for facts in nodes:
        for name, labels, value in _samples(facts):
            samples[name].append(({"node": printable(facts.node), **labels}, value))
    for name, text in _TEXTS.items():
        family = GaugeMetricFamily(f"esfilerealm_{name}", text)
        for labels, value in samples[name]:
            family.add_sample(family.name, labels, value)
        if samples[name] or not nodes:
            yield family


def _samples(facts: NodeFacts) -> Iterator[tuple[str, dict[str, str], float]]:
    """Yield name, labels and value of everything that is known."""
    if facts.users is not None:
        yield from _samples_of_users(facts.users)
    for name in ("skipped_lines", "generation"):
        if (number := getattr(facts, name)) is not None:
            yield name, {}, number
    if facts.last_change is not None:
        yield "last_change_timestamp_seconds", {}, facts.last_change
    if facts.health is not None:
        for status in _HEALTH:
            yield "health", {"status": status}, status == facts.health
    if facts.findings is not None:
        found = Counter(finding.severity for finding in facts.findings)
        for severity in _SEVERITIES:
            yield "findings", {"severity": severity}, found[severity]


def _samples_of_users(users: UserFacts) -> Iterator[tuple[str, dict[str, str], float]]:
    yield "users", {}, users.users
    yield "superusers", {}, users.superusers
    yield "fingerprint", {"label": users.label}, 1
    counts = {
        "locked_users": users.locked,
        "expiring_users": users.expiring,
        "emergency_users": users.emergency,
    }
    for name, count in counts.items():
        if count is not None:
            yield name, {}, count


def modified_last(times: Iterable[int | None]) -> float | None:
    """Return the last of some times of files, from nanoseconds to seconds; None for no file."""
    known = [time for time in times if time is not None]
    return max(known) / 1e9 if known else None
