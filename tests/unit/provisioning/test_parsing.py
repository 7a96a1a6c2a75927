"""From values to a desired state: every issue is reported with its place."""

from __future__ import annotations

import pytest
from support.hashes import CHEAP_HASH

from esfilerealm.errors import InvalidDesiredStateError
from esfilerealm.provisioning import DesiredState, FileAttributes, HashPolicy
from esfilerealm.provisioning.values import PASSWORD_SOURCES


def faults_of(content):
    """Return what is wrong, without the name of the source."""
    with pytest.raises(InvalidDesiredStateError) as caught:
        DesiredState.from_dict(content, source="x")
    return [fault.removeprefix("[x], ").removeprefix("[x]: ") for fault in caught.value.issues]


def fault_of_user(**fields):
    (fault,) = faults_of({"users": [{"name": "bob", **fields}]})
    return fault.removeprefix("users[0].").removeprefix("users[0]: ")


ANOTHER = {
    "a string": "bob",
    "a number": 12345678,
    "a boolean": True,
    "a list": ["x"],
    "a mapping": {"a": "b"},
    "an object": object(),
}
FLOAT = {"a number": 1.5}


def others_than(*kinds):
    return [
        pytest.param(value, kind, id=kind) for kind, value in ANOTHER.items() if kind not in kinds
    ]


def no_string(kind):
    hint = ": put it in quotes" if kind in ("a number", "a boolean") else ""
    return f"must be a string, not {kind}{hint}"


class TestKinds:
    """Wrong types everywhere; a value, which may be a secret, is never shown."""

    @pytest.mark.parametrize(
        "field",
        ["password", "password_file", "password_env", "password_hash"],
    )
    @pytest.mark.parametrize(("value", "kind"), others_than("a string"))
    def test_texts_of_a_user(self, field, value, kind):
        assert fault_of_user(**{field: value}) == f"{field}: {no_string(kind)}"

    @pytest.mark.parametrize(
        ("field", "choices"),
        [("state", "present, absent"), ("update_password", "always, on_create")],
    )
    @pytest.mark.parametrize(("value", "kind"), others_than("a string"))
    def test_choices_of_a_user(self, field, choices, value, kind):
        assert fault_of_user(**{field: value}) == f"{field}: {kind} must be one of [{choices}]"

    @pytest.mark.parametrize(("value", "kind"), others_than("a string"))
    def test_a_name(self, value, kind):
        assert faults_of({"users": [{"name": value}]}) == [f"users[0].name: {no_string(kind)}"]

    @pytest.mark.parametrize("field", ["roles", "roles_add", "roles_remove"])
    @pytest.mark.parametrize(("value", "kind"), others_than("a list"))
    def test_roles(self, field, value, kind):
        assert fault_of_user(**{field: value}) == f"{field}: must be a list of strings, not {kind}"

    @pytest.mark.parametrize(
        ("value", "kind"), [*others_than("a string"), pytest.param(None, "null", id="null")]
    )
    def test_one_role(self, value, kind):
        assert fault_of_user(roles=["a", value]) == f"roles[1]: {no_string(kind)}"

    @pytest.mark.parametrize(("value", "kind"), others_than("a list", "a mapping"))
    def test_users(self, value, kind):
        assert faults_of({"users": value}) == [f"users: must be a list of mappings, not {kind}"]

    @pytest.mark.parametrize(
        ("value", "kind"), [*others_than("a mapping"), pytest.param(None, "null", id="null")]
    )
    def test_one_user(self, value, kind):
        assert faults_of({"users": [value]}) == [f"users[0]: must be a mapping, not {kind}"]

    @pytest.mark.parametrize("field", ["hash_policy", "attributes"])
    @pytest.mark.parametrize(("value", "kind"), others_than("a mapping"))
    def test_groups_of_settings(self, field, value, kind):
        assert faults_of({field: value}) == [f"{field}: must be a mapping, not {kind}"]

    @pytest.mark.parametrize(("value", "kind"), others_than("a list"))
    def test_protect(self, value, kind):
        assert faults_of({"protect": value}) == [f"protect: must be a list of strings, not {kind}"]

    @pytest.mark.parametrize("field", ["owner", "group"])
    @pytest.mark.parametrize(
        ("value", "kind"), [*others_than("a string", "a number"), (1.5, "a number")]
    )
    def test_owner_and_group(self, field, value, kind):
        assert faults_of({"attributes": {field: value}}) == [
            f"attributes.{field}: {no_string(kind)}"
        ]

    @pytest.mark.parametrize("value", ["11", 0, -1, 1.5, True, [], {}])
    def test_minimum_cost(self, value):
        assert faults_of({"hash_policy": {"minimum_cost": value}}) == [
            "hash_policy.minimum_cost: must be a whole number above 0"
        ]


