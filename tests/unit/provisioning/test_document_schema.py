"""The JSON Schema of documents: what it accepts is what the reader accepts, but for a list."""

from __future__ import annotations

import json
import re

import pytest
from support.agreement import BEYOND_A_SCHEMA, as_json, disagreement, validator
from support.hashes import CHEAP_HASH
from support.pages import PAGES, blocks, name_of

from esfilerealm.documents.document import FORMATS, read_document
from esfilerealm.errors import InvalidDesiredStateError
from esfilerealm.provisioning import DesiredState, desired_state_schema

jsonschema = pytest.importorskip("jsonschema")

EXAMPLES = [
    pytest.param(block, format_, id=f"{name_of(page)}-{format_}-{number}")
    for page in PAGES
    for format_ in FORMATS
    for number, block in enumerate(blocks(page, format_))
]


def issues_of(text, format_):
    try:
        DesiredState.parse(text.encode(), source="x", format=format_)
    except InvalidDesiredStateError as error:
        return error.issues
    return ()


def refuses(document):
    return not validator().is_valid(as_json(document))


@pytest.mark.parametrize(("text", "format_"), EXAMPLES)
def test_examples_of_the_pages(text, format_):
    """Documents are accepted by both; tasks of Ansible, settings and mappings by none."""
    try:
        document = read_document(text.encode(), format_, "x")
    except InvalidDesiredStateError:
        return  # an example of what is not even YAML, or of several documents
    assert disagreement(document.value, issues_of(text, format_)) == ""


def test_there_are_examples():
    read = [p for p in EXAMPLES if not issues_of(*p.values)]
    assert len(read) >= 7


def test_it_is_a_schema():
    schema = desired_state_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    assert json.loads(json.dumps(schema)) == schema
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_every_field_is_explained():
    """That is what an editor shows."""

    def walk(part):
        for value in part.values() if isinstance(part, dict) else part:
            if isinstance(value, dict | list):
                yield from walk(value)
        if isinstance(part, dict) and "additionalProperties" in part:
            yield from part.get("properties", {}).items()

    fields = list(walk(desired_state_schema()))
    assert len(fields) > 30
    assert [key for key, field in fields if not field["description"].endswith(".")] == []


#: One for each reason; most of the bad documents of all other tests are held against it there.
BEYOND = {
    r": duplicate key": '{"users": [], "users": []}',
    r"is already at \[": '{"users": [{"name": "al"}, {"name": "al"}]}',
    r"differs from the name before": '{"users": {"al": {"name": "bob"}}}',
    r"is also in \[roles_remove\]": (
        '{"users": [{"name": "al", "roles_add": ["x"], "roles_remove": ["x"]}]}'
    ),
    r"\.password_hash: ": '{"users": [{"name": "al", "password_hash": "$2a$10$x"}]}',
    r"(lone surrogate|UTF-8 can hold)$": r'{"users": [{"name": "al", "password": "\ud800abcdef"}]}',
    r": empty document": '{"users": null}',
    r"must be a whole number above 0$": '{"users": [], "hash_policy": {"minimum_cost": 1.0}}',
    r"must have at least 6 characters$": '{"users": [{"name": "al", "password": "😀ab"}]}',
    r"must be \[never\] or a time": '{"users": [{"name": "al", "expires": "2026-13-01"}]}',
    r"at most 65535 characters$": json.dumps({"keystore": [{"name": "a" * 65536}]}),
}


@pytest.mark.parametrize(("known", "text"), BEYOND.items(), ids=BEYOND)
def test_what_no_schema_can_say(known, text):
    (issue,) = issues_of(text, "json")
    assert re.search(known, issue)
    assert not refuses(json.loads(text))


def test_there_is_a_case_for_each_reason():
    assert BEYOND.keys() == BEYOND_A_SCHEMA.keys()


USER = {"name": "al"}

ACCEPTED = {
    "astral password": {"users": [{**USER, "password": "😀😀😀"}]},
    "nulls": {"users": [{**USER, "state": None, "roles": None, "roles_add": ["x"]}]},
    "null user": {"users": {"al": None}},
    "odd setting to remove": {"keystore": {"ä b": {"state": "absent"}}},
    "odd setting to remove in a list": {"keystore": [{"name": "ä b", "state": "absent"}]},
    "algorithm in capitals": {"hash_policy": {"algorithm": "PBKDF2_Stretch"}},
    "numbers": {"attributes": {"owner": 0, "group": -1, "mode": "0007777"}},
    "old role": {"users": [{**USER, "roles_remove": ["#a,b:c"]}]},
    "empty values": {"keystore": [{"name": "a", "value": ""}], "keystore_password": ""},
    "times": {"users": {"al": {"expires": "2026-12-01 08:00"}, "bob": {"expires": "never"}}},
    "locks": {"users": {"al": {"locked": True}, "bob": {"locked": None, "expires": None}}},
    "null sections": {"users": [], "hash_policy": None, "attributes": None, "keystore": None},
}
REFUSED = {
    "nothing": {},
    "a list": [],
    "null user in a list": {"users": [None]},
    "null password": {"users": [{**USER, "password": None}]},
    "two sources": {"users": [{**USER, "password": "secret-1", "password_hash": CHEAP_HASH}]},
    "two sources by name": {"users": {"al": {"password_env": "x", "password_file": "y"}}},
    "an empty path": {"users": [{**USER, "password_file": ""}]},
    "NUL": {"users": [{**USER, "password_env": "a\0\n"}]},
    "a duration": {"users": [{**USER, "expires": "8h"}]},
    "a line end behind a time": {"users": [{**USER, "expires": "never\n"}]},
    "a lock in a word": {"users": [{**USER, "locked": "yes"}]},
    "two kinds of roles": {"users": [{**USER, "roles": [], "roles_add": []}]},
    "a line end": {"users": [{"name": "al\n"}]},
    "a line end behind a role": {"users": [{**USER, "roles": ["x\n"]}]},
    "a line end behind a mode": {"attributes": {"mode": "640\n"}},
    "a name by name": {"users": {"a:b": {}}},
    "an odd setting": {"keystore": {"ä b": {}}},
    "an odd setting that is null": {"keystore": {"ä b": None}},
    "an odd setting in a list": {"keystore": [{"name": "ä b"}]},
    "two values": {"keystore": [{"name": "a", "value": "x", "file": "y"}]},
    "two passwords of a keystore": {"keystore_password": "x", "keystore_password_env": "y"},
    "another algorithm": {"hash_policy": {"algorithm": "md5"}},
    "Kelvin": {"hash_policy": {"algorithm": "PB\u212aDF2"}},
    "true": {"users": [], "hash_policy": {"minimum_cost": True}},
    "a boolean owner": {"attributes": {"owner": False}},
    "a number as a mode": {"attributes": {"mode": 640}},
    "a hash of another program": {"users": [{**USER, "password_hash": "$6$x"}]},
}


@pytest.mark.parametrize("document", ACCEPTED.values(), ids=ACCEPTED)
def test_both_accept(document):
    assert not refuses(document)
    DesiredState.from_dict(document)


@pytest.mark.parametrize("document", REFUSED.values(), ids=REFUSED)
def test_both_refuse(document):
    assert refuses(document)
    with pytest.raises(InvalidDesiredStateError):
        DesiredState.from_dict(document)
