"""A realm that runs, as metrics of Prometheus. This module needs the extra ``metrics``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client.registry import Collector

from ..._ground.moments import shown_time
from ...drift import DescribedRealm, Fingerprint, Standing
from ...drift.metrics import NodeFacts, UserFacts, families_of, modified_last
from ...errors import FileRealmError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prometheus_client.core import Metric

    from .snapshot import RealmSnapshot

__all__ = ["RealmCollector"]


class RealmCollector(Collector):
    """
    Tells a registry of ``prometheus_client`` the state of a realm, whenever it is asked.

    Any number of threads may ask. Users are counted and digested once for each generation.

    Args:
        snapshot: Returns the state. If that raises an error, there are no metrics.

        node: The name of the node.

        key: As for ``Fingerprint.of``.

    Raises:
        InvalidFingerprintError: If the key is too short.
    """

    def __init__(
        self, snapshot: Callable[[], RealmSnapshot], *, node: str, key: bytes | None
    ) -> None:
        if key is not None:
            Fingerprint.check_key(key)
        self._snapshot = snapshot
        self._node = node
        self._key = key
        self._known: tuple[int, UserFacts] | None = None

    def describe(self) -> Iterator[Metric]:
        """Yield all metrics without values, by which a registry finds names that are taken."""
        return families_of()

    def collect(self) -> Iterator[Metric]:
        """Yield all metrics; none if the realm is closed, or could never be read."""
        try:
            snapshot = self._snapshot()
        except FileRealmError:
            return
        yield from families_of(
            NodeFacts(
                node=self._node,
                users=self._users(snapshot),
                skipped_lines=_skipped_lines(snapshot),
                health=snapshot.health.status,
                last_change=modified_last(stamp.modified for stamp in snapshot.stamps.values()),
                generation=snapshot.generation,
            )
        )

    def _users(self, snapshot: RealmSnapshot) -> UserFacts:
        known = self._known
        if known is None or known[0] != snapshot.generation:
            users = {
                name: (snapshot.hash_of(name), snapshot.roles_of(name)) for name in snapshot.users
            }
            realm = DescribedRealm(users, standings=_standings(snapshot), is_whole=True)
            made = Fingerprint.of(realm, key=self._key)
            known = self._known = snapshot.generation, UserFacts.of(made)
        return known[1]


def _standings(snapshot: RealmSnapshot) -> dict[str, Standing]:
    """Return who expires, and who of them gives emergency access."""
    standings = {}
    for name in snapshot.users if snapshot.has_expiring else ():
        expires = snapshot.expires(name)
        if expires is not None:
            is_emergency = snapshot.is_emergency(name)
            standings[name] = Standing(expires=shown_time(expires), is_emergency=is_emergency)
    return standings


def _skipped_lines(snapshot: RealmSnapshot) -> int:
    return sum(issue.kind != "blank" for issues in snapshot.issues.values() for issue in issues)
