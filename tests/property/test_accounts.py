"""Any sequence of verbs leaves what a simple model of users, locks and times says."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from unittest import mock

import pytest
from crash.fixture_realm import MEMORY
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.clocks import Clocks
from support.hashes import CHEAP_HASH, HASH_OF_TEST123, SHA_HASH

from esfilerealm import UsersTool
from esfilerealm._ground import moments
from esfilerealm.errors import FileRealmError, UserExistsError, UserNotFoundError
from esfilerealm.formats import parse_users, parse_users_roles
from esfilerealm.hashing import is_locked

pytestmark = pytest.mark.property

NAMES = ("al", "bob", "jim")
HASHES = (CHEAP_HASH, HASH_OF_TEST123, SHA_HASH)

names, hashes = st.sampled_from(NAMES), st.sampled_from(HASHES)
minutes = st.integers(1, 90)
may_end = st.none() | minutes

steps = st.one_of(
    st.tuples(st.just("useradd"), names, hashes, may_end),
    st.tuples(st.just("userdel"), names),
    st.tuples(st.just("passwd"), names, hashes),
    st.tuples(st.just("lock"), names),
    st.tuples(st.just("unlock"), names),
    st.tuples(st.just("expire"), names, may_end),
    st.tuples(st.just("sweep")),
    st.tuples(st.just("undo")),
    st.tuples(st.just("another program"), names, hashes),
    st.tuples(st.just("time"), minutes),
    st.tuples(st.just("reboot")),
)


@dataclass(frozen=True)
class Person:
    """A user of the model: the hash, whether locked, and the minute at which the time is over."""

    password: str
    is_locked: bool = False
    ends: int | None = None


class Model:
    """What a realm should hold, minute by minute; each verb says what error it expects."""

    def __init__(self):
        self.people: dict[str, Person] = {}
        self.minute = 0

    def sweep(self):
        """Remove who is over, as each write does that is made."""
        self.people = {n: p for n, p in self.people.items() if not self.is_over(p)}

    def is_over(self, person):
        return person.ends is not None and person.ends <= self.minute

    def alive(self, name):
        return name in self.people and not self.is_over(self.people[name])

    def expects(self, verb, name):
        if verb == "useradd":
            return UserExistsError if self.alive(name) else None
        is_over = name in self.people and not self.alive(name)
        is_missed = not self.alive(name) and not (verb == "userdel" and is_over)
        return UserNotFoundError if is_missed else None

    def do(self, verb, name=None, *args):
        if verb == "useradd":
            password, ends = args
            self.sweep()
            self.people[name] = Person(password, ends=ends and self.minute + ends)
            return
        self.sweep()
        if verb == "userdel":
            self.people.pop(name, None)
        elif name is not None:
            self.people[name] = replace(self.people[name], **self.change(verb, *args))

    def change(self, verb, *args):
        if verb == "passwd":
            return {"password": args[0]}
        if verb == "expire":
            return {"ends": args[0] and self.minute + args[0]}
        return {"is_locked": verb == "lock"}


def run(tool, verb, name=None, *args):
    if verb in ("useradd", "expire"):
        *first, ends = args
        more = {"password_hash": first[0], "roles": ["admin"]} if first else {}
        getattr(tool, verb)(name, expires=ends and timedelta(minutes=ends), **more)
    elif verb == "passwd":
        tool.passwd(name, password_hash=args[0])
    else:
        getattr(tool, verb)(*([] if name is None else [name]))


def written_by_another(folder, model, name, password):
    """Another program sets a password; it knows nothing of locks, and keeps the time."""
    path = folder / "users"
    if name in model.people:
        lines = [ln for ln in path.read_text().splitlines() if not ln.startswith(f"{name}:")]
        path.write_text("".join(f"{line}\n" for line in [*lines, f"{name}:{password}"]))
        model.people[name] = replace(model.people[name], password=password, is_locked=False)


def found(tool, folder):
    """Return who is there, locked or not, with the hash that unlocking gives back."""
    users = parse_users((folder / "users").read_bytes()).users
    record = tool._folder.read_with_accounts()[1]
    assert record.fault is None
    return {
        name: (record.by_name[name].kept_hash if is_locked(text) else text, is_locked(text))
        for name, text in users.items()
    }


@settings(max_examples=50)
@given(st.lists(steps.filter(lambda step: step[0] != "undo"), min_size=3, max_size=12))
@example(
    [
        ("useradd", "al", CHEAP_HASH, 10),
        ("lock", "al"),
        ("another program", "al", SHA_HASH),
        ("time", 10),
        ("useradd", "al", SHA_HASH, None),
        ("lock", "al"),
    ]
)
def test_a_model(sequence):
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.exists() else None) as place:
        folder, clocks, model = Path(place), Clocks(), Model()
        with mock.patch.object(moments, "now", clocks.now):
            tool = UsersTool(folder)
            tool.init()
            for step in sequence:
                act(tool, folder, clocks, model, step)
                people = model.people
                assert found(tool, folder) == {
                    name: (person.password, person.is_locked) for name, person in people.items()
                }
                assert {name for name, state in tool.accounts().items() if state.is_over} == {
                    name for name, person in people.items() if model.is_over(person)
                }
            tool.sweep()
            model.sweep()
            record = tool._folder.read_with_accounts()[1]
            special = {n for n, p in model.people.items() if p.is_locked or p.ends is not None}
            assert set(record.by_name) == special
            assert (folder / "users.accounts").exists() == bool(special)


def act(tool, folder, clocks, model, step):
    verb, *args = step
    if verb == "time":
        clocks.pass_by(minutes=args[0])
        model.minute += args[0]
    elif verb == "reboot":
        clocks.reboot()
    elif verb == "another program":
        written_by_another(folder, model, *args)
    elif verb != "sweep" and (error := model.expects(verb, args[0])) is not None:
        with pytest.raises(error):
            run(tool, verb, *args)
    else:
        run(tool, verb, *args)
        model.do(verb, *args)


@settings(max_examples=30)
@given(st.lists(steps, min_size=3, max_size=10))
@example(
    [
        ("useradd", "al", CHEAP_HASH, 10),
        ("time", 10),
        ("sweep",),
        ("undo",),
        ("useradd", "bob", SHA_HASH, None),
        ("lock", "bob"),
        ("undo",),
        ("undo",),
        ("undo",),
    ]
)
def test_nobody_has_access_after_the_time_whatever_is_undone(sequence):
    """With versions: after a sweep nobody is there whose last time is over, and locks can open."""
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.exists() else None) as place:
        folder, clocks, model = Path(place), Clocks(), Model()
        with mock.patch.object(moments, "now", clocks.now):
            tool = UsersTool(folder, keep=1)
            tool.init()
            for step in sequence:
                with_undo(tool, folder, clocks, model, step)
                users = parse_users((folder / "users").read_bytes()).users
                record = tool._folder.read_with_accounts()[1]
                for name, text in users.items():
                    assert not is_locked(text) or record.by_name[name].kept_hash in HASHES
            tool.sweep()
            users = parse_users((folder / "users").read_bytes()).users
            assert not {n for n, state in tool.accounts().items() if state.is_over}
            assert set(parse_users_roles((folder / "users_roles").read_bytes()).roles_by_user) <= (
                set(users)
            )


def with_undo(tool, folder, clocks, model, step):
    if step[0] in ("time", "reboot", "another program"):
        act(tool, folder, clocks, model, step)
        return
    try:
        run(tool, *step)
    except FileRealmError:
        return
