"""A realm as metrics, in the text that Prometheus and its textfile collector read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..._ground.showing import printable
from ..._ground.system_faults import require_missing
from ...errors import MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ...drift import Fingerprint
    from ...findings import Finding

__all__ = ["metrics_of"]

_SUPERUSER: Final = "superuser"
_SEVERITIES: Final = ("error", "warning", "info")


def metrics_of(fingerprint: Fingerprint, findings: Iterable[Finding] | None) -> bytes:
    """
    Return the metrics of one node. All are gauges, the only kind that both formats write alike.

    Args:
        fingerprint: Of its users.

        findings: What a check found, or None if nothing was checked.

    Raises:
        MissingExtraError: If the extra ``metrics`` is not installed.
    """
    try:
        from prometheus_client import CollectorRegistry, Gauge
        from prometheus_client.openmetrics.exposition import generate_latest
    except ImportError as error:
        require_missing(error)
        raise MissingExtraError("metrics", "--openmetrics") from None
    registry = CollectorRegistry()

    def gauge(name: str, text: str, value: int, **labels: str) -> None:
        labels = {"node": printable(fingerprint.node or ""), **labels}
        found = made.get(name)
        if found is None:
            found = made[name] = Gauge(f"esfilerealm_{name}", text, list(labels), registry=registry)
        found.labels(**labels).set(value)

    made: dict[str, Gauge] = {}
    names = fingerprint.usernames
    superusers = sum(_SUPERUSER in (fingerprint.roles_of(name) or ()) for name in names)
    gauge("users", "Users of the file realm", len(names))
    gauge("superusers", "Users with the role superuser", superusers)
    gauge("skipped_lines", "Lines that the node does not read", len(fingerprint.skipped))
    about = "Always 1; the label is equal on nodes with equal users"
    gauge("fingerprint", about, 1, label=fingerprint.label)
    if findings is not None:
        severities = [finding.severity for finding in findings]
        for severity in _SEVERITIES:
            count = severities.count(severity)
            gauge("findings", "Findings of esfilerealm check", count, severity=severity)
    text: bytes = generate_latest(registry)
    return text
