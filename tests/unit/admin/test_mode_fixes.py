"""Modes that a fix takes rights from: in one transaction with contents, and taken back by undo."""

from __future__ import annotations

import errno
import json
import os
import stat

import pytest
from support.hashes import CHEAP_HASH
from support.storing import STRANGER, posix, refusing, root

from esfilerealm import UsersTool
from esfilerealm._storage import system
from esfilerealm.errors import FileAccessError, FilePermissionError, NoEarlierVersionError
from esfilerealm.findings import Fix

pytestmark = posix

ORPHAN = Fix(name="ghost")


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def taking(path, bits):
    return Fix(kind="set_mode", path=str(path), mode=bits)


@pytest.fixture
def realm(tmp_path):
    """A realm that everybody may write, and that has an orphan."""
    folder = tmp_path / "node"
    (folder / "certs").mkdir(parents=True)
    for name, content in (
        ("users", f"bob:{CHEAP_HASH}\n"),
        ("users_roles", "viewer:bob,ghost\n"),
        ("certs/node.key", "key"),
        ("elasticsearch.yml", ""),
    ):
        (folder / name).write_text(content)
        (folder / name).chmod(0o666)
    folder.chmod(0o777)
    return folder


def fix(realm, *fixes, **options):
    with UsersTool(realm, **options).transaction() as change:
        for each in fixes:
            change.fix(each)
    return change.result


def told(result):
    return [(os.path.basename(change.path), change.before, change.after) for change in result.modes]


def test_takes_rights_from_files_and_directories(realm):
    result = fix(realm, taking(realm, 0o775), taking(realm / "certs" / "node.key", 0o660))
    assert told(result) == [("node", 0o777, 0o775), ("node.key", 0o666, 0o660)]
    assert mode(realm) == 0o775
    assert mode(realm / "certs" / "node.key") == 0o660
    assert result
    assert not any(file.changed for file in result.files)
    assert result.warnings == ()


def test_tells_paths_as_they_were_given(realm):
    link = realm.parent / "link"
    link.symlink_to(realm)
    result = fix(link, taking(link / "users", 0o660))
    assert [change.path for change in result.modes] == [str(link / "users")]
    assert mode(realm / "users") == 0o660


def test_gives_no_rights(realm):
    (realm / "users").chmod(0o602)
    assert told(fix(realm, taking(realm / "users", 0o664))) == [("users", 0o602, 0o600)]


def test_what_is_fixed_already_stays(realm):
    (realm / "users").chmod(0o640)
    result = fix(realm, taking(realm / "users", 0o664))
    assert not result
    assert not (realm / "users.modes").exists()


def test_a_dry_run_changes_nothing(realm):
    result = fix(realm, taking(realm / "users", 0o664), dry_run=True)
    assert told(result) == [("users", 0o666, 0o664)]
    assert mode(realm / "users") == 0o666
    assert not (realm / "users.modes").exists()


def test_the_bits_beside_the_rights_stay(realm):
    realm.chmod(0o2777)
    fix(realm, taking(realm, 0o2775))
    assert mode(realm) == 0o2775


class TestUndo:
    @pytest.mark.parametrize("name", ["users", "certs/node.key", "."])
    def test_takes_modes_back_and_again(self, realm, name):
        before = mode(realm / name)
        fix(realm, taking(realm / name, before & ~0o002))
        tool = UsersTool(realm)
        result = tool.undo()
        assert [(change.before, change.after) for change in result.modes] == [
            (before & ~0o002, before)
        ]
        assert mode(realm / name) == before
        tool.undo()
        assert mode(realm / name) == before & ~0o002

    def test_takes_content_and_modes_back(self, realm):
        result = fix(realm, ORPHAN, taking(realm / "users_roles", 0o660), keep=1)
        assert result.changes.orphans == ("ghost",)
        assert mode(realm / "users_roles") == 0o660
        tool = UsersTool(realm)
        for content, bits in (("viewer:bob,ghost\n", 0o666), ("viewer:bob\n", 0o660)):
            undone = tool.undo()
            assert (realm / "users_roles").read_text() == content
            assert mode(realm / "users_roles") == bits
            assert undone.faults == ()

    def test_content_without_a_version_cannot_be_taken_back(self, realm):
        fix(realm, ORPHAN, taking(realm / "users", 0o660))
        with pytest.raises(NoEarlierVersionError):
            UsersTool(realm).undo()
        assert mode(realm / "users") == 0o660

    def test_a_later_write_is_what_is_undone(self, realm):
        fix(realm, taking(realm / "users", 0o660))
        tool = UsersTool(realm, keep=1)
        tool.useradd("al", password_hash=CHEAP_HASH)
        tool.undo()
        assert tool.list_users().keys() == {"bob"}
        assert mode(realm / "users") == 0o660

    def test_what_somebody_has_changed_since_stays(self, realm):
        fix(realm, taking(realm / "users", 0o660), taking(realm / "elasticsearch.yml", 0o660))
        (realm / "users").chmod(0o600)
        result = UsersTool(realm).undo()
        assert mode(realm / "users") == 0o600
        assert told(result) == [("elasticsearch.yml", 0o660, 0o666)]
        assert "users] stays" in result.faults[0]

    def test_another_file_in_its_place_stays(self, realm):
        key = realm / "certs" / "node.key"
        fix(realm, taking(key, 0o660))
        key.rename(realm / "old.key")
        key.write_text("another")
        key.chmod(0o660)
        assert not UsersTool(realm).undo().modes
        assert mode(key) == 0o660

    @pytest.mark.parametrize(
        "damage",
        [
            lambda record: record.write_text("{"),
            lambda record: record.write_text("[]"),
            lambda record: record.write_text(
                record.read_text().replace('"version": 1', '"version": 2')
            ),
            lambda record: record.write_text(record.read_text().replace('"inode"', '"other"')),
            lambda record: record.chmod(0o620),
        ],
        ids=["no JSON", "no record", "later version", "unknown field", "writable for others"],
    )
    def test_an_unusable_record_is_none(self, realm, damage):
        fix(realm, taking(realm / "users", 0o660))
        damage(realm / "users.modes")
        with pytest.raises(NoEarlierVersionError):
            UsersTool(realm).undo()
        assert mode(realm / "users") == 0o660

    @root
    def test_a_record_of_another_user_is_none(self, realm):
        fix(realm, taking(realm / "users", 0o660))
        os.chown(realm / "users.modes", STRANGER, -1)
        with pytest.raises(NoEarlierVersionError):
            UsersTool(realm).undo()

    def test_is_the_only_change(self, realm):
        with (
            pytest.raises(RuntimeError, match="only change"),
            UsersTool(realm).transaction() as change,
        ):
            change.fix(taking(realm / "users", 0o660))
            change.undo()
        assert mode(realm / "users") == 0o666


