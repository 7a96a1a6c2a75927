"""
Another user who may write to the folder gets root to do nothing outside of it, and reads no more.

What the other user puts there beforehand, what is exchanged between any two system calls of root,
records that are forged, and names that would be more than a name.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from contextlib import closing, contextmanager
from itertools import product
from pathlib import Path

import pytest
from crash.attack_paths import ATTACK_PATHS, facts_of
from crash.kit import Count, intercepted
from crash.layouts import acting
from crash.other_user import OTHER_GROUP, OTHER_USER, SECRETS, VICTIM, Interference, SharedDirectory
from crash.processes import command, open_place
from crash.scenarios import USERS, USERS_ROLES, realm
from hypothesis import given
from hypothesis import strategies as st
from support.hashes import SHA_HASH
from support.storing import broken_off, contents, posix, root
from support.strategies import role_names, usernames

from esfilerealm import UsersTool
from esfilerealm._storage import RealmFolder
from esfilerealm.cli.exits import DATA, NO_PERMISSION
from esfilerealm.errors import FileAccessError, FileRealmError

pytestmark = posix


def useradd(folder, **options):
    tool = UsersTool(folder, **options)
    return tool.useradd("new", password_hash=SHA_HASH, roles=["viewer", "fresh"])


def undo(folder):
    return UsersTool(folder).undo()


#: What root does, by a name for it.
WRITES = {
    "useradd": lambda folder: useradd(folder, keep=1),
    "useradd in place": lambda folder: useradd(folder, strategy="in_place"),
    "undo": undo,
}


@contextmanager
def shared_directory(place, write):
    """Make one in which *write* can be done."""
    with closing(SharedDirectory(place)) as where:
        if write == "undo":
            UsersTool(where.folder, keep=1).roles("bob", add=["fresh"])
        yield where


@pytest.fixture
def place():
    with open_place() as place:
        yield place


@pytest.fixture
def where(place):
    with shared_directory(place, "undo") as where:
        yield where


def outcome_of(act, *args):
    """Do something; give its result or its error. Anything that is no error of ours is raised."""
    try:
        return act(*args)
    except FileRealmError as error:
        return error


def assert_silent(outcome):
    """Neither a result nor an error, nor what has led to it, says a secret."""
    said = repr(outcome)
    while outcome is not None:
        said += f"{outcome} {getattr(outcome, 'args', '')}"
        outcome = getattr(outcome, "__cause__", None) or getattr(outcome, "__context__", None)
    assert not [name for name, secret in SECRETS.items() if secret.decode() in said]


def exchanges():
    """Yield what root does, which file is replaced by what, and whether only for a moment."""
    names = {
        "useradd": ["users", "users_roles", "users.lock", "users.journal", "users.1~", "temporary"],
        "useradd in place": ["users", "users_roles", "temporary"],
        "undo": ["users", "users.1~", "temporary"],
    }
    for write, kind, is_brief in product(WRITES, ("link", "hard link", "file"), (False, True)):
        for name in names[write]:
            case = f"{write}, {name}, {kind}, {'for a moment' if is_brief else 'for good'}"
            yield pytest.param(write, name, kind, is_brief, id=case)


@root
@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize(("write", "name", "kind", "is_brief"), [*exchanges()])
def test_an_exchange_between_any_two_calls(place, write, name, kind, is_brief, record_property):
    """What root does succeeds or not; nothing outside changes, and nothing is there to be read."""
    count = Count()
    with shared_directory(place / "0", write) as where, intercepted(count):
        WRITES[write](where.folder)
    for at in range(1, len(count.names) + 1):
        with shared_directory(place / str(at), write) as where:
            act = Interference(where, name, kind, at=at, is_brief=is_brief)
            with intercepted(act):
                outcome = outcome_of(WRITES[write], where.folder)
            where.check_outside()
            assert not act.exposed
            assert_silent(outcome)
    record_property("exchanges", len(count.names))


@root
class TestPlanted:
    """What is in the place of a file before root comes."""

    REFUSED = (
        ("users", "link", "who might lead us"),
        ("users_roles", "link", "who might lead us"),
        ("users", "pipe", "not a regular file"),
        ("users_roles", "pipe", "not a regular file"),
        ("users", "folder", "not a regular file"),
        ("users_roles", "folder", "not a regular file"),
        ("users.lock", "link", "not a lock file"),
        ("users.lock", "hard link", "not a lock file"),
        ("users.lock", "pipe", "not a lock file"),
        ("users.lock", "folder", "not a lock file"),
        ("users.1~", "link", "it is a link, where esfilerealm keeps a file of its own: remove it"),
        ("users.1~", "file", rf"it is from user \[{OTHER_USER}\], who does not own"),
        ("users.1~", "pipe", "not a regular file"),
        ("users_roles.1~", "folder", "not a regular file"),
    )

    @pytest.mark.parametrize(("name", "kind", "message"), REFUSED)
    def test_is_refused(self, where, name, kind, message):
        where.plant(where.folder / name, kind)
        for write, reason in ((useradd, message), (undo, None)):
            with pytest.raises(FileRealmError, match=reason) as caught:
                write(where.folder)
            assert_silent(caught.value)
            assert not where.exposed()

    @pytest.mark.parametrize(
        ("kind", "reason"),
        [
            ("link", "it is a link or not a regular file"),
            ("pipe", "it is a link or not a regular file"),
            ("folder", "it is a link or not a regular file"),
            ("hard link", "second name"),
            ("file", rf"user \[{OTHER_USER}\] wrote it"),
        ],
    )
    def test_in_the_place_of_a_record_is_set_aside(self, where, kind, reason):
        where.plant(where.folder / "users.journal", kind)
        recovery = useradd(where.folder).recovery
        assert (recovery.outcome, bool(re.search(reason, recovery.reason))) == ("quarantined", True)
        assert_silent(recovery)
        where.check_outside()
        assert not where.exposed()
        assert command("check", "-c", str(where.folder))[0] == DATA

    @pytest.mark.parametrize("name", ["users", "users_roles"])
    @pytest.mark.parametrize("command_name", ["undo", "check", "init"])
    def test_a_link_to_a_file_elsewhere_moves_nothing_beside_that(self, where, command_name, name):
        """Its lock would be made, its record set aside, and its leftovers removed."""
        where.plant(where.folder / name, "link")
        command(command_name, "-c", str(where.folder))
        where.check_outside()
        assert not where.exposed()

    @pytest.mark.parametrize("name", ["users", "users_roles"])
    def test_a_link_to_a_file_elsewhere_is_named_by_the_command(self, where, name):
        where.plant(where.folder / name, "link")
        words = ("useradd", "new", "--hash", SHA_HASH, "-r", "viewer")
        exit_code, error = command(*words, "-c", str(where.folder))
        assert exit_code == NO_PERMISSION
        assert f"the link [{where.folder}/{name}] is from user [{OTHER_USER}]" in error
        where.check_outside()

    def test_a_version_with_a_second_name_is_refused(self, where):
        """It would bring what only root may read into a file for the readers of the realm."""
        where.plant(where.folder / "users.1~", "hard link")
        with pytest.raises(FileAccessError):
            undo(where.folder)
        assert (where.folder / "users").read_text() == USERS


@root
class TestTemporaryNames:
    def test_nobody_can_guess_them(self, where):
        """64 random bits each, and others every time."""
        names = []

        def note(call):
            if creates_temporary(call):
                names.append(os.path.basename(call.args[0]))
            return call.make()

        with intercepted(note):
            useradd(where.folder)
            UsersTool(where.folder).userdel("new")
        assert len(names) > 6
        assert len(set(names)) == len(names)
        for name in names:
            assert re.fullmatch(r"users(_roles)?(\.1~|\.journal)?\.[0-9a-f]{16}\.tmp", name)

    @pytest.mark.parametrize("kind", ["link", "hard link", "file", "pipe", "folder"])
    @pytest.mark.parametrize("write", [useradd, undo])
    def test_nothing_is_written_to_what_is_there_already(self, where, place, write, kind):
        """As if one had been guessed, and taken just before root creates it."""
        count = Guess(where, kind, at=0)
        with intercepted(count):
            write(where.folder)
        for at in range(1, count.creations + 1):
            with shared_directory(place / str(at), "undo") as other:
                before = contents(other.folder)
                with pytest.raises(FileAccessError, match="File exists"):
                    with intercepted(Guess(other, kind, at=at)):
                        write(other.folder)
                other.check_outside()
                assert not other.exposed()
                assert before.items() <= contents_of_files(other.folder).items()


class Guess:
    """The other user takes the name of the *at*-th temporary file, just before it is created."""

    def __init__(self, where, kind, *, at):
        self.creations = 0
        self._where = where
        self._kind = kind
        self._at = at

    def __call__(self, call):
        if creates_temporary(call):
            self.creations += 1
            if self.creations == self._at:
                self._where.plant(Path(call.args[0]), self._kind)
        return call.make()


def creates_temporary(call):
    return call.name == "open" and call.args[1] & os.O_EXCL and call.args[0].endswith(".tmp")


def contents_of_files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


#: What the other user would have put back, under a name that a writer might have given it.
EVIL = b"superuser:mallory\n"
SETTINGS = b"# another file\n"
KEPT = "users_roles.0123456789abcdef.tmp"

#: From what is forged to what the record then says of its first step. The paths are in the folder.
FORGERIES = {
    "a file elsewhere": {"target": "{outside}/shadow", "after": VICTIM},
    "a file above": {"target": "../outside/shadow", "after": VICTIM},
    "a file elsewhere, in place": {
        "target": "{outside}/shadow",
        "after": VICTIM,
        "in_place": True,
    },
    "a file elsewhere that is not there": {"target": "{outside}/fresh", "after": None},
    "a file elsewhere that is to go": {
        "target": "{outside}/shadow",
        "after": VICTIM,
        "before": None,
        "old": None,
    },
    "what is kept elsewhere": {"old": "{outside}/shadow.0123456789abcdef.tmp", "before": VICTIM},
    "what is kept above": {"old": "../outside/shadow.0123456789abcdef.tmp", "before": VICTIM},
    "what is kept elsewhere, in place": {
        "old": "{outside}/shadow.0123456789abcdef.tmp",
        "before": VICTIM,
        "in_place": True,
    },
    "another file of the folder": {"target": "elasticsearch.yml", "after": SETTINGS},
    "a file that is no temporary one": {"old": "elasticsearch.yml", "before": SETTINGS},
}


#: What recovers from a journal; each returns the recovery.
ACTS = {
    "recover": lambda folder: UsersTool(folder).recover(),
    "passwd": lambda folder: UsersTool(folder).passwd("al", password_hash=SHA_HASH).recovery,
}


@root
class TestForgedRecords:
    """
    A record says what to put back where. Each of these would have something put back that matters.

    Whoever forges one makes it whole: its checksum is against accidents, not against people.
    """

    @pytest.fixture
    def where(self, place):
        """One with the record of a writer of root who was killed between the two files."""
        with shared_directory(place, "useradd") as where:
            (where.folder / "elasticsearch.yml").write_bytes(SETTINGS)
            broken_off(lambda: useradd(where.folder), 2)
            (where.folder / KEPT).write_bytes(EVIL)
            self.half_made = (where.folder / "users_roles").read_bytes()
            yield where

    def forge(self, where, **forged):
        """Change the first step of the journal, which is about ``users_roles``."""
        record = where.folder / "users.journal"
        first_line, content, *_ = record.read_bytes().split(b"\n")
        content = json.loads(content)
        for key, value in forged.items():
            if isinstance(value, bytes):
                content["steps"][0][key] = hashlib.sha256(value).hexdigest()
            elif isinstance(value, str):
                content["steps"][0][key] = value.format(outside=where.outside)
            else:
                content["steps"][0][key] = value
        lines = first_line + b"\n" + json.dumps(content).encode() + b"\n"
        record.write_bytes(lines + hashlib.sha256(lines).hexdigest().encode() + b"\n")

    def assert_set_aside(self, where, act):
        """It is not acted on, kept for a person to see, and reported; by a check too."""
        forged = (where.folder / "users.journal").read_bytes()
        recovery = act(where.folder)
        assert recovery.outcome == "quarantined"
        assert_silent(recovery)
        assert Path(recovery.path).read_bytes() == forged
        where.check_outside()
        assert not where.exposed()
        assert (where.folder / "elasticsearch.yml").read_bytes() == SETTINGS
        assert (where.folder / "users_roles").read_bytes() == self.half_made
        assert {*UsersTool(where.folder).list_users()} == {"bob", "al", "jim"}
        assert command("check", "-c", str(where.folder))[0] == DATA

    def test_one_that_is_not_is_acted_on(self, where):
        """Without this, the others would prove nothing."""
        self.forge(where)
        assert UsersTool(where.folder).recover().outcome == "rolled_back"
        assert (where.folder / "users_roles").read_bytes() == USERS_ROLES.encode()

    def test_one_that_is_about_the_folder_is_acted_on(self, where):
        self.forge(where, old=KEPT, before=EVIL)
        assert UsersTool(where.folder).recover().outcome == "rolled_back"
        assert (where.folder / "users_roles").read_bytes() == EVIL

    @pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
    @pytest.mark.parametrize("forged", FORGERIES.values(), ids=FORGERIES)
    def test_about_something_else(self, where, forged, act):
        """Whoever has written it, even root."""
        self.forge(where, **{"old": KEPT, "before": EVIL, **forged})
        self.assert_set_aside(where, act)

    @pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
    def test_by_the_other_user(self, where, act):
        self.forge(where, old=KEPT, before=EVIL)
        os.chown(where.folder / "users.journal", OTHER_USER, OTHER_GROUP)
        self.assert_set_aside(where, act)

    def write_as_other_user(self, where, name, data):
        """Write into the lock file, which root has made for all writers, and give it a name."""
        lock = where.folder / "users.lock"

        def write():
            lock.write_bytes(data)
            lock.rename(where.folder / name)

        acting(OTHER_USER, OTHER_GROUP, write)
        assert (where.folder / name).stat().st_uid == 0

    @pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
    def test_in_a_file_of_root(self, where, act):
        """Its owner is no proof: the other user may write into it."""
        self.forge(where, old=KEPT, before=EVIL)
        record = (where.folder / "users.journal").read_bytes()
        (where.folder / "users.journal").unlink()
        self.write_as_other_user(where, "users.journal", record)
        assert RealmFolder(where.folder).read().users_roles.data == self.half_made
        self.assert_set_aside(where, act)

    def test_in_a_file_of_root_that_opens_another(self, where):
        """By a record of root, the hashes would get a mode with which anybody can read them."""
        users = where.folder / "users"
        inode, mode = users.stat().st_ino, users.stat().st_mode
        had = [0o666, OTHER_USER, OTHER_GROUP]
        self.forge(
            where, target="users", inode=inode, had=had, before=EVIL, old=KEPT[:5] + KEPT[11:]
        )
        record = (where.folder / "users.journal").read_bytes()
        (where.folder / KEPT).rename(where.folder / (KEPT[:5] + KEPT[11:]))
        (where.folder / "users.journal").unlink()
        self.write_as_other_user(where, "users.journal", record)
        assert UsersTool(where.folder).recover().outcome == "quarantined"
        assert (users.stat().st_ino, users.stat().st_mode, users.stat().st_uid) == (inode, mode, 0)
        assert not where.exposed()

    def test_a_list_of_managed_users_in_a_file_of_root(self, where):
        """A purge would remove those whom the other user names."""
        self.write_as_other_user(where, "users.managed", b'{"version": 1, "users": ["bob"]}')
        with pytest.raises(FileAccessError, match="others could have written it"):
            RealmFolder(where.folder).read_with_managed(is_needed=True)

    @pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
    @pytest.mark.parametrize("link", [os.symlink, os.link])
    def test_a_link_to_one_of_root(self, where, link, act):
        """Such as that of another realm, which would be believed by its owner."""
        self.forge(where, old=KEPT, before=EVIL)
        record = where.folder / "users.journal"
        record.rename(where.folder / "another")
        link(where.folder / "another", record)
        self.assert_set_aside(where, act)

    def test_a_reader_does_not_believe_it_either(self, where):
        """Else a node of ours would let somebody in."""
        self.forge(where, old=KEPT, before=EVIL)
        os.chown(where.folder / "users.journal", OTHER_USER, OTHER_GROUP)
        assert RealmFolder(where.folder).read().users_roles.data == self.half_made


#: Characters that mean something to a file, a terminal, Java or Python, and some that do not.
TROUBLE = "a b#:,\n\r\t\0\x01\x0b\x0c\x1b\x1c\x1d\x1e\x7f\x85\xa0\u2028\u2029\ufeff\ud800\udc80é🙂"
names = st.one_of(
    st.text(st.sampled_from(TROUBLE), max_size=6),
    st.text(st.characters(), max_size=4),
    usernames,
    role_names,
    # What looks like a line, or the end of one and another.
    st.builds("{}\n{}:{}".format, usernames, usernames, st.just(SHA_HASH)),
)


@pytest.mark.property
@pytest.mark.parametrize("attack", ATTACK_PATHS.values(), ids=ATTACK_PATHS)
@given(name=names)
def test_a_name_is_refused_or_read_back(attack, name):
    """No name brings in a line, and none takes another line away."""
    with open_place() as place:
        folder = place / "config"
        realm(folder)
        before = contents(folder)
        try:
            attack.go(folder, name)
        except FileRealmError as error:
            assert contents(folder) == before
            assert_silent(error)
            return
        for path in folder.iterdir():
            path.chmod(0o600)  # whatever --mode says
        now = contents(folder)
    facts, facts_now = facts_of(before), facts_of(now)
    assert facts_now == attack.after(facts, name)
    for file in before:
        assert_other_lines_stay(before[file], now[file], facts ^ facts_now)


def assert_other_lines_stay(before, after, changed):
    """Lines that are gone name what the change is about; all others keep their order."""
    old, new = before.splitlines(), after.splitlines()
    names = {name.encode() for fact in changed for name in fact}
    assert all(any(name in line for name in names) for line in old if line not in new)
    assert [line for line in old if line in new] == [line for line in new if line in old]
