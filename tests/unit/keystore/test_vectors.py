"""Files that Java wrote or damaged, each with what a node makes of it."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path

import pytest

from esfilerealm.errors import (
    KeystoreCorruptedError,
    KeystorePasswordError,
    KeystoreVersionError,
)
from esfilerealm.keystore import Keystore, load_header

FILES = Path(__file__).parent.parent.parent / "vectors" / "keystores"
ROWS = json.loads((FILES / "keystores.json").read_text("utf-8"))

#: What is raised for each kind; everything else is damage.
KINDS = {
    "wrong_password": KeystorePasswordError,
    "too_old": KeystoreVersionError,
    "too_new": KeystoreVersionError,
}


def rows(*, are_read: bool):
    return [
        pytest.param(row, id=f"{row['file'].removesuffix('.keystore')}:{row['password'] or '-'}")
        for row in ROWS
        if row["newest"]["ok"] is are_read
    ]


def holds(store: Keystore, name: str, expected: dict) -> bool:
    """Whether a value is what Java read; long values are recorded as digests."""
    if "base64" in expected:
        assert store.string(name) == expected["string_replaced"]
        return store.file(name) == base64.b64decode(expected["base64"])
    if "string" in expected:
        return store.string(name) == expected["string"]
    assert len(store.file(name)) == expected["length"]
    digest = hashlib.sha256(store.file(name)).hexdigest()
    return digest == (expected.get("sha256") or expected["string_sha256"])


@pytest.mark.parametrize("row", rows(are_read=True))
def test_what_a_node_reads_is_read(row):
    expected = row["newest"]
    store = Keystore.read(FILES / row["file"], row["password"])
    assert store.format_version == expected["version"]
    assert store.has_password is expected["has_password"]
    assert set(store.names) == set(expected["settings"])
    assert all(holds(store, name, value) for name, value in expected["settings"].items())


@pytest.mark.parametrize("row", rows(are_read=False))
def test_what_a_node_refuses_is_refused_for_the_same_reason(row):
    expected = row["newest"]
    data = (FILES / row["file"]).read_bytes()
    kind = KINDS.get(expected["kind"], KeystoreCorruptedError)
    if expected["stage"] == "load":
        with pytest.raises(kind) as caught:
            load_header(data)
    else:
        sealed = load_header(data)
        assert sealed.format_version == expected["version"]
        assert sealed.has_password is expected["has_password"]
        with pytest.raises(kind) as caught:
            sealed.open(row["password"])
    assert type(caught.value) is kind
    assert getattr(caught.value, "kind", "wrong_password") == expected["kind"]


def test_every_file_has_a_row():
    assert {row["file"] for row in ROWS} == {path.name for path in FILES.glob("*.keystore")}
    assert len(ROWS) == 72
