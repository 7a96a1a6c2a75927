"""Both files as one snapshot: what it holds, what stays when reading fails, what is logged."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import logging
import os
import pickle
import tracemalloc

import pytest
from crash.kit import Dead, DieAfterRenames, intercepted
from support.hashes import CHEAP_HASH
from support.storing import posix
from support.watching import replace

from esfilerealm import RealmSettings, UsersTool, hashing
from esfilerealm._storage import RealmFolder, read, realm_files
from esfilerealm._storage.lock import write_lock
from esfilerealm.errors import ConfigurationFileMissingError, FileFormatError, JournalVersionError
from esfilerealm.formats import lines
from esfilerealm.realms.file.snapshot import RealmHealth, RealmSnapshot
from esfilerealm.realms.file.store import FileRealmStore
from esfilerealm.realms.file.tracked_file import TrackedFile

MALFORMED = "$2a$10$short"
UNSUPPORTED_COST = "$2a$15$" + CHEAP_HASH[7:]
APACHE = "$apr1$aaaaaaaa$bbbbbbbbbbbbbbbbbbbbbb"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "users").write_text(f"bob:{CHEAP_HASH}\njane:{CHEAP_HASH}\n")
    (tmp_path / "users_roles").write_text("viewer:bob,jane\nadmin:bob\n")
    return tmp_path


@pytest.fixture
def store(folder):
    return FileRealmStore(folder, RealmSettings())


@pytest.fixture
def changes(store):
    """What the listeners of the store get."""
    heard = []
    store.on_change(heard.append)
    return heard


def errors_in(caplog):
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]


class TestSnapshot:
    def test_before_anything_is_read(self, store):
        assert (store.snapshot.generation, len(store.snapshot.users)) == (0, 0)

    def test_users_roles_and_stamps(self, store, folder):
        assert store.reload()
        snapshot = store.snapshot
        assert list(snapshot.users) == ["bob", "jane"]
        assert snapshot.roles_of("bob") == ("viewer", "admin")
        assert snapshot.roles_of("nobody") == ()
        assert dict(snapshot.roles_by_user) == {"bob": ("viewer", "admin"), "jane": ("viewer",)}
        assert snapshot.generation == 1
        assert snapshot.health
        stamp = snapshot.stamps["users"]
        assert stamp.path == os.path.realpath(folder / "users")
        assert stamp.size == (folder / "users").stat().st_size
        assert stamp.modified == (folder / "users").stat().st_mtime_ns

    def test_cannot_be_changed_or_pickled(self, store):
        store.reload()
        with pytest.raises(TypeError):
            store.snapshot.roles_by_user["bob"] = ()
        with pytest.raises(TypeError, match="hashes"):
            pickle.dumps(store.snapshot)
        assert repr(store.snapshot) == "<RealmSnapshot: generation 1, 2 users, ok>"

    def test_skipped_lines_are_there(self, store, folder):
        (folder / "users").write_text(f"\n# note\noops\nbob:{CHEAP_HASH}\nelastic:{CHEAP_HASH}\n")
        (folder / "users_roles").write_text("viewer: ,\n")
        store.reload()
        issues = {
            name: [(issue.line_number, issue.kind) for issue in found]
            for name, found in store.snapshot.issues.items()
        }
        assert issues == {
            "users": [(1, "blank"), (3, "malformed"), (5, "reserved-username")],
            "users_roles": [(1, "no-users")],
        }

    def test_settings_decide_about_reserved_names(self, folder):
        (folder / "users").write_text(f"elastic:{CHEAP_HASH}\n")
        store = FileRealmStore(folder, RealmSettings(reserved_realm_enabled=False))
        store.reload()
        assert list(store.snapshot.users) == ["elastic"]


class TestHashes:
    @pytest.mark.parametrize(
        ("text", "kind", "reason"),
        [
            ("swordfish", "clear-text", "not a known hash"),
            (APACHE, "unsupported", "Apache"),
            (UNSUPPORTED_COST, "unsupported", "bcrypt15"),
            ("{PBKDF2}2000$c2FsdHNhbHQ=$x", "unsupported", "pbkdf2_2000"),
            (MALFORMED, "malformed", "60 characters"),
            ("{SSHA256}short", "malformed", "salt"),
            ("{SHA}short", "malformed", "20 bytes"),
        ],
    )
    def test_unusable_hashes(self, store, folder, text, kind, reason):
        (folder / "users").write_text(f"# note\n\nbob:{CHEAP_HASH}\njane:x\njane:{text}\n")
        store.reload()
        issues = store.snapshot.hash_issues
        assert list(issues) == ["jane"]
        issue = issues["jane"]
        assert (issue.username, issue.line_number, issue.kind) == ("jane", 5, kind)
        assert reason in issue.reason
        assert text not in repr(issue)

    def test_a_changed_hash_is_checked_again(self, store, folder):
        (folder / "users").write_text("jane:swordfish\n")
        store.reload()
        (folder / "users").write_text(f"# moved down\njane:swordfish\nbob:{CHEAP_HASH}\n")
        store.reload()
        assert store.snapshot.hash_issues["jane"].line_number == 2
        (folder / "users").write_text(f"jane:{CHEAP_HASH}\nbob:{MALFORMED}\n")
        store.reload()
        assert list(store.snapshot.hash_issues) == ["bob"]

    @pytest.mark.parametrize("piece", [1, 2**16])
    def test_only_the_last_line_of_a_user_is_checked(self, store, folder, monkeypatch, piece):
        monkeypatch.setattr(lines, "_PIECE", piece)
        (folder / "users").write_text(
            f"bob:swordfish\njane:{CHEAP_HASH}\nbob:{CHEAP_HASH}\njane:swordfish\n"
        )
        store.reload()
        assert {n: i.line_number for n, i in store.snapshot.hash_issues.items()} == {"jane": 4}

    def test_the_decoy_hash_has_the_most_frequent_cost(self, store, folder):
        other = CHEAP_HASH.replace("$04$", "$05$")
        stretched = "{PBKDF2_STRETCH}1000$" + "A" * 43 + "=$" + "A" * 43 + "="
        (folder / "users").write_text(
            f"a:{CHEAP_HASH}\nb:{other}\nc:{other.replace('2a', '2b')}\n"
            f"d:{stretched}\nx:clear\ny:clear\nz:clear\n"
        )
        store.reload()
        assert store.snapshot.decoy_hash == other
        (folder / "users").write_text(f"a:{CHEAP_HASH}\nd:{stretched}\ne:{stretched}\n")
        store.reload()
        assert store.snapshot.decoy_hash == stretched
        (folder / "users").write_text("x:clear\n")
        store.reload()
        assert store.snapshot.decoy_hash is None


class TestReload:
    def test_nothing_changed(self, store, changes):
        store.reload()
        first = store.snapshot
        assert not store.reload()
        assert len(changes) == 1
        assert store.snapshot.generation == first.generation

    @pytest.mark.parametrize("name", ["users", "users_roles"])
    def test_a_blank_line_or_a_comment_changes_nothing(self, store, folder, changes, name):
        store.reload()
        with (folder / name).open("a") as file:
            file.write("\n# note\n")
        assert not store.reload()
        assert len(changes) == 1
        assert store.snapshot.generation == 1
        assert [issue.kind for issue in store.snapshot.issues[name]] == ["blank"]

    def test_what_changed(self, store, folder, changes):
        (folder / "users").write_text(f"bob:{CHEAP_HASH}\njane:{CHEAP_HASH}\nal:{CHEAP_HASH}\n")
        store.reload()
        (folder / "users").write_text(f"bob:{CHEAP_HASH}\njane:{APACHE}\neve:{CHEAP_HASH}\n")
        (folder / "users_roles").write_text("viewer:jane,eve\nadmin:bob\nghosts:nobody\n")
        assert store.reload()
        change = changes[-1]
        assert change.generation == store.snapshot.generation == 2
        assert dict(change.added) == {"eve": ("viewer",)}
        assert change.removed == ("al",)
        assert change.passwords == ("jane",)
        assert dict(change.roles) == {"bob": (("viewer", "admin"), ("admin",))}
        assert change.names == {"eve", "al", "jane", "bob"}
        assert "$" not in repr(change)

    def test_a_change_can_be_sent_and_written_down(self, store, changes):
        store.reload()
        [change] = changes
        assert pickle.loads(pickle.dumps(change)) == change
        assert dataclasses.asdict(change)["added"] == {
            "bob": ("viewer", "admin"),
            "jane": ("viewer",),
        }
        assert json.loads(json.dumps(change.added))["jane"] == ["viewer"]
        assert change.users == 2

    def test_a_change_cannot_be_changed(self, store, changes):
        store.reload()
        added = changes[0].added
        for attempt in (
            lambda: added.__setitem__("eve", ()),
            lambda: added.pop("bob"),
            added.clear,
            lambda: added.update(eve=()),
            lambda: added.__delitem__("bob"),
            lambda: added.__ior__({}),
            lambda: added.setdefault("eve", ()),
            added.popitem,
        ):
            with pytest.raises(TypeError, match="cannot be changed"):
                attempt()
        assert list(added) == ["bob", "jane"]

    def test_roles_of_an_unknown_user_change_no_user(self, store, folder, changes):
        store.reload()
        with (folder / "users_roles").open("a") as file:
            file.write("ghosts:nobody\n")
        assert store.reload()
        assert changes[-1].names == frozenset()

    def test_a_listener_that_raises_stops_nobody(self, store, changes, caplog):
        def failing(_change):
            raise ValueError("listener")

        store._listeners.insert(0, failing)
        assert store.reload()
        assert len(changes) == 1
        assert "a listener for changes" in caplog.text

    def test_a_deleted_file_is_empty(self, store, folder, changes, caplog):
        caplog.set_level(logging.INFO)
        store.reload()
        (folder / "users").unlink()
        assert store.reload()
        assert not store.snapshot.users
        assert store.snapshot.health
        assert changes[-1].removed == ("bob", "jane")
        assert store.snapshot.stamps["users"].modified is None
        assert "does not exist" in caplog.text
        caplog.clear()
        assert not store.reload()
        assert not caplog.records

    def test_missing_from_the_start(self, tmp_path):
        store = FileRealmStore(tmp_path, RealmSettings())
        assert store.reload()
        assert (len(store.snapshot.users), store.snapshot.generation) == (0, 1)

    def test_a_directory_that_never_existed_is_an_error(self, tmp_path):
        store = FileRealmStore(tmp_path / "typo", RealmSettings())
        with pytest.raises(ConfigurationFileMissingError, match="typo"):
            store.reload()


class TestUnreadable:
    """A file that cannot be read, or that is not UTF-8."""

    @pytest.fixture(params=["utf-16", "folder", "same file"])
    def spoil(self, request, folder):
        def spoil(name):
            path = folder / name
            path.unlink()
            if request.param == "folder":
                path.mkdir()
            elif request.param == "same file" and name == "users_roles":
                path.symlink_to("users")
            else:
                path.write_text("a:b\n", encoding="utf-16")

        return spoil

    @pytest.mark.parametrize("name", ["users", "users_roles"])
    def test_the_last_good_state_of_both_stays(self, store, folder, spoil, changes, caplog, name):
        store.reload()
        good = store.snapshot
        spoil(name)
        (folder / ("users_roles" if name == "users" else "users")).write_text("other:bob\n")
        assert not store.reload()
        assert store.snapshot.roles_by_user == good.roles_by_user
        assert list(store.snapshot.users) == ["bob", "jane"]
        assert store.snapshot.generation == 1
        assert not store.snapshot.health
        assert store.snapshot.health.status == "stale"
        [problem] = store.snapshot.health.problems
        assert name in str(problem)
        assert errors_in(caplog) == [str(problem)]
        assert [bool(change.health) for change in changes] == [True, False]
        assert changes[-1].names == frozenset()

    def test_the_error_is_reported_once(self, store, spoil, changes, caplog):
        store.reload()
        spoil("users")
        store.reload()
        store.reload()
        assert len(errors_in(caplog)) == 1
        assert len(changes) == 2

    def test_becomes_good_again(self, store, folder, changes, caplog):
        caplog.set_level(logging.INFO)
        store.reload()
        before = (folder / "users").read_bytes()
        (folder / "users").write_bytes(b"\xff")
        store.reload()
        (folder / "users").write_bytes(before)
        assert not store.reload()
        assert store.snapshot.health
        assert "can be used again" in caplog.text
        assert [change.health.status for change in changes] == ["ok", "stale", "ok"]

    def test_at_the_start_there_is_nothing_to_keep(self, store, folder, changes):
        (folder / "users").write_bytes(b"\xff")
        assert not store.reload()
        assert store.snapshot.health.status == "empty"
        assert isinstance(store.snapshot.health.problems[0], FileFormatError)
        (folder / "users").write_text(f"bob:{CHEAP_HASH}\n")
        assert store.reload()
        assert store.snapshot.health
        assert store.snapshot.roles_of("bob") == ("viewer", "admin")

    def test_both_at_once(self, store, spoil):
        store.reload()
        spoil("users")
        spoil("users_roles")
        store.reload()
        assert len(store.snapshot.health.problems) == 2

    @pytest.mark.parametrize("name", ["users", "users_roles"])
    def test_as_a_node(self, folder, spoil, name):
        store = FileRealmStore(folder, RealmSettings(), on_unreadable="node")
        store.reload()
        spoil(name)
        assert store.reload()
        assert store.snapshot.health.status == "empty"
        assert bool(store.snapshot.users) == (name == "users_roles")
        assert bool(store.snapshot.roles_by_user) == (name == "users")

    def test_a_directory_that_vanishes(self, store, folder):
        store.reload()
        folder.rename(folder.with_name("away"))
        assert not store.reload()
        assert store.snapshot.health.status == "stale"
        assert store.snapshot.users

    def test_a_misspelt_choice(self, folder):
        with pytest.raises(ValueError, match=r"\[raise\]"):
            FileRealmStore(folder, RealmSettings(), on_unreadable="raise")


class TestLog:
    def test_what_a_node_would_log(self, store, folder, caplog):
        caplog.set_level(logging.DEBUG)
        (folder / "users").write_text(f"\noops\nbob:{CHEAP_HASH}\n")
        store.reload()
        records = [(record.levelname, record.getMessage()) for record in caplog.records]
        assert ("DEBUG", f"parsed [1] users from file [{folder / 'users'}]") in records
        assert any(level == "INFO" and "generation [1]" in text for level, text in records)
        skipped = [text for level, text in records if level == "ERROR"]
        assert len(skipped) == 1
        assert "line [2]" in skipped[0]

    def test_a_skipped_line_is_an_error_once(self, store, folder, caplog):
        (folder / "users").write_text(f"bob:{CHEAP_HASH}\noops\n")
        store.reload()
        (folder / "users").write_text(f"bob:{CHEAP_HASH}\noops\nalas\n")
        store.reload()
        assert [text.split("]")[0] for text in errors_in(caplog)] == [
            "skipped line [2",
            "skipped line [3",
        ]

    def test_a_line_of_a_later_piece_has_its_number_in_the_file(self, folder, caplog):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(lines, "_PIECE", 1)
            for text in ("a:x\noops\n", "# moved down\na:x\n\noops\n"):
                (folder / "users").write_text(text)
                store = FileRealmStore(folder, RealmSettings())
                store.reload()
        assert [text.split("]")[0] for text in errors_in(caplog) if "skipped" in text] == [
            "skipped line [2",
            "skipped line [4",
        ]

    @pytest.mark.parametrize(
        ("line", "what", "origin"),
        [
            ("oops", "lines skipped of file [{}]", "tracked_file"),
            ("user-{}:swordfish", "users who cannot log in", "store"),
        ],
        ids=["line", "hash"],
    )
    def test_only_the_first_of_very_many_problems_are_logged(
        self, store, folder, caplog, line, what, origin
    ):
        (folder / "users").write_text("".join(f"{line}\n".format(i) for i in range(1000)))
        store.reload()
        assert len(errors_in(caplog)) == 101
        assert errors_in(caplog)[-1] == f"and [900] more {what}".format(folder / "users")
        assert {record.module for record in caplog.records} <= {origin, "store"}

    def test_all_of_a_hundred_problems_are_logged(self, store, folder, caplog):
        (folder / "users").write_text("oops\n" * 100)
        store.reload()
        assert len(errors_in(caplog)) == 100

    def test_an_unusable_hash_is_logged_once(self, store, folder, caplog):
        (folder / "users").write_text("jane:swordfish\n")
        store.reload()
        (folder / "users").write_text("# moved down\njane:swordfish\n")
        store.reload()
        assert len(errors_in(caplog)) == 1
        assert "[jane], line [1]" in caplog.text
        assert "swordfish" not in caplog.text


class TestReadingBoth:
    @pytest.fixture
    def while_waiting(self, monkeypatch):
        """
        Do something in the place of each wait for the files to stand still.

        All that was written counts as written just now, whatever the clocks say: the time of a file
        may be of a tick ago, and a busy machine takes its time between a write and the look at it.
        """

        def install(happening):
            monkeypatch.setattr(realm_files, "_STILL", 3600.0)
            monkeypatch.setattr(realm_files.time, "sleep", lambda _seconds: happening())

        return install

    def test_a_writer_that_is_at_work_is_not_waited_for(self, store, folder):
        with write_lock(lambda: str(folder / "users.lock"), 1.0):
            assert store.reload()
        assert list(store.snapshot.users) == ["bob", "jane"]

    @pytest.mark.parametrize("renames", [1, 2], ids=["before the first file", "between the two"])
    def test_an_unfinished_change_is_read_as_if_it_had_not_begun(self, store, folder, renames):
        store.reload()
        with contextlib.suppress(Dead), intercepted(DieAfterRenames(renames)):
            UsersTool(folder).useradd("al", password_hash=CHEAP_HASH, roles=["admin"])
        assert (folder / "users.journal").exists()
        assert ("al" in (folder / "users_roles").read_text()) == (renames == 2)
        assert not store.reload()
        assert "al" not in store.snapshot.roles_by_user
        UsersTool(folder).userdel("jane")
        assert store.reload()
        assert dict(store.snapshot.roles_by_user) == {"bob": ("viewer", "admin")}

    def test_a_journal_of_a_later_version_leaves_the_last_good_state(self, store, folder):
        store.reload()
        (folder / "users.journal").write_bytes(b"esfilerealm journal 9\n")
        (folder / "users").write_text("")
        assert not store.reload()
        assert list(store.snapshot.users) == ["bob", "jane"]
        assert [type(problem) for problem in store.snapshot.health.problems] == [
            JournalVersionError
        ]

    def test_reading_creates_no_lock_file(self, store, folder):
        store.reload()
        assert sorted(path.name for path in folder.iterdir()) == ["users", "users_roles"]

    def test_both_files_replaced_between_the_two_reads(self, tmp_path, monkeypatch):
        """As Kubernetes does, by the directory link in the path of both files."""
        for number in (1, 2):
            (tmp_path / f"..{number}").mkdir()
            (tmp_path / f"..{number}" / "users").write_text(f"user{number}:{CHEAP_HASH}\n")
            (tmp_path / f"..{number}" / "users_roles").write_text(f"role{number}:user{number}\n")
        (tmp_path / "..data").symlink_to("..1")
        for name in ("users", "users_roles"):
            (tmp_path / name).symlink_to(f"..data/{name}")
        read_file = realm_files.read_file

        def exchanging(path, **options):
            content = read_file(path, **options)
            if path.endswith("users"):
                (tmp_path / "..new").symlink_to("..2")
                (tmp_path / "..new").replace(tmp_path / "..data")
            return content

        monkeypatch.setattr(realm_files, "read_file", exchanging)
        store = FileRealmStore(tmp_path, RealmSettings())
        store.reload()
        assert list(store.snapshot.users) == ["user2"]
        assert dict(store.snapshot.roles_by_user) == {"user2": ("role2",)}

    def test_an_edit_of_the_same_size_is_noticed(self, store, folder, while_waiting):
        edits = ["jim", "tom"]

        def edit():
            if edits:
                replace(folder / "users", f"{edits.pop()}:{CHEAP_HASH}\n".encode())

        (folder / "users").write_text(f"bob:{CHEAP_HASH}\n")
        while_waiting(edit)
        store.reload()
        assert list(store.snapshot.users) == ["jim"]

    def test_both_files_have_to_be_settled(self, store, folder, while_waiting):
        moved = []

        def move():
            if len(moved) < 3:
                moved.append(1)
                with (folder / "users_roles").open("a") as file:
                    file.write(f"r{len(moved)}:bob\n")

        while_waiting(move)
        store.reload()
        assert len(moved) == 3
        assert store.snapshot.roles_of("bob")[-1] == "r3"

    def test_files_that_were_written_long_ago_are_not_waited_for(self, store, folder, monkeypatch):
        monkeypatch.setattr(realm_files.time, "sleep", lambda _seconds: pytest.fail("it waits"))
        monkeypatch.setattr(realm_files.time, "time_ns", lambda: 2**63)
        assert store.reload()

    def test_a_file_that_never_stands_still_is_read_all_the_same(
        self, store, folder, while_waiting
    ):
        calls = []

        def move():
            calls.append(1)
            with (folder / "users_roles").open("a") as file:
                file.write("r:bob\n")

        (folder / "users").unlink()
        while_waiting(move)
        store.reload()
        assert len(calls) == realm_files._SETTLING_ATTEMPTS
        assert store.snapshot.roles_of("bob")


class TestWork:
    """What is not done or not kept: only time and memory would show it."""

    def test_changes_are_not_computed_without_a_listener(self, store, monkeypatch):
        monkeypatch.setattr(RealmSnapshot, "changes_since", None)
        assert store.reload()

    def test_a_usable_hash_is_not_checked_again(self, store, folder, monkeypatch):
        one, other = ("{PBKDF2}1000$" + f"{c * 43}=$" + f"{c * 43}=" for c in "AE")
        (folder / "users").write_text(f"bob:{one}\njane:{one}\n")
        store.reload()
        checked = []
        monkeypatch.setattr(hashing, "hash_problem", checked.append)
        (folder / "users").write_text(f"bob:{one}\njane:{other}\nal:{CHEAP_HASH}\n")
        store.reload()
        assert checked == [other]

    def test_users_and_roles_are_by_the_same_texts(self, store):
        store.reload()
        users = {id(name) for name in store.snapshot.users}
        assert {id(name) for name in store.snapshot.roles_by_user} == users

    @pytest.mark.parametrize("name", ["users", "users_roles"])
    def test_no_content_is_kept_beside_the_parsed_value(self, store, folder, monkeypatch, name):
        """Not even that of an unchanged file."""
        take, contents = TrackedFile.after, []

        def note_content(file, path, content, *how):
            contents.append(content)
            return take(file, path, content, *how)

        monkeypatch.setattr(TrackedFile, "after", note_content)
        store.reload()
        with (folder / name).open("a") as file:
            file.write("# a remark\n")
        store.reload()
        assert [len(content.blocks) for content in contents] == [0, 0, 0, 0]

    @posix
    def test_large_files_are_read_in_blocks(self, folder, monkeypatch):
        monkeypatch.setattr(read, "_BLOCK", 16)
        both = RealmFolder(folder).read_settled()
        assert len(both.users.blocks) > 1
        assert len(both.users_roles.blocks) > 1

    @posix
    def test_a_load_needs_little_memory_beside_its_result(self, store, folder):
        """If both files were kept to the end, it would be more than their size."""
        names = [f"user-{i:05}" for i in range(10_000)]
        (folder / "users").write_text("".join(f"{name}:{CHEAP_HASH}\n" for name in names))
        grants = [f"role-{i}:{','.join(names[i % 100 :: 100])}\n" for i in range(200)]
        (folder / "users_roles").write_text("".join(grants))
        size = sum((folder / name).stat().st_size for name in ("users", "users_roles"))
        tracemalloc.start()
        try:
            store.reload()
            held, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak - held < 0.8 * size


def test_states_of_health_are_equal_by_what_they_say():
    def stale(reason):
        return RealmHealth("stale", (FileFormatError("users", 1, reason),))

    assert stale("not UTF-8") == stale("not UTF-8")
    assert stale("not UTF-8") != stale("another reason")
    assert stale("not UTF-8") != RealmHealth()
    assert RealmHealth() != "ok"
    assert len({stale("not UTF-8"), stale("not UTF-8"), RealmHealth()}) == 2
