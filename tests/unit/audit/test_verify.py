"""What is wrong with a log is found, and said of the right line."""

from __future__ import annotations

import gzip
import json
import shutil
from contextlib import suppress
from datetime import timedelta

import pytest
from crash.kit import Dead, DieAfterRenames, intercepted
from support.hashes import CHEAP_HASH, SHA_HASH

from esfilerealm import UsersTool
from esfilerealm.audit import read, verify
from esfilerealm.audit.lines import Line, key_id, sealed
from esfilerealm.errors import AuditLogError

KEY = b"0123456789abcdef"
OTHER_KEY = b"fedcba9876543210"


def found(*paths, **how):
    """What ``verify`` says: the kind of each problem, with its line."""
    return [(problem.kind, problem.line) for problem in verify(*paths, **how).problems]


def forged(raw, sealing=None, **changed):
    """The same line with other fields, sealed again."""
    fields = json.loads(raw)
    del fields["version"], fields["hash"]
    return sealed({**fields, **changed}, sealing)


@pytest.fixture(params=[None, KEY], ids=["no key", "key"])
def key(request):
    return request.param


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """By key, a realm with a log of six changes, and a copy of both."""
    made = {}
    for key in (None, KEY):
        place = tmp_path_factory.mktemp("place") / "place"
        realm = place / "config"
        realm.mkdir(parents=True)
        (realm / "users").write_text(f"bob:{CHEAP_HASH}\nal:{CHEAP_HASH}\n")
        (realm / "users_roles").write_text("viewer:bob\n")
        tool = UsersTool(realm, audit=place / "audit.log", audit_key=key)
        tool.useradd("jane", password_hash=CHEAP_HASH, roles=["viewer"])
        tool.roles("jane", add=["admin"])
        tool.passwd("jane", password_hash=SHA_HASH)
        tool.roles("bob", add=["admin"])
        tool.userdel("jane")
        tool.userdel("al")
        shutil.copytree(place, place.with_name("copy"))
        made[key] = place
    return made


@pytest.fixture
def place(places, key):
    """The realm and the log as they were made: making them anew would take long."""
    place = places[key]
    shutil.rmtree(place)
    shutil.copytree(place.with_name("copy"), place)
    return place


@pytest.fixture
def realm(place):
    return place / "config"


@pytest.fixture
def log(place):
    """A log of six changes."""
    return place / "audit.log"


def test_nothing_is_wrong(log, key, realm):
    result = verify(log, key=key, folders=[realm])
    assert result
    assert (result.problems, result.notes, result.line_count) == ((), (), 6)
    assert result.head == json.loads(log.read_bytes().splitlines()[-1])["hash"]
    assert dict(result.folders) == {str(realm): 6}
    assert result.to_dict()["head"] == result.head


