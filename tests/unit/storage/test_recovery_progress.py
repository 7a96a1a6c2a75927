"""What the files hold tells how far a change has come, and the way back can be taken twice."""

from __future__ import annotations

import errno
import os
import stat

import pytest
from crash.kit import Count, Fail, intercepted
from support.storing import Interrupt, Trace, contents, identities, posix

from esfilerealm._storage.journal import JournalStep, UnusableJournalError
from esfilerealm._storage.progress import Progress
from esfilerealm._storage.read import digest_of, read_plain_file
from esfilerealm._storage.recovery import restore, seen_by_readers
from esfilerealm.errors import FileAccessError

#: What files hold one after the other, as in: roles, then the user, then more roles.
CHANGES = {
    "three writes of two files": [
        ("users_roles", b"A", b"B"),
        ("users", b"a", b"b"),
        ("users_roles", b"B", b"C"),
    ],
    "a new file": [("users_roles", None, b"B"), ("users", b"a", b"b")],
    "a file that goes": [("users.2~", b"x", None), ("users.1~", b"y", b"x"), ("users", b"a", b"b")],
    "attributes alone": [("users", b"a", b"a"), ("users_roles", b"A", b"A")],
    "there and back": [("users_roles", b"A", b"B"), ("users_roles", b"B", b"A")],
    "a new file twice": [
        ("users_roles", None, b"B"),
        ("users", b"a", b"b"),
        ("users_roles", b"B", b"C"),
    ],
}

#: Those in which a file holds the same at several moments.
SAME = {"attributes alone", "there and back"}


def put_back(steps):
    """Roll back; raise what could not be made durable."""
    fault = restore(steps)
    if fault is not None:
        raise fault


def digest(data):
    return None if data is None else digest_of(data)


class Change:
    """One that was broken off after some of its steps, with all that is kept aside for it."""

    def __init__(self, folder, name, taken, *, in_place=False):
        self.folder = folder
        self.steps = []
        for number, (file, before, after) in enumerate(CHANGES[name]):
            target = str(folder / file)
            old = f"{target}.{number:016x}.tmp" if before is not None else None
            if old is not None:
                put(old, before)
            if not any(step.target == target for step in self.steps):
                put(target, before)
            overwrites = in_place and stays_there(name, file)
            inode = os.stat(target).st_ino if overwrites else None
            if after is not None and not overwrites:
                put(staged(target, number), after)
                inode = os.stat(staged(target, number)).st_ino
            had = attributes(target) if overwrites else None
            self.steps.append(JournalStep(target, digest(before), digest(after), old, inode, had))
        self.before = named(folder)
        for number, (file, _, after) in enumerate(CHANGES[name][:taken]):
            if self.steps[number].in_place or self.steps[number].inode is None:
                put(str(folder / file), after)
            else:
                os.replace(staged(str(folder / file), number), folder / file)

    @property
    def progress(self):
        return Progress(self.steps)


def attributes(path):
    status = os.stat(path)
    return stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid


def stays_there(name, file):
    """Only such a file can be overwritten."""
    return all(
        None not in (before, after) for other, before, after in CHANGES[name] if other == file
    )


def staged(target, number):
    return f"{target}.{number:016x}.staged.tmp"


def put(path, data):
    if data is not None:
        with open(path, "wb") as file:
            file.write(data)
    elif os.path.exists(path):
        os.unlink(path)


def named(folder):
    """The files that are known by their own names."""
    return {name: data for name, data in contents(folder).items() if not name.endswith(".tmp")}


POINTS = [
    pytest.param((name, taken, in_place), id=f"{name}, {taken} taken{', in place' * in_place}")
    for name, steps in CHANGES.items()
    for in_place in (False, True)
    for taken in range(len(steps) + 1)
]


@pytest.fixture
def change(request, tmp_path):
    """By default one that was broken off in the middle."""
    name, taken, in_place = getattr(request, "param", ("three writes of two files", 2, False))
    return Change(tmp_path, name, taken, in_place=in_place)


at_each_point = pytest.mark.parametrize("change", POINTS, indirect=True)


