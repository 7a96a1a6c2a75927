"""Whole documents: reading and merging them, without showing secrets."""

from __future__ import annotations

import copy
import os
import pickle

import pytest
from unit.provisioning.kit import NEW, NEW_HASH, OLD, desired

from esfilerealm._ground.values import Secret
from esfilerealm.documents import document as documents
from esfilerealm.errors import (
    ConfigurationFileMissingError,
    FileAccessError,
    InvalidDesiredStateError,
)
from esfilerealm.provisioning import (
    DesiredState,
    DesiredUser,
    FileAttributes,
    HashPolicy,
    RemoveUser,
    SetPassword,
    apply,
    plan,
)


class TestLoad:
    def test_a_file_that_is_not_there(self, tmp_path):
        with pytest.raises(
            ConfigurationFileMissingError, match=r"no\.yaml\] does not exist: check"
        ):
            DesiredState.load(tmp_path / "no.yaml")

    def test_a_folder(self, tmp_path):
        with pytest.raises(FileAccessError, match="Is a directory"):
            DesiredState.load(tmp_path)

    def test_the_file_is_named_with_its_line(self, tmp_path):
        path = tmp_path / "x.yml"
        path.write_text("users:\n- name: 7\n")
        with pytest.raises(InvalidDesiredStateError) as caught:
            DesiredState.load(path)
        (fault,) = caught.value.issues
        assert fault.startswith(
            f"[{path}], line [2], users[0].name: must be a string, not a number"
        )

    def test_a_path_of_bytes(self, tmp_path):
        path = tmp_path / "x.yaml"
        path.write_text("users: [{name: bob, password_file: pw}]")
        (tmp_path / "pw").write_text(NEW)
        state = DesiredState.load(os.fsencode(path))
        assert state.source == str(path)
        assert state.users[0].password_file == str(tmp_path / "pw")

    @pytest.mark.parametrize(("size", "is_read"), [(100, True), (101, False)])
    def test_one_that_is_too_large(self, tmp_path, monkeypatch, size, is_read):
        monkeypatch.setattr(documents, "_LARGEST", 100)
        path = tmp_path / "x.yaml"
        path.write_text("users: []\n".ljust(size, "#"))
        if is_read:
            assert DesiredState.load(path).users == ()
            return
        with pytest.raises(InvalidDesiredStateError) as caught:
            DesiredState.load(path)
        assert caught.value.issues == (f"[{path}]: larger than 100 bytes",)

    @pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="there is no such device")
    def test_one_without_end(self, monkeypatch):
        monkeypatch.setattr(documents, "_LARGEST", 2**20)
        with pytest.raises(InvalidDesiredStateError, match="larger than 1048576 bytes"):
            DesiredState.load("/dev/zero")

    def test_how_large_one_may_be(self):
        assert documents._LARGEST == 256 * 2**20

    def test_the_format_may_be_an_argument(self, tmp_path):
        path = tmp_path / "x.yaml"
        path.write_text('purge = "all"')
        assert DesiredState.load(path, format="toml").purge == "all"
        assert DesiredState.load(str(path), format="toml").source == str(path)

    @pytest.mark.parametrize(
        ("written", "folder", "expected"),
        [
            ("secret", "", "secret"),
            ("secret", "/etc/x", "/etc/x/secret"),
            ("../secret", "x", "x/../secret"),
            ("/run/secret", "/etc/x", "/run/secret"),
        ],
    )
    def test_where_a_password_file_begins(self, written, folder, expected):
        users = [{"name": "bob", "password_file": written}]
        state = DesiredState.from_dict({"users": users}, folder=folder)
        assert state.users[0].password_file == expected


class TestWhatIsNone:
    """Mistakes of a program, which are reported as such."""

    @pytest.mark.parametrize(
        ("content", "fault"),
        [
            (None, "empty document: add [users], even if the list is empty"),
            ({}, "empty document: add [users], even if the list is empty"),
            ([], "must be a mapping, not a list"),
            (7, "must be a mapping, not a number"),
            ("users", "must be a mapping, not a string"),
            (False, "must be a mapping, not a boolean"),
        ],
    )
    def test_contents(self, content, fault):
        with pytest.raises(InvalidDesiredStateError) as caught:
            DesiredState.from_dict(content, source="x")
        assert caught.value.issues == (f"[x]: {fault}",)

    @pytest.mark.parametrize("purge", ["al", "", "ALL", "some"])
    def test_purges(self, purge):
        rule = rf"purge is \[{purge}\]: must be one of none, managed, all"
        with pytest.raises(ValueError, match=rule):
            DesiredState(purge=purge)

    @pytest.mark.parametrize("purge", [None, "none", "managed", "all"])
    def test_valid_purges(self, purge):
        assert DesiredState(purge=purge).purge == purge


