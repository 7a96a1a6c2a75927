"""The parts of which the schemas of ``--json`` are made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    Schema = dict[str, object]

__all__ = [
    "COUNT",
    "COUNT_OR_NULL",
    "DIGEST",
    "FLAG",
    "FLAG_OR_NULL",
    "MODE",
    "NAMES",
    "NAMES_OR_NULL",
    "TEXT",
    "TEXT_OR_NULL",
    "by_name",
    "list_of",
    "object_of",
]

TEXT: Final[Schema] = {"type": "string"}
TEXT_OR_NULL: Final[Schema] = {"type": ["string", "null"]}
COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
COUNT_OR_NULL: Final[Schema] = {"type": ["integer", "null"], "minimum": 0}
FLAG: Final[Schema] = {"type": "boolean"}
FLAG_OR_NULL: Final[Schema] = {"type": ["boolean", "null"]}
NAMES: Final[Schema] = {"type": "array", "items": TEXT}
NAMES_OR_NULL: Final[Schema] = {"type": ["array", "null"], "items": TEXT}
MODE: Final[Schema] = {"type": ["string", "null"], "pattern": "^[0-7]{4}$"}
DIGEST: Final[Schema] = {"type": ["string", "null"], "pattern": "^[0-9a-f]{64}$"}


def object_of(required: Mapping[str, Schema], optional: Mapping[str, Schema] = {}) -> Schema:
    """Return the shape of an object by its keys: those that are always there, and others."""
    return {
        "type": "object",
        "properties": {**required, **optional},
        "required": list(required),
    }


def list_of(items: Schema) -> Schema:
    """Return the shape of a list."""
    return {"type": "array", "items": items}


def by_name(values: Schema) -> Schema:
    """Return the shape of an object whose keys are names that nobody knows beforehand."""
    return {"type": "object", "additionalProperties": values}
