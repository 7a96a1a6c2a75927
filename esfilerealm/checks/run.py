"""All rules, or some of them, about one node."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ..errors import ConfigurationFileMissingError
from .node import Node
from .parts import Unreadable
from .registry import all_rules, not_examined
from .selection import selected

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ..findings import Finding
    from .limits import Limits
    from .registry import Rule

__all__ = ["check", "examine"]


def check(
    config_dir: str | os.PathLike[str],
    *,
    select: Iterable[str] = (),
    ignore: Iterable[str] = (),
    elasticsearch_version: int | str | None = None,
    known_roles: Iterable[str] = (),
    keystore_password: str = "",
    overrides: Mapping[str, str] | None = None,
    limits: Limits | None = None,
    try_passwords: Iterable[str] | None = None,
) -> tuple[Finding, ...]:
    """
    Check a node: its realm, its files, its settings. Nothing is written, locked or executed.

    Args:
        config_dir: The configuration directory.

        select: Codes of rules, or beginnings of codes such as ``EFR4``; empty for all.

        ignore: Likewise, of those that are left out. What was not examined is left out only by its
            whole code, such as ``EFR100``.

        elasticsearch_version: The release of the node, such as ``8`` or ``"8.15"``; None for the
            newest.

        known_roles: Roles that the role API defines, where no file shows them.

        keystore_password: The password of ``elasticsearch.keystore``; empty if it has none.

        overrides: Settings that win over those of the file, as with ``-E``.

        limits: The thresholds.

        try_passwords: Passwords to try for each user, besides the name and well-known defaults;
            None to try none at all.

    Returns:
        The findings, in the order of paths, lines and codes. What could not be examined is one of
        them, of the severity ``info``.

    Raises:
        ConfigurationFileMissingError: If there is no such directory.
        InvalidRuleCodeError: If no rule has a code that is selected or ignored.
        ValueError: If the version is not one.
    """
    ignored = list(ignore)
    rules = selected(all_rules(), select, ignored)
    if not os.path.isdir(config_dir):
        advice = "check the path of the configuration directory"
        raise ConfigurationFileMissingError(os.path.abspath(config_dir), advice)
    node = Node(
        config_dir,
        elasticsearch_version=elasticsearch_version,
        overrides=overrides,
        known_roles=known_roles,
        keystore_password=keystore_password,
        limits=limits,
        guesses=try_passwords,
    )
    unwanted = {text.strip().upper() for text in ignored}
    return tuple(finding for finding in examine(node, rules) if finding.code not in unwanted)


def examine(node: Node, rules: Iterable[Rule]) -> tuple[Finding, ...]:
    """Ask *rules* about a node; see ``check``."""
    findings: list[Finding] = []
    missing: dict[tuple[str, Unreadable], dict[str, None]] = {}
    for rule in rules:
        for found in _examined(rule, node):
            if isinstance(found, Unreadable):
                missing.setdefault((rule.group, found), {})[rule.code] = None
            else:
                findings.append(found)
    findings += [
        _not_examined(group, unreadable, codes) for (group, unreadable), codes in missing.items()
    ]
    return tuple(sorted(findings, key=_place))


def _examined(rule: Rule, node: Node) -> Iterable[Finding | Unreadable]:
    try:
        yield from rule(node)
    except Unreadable as unreadable:
        yield unreadable


def _not_examined(group: str, unreadable: Unreadable, codes: Iterable[str]) -> Finding:
    subject = ",".join(codes)
    message = f"not examined: {unreadable.reason}; so nobody knows of [{subject}]"
    return not_examined(group).finding(message, path=unreadable.path, subject=subject)


def _place(finding: Finding) -> tuple[str, int, str]:
    """Return by what findings are ordered; what is about a whole file follows its lines."""
    last = 10**9
    line = last if finding.line is None else finding.line
    return finding.path or "", line, finding.code