@pytest.mark.parametrize(
    ("patterns", "name", "is_protected"),
    [
        ([], "bob", False),
        (["bob"], "bob", True),
        (["bob"], "bobby", False),
        (["Bob"], "bob", False),
        (["b*"], "bob", True),
        (["?o?"], "bob", True),
        (["[a-c]ob"], "bob", True),
        (["[!a-c]ob"], "bob", False),
        (["al", "b*"], "bob", True),
        (["[", "[z-a]"], "bob", False),
        (["["], "[", True),
    ],
)
def test_protected_names(patterns, name, is_protected):
    assert DesiredState.from_dict({"protect": patterns}).protects(name) is is_protected


def merged(*documents, strict=False):
    """Merge documents that are called ``1``, ``2`` and so on."""
    states = [DesiredState.from_dict(d, source=str(n)) for n, d in enumerate(documents, 1)]
    return DesiredState.merged(states, strict=strict)


def merged_user(*fields):
    """Merge what several documents say of one user."""
    state = merged(*({"users": [{"name": "bob", **more}]} for more in fields))
    (user,) = state.users
    return user


def faults_of_plan(realm, state):
    """Return the places of what only the node knows."""
    with pytest.raises(InvalidDesiredStateError) as caught:
        plan(realm, state)
    return [fault.partition(": ")[0] for fault in caught.value.issues]


