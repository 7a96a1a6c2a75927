"""The tables hold every public class and every error, and the search finds what is there."""

from __future__ import annotations

import json
import pickle
from types import SimpleNamespace

import pytest
from no_secret.objects import OBJECTS
from no_secret.planted import (
    CLEAR,
    HASHES,
    SECRETS,
    WRONG,
)
from no_secret.raised import ERRORS
from no_secret.search import assert_clean, assert_shows_nothing, assert_tells_nothing
from support.public import classes

from esfilerealm import (
    UsernamePasswordToken,
    errors,
)
from esfilerealm.formats import ParsedRealm, parse_users
from esfilerealm.realms.file.snapshot import RealmSnapshot


class TestNothingIsForgotten:
    """A new public class or error has to be tried above."""

    def test_classes(self):
        """The table may have more: what lies inside and holds secrets."""
        names = {kind.__name__ for kind in classes() if not issubclass(kind, BaseException)}
        assert names - set(OBJECTS) == set()

    def test_errors(self):
        warnings = {name for name in errors.__all__ if name.endswith("Warning")}
        assert set(ERRORS) == set(errors.__all__) - warnings - {"FileRealmError"}

    def test_the_search_finds(self, folder):
        """Each secret is found in each form, so that a clean object is one."""
        for secret in SECRETS:
            leak = SimpleNamespace(it=secret)
            for found in (repr(leak), pickle.dumps(leak), json.dumps({1: secret}), f"<{secret}>"):
                with pytest.raises(AssertionError):
                    assert_clean("here", found)
        with pytest.raises(AssertionError):
            assert_shows_nothing(parse_users((folder / "users").read_bytes()).users)
        error = ValueError("outer")
        error.__context__ = UnicodeDecodeError("utf-8", CLEAR.encode(), 0, 1, "it")
        with pytest.raises(AssertionError):
            assert_tells_nothing(error)

    def test_what_gives_hashes_on_purpose(self, realm):
        snapshot = realm.snapshot
        assert isinstance(snapshot, RealmSnapshot)
        assert {name: snapshot.hash_of(name) for name in HASHES} == HASHES
        assert snapshot.decoy_hash in HASHES.values()

    def test_a_snapshot_gives_them_in_no_other_way(self, realm):
        snapshot = realm.snapshot
        for name in dir(snapshot):
            if not name.startswith("_") and name not in ("hash_of", "decoy_hash"):
                value = getattr(snapshot, name)
                if not callable(value):
                    assert_clean(name, repr(list(value) if hasattr(value, "__iter__") else value))
        assert_clean("items", repr([dict(snapshot.issues), dict(snapshot.hash_issues)]))

    def test_a_parsed_realm_cannot_be_pickled(self):
        with pytest.raises(TypeError, match="password"):
            pickle.dumps(ParsedRealm(dict(HASHES), {}, issues={}, find_hash_issues=dict))

    def test_a_parsed_realm_is_refused_to_be_sent(self):
        users = "".join(f"{name}:{text}\n" for name, text in HASHES.items())
        with pytest.raises(TypeError, match="password"):
            pickle.dumps(ParsedRealm.parse(users.encode(), b""))

    def test_a_token_is_refused_to_be_sent(self):
        with pytest.raises(TypeError, match="password"):
            pickle.dumps(UsernamePasswordToken("bob", WRONG))
