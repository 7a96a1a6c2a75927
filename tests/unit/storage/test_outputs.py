"""What an export must not replace: files of a realm and its node, by whatever path."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.hashes import CHEAP_HASH
from support.storing import posix, refusing, root

from esfilerealm._storage import system
from esfilerealm._storage.private_file import write_private_file
from esfilerealm.errors import FileAccessError, FileRealmError

DATA = b"exported"

OF_THE_REALM = (
    "users",
    "users_roles",
    "users.lock",
    "users.journal",
    "users.accounts",
    "users.managed",
    "users.1~",
    "users.12~",
    "users_roles.1~",
    "users.0123456789abcdef.tmp",
    "users.1~.0123456789abcdef.tmp",
    "users.journal.0123456789abcdef.rejected",
)
OF_THE_NODE = (
    "elasticsearch.yml",
    "elasticsearch.keystore",
    "roles.yml",
    "role_mapping.yml",
    "jvm.options",
    "log4j2.properties",
)
OTHERS = ("notes.txt", "users.json", "users.bak", "elasticsearch.yml.rpmsave", "certs/http.p12")


def make(folder):
    folder.mkdir()
    (folder / "users").write_text(f"ann:{CHEAP_HASH}\n")
    (folder / "users_roles").write_text("viewer:ann\n")
    (folder / "users.lock").touch()


@pytest.fixture
def realm(tmp_path):
    folder = tmp_path / "config"
    make(folder)
    (folder / "certs").mkdir()
    return folder


def contents(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def write(path, realm=None, **options):
    config_dir = None if realm is None else str(realm)
    write_private_file(os.fspath(path), DATA, config_dir=config_dir, **options)


def refused(path, realm=None, match="names a file of the realm itself or of its node", **options):
    with pytest.raises(FileAccessError, match=match) as caught:
        write(path, realm, **options)
    assert caught.value.errno == errno.EEXIST
    return caught.value


@pytest.mark.parametrize("is_known", [True, False], ids=["known", "found out"])
class TestNames:
    @pytest.mark.parametrize("name", [*OF_THE_REALM, *OF_THE_NODE])
    @pytest.mark.parametrize("is_there", [True, False], ids=["there", "missing"])
    def test_of_the_realm_and_node_are_never_taken(self, realm, name, is_there, is_known):
        if is_there:
            (realm / name).write_text("old")
        before = contents(realm)
        refused(realm / name, realm if is_known else None, force=True)
        assert contents(realm) == before

    @pytest.mark.parametrize("name", ["Users", "USERS.LOCK", "Elasticsearch.YML", "u\u017fers"])
    def test_in_other_letters_neither(self, realm, name, is_known):
        """Which are the same names on some file systems."""
        refused(realm / name, realm if is_known else None)

    @pytest.mark.parametrize("name", OTHERS)
    def test_that_are_new_are_free(self, realm, name, is_known):
        write(realm / name, realm if is_known else None)
        assert (realm / name).read_bytes() == DATA


class TestOthers:
    @pytest.mark.parametrize("name", OTHERS)
    def test_are_replaced_with_force_only(self, realm, name):
        (realm / name).write_text("old")
        error = refused(realm / name, realm, "exists in the configuration directory")
        assert "--force" in str(error)
        assert (realm / name).read_text() == "old"
        write(realm / name, realm, force=True)
        assert (realm / name).read_bytes() == DATA

    def test_in_the_directory_of_another_realm(self, realm, tmp_path):
        make(tmp_path / "other")
        (tmp_path / "other" / "x").write_text("old")
        refused(tmp_path / "other" / "x", realm, "exists in the configuration directory")
        refused(tmp_path / "other" / "users", realm)

    @pytest.mark.parametrize("name", ["users", "users_roles", "roles.yml", "x"])
    def test_elsewhere_are_replaced(self, realm, tmp_path, name):
        """A web server has its own `users`."""
        for _ in range(2):
            write(tmp_path / name, realm)
        assert (tmp_path / name).read_bytes() == DATA

    @pytest.mark.parametrize("beside", ["users_roles", "jvm.options", "roles.yml"])
    def test_beside_the_settings_of_a_node_are_not(self, tmp_path, beside):
        (tmp_path / "elasticsearch.yml").touch()
        (tmp_path / "x").touch()
        write(tmp_path / "x")
        (tmp_path / beside).touch()
        refused(tmp_path / "x", match="exists in the configuration directory")
        refused(tmp_path / "elasticsearch.keystore")


class TestIdentity:
    """Of files and directories, by whatever path."""

    pytestmark = posix

    @pytest.fixture(params=["users", "users.lock", "users.1~", "elasticsearch.yml"])
    def file(self, realm, request):
        path = realm / request.param
        if not path.exists():
            path.write_text("old")
        return path

    def ways(self, file, tmp_path):
        """Return paths that lead to *file*, by the name of the way."""
        config = file.parent
        (tmp_path / "link").symlink_to(file)
        (tmp_path / "second").symlink_to("link")
        (tmp_path / "parent").symlink_to(config)
        (tmp_path / "far").mkdir()
        (tmp_path / "deep").symlink_to(config / "certs")
        os.link(file, tmp_path / "hard")
        return {
            "itself": file,
            "dots": config / ".." / "config" / "." / file.name,
            "a link": tmp_path / "link",
            "two links": tmp_path / "second",
            "a link to its directory": tmp_path / "parent" / file.name,
            "up from a link": f"{tmp_path}/deep/../{file.name}",
            "a second name": tmp_path / "hard",
            "slashes": f"//{config}//{file.name}",
        }

    @pytest.mark.parametrize(
        "way",
        [
            "itself",
            "dots",
            "a link",
            "two links",
            "a link to its directory",
            "up from a link",
            "a second name",
            "slashes",
        ],
    )
    def test_each_way_is_the_same_file(self, realm, file, tmp_path, way):
        before = contents(tmp_path)
        path = self.ways(file, tmp_path)[way]
        refused(path, realm, force=True)
        assert {name: contents(tmp_path)[name] for name in before} == before

    def test_up_from_a_link_is_not_up_in_the_text(self, realm, file, tmp_path):
        """What the system would open is what is written."""
        (tmp_path / "far" / "inside").mkdir(parents=True)
        (realm / "out").symlink_to(tmp_path / "far" / "inside")
        write(f"{realm}/out/../{file.name}", realm)
        assert (tmp_path / "far" / file.name).read_bytes() == DATA
        assert file.read_bytes() != DATA

    @pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="there is no such directory")
    def test_an_open_file(self, realm, file):
        with file.open() as opened:
            refused(f"/proc/self/fd/{opened.fileno()}", realm)
            refused(f"/proc/{os.getpid()}/fd/{opened.fileno()}")

    @pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="there is no such directory")
    def test_an_open_file_without_a_name(self, tmp_path):
        with (tmp_path / "gone").open("w") as opened:
            (tmp_path / "gone").unlink()
            refused(f"/proc/self/fd/{opened.fileno()}", match="has no name any more")
        assert list(tmp_path.iterdir()) == []

    def test_what_a_link_in_the_directory_leads_to(self, realm, tmp_path):
        (tmp_path / "shared.yml").write_text("old")
        (realm / "elasticsearch.yml").symlink_to(tmp_path / "shared.yml")
        refused(tmp_path / "shared.yml", realm, force=True)
        (realm / "more").symlink_to(tmp_path / "more")
        write(tmp_path / "more", realm)
        refused(tmp_path / "more", realm, "exists in the configuration directory")

    @pytest.mark.parametrize("name", ["real", "real.lock", "real.journal", "real.managed"])
    @pytest.mark.parametrize("is_there", [True, False], ids=["there", "missing"])
    def test_the_real_users_and_what_lies_beside(self, realm, tmp_path, name, is_there):
        (realm / "users").rename(tmp_path / "real")
        (realm / "users").symlink_to(tmp_path / "real")
        if not is_there:
            (tmp_path / "real").unlink()
        refused(tmp_path / name, realm)

    @root
    def test_a_mount(self, realm, tmp_path):
        (tmp_path / "mounted").mkdir()
        script = (
            'mount --bind "$1" "$2" && exec "$3" -c "from esfilerealm._storage.private_file import '
            "write_private_file; import sys; "
            "write_private_file(sys.argv[1] + '/users.lock', b'x')\" \"$2\""
        )
        words = ["unshare", "--mount", "sh", "-c", script, "sh"]
        done = subprocess.run(
            [*words, str(realm), str(tmp_path / "mounted"), sys.executable],
            capture_output=True,
            text=True,
            check=False,
        )
        if "FileAccessError" not in done.stderr and "ermission" in done.stderr:
            pytest.skip("nothing can be mounted here")
        assert "names a file of the realm itself" in done.stderr
        assert (realm / "users.lock").read_bytes() == b""


class TestFaults:
    """What cannot be examined is not replaced."""

    @pytest.mark.parametrize("call", ["listdir", "lstat", "stat"])
    @pytest.mark.parametrize("number", [errno.EMFILE, errno.EIO, errno.ENOMEM])
    def test_of_the_system(self, realm, monkeypatch, call, number):
        (realm / "x").write_text("old")
        monkeypatch.setattr(system, call, refusing(number))
        with pytest.raises(FileRealmError) as caught:
            write(realm / "x", realm, force=True)
        assert caught.value.errno == number
        assert (realm / "x").read_text() == "old"

    def test_a_directory_that_cannot_be_listed(self, realm, monkeypatch):
        monkeypatch.setattr(system, "listdir", refusing(errno.EACCES))
        refused(realm / "users.lock")
        refused(realm / "roles.yml", realm)

    def test_a_link_to_nothing_beside(self, realm):
        (realm / "loop").symlink_to("loop")
        write(realm / "x", realm)


def test_a_file_system_that_ignores_letter_case(realm, monkeypatch):
    """There, `USERS.lock` is the file that was locked."""
    real = system.lstat

    def lstat(path):
        return real(Path(path).parent / "users.lock" if path.endswith("uSeRs.lOcK") else path)

    monkeypatch.setattr(system, "lstat", lstat)
    (realm.parent / "link").symlink_to(realm)
    refused(realm.parent / "link" / "uSeRs.lOcK", realm)
