"""
The cases of the rules, by code: one module for each group, and in it ``CASES``.

``tests/unit/checks/test_rules.py`` runs all of them and demands of each rule at least one case
where it fires, one where it does not although it nearly does, and one where what it needs cannot
be read. Wrong samples are named by what is wrong with them.
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

__all__ = ["Case", "RuleCases", "all_cases"]

#: As an innocent node has them.
_DEFAULT_FILES = {"users": "", "users_roles": "", "elasticsearch.yml": ""}


@dataclass(frozen=True)
class Case:
    """
    A configuration directory, and what a rule says of it.

    Attributes:
        name: What is wrong with it, or nearly wrong.
        files: Contents by name, over those of an innocent node; None for no such file.
        prepare: What else to do to the directory, such as ``chmod``.
        options: Further arguments of ``check``.
        finds: For a case that fires: attributes that one of the findings must have. The message
            needs to contain the text only; ``path`` is relative to the directory.
        broken: For a case that cannot be read: the part of ``Node`` that cannot. Better break the
            file itself by *files* or *prepare* where root cannot read it either.
    """

    name: str
    files: Mapping[str, str | bytes | None] = field(default_factory=dict)
    prepare: Callable[[Path], None] | None = None
    options: Mapping[str, object] = field(default_factory=dict)
    finds: Mapping[str, object] = field(default_factory=dict)
    broken: str | None = None

    def build(self, directory: Path) -> None:
        """Make the directory."""
        for name, content in {**_DEFAULT_FILES, **self.files}.items():
            path = directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if content is not None:
                path.write_bytes(content.encode() if isinstance(content, str) else content)
        if self.prepare is not None:
            self.prepare(directory)


@dataclass(frozen=True)
class RuleCases:
    """The cases of one rule; each kind needs one at least."""

    fires: tuple[Case, ...]
    innocent: tuple[Case, ...]
    unreadable: tuple[Case, ...]


def all_cases() -> dict[str, RuleCases]:
    """Return the cases of every rule."""
    found: dict[str, RuleCases] = {}
    for module in pkgutil.iter_modules(__path__):
        cases = importlib.import_module(f"{__name__}.{module.name}").CASES
        assert not found.keys() & cases.keys(), module.name
        found |= cases
    return found
