"""Rules of provisioning that hold for every realm, every desired state and every document."""

from __future__ import annotations

import json
import random
import re
import shutil
import sys
from datetime import UTC, datetime
from typing import get_args

import pytest
from hypothesis import assume, event, example, given, settings
from hypothesis import strategies as st
from support import strategies as own
from support.hashes import CHEAP_HASH
from unit.provisioning.kit import (
    NEW,
    NEW_HASH,
    OLD,
    State,
    check_apply_again,
    statuses,
)

from esfilerealm.documents.document import FORMATS
from esfilerealm.errors import FileRealmError, InvalidDesiredStateError, UnsafePlanError
from esfilerealm.formats import parse_users, parse_users_roles
from esfilerealm.hashing import locked_hash
from esfilerealm.provisioning import ChangeKind, DesiredState, apply, plan

pytestmark = pytest.mark.property

CANARY = "Kanarienvogel"

LOCKED = locked_hash()
LATER, LATEST = "2198-12-01T08:00:00Z", "2199-12-01T08:00:00Z"
MADE = "2026-01-01T00:00:00+00:00"

stored = st.sampled_from(
    [CHEAP_HASH, CHEAP_HASH, NEW_HASH, LOCKED, LOCKED, "swordfish", "$2a$04$x", "{SHA}x"]
)
#: Mostly a few, so that whom a document names is there.
names = st.one_of(*[st.sampled_from(own.NAMES)] * 6, own.usernames)
users_files = own.files(st.one_of(*[st.builds("{}:{}".format, names, stored)] * 3, own.users_lines))
_lists_of_names = st.lists(names, min_size=1, max_size=4).map(", ".join)
users_roles_files = own.files(
    st.one_of(
        *[st.builds("{}:{}".format, own.role_names, _lists_of_names)] * 2, own.users_roles_lines
    )
)

credentials = st.sampled_from(
    [
        {"password": OLD},
        {"password": NEW},
        {"password": OLD, "update_password": "on_create"},
        {"password_hash": CHEAP_HASH},
        {"password_hash": NEW_HASH},
        {},
    ]
)
roles = st.lists(own.role_names, max_size=3)
wanted_roles = st.one_of(
    st.just({}),
    st.builds(lambda all_of_them: {"roles": all_of_them}, roles),
    st.builds(
        lambda add, remove: {
            "roles_add": [r for r in add if r not in remove],
            "roles_remove": remove,
        },
        roles,
        roles,
    ),
)
standings = st.fixed_dictionaries(
    {},
    optional={
        "locked": st.booleans(),
        "expires": st.sampled_from(["never", LATER, LATEST, "2020-01-01"]),
    },
)
present = st.builds(
    lambda name, secret, of, standing: {"name": name, **secret, **of, **standing},
    names,
    credentials,
    wanted_roles,
    st.just({}) | standings,
)
absent = st.builds(lambda name: {"name": name, "state": "absent"}, names)
documents = st.fixed_dictionaries(
    {
        "users": st.lists(
            present | present | absent, max_size=5, unique_by=lambda user: user["name"]
        )
    },
    optional={
        "purge": st.sampled_from(["none", "managed", "all"]),
        "protect": st.lists(st.sampled_from(["b*", "al", "?", "*"]), max_size=2),
        "attributes": st.sampled_from([{"mode": "0600"}, {"mode": "0640"}]),
        "hash_policy": st.sampled_from([{"algorithm": "bcrypt5"}, {"algorithm": "pbkdf2_1000"}]),
    },
)
managed_files = st.none() | st.builds(
    lambda names: json.dumps({"version": 1, "users": names}).encode(),
    st.lists(names, max_size=3),
)


