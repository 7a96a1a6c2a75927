"""No public object shows a secret."""

from __future__ import annotations

import json
import re

import pytest
from no_secret.busy_realm import lay_out
from no_secret.objects import NOT_SENT, OBJECTS
from no_secret.planted import (
    CLEAR,
    HASHES,
    PASSWORDS,
)
from no_secret.search import assert_clean, assert_shows_nothing
from support.public import classes
from support.watching import replace

from esfilerealm import (
    FileRealm,
    RealmSettings,
    UsersTool,
)
from esfilerealm.realms.file.store import FileRealmStore
from esfilerealm.watcher import FileWatcher


@pytest.mark.parametrize("name", OBJECTS)
def test_objects(name, realm, folder):
    for thing in OBJECTS[name](realm, folder):
        assert_shows_nothing(thing, is_sent=name not in NOT_SENT)


@pytest.mark.parametrize("name", sorted(kind.__name__ for kind in classes()))
def test_what_is_shown_of_an_object_says_what_it_is(name, realm, folder):
    for thing in OBJECTS.get(name, lambda *_: [])(realm, folder):
        assert not re.fullmatch(r"<\S+ object at 0x\w+>", repr(thing))


def test_each_is_of_its_class(realm, folder):
    """The table holds what it says; parts of a package without a class of their own are extra."""
    for name, make in OBJECTS.items():
        kinds = {kind.__name__ for thing in make(realm, folder) for kind in type(thing).__mro__}
        if name not in ("CacheStats", "FileChange", "Hasher", "RememberedPassword", "UsageStats"):
            assert name in kinds
        lay_out(folder)
        realm.reload()


@pytest.mark.parametrize(
    "algorithm",
    [
        "ssha256",
        "sha1",
        "md5",
        "noop",
        "clear_text",
        "bcrypt4",
        "pbkdf2_1000",
        "pbkdf2_stretch_1000",
    ],
)
def test_the_cache_by_each_algorithm(folder, algorithm):
    """``clear_text`` keeps the password itself."""
    settings = RealmSettings(cache_hash_algo=algorithm)
    with FileRealm(folder, settings=settings, watch_events=False) as realm:
        assert realm.authenticate("bcrypt", PASSWORDS["bcrypt"])
        (entry,) = realm._cache._entries.values()
        for thing in (realm, realm._cache, realm._authenticator, realm._store):
            assert_shows_nothing(thing)
        for thing in (entry, entry.password, entry.result):
            assert_shows_nothing(thing, is_sent=thing is entry.result)
        assert_clean("statistics", json.dumps(realm.usage_stats()))


class TestFileChange:
    def test_of_the_watcher(self, folder):
        told = []
        watcher = FileWatcher(folder / "users")
        watcher.add_listener(told.extend)
        watcher.init()
        replace(folder / "users", f"bob:{HASHES['bcrypt']}\n".encode())
        watcher.check_and_notify()
        assert [type(change).__name__ for change in told] == ["FileChange"] * 2
        for change in told:
            assert_shows_nothing(change)


@pytest.mark.parametrize("text", [CLEAR, f"${CLEAR}$x", f"{{{CLEAR}}}x", f"$2a${CLEAR}"])
@pytest.mark.parametrize(
    "around", ["{}", "$2a$10${}", "{{PBKDF2}}{}", "{{SSHA256}}{}", "{{SHA}}{}"]
)
def test_what_is_said_of_a_text_that_is_no_hash(folder, text, around):
    (folder / "users").write_text(f"bob:{around.format(text)}\n")
    store = FileRealmStore(folder, RealmSettings())
    store.reload()
    assert_shows_nothing(store.snapshot.hash_issues["bob"])
    assert CLEAR not in str(UsersTool(folder).hash_problem("bob"))


def test_the_two_files_in_each_others_place(folder):
    """Then hashes stand where roles do: they are never told as changes, nor listed."""
    users, roles = (folder / "users").read_bytes(), (folder / "users_roles").read_bytes()
    with FileRealm(folder, watch_events=False) as realm:
        told = []
        realm.on_change(told.append)
        (folder / "users").write_bytes(roles)
        (folder / "users_roles").write_bytes(users)
        realm.reload()
        for thing in (*told, realm.health, realm.snapshot, *realm.snapshot.hash_issues.values()):
            assert_shows_nothing(thing)
