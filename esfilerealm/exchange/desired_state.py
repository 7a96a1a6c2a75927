"""A desired state in JSON or YAML, as ``export_realm`` writes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from ..documents.document import read_document
from ..errors import InvalidDesiredStateError
from .losses import Imported

if TYPE_CHECKING:
    from ..documents.document import DocumentFormat
    from ._shared import ImportRules

__all__ = ["import_json", "import_yaml"]


def import_json(data: bytes, source: str, _: ImportRules) -> Imported:
    """Read a desired state in JSON; ``DesiredState.from_dict`` checks its fields."""
    return _imported("json", data, source)


def import_yaml(data: bytes, source: str, _: ImportRules) -> Imported:
    """Read a desired state in YAML; ``DesiredState.from_dict`` checks its fields."""
    return _imported("yaml", data, source)


def _imported(format: DocumentFormat, data: bytes, source: str) -> Imported:
    document = read_document(data, format, source)
    value, issues = document.value, document.issues
    if not issues and not (isinstance(value, dict) and isinstance(value.get("users"), list | dict)):
        issues = (f"[{source}]: not a desired state: there are no [users]",)
    if issues:
        raise InvalidDesiredStateError(issues)
    return Imported(cast("dict[str, Any]", value), ())
