"""What a plan shows: lines, dictionaries, both sides; and never a secret."""

from __future__ import annotations

import copy
import json
import pickle
import re
import traceback

import pytest
from support.hashes import CHEAP_HASH
from support.storing import OTHER_HASH
from unit.provisioning.kit import desired

from esfilerealm._ground import moments
from esfilerealm._storage import Accounts
from esfilerealm.errors import FileRealmError, InvalidDesiredStateError
from esfilerealm.formats.realm import ParsedRealm
from esfilerealm.provisioning import (
    AddRoles,
    AddUser,
    DesiredState,
    LockUser,
    RehashPassword,
    RemoveRoles,
    RemoveUser,
    SetAttributes,
    SetExpiry,
    SetManaged,
    SetPassword,
    UnlockUser,
    apply,
    plan,
)
from esfilerealm.provisioning.comparison import Comparison
from esfilerealm.provisioning.credentials import CredentialRules
from esfilerealm.provisioning.node_accounts import NodeAccounts
from esfilerealm.provisioning.shared_work import SharedWork
from esfilerealm.settings import RealmSettings


@pytest.mark.parametrize(
    ("change", "line", "content"),
    [
        (AddUser("al", ()), "+ al: -", {"username": "al", "roles": ()}),
        (AddUser("al", ("a", "b")), "+ al: a,b", {"username": "al", "roles": ("a", "b")}),
        (RemoveUser("al", "absent"), "- al", {"username": "al", "reason": "absent"}),
        (RemoveUser("al", "purge"), "- al (purged)", {"username": "al", "reason": "purge"}),
        (
            RemoveUser("al", "expired"),
            "- al (its time is over)",
            {"username": "al", "reason": "expired"},
        ),
        (SetPassword("al"), "~ al: password (changed)", {"username": "al"}),
        (LockUser("al"), "~ al: locked", {"username": "al"}),
        (UnlockUser("al"), "~ al: unlocked", {"username": "al"}),
        (
            SetExpiry("al", None, "2026-12-01T08:00:00Z"),
            "~ al: expires never -> 2026-12-01T08:00:00Z",
            {
                "username": "al",
                "expires_before": None,
                "expires_after": "2026-12-01T08:00:00Z",
            },
        ),
        (
            RehashPassword("al", "bcrypt12"),
            "~ al: password (the same, hashed anew by bcrypt12)",
            {"username": "al", "algorithm": "bcrypt12"},
        ),
        (AddRoles("al", ("a", "b")), "~ al: roles +a +b", {"username": "al", "roles": ("a", "b")}),
        (RemoveRoles("al", ("a",)), "~ al: roles -a", {"username": "al", "roles": ("a",)}),
        (
            SetAttributes("/x", {"owner": "0", "mode": "0640"}, {"owner": "7", "mode": "0600"}),
            "~ [/x]: owner 0 -> 7, mode 0640 -> 0600",
            {
                "path": "/x",
                "attributes_before": {"owner": 0, "mode": "0640"},
                "attributes_after": {"owner": 7, "mode": "0600"},
            },
        ),
        (
            SetManaged("/x", ("a",), ("b", "c")),
            "~ [/x]: +a -b -c",
            {"path": "/x", "add": ("a",), "remove": ("b", "c")},
        ),
    ],
)
def test_each_change_is_a_line_and_a_dictionary(change, line, content):
    assert str(change) == line
    assert change.to_dict() == {"kind": change.kind, **content}
    assert json.loads(json.dumps(change.to_dict()))["kind"] == change.kind


@pytest.fixture
def planned(realm):
    return plan(
        realm,
        desired(
            {"name": "jane", "password": "secret-1", "roles": ["a", "b"]},
            {"name": "bob", "password": "secret-2", "roles": ["viewer", "c"]},
            {"name": "al", "state": "absent"},
            {"name": "ops-1", "password_hash": OTHER_HASH},
            attributes={"mode": "0600"},
        ),
    )