class TestMergingUsers:
    def test_different_ones_are_put_together_in_order(self):
        state = merged({"users": [{"name": "b"}, {"name": "a"}]}, {"users": [{"name": "c"}]})
        assert [user.name for user in state.users] == ["b", "a", "c"]
        assert state.notes == ()
        assert (state.sources, state.source) == (("1", "2"), "1, 2")

    @pytest.mark.parametrize(
        ("first", "second", "expected"),
        [
            ({"roles": ["a", "b"]}, {"roles": ["c", "b"]}, (("a", "b", "c"), (), ())),
            ({"roles": ["a"]}, {"roles": []}, (("a",), (), ())),
            ({"roles": ["a"]}, {}, (("a",), (), ())),
            ({}, {"roles": ["a"]}, (("a",), (), ())),
            ({"roles": ["a"]}, {"roles_add": ["b"]}, (("a", "b"), (), ())),
            ({"roles": ["a", "b"]}, {"roles_remove": ["a"]}, (("b",), (), ())),
            (
                {"roles": ["a", "b"]},
                {"roles_remove": ["a"], "roles_add": ["c"]},
                (("b", "c"), (), ()),
            ),
            ({"roles_add": ["a"]}, {"roles": ["b"]}, (("a", "b"), (), ())),
            ({"roles_remove": ["a"]}, {"roles": ["a", "b"]}, (("a", "b"), (), ())),
            ({"roles_add": ["a"]}, {"roles_add": ["b", "a"]}, (None, ("a", "b"), ())),
            ({"roles_remove": ["a"]}, {"roles_remove": ["b"]}, (None, (), ("a", "b"))),
            ({"roles_add": ["a", "b"]}, {"roles_remove": ["a"]}, (None, ("b",), ("a",))),
            ({"roles_remove": ["a", "b"]}, {"roles_add": ["a"]}, (None, ("a",), ("b",))),
            ({}, {}, (None, (), ())),
        ],
    )
    def test_roles_are_united_and_the_later_removes(self, first, second, expected):
        user = merged_user(first, second)
        assert (user.roles, user.roles_add, user.roles_remove) == expected

    @pytest.mark.parametrize(
        ("first", "second", "expected"),
        [
            ({"password": "one-one"}, {"password": "two-two"}, {"password": Secret("two-two")}),
            ({"password": "one-one"}, {"password_env": "X"}, {"password_env": "X"}),
            ({"password_env": "X"}, {"password_file": "f"}, {"password_file": "f"}),
            ({"password": "one-one"}, {}, {"password": Secret("one-one")}),
            ({"password_file": "f"}, {"roles": ["a"]}, {"password_file": "f"}),
            ({}, {"password_env": "X"}, {"password_env": "X"}),
        ],
    )
    def test_the_later_password_counts(self, first, second, expected):
        user = merged_user(first, second)
        fields = ("password", "password_file", "password_env", "password_hash")
        given = {name: getattr(user, name) for name in fields}
        assert {name: value for name, value in given.items() if value is not None} == expected

    @pytest.mark.parametrize(
        ("first", "second", "expected"),
        [
            ({"update_password": "on_create"}, {}, "on_create"),
            ({}, {"update_password": "on_create"}, "on_create"),
            ({"update_password": "on_create"}, {"update_password": "always"}, "always"),
            ({}, {}, None),
            ({"update_password": "on_create"}, {"password": NEW}, None),
            ({"update_password": "on_create"}, {"password_env": "X"}, None),
            ({"update_password": "on_create", "password": NEW}, {"roles": []}, "on_create"),
            (
                {"update_password": "always"},
                {"password": NEW, "update_password": "on_create"},
                "on_create",
            ),
        ],
    )
    def test_when_to_set_the_password(self, first, second, expected):
        assert merged_user(first, second).update_password == expected

    def test_a_later_password_counts_for_an_existing_user(self, realm):
        earlier = {"users": [{"name": "bob", "password": OLD, "update_password": "on_create"}]}
        later = {"users": [{"name": "bob", "password": NEW}]}
        assert plan(realm, merged(earlier, later)).changes == (SetPassword("bob"),)
        assert plan(realm, merged(later, earlier)).changes == ()

    def test_absent_wins_if_it_is_later(self):
        user = merged_user({"password": NEW, "roles": ["a"]}, {"state": "absent"})
        assert (user.state, user.roles, user.has_credentials) == ("absent", None, False)

    def test_present_wins_if_it_is_later_and_takes_nothing_from_before(self):
        later = {"state": "present", "roles_add": ["a"]}
        user = merged_user({"state": "absent", "password": NEW}, later)
        assert (user.state, user.has_credentials, user.roles_add) == ("present", False, ("a",))

    @pytest.mark.parametrize("later", [{}, {"roles_add": ["a"]}, {"password": NEW}])
    def test_who_is_absent_stays_so_if_the_later_says_nothing_of_it(self, realm, later):
        assert merged_user({"state": "absent"}, later).is_absent
        assert merged_user({"state": "absent"}, later, {}).is_absent
        documents = [{"users": [{"name": "bob", **f}]} for f in ({"state": "absent"}, later)]
        assert plan(realm, merged(*documents)).changes == (RemoveUser("bob", "absent"),)

    @pytest.mark.parametrize("state", [None, "present"])
    def test_a_missing_state_means_present(self, state):
        user = merged_user({"roles": ["a"]}, {"state": state})
        assert (user.is_absent, user.state, user.roles) == (False, state, ("a",))
        assert merged_user({"state": "present"}, {}).state == "present"

    def test_of_three_the_last_counts(self):
        user = merged_user({"roles": ["a"]}, {"roles_remove": ["a"]}, {"roles_add": ["a"]})
        assert user.roles == ("a",)
        assert user.source == "3"

    def test_an_issue_has_the_place_of_the_field(self, realm):
        state = merged(
            {"users": [{"name": "bob", "password_env": "NOT_SET"}]},
            {"users": [{"name": "al"}, {"name": "bob", "roles": ["a"]}]},
        )
        assert faults_of_plan(realm, state) == ["[1], users[0].password_env"]

    @pytest.mark.parametrize(
        ("documents", "place"),
        [
            ([{"password_env": "NOT_SET"}, {}, {}], "[1], users[0].password_env"),
            ([{}, {"password_env": "NOT_SET"}, {}], "[2], users[0].password_env"),
            ([{}, {}, {"password_env": "NOT_SET"}], "[3], users[0].password_env"),
            (
                [{"password": NEW}, {"password_env": "NOT_SET"}, {}],
                "[2], users[0].password_env",
            ),
            (
                [{"password_env": "A"}, {}, {"password_env": "NOT_SET"}],
                "[3], users[0].password_env",
            ),
            ([{}, {"password_file": "/not/there"}, {}], "[2], users[0].password_file"),
            ([{"password_hash": NEW_HASH}, {}], "[1], users[0].password_hash"),
        ],
    )
    def test_an_issue_of_a_password_has_its_place(self, realm, documents, place):
        state = merged(
            *({"users": [{"name": "bob", **more}]} for more in documents),
            {"hash_policy": {"algorithm": "pbkdf2_1000"}},
        )
        assert faults_of_plan(realm, state) == [place]

    def test_who_has_none_is_placed_in_the_latest_document(self, realm):
        jane = {"users": [{"name": "jane"}]}
        assert faults_of_plan(realm, merged(jane, jane)) == ["[2], users[0]"]

    def test_other_fields_are_placed_in_the_latest_document(self, realm):
        state = merged(
            {"users": [{"name": "elastic", "password": NEW}]},
            {"users": [{"name": "bob"}, {"name": "elastic", "roles": ["a"]}]},
        )
        assert faults_of_plan(realm, state) == ["[2], users[1].name"]


