"""``export``, ``import`` and ``ansible-path``, as typed."""

from __future__ import annotations

import base64
import io
import json
import os
import stat
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
import yaml
from support.hashes import CHEAP_HASH
from support.storing import STRANGER, root

import esfilerealm
from esfilerealm import UsersTool
from esfilerealm._storage import system
from esfilerealm.cli import main

VECTORS = Path(__file__).parents[1] / "vectors" / "exchange"


@pytest.fixture
def realm(config, tool):
    """Two users, one with roles, between lines that no other format has."""
    (config / "users").write_text("# people\n")
    tool.useradd("jane", password_hash=CHEAP_HASH, roles=["viewer", "deploy"])
    tool.useradd("bob", "correct-horse")
    return config


@pytest.fixture
def other(tmp_path):
    """Another, empty realm."""
    folder = tmp_path / "other"
    UsersTool(folder).init()
    return folder


def users_of(folder):
    tool = UsersTool(folder)
    lines = (folder / "users").read_text().splitlines()
    return tool.list_users(), sorted(line for line in lines if not line.startswith("#"))


@pytest.mark.parametrize("format", ["json", "yaml", "k8s-secret"])
def test_what_is_exported_is_imported_as_it_was(run, realm, other, format):
    names = "bob, jane" if format == "k8s-secret" else "jane, bob"
    exported = run("export", "--format", format)
    assert exported.exit_code == 0
    assert "comment" in exported.err
    imported = run("import", "--format", format, "-", stdin=exported.out, config_dir=other)
    assert (imported.exit_code, imported.out) == (0, f"Changed: 2 users added [{names}]\n")
    assert users_of(other)[1] == users_of(realm)[1]
    assert {n: set(r) for n, r in users_of(other)[0].items()} == {
        "jane": {"viewer", "deploy"},
        "bob": set(),
    }
    again = run("import", "--format", format, "-", stdin=exported.out, config_dir=other)
    assert again.out == "Nothing to change\n"


def test_htpasswd_carries_users_without_roles(run, realm, other):
    exported = run("export", "--format", "htpasswd")
    assert "roles of 1 user: htpasswd has no roles" in exported.err
    run("import", "--format", "htpasswd", "-", stdin=exported.out, config_dir=other)
    assert users_of(other)[1] == users_of(realm)[1]


def test_tar_has_both_files_byte_for_byte(run, realm, tmp_path):
    output = tmp_path / "realm.tar"
    assert run("export", "--format", "tar", "--output", str(output)).err == ""
    with tarfile.open(output) as archive:
        for name in ("users", "users_roles"):
            assert archive.extractfile(name).read() == (realm / name).read_bytes()


def test_bytes_go_out_as_they_are(realm, monkeypatch):
    monkeypatch.setattr("sys.stdout", stream := io.TextIOWrapper(io.BytesIO()))
    assert main(["-c", str(realm), "export", "--format", "tar"]) == 0
    with tarfile.open(fileobj=io.BytesIO(stream.buffer.getvalue())) as archive:
        assert archive.getnames() == ["users", "users_roles"]


def test_a_stream_of_text_gets_text(realm, monkeypatch):
    monkeypatch.setattr("sys.stdout", stream := io.StringIO())
    assert main(["-c", str(realm), "export", "--format", "htpasswd"]) == 0
    assert stream.getvalue().startswith("jane:$2y$")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no such device")
def test_a_full_disk(realm, monkeypatch, capsys):
    with open("/dev/full", "w") as full:
        monkeypatch.setattr("sys.stdout", full)
        assert main(["-c", str(realm), "export", "--format", "json"]) == 74
    assert "ERROR: cannot print: No space left on device" in capsys.readouterr().err


