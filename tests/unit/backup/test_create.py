"""What a backup holds, where it is put, and when it is refused."""

from __future__ import annotations

import os
import stat
import tarfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.backups import USERS, opened
from support.hashes import CHEAP_HASH

import esfilerealm.backup.places
from esfilerealm.backup import create_backup, list_backups, verify_backup
from esfilerealm.backup.compression import Unpacked
from esfilerealm.backup.limits import LIMITS
from esfilerealm.errors import (
    BackupError,
    BackupKeyError,
    BackupLimitError,
    ConfidentialBackupError,
    LockTimeoutError,
)


def tar_in(path):
    return b"".join(map(bytes, Unpacked(path.read_bytes(), LIMITS, "x").rest()))


@pytest.fixture
def clock(monkeypatch):
    """Let the clock stand still."""

    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime(2026, 11, 30, 12, 0, 0, 77, tzinfo=UTC)

    monkeypatch.setattr(esfilerealm.backup.places, "datetime", Clock)


class TestContent:
    def test_everything_is_in_it(self, folder, place, clock):
        made = create_backup(folder, place, plain=True)
        assert made.path == str(place / "node-1-20261130T120000Z-000001.tar.zst")
        assert stat.S_IMODE(os.stat(made.path).st_mode) == 0o600
        assert made.size == os.path.getsize(made.path)
        assert (made.manifest.node, made.manifest.cluster) == ("node-1", "prod")
        assert "node.name" in made.manifest.setting_names
        entries = made.manifest.by_path
        assert {path: entry.form for path, entry in entries.items()} == {
            "config": "directory",
            "config/certs": "directory",
            "config/certs/http.key": "file",
            "config/elasticsearch.yml": "file",
            "config/empty": "directory",
            "config/link": "link",
            "config/users": "file",
            "config/users_roles": "file",
        }
        assert entries["config/certs/http.key"].mode == 0o640
        assert entries["config/certs/http.key"].kind == "key"
        assert set(made.manifest.confidential) == {"config/users", "config/certs/http.key"}

    def test_a_tar_for_everybody(self, folder, place):
        made = create_backup(folder, place / "x.tar.gz", plain=True, compression="gzip")
        with tarfile.open(made.path) as archive:
            names = archive.getnames()
            assert archive.getmember("config/certs/http.key").mode == 0o640
        assert names[-2:] == ["manifest.json", "MANIFEST"]
        assert names[:-2] == sorted(names[:-2])

    @pytest.mark.parametrize("compression", ["zstd", "gzip"])
    def test_the_same_folder_gives_the_same_bytes(self, folder, place, clock, compression):
        how = {"plain": True, "compression": compression, "node": "n"}
        first = create_backup(folder, place, **how).path
        data = Path(first).read_bytes()
        (place / "esfilerealm-backups.json").unlink()
        os.unlink(first)
        os.utime(folder / "users")
        assert create_backup(folder, place, **how).path == first
        assert Path(first).read_bytes() == data

    def test_long_and_foreign_names(self, folder, place):
        long = folder / ("d" * 200) / ("e" * 200)
        long.mkdir(parents=True)
        (long / ("ü" * 100)).write_bytes(b"x")
        odd = os.fsencode(folder) + b"/\xff"
        with open(odd, "wb") as file:
            file.write(b"y")
        made = verify_backup(create_backup(folder, place, plain=True).path)
        assert made.read(f"config/{long.relative_to(folder)}/{'ü' * 100}") == b"x"
        assert made.read("config/\udcff") == b"y"

    def test_a_link_that_leads_elsewhere_is_described_only(self, folder, place, tmp_path):
        (tmp_path / "elsewhere").write_bytes(b"z")
        (folder / "away").symlink_to(tmp_path / "elsewhere")
        made = create_backup(folder, place, plain=True)
        entry = made.manifest.by_path["config/away"]
        assert (entry.target, entry.is_member) == (str(tmp_path / "elsewhere"), False)
        assert "config/away" not in opened(tar_in(place / os.path.basename(made.path)))
        outside = f"outside{tmp_path}/elsewhere"
        assert verify_backup(made.path).read(outside) == b"z"
        assert made.manifest.by_path[outside].original == str(tmp_path / "elsewhere")

    def test_the_realm_behind_links(self, folder, place, tmp_path):
        (tmp_path / "real").mkdir()
        (folder / "users").rename(tmp_path / "real" / "users")
        (folder / "users").symlink_to(tmp_path / "real" / "users")
        made = verify_backup(create_backup(folder, place, plain=True).path)
        assert made.read(f"outside{tmp_path}/real/users") == USERS

    def test_a_directory_behind_a_link(self, folder, place, tmp_path):
        (tmp_path / "etc").symlink_to(folder)
        os.setxattr(folder, "user.colour", b"red")
        made = create_backup(tmp_path / "etc", place, plain=True)
        assert made.manifest.by_path["config"].xattrs == {"user.colour": b"red"}
        assert not any(finding.code == "BACKUP32" for finding in made.findings)

    def test_what_is_under_way_is_left_out(self, folder, place):
        for name in ("users.lock", "users.0123456789abcdef.tmp"):
            (folder / name).touch()
        made = create_backup(folder, place, plain=True)
        assert not [path for path in made.manifest.by_path if path.endswith((".lock", ".tmp"))]

    def test_progress_is_told(self, folder, place):
        told = []
        create_backup(folder, place, plain=True, progress=lambda *each: told.append(each))
        assert told == [(count, 8) for count in range(1, 9)]

    @pytest.mark.skipif(not hasattr(os, "setxattr"), reason="no extended attributes")
    def test_extended_attributes(self, folder, place):
        try:
            os.setxattr(folder / "users", "user.note", b"\0\xff")
        except OSError:
            pytest.skip("none on this file system")
        made = create_backup(folder, place, plain=True)
        assert made.manifest.by_path["config/users"].xattrs["user.note"] == b"\0\xff"


