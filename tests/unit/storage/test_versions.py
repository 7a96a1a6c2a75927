"""Earlier versions: both files of one state each, in an unbroken chain, for their owner alone."""

from __future__ import annotations

import os
import stat

import pytest
from crash.kit import intercepted
from support.hashes import CHEAP_HASH
from support.storing import OTHER_HASH, STRANGER, Trace, contents, identities, place, posix, root

from esfilerealm import UsersTool
from esfilerealm.errors import FileAccessError, NoEarlierVersionError


def state(realm, suffix=""):
    """Return the content of both files, or of one version of both."""
    return tuple((realm / f"{name}{suffix}").read_bytes() for name in ("users", "users_roles"))


def chain(realm):
    """Return all states from now back to the oldest version; both files have the same numbers."""
    numbers = [
        sorted(int(path.suffix[1:-1]) for path in realm.glob(f"{name}.*~"))
        for name in ("users", "users_roles")
    ]
    assert numbers[0] == numbers[1] == list(range(1, len(numbers[0]) + 1))
    return [state(realm), *(state(realm, f".{number}~") for number in numbers[0])]


class Writer:
    """Makes one change after the other, and remembers the states in between, the latest first."""

    def __init__(self, realm):
        self.realm = realm
        self.states = [state(realm)]

    def write(self, times=1, **options):
        for _ in range(times):
            UsersTool(self.realm, **options).roles("bob", add=[f"r{len(self.states)}"])
            self.states.insert(0, state(self.realm))


@pytest.fixture
def writer(realm):
    return Writer(realm)


class TestRotation:
    def test_by_default_none_is_kept(self, realm, writer):
        writer.write(2)
        assert chain(realm) == writer.states[:1]

    @pytest.mark.parametrize("keep", [1, 3])
    def test_so_many_are_kept(self, realm, writer, keep):
        for _ in range(5):
            writer.write(keep=keep)
            assert chain(realm) == writer.states[: keep + 1]

    def test_then_as_many_as_there_are(self, realm, writer):
        writer.write(3, keep=2)
        writer.write(2)
        assert chain(realm) == writer.states[:3]

    def test_more_from_now_on(self, realm, writer):
        writer.write(2, keep=1)
        for _ in range(3):
            writer.write(keep=3)
        assert chain(realm) == writer.states[:4]

    def test_fewer_from_now_on(self, realm, writer):
        writer.write(4, keep=3)
        writer.write(keep=1)
        assert chain(realm) == writer.states[:2]

    def test_none_from_now_on(self, realm, writer):
        writer.write(4, keep=3)
        writer.write(keep=0)
        assert chain(realm) == writer.states[:1]
        assert sorted(contents(realm)) == ["elasticsearch.yml", "users", "users_roles"]

    @pytest.mark.parametrize(
        "verb",
        [
            lambda tool: tool.passwd("bob", password_hash=OTHER_HASH),
            lambda tool: tool.roles("bob", add=["x"]),
        ],
        ids=["users", "users_roles"],
    )
    def test_both_files_are_kept_whichever_changes(self, realm, verb):
        before = state(realm)
        verb(UsersTool(realm, keep=1))
        assert chain(realm)[1:] == [before]

    def test_a_missing_users_roles_is_kept_as_an_empty_one(self, realm):
        (realm / "users_roles").unlink()
        UsersTool(realm, keep=1).roles("bob", add=["x"])
        assert state(realm, ".1~")[1] == b""

    @pytest.mark.parametrize("options", [{}, {"dry_run": True}], ids=["no change", "dry run"])
    def test_a_write_that_changes_nothing_keeps_nothing(self, realm, writer, options):
        writer.write(keep=2)
        before = identities(realm)
        UsersTool(realm, keep=2, **options).roles("bob", add=["x"] if options else ["viewer"])
        assert identities(realm) == before

    def test_an_old_one_is_moved_and_not_copied(self, realm, writer):
        """However large the files are, a rotation writes one copy of each."""
        writer.write(2, keep=3)
        trace = Trace()
        with intercepted(trace):
            writer.write(keep=3)
        assert [call for call in trace.calls if call.startswith("write")] == [
            "write users.lock",
            "write users.1~.tmp",
            "write users_roles.1~.tmp",
            "write users_roles.tmp",
            "write users.journal.tmp",
            "write users.lock",
        ]


@posix
class TestPrivacy:
    def test_a_version_is_for_nobody_but_the_owner(self, realm, writer):
        for name in ("users", "users_roles"):
            (realm / name).chmod(0o664)
        writer.write(3, keep=2)
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in realm.glob("*~")}
        assert modes == dict.fromkeys(
            ["users.1~", "users.2~", "users_roles.1~", "users_roles.2~"], 0o600
        )

    @root
    def test_it_belongs_to_whom_the_file_belongs(self, realm, writer):
        for name in ("users", "users_roles"):
            os.chown(realm / name, STRANGER, 4712)
        writer.write(2, keep=2)
        owners = {(path.stat().st_uid, path.stat().st_gid) for path in realm.glob("*~")}
        assert owners == {(STRANGER, 4712)}