class TestUnknownFields:
    def test_a_password_that_has_become_a_part_of_its_key_is_not_shown(self):
        for key in ("passwordhunter2canary", "password_hashcanary", "passwordcanary"):
            (fault,) = faults_of({"users": [{"name": "bob", key: None}]})
            assert "canary" not in fault
            assert "users[0]: unknown field; known are [name," in fault

    @pytest.mark.parametrize(
        ("content", "fault"),
        [
            ({"user": []}, "user: unknown field; did you mean [users]?"),
            ({"users": [], "purges": "all"}, "purges: unknown field; did you mean [purge]?"),
            (
                {"users": [{"name": "bob", "pasword": "x"}]},
                "users[0].pasword: unknown field; did you mean [password]?",
            ),
            (
                {"users": [{"name": "bob", "password_hsh": "x"}]},
                "users[0].password_hsh: unknown field; did you mean [password_hash]?",
            ),
            (
                {"users": [{"name": "bob"}, {"name": "al", "role": []}]},
                "users[1].role: unknown field; did you mean [roles]?",
            ),
            (
                {"hash_policy": {"algoritm": "bcrypt"}},
                "hash_policy.algoritm: unknown field; did you mean [algorithm]?",
            ),
            (
                {"attributes": {"modus": "0640"}},
                "attributes.modus: unknown field; did you mean [mode]?",
            ),
        ],
    )
    def test_the_nearest_is_named(self, content, fault):
        assert faults_of(content) == [fault]

    KNOWN = (
        "[users, purge, protect, known_roles, hash_policy, attributes, keystore, "
        "keystore_password, keystore_password_file, keystore_password_env]"
    )

    @pytest.mark.parametrize(
        "key",
        ["zzz", 7, 1.5, True, None, ("a", "b"), "a\nb\x1b", "x" * 1000, "", "purge ", "users:x"],
    )
    @pytest.mark.parametrize("value", [1, None])
    def test_an_unknown_key_unlike_a_field_is_not_shown(self, key, value):
        """It may be what was to be a value: the fields that there are, are named instead."""
        fault = f"unknown field; known are {self.KNOWN}"
        assert faults_of({"users": [], key: value}) == [fault]

    def test_it_is_placed_where_the_mapping_is(self):
        (user,) = faults_of({"users": [{"name": "bob", "zzz": 1}]})
        assert user.startswith("users[0]: unknown field; known are [name, state, password, ")
        assert faults_of({"users": [], "attributes": {"zzz": 1}}) == [
            "attributes: unknown field; known are [owner, group, mode]"
        ]

    @pytest.mark.parametrize(
        "key", ["password:hunter2", "password hunter2", "password=hunter2", "passwörd", "password$"]
    )
    def test_an_unknown_key_with_odd_characters_is_not_shown(self, key):
        fault = fault_of_user(**{key: None})
        assert fault.startswith("unknown field; known are [")
        assert "hunter" not in fault
        assert key not in fault