class TestRefusals:
    def test_confidential_files_want_encryption(self, folder, place):
        with pytest.raises(ConfidentialBackupError, match=r"http.key.*plain=True") as caught:
            create_backup(folder, place)
        assert caught.value.member == "config/certs/http.key"
        assert CHEAP_HASH not in str(caught.value)
        assert os.listdir(place) == []

    def test_nothing_confidential_needs_none(self, tmp_path, place):
        (tmp_path / "c").mkdir()
        (tmp_path / "c" / "elasticsearch.yml").write_text("node.name: n\n")
        made = create_backup(tmp_path / "c", place)
        assert not made.is_encrypted

    @pytest.mark.parametrize("name", ["", "x.tar.zst", "certs/x", "none/x"])
    def test_not_into_the_directory_itself(self, folder, name):
        with pytest.raises(BackupError, match="lies in the configuration directory"):
            create_backup(folder, folder / name, plain=True)

    @pytest.mark.parametrize(
        ("how", "message"),
        [
            ({"compression": "xz"}, "must be one of zstd, gzip"),
            ({"keep_last": 0}, "keep_last is"),
            ({"passphrase": ""}, "the passphrase is empty"),
            ({"passphrase": "x", "recipients": ["age1x"]}, "recipients or a passphrase"),
        ],
        ids=lambda value: str(value)[:15],
    )
    def test_contradictions(self, folder, place, how, message):
        with pytest.raises(ValueError, match=message):
            create_backup(folder, place, plain=True, **how)

    def test_a_file_has_no_others_to_keep(self, folder, place):
        with pytest.raises(ValueError, match="only backups in a directory"):
            create_backup(folder, place / "x", plain=True, keep_last=1)

    @pytest.mark.parametrize("recipient", ["age1xyz", "AGE-SECRET-KEY-1QQ", "ssh-ed25519 AAAA"])
    def test_no_recipient(self, folder, place, recipient):
        with pytest.raises(BackupKeyError, match="it is no recipient") as caught:
            create_backup(folder, place, recipients=[recipient])
        assert "SECRET" not in str(caught.value)

    def test_what_could_not_be_verified(self, folder, place):
        with open(folder / "sparse", "wb") as file:
            file.truncate(100 * 2**20)
        with pytest.raises(BackupLimitError, match="could not be verified"):
            create_backup(folder, place, plain=True)
        assert list_backups(place) == ()

    def test_a_file_that_is_too_large_is_missing(self, folder, place):
        with open(folder / "huge", "wb") as file:
            file.truncate(LIMITS.file_size + 1)
        made = create_backup(folder, place, plain=True)
        assert "config/huge" not in made.manifest.by_path
        assert [f.code for f in made.findings if f.path == str(folder / "huge")] == ["BACKUP5"]


