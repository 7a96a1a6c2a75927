"""The figures of one run as a file: the machine and the rows."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from .measure import Row

__all__ = ["Results", "load", "save"]

_FIELDS = {field.name for field in dataclasses.fields(Row)}


@dataclasses.dataclass(frozen=True, slots=True)
class Results:
    """One run: the machine and the rows."""

    machine: dict[str, Any]
    rows: list[Row]

    @property
    def heading(self) -> str:
        """What the figures depend on, in one line."""
        return ", ".join(f"{key} {value}" for key, value in self.machine.items())


def save(path: str, results: Results) -> None:
    """Write them as JSON."""
    with open(path, "w", encoding="utf-8") as file:
        json.dump(dataclasses.asdict(results), file, indent=1, ensure_ascii=False)
        file.write("\n")


def load(path: str) -> Results:
    """Read what this or an earlier version of ``save`` wrote; unknown fields are ignored."""
    with open(path, encoding="utf-8") as file:
        content = json.load(file)
    rows = [
        Row(**{key: value for key, value in row.items() if key in _FIELDS})
        for row in content["rows"]
    ]
    return Results(content["machine"], rows)
