"""The recorded behaviour of nodes with names, certificates and role mappings."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

VECTORS = Path(__file__).parents[1] / "vectors"
CERTIFICATES = VECTORS / "certs"


@cache
def rows(path: str) -> list[dict[str, Any]]:
    """Return the rows of a file of vectors: one JSON list, or one object a line."""
    text = (VECTORS / path).read_text(encoding="utf-8")
    if text.startswith("["):
        return json.loads(text)
    return [json.loads(line) for line in text.splitlines()]


def of_kind(kind: str, path: str = "pki-vectors.json") -> list[Any]:
    """Return the vectors of a kind as parameters, each with its number."""
    found = (row for row in rows(path) if row["kind"] == kind)
    return [pytest.param(row, id=f"{kind}-{number}") for number, row in enumerate(found)]