class TestReading:
    """Whatever others do meanwhile."""

    def test_the_realm_is_read_under_its_lock(self, folder, place, monkeypatch):
        from filelock import FileLock

        monkeypatch.setattr(
            "esfilerealm.backup.reading.WriteOptions",
            lambda: __import__("esfilerealm._storage", fromlist=["x"]).WriteOptions(lock_timeout=0),
        )
        with FileLock(folder / "users.lock"), pytest.raises(LockTimeoutError):
            create_backup(folder, place, plain=True)
        assert list_backups(place) == ()

    def test_a_file_that_changes_is_read_again(self, folder, place, monkeypatch):
        from esfilerealm.backup import reading

        original, calls = reading.read_file, []

        def read(path, **how):
            content = original(path, **how)
            if path.endswith("http.key"):
                calls.append(path)
                if len(calls) < 3:
                    (folder / "certs" / "http.key").write_text(f"-----BEGIN {len(calls)}\n")
            return content

        monkeypatch.setattr(reading, "read_file", read)
        made = create_backup(folder, place, plain=True)
        assert len(calls) == 3
        assert verify_backup(made.path).read("config/certs/http.key") == b"-----BEGIN 2\n"

    def test_one_that_never_rests_is_told(self, folder, place, monkeypatch):
        from esfilerealm.backup import reading

        original, count = reading.read_file, iter(range(100))

        def read(path, **how):
            content = original(path, **how)
            if path.endswith("http.key"):
                (folder / "certs" / "http.key").write_text(f"-----BEGIN {next(count)}\n")
            return content

        monkeypatch.setattr(reading, "read_file", read)
        made = create_backup(folder, place, plain=True)
        assert "BACKUP31" in {finding.code for finding in made.findings}

    @pytest.mark.parametrize("act", ["unlink", "link"])
    def test_one_that_goes_is_told(self, folder, place, monkeypatch, act):
        from esfilerealm.backup import create, reading

        original = create.inventory

        def inventory(*arguments):
            found = original(*arguments)
            (folder / "certs" / "http.key").unlink()
            if act == "link":
                (folder / "certs" / "http.key").symlink_to("/etc/passwd")
            return found

        monkeypatch.setattr(create, "inventory", inventory)
        made = create_backup(folder, place, plain=True)
        assert reading
        assert "config/certs/http.key" not in made.manifest.by_path
        assert "BACKUP5" in {finding.code for finding in made.findings}

    def test_a_directory_that_goes_takes_its_files_along(self, folder, place, monkeypatch):
        from esfilerealm.backup import create

        original = create.inventory

        def inventory(*arguments):
            found = original(*arguments)
            (folder / "certs").rename(folder.parent / "certs")
            return found

        monkeypatch.setattr(create, "inventory", inventory)
        made = create_backup(folder, place, plain=True)
        assert not [path for path in made.manifest.by_path if "certs" in path]
        verify_backup(made.path)

    def test_without_the_lock_it_is_told(self, folder, place, monkeypatch):
        from esfilerealm.backup import reading
        from esfilerealm.errors import FilePermissionError

        def locked(self, options):
            raise FilePermissionError("users.lock", "reason")

        monkeypatch.setattr(reading.RealmFolder, "locked", locked)
        made = create_backup(folder, place, plain=True)
        assert [finding.code for finding in made.findings if finding.code == "BACKUP30"]
        assert verify_backup(made.path).read("config/users") == USERS

    def test_extended_attributes_that_cannot_be_read(self, folder, place, monkeypatch):
        from esfilerealm.backup import reading

        def extended(path, status):
            raise OSError(13, "Permission denied")

        monkeypatch.setattr(reading, "extended_of_the_same", extended)
        made = create_backup(folder, place, plain=True)
        assert "BACKUP32" in {finding.code for finding in made.findings}


