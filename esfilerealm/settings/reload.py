"""
How often a node looks whether files have changed.

Source:
    ``ResourceWatcherService``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._ground.hints import nearest

__all__ = ["RELOAD_PREFIX", "read_reload"]

if TYPE_CHECKING:
    from typing import Final, TypedDict

    from .reader import Values

    class ReloadFields(TypedDict):
        """What is read here, by the names that ``RealmSettings`` has for it."""

        reload_enabled: bool
        reload_interval_high: float
        reload_interval_medium: float
        reload_interval_low: float


#: What all of these keys start with.
RELOAD_PREFIX: Final = "resource.reload."
_ENABLED: Final = f"{RELOAD_PREFIX}enabled"
_HIGH: Final = f"{RELOAD_PREFIX}interval.high"
_MEDIUM: Final = f"{RELOAD_PREFIX}interval.medium"
_LOW: Final = f"{RELOAD_PREFIX}interval.low"
_LEGACY: Final = f"{RELOAD_PREFIX}interval"
_KNOWN: Final = (_ENABLED, _HIGH, _MEDIUM, _LOW, _LEGACY)


def read_reload(values: Values) -> ReloadFields:
    """Read the settings of the watcher; faults go to ``values.problems``."""
    for key in values.keys_below(RELOAD_PREFIX):
        if key not in _KNOWN:
            values.refuse_key(key, f"no setting of the reload; {nearest(key, _KNOWN)}")
    fields: ReloadFields = {
        "reload_enabled": values.boolean(_ENABLED, default=True),
        "reload_interval_high": _interval(values, _HIGH, "5s"),
        "reload_interval_medium": _interval(values, _MEDIUM, "30s"),
        "reload_interval_low": _interval(values, _LOW, "60s"),
    }
    if values.is_given(_LEGACY):
        legacy = _interval(values, _LEGACY, "30s")
        if not values.is_given(_MEDIUM):
            fields["reload_interval_medium"] = legacy
            values.reads[_MEDIUM] = values.reads[_LEGACY]
        values.warn(_LEGACY, f"an old name, which moves no interval but [{_MEDIUM}]")
    return fields


def _interval(values: Values, key: str, default: str) -> float:
    seconds = values.seconds(key, default=default)
    if seconds <= 0:
        values.warn(key, "without a pause between two looks, a node is never idle")
    return seconds
