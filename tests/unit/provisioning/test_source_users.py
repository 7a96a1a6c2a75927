"""Users of another node, from whatever holds them."""

from __future__ import annotations

import json

import pytest
from support.hashes import CHEAP_HASH

from esfilerealm import UsersTool
from esfilerealm.errors import (
    ConfigurationFileMissingError,
    FileFormatError,
    InvalidDesiredStateError,
    InvalidFingerprintError,
)
from esfilerealm.exchange import export_realm
from esfilerealm.provisioning import DesiredState, apply, plan, take_fingerprint, take_users

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


@pytest.mark.parametrize("kind", ["folder", "tar", "k8s-secret", "json", "yaml"])
def test_another_node_gets_the_users_of_every_kind_of_source(folder, tmp_path, kind):
    source = folder if kind == "folder" else tmp_path / "source"
    if kind != "folder":
        source.write_bytes(export_realm(kind, USERS, ROLES).data)
    desired, losses = take_users(source)
    assert [user.name for user in desired.users] == ["ann", "bob"]
    assert desired.sources == (str(source),)
    assert all(loss.is_note for loss in losses)
    other = tmp_path / "other"
    UsersTool(other).init()
    apply(plan(other, desired, force=True))
    assert take_fingerprint(other, key=KEY) == take_fingerprint(folder, key=KEY)
    assert not plan(other, desired).changed


def test_content_that_has_been_read(folder):
    data = export_realm("yaml", USERS, ROLES).data
    desired, _ = take_users("registered", content=data)
    assert desired == DesiredState.parse(data, source="registered")
    assert take_users(folder, content=data)[0].users[0].name == "ann"  # not the folder of that name


def test_only_users_are_taken(tmp_path):
    path = tmp_path / "users.json"
    content = {"users": [{"name": "ann"}], "purge": "all", "attributes": {"mode": "0666"}}
    path.write_text(json.dumps({**content, "keystore": [{"name": "a.b", "value": "x"}]}))
    assert take_users(path)[0] == DesiredState.from_dict(
        {"users": content["users"]}, source=str(path)
    )


def test_what_is_missing_is_told_without_a_hash(folder):
    (folder / "users").write_bytes(USERS + b"eve:no-hash\nbroken\n")
    desired, losses = take_users(folder)
    assert [user.name for user in desired.users] == ["ann", "bob"]
    told = {(loss.what, loss.is_blocking) for loss in losses if not loss.is_note}
    assert told == {("user [eve]", True), ("the line", False)}
    assert "no-hash" not in str(losses)


def test_a_password_file_starts_at_its_document(tmp_path):
    (tmp_path / "users.json").write_text('{"users": {"ann": {"password_file": "secret"}}}')
    (user,) = take_users(tmp_path / "users.json")[0].users
    assert user.password_file == str(tmp_path / "secret")


def test_settings_of_the_folder_count(folder):
    (folder / "users").write_bytes(USERS + f"elastic:{CHEAP_HASH}\n".encode())
    assert "elastic" not in [user.name for user in take_users(folder)[0].users]
    (folder / "elasticsearch.yml").write_text(
        "xpack.security.authc.reserved_realm.enabled: false\n"
    )
    assert "elastic" in [user.name for user in take_users(folder)[0].users]


def test_a_fingerprint_has_no_users_to_give(folder, tmp_path):
    path = tmp_path / "a.json"
    path.write_text(take_fingerprint(folder, key=KEY).to_json())
    with pytest.raises(InvalidFingerprintError, match=r"\[.*a.json\] holds no hash"):
        take_users(path)


@pytest.mark.parametrize(
    ("content", "error", "where"),
    [
        pytest.param(b"ann:\xff\n", FileFormatError, "not UTF-8", id="not-utf-8"),
        pytest.param(b"hello: world\n", InvalidDesiredStateError, r"\[.*x\]", id="document"),
        pytest.param(b"kind: Secret\nmetadata: [", FileFormatError, r"\[.*x\]", id="manifest"),
    ],
)
def test_what_cannot_be_read(folder, tmp_path, content, error, where):
    source = folder if b"ann" in content else tmp_path / "x"
    (folder / "users" if source == folder else source).write_bytes(content)
    with pytest.raises(error, match=where):
        take_users(source)


def test_an_archive_names_its_files_in_errors(folder, tmp_path):
    (tmp_path / "x.tar").write_bytes(export_realm("tar", b"\xff\n", b"").data)
    with pytest.raises(FileFormatError, match=r"x\.tar/users\].*not UTF-8"):
        take_users(tmp_path / "x.tar")
    (folder / "users").write_bytes(b"\xff\n")
    with pytest.raises(FileFormatError, match=r"config/users\].*not UTF-8"):
        take_users(folder)


def test_what_is_not_there(tmp_path):
    with pytest.raises(ConfigurationFileMissingError):
        take_users(tmp_path / "none")


def test_a_password_of_a_secret_that_is_in_force_keeps_its_hash(tmp_path):
    secret = tmp_path / "secret.json"
    content = {"username": "ann", "password": "äöü", "roles": "viewer"}
    kind = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "ann"}}
    secret.write_text(json.dumps({**kind, "stringData": content}))
    node = tmp_path / "node"
    UsersTool(node).init()
    apply(plan(node, take_users(secret, target=node)[0]))
    assert not plan(node, take_users(secret, target=node)[0]).changed
    assert plan(node, take_users(secret)[0]).changed
    (node / "users").unlink()
    assert take_users(secret, target=node)[0].users[0].name == "ann"
