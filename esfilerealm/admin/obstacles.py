"""
Whether a node would let a user of its file realm in: asked before a user for an emergency is made.

What is known of a node is known by the rules of ``checks``; here they are sorted by what they mean
for a login. What certainly keeps such a user out, or lets it stay after its time, is *certain*.
What only may, such as settings with which a node does not start, is not: the node may be running
with older ones, and whoever is in an emergency decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from .._ground.showing import in_one_line, shown

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping

    from ..checks.node import Node
    from ..findings import Finding

__all__ = ["Obstacle", "rescue_obstacles"]

#: Security is off, the file realm is not asked, the files are not text, or read once and never
#: again: such a node would not see that a user is removed, either.
_CERTAIN: Final = ("EFR106", "EFR410", "EFR417", "EFR464")
#: The node cannot read a file; it keeps a user out only if it is one of the two.
_UNREADABLE: Final = "EFR311"
#: Security depends on the license, something else is where a file should be, and what a node does
#: not start with: its settings, the hashing, and the realms.
_POSSIBLE: Final = ("EFR411", "EFR323", "EFR401", "EFR403", "EFR44", "EFR46", "EFR47")
_NOT_EXAMINED: Final = "00"
#: Their servers are asked for each password, and may not answer in an emergency.
_SLOW_TYPES: Final = ("ldap", "active_directory")
_FIRST_WITHOUT_X_PACK: Final = 7


@dataclass(frozen=True, slots=True)
class Obstacle:
    """
    What keeps a user of the file realm out of a node, or may.

    Attributes:
        message: The fact, in one line.
        advice: The way out: a sentence; may be empty.
        is_certain: Whether it certainly does.
        path: The file that it is about, or None.
        code: The rule of ``checks`` that found it, or None.
    """

    message: str
    advice: str = ""
    is_certain: bool = False
    path: str | None = None
    code: str | None = None

    @in_one_line
    def __str__(self) -> str:
        place = "" if self.path is None else f"[{self.path}]: "
        advice = f"; {self.advice[0].lower()}{self.advice[1:].rstrip('.')}" if self.advice else ""
        return f"{place}{self.message}{advice}"

    def to_dict(self) -> dict[str, object]:
        """Return the attributes as a dictionary fit for JSON."""
        return {
            "message": self.message,
            "advice": self.advice,
            "is_certain": self.is_certain,
            "path": self.path,
            "code": self.code,
        }


def rescue_obstacles(
    config_dir: str | os.PathLike[str],
    *,
    elasticsearch_version: int | str | None = None,
    overrides: Mapping[str, str] | None = None,
) -> tuple[Obstacle, ...]:
    """
    Return what would keep a new user of the file realm out of a node; the certain ones first.

    Nothing is written or locked, and no password is needed.

    Args:
        config_dir: The configuration directory.

        elasticsearch_version: The release of the node, such as ``8`` or ``"8.15"``; None for the
            newest.

        overrides: Settings that win over those of the file, as with ``-E``.

    Raises:
        ValueError: If the version is not one.
    """
    from ..checks.node import Node
    from ..checks.registry import all_rules
    from ..checks.run import examine

    node = Node(config_dir, elasticsearch_version=elasticsearch_version, overrides=overrides)
    wanted = (*_CERTAIN, _UNREADABLE, *_POSSIBLE)
    rules = [
        rule
        for code, rule in all_rules().items()
        if code.startswith(wanted) and not code.endswith(_NOT_EXAMINED)
    ]
    found = [*_of_findings(node, examine(node, rules)), *_of_place(node), *_of_order(node)]
    return tuple(sorted(found, key=lambda obstacle: not obstacle.is_certain))


def _of_findings(node: Node, findings: tuple[Finding, ...]) -> Iterator[Obstacle]:
    both = (node.paths.users, node.paths.users_roles)
    for finding in findings:
        is_certain = finding.code in _CERTAIN or (
            finding.code == _UNREADABLE and finding.path in both
        )
        is_possible = finding.severity == "error" or finding.code.endswith(_NOT_EXAMINED)
        if is_certain or is_possible or finding.code == "EFR411":
            yield Obstacle(finding.message, finding.advice, is_certain, finding.path, finding.code)


def _of_place(node: Node) -> Iterator[Obstacle]:
    """Report files in ``x-pack/``, which nodes read only up to 6.2."""
    legacy = [path for path in (node.paths.users, node.paths.users_roles) if _is_legacy(node, path)]
    if legacy and node.version not in (5, None):
        yield Obstacle(
            "from version 6.3 on, a node does not read this file",
            "Move it up one directory.",
            is_certain=(node.version or 0) >= _FIRST_WITHOUT_X_PACK,
            path=legacy[0],
        )


def _is_legacy(node: Node, path: str) -> bool:
    return path in node.paths.legacy


def _of_order(node: Node) -> Iterator[Obstacle]:
    """Report realms that are asked before, and may delay a login."""
    from ..checks.facts.realms import order_of
    from ..checks.parts import Unreadable

    try:
        realms = order_of(node).realms
    except Unreadable:  # a finding says so
        return
    types = [realm.type for realm in realms]
    before = realms[: types.index("file")] if "file" in types else ()
    slow = [shown(realm.name) for realm in before if realm.type in _SLOW_TYPES]
    if slow:
        yield Obstacle(
            f"the realms [{', '.join(slow)}] are asked before the file realm: while their servers "
            "do not answer, each login waits for them",
            "Give the file realm a smaller order.",
        )