class TestUsers:
    @pytest.mark.parametrize(
        ("name", "rule"),
        [
            ("", "must have 1 to 1024 characters"),
            ("x" * 1025, "must have 1 to 1024 characters"),
            (" bob", "must not start or end with a space"),
            ("bob ", "must not start or end with a space"),
            ("bøb", "must consist of printable ASCII"),
            ("b\nob", "must consist of printable ASCII"),
            ("b\0b", "must consist of printable ASCII"),
            ("\ud800", "must consist of printable ASCII"),
            ("a:b", "must not contain [:]"),
            ("a,b", "must not contain [,]"),
            ("#bob", "must not start with [#]"),
        ],
    )
    def test_names_that_no_file_can_hold(self, name, rule):
        (fault,) = faults_of({"users": [{"name": name}]})
        assert fault.startswith("users[0].name: [")
        assert rule in fault
        assert fault.isprintable()

    @pytest.mark.parametrize("user", [{}, {"name": None}, {"password": "secret-1"}])
    def test_a_name_that_is_missing(self, user):
        assert faults_of({"users": [user]}) == ["users[0]: the [name] of the user is missing"]

    def test_a_name_twice(self):
        users = [{"name": "bob"}, {"name": "al"}, {"name": "bob", "state": "absent"}]
        assert faults_of({"users": users}) == [
            "users[2].name: user [bob] is already at [x], users[0]"
        ]

    def test_names_of_other_letter_case_are_others(self):
        users = [{"name": "bob"}, {"name": "Bob"}]
        assert len(DesiredState.from_dict({"users": users}).users) == 2

    @pytest.mark.parametrize(
        ("fields", "fault"),
        [
            (
                {"password": "secret-1", "password_env": "X"},
                "password_env: use only one of [password, password_env]",
            ),
            (
                {"password_hash": CHEAP_HASH, "password": "secret-1", "password_file": "f"},
                "password_file: use only one of [password, password_file, password_hash]",
            ),
            ({"password": "12345"}, "password: must have at least 6 characters"),
            ({"password": ""}, "password: must have at least 6 characters"),
            ({"password": "secret\udcff"}, "password: must be text that UTF-8 can hold"),
            (
                {"password_hash": "swordfish"},
                (
                    "password_hash: a node lets in whoever types the text itself: "
                    "it is not a known hash"
                ),
            ),
            (
                {"password_hash": ""},
                (
                    "password_hash: a node lets in whoever types the text itself: "
                    "it is not a known hash"
                ),
            ),
            (
                {"state": "presnt"},
                "state: [presnt] must be one of [present, absent]; did you mean [present]?",
            ),
            ({"state": "gone"}, "state: [gone] must be one of [present, absent]"),
            (
                {"update_password": "on-create"},
                (
                    "update_password: [on-create] must be one of [always, on_create]; "
                    "did you mean [on_create]?"
                ),
            ),
            (
                {"roles": ["a"], "roles_add": ["b"]},
                "roles: lists all roles of the user: use it, or [roles_add, roles_remove]",
            ),
            (
                {"roles": [], "roles_remove": []},
                "roles: lists all roles of the user: use it, or [roles_add, roles_remove]",
            ),
            (
                {"roles_add": ["a", "b"], "roles_remove": ["b"]},
                "roles_add: [b] is also in [roles_remove]",
            ),
        ],
    )
    def test_fields_that_contradict_or_break_a_rule(self, fields, fault):
        assert fault_of_user(**fields) == fault

    @pytest.mark.parametrize("field", ["roles", "roles_add"])
    @pytest.mark.parametrize(
        ("role", "rule"),
        [
            ("", "must have 1 to 1024 characters"),
            (" a", "must not start or end with a space"),
            ("rölé", "must consist of printable ASCII"),
            ("a:b", "must not contain [:]"),
            ("a,b", "must not contain [,]"),
            ("#a", "must not start with [#]"),
        ],
    )
    def test_roles_that_no_file_can_hold(self, field, role, rule):
        fault = fault_of_user(**{field: ["fine", role]})
        shown = role.replace(":b", ":…")
        assert fault.startswith(f"{field}[1]: [{shown}] {rule}")

    def test_roles_to_remove_may_have_unwritable_names(self):
        state = DesiredState.from_dict({"users": [{"name": "bob", "roles_remove": ["#a", "b:c"]}]})
        assert state.users[0].roles_remove == ("#a", "b:c")
        assert fault_of_user(roles_remove=["ö"]).startswith("roles_remove[0]: [ö] must consist of")

    def test_a_role_twice_is_once(self):
        state = DesiredState.from_dict({"users": [{"name": "bob", "roles": ["b", "a", "b"]}]})
        assert state.users[0].roles == ("b", "a")

    def test_null_is_not_given(self):
        fields = ("roles", "roles_add", "roles_remove", "state", "update_password")
        state = DesiredState.from_dict({"users": [{"name": "bob", **dict.fromkeys(fields)}]})
        assert state == DesiredState.from_dict({"users": [{"name": "bob"}]})
        (user,) = state.users
        assert (user.has_credentials, user.roles, user.state) == (False, None, None)
        assert not user.is_absent

    @pytest.mark.parametrize("field", PASSWORD_SOURCES)
    def test_a_null_password_is_an_issue(self, field):
        rule = "has no value: put it in quotes, or leave the field out"
        assert fault_of_user(**{field: None}) == f"{field}: {rule}"
        assert fault_of_user(**{field: None, "state": "absent"}) == f"{field}: {rule}"

    def test_a_null_password_is_not_a_second_source(self):
        assert faults_of({"users": [{"name": "bob", "password": None, "password_env": "X"}]}) == [
            "users[0].password: has no value: put it in quotes, or leave the field out"
        ]
        assert len(faults_of({"users": [{"name": "b", **dict.fromkeys(PASSWORD_SOURCES)}]})) == 4

    @pytest.mark.parametrize("field", ["password_file", "password_env"])
    @pytest.mark.parametrize("value", ["", "\0", "a\0b", "\ud800", "a\udfffb"])
    def test_names_that_the_system_cannot_have(self, field, value):
        rule = "must not be empty, nor contain U+0000 or a lone surrogate"
        assert fault_of_user(**{field: value}) == f"{field}: {rule}"

    @pytest.mark.parametrize("value", [" ", "é", "\U0001f600", "a=b", "\n"])
    def test_names_that_the_system_can_have(self, value):
        users = [{"name": "a", "password_file": value}, {"name": "b", "password_env": value}]
        first, second = DesiredState.from_dict({"users": users}).users
        assert (first.password_file, second.password_env) == (value, value)