def test_a_tar_is_not_for_a_terminal(run, realm, monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    assert run("export", "--format", "tar").exit_code == 64


def test_a_secret_equals_the_files(run, realm):
    *_, last = (realm / "users").read_text().splitlines()
    (realm / "users").write_text(f"{last}\njane:{CHEAP_HASH}\n")
    (realm / "users_roles").write_text("deploy:jane\nviewer:jane\n")
    name = ["--secret-name", "es-users", "--namespace", "prod"]
    manifest = yaml.safe_load(run("export", "--format", "k8s-secret", *name).out)
    assert manifest["metadata"] == {"name": "es-users", "namespace": "prod"}
    for key in ("users", "users_roles"):
        assert base64.b64decode(manifest["data"][key]) == (realm / key).read_bytes()


class TestOutput:
    def test_is_for_its_owner(self, run, realm, tmp_path):
        output = tmp_path / "out.json"
        output.write_text("old")
        output.chmod(0o644)
        done = run("export", "--format", "json", "--output", str(output), "--json")
        assert json.loads(done.out)["losses"][0]["what"] == "1 comment"
        assert len(json.loads(output.read_text())["users"]) == 2
        if os.name != "nt":
            assert stat.S_IMODE(output.stat().st_mode) == 0o600
        assert sorted(path.name for path in tmp_path.iterdir()) == ["config", "out.json"]

    def test_json_alone_would_mix_with_the_export(self, run, realm):
        done = run("export", "--format", "json", "--json")
        assert (done.exit_code, json.loads(done.out)["error"]["type"]) == (64, "UsageError")

    @pytest.mark.skipif(os.name == "nt", reason="there are no such devices")
    def test_a_device_is_written_to_and_not_replaced(self, run, realm):
        assert run("export", "--format", "json", "--output", "/dev/null").exit_code == 0
        assert not Path("/dev/null").is_file()

    def test_a_directory_that_does_not_exist(self, run, realm, tmp_path):
        done = run("export", "--format", "json", "--output", str(tmp_path / "no" / "out"))
        assert done.exit_code == 74

    NAMES = (
        "users",
        "users_roles",
        "roles.yml",
        "users.managed",
        "users.journal",
        "users.lock",
        "users.1~",
        "elasticsearch.yml",
    )

    @pytest.mark.parametrize("name", NAMES)
    @pytest.mark.parametrize("how", ["itself", "relative", "link"])
    def test_a_file_of_the_realm_is_refused(self, run, realm, tmp_path, monkeypatch, name, how):
        before = {path.name: path.read_bytes() for path in realm.iterdir()}
        path = realm / name
        if how == "link":
            path = tmp_path / "link"
            path.symlink_to(realm / name)
        if how == "relative":
            monkeypatch.chdir(tmp_path)
            path = Path("config", "..", "config", name)
        done = run("export", "--format", "json", "--output", str(path))
        assert (done.exit_code, done.out) == (64, "")
        assert "option [output] names a file of the realm itself" in done.err
        assert {path.name: path.read_bytes() for path in realm.iterdir()} == before

    def test_a_real_file_of_the_realm_is_refused(self, run, realm, tmp_path):
        (realm / "users").rename(tmp_path / "real")
        (realm / "users").symlink_to(tmp_path / "real")
        for name in ("real", "real.managed"):
            done = run("export", "--format", "json", "--output", str(tmp_path / name))
            assert done.exit_code == 64

    def test_a_file_beside_those_of_the_realm_is_not(self, run, realm):
        assert run("export", "--format", "json", "--output", str(realm / "x")).exit_code == 0

    def test_one_that_exists_there_is_replaced_with_force(self, run, realm):
        words = ["export", "--format", "json", "--output", str(realm / "x")]
        (realm / "x").write_text("old")
        done = run(*words)
        assert (done.exit_code, (realm / "x").read_text()) == (64, "old")
        assert "option [output] names a file that exists in the configuration directory" in done.err
        assert run(*words, "--force").exit_code == 0
        assert len(json.loads((realm / "x").read_bytes())["users"]) == 2

    @root
    def test_a_link_of_another_user(self, run, realm, tmp_path):
        (tmp_path / "out").symlink_to("real")
        os.lchown(tmp_path / "out", STRANGER, STRANGER)
        done = run("export", "--format", "json", "--output", str(tmp_path / "out"))
        assert (done.exit_code, done.out) == (77, "")
        assert not (tmp_path / "real").exists()

    @root
    def test_a_pipe_of_another_user(self, run, realm, tmp_path):
        os.mkfifo(tmp_path / "out")
        os.chown(tmp_path / "out", STRANGER, STRANGER)
        reader = os.open(tmp_path / "out", os.O_RDONLY | os.O_NONBLOCK)
        try:
            done = run("export", "--format", "json", "--output", str(tmp_path / "out"))
            assert done.exit_code == 77
            assert os.read(reader, 100) == b""
        finally:
            os.close(reader)

    @pytest.mark.skipif(not os.path.exists("/dev/stdout"), reason="there is no such device")
    def test_standard_output_by_its_name(self, realm):
        words = [sys.executable, "-m", "esfilerealm", "-c", str(realm), "export"]
        options = ["--format", "json", "--output", "/dev/stdout"]
        out = subprocess.check_output([*words, *options], stderr=subprocess.DEVNULL)
        assert len(json.loads(out)["users"]) == 2

    def test_a_fault_leaves_what_was_there(self, run, realm, tmp_path, monkeypatch):
        output = tmp_path / "out.json"
        output.write_text("old")

        def fail(*_):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(system, "rename", fail)
        assert run("export", "--format", "json", "--output", str(output)).exit_code == 74
        assert output.read_text() == "old"
        assert len(list(tmp_path.iterdir())) == 2


class TestBasicAuth:
    def test_holds_the_password_that_is_given(self, run, realm):
        words = ["export", "--format", "k8s-secret", "--basic-auth", "bob", "--password-stdin"]
        manifest = yaml.safe_load(run(*words, stdin="correct-horse\n").out)
        assert manifest["type"] == "kubernetes.io/basic-auth"
        data = {key: base64.b64decode(text) for key, text in manifest["data"].items()}
        assert data == {"username": b"bob", "password": b"correct-horse"}

    def test_is_imported_as_a_password(self, run, realm, other):
        words = ["export", "--format", "k8s-secret", "--basic-auth", "bob", "-p", "correct-horse"]
        secret = run(*words).out
        run("import", "--format", "k8s-secret", "-", stdin=secret, config_dir=other)
        assert UsersTool(other).verify("bob", "correct-horse")

    def test_asks_for_it(self, run, realm):
        words = ["export", "--format", "k8s-secret", "--basic-auth", "bob"]
        assert run(*words, stdin="correct-horse\n").exit_code == 0

    def test_refuses_a_wrong_one(self, run, realm):
        words = ["export", "--format", "k8s-secret", "--basic-auth", "bob", "-p", "wrong-horse"]
        done = run(*words)
        assert (done.exit_code, done.out) == (1, "")

    def test_is_for_secrets_only(self, run, realm):
        assert run("export", "--format", "json", "--basic-auth", "bob").exit_code == 64


class TestLosses:
    def test_block_an_export(self, run, realm):
        (realm / "users").write_text(f"jane:{CHEAP_HASH}\nold:$apr1$salt$digest\n")
        done = run("export", "--format", "yaml")
        assert (done.exit_code, done.out) == (65, "")
        assert "user [old]" in done.err
        assert "not all users and roles can be converted ([1] cannot)" in done.err
        assert "old" not in run("export", "--format", "yaml", "--partial").out

    def test_block_an_import(self, run, config):
        before = (config / "users").read_bytes()
        text = f"jane:{CHEAP_HASH}\nold:$apr1$R3DdqiAZ$aljIkaIVPSarmDMlJUBBP.\nsha:{{SHA}}x\n"
        done = run("import", "--format", "htpasswd", "-", stdin=text)
        assert done.exit_code == 65
        assert "[old]" in done.err
        assert "[sha]" in done.err
        assert "aljIk" not in done.err
        assert (config / "users").read_bytes() == before
        assert run("import", "--format", "htpasswd", "-", "--partial", stdin=text).exit_code == 0
        assert list(UsersTool(config).list_users()) == ["jane"]

    def test_a_secret_that_is_too_large_blocks(self, run, realm, tmp_path):
        (realm / "users").write_text(
            "".join(f"user{number}:{CHEAP_HASH}\n" for number in range(15_500))
        )
        output = tmp_path / "out"
        words = ["export", "--format", "k8s-secret", "--output", str(output)]
        done = run(*words)
        assert (done.exit_code, output.exists()) == (65, False)
        assert "the Secret: Kubernetes accepts up to 1048576 bytes" in done.err
        assert run(*words, "--partial").exit_code == 0


class TestOpenSearch:
    def test_roles_are_mapped(self, run, config, tool):
        text = (
            "_meta: {type: internalusers, config_version: 2}\n"
            f'ann: {{hash: "{CHEAP_HASH}", backend_roles: ["cn=x,dc=y", gone, "on"]}}\n'
        )
        words = ["import", "--format", "opensearch", "-"]
        maps = [
            "--map-role",
            "cn=x,dc=y=superuser",
            "--map-role",
            "gone=",
            "--map-role",
            "on=viewer",
        ]
        assert run(*words, stdin=text).exit_code == 65
        assert run(*words, *maps, stdin=text).exit_code == 0
        assert tool.list_users() == {"ann": ("superuser", "viewer")}

    @pytest.mark.parametrize("word", ["x", "=x", ""])
    def test_an_invalid_mapping(self, run, config, word):
        done = run("import", "--format", "opensearch", "--map-role", word, "-")
        assert (done.exit_code, "FROM=TO" in done.err) == (64, True)

    @pytest.mark.parametrize("format", ["json", "yaml", "k8s-secret", "htpasswd"])
    def test_a_mapping_is_for_opensearch_only(self, run, config, format):
        before = (config / "users").read_bytes()
        done = run("import", "--format", format, "--map-role", "a=b", "-", stdin="{}")
        assert (done.exit_code, done.out) == (64, "")
        assert "option [map-role] is for the format [opensearch] only" in done.err
        assert (config / "users").read_bytes() == before

    def test_the_recorded_file(self, run, config):
        path = str(VECTORS / "internal_users.yml")
        done = run("import", "--format", "opensearch", "--check", path)
        assert done.exit_code == 65
        assert "--map-role" in done.err


@pytest.mark.parametrize("command", [["export"], ["import", "-"]], ids=["export", "import"])
def test_the_format_has_to_be_named(run, config, command):
    assert run(*command).exit_code == 64
    assert run(*command, "--format", "excel").exit_code == 64


def test_a_file_that_does_not_exist(run, config):
    assert run("import", "--format", "htpasswd", "nowhere").exit_code == 78


def test_a_file_of_another_kind(run, config):
    done = run("import", "--format", "k8s-secret", "-", stdin="other: file\n")
    assert done.exit_code == 65


def test_passwords_beside_a_document(run, config, tmp_path, tool):
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "pw").write_text("correct-horse\n")
    (folder / "users.json").write_text('{"users": [{"name": "bob", "password_file": "pw"}]}')
    assert run("import", "--format", "json", str(folder / "users.json")).exit_code == 0
    assert tool.verify("bob", "correct-horse")


def test_ansible_path_holds_the_collection(run):
    done = run("ansible-path", config_dir=None)
    path = Path(done.out.strip())
    assert path == Path(esfilerealm.__file__).parent
    assert (path / "ansible_collections" / "esfilerealm" / "file_realm" / "galaxy.yml").is_file()