class TestProgress:
    @pytest.mark.parametrize("name", CHANGES)
    def test_after_each_step(self, tmp_path, name):
        """Where the content is the same at several moments, the inode tells."""
        for taken in range(len(CHANGES[name]) + 1):
            folder = tmp_path / str(taken)
            folder.mkdir()
            change = Change(folder, name, taken)
            assert change.progress.done == change.steps[:taken]
            assert change.progress.is_complete == (taken == len(change.steps))

    @pytest.mark.parametrize("taken", [0, 1, 2, 3])
    def test_a_file_that_is_overwritten_may_be_half_way_whatever_it_holds(self, tmp_path, taken):
        """Its attributes are given before its content, and both may be on the disk or not."""
        change = Change(tmp_path, "three writes of two files", taken, in_place=True)
        assert change.progress.done == change.steps
        assert not change.progress.is_complete

    @pytest.mark.parametrize("name", ["users", "users_roles"])
    def test_a_file_that_somebody_else_wrote_since(self, change, name):
        put(str(change.folder / name), b"theirs")
        with pytest.raises(UnusableJournalError, match=rf"{name}\] was changed by another program"):
            change.progress  # noqa: B018 - it is asked for

    def test_a_file_that_somebody_else_removed_since(self, change):
        (change.folder / "users").unlink()
        with pytest.raises(UnusableJournalError, match=r"users\] was changed by another program"):
            change.progress  # noqa: B018 - it is asked for

    def test_no_steps(self):
        progress = Progress([])
        assert (progress.done, progress.is_complete) == ([], True)