class TestMergingSettings:
    @pytest.mark.parametrize(
        ("first", "second", "expected", "notes"),
        [
            ({}, {}, None, ()),
            ({"purge": "all"}, {}, "all", ()),
            ({}, {"purge": "managed"}, "managed", ()),
            ({"purge": "all"}, {"purge": "all"}, "all", ()),
            ({"purge": "all"}, {"purge": "none"}, "none", ("[purge] from [2] overrides [1]",)),
        ],
    )
    def test_purge(self, first, second, expected, notes):
        state = merged({"users": [], **first}, {"users": [], **second})
        assert (state.purge, state.notes) == (expected, notes)

    def test_purge_of_three(self):
        state = merged({"purge": "all"}, {"users": []}, {"purge": "none"})
        assert state.notes == ("[purge] from [3] overrides [1]",)

    def test_patterns_are_united(self):
        state = merged({"protect": ["a", "b"]}, {"protect": ["b", "c"]})
        assert (state.protect, state.notes) == (("a", "b", "c"), ())

    def test_hash_policy(self):
        state = merged(
            {"hash_policy": {"algorithm": "bcrypt11", "minimum_cost": 9}},
            {"hash_policy": {"algorithm": "bcrypt12"}},
        )
        assert state.hash_policy == HashPolicy(algorithm="bcrypt12", minimum_cost=9)
        assert state.notes == ("[hash_policy.algorithm] from [2] overrides [1]",)

    def test_attributes_with_values_that_are_false(self):
        state = merged(
            {"attributes": {"owner": 7, "mode": "640"}}, {"attributes": {"owner": 0, "mode": "0"}}
        )
        assert state.attributes == FileAttributes(owner=0, mode=0)
        assert state.notes == (
            "[attributes.owner] from [2] overrides [1]",
            "[attributes.mode] from [2] overrides [1]",
        )

    def test_the_same_value_overrides_nothing(self):
        same = {"attributes": {"mode": "640"}, "hash_policy": {"minimum_cost": 5}}
        assert merged(same, same).notes == ()

    def test_of_three_the_one_that_is_overridden_is_named(self):
        state = merged({"attributes": {"mode": "1"}}, {"users": []}, {"attributes": {"mode": "2"}})
        assert state.notes == ("[attributes.mode] from [3] overrides [1]",)

    def test_an_issue_of_the_policy_has_its_place(self, realm):
        policy = {"hash_policy": {"minimum_cost": 9}}
        assert faults_of_plan(realm, merged({"users": []}, policy)) == ["[2], hash_policy"]
        assert faults_of_plan(realm, merged(policy, {"users": []})) == ["[1], hash_policy"]
        algorithm = {"hash_policy": {"algorithm": "bcrypt5"}}
        assert faults_of_plan(realm, merged(policy, algorithm)) == ["[2], hash_policy"]