class TestPlaces:
    def test_backups_are_counted(self, folder, place):
        for count in (1, 2):
            assert create_backup(folder, place, plain=True).manifest.counter == count
        other = create_backup(folder, place, plain=True, node="a/b -x")
        assert (other.manifest.counter, other.manifest.node) == (1, "a/b -x")
        assert "a%2Fb%20-x-" in other.path
        assert [(each.node, each.counter) for each in list_backups(place)] == [
            ("a/b -x", 1),
            ("node-1", 1),
            ("node-1", 2),
        ]

    def test_no_counter_is_used_twice(self, folder, place):
        first = create_backup(folder, place, plain=True)
        os.unlink(first.path)
        assert create_backup(folder, place, plain=True).manifest.counter == 2
        (place / "esfilerealm-backups.json").unlink()
        assert create_backup(folder, place, plain=True).manifest.counter == 3

    @pytest.mark.parametrize("data", ["", "[]", "{", '{"version": 2, "counters": {}}', "7"])
    def test_counters_of_somebody_else(self, folder, place, data):
        (place / "esfilerealm-backups.json").write_text(data)
        with pytest.raises(BackupError, match="remove it to count by names"):
            create_backup(folder, place, plain=True)

    def test_the_last_ones_are_kept(self, folder, place):
        def make(**how):
            return create_backup(folder, place, plain=True, **how)

        other = make(node="node-2")
        made = [make() for _ in range(3)]
        foreign = place / "node-1-20200101T000000Z-000000.tar.zst.txt"
        foreign.touch()
        last = make(keep_last=2)
        assert last.removed == (made[0].path, made[1].path)
        kept = {each.path for each in list_backups(place)}
        assert kept == {other.path, made[2].path, last.path}
        assert foreign.exists()
        assert make(keep_last=5).removed == ()

    def test_one_that_cannot_be_removed_is_told(self, folder, place, monkeypatch):
        create_backup(folder, place, plain=True)

        def unlink(path):
            raise PermissionError(1, "Operation not permitted")

        monkeypatch.setattr(esfilerealm.backup.places.os, "unlink", unlink)
        made = create_backup(folder, place, plain=True, keep_last=1)
        assert [finding.code for finding in made.findings] == ["BACKUP1", "BACKUP33"]

    def test_a_file_is_not_counted(self, folder, place):
        made = create_backup(folder, place / "x", plain=True)
        assert (made.manifest.counter, os.listdir(place)) == (0, ["x"])

    def test_names_that_are_no_backups(self, place):
        for name in ("node-1-20261130T120000Z-1.tar.zst", "node-1-20269930T120000Z-000001.tar.gz"):
            (place / name).touch()
        (place / "n-20261130T120000Z-000001.tar.gz").mkdir()
        (place / "m-20261130T120000Z-000001.tar.gz").symlink_to("x")
        assert list_backups(place) == ()

    @pytest.mark.parametrize("text", ["node.name: ${HOST_OF_NOBODY}\n", "a: [\n", ""])
    def test_a_node_without_a_name_has_that_of_the_machine(self, folder, place, text):
        import socket

        (folder / "elasticsearch.yml").write_text(text)
        assert create_backup(folder, place, plain=True).manifest.node == socket.gethostname()