#: From the lines of a log, with their ends, to those that somebody has made of them.
ATTACKS = {
    "removed": (lambda lines: [*lines[:2], *lines[3:]], [("removed", 3)]),
    "two removed": (lambda lines: [lines[0], *lines[3:]], [("removed", 2)]),
    "the first removed": (lambda lines: lines[1:], [("beginning", 1)]),
    "two moved": (
        lambda lines: [*lines[:2], lines[3], lines[2], *lines[4:]],
        [("reordered", 4)],
    ),
    "one moved to the end": (
        lambda lines: [*lines[:1], *lines[2:], lines[1]],
        [("reordered", 6)],
    ),
    "one twice": (lambda lines: [*lines[:3], lines[2], *lines[3:]], [("duplicated", 4)]),
    "one twice, later": (lambda lines: [*lines, lines[2]], [("duplicated", 7)]),
    "edited": (
        lambda lines: [*lines[:2], lines[2].replace(b"jane", b"eve!"), *lines[3:]],
        [("edited", 3)],
    ),
    "the last edited": (
        lambda lines: [*lines[:5], lines[5].replace(b'"al"', b'"ed"')],
        [("edited", 6)],
    ),
    "a digest edited": (
        lambda lines: [*lines[:2], lines[2][:-10] + b"0000000" + lines[2][-3:], *lines[3:]],
        [("edited", 3), ("edited", 4)],
    ),
    "a line of something else": (
        lambda lines: [*lines[:2], b"something else\n", *lines[2:]],
        [("malformed", 3)],
    ),
    "an empty line": (lambda lines: [*lines[:2], b"\n", *lines[2:]], [("malformed", 3)]),
    "torn": (lambda lines: [*lines, lines[0][:50]], [("torn", 7)]),
    "torn before its end": (lambda lines: [*lines[:5], lines[5][:-1]], [("torn", 6)]),
    "torn in the middle": (
        lambda lines: [*lines[:2], lines[2][:50] + b"\n", *lines[3:]],
        [("malformed", 3), ("removed", 4)],
    ),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_is_found(log, key, name):
    attack, problems = ATTACKS[name]
    log.write_bytes(b"".join(attack(log.read_bytes().splitlines(keepends=True))))
    assert found(log, key=key) == problems


def test_a_line_that_is_cut_off_is_found_by_the_head(log, key):
    head = verify(log, key=key).head
    lines = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(b"".join(lines[:-1]))
    assert found(log, key=key) == []
    assert found(log, key=key, heads=[head]) == [("head", None)]


def test_a_line_that_is_cut_off_is_found_by_the_files(log, key, realm):
    lines = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(b"".join(lines[:-1]))
    assert found(log, key=key, folders=[realm]) == [("unexplained", None)]


@pytest.mark.parametrize("key", [None], indirect=True, ids=["no key"])
class TestForgedWithoutKey:
    def test_one_line(self, log):
        lines = log.read_bytes().splitlines(keepends=True)
        lines[2] = forged(lines[2], changes={"passwords": ["eve"]})
        log.write_bytes(b"".join(lines))
        assert found(log) == [("edited", 4)]

    def test_all_lines_from_there_need_a_head(self, log):
        head = verify(log).head
        lines = log.read_bytes().splitlines(keepends=True)
        lines[2] = forged(lines[2], changes={"passwords": ["eve"]})
        for at in range(3, 6):
            lines[at] = forged(lines[at], previous=Line.parse(lines[at - 1][:-1]).hash)
        log.write_bytes(b"".join(lines))
        assert found(log) == []
        assert found(log, heads=[head]) == [("head", None)]

    def test_a_key_is_given_that_seals_no_line(self, log):
        assert {kind for kind, _ in found(log, key=KEY)} == {"forged"}


@pytest.mark.parametrize("key", [KEY], indirect=True, ids=["key"])
class TestForgedWithKey:
    @pytest.mark.parametrize(
        ("with_key", "id_of", "problem"),
        [
            pytest.param(None, None, "forged", id="no key"),
            pytest.param(None, KEY, "edited", id="no key, the name of ours"),
            pytest.param(OTHER_KEY, OTHER_KEY, "forged", id="another key"),
            pytest.param(OTHER_KEY, KEY, "edited", id="another key, the name of ours"),
        ],
    )
    def test_a_forged_last_line(self, log, with_key, id_of, problem):
        lines = log.read_bytes().splitlines(keepends=True)
        lines[5] = forged(
            lines[5], with_key, key=None if id_of is None else key_id(id_of), changes={}
        )
        log.write_bytes(b"".join(lines))
        assert found(log, key=KEY) == [(problem, 6)]

    def test_the_key_is_needed(self, log):
        assert found(log) == [("forged", 1)]

    def test_another_key(self, log):
        assert found(log, key=OTHER_KEY) == [("forged", number) for number in range(1, 7)]


class TestFiles:
    def test_a_change_without_a_line_between_lines(self, log, key, realm):
        (realm / "users").write_text(f"bob:{SHA_HASH}\n")
        UsersTool(realm, audit=log, audit_key=key).roles("bob", add=["new"])
        assert found(log, key=key, folders=[realm]) == [("unexplained", 7)]

    @pytest.mark.parametrize("name", ["users", "users_roles"])
    def test_a_change_without_a_line_after_the_last(self, log, key, realm, name):
        (realm / name).write_bytes((realm / name).read_bytes() + b"\n")
        result = verify(log, key=key, folders=[realm])
        assert [(p.kind, p.path) for p in result.problems] == [("unexplained", str(realm / name))]

    def test_a_write_without_the_log(self, log, key, realm):
        UsersTool(realm).roles("bob", add=["new"])
        assert found(log, key=key, folders=[realm]) == [("unexplained", None)]

    def test_a_line_without_its_change(self, log, key, realm):
        """As of a writer that was killed before it replaced a file."""
        users = (realm / "users").read_bytes()
        tool = UsersTool(realm, audit=log, audit_key=key)
        tool.passwd("bob", password_hash=SHA_HASH)
        (realm / "users").write_bytes(users)
        assert found(log, key=key) == []
        assert found(log, key=key, folders=[realm]) == [("unmade", 7)]
        tool.roles("bob", add=["new"])
        assert found(log, key=key, folders=[realm]) == [("unmade", 7)]

    def test_a_directory_of_which_no_line_tells(self, log, key, tmp_path):
        UsersTool(tmp_path / "other").init()
        assert found(log, key=key, folders=[tmp_path / "other"]) == [("unknown_folder", None)]

    def test_a_file_that_is_gone(self, log, key, realm):
        (realm / "users_roles").unlink()
        assert found(log, key=key, folders=[realm]) == [("unexplained", None)]

    def test_missing_lines_explain_what_nobody_knows(self, log, key, realm):
        lines = log.read_bytes().splitlines(keepends=True)
        log.write_bytes(b"".join([*lines[:2], *lines[4:]]))
        assert found(log, key=key, folders=[realm]) == [("removed", 3)]

    def test_a_change_that_was_taken_back(self, log, key, realm):
        """As of a log that may only grow."""
        users = (realm / "users").read_bytes()
        tool = UsersTool(realm, audit=log, audit_key=key)
        tool.passwd("bob", password_hash=SHA_HASH)
        (realm / "users").write_bytes(users)
        last = Line.parse(log.read_bytes().splitlines()[-1])
        told = {"seq": 8, "taken_back": 7, "key": key_id(key), "previous": last.hash}
        with log.open("ab") as file:
            file.write(sealed(told, key))
        tool.roles("bob", add=["new"])
        assert found(log, key=key, folders=[realm]) == []

    def test_a_torn_line_that_the_next_one_explains(self, log, key, realm, monkeypatch):
        from esfilerealm._storage import system

        def ftruncate(*_):
            raise PermissionError(1, "append only")

        with log.open("ab") as file:
            file.write(b'{"version":1,"se')
        monkeypatch.setattr(system, "ftruncate", ftruncate)
        UsersTool(realm, audit=log, audit_key=key).roles("bob", add=["new"])
        assert found(log, key=key, folders=[realm]) == []


class TestSeveral:
    @pytest.fixture
    def rotated(self, log, key, realm):
        """The log that was moved aside, and its successor."""
        old = log.rename(f"{log}.1")
        UsersTool(realm, audit=log, audit_key=key).roles("bob", add=["new"])
        return old, log

    def test_in_order(self, rotated, key, realm):
        assert found(*rotated, key=key, folders=[realm]) == []

    def test_packed(self, rotated, key, realm):
        old, new = rotated
        packed = old.with_name("audit.log.1.gz")
        packed.write_bytes(gzip.compress(old.read_bytes()))
        assert found(packed, new, key=key, folders=[realm]) == []
        assert [entry.seq for entry in read(packed, new)] == [*range(1, 8)]

    def test_the_newer_alone(self, rotated, key):
        assert found(rotated[1], key=key) == [("beginning", 1)]

    def test_the_newer_with_the_head_of_the_older(self, rotated, key):
        head = verify(rotated[0], key=key).head
        assert found(rotated[1], key=key, heads=[head]) == []

    def test_in_the_wrong_order(self, rotated, key):
        assert ("beginning", 1) in found(*reversed(rotated), key=key)

    def test_a_log_that_begins_anew(self, log, key, realm, tmp_path):
        old = log.rename(tmp_path / "aside")
        UsersTool(realm, audit=log, audit_key=key).roles("bob", add=["new"])
        assert found(old, log, key=key) == [("beginning", 1)]

    def test_the_end_of_the_older_is_cut_off(self, rotated, key):
        old, new = rotated
        old.write_bytes(b"".join(old.read_bytes().splitlines(keepends=True)[:-1]))
        assert found(old, new, key=key) == [("removed", 1)]


@pytest.mark.parametrize(
    "raw",
    [
        b"{}",
        b"\0" * 100,
        b'{"version":1,"seq":' + b"[" * 100_000,
        b'{"version":1,"seq":"x","hash":"' + b"0" * 64 + b'"}',
        b'{"version":1,"seq":1,"previous":{},"hash":"' + b"0" * 64 + b'"}',
        b'{"version":2,"seq":1,"hash":"' + b"0" * 64 + b'"}',
        b'{"version":1,"seq":1,' + b"[" * 100_000 + b',"hash":"' + b"0" * 64 + b'"}',
        b'{"version":1,"seq":1,"x":\xff,"hash":"' + b"0" * 64 + b'"}',
    ],
    ids=[
        *("other object", "zeros", "deep", "a number of text", "a digest of text"),
        *("later version", "deep, with an end", "no UTF-8"),
    ],
)
def test_foreign_lines(tmp_path, raw):
    log = tmp_path / "audit.log"
    log.write_bytes(raw + b"\n")
    assert found(log) == [("malformed", 1)]
    assert list(read(log)) == []


@pytest.mark.parametrize("renames", [1, 2, 3])
def test_a_recovery_tells_of_the_record_too(tmp_path, renames):
    """A rescue that is killed has written three files; its line is made good for all of them."""
    log = tmp_path / "audit.log"
    tool = UsersTool(tmp_path, audit=log)
    tool.init()
    with suppress(Dead), intercepted(DieAfterRenames(renames)):
        tool.useradd("ann", password_hash=CHEAP_HASH, expires=timedelta(hours=1))
    tool.useradd("jane", password_hash=CHEAP_HASH, expires=timedelta(hours=1))
    assert any(entry.recovered for entry in read(log))
    assert found(log, folders=[tmp_path]) == []


@pytest.mark.parametrize("seq", [0, -1, True, 2**63, 10**30], ids=str)
def test_a_number_that_no_line_has(log, seq):
    """Such numbers would make ranges of missing lines that no computer can count."""
    with log.open("ab") as file:
        file.write(sealed({"seq": seq, "key": None, "previous": None}, None))
    assert found(log)[-1] == ("malformed", 7)


def test_a_time_without_a_zone_is_none(tmp_path):
    log = tmp_path / "audit.log"
    time = {"time": "2026-11-30T00:00:00"}
    log.write_bytes(sealed({"seq": 1, **time, "key": None, "previous": None}, None))
    (entry,) = read(log)
    assert entry.time is None


def test_fields_of_other_kinds_are_left_out(tmp_path):
    log = tmp_path / "audit.log"
    odd = dict.fromkeys(("time", "who", "host", "command", "options", "folder", "changes"), 7)
    files = {"a": 1, "b": {"before": [], "after": {}}}
    log.write_bytes(sealed({"seq": 1, **odd, "files": files, "key": None, "previous": None}, None))
    (entry,) = read(log)
    assert (entry.time, entry.who, entry.changes, entry.options) == (None, {}, {}, ())
    assert verify(log)


def test_so_much_is_wrong_that_it_ends(tmp_path):
    log = tmp_path / "audit.log"
    log.write_bytes(b"nothing\n" * 5000)
    result = verify(log)
    assert len(result.problems) == 1000
    assert result.line_count < 2000
    assert "not checked" in result.notes[0]


def test_a_clock_that_was_set_back_is_noted(log, key, realm, monkeypatch):
    from datetime import UTC, datetime

    from esfilerealm.audit import log as writing

    monkeypatch.setattr(writing, "_now", lambda: datetime(2001, 1, 1, tzinfo=UTC))
    UsersTool(realm, audit=log, audit_key=key).roles("bob", add=["new"])
    result = verify(log, key=key)
    assert result
    assert "line 7: its time is before" in result.notes[0]


@pytest.mark.parametrize("name", ["", "none", "broken.gz"])
def test_a_log_that_cannot_be_read(tmp_path, name):
    (tmp_path / "broken.gz").write_bytes(gzip.compress(b"x" * 1000)[:20])
    with pytest.raises(AuditLogError):
        verify(tmp_path / name)


def test_no_log():
    with pytest.raises(ValueError, match="no audit log"):
        verify()


def test_what_a_line_tells(log, realm):
    entries = list(read(log))
    assert [entry.command for entry in entries][:2] == ["UsersTool.useradd", "UsersTool.roles"]
    assert [sorted(entry.usernames) for entry in entries] == [
        *(["jane"],) * 3,
        ["bob"],
        ["jane"],
        ["al"],
    ]
    assert entries[0].folder == str(realm)
    assert json.loads(json.dumps(entries[0].to_dict()))["user_changes"] == {
        "added": {"jane": ["viewer"]}
    }


def test_a_problem_says_where(log):
    log.write_bytes(log.read_bytes() + b"x\n")
    problem = verify(log, key=None).problems[-1]
    assert str(problem) == f"[{log}], line 7: this is no line of an audit log"
    assert problem.to_dict()["kind"] == "malformed"
