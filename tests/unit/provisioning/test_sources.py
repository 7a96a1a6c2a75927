"""Fingerprints of folders, archives, manifests, documents and other fingerprints."""

from __future__ import annotations

import io
import json
import random
import tarfile

import pytest
from support.hashes import CHEAP_HASH

from esfilerealm.drift import compare
from esfilerealm.errors import (
    ConfigurationFileMissingError,
    FileFormatError,
    FileRealmError,
    InvalidDesiredStateError,
    InvalidFingerprintError,
)
from esfilerealm.exchange import export_realm
from esfilerealm.provisioning import read_key, take_fingerprint, take_fingerprints

KEY = b"a key for tests only, of 32 byte"
USERS = f"# people\nann:{CHEAP_HASH}\nbob:{CHEAP_HASH}\n".encode()
ROLES = b"viewer:ann,bob\nadmin:ann\n"


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "config"
    folder.mkdir()
    (folder / "users").write_bytes(USERS)
    (folder / "users_roles").write_bytes(ROLES)
    return folder


@pytest.mark.parametrize("format", ["tar", "k8s-secret", "json", "yaml", "fingerprint"])
def test_every_kind_says_the_same_as_the_folder(folder, tmp_path, format):
    of_folder = take_fingerprint(folder, key=KEY)
    assert of_folder.usernames == ("ann", "bob")
    assert of_folder.node == str(folder)
    path = tmp_path / "other"
    if format == "fingerprint":
        path.write_text(of_folder.to_json())
    else:
        path.write_bytes(export_realm(format, USERS, ROLES).data)
    made = take_fingerprint(path, key=KEY, node="other")
    assert made == of_folder
    assert compare([of_folder, made]).equal


def test_a_manifest_in_json(folder, tmp_path):
    import yaml

    manifest = yaml.safe_load(export_realm("k8s-secret", USERS, ROLES).data)
    path = tmp_path / "secret.json"
    path.write_text(json.dumps(manifest, indent=2))
    assert take_fingerprint(path, key=KEY) == take_fingerprint(folder, key=KEY)
    path.write_text(json.dumps(manifest))
    assert take_fingerprint(path, key=KEY) == take_fingerprint(folder, key=KEY)


def test_a_manifest_tells_what_is_skipped(tmp_path):
    manifest = export_realm("k8s-secret", USERS, ROLES).data.decode()
    path = tmp_path / "secret.yaml"
    path.write_text(manifest + '  password: "eA=="\n')
    (line,) = take_fingerprint(path, key=KEY).skipped
    assert "[password]" in line


@pytest.mark.parametrize(
    "password",
    [
        pytest.param({"stringData": {"password": "correct-horse"}}, id="long enough"),
        pytest.param({"stringData": {"password": "äöü"}}, id="few characters of many bytes"),
        pytest.param({"data": {"password": "//////////8="}}, id="not UTF-8"),
    ],
)
def test_a_password_of_a_manifest_leaves_the_hash_unsaid(folder, tmp_path, password):
    """Its hash gets a new salt each time, so a digest of it would never be the same again."""
    values = {"username": "ann", "roles": "admin,viewer"}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}} | password
    secret["stringData"] = values | secret.get("stringData", {})
    path = tmp_path / "secret.json"
    path.write_text(json.dumps(secret))
    made = take_fingerprint(path, key=KEY)
    assert (made.usernames, made.roles_of("ann")) == (("ann",), ("admin", "viewer"))
    assert not made.knows_hashes
    assert take_fingerprint(path, key=KEY).label == made.label
    (folder / "users").write_text(f"ann:{CHEAP_HASH}\n")
    assert compare([take_fingerprint(folder, key=KEY), made]).equal


def test_what_a_document_leaves_unsaid(tmp_path):
    path = tmp_path / "users.json"
    users = {
        "ann": {"password": "correct-horse", "roles": ["viewer"]},
        "bob": {"password_hash": CHEAP_HASH},
        "joe": {"password_hash": CHEAP_HASH, "roles": [], "update_password": "on_create"},
        "old": {"state": "absent"},
    }
    path.write_text(json.dumps({"users": users}))
    made = take_fingerprint(path, key=KEY)
    assert made.usernames == ("ann", "bob", "joe")
    assert [made.roles_of(name) for name in made.usernames] == [("viewer",), None, ()]
    assert [user["hash_digest"] is None for user in made.to_dict()["users"]] == [True, False, True]


def test_a_document_may_speak_of_fingerprints(tmp_path):
    path = tmp_path / "users.yml"
    path.write_text(
        f"# an esfilerealm fingerprint\nusers: {{ann: {{password_hash: '{CHEAP_HASH}'}}}}"
    )
    assert take_fingerprint(path, key=KEY).usernames == ("ann",)


def test_a_fingerprint_keeps_its_node(folder, tmp_path):
    path = tmp_path / "a.json"
    path.write_text(take_fingerprint(folder, key=KEY, node="node-a").to_json())
    assert take_fingerprint(path).node == "node-a"
    assert take_fingerprint(path, node="b").node == "b"
    path.write_text(take_fingerprint(folder, key=KEY).named(None).to_json())
    assert take_fingerprint(path).node == str(path)