class TestSettings:
    @pytest.mark.parametrize(
        ("content", "fault"),
        [
            (
                {"purge": "al"},
                "purge: [al] must be one of [none, managed, all]; did you mean [all]?",
            ),
            ({"purge": True}, "purge: a boolean must be one of [none, managed, all]"),
            ({"purge": ["all"]}, "purge: a list must be one of [none, managed, all]"),
            ({"purge": "$2a$04$x"}, "purge: [(a hash)] must be one of [none, managed, all]"),
            ({"purge": "all:hunter2"}, "purge: [all:…] must be one of [none, managed, all]"),
            ({"protect": ["ok", ""]}, "protect[1]: must not be empty"),
            ({"protect": [" "]}, "protect[0]: must not be empty"),
            ({"protect": [7]}, "protect[0]: must be a string, not a number: put it in quotes"),
            (
                {"hash_policy": {"algorithm": 12}},
                "hash_policy.algorithm: must be a string, not a number",
            ),
            ({"attributes": {"mode": 0o640}}, "attributes.mode: must be a string, not a number"),
            ({"attributes": {"mode": "rw"}}, "attributes.mode: [rw] must be an octal number"),
            ({"attributes": {"mode": "0o640"}}, "attributes.mode: [0o640] must be an octal"),
            ({"attributes": {"mode": "648"}}, "attributes.mode: [648] must be an octal number"),
            ({"attributes": {"mode": ""}}, "attributes.mode: [] must be an octal number"),
            ({"attributes": {"mode": "17777"}}, "attributes.mode: [17777] must be an octal"),
            ({"attributes": {"mode": "0017777"}}, "attributes.mode: [0017777] must be an octal"),
            ({"attributes": {"mode": "640 "}}, "attributes.mode: [640 ] must be an octal"),
            ({"attributes": {"mode": "٦٤٠"}}, "attributes.mode: [٦٤٠] must be an octal"),
            ({"attributes": {"mode": "6_4"}}, "attributes.mode: [6_4] must be an octal"),
            ({"attributes": {"mode": "640\n"}}, r"attributes.mode: [640\n] must be an octal"),
            ({"attributes": {"mode": "-640"}}, "attributes.mode: [-640] must be an octal number"),
        ],
    )
    def test_faults(self, content, fault):
        (told,) = faults_of(content)
        assert told.startswith(fault)

    @pytest.mark.parametrize("name", ["md5", "bcrypt3", "rot13", "", "ssha256"])
    def test_an_algorithm_that_may_not_be_written(self, name):
        (fault,) = faults_of({"hash_policy": {"algorithm": name}})
        assert fault.startswith(f"hash_policy.algorithm: [{name}] must be one of [bcrypt, bcrypt4,")

    def test_values(self):
        state = DesiredState.from_dict(
            {
                "hash_policy": {"algorithm": "PBKDF2_Stretch", "minimum_cost": 9000},
                "attributes": {"owner": 7, "group": "7", "mode": "0"},
            }
        )
        assert state.hash_policy == HashPolicy(algorithm="pbkdf2_stretch", minimum_cost=9000)
        assert state.attributes == FileAttributes(owner=7, group="7", mode=0)
        assert (state.users, state.purge, state.protect) == ((), None, ())


