"""The description of a backup has one form, and a set of entries that can be put back."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from esfilerealm.backup import Entry, Manifest
from esfilerealm.backup.paths import is_inside, path_problem
from esfilerealm.errors import BackupFormatError, BackupVersionError

DIGEST = "ab" * 32
FOLDER = Entry(path="config", form="directory", mode=0o750)
USERS = Entry(
    path="config/users", size=3, digest=DIGEST, confidential=True, xattrs={"user.a": b"\x00"}
)
LINK = Entry(path="config/z", form="link", target="users")


def manifest(*entries, **values):
    fixed = {"node": "node-1", "time": datetime(2026, 11, 30, tzinfo=UTC), "counter": 7}
    return Manifest(**{**fixed, "config_dir": "/etc/es", "entries": entries, **values})


WHOLE = manifest(FOLDER, USERS, LINK, cluster="c", setting_names=("a",), versions={"x": "1"})


def changed(data=None, **values):
    content = json.loads(data or WHOLE.to_bytes())
    return json.dumps(content | values, indent=1).encode() + b"\n"


def test_it_comes_back_as_it_was():
    assert Manifest.from_bytes(WHOLE.to_bytes(), "x") == WHOLE
    assert WHOLE.by_path["config/users"].xattrs == {"user.a": b"\x00"}
    assert WHOLE.confidential == ("config/users",)


def test_names_that_are_not_utf_8_come_back():
    odd = replace(USERS, path="config/u\udcff")
    assert Manifest.from_bytes(manifest(FOLDER, odd).to_bytes(), "x").entries[1] == odd


@pytest.mark.parametrize(
    ("path", "original"),
    [("config", ""), ("config/certs/a", "certs/a"), ("outside/etc/krb5.conf", "/etc/krb5.conf")],
)
def test_where_an_entry_was(path, original):
    entry = replace(USERS, path=path)
    assert entry.original == original
    assert entry.is_outside == path.startswith("outside/")


def test_checksums_are_lines_of_sha256sum():
    odd = replace(USERS, path="config/a\\b\nc\rd")
    lines = manifest(FOLDER, odd, USERS).checksums("cd" * 32).split(b"\n")
    assert lines[0] == b"\\" + DIGEST.encode() + b"  config/a\\\\b\\nc\\rd"
    assert lines[1:] == [f"{DIGEST}  config/users".encode(), b"cd" * 32 + b"  manifest.json", b""]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"[" * 100_000,
        b"7" * 10_000,
        b"[]",
        changed().replace(b"\n", b"\r\n"),
        changed() + b" ",
        changed().replace(b'"counter"', b'"counter": 9, "counter"'),
        changed(more=1),
        changed(counter=-1),
        changed(counter=True),
        changed(counter="7"),
        changed(node=None),
        changed(node="a\0b"),
        changed(time="yesterday"),
        changed(time="2026-11-30T00:00:00"),
        changed(entries=7),
        changed(entries=[7]),
        changed(entries=[{}]),
        changed().replace(b'"0600"', b'"600"'),
        changed().replace(b'"0600"', b'"10600"'),
        changed().replace(b'"AA=="', b'"A"'),
        changed().replace(b"true", b'"true"'),
        changed(versions=[]),
        changed(setting_names="a"),
    ],
    ids=lambda data: repr(data[-20:]),
)
def test_no_other_bytes_are_read(data):
    with pytest.raises(BackupFormatError, match=r"manifest\.json"):
        Manifest.from_bytes(data, "node.tar")


@pytest.mark.parametrize("version", [2, None, "1", 10**50])
def test_a_later_form_is_told(version):
    with pytest.raises(BackupVersionError, match="use a later esfilerealm"):
        Manifest.from_bytes(changed(version=version), "node.tar")


@pytest.mark.parametrize(
    "entries",
    [
        (FOLDER, USERS, USERS),
        (USERS, FOLDER),
        (USERS,),
        (FOLDER, replace(USERS, path="config/a/b")),
        (FOLDER, USERS, replace(USERS, path="config/users/b")),
        (FOLDER, replace(LINK, path="config/a"), replace(USERS, path="config/a/b")),
        (replace(USERS, path="outside/a"), replace(USERS, path="outside/a/b")),
        (FOLDER, replace(USERS, form="device")),
        (FOLDER, replace(USERS, digest="")),
        (FOLDER, replace(USERS, digest="AB" * 32)),
        (FOLDER, replace(USERS, digest=f"{DIGEST}0")),
        (FOLDER, replace(USERS, target="x")),
        (FOLDER, replace(LINK, target="")),
        (FOLDER, replace(LINK, size=1)),
        (FOLDER, replace(LINK, digest=DIGEST)),
        (FOLDER, replace(USERS, path="config/../x")),
    ],
    ids=lambda entries: "-".join(entry.path for entry in entries),
)
def test_sets_that_cannot_be_put_back(entries):
    with pytest.raises(BackupFormatError):
        Manifest.from_bytes(manifest(*entries).to_bytes(), "node.tar")


@pytest.mark.parametrize(
    "path",
    [
        *("", "/", "/etc/passwd", "config/", "config//a", "config/./a", "config/../../a", "../a"),
        *("a", "MANIFEST", "outside", "outside//a", "config/a\0b", "config/" + "a" * 256),
        *("config/" + "a/" * 2047 + "ab", "config/\ud800"),
    ],
    ids=lambda path: repr(path[:20]),
)
def test_paths_that_are_refused(path):
    assert path_problem(path) is not None


@pytest.mark.parametrize("path", ["config", "config/a", "config/..a/...", "outside/a/b"])
def test_paths_that_are_not(path):
    assert path_problem(path) is None


@pytest.mark.parametrize(
    ("path", "target", "stays"),
    [
        ("config/a", "b", True),
        ("config/a", "..data/users", True),
        ("config/a", ".", True),
        ("config/d/a", "../b/c", True),
        ("config/d/a", "..", True),
        ("config/d/a", "../../b", False),
        ("config/a", "..", False),
        ("config/a", "../config/b", False),
        ("config/d/a", "x/../../../b", False),
        ("config/d/a", "x/../b", False),
        ("config/a", "/etc/passwd", False),
        ("outside/a/b", "c", False),
    ],
)
def test_links_that_stay(path, target, stays):
    assert is_inside(path, target) == stays
    assert Entry(path=path, form="link", target=target).is_member == stays