def test_fingerprints_of_several_nodes(folder, tmp_path):
    failed = {"node": "a" * 600, "error": {"message": "gone"}}
    made = {"fingerprint": take_fingerprint(folder, key=KEY).named(None).to_dict()}
    path = tmp_path / "all.json"
    path.write_text(json.dumps({"command": "digest", "version": 1, "by_node": [failed, made]}))
    unreadable, read = take_fingerprints(path)
    assert (unreadable.reason, read.node) == ("gone", str(path))
    assert (read,) == take_fingerprints(folder, key=KEY)
    with pytest.raises(InvalidFingerprintError, match="not that of one node"):
        take_fingerprint(path)


def test_the_settings_of_a_folder_count(folder):
    (folder / "users").write_bytes(USERS + f"elastic:{CHEAP_HASH}\n".encode())
    assert take_fingerprint(folder, key=KEY).usernames == ("ann", "bob")
    (folder / "elasticsearch.yml").write_text(
        "xpack.security.authc.reserved_realm.enabled: false\n"
    )
    assert take_fingerprint(folder, key=KEY).usernames == ("ann", "bob", "elastic")


def archive(*members):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as writer:
        for name, content in members:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            writer.addfile(entry, io.BytesIO(content))
    return data.getvalue()


def test_an_archive_of_a_whole_directory(folder, tmp_path):
    path = tmp_path / "config.tar"
    content = archive(("etc/users", USERS), ("etc/users_roles", ROLES), ("etc/roles.yml", b"x"))
    path.write_bytes(content)
    assert take_fingerprint(path, key=KEY) == take_fingerprint(folder, key=KEY)


def test_archives_that_are_refused(tmp_path):
    path = tmp_path / "config.tar"
    for content, reason in [
        (archive(("users", USERS)), r"has \[0\] files named \[users_roles\]"),
        (archive(("users", USERS), ("a/users", b""), ("users_roles", b"")), r"\[2\] files named"),
        (archive(("users", b"\xff\n"), ("users_roles", b"")), "config.tar/users.*not UTF-8"),
        (archive(("users", USERS))[:700], "a damaged archive"),
    ]:
        path.write_bytes(content)
        with pytest.raises(FileFormatError, match=reason):
            take_fingerprint(path, key=KEY)


def test_a_link_in_an_archive_is_not_followed(tmp_path):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as writer:
        entry = tarfile.TarInfo("users")
        entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
        writer.addfile(entry)
    (tmp_path / "x.tar").write_bytes(data.getvalue())
    with pytest.raises(FileFormatError, match=r"has \[0\] files named \[users\]"):
        take_fingerprint(tmp_path / "x.tar", key=KEY)


@pytest.mark.parametrize("seed", range(60))
def test_no_damage_of_an_archive_is_a_surprise(tmp_path, seed):
    draw, path = random.Random(seed), tmp_path / "x.tar"
    content = bytearray(archive(("users", USERS), ("users_roles", ROLES)))
    for _ in range(draw.randrange(1, 5)):
        content[draw.randrange(1100)] = draw.randrange(256)
    path.write_bytes(content)
    try:
        take_fingerprint(path, key=KEY)
    except FileRealmError as error:
        assert CHEAP_HASH not in str(error)


@pytest.mark.parametrize(
    ("content", "error"),
    [
        pytest.param(b"", InvalidDesiredStateError, id="empty"),
        pytest.param(b"hello: world\n", InvalidDesiredStateError, id="another document"),
        pytest.param(b'{"kind": "esfilerealm fing', InvalidDesiredStateError, id="cut early"),
        pytest.param(b'{"kind": "esfilerealm fingerprint"', InvalidFingerprintError, id="cut"),
        pytest.param(b"\x00" * 600, InvalidDesiredStateError, id="zeros"),
        pytest.param(b"kind: Secret\nmetadata: [", FileFormatError, id="broken manifest"),
    ],
)
def test_files_that_are_nothing_of_these(tmp_path, content, error):
    path = tmp_path / "x"
    path.write_bytes(content)
    with pytest.raises(error):
        take_fingerprint(path, key=KEY)


def test_what_is_not_there(tmp_path):
    with pytest.raises(ConfigurationFileMissingError):
        take_fingerprint(tmp_path / "none", key=KEY)
    with pytest.raises(ConfigurationFileMissingError):
        take_fingerprint(tmp_path, key=KEY)


def test_a_folder_that_is_not_utf8(folder):
    (folder / "users").write_bytes(b"ann:\xff\n")
    with pytest.raises(FileFormatError, match="not UTF-8"):
        take_fingerprint(folder, key=KEY)


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"], ids=["none", "unix", "windows"])
def test_a_line_end_is_not_part_of_a_key(tmp_path, end):
    (tmp_path / "key").write_bytes(KEY + end)
    assert read_key(tmp_path / "key") == KEY


def test_a_key_that_is_too_short_or_missing(tmp_path):
    (tmp_path / "key").write_bytes(b"fifteen bytes..\n")
    with pytest.raises(InvalidFingerprintError, match="at least 16 bytes"):
        read_key(tmp_path / "key")
    with pytest.raises(ConfigurationFileMissingError):
        read_key(tmp_path / "none")