accounts = st.fixed_dictionaries(
    {},
    optional={
        "hash": st.sampled_from([CHEAP_HASH, NEW_HASH]),
        "expires": st.sampled_from([LATER, LATEST]),
        "emergency": st.just(True),
    },
).map(lambda told: {**told, **({"made": MADE} if "expires" in told else {})})
records = st.none() | st.dictionaries(names, accounts, max_size=3).map(
    lambda users: json.dumps({"version": 1, "users": users}).encode()
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """One for all examples, each of which empties it first."""
    return tmp_path_factory.mktemp("realm")


def lay_out(folder, users, users_roles, managed=None, record=None):
    shutil.rmtree(folder)
    folder.mkdir()
    (folder / "users").write_bytes(users)
    (folder / "users_roles").write_bytes(users_roles)
    if managed is not None:
        (folder / "users.managed").write_bytes(managed)
    if record is not None:
        (folder / "users.accounts").write_bytes(record)
    (folder / "elasticsearch.yml").write_text(
        "xpack.security.authc.password_hashing.algorithm: bcrypt4\n"
    )


def kept_lines(data, parse):
    """Return comments and lines that a node skips, which nobody may touch, without line ends."""
    lines = re.sub(rb"\r\n|\r", b"\n", data).split(b"\n")
    skipped = {issue.line_number for issue in parse(data).issues if issue.kind != "blank"}
    return [
        line for number, line in enumerate(lines, 1) if line.startswith(b"#") or number in skipped
    ]


def assert_in_order(some, others):
    """Check that *others* contains all of *some*, in this order."""
    rest = iter(others)
    assert all(line in rest for line in some), (some, others)


def assert_lines_are_kept(folder, users, users_roles):
    for name, data, parse in (
        ("users", users, parse_users),
        ("users_roles", users_roles, parse_users_roles),
    ):
        after = re.sub(rb"\r\n|\r", b"\n", (folder / name).read_bytes()).split(b"\n")
        assert_in_order(kept_lines(data, parse), after)


def assert_nobody_is_let_in_by_accident(wanted, before, after):
    """Check that nobody is unlocked, and nobody's time moves, of whom the document says nothing."""
    said = {user.name: user for user in wanted.users}
    for name in before.locked & after.roles.keys():
        assert name in after.locked or said[name].locked is False
    for name in before.expiries.keys() & after.roles.keys():
        is_said = name in said and said[name].expires is not None
        assert is_said or after.expiries.get(name) == before.expiries[name]


class TestAnyRealm:
    """Any files, with comments, invalid lines and any line ends, and any desired state."""

    @settings(max_examples=150)
    @given(
        users=users_files,
        users_roles=users_roles_files,
        managed=managed_files,
        record=records,
        document=documents,
    )
    def test_the_plan_is_what_happens_and_nothing_happens_twice(
        self, folder, users, users_roles, managed, record, document
    ):
        lay_out(folder, users, users_roles, managed, record)
        before, state = statuses(folder), State.of(folder)
        wanted = DesiredState.from_dict(document)
        try:
            planned = plan(folder, wanted, force=True)
        except InvalidDesiredStateError as error:
            event("refused")
            rules = (
                *("needs a password: give one of ", "it does not meet the policy"),
                *("its password hash is not kept: give", "whose time no document changes"),
            )
            assert all(any(rule in fault for rule in rules) for fault in error.issues)
            assert statuses(folder) == before
            return
        for change in planned.changes:
            event(change.kind)
        check_apply_again(folder, wanted, force=True)
        assert_lines_are_kept(folder, users, users_roles)
        assert_nobody_is_let_in_by_accident(wanted, state, State.of(folder))

    @settings(max_examples=60)
    @given(users=users_files, users_roles=users_roles_files, document=documents)
    def test_whatever_is_refused_leaves_everything(self, folder, users, users_roles, document):
        lay_out(folder, users, users_roles + b"\nsuperuser:al")
        before = statuses(folder)
        wanted = DesiredState.from_dict(document)
        try:
            plan(folder, wanted)
        except (InvalidDesiredStateError, UnsafePlanError) as error:
            event(type(error).__name__)
        assert statuses(folder) == before

    @settings(max_examples=60)
    @given(
        users=users_files,
        users_roles=users_roles_files,
        wishes=st.lists(documents, min_size=1, max_size=3),
    )
    def test_each_user_is_as_desired(self, folder, users, users_roles, wishes):
        lay_out(folder, users, users_roles)
        states = [DesiredState.from_dict(document) for document in wishes]
        wanted = DesiredState.merged(states)
        try:
            planned = plan(folder, wanted, force=True)
        except InvalidDesiredStateError:
            return
        before = State.of(folder)
        apply(planned)
        after = State.of(folder)
        now = datetime.now(UTC)
        absent = (user for user in wanted.users if user.is_absent or user.is_over_at(now))
        gone_by_wish = {user.name for user in absent}
        for user in wanted.users:
            if user.name in gone_by_wish:
                assert user.name not in after.roles
                continue
            has = after.roles[user.name]
            assert has >= set(user.roles or user.roles_add)
            assert not has & set(user.roles_remove)
            assert user.roles is None or has == set(user.roles)
        if wanted.purge == "all":
            extra = after.roles.keys() - {user.name for user in wanted.users}
            assert all(wanted.protects(name) for name in extra)
        else:
            gone = before.roles.keys() - after.roles.keys()
            assert gone <= gone_by_wish

    @settings(max_examples=60)
    @given(
        users=users_files,
        users_roles=users_roles_files,
        document=documents,
        broken=st.sampled_from(["users", "users_roles"]),
    )
    def test_a_realm_that_is_not_utf_8_is_refused(
        self, folder, users, users_roles, document, broken
    ):
        lay_out(folder, users, users_roles)
        (folder / broken).write_bytes((folder / broken).read_bytes() + b"\xff")
        before = statuses(folder)
        with pytest.raises(FileRealmError):
            plan(folder, DesiredState.from_dict(document), force=True)
        assert statuses(folder) == before


def key_of(line):
    """Return the key of a line of users or roles with a colon; another line is its own key."""
    return line if line.startswith("#") or ":" not in line else line.partition(":")[0] + ":"


def random_document(chance, names):
    users = []
    for name in chance.sample(names, chance.randint(0, 6)):
        user = {"name": name, "password": chance.choice([OLD, NEW])}
        kind = chance.randrange(4)
        if kind == 0:
            user = {"name": name, "state": "absent"}
        elif kind == 1:
            user["roles"] = chance.sample(["a", "b", "c", "d", "superuser"], chance.randint(0, 3))
        elif kind == 2:
            user["roles_add"] = chance.sample(["a", "b", "c"], chance.randint(0, 2))
            user["roles_remove"] = chance.sample(["d", "e"], chance.randint(0, 2))
        else:
            user["update_password"] = "on_create"
        if kind and chance.random() < 0.3:
            user["locked"] = chance.choice([True, False])
            user["expires"] = chance.choice(["never", LATER, LATEST])
        users.append(user)
    return {
        "users": users,
        "purge": chance.choice(["none", "none", "none", "managed", "all"]),
        "protect": chance.choice([["*"], ["u1*"], ["u?"]]),
        "hash_policy": chance.choice([{}, {}, {"algorithm": "bcrypt5"}]),
        "attributes": chance.choice([{}, {}, {"mode": "0600"}, {"mode": "0640"}]),
    }


class UntouchedLines:
    """
    The lines of one file that no change may move, for files whose lines end with *end*.

    Comments and invalid lines stay for ever. The line of a user or role stays until it is removed;
    if it comes back, it comes at the end.
    """

    def __init__(self, path, end):
        self.path, self.end = path, end
        self.fixed = [key for key in self.read() if not key.endswith(":")]
        self.survivors = self.read()

    def read(self):
        data = self.path.read_bytes().decode()
        assert data.count(self.end) == data.count("\n")
        return list(map(key_of, data.split(self.end)[:-1]))

    def check(self):
        now = self.read()
        assert [key for key in now if not key.endswith(":")] == self.fixed
        self.survivors = [key for key in self.survivors if key in set(now)]
        rest = iter(now)
        assert [key for key in self.survivors if key not in rest] == []


def commented_files(chance, names):
    users, users_roles = ["# the people of this node", ""], ["# who may what", "an invalid line"]
    for number, name in enumerate(names):
        users += [f"# {name} came in {2000 + number}", f"{name}:{CHEAP_HASH}"]
        users += [f"invalid line {number}", ""] * (number % 3 == 0)
    for role in "abcdefg":
        users_roles += [f"# about {role}", f"{role}: {', '.join(chance.sample(names, 8))}", ""]
    return users, users_roles


@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CR LF"])
@pytest.mark.parametrize("seed", [1, 2])
def test_a_hundred_changes_keep_every_comment_in_place_and_in_order(folder, seed, end):
    chance = random.Random(seed)
    names = [f"u{number}" for number in range(20)]
    files = commented_files(chance, names)
    lay_out(folder, *("".join(line + end for line in lines).encode() for lines in files))
    untouched = [UntouchedLines(folder / name, end) for name in ("users", "users_roles")]
    kinds = set()
    for _ in range(100):
        wanted = DesiredState.from_dict(random_document(chance, names))
        kinds |= {change.kind for change in check_apply_again(folder, wanted, force=True).changes}
        for lines in untouched:
            lines.check()
    elsewhere = {"create_file", "remove_orphan", "create_keystore"}
    elsewhere |= {"set_secure_setting", "remove_secure_setting"}
    assert kinds == set(get_args(ChangeKind)) - elsewhere


_fields = ["users", "name", "password", "password_hash", "password_env", "roles", "state", "purge"]
_fields += ["expires", "locked"]
_groups = ["protect", "hash_policy", "algorithm", "minimum_cost", "attributes", "owner", "mode"]
_values = [
    "absent",
    "all",
    "0640",
    "0x1F",
    "1e3",
    "~",
    "null",
    "yes",
    "NaN",
    "2020-01-01",
    "8h",
    "never",
    "\ufeff",
]
_tags = ["!!int", "!!float", "!!bool", "!!null", "!!str", "!!binary", "!vault", "!", "%TAG"]
_signs = ["&a", "*a", "<<", *"[]{},:-?|>'\"#=\\", "---", "...", "[[users]]", "[attributes]", "=="]
_escapes = ["\\ud800", "\\u0000", '"\\0"']
words = st.sampled_from([*_fields, *_groups, *_values, *_tags, *_signs, *_escapes])
blanks = st.sampled_from(["", " ", "\n", "\n  ", "\n- ", ": ", "\t", "\r\n", ", ", " = "])
texts = st.lists(st.builds("{}{}".format, words, blanks), max_size=15).map("".join)
fuzz = st.one_of(
    st.binary(max_size=80),
    st.text(max_size=40).map(lambda text: text.encode("utf-8", "surrogatepass")),
    texts.map(str.encode),
    texts.map(lambda text: f"users:\n- name: bob\n  password: {text}\n".encode()),
    documents.map(lambda document: json.dumps(document).encode()),
)


class TestAnyDocument:
    """Any bytes result in a desired state, or in an error with places."""

    @settings(max_examples=600)
    @given(data=fuzz, format=st.sampled_from(FORMATS))
    @example(data=b"users: !!int ''", format="yaml")
    @example(data=b"users: !!bool maybe", format="yaml")
    @example(data=b"[" * 100_000, format="yaml")
    @example(data=b"{" * 100_000, format="yaml")
    @example(data=b"[" * 100_000, format="json")
    @example(data=b"a = " + b"[" * 100_000, format="toml")
    def test_bytes(self, data, format):
        outside = sys.exception()  # hypothesis may be handling one
        try:
            state = DesiredState.parse(data, source="x", format=format)
        except InvalidDesiredStateError as error:
            event("refused")
            assert error.issues
            for fault in error.issues:
                assert fault.startswith("[x]")
                assert fault.isprintable()
            assert error.__cause__ is None
            assert error.__context__ is outside
        else:
            event("read")
            assert isinstance(state, DesiredState)

    json_values = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=4),
        max_leaves=12,
    )

    @given(content=st.dictionaries(words | st.text(max_size=5), json_values, max_size=5))
    def test_dictionaries(self, content):
        try:
            DesiredState.from_dict(content)
        except InvalidDesiredStateError as error:
            assert all(fault.isprintable() for fault in error.issues)

    @given(document=documents)
    def test_what_is_written_as_json_is_read_as_json_and_yaml(self, document):
        assume(document != {"users": []})
        states = [
            DesiredState.parse(json.dumps(document).encode(), source="x", format=format)
            for format in ("json", "yaml")
        ]
        assert states[0] == states[1] == DesiredState.from_dict(document, source="x")

    @settings(max_examples=300)
    @given(before=texts, behind=texts, format=st.sampled_from(FORMATS))
    def test_a_secret_is_in_no_message(self, before, behind, format):
        template = {
            "yaml": 'users:\n- name: bob\n  password: {}"{}"{}\n',
            "json": '{{"users": [{{"name": "bob", "password": {}"{}"{}}}]}}',
            "toml": '[[users]]\nname = "bob"\npassword = {}"{}"{}\n',
        }[format]
        text = template.format(before.replace("\n", " "), CANARY, behind)
        try:
            state = DesiredState.parse(text.encode(), source="x", format=format)
        except InvalidDesiredStateError as error:
            event("refused")
            # Where it has become the name of a field, that is shown.
            faults = [fault for fault in error.issues if "unknown field" not in fault]
            assert not any(CANARY in fault.partition(": ")[2] for fault in faults)
        else:
            users = [user for user in state.users if user.name == "bob"]
            assert CANARY not in repr([(user.password, user.password_hash) for user in users])