class TestNotes:
    def test_each_user_of_two_documents_is_named(self):
        state = merged(
            {"users": [{"name": "a"}, {"name": "b"}]},
            {"users": [{"name": "b"}]},
            {"users": [{"name": "b"}, {"name": "c"}]},
        )
        assert state.notes == ("[b] from [3] overrides [2], [1]",)

    def test_the_plan_has_them(self, realm):
        bob = {"users": [{"name": "bob", "roles": ["viewer"]}]}
        planned = plan(realm, merged(bob, bob))
        assert planned.diff() == "~ bob: roles -admin\n# [bob] from [2] overrides [1]"
        assert planned.to_dict()["notes"] == ["[bob] from [2] overrides [1]"]

    def test_strict_rejects_every_override(self):
        first = {"users": [{"name": "bob"}], "purge": "all"}
        with pytest.raises(InvalidDesiredStateError) as caught:
            merged(first, {**first, "purge": "none"}, strict=True)
        assert caught.value.issues == (
            "[bob] from [2] overrides [1]",
            "[purge] from [2] overrides [1]",
        )

    def test_strict_allows_what_overrides_nothing(self):
        state = merged({"users": [{"name": "a"}]}, {"users": [{"name": "b"}]}, strict=True)
        assert len(state.users) == 2

    def test_merging_what_is_merged_keeps_them(self):
        one = merged({"purge": "all"}, {"purge": "none"})
        assert DesiredState.merged([one, desired()]).notes == one.notes

    def test_merging_none_is_a_mistake(self):
        for nothing in ([], (), iter(())):
            with pytest.raises(ValueError, match="there is nothing to merge") as caught:
                DesiredState.merged(nothing)
            assert not isinstance(caught.value, InvalidDesiredStateError)

    def test_merging_what_a_generator_gives(self):
        documents = [
            {"users": [{"name": "bob"}], "purge": "all", "protect": ["a"]},
            {
                "users": [{"name": "bob", "roles": ["a"]}, {"name": "al"}],
                "purge": "none",
                "hash_policy": {"minimum_cost": 5},
                "attributes": {"mode": "640"},
            },
        ]
        states = [DesiredState.from_dict(d, source=str(n)) for n, d in enumerate(documents, 1)]
        state = DesiredState.merged(iter(states))
        assert state == DesiredState.merged(states)
        assert (len(state.users), state.purge, state.sources) == (2, "none", ("1", "2"))
        assert (state.attributes.mode, state.hash_policy.minimum_cost) == (0o640, 5)

    def test_merging_one_is_that_one(self):
        state = DesiredState.from_dict(
            {"users": [{"name": "bob", "password": NEW}], "purge": "all"}
        )
        assert DesiredState.merged([state], strict=True) == state


class TestSecrets:
    SECRET = Secret("kanarienvogel")

    def test_a_secret_is_shown_if_asked_for(self):
        assert self.SECRET.reveal() == "kanarienvogel"

    @pytest.mark.parametrize("show", [repr, str, "{}".format, "{!r:>40}".format, ascii])
    def test_a_secret_is_not_shown_otherwise(self, show):
        assert "kanarien" not in show(self.SECRET)
        assert "kanarien" not in show([DesiredUser(name="bob", password=self.SECRET)])

    def test_a_secret_is_not_pickled_and_copies_are_it(self):
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            with pytest.raises(TypeError, match="cannot be pickled"):
                pickle.dumps(self.SECRET, protocol)
        assert copy.copy(self.SECRET) is copy.deepcopy(self.SECRET) is self.SECRET

    def test_secrets_are_equal_by_their_text(self):
        same = Secret("kanarienvogel")
        assert (same == self.SECRET, hash(self.SECRET) == hash(same)) == (True, True)
        assert Secret("another") != self.SECRET
        assert self.SECRET != "kanarienvogel"

    def test_one_that_is_given_as_text_is_wrapped(self, realm):
        user = DesiredUser(name="jane", password="kanarienvogel")
        assert user.password == self.SECRET
        hashed = DesiredUser(name="al", password_hash=NEW_HASH)
        assert hashed.password_hash == Secret(NEW_HASH)
        state = DesiredState(users=(user, hashed))
        for shown in (repr(state), str(plan(realm, state)), repr(plan(realm, state)._basis)):
            assert "kanarien" not in shown
            assert NEW_HASH not in shown
        assert apply(plan(realm, state)).diff() == "+ jane: -\n~ al: password (changed)"
        assert plan(realm, state).changes == ()

    @pytest.mark.parametrize("field", ["password", "password_hash"])
    def test_one_that_is_one_stays(self, field):
        assert getattr(DesiredUser(name="bob", **{field: self.SECRET}), field) is self.SECRET
        assert getattr(DesiredUser(name="bob"), field) is None

    def test_a_user_is_equal_wherever_it_was_written(self):
        assert DesiredUser(name="a", place="here") == DesiredUser(name="a", place="there")

    def test_attributes_are_true_if_any_is_asked_for(self):
        assert not FileAttributes()
        assert FileAttributes(owner=0)
        assert FileAttributes(mode=0)
