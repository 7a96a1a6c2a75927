"""``ParsedRealm``: what both files say, as one value."""

from __future__ import annotations

import copy
import pickle

import pytest
from support.hashes import CHEAP_HASH

from esfilerealm import hashing
from esfilerealm._storage import RealmFolder
from esfilerealm.errors import FileFormatError
from esfilerealm.formats import HashIssue, LineIssue, ParsedRealm
from esfilerealm.formats.realm import parse_files

USERS = f"# head\nbob:{CHEAP_HASH}\nal:clear\nb ad\nbob:{CHEAP_HASH}\nelastic:x\n".encode()
ROLES = b"admin:ghost,bob,,al\nnothing\nviewer:bob\n"


@pytest.fixture
def parsed():
    return ParsedRealm.parse(USERS, ROLES)


class TestParse:
    def test_users_stand_in_the_order_of_the_file(self, parsed):
        assert list(parsed.hashes.items()) == [("bob", CHEAP_HASH), ("al", "clear")]
        assert list(parsed.users.items()) == [("bob", ("admin", "viewer")), ("al", ("admin",))]

    def test_orphans_are_named_names_without_a_user(self, parsed):
        assert parsed.orphans == ("ghost",)
        assert "" in parsed.roles_by_user

    def test_roles_of_one_user(self, parsed):
        assert parsed.roles_of("bob") == ("admin", "viewer")
        assert parsed.roles_of("ghost") == ("admin",)
        assert parsed.roles_of("nobody") == ()

    def test_issues_by_file(self, parsed):
        assert [(i.line_number, i.kind) for i in parsed.issues["users"]] == [
            (4, "malformed"),
            (6, "reserved-username"),
        ]
        assert [(i.line_number, i.kind) for i in parsed.issues["users_roles"]] == [(2, "malformed")]

    def test_name_rules_are_those_of_the_node(self):
        parsed = ParsedRealm.parse(USERS, ROLES, allow_reserved=True)
        assert "elastic" in parsed.hashes
        parsed = ParsedRealm.parse(USERS, ROLES, anonymous_username="al")
        assert parsed.orphans == ("ghost", "al")

    @pytest.mark.parametrize("data", [(b"\xff", b""), (b"", b"\xff")])
    def test_an_error_names_the_source(self, data):
        with pytest.raises(FileFormatError) as caught:
            ParsedRealm.parse(*data, sources=("/etc/a", "/etc/b"))
        assert caught.value.path == ("/etc/a" if data[0] else "/etc/b")

    def test_of_files_that_were_read(self, tmp_path):
        (tmp_path / "users").write_bytes(USERS)
        (tmp_path / "users_roles").write_bytes(b"\xff")
        rules = {"allow_reserved": False, "anonymous_username": "_anonymous"}
        with pytest.raises(FileFormatError) as caught:
            parse_files(RealmFolder(tmp_path).read(), **rules)
        assert caught.value.path == str(tmp_path / "users_roles")
        (tmp_path / "users_roles").write_bytes(ROLES)
        parsed = parse_files(RealmFolder(tmp_path).read(), **rules)
        assert parsed.orphans == ("ghost",)


class TestHashIssues:
    def test_name_the_effective_line_and_the_reason(self):
        data = f"al:old\nbob:{CHEAP_HASH}\nal:clear\n".encode()
        issues = ParsedRealm.parse(data, b"").hash_issues
        assert list(issues) == ["al"]
        assert (issues["al"].line_number, issues["al"].kind) == (3, "clear-text")

    def test_are_found_when_first_read_and_only_then(self, parsed, monkeypatch):
        checked = []
        monkeypatch.setattr(hashing, "hash_problem", checked.append)
        assert not checked
        assert parsed.hash_issues is parsed.hash_issues
        assert checked == ["clear"]


class TestNoSecret:
    def test_repr_counts(self, parsed):
        assert repr(parsed) == "<ParsedRealm: 2 users, 1 orphans, 3 issues>"

    def test_cannot_be_pickled_or_copied(self, parsed):
        for send in (pickle.dumps, copy.copy):
            with pytest.raises(TypeError, match="password hashes"):
                send(parsed)


class TestIssues:
    def test_are_equal_by_their_facts(self):
        line, same = LineIssue(1, "blank", "x"), LineIssue(1, "blank", "x")
        assert line == same
        assert hash(line) == hash(same)
        assert line != LineIssue(2, "blank", "x")
        assert line != HashIssue("bob", 1, "malformed", "x")

    def test_show_their_facts(self):
        assert repr(LineIssue(1, "blank", "x")) == "LineIssue(1, 'blank', 'x')"
        issue = HashIssue("bob", 1, "malformed", "x")
        assert repr(issue) == "HashIssue('bob', 1, 'malformed', 'x')"