def test_both_sides(planned, realm):
    assert planned.before().replace(str(realm), "{}").splitlines() == [
        "bob: viewer,admin",
        "al: viewer",
        "ops-1: -",
        "[{}/users]: mode 0640",
        "[{}/users_roles]: mode 0640",
    ]
    assert planned.after().replace(str(realm), "{}").splitlines() == [
        "jane: a,b",
        "bob: viewer,c (password changed)",
        "ops-1: - (password changed)",
        "[{}/users]: mode 0600",
        "[{}/users_roles]: mode 0600",
    ]


def test_one_that_changes_nothing(realm):
    planned = plan(realm, desired({"name": "bob"}))
    assert (planned.changed, planned.changes, planned.diff()) == (False, (), "")
    assert (planned.before(), planned.after()) == ("", "")


def test_a_dictionary_fit_for_json(planned):
    told = json.loads(json.dumps(planned.to_dict()))
    assert list(told) == [
        *("changed", "changes", "notes", "warnings", "unknown_roles", "objections", "result"),
    ]
    assert (told["changed"], told["notes"]) == (True, [])
    assert told["unknown_roles"] == ["a", "b", "c"]
    assert len(told["warnings"]) == 1
    assert told["result"] is None
    assert [change["kind"] for change in told["changes"]] == [
        *("add_user", "set_password", "add_roles", "remove_roles"),
        *("remove_user", "set_password", "set_attributes", "set_attributes"),
    ]
    applied = json.loads(json.dumps(apply(planned).to_dict()))
    assert applied["result"]["user_changes"]["added"] == {"jane": ["a", "b"]}
    assert [file["changed"] for file in applied["result"]["files"]] == [True, True]


def test_the_list_of_managed_users_has_the_same_keys_as_other_files(realm):
    wanted = desired({"name": "jane", "password": "secret-1"}, purge="managed")
    result = apply(plan(realm, wanted)).to_dict()["result"]
    assert list(result["managed"]) == list(result["files"][0])
    assert result["managed"]["changed"] is True
    assert apply(plan(realm, wanted)).to_dict()["result"]["managed"] is None


CANARY = "Kanarienvogel-7"
CANARY_HASH = "$2a$04$9KULbWiBtf///W/1WM.W8./A5lChjrPdPruEeIuU6f2YBwGvrH34u"  # of that
FOREIGN = "$apr1$Kanarien$vogelKanarienvogelKana."


def assert_silent(text):
    for secret in ("anarien", CANARY_HASH, CANARY_HASH[7:29], CANARY_HASH[29:], FOREIGN):
        assert secret not in text


def everything_of(error):
    """Return everything that an error and its causes can show."""
    seen = []
    while error is not None and error not in seen:
        seen.append(error)
        yield from (str(error), repr(error), repr(vars(error)), repr(error.args))
        if isinstance(error, FileRealmError):
            yield repr(pickle.dumps(error))
        error = error.__cause__ or error.__context__
    yield from traceback.format_exception(seen[0])


def yaml(password):
    return f"users:\n- name: bob\n  password: {password}\n"