class TestPutBack:
    @at_each_point
    def test_to_the_last_byte(self, change):
        put_back(change.steps)
        assert named(change.folder) == change.before

    @at_each_point
    def test_twice(self, change):
        put_back(change.steps)
        put_back(change.steps)
        assert named(change.folder) == change.before

    @pytest.mark.parametrize(
        "disturb", [lambda at: Fail(at, errno.EIO), Interrupt], ids=["fault", "interrupt"]
    )
    @pytest.mark.parametrize("in_place", [False, True], ids=["replaced", "in place"])
    @pytest.mark.parametrize("name", CHANGES)
    def test_it_can_be_broken_off_and_begun_anew(self, tmp_path, name, in_place, disturb):
        def fresh(number):
            folder = tmp_path / str(number)
            folder.mkdir()
            return Change(folder, name, len(CHANGES[name]), in_place=in_place)

        count = Count()
        with intercepted(count):
            put_back(fresh(0).steps)
        for at in range(1, len(count.names) + 1):
            change = fresh(at)
            with pytest.raises((FileAccessError, KeyboardInterrupt)), intercepted(disturb(at)):
                put_back(change.steps)
            put_back(change.steps)
            assert named(change.folder) == change.before

    @posix
    def test_in_the_reverse_order_and_durable_at_each_step(self, change):
        put(str(change.folder / "users_roles"), b"C")
        trace = Trace()
        with intercepted(trace):
            put_back(change.steps)
        here = f"fsync {change.folder.name}"
        assert trace.calls == [
            here,
            *("rename users_roles.tmp", here),
            *("rename users.tmp", here),
            *("rename users_roles.tmp", here),
        ]

    @posix
    def test_the_very_file_that_was_there(self, change):
        inodes = {step.old: os.stat(step.old).st_ino for step in change.steps}
        put_back(change.steps)
        assert (change.folder / "users").stat().st_ino == inodes[change.steps[1].old]
        assert (change.folder / "users_roles").stat().st_ino == inodes[change.steps[0].old]

    @posix
    def test_in_place_the_inode_stays_and_mode_and_all_bytes_are_rolled_back(self, tmp_path):
        change = Change(tmp_path, "three writes of two files", 2, in_place=True)
        """The mode is that of the journal: a backup may be somebody else's."""
        mode = stat.S_IMODE((tmp_path / "users").stat().st_mode)
        for step in change.steps:
            os.chmod(step.old, 0o604)
        (tmp_path / "users").chmod(0o600)
        inode = (tmp_path / "users").stat().st_ino
        put(str(tmp_path / "users"), b"half of what is new, and much longer than the old")
        put_back(change.steps)
        status = (tmp_path / "users").stat()
        assert (status.st_ino, stat.S_IMODE(status.st_mode)) == (inode, mode)
        assert named(tmp_path) == change.before

    @posix
    def test_what_was_overwritten_is_durable_first(self, tmp_path):
        """Its writer may have been killed before that."""
        change = Change(tmp_path, "three writes of two files", 2, in_place=True)
        trace = Trace()
        with intercepted(trace):
            put_back(change.steps)
        assert set(trace.calls[:2]) == {"fsync users", "fsync users_roles"}
        assert trace.calls[2] == f"fsync {tmp_path.name}"

    @pytest.mark.parametrize("in_place", [False, True], ids=["replaced", "in place"])
    @pytest.mark.parametrize("fault", ["missing", "altered", "empty"])
    @pytest.mark.parametrize("number", [0, 1, 2])
    def test_a_missing_backup_is_known_before_anything_is_touched(
        self, tmp_path, number, fault, in_place
    ):
        change = Change(tmp_path, "three writes of two files", 3, in_place=in_place)
        old = change.steps[number].old
        put(old, {"missing": None, "altered": b"x", "empty": b""}[fault])
        before = identities(tmp_path)
        with pytest.raises(UnusableJournalError, match=r"tmp\], the backup of \[.*\], is missing"):
            put_back(change.steps)
        assert identities(tmp_path) == before

    @posix
    def test_a_link_in_the_place_of_what_was_kept(self, change, tmp_path):
        """Somebody else of the directory would have us put in any file that we can read."""
        old = change.steps[1].old
        os.rename(old, tmp_path / "secret")
        os.symlink("secret", old)
        before = identities(tmp_path)
        with pytest.raises(FileAccessError):
            put_back(change.steps)
        assert identities(tmp_path) == before

    def test_what_was_overwritten_has_nothing_kept_if_a_power_cut_came_before(self, tmp_path):
        change = Change(tmp_path, "attributes alone", 0, in_place=True)
        for step in change.steps:
            os.unlink(step.old)
        put_back(change.steps)
        assert named(tmp_path) == change.before

    def test_what_is_kept_for_a_step_that_was_not_taken_is_not_needed(self, change):
        os.unlink(change.steps[2].old)
        put_back(change.steps)
        assert named(change.folder) == change.before


class TestAsRead:
    def read(self, change):
        """What a reader makes of ``users`` and ``users_roles``."""
        files = [read_plain_file(str(change.folder / name)) for name in ("users", "users_roles")]
        seen = seen_by_readers(change.steps, files)
        assert [file.path for file in seen.values()] == [file.path for file in files] == [*seen]
        return {os.path.basename(path): file.data for path, file in seen.items() if file.exists}

    @at_each_point
    def test_as_before_however_much_is_made(self, change):
        """The next writer would roll it back."""
        both = {"users", "users_roles"}
        assert self.read(change) == {n: data for n, data in change.before.items() if n in both}

    def test_a_file_that_is_not_in_it(self, change):
        both = [str(change.folder / name) for name in ("other", "another")]
        for path in both:
            put(path, b"x")
        files = [read_plain_file(path) for path in both]
        assert list(seen_by_readers(change.steps, files).values()) == files

    def test_nothing_is_written(self, change):
        trace, before = Trace(), identities(change.folder)
        with intercepted(trace):
            self.read(change)
        assert trace.calls == []
        assert identities(change.folder) == before

    def test_a_change_that_ended_just_now(self, change):
        """What was kept is gone: the reader has to look again."""
        os.unlink(change.steps[1].old)
        with pytest.raises(UnusableJournalError, match="is missing"):
            self.read(change)

    def test_a_file_that_somebody_else_wrote_since(self, change):
        put(str(change.folder / "users"), b"theirs")
        with pytest.raises(UnusableJournalError, match="changed by another program"):
            self.read(change)
