"""
The JSON Schema of documents agrees with the reader, for every document that a test reads.

A module of tests imports the fixture; then each document that it reads, good or bad, is held
against the schema too.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from datetime import date
from importlib.util import find_spec

import pytest

from esfilerealm.documents.yaml import A_DATE, Unread
from esfilerealm.errors import InvalidDesiredStateError
from esfilerealm.provisioning import DesiredState, desired_state_schema

__all__ = ["BEYOND_A_SCHEMA", "as_json", "disagreement", "reader_and_schema_agree", "validator"]

#: What the reader refuses and the schema accepts: from what the reader says to the reason.
BEYOND_A_SCHEMA = {
    r": duplicate key": "a schema sees values, in which each key is left once",
    r"is already at \[": "a schema compares no value with another: names may be equal",
    r"differs from the name before": "a schema compares no key with a value",
    r"is also in \[roles_remove\]": "a schema compares no list with another",
    r"\.password_hash: ": "a schema cannot compute whether a hash is one, only how it starts",
    r"(lone surrogate|UTF-8 can hold)$": "half a character is in no text that a schema sees",
    r": empty document": "a field that is null is not given, which a schema cannot count",
    r"must be a whole number above 0$": "1.0 is an integer for a schema",
    r"must have at least 6 characters$": "Java counts characters beyond U+FFFF twice",
    r"must be \[never\] or a time": "a schema cannot tell that no month has 32 days",
    r"at most 65535 characters$": "it would be an annoyance in each message about a name",
}

#: Documents of more users are left out: they are many of the same.
LARGEST = 200


@functools.cache
def validator():
    jsonschema = pytest.importorskip("jsonschema")
    return jsonschema.Draft202012Validator(desired_state_schema())


def as_json(value):
    """Return what a schema is asked about: plain values; others, such as dates, as no JSON."""
    if isinstance(value, Mapping):
        pairs = value.items()
        plain = {k: _time(v) if k == "expires" else v for k, v in pairs}
        return {k if isinstance(k, str) else f"\0{k!r}": as_json(v) for k, v in plain.items()}
    if isinstance(value, list | tuple):
        return [as_json(item) for item in value]
    return value if value is None or isinstance(value, str | int | float) else object()


def _time(value):
    """Return a time without quotes as a text, for which editors take it."""
    if isinstance(value, date):
        return value.isoformat()
    return value.text if isinstance(value, Unread) and value.kind == A_DATE else value


def disagreement(value, issues):
    """Return how the schema disagrees with the reader, which found *issues*, or nothing."""
    errors = [error.message for error in validator().iter_errors(as_json(value))]
    if not issues:
        return f"only the schema refuses: {errors}" if errors else ""
    beyond = all(any(re.search(known, issue) for known in BEYOND_A_SCHEMA) for issue in issues)
    return "" if errors or beyond else f"only the reader refuses: {issues}"


def is_large(value):
    parts = value.values() if isinstance(value, Mapping) else ()
    return any(isinstance(part, Mapping | list | tuple) and len(part) > LARGEST for part in parts)


@pytest.fixture(autouse=True)
def reader_and_schema_agree(monkeypatch):
    """Hold every document that the test reads against the schema; at its end, no one disagrees."""
    read, _of = [], DesiredState._of.__func__

    def read_and_note(cls, document):
        issues = ()
        try:
            return _of(cls, document)
        except InvalidDesiredStateError as error:
            issues = error.issues
            raise
        finally:
            read.append(({} if document.value is None else document.value, issues))

    monkeypatch.setattr(DesiredState, "_of", classmethod(read_and_note))
    yield
    if read and find_spec("jsonschema") is not None:
        found = [disagreement(*each) for each in read if not is_large(each[0])]
        assert [text for text in found if text] == []