def test_all_issues_are_reported_together_in_order():
    content = {
        "users": [
            {"name": "a:b", "password": 1, "roles": [1, ","], "pasword": 1},
            "bob",
            {"password_hash": "swordfish"},
        ],
        "purge": "x",
        "protect": [""],
        "hash_policy": {"algorithm": "x", "minimum_cost": 0},
        "attributes": {"owner": True, "mode": "9"},
        "purg": 1,
    }
    places = [fault.partition(": ")[0] for fault in faults_of(content)]
    users = ["name", "roles[0]", "roles[1]", "password", "pasword"]
    expected = [
        *(f"users[0].{field}" for field in users),
        *("users[1]", "users[2]", "users[2].password_hash", "purge", "protect[0]", "purg"),
        *("hash_policy.algorithm", "hash_policy.minimum_cost"),
        *("attributes.mode", "attributes.owner"),
    ]
    assert sorted(set(places)) == sorted(expected)


def test_one_fault_is_on_one_line_and_more_are_a_list():
    one = InvalidDesiredStateError(("a: b",))
    two = InvalidDesiredStateError(("a: b", "c: d"))
    assert str(one) == "invalid desired state: a: b"
    assert str(two) == "invalid desired state, 2 issues:\n  a: b\n  c: d"


@pytest.mark.parametrize(
    ("written", "mode"),
    [("640", 0o640), ("0640", 0o640), ("000640", 0o640), ("7777", 0o7777), ("0007777", 0o7777)],
)
def test_valid_modes(written, mode):
    assert DesiredState.from_dict({"attributes": {"mode": written}}).attributes.mode == mode


@pytest.mark.parametrize("content", [{}, {"users": None}, {"purge": None, "hash_policy": None}])
def test_an_empty_document_is_an_error(content):
    assert faults_of(content) == ["empty document: add [users], even if the list is empty"]


@pytest.mark.parametrize("content", [{"users": []}, {"protect": []}, {"attributes": {}}])
def test_an_empty_list_of_users_is_valid(content):
    assert DesiredState.from_dict(content).users == ()