@pytest.mark.parametrize(
    ("text", "format"),
    [
        pytest.param(yaml(f"!{CANARY}"), "yaml", id="an exclamation mark"),
        pytest.param(yaml(f"!{CANARY} x"), "yaml", id="an exclamation mark, a word"),
        pytest.param(yaml(f"!!{CANARY} x"), "yaml", id="two exclamation marks"),
        pytest.param(yaml(f"*{CANARY}"), "yaml", id="a star"),
        pytest.param(yaml(f"&{CANARY} &x"), "yaml", id="two ampersands"),
        pytest.param(yaml(f"&{CANARY}"), "yaml", id="an ampersand"),
        pytest.param(yaml(f"&x {CANARY}"), "yaml", id="an ampersand before a blank"),
        pytest.param(yaml(f"x &{CANARY} *{CANARY}"[2:]), "yaml", id="an ampersand, a star"),
        pytest.param(yaml(f"*{CANARY} : x"), "yaml", id="a star and a colon"),
        pytest.param(yaml(f"{{*{CANARY}: x}}"), "yaml", id="a star in braces"),
        pytest.param(f"users:\n- name: &{CANARY}\n", "yaml", id="a name with an ampersand"),
        pytest.param(f"users: []\n&{CANARY} x: y\n", "yaml", id="a key with an ampersand"),
        pytest.param(f"users: []\n*{CANARY} : y\n", "yaml", id="a key with a star"),
        pytest.param(yaml(f"%{CANARY}"), "yaml", id="a percent sign"),
        pytest.param(yaml(f"@{CANARY}"), "yaml", id="an at sign"),
        pytest.param(yaml(f"`{CANARY}"), "yaml", id="a backtick"),
        pytest.param(yaml(f"'{CANARY}"), "yaml", id="a quote"),
        pytest.param(yaml(f'"\\q{CANARY}"'), "yaml", id="a bad escape"),
        pytest.param(yaml(f"a: {CANARY}"), "yaml", id="a colon"),
        pytest.param(yaml(f"[{CANARY}]"), "yaml", id="a bracket"),
        pytest.param(yaml(f"{{a: {CANARY}}}"), "yaml", id="a brace"),
        pytest.param(yaml(f"|{CANARY}"), "yaml", id="a bar"),
        pytest.param(yaml(f"> {CANARY}"), "yaml", id="a greater sign"),
        pytest.param(yaml(f"{CANARY}\n\tx"), "yaml", id="a tab behind it"),
        pytest.param(yaml(f"{CANARY}\0"), "yaml", id="NUL"),
        pytest.param(yaml(f"{CANARY}\n  password: {CANARY}"), "yaml", id="twice"),
        pytest.param(yaml(f"{CANARY}\n  password_hash: {FOREIGN}"), "yaml", id="two sources"),
        pytest.param(yaml(f"!!binary {CANARY}"), "yaml", id="binary"),
        pytest.param(yaml(f"!!int {CANARY}"), "yaml", id="a number by its tag"),
        pytest.param(yaml(f"{CANARY}\n  state: gone"), "yaml", id="another field"),
        pytest.param(f"users:\n- name: bob\n  password:{CANARY}\n", "yaml", id="no blank"),
        pytest.param(f"users:\n- {CANARY}\n", "yaml", id="a user is text"),
        pytest.param(f"{CANARY}\n", "yaml", id="only the secret"),
        pytest.param(
            f"users:\n- name: bob\n  roles: {CANARY}\n", "yaml", id="in the place of roles"
        ),
        pytest.param(f"users:\n- name: bob\n  password_hash: {CANARY}\n", "yaml", id="as a hash"),
        pytest.param(
            f"users:\n- name: bob\n  password_hash: {FOREIGN}\n", "yaml", id="foreign hash"
        ),
        pytest.param(
            f"users:\n- name: bob\n  password_hash: {CANARY_HASH}x\n", "yaml", id="a hash, too long"
        ),
        pytest.param(f"users:\n- name: bob\n  password_hash: [{CANARY_HASH}]\n", "yaml", id="list"),
        pytest.param(f"---\nusers: []\n---\n{CANARY}\n", "yaml", id="a second document"),
        pytest.param(f'{{"users": [{{"password": "{CANARY}"', "json", id="JSON, torn"),
        pytest.param(f'{{"users": [{{"password": {CANARY}}}]}}', "json", id="JSON, no quotes"),
        pytest.param(
            f'{{"users": [{{"password": "{CANARY}", "password": 1}}]}}', "json", id="twice"
        ),
        pytest.param(f'{{"users": [{{"password": "{CANARY}"}}], "x": NaN}}', "json", id="NaN"),
        pytest.param(f'{{"users": [{{"password": "{CANARY}\n"}}]}}', "json", id="a line end"),
        pytest.param(f'[[users]]\npassword = "{CANARY}', "toml", id="TOML, torn"),
        pytest.param(f"[[users]]\npassword = {CANARY}", "toml", id="TOML, no quotes"),
        pytest.param(f'[[users]]\npassword = "{CANARY}"\npassword = "x"', "toml", id="TOML, twice"),
        pytest.param(f'[[users]]\npassword = "\\q{CANARY}"', "toml", id="TOML, a bad escape"),
    ],
)
def test_an_invalid_document_shows_no_secret(text, format):
    with pytest.raises(InvalidDesiredStateError) as caught:
        DesiredState.parse(text.encode(), source="x", format=format)
    for shown in everything_of(caught.value):
        assert_silent(shown)