class TestRefusals:
    def test_a_file_elsewhere(self, realm):
        outside = realm.parent / "outside"
        outside.touch()
        with pytest.raises(FileAccessError, match="not in the directory"):
            fix(realm, taking(outside, 0o600))

    def test_a_link(self, realm):
        (realm / "link").symlink_to("users")
        with pytest.raises(FileAccessError, match="neither a file nor a directory"):
            fix(realm, taking(realm / "link", 0o600))
        assert mode(realm / "users") == 0o666

    def test_a_directory_that_is_a_link(self, realm):
        outside = realm.parent / "outside"
        outside.mkdir()
        (outside / "key").touch(0o666)
        (realm / "link").symlink_to(outside)
        with pytest.raises(FileAccessError, match="not in the directory"):
            fix(realm, taking(realm / "link" / "key", 0o600))

    def test_a_pipe_keeps_nobody_waiting(self, realm):
        os.mkfifo(realm / "pipe")
        with pytest.raises(FileAccessError):
            fix(realm, taking(realm / "pipe", 0o600))

    def test_the_file_of_another_user(self, realm, monkeypatch):
        with UsersTool(realm).transaction() as change:
            monkeypatch.setattr(os, "geteuid", lambda: STRANGER)
            with pytest.raises(FilePermissionError, match="only its owner"):
                change.fix(taking(realm / "users", 0o660))
            monkeypatch.undo()
        assert mode(realm / "users") == 0o666

    def test_everything_stays_if_one_is_refused(self, realm):
        with pytest.raises(FileAccessError):
            fix(realm, ORPHAN, taking(realm / "users", 0o660), taking("/etc/passwd", 0o600))
        assert mode(realm / "users") == 0o666
        assert "ghost" in (realm / "users_roles").read_text()


class TestFailures:
    def test_nothing_is_changed_without_a_record(self, realm, monkeypatch):
        rename = system.rename

        def fail(old, new):
            if str(new).endswith(".modes"):
                raise OSError(errno.EIO, "input/output error")
            rename(old, new)

        monkeypatch.setattr(system, "rename", fail)
        with pytest.raises(FileAccessError):
            fix(realm, taking(realm / "users", 0o660))
        result = fix(realm, ORPHAN, taking(realm / "users", 0o660))
        assert "no mode was changed" in result.faults[0]
        assert result.changes.orphans == ("ghost",)
        assert mode(realm / "users") == 0o666
        assert [path.name for path in realm.iterdir() if path.name.endswith(".tmp")] == []

    def test_a_mode_that_cannot_be_set_is_told(self, realm, monkeypatch):
        with UsersTool(realm).transaction() as change:
            change.fix(taking(realm / "users", 0o660))
            real = system.fchmod

            def fail(descriptor, bits):
                if bits == 0o660:
                    refusing(errno.EPERM)()
                real(descriptor, bits)

            monkeypatch.setattr(system, "fchmod", fail)
        assert change.result.modes == ()
        assert "users] stays" in change.result.faults[0]

    def test_what_is_exchanged_meanwhile_stays(self, realm, monkeypatch):
        real = system.open

        def exchange(path, *arguments):
            if path == str(realm / "certs" / "node.key"):
                monkeypatch.setattr(system, "open", real)
                (realm / "certs").rename(realm / "old")
                (realm / "certs").symlink_to(realm)
                (realm / "node.key").write_text("another")
                (realm / "node.key").chmod(0o666)
            return real(path, *arguments)

        with UsersTool(realm).transaction() as change:
            change.fix(taking(realm / "certs" / "node.key", 0o660))
            monkeypatch.setattr(system, "open", exchange)
        assert mode(realm / "node.key") == 0o666
        assert "changed" in change.result.faults[0]


def test_the_result_is_fit_for_json(realm):
    result = json.loads(json.dumps(fix(realm, taking(realm / "users", 0o660)).to_dict()))
    assert result["modes"] == [{"path": str(realm / "users"), "before": "0666", "after": "0660"}]
    assert str(fix(realm, taking(realm, 0o775), dry_run=True).modes[0]).startswith("mode [0777] of")


def test_the_command_tells_what_undo_does_to_modes(realm, run):
    fix(realm, taking(realm / "users", 0o660))
    done = run("undo", "--dry-run", config_dir=realm)
    assert f"Dry run. Would change the mode [0660] of [{realm}/users] to [0666]" in done.out
    done = run("undo", config_dir=realm)
    assert f"Changed the mode [0660] of [{realm}/users] to [0666]" in done.out
    assert mode(realm / "users") == 0o666
