"""Any files below the configuration directory, in one unit with those of the realm."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from pathlib import Path

import pytest
from crash.kit import Dead, intercepted
from crash.processes import open_place
from support.hashes import CHEAP_HASH
from support.storing import STRANGER, acting_as, broken_off, posix, refusing, root

from esfilerealm._storage import Attributes, RealmFolder, Unit, WriteOptions, area, system, target
from esfilerealm._storage.journal import Journal, UnusableJournalError
from esfilerealm.errors import (
    FileAccessError,
    FileChangedError,
    FilePermissionError,
    JournalVersionError,
)

pytestmark = posix

NEW_USER = f"new:{CHEAP_HASH}\n".encode()


@pytest.fixture
def realm(realm):
    (realm / "certs").mkdir(mode=0o750)
    (realm / "certs" / "http.p12").write_bytes(b"old")
    (realm / "certs" / "http.p12").chmod(0o640)
    return realm


def put(realm, files, folders=None, attributes=None, links=None, *, with_user=True, **how):
    """Write any files, with a user."""
    folder, options = RealmFolder(realm), WriteOptions(**how)
    with folder.locked(options):
        read = folder.read(*files)
        contents = [(read.others[name], data) for name, data in files.items()]
        if with_user:
            contents.append((read.users, read.users.data + NEW_USER))
        unit = Unit(
            read,
            contents,
            attributes={str(realm / name): given for name, given in (attributes or {}).items()},
            folders={str(realm / name): given for name, given in (folders or {}).items()},
            links={str(realm / name): target for name, target in (links or {}).items()},
        )
        return folder.commit(unit, options)


def everything(realm):
    """Return mode and content of all there is, but for the lock."""
    return {
        str(path.relative_to(realm)): (
            path.lstat().st_mode,
            path.read_bytes() if path.is_file() else b"",
        )
        for path in realm.rglob("*")
        if path.name != "users.lock"
    }


class TestWrite:
    def test_files_attributes_and_directories(self, realm):
        result = put(
            realm,
            {"certs/http.p12": b"new", "a/b/c": b"deep"},
            folders={
                "a": Attributes.restored(0o2705, None, None, is_folder=True),
                "empty": Attributes.restored(0o700, None, None, is_folder=True),
            },
            attributes={"certs/http.p12": Attributes.restored(0o4604, None, None)},
        )
        assert result.created == tuple(str(realm / name) for name in ("a", "a/b", "empty"))
        found = {name: (oct(mode), data) for name, (mode, data) in everything(realm).items()}
        assert found["certs/http.p12"] == (oct(0o100604), b"new")
        assert found["a"][0] == oct(0o42705)
        assert found["empty"][0] == oct(0o40700)
        assert found["a/b/c"][1] == b"deep"
        assert not any(name.endswith(".tmp") for name in found)
        assert (realm / "users").read_bytes().endswith(NEW_USER)

    def test_only_a_file(self, realm):
        put(realm, {"certs/http.p12": b"new"}, with_user=False)
        assert (realm / "certs" / "http.p12").read_bytes() == b"new"
        assert sorted(os.listdir(realm / "certs")) == ["http.p12"]
        assert not list(realm.glob("*.journal*"))

    @pytest.mark.parametrize("name", ["certs/http.p12", f"certs/{'a' * 255}", f"{'ü' * 127}"])
    @pytest.mark.parametrize("is_there", [True, False])
    def test_names_of_any_length(self, realm, name, is_there):
        if is_there:
            (realm / name).write_bytes(b"old")
        put(realm, {name: b"new"}, with_user=False)
        assert (realm / name).read_bytes() == b"new"
        assert not list(realm.rglob("*.tmp"))

    @pytest.mark.parametrize("renames", [1, 2, 3])
    @pytest.mark.parametrize("name", ["http.p12", "a" * 255])
    def test_only_a_file_that_was_broken_off(self, realm, name, renames):
        (realm / "certs" / name).write_bytes(b"old")
        before = everything(realm)
        broken_off(lambda: put(realm, {f"certs/{name}": b"new"}, with_user=False), renames)
        RealmFolder(realm).recover(WriteOptions())
        assert everything(realm) == before

    def test_only_a_directory(self, realm):
        put(realm, {}, {"empty": Attributes.restored(0o750, None, None)}, with_user=False)
        assert (realm / "empty").is_dir()

    def test_links(self, realm):
        put(realm, {}, links={"current": "certs", "a/b": "../certs/http.p12"}, with_user=False)
        assert os.readlink(realm / "current") == "certs"
        assert (realm / "a" / "b").read_bytes() == b"old"

    @pytest.mark.parametrize("renames", [1, 2, 3, 4])
    def test_links_that_were_broken_off_are_gone(self, realm, renames):
        before = everything(realm)
        broken_off(lambda: put(realm, {}, links={"current": "certs", "gone": "nowhere"}), renames)
        RealmFolder(realm).recover(WriteOptions())
        assert everything(realm) == before

    def test_a_link_where_something_is(self, realm):
        before = everything(realm)
        with pytest.raises(FileChangedError):
            put(realm, {}, links={"certs": "elsewhere"})
        assert everything(realm) == before

    def test_a_dry_run_makes_nothing(self, realm):
        before = everything(realm)
        result = put(realm, {"a/b": b"deep"}, dry_run=True)
        assert everything(realm) == before
        assert result.created == (str(realm / "a"),)
        assert result.files[2].strategy == "rename"

    def test_a_file_twice(self, realm):
        folder, options = RealmFolder(realm), WriteOptions()
        with folder.locked(options):
            read = folder.read("service_tokens")
            file = read.others["service_tokens"]
            folder.commit(Unit(read, [(file, b"first"), (file, b"second")]), options)
        assert (realm / "service_tokens").read_bytes() == b"second"

    def test_versions_are_kept(self, realm):
        put(realm, {"certs/http.p12": b"new"}, keep=1)
        assert not (realm / "users.1~").read_bytes().endswith(NEW_USER)

    def test_a_directory_that_somebody_makes_meanwhile(self, realm):
        before = (realm / "users").read_bytes()

        def handle(call):
            if call.name == "mkdir":
                (realm / "a").mkdir()
                (realm / "a" / "theirs").touch()
            return call.make()

        with intercepted(handle), pytest.raises(FileAccessError, match="File exists"):
            put(realm, {"a/b": b"deep"})
        assert (realm / "users").read_bytes() == before
        assert os.listdir(realm / "a") == ["theirs"]


class TestRefusals:
    @pytest.mark.parametrize("name", ["../x", "a//b", "./a", "/etc/passwd", "a/..", "", "a\0b"])
    def test_a_path_that_is_not_below(self, realm, name):
        with pytest.raises(ValueError, match="not the path of a file below"):
            RealmFolder(realm).read(name)

    @pytest.mark.parametrize(
        "name",
        [
            "users.lock",
            "users.journal",
            "users.accounts",
            "elasticsearch.keystore.lock",
            "users_roles.3~",
            "certs/http.p12.0123456789abcdef.tmp",
        ],
    )
    def test_what_a_write_keeps_for_itself(self, realm, name):
        with pytest.raises(FileAccessError, match="keeps a file of that name for itself"):
            put(realm, {name: b"new"}, with_user=False)

    def test_a_mount_point(self, realm, monkeypatch):
        monkeypatch.setattr(target, "is_mount_point", lambda path: path.endswith("http.p12"))
        with pytest.raises(FileAccessError, match="mount point"):
            put(realm, {"certs/http.p12": b"new"})

    def test_a_file_in_the_place_of_a_directory(self, realm):
        (realm / "a").touch()
        with pytest.raises(FileAccessError, match="Not a directory"):
            put(realm, {"a/b/c": b"deep"})
        with pytest.raises(FileAccessError, match=r"because .* is a file"):
            put(realm, {}, {"a": Attributes.restored(0o750, None, None)})

    def test_a_link_elsewhere(self, realm, tmp_path):
        with pytest.raises(FileAccessError, match="is not below the directory"):
            put(realm, {}, links={str(tmp_path / "other"): "certs"})

    def test_a_directory_elsewhere(self, realm, tmp_path):
        with pytest.raises(FileAccessError, match="is not below the directory"):
            put(realm, {}, {str(tmp_path / "other"): Attributes.restored(0o750, None, None)})

    def test_a_system_without_open_directories(self, realm, monkeypatch):
        monkeypatch.setattr(system, "HAS_FOLDER_DESCRIPTORS", False)
        with pytest.raises(FileAccessError, match="open directory"):
            put(realm, {"certs/http.p12": b"new"})
        with pytest.raises(FileAccessError, match="open directory"):
            put(realm, {}, {"a": Attributes.restored(0o750, None, None)})

    @root
    def test_a_writer_who_could_not_roll_it_back(self):
        """Before anything is written; so nobody finds a journal that nobody believes."""
        with open_place() as place:
            realm = place / "config"
            realm.mkdir()
            realm.chmod(0o777)
            (realm / "users").touch()
            self.refuse_a_stranger(realm)

    def refuse_a_stranger(self, realm):
        before = everything(realm)
        with (
            acting_as(STRANGER, STRANGER),
            pytest.raises(FilePermissionError, match="nobody else could roll back"),
        ):
            put(realm, {"other": b"new"}, with_user=False)
        assert everything(realm) == before


class TestLinks:
    def test_one_to_a_directory_below_is_followed(self, realm):
        (realm / "current").symlink_to("certs")
        put(realm, {"current/http.p12": b"new"})
        assert (realm / "certs" / "http.p12").read_bytes() == b"new"
        assert (realm / "current").is_symlink()

    def test_one_that_leads_out_is_not(self, realm, tmp_path):
        (tmp_path / "volume").mkdir()
        (realm / "volume").symlink_to(tmp_path / "volume")
        with pytest.raises(FileAccessError, match="is not below the directory"):
            put(realm, {"volume/key": b"new"})
        assert os.listdir(tmp_path / "volume") == []

    def test_a_loop(self, realm):
        (realm / "loop").symlink_to("loop")
        with pytest.raises(FileAccessError, match="symbolic links"):
            put(realm, {"loop/key": b"new"})

    @root
    def test_one_of_somebody_else_is_not(self, realm):
        (realm / "current").symlink_to("certs")
        os.lchown(realm / "current", STRANGER, STRANGER)
        with pytest.raises(FilePermissionError, match=f"from user \\[{STRANGER}\\]"):
            put(realm, {"current/http.p12": b"new"})
        assert (realm / "certs" / "http.p12").read_bytes() == b"old"

    @pytest.mark.parametrize("moment", ["announce", "stage", "write"])
    @pytest.mark.parametrize("name", ["http.p12", "new"])
    def test_one_that_comes_at_the_last_moment_is_not(self, realm, tmp_path, name, moment):
        """Whatever the owner of a directory does: all goes to the one that was opened, or fails."""
        victim, hidden = tmp_path / "victim", tmp_path / "hidden"
        victim.mkdir()
        (victim / "http.p12").write_bytes(b"victim")
        moments = {
            "announce": lambda call: call.name == "rename",
            "stage": lambda call: call.name == "open" and f"{name}." in str(call.args[0]),
            "write": lambda call: call.name == "write" and bytes(call.args[1]) == b"content",
        }

        def handle(call):
            if not hidden.exists() and moments[moment](call):
                (realm / "certs").rename(hidden)
                (realm / "certs").symlink_to(victim)
            return call.make()

        with intercepted(handle), contextlib.suppress(FileAccessError):
            put(realm, {f"certs/{name}": b"content"})
        assert hidden.exists()
        assert {p.name: p.read_bytes() for p in victim.iterdir()} == {"http.p12": b"victim"}


class TestBrokenOff:
    """The tests of crashes do so at each call; here is what they cannot see."""

    def broken(self, realm, renames, files=None):
        broken_off(lambda: put(realm, files or {"certs/http.p12": b"new", "a/b": b"x"}), renames)

    def test_earlier_versions_refuse_the_journal(self, realm):
        self.broken(realm, 1)
        first, _, _ = (realm / "users.journal").read_bytes().partition(b"\n")
        assert first == b"esfilerealm journal 2"

    def test_they_take_that_of_any_other_write(self, realm):
        broken_off(lambda: put(realm, {"roles.yml": b""}), 1)
        assert (realm / "users.journal").read_bytes().startswith(b"esfilerealm journal 1\n")

    def test_a_reader_sees_what_was_before(self, realm):
        self.broken(realm, 3)
        assert (realm / "certs" / "http.p12").read_bytes() == b"new"
        read = RealmFolder(realm).read("certs/http.p12", "a/b")
        assert read.others["certs/http.p12"].data == b"old"
        assert not read.others["a/b"].exists

    @pytest.mark.parametrize("renames", [1, 2, 3, 4])
    def test_a_moved_directory_is_recovered(self, realm, renames):
        before = everything(realm)
        self.broken(realm, renames)
        moved = realm.rename(realm.with_name("moved"))
        assert RealmFolder(moved).recover(WriteOptions()).outcome == "rolled_back"
        assert everything(moved) == before

    def test_what_somebody_put_into_a_made_directory_stays(self, realm):
        self.broken(realm, 3)
        (realm / "a" / "theirs").write_bytes(b"theirs")
        RealmFolder(realm).recover(WriteOptions())
        assert os.listdir(realm / "a") == ["theirs"]

    def test_a_directory_that_is_a_link_by_now(self, realm, tmp_path):
        """Nobody can tell what to do: the journal is kept for a person."""
        self.broken(realm, 3)
        (realm / "certs").rename(tmp_path / "hidden")
        (tmp_path / "victim").mkdir()
        (realm / "certs").symlink_to(tmp_path / "victim")
        recovery = RealmFolder(realm).recover(WriteOptions())
        assert recovery.outcome == "quarantined"
        assert "is a link or another file by now" in str(recovery)
        assert os.listdir(tmp_path / "victim") == []

    def test_a_file_that_was_changed_since(self, realm):
        """Its backup and all the others are kept, wherever they are."""
        self.broken(realm, 3)
        (realm / "certs" / "http.p12").write_bytes(b"another")
        recovery = RealmFolder(realm).recover(WriteOptions())
        assert recovery.outcome == "quarantined"
        assert [p.suffix for p in (realm / "certs").iterdir() if p.name != "http.p12"] == [
            ".rejected"
        ]

    def test_what_is_left_after_the_commit_goes_with_the_next_write(self, realm):
        def handle(call):
            if call.name == "unlink" and "http.p12" in str(call.args[0]):
                raise Dead
            return call.make()

        with pytest.raises(Dead), intercepted(handle):
            put(realm, {"certs/http.p12": b"new"})
        assert len(list((realm / "certs").iterdir())) == 2
        RealmFolder(realm).recover(WriteOptions())
        assert os.listdir(realm / "certs") == ["http.p12"]
        assert (realm / "certs" / "http.p12").read_bytes() == b"new"

    def test_what_is_not_durably_gone_keeps_its_record(self, realm):
        """The temporary file that was the journal stays until the next write has tidied up."""
        left = []

        def handle(call):
            if call.name == "unlink" and "http.p12" in str(call.args[0]):
                left.append(call.number)
            if left and call.name == "fsync":
                raise OSError(5, "Input/output error")
            return call.make()

        with intercepted(handle):
            put(realm, {"certs/http.p12": b"new"})
        assert [p.name for p in realm.glob("users.journal.*.tmp")]
        RealmFolder(realm).recover(WriteOptions())
        assert [p.name for p in realm.glob("users.journal.*.tmp")] == []

    @pytest.mark.parametrize("call", ["unlink", "rmdir"])
    def test_what_cannot_be_removed_keeps_its_journal(self, realm, monkeypatch, call):
        before = everything(realm)
        self.broken(realm, 2)
        with monkeypatch.context() as patch:
            patch.setattr(system, call, refusing(5))
            with pytest.raises(FileAccessError):
                RealmFolder(realm).recover(WriteOptions())
        assert (realm / "users.journal").exists()
        assert RealmFolder(realm).recover(WriteOptions()).outcome == "rolled_back"
        assert everything(realm) == before


class TestForgedJournals:
    def read(self, realm, top=None):
        return Journal.read(str(realm / "users.journal"), [], {os.geteuid()}, top=top or str(realm))

    def forge(self, realm, target, *, folders=()):
        """Write a journal by which a rollback would remove *target*."""
        from esfilerealm._storage.journal import JournalStep
        from esfilerealm._storage.staging import OpenFolders

        step = JournalStep(str(target), None, "0" * 64, None, 1, None, str(realm))
        journal = Journal(
            str(realm / "users.journal"), (step,), None, str(realm), tuple(map(str, folders))
        )
        journal.stage(str(realm / "staged"), Attributes(0o600))
        with OpenFolders() as opened:
            opened.open(str(realm))
            journal.announce(str(realm / "staged"), opened)

    def test_one_about_a_file_below_is_believed(self, realm):
        self.forge(realm, realm / "a" / "b")
        assert self.read(realm).top == str(realm)

    @pytest.mark.parametrize("path", ["/etc/passwd", "{}/../x", "{}/a/../../x", "{}"])
    def test_a_path_that_is_not_below(self, realm, path):
        self.forge(realm, path.format(realm))
        with pytest.raises(UnusableJournalError, match="about another file"):
            self.read(realm)

    @pytest.mark.parametrize(
        "change", [{"top": 1}, {"folders": "a"}, {"folders": [1]}, {"top": None}, {"steps": [{}]}]
    )
    def test_a_malformed_one(self, realm, change):
        self.forge(realm, realm / "a")
        path = realm / "users.journal"
        first, content, _ = path.read_bytes().split(b"\n", 2)
        lines = b"%s\n%s\n" % (first, json.dumps({**json.loads(content), **change}).encode())
        path.write_bytes(lines + hashlib.sha256(lines).hexdigest().encode() + b"\n")
        with pytest.raises(UnusableJournalError, match="malformed"):
            self.read(realm)

    def test_a_directory_that_is_not_below(self, realm):
        self.forge(realm, realm / "a", folders=["/tmp"])
        with pytest.raises(UnusableJournalError, match="about another file"):
            self.read(realm)

    def test_another_configuration_directory(self, realm):
        self.forge(realm, realm / "a")
        with pytest.raises(UnusableJournalError, match="about the directory"):
            self.read(realm, str(realm.parent))

    @root
    def test_one_of_somebody_who_could_replace_the_realm(self, realm):
        """That is enough for the realm, and not for any other file."""
        self.forge(realm, realm / "a")
        os.chown(realm / "users.journal", STRANGER, STRANGER)
        with pytest.raises(UnusableJournalError, match=f"user \\[{STRANGER}\\] wrote it"):
            Journal.read(str(realm / "users.journal"), [], {0}, (), lambda _: True, top=str(realm))

    @root
    def test_one_of_a_user_who_does_not_own_the_file(self, realm):
        self.forge(realm, realm / "certs" / "http.p12")
        os.chown(realm / "users.journal", STRANGER, STRANGER)
        with pytest.raises(UnusableJournalError, match="must not replace"):
            Journal.read(str(realm / "users.journal"), [], {STRANGER}, top=str(realm))


def test_a_name_that_leads_elsewhere_by_now(realm, monkeypatch):
    monkeypatch.setattr(area, "target_below", lambda top, name: f"{top}/other")
    with pytest.raises(FileChangedError):
        put(realm, {"certs/http.p12": b"new"})


def test_a_later_version_is_refused(realm):
    Path(realm, "users.journal").write_bytes(b"esfilerealm journal 3\n")
    with pytest.raises(JournalVersionError):
        put(realm, {"certs/http.p12": b"new"})
