"""The JSON Schema of documents, from the table by which they are read."""

from __future__ import annotations

from typing import Final

from .desired import SHAPE

__all__ = ["desired_state_schema"]

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def desired_state_schema() -> dict[str, object]:
    """
    Return the JSON Schema of a desired state (draft 2020-12), as editors and CI can use it.

    It refuses nothing that ``DesiredState`` accepts. Some rules no schema can express, such as that
    each name occurs once; ``DesiredState`` and the command ``validate`` know all of them.
    """
    return {
        "$schema": _DIALECT,
        "title": "Desired state of a file realm of Elasticsearch",
        "description": "What [esfilerealm plan] and [esfilerealm apply] read.",
        **SHAPE.schema(),
    }