def test_a_document_that_is_not_utf_8_shows_no_secret():
    with pytest.raises(InvalidDesiredStateError) as caught:
        DesiredState.parse(yaml(CANARY).encode() + b"\xff", source="x.yaml")
    for shown in everything_of(caught.value):
        assert_silent(shown)


@pytest.mark.parametrize(
    "fields",
    [
        {"password": f"{CANARY}\udcff"},
        {"password": CANARY, "password_hash": CANARY_HASH},
        {"password": {CANARY: CANARY_HASH}},
        {"password": CANARY.encode()},
        {"password_hash": CANARY_HASH[:-1]},
        {"password_hash": [CANARY_HASH]},
    ],
    ids=str,
)
def test_an_invalid_dictionary_shows_no_secret(fields):
    with pytest.raises(InvalidDesiredStateError) as caught:
        DesiredState.from_dict({"users": [{"name": "bob", **fields}]})
    for shown in everything_of(caught.value):
        assert_silent(shown)


@pytest.mark.parametrize("data", [f"{CANARY}\nx", f"{CANARY}\udcff", CANARY * 5000])
def test_an_invalid_password_file_shows_no_secret(realm, data):
    path = realm.parent / "secret.txt"
    path.write_bytes(data.encode("utf-8", "surrogateescape"))
    wanted = desired({"name": "bob", "password_file": str(path)})
    with pytest.raises(InvalidDesiredStateError) as caught:
        plan(realm, wanted)
    for shown in everything_of(caught.value):
        assert_silent(shown)


def test_what_the_node_refuses_shows_no_secret(realm, monkeypatch):
    monkeypatch.setenv("SECRET", f"{CANARY}\udcff")
    wanted = desired(
        {"name": "elastic", "password": CANARY},
        {"name": "bob", "password_hash": CANARY_HASH},
        {"name": "al", "password_env": "SECRET"},
        hash_policy={"algorithm": "pbkdf2_1000"},
    )
    with pytest.raises(InvalidDesiredStateError, match="3 issues") as caught:
        plan(realm, wanted)
    for shown in everything_of(caught.value):
        assert_silent(shown)


class TestNoSecretInWhatGoesWell:
    @pytest.fixture
    def wanted(self):
        return desired(
            {"name": "jane", "password": CANARY},
            {"name": "zoe", "password_hash": CANARY_HASH},
            {"name": "bob", "password": CANARY},
            {"name": "al", "password": "x" * 70 + CANARY},
        )

    def test_of_a_plan_and_what_it_was_made_of(self, realm, wanted):
        planned = plan(realm, wanted)
        applied = apply(planned)
        for thing in (wanted, *wanted.users, planned, planned._basis, applied, applied._basis):
            assert_silent(repr(thing))
            assert_silent(str(thing))
        for one in (planned, applied):
            assert_silent(one.diff() + one.before() + one.after())
            assert_silent(json.dumps(one.to_dict()))
            assert_silent(repr(one.warnings))
        assert len(planned.warnings) == 1

    def test_nothing_of_it_is_pickled(self, realm, wanted):
        planned = plan(realm, wanted)
        for thing in (wanted, wanted.users[0], planned, planned._basis):
            with pytest.raises(TypeError, match="cannot be pickled"):
                pickle.dumps(thing)
            assert_silent(repr(copy.copy(thing)))

    def test_of_the_comparison(self, realm, wanted):
        settings = RealmSettings.load(realm, check_realm=False)
        rules = CredentialRules.of(settings, wanted.hash_policy)
        data = [(realm / name).read_bytes() for name in ("users", "users_roles")]
        stored = ParsedRealm.parse(*data)
        accounts = NodeAccounts(Accounts.none(str(realm / "users")), stored, moments.now())
        comparison = Comparison(wanted, accounts, {"bob"}, rules, SharedWork(1))
        for thing in (comparison, vars(comparison), accounts, stored, rules):
            assert_silent(repr(thing))
        assert CHEAP_HASH not in repr(comparison) + repr(stored) + repr(rules)
        assert re.fullmatch(r"\[bcrypt4\], minimum cost \[0\]", str(rules.policy))