class TestUndo:
    def test_there_and_back(self, realm, writer):
        writer.write(keep=1)
        after, before = writer.states
        tool = UsersTool(realm)
        assert tool.undo()
        assert chain(realm) == [before, after]
        assert tool.undo()
        assert chain(realm) == [after, before]

    def test_older_versions_stay(self, realm, writer):
        writer.write(3, keep=3)
        UsersTool(realm).undo()
        now, one, two, three = writer.states
        assert chain(realm) == [one, now, two, three]

    def test_what_others_did_since_is_gone_back_on_too(self, realm, writer):
        writer.write(keep=1)
        (realm / "users_roles").write_text("theirs:bob\n")
        UsersTool(realm).undo()
        assert chain(realm) == [writer.states[1], (writer.states[0][0], b"theirs:bob\n")]

    def test_tells_what_becomes_of_whom(self, realm):
        with UsersTool(realm, keep=1).transaction() as change:
            change.useradd("al", password_hash=CHEAP_HASH, roles=["x"])
            change.roles("bob", remove=["viewer"])
        changes = UsersTool(realm).undo().changes
        assert changes.removed == ("al",)
        assert dict(changes.roles) == {"bob": ((), ("viewer",))}
        again = UsersTool(realm).undo().changes
        assert dict(again.added) == {"al": ("x",)}

    def test_a_dry_run_goes_nowhere(self, realm, writer):
        writer.write(keep=1)
        before = identities(realm)
        assert UsersTool(realm, dry_run=True).undo()
        assert identities(realm) == before

    def test_nothing_is_another(self, realm, writer):
        writer.write(keep=1)
        for name in ("users", "users_roles"):
            (realm / f"{name}.1~").write_bytes((realm / name).read_bytes())
        before = identities(realm)
        assert not UsersTool(realm).undo()
        assert identities(realm) == before

    @pytest.mark.parametrize("missing", ["users", "users_roles"])
    def test_half_a_version_is_not_one(self, realm, writer, missing):
        writer.write(keep=1)
        (realm / f"{missing}.1~").unlink()
        before = identities(realm)
        with pytest.raises(NoEarlierVersionError, match=rf"{missing}\.1~\] does not exist"):
            UsersTool(realm).undo()
        assert identities(realm) == before

    def test_a_name_that_cannot_be_written_today_is_no_reason(self, realm):
        """A node took it; nobody has more than in either state on the way."""
        (realm / "users_roles").write_text(" #odd:bob\na,b:bob\nr0:bob,c d\n")
        before = state(realm)
        UsersTool(realm, keep=1).userdel("bob")
        UsersTool(realm).undo()
        assert state(realm) == before


@posix
class TestTrust:
    """Others may write in the directory too: what they put there becomes no content of ours."""

    PLACED = ("link", "pipe", "folder", pytest.param("of somebody else", marks=root))

    def place(self, path, kind):
        path.unlink()
        if kind == "of somebody else":
            path.write_text("eve:x\n")
            os.chown(path, STRANGER, STRANGER)
        else:
            place(path, kind, path.with_name("elasticsearch.yml"))

    @pytest.mark.parametrize("kind", PLACED)
    @pytest.mark.parametrize("name", ["users.1~", "users_roles.1~"])
    def test_undo(self, realm, writer, name, kind):
        writer.write(keep=1)
        self.place(realm / name, kind)
        with pytest.raises(FileAccessError, match=rf"{name}\]"):
            UsersTool(realm).undo()
        assert state(realm) == writer.states[0]

    @pytest.mark.parametrize("kind", PLACED)
    @pytest.mark.parametrize("name", ["users.1~", "users.2~", "users_roles.1~"])
    def test_rotation(self, realm, writer, name, kind):
        writer.write(2, keep=2)
        self.place(realm / name, kind)
        with pytest.raises(FileAccessError, match=rf"{name}\]"):
            writer.write(keep=2)
        assert state(realm) == writer.states[0]

    @root
    def test_one_of_the_owner_of_the_files_is_believed(self, realm, writer):
        writer.write(keep=1)
        for path in (realm, *realm.iterdir()):
            os.chown(path, STRANGER, STRANGER)
        UsersTool(realm).undo()
        assert state(realm) == writer.states[1]


@pytest.mark.parametrize("missing", ["users.1~", "users.2~", "users_roles.1~", "users_roles.2~"])
def test_a_gap_that_somebody_made_is_no_reason_not_to_write(realm, writer, missing):
    """Nor is a name that only looks like a version."""
    writer.write(3, keep=3)
    (realm / missing).unlink()
    others = ["users.0~", "users.01~", "users.x~", "users.9999999999~"]
    for name in others:
        (realm / name).touch()
    writer.write(keep=2)
    assert [state(realm), state(realm, ".1~")] == writer.states[:2]
    assert {(realm / name).read_bytes() for name in others} == {b""}


@root
def test_a_file_of_another_owner_than_its_version_is_not_replaced(realm):
    tool = UsersTool(realm, keep=1)
    tool.roles("bob", add=["x"])
    before = contents(realm)
    os.chown(realm / "users", STRANGER, STRANGER)
    with pytest.raises(FileAccessError, match=rf"user \[{STRANGER}\] owns it"):
        tool.undo()
    assert contents(realm) == before
