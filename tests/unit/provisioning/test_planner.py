"""Every field of a desired user and of a document: planned, applied, and then unchanged."""

from __future__ import annotations

import os

import pytest
from support.hashes import CHEAP_HASH
from support.storing import OTHER_HASH, STRANGER, root, statuses
from unit.provisioning.kit import NEW, NEW_HASH, OLD, USERS, check_apply_again, desired

from esfilerealm import RealmSettings, UsersTool
from esfilerealm.errors import (
    ConfigurationFileMissingError,
    FileFormatError,
    FilePermissionError,
    InvalidAttributeError,
    InvalidDesiredStateError,
    UnknownHashAlgorithmError,
)
from esfilerealm.formats import parse_users
from esfilerealm.hashing import resolve_from_hash
from esfilerealm.provisioning import DesiredState, apply, ensure_user, plan

JANE = {"name": "jane", "password": NEW}
BOB = {"name": "bob"}


def diff_of(realm, wanted, **how):
    """Plan, apply, apply again; give the lines of what was changed, and folders as ``{}``."""
    text = check_apply_again(realm, wanted, **how).diff()
    return text.replace(str(realm), "{}").splitlines()


@pytest.mark.parametrize(
    ("user", "diff", "password"),
    [
        pytest.param(
            {**JANE, "roles": ["viewer", "editor"]}, ["+ jane: viewer,editor"], NEW, id="new"
        ),
        pytest.param(JANE, ["+ jane: -"], NEW, id="new, no roles said"),
        pytest.param({**JANE, "roles": []}, ["+ jane: -"], NEW, id="new, no roles wanted"),
        pytest.param(
            {**JANE, "roles_add": ["a", "b"]}, ["+ jane: a,b"], NEW, id="new, roles added"
        ),
        pytest.param({**JANE, "roles_remove": ["viewer"]}, ["+ jane: -"], NEW, id="new, removed"),
        pytest.param({**JANE, "name": "ghost"}, ["+ ghost: -"], NEW, id="new, roles wait for it"),
        pytest.param({**JANE, "update_password": "on_create"}, ["+ jane: -"], NEW, id="on_create"),
        pytest.param({**JANE, "state": "present"}, ["+ jane: -"], NEW, id="new, present"),
        pytest.param(
            {"name": "jane", "password_env": "NEW_PASSWORD"}, ["+ jane: -"], NEW, id="env"
        ),
        pytest.param({"name": "jane", "password_hash": NEW_HASH}, ["+ jane: -"], NEW, id="hash"),
        pytest.param({"name": "j o", "password": NEW}, ["+ j o: -"], NEW, id="new, a blank inside"),
        pytest.param({"name": "jane", "state": "absent"}, [], None, id="absent, not there"),
        pytest.param(
            {"name": "ghost", "state": "absent"},
            ["- ghost: old (not a user)"],
            None,
            id="absent, an orphan",
        ),
        pytest.param({"name": "elastic", "state": "absent"}, [], None, id="absent, reserved"),
    ],
)
def test_an_unknown_user(realm, user, diff, password):
    assert diff_of(realm, desired(user)) == diff
    if password is not None:
        assert UsersTool(realm).verify(user["name"], password)


@pytest.mark.parametrize(
    ("fields", "diff", "password"),
    [
        pytest.param({}, [], OLD, id="nothing asked"),
        pytest.param({"password": OLD}, [], OLD, id="password, the same"),
        pytest.param({"password": NEW}, ["~ bob: password (changed)"], NEW, id="password"),
        pytest.param(
            {"password": NEW, "update_password": "always"},
            ["~ bob: password (changed)"],
            NEW,
            id="password, always",
        ),
        pytest.param({"password": NEW, "update_password": "on_create"}, [], OLD, id="on_create"),
        pytest.param({"roles": None, "state": None}, [], OLD, id="null"),
        pytest.param({"password_env": "OLD_PASSWORD"}, [], OLD, id="env, the same"),
        pytest.param(
            {"password_env": "NEW_PASSWORD"}, ["~ bob: password (changed)"], NEW, id="env"
        ),
        pytest.param(
            {"password_env": "NOT_SET", "update_password": "on_create"}, [], OLD, id="env, not read"
        ),
        pytest.param({"password_hash": CHEAP_HASH}, [], OLD, id="hash, the same"),
        pytest.param(
            {"password_hash": OTHER_HASH},
            ["~ bob: password (changed)"],
            OLD,
            id="hash, another of the same password",
        ),
        pytest.param({"password_hash": NEW_HASH}, ["~ bob: password (changed)"], NEW, id="hash"),
        pytest.param(
            {"password_hash": NEW_HASH, "update_password": "on_create"},
            [],
            OLD,
            id="hash, on_create",
        ),
        pytest.param({"roles": ["viewer", "admin"]}, [], OLD, id="roles, the same"),
        pytest.param({"roles": ["admin", "viewer"]}, [], OLD, id="roles, another order"),
        pytest.param({"roles": ["admin", "viewer", "admin"]}, [], OLD, id="roles, one twice"),
        pytest.param(
            {"roles": ["viewer", "admin", "a", "b"]}, ["~ bob: roles +a +b"], OLD, id="more roles"
        ),
        pytest.param({"roles": ["admin"]}, ["~ bob: roles -viewer"], OLD, id="fewer roles"),
        pytest.param({"roles": []}, ["~ bob: roles -viewer -admin"], OLD, id="roles, none at all"),
        pytest.param(
            {"roles": ["a", "admin"]},
            ["~ bob: roles +a", "~ bob: roles -viewer"],
            OLD,
            id="other roles",
        ),
        pytest.param({"roles_add": ["admin"]}, [], OLD, id="roles_add, had"),
        pytest.param({"roles_add": ["a", "admin"]}, ["~ bob: roles +a"], OLD, id="roles_add"),
        pytest.param({"roles_add": []}, [], OLD, id="roles_add, none"),
        pytest.param({"roles_remove": ["a"]}, [], OLD, id="roles_remove, had not"),
        pytest.param(
            {"roles_remove": ["viewer"]}, ["~ bob: roles -viewer"], OLD, id="roles_remove"
        ),
        pytest.param(
            {"roles_add": ["a"], "roles_remove": ["admin"]},
            ["~ bob: roles +a", "~ bob: roles -admin"],
            OLD,
            id="roles_add and roles_remove",
        ),
        pytest.param(
            {"password": NEW, "roles": ["a"]},
            ["~ bob: password (changed)", "~ bob: roles +a", "~ bob: roles -viewer -admin"],
            NEW,
            id="password and roles",
        ),
        pytest.param({"state": "absent"}, ["- bob"], None, id="absent"),
        pytest.param(
            {"state": "absent", "password": NEW, "roles": ["a"]}, ["- bob"], None, id="absent, more"
        ),
        pytest.param(
            {"state": "absent", "password_env": "NOT_SET"}, ["- bob"], None, id="not read"
        ),
    ],
)
def test_an_existing_user(realm, fields, diff, password):
    assert diff_of(realm, desired({**BOB, **fields})) == diff
    tool = UsersTool(realm)
    assert tool.verify("al", OLD)
    if password is None:
        assert "bob" not in tool.list_users()
    else:
        assert tool.verify("bob", password)


@pytest.mark.parametrize(("name", "diff"), [("old", []), ("new", ["~ bob: password (changed)"])])
def test_a_password_file_begins_beside_its_document(realm, monkeypatch, name, diff):
    monkeypatch.chdir("/")
    document = realm.parent / "state.yaml"
    document.write_text(f"users: [{{name: bob, password_file: {name}.txt}}]")
    assert diff_of(realm, DesiredState.load(document)) == diff
    assert UsersTool(realm).verify("bob", {"old": OLD, "new": NEW}[name])


def test_an_absolute_password_file(realm):
    path = str(realm.parent / "new.txt")
    diff_of(realm, desired({**BOB, "password_file": path}))
    assert UsersTool(realm).verify("bob", NEW)


def test_only_lines_of_changed_users_change(realm):
    diff_of(realm, desired({"name": "al", "state": "absent"}, {**JANE, "roles": ["viewer"]}))
    lines = (realm / "users").read_text().splitlines()
    assert lines[:-1] == [line for line in USERS.splitlines() if not line.startswith("al:")]
    assert (realm / "users_roles").read_text() == (
        "# who may what\nviewer: bob, jane\nodd line\nadmin:bob\n# nobody: left\nold:ghost\n"
    )


def test_users_change_in_the_order_of_the_document(realm):
    wanted = desired(
        {"name": "zoe", "password": NEW},
        {"name": "al", "state": "absent"},
        {"name": "ann", "password_hash": NEW_HASH},
        {"name": "bob", "roles_remove": ["admin"]},
        purge="all",
    )
    assert diff_of(realm, wanted) == [
        "+ zoe: -",
        "- al",
        "+ ann: -",
        "~ bob: roles -admin",
        "- ops-1 (purged)",
        "- ghost: old (not a user, purged)",
    ]


def test_a_user_of_two_lines_has_the_last_one(realm):
    with (realm / "users").open("a") as file:
        file.write(f"bob:{NEW_HASH}\n")
    assert diff_of(realm, desired({**BOB, "password": NEW})) == []
    assert diff_of(realm, desired({**BOB, "password": OLD})) == ["~ bob: password (changed)"]
    assert UsersTool(realm).verify("bob", OLD)


def test_an_unusable_stored_hash_matches_no_password(realm):
    (realm / "users").write_text(f"bob:{OLD}\nal:$2a$04$x\n")
    both = [{"name": name, "password": OLD} for name in ("bob", "al")]
    assert diff_of(realm, desired(*both)) == [
        "~ bob: password (changed)",
        "~ al: password (changed)",
    ]


def test_an_unusable_stored_hash_stays_without_a_new_password(realm):
    (realm / "users").write_text(f"bob:{OLD}\n")
    assert diff_of(realm, desired(BOB)) == []


def test_missing_roles_are_none_and_the_file_is_made(realm):
    (realm / "users_roles").unlink()
    assert diff_of(realm, desired({**BOB, "roles": []})) == []
    assert not (realm / "users_roles").exists()
    assert diff_of(realm, desired({**BOB, "roles": ["a"]})) == ["~ bob: roles +a"]


def test_line_ends_stay(realm):
    for name in ("users", "users_roles"):
        (realm / name).write_bytes((realm / name).read_bytes().replace(b"\n", b"\r\n"))
    diff_of(realm, desired({**JANE, "roles": ["a"]}, {"name": "al", "state": "absent"}))
    for name in ("users", "users_roles"):
        data = (realm / name).read_bytes()
        assert data.count(b"\n") == data.count(b"\r\n") == len(data.splitlines())


class TestHashPolicy:
    """The same password is hashed anew where its hash is too weak, and only there."""

    @pytest.mark.parametrize(
        ("policy", "password", "diff", "hasher"),
        [
            ({}, OLD, [], ("bcrypt4", 4)),
            ({"algorithm": "bcrypt4"}, OLD, [], ("bcrypt4", 4)),
            ({"algorithm": "BCRYPT4"}, OLD, [], ("bcrypt4", 4)),
            ({"minimum_cost": 4}, OLD, [], ("bcrypt4", 4)),
            ({"algorithm": "bcrypt5", "minimum_cost": 4}, OLD, [], ("bcrypt4", 4)),
            ({"algorithm": "bcrypt5"}, OLD, ["bcrypt5"], ("bcrypt5", 5)),
            ({"algorithm": "bcrypt6", "minimum_cost": 5}, OLD, ["bcrypt6"], ("bcrypt6", 6)),
            ({"algorithm": "pbkdf2_1000"}, OLD, ["pbkdf2_1000"], ("pbkdf2", 1000)),
            (
                {"algorithm": "pbkdf2_stretch_1000", "minimum_cost": 1},
                OLD,
                ["pbkdf2_stretch_1000"],
                ("pbkdf2_stretch", 1000),
            ),
            ({"algorithm": "bcrypt5"}, NEW, [None], ("bcrypt5", 5)),
            ({"algorithm": "pbkdf2_1000"}, NEW, [None], ("pbkdf2", 1000)),
        ],
    )
    def test_of_a_password(self, realm, policy, password, diff, hasher):
        wanted = desired({**BOB, "password": password}, hash_policy=policy)
        told = [
            f"~ bob: password (the same, hashed anew by {name})"
            if name
            else "~ bob: password (changed)"
            for name in diff
        ]
        assert diff_of(realm, wanted) == told
        stored = parse_users((realm / "users").read_bytes()).users
        found = resolve_from_hash(stored["bob"])
        assert (found.name.rstrip("_0123456789"), found.cost) == (
            hasher[0].rstrip("_0123456789"),
            hasher[1],
        )
        assert UsersTool(realm).verify("bob", password)
        assert stored["al"] == CHEAP_HASH

    def test_a_new_user_gets_the_algorithm(self, realm):
        diff_of(realm, desired(JANE, hash_policy={"algorithm": "pbkdf2_1000"}))
        stored = parse_users((realm / "users").read_bytes()).users
        assert stored["jane"].startswith("{PBKDF2}1000$")

    @pytest.mark.parametrize("fields", [{}, {"password": NEW, "update_password": "on_create"}])
    def test_a_user_without_a_new_password_keeps_a_weak_hash(self, realm, fields):
        wanted = desired({**BOB, **fields}, hash_policy={"algorithm": "bcrypt5"})
        assert diff_of(realm, wanted) == []

    @pytest.mark.parametrize("policy", [{"algorithm": "bcrypt4"}, {"minimum_cost": 4}])
    def test_a_stored_hash_that_meets_it_stays(self, realm, policy):
        wanted = desired({**BOB, "password_hash": CHEAP_HASH}, hash_policy=policy)
        assert diff_of(realm, wanted) == []

    @pytest.mark.parametrize("stored", [CHEAP_HASH, NEW_HASH], ids=["it is there", "it is not"])
    @pytest.mark.parametrize(
        "policy", [{"algorithm": "pbkdf2_1000"}, {"algorithm": "bcrypt5"}, {"minimum_cost": 5}]
    )
    def test_a_hash_that_breaks_the_policy(self, realm, policy, stored):
        (realm / "elasticsearch.yml").write_text(
            "xpack.security.authc.password_hashing.algorithm: bcrypt5\n"
        )
        (realm / "users").write_text(f"bob:{stored}\n")
        rule = (
            r"users\[0\].password_hash: it does not meet the policy: \[.*\], minimum cost \[\d+\]"
        )
        with pytest.raises(InvalidDesiredStateError, match=rule):
            plan(realm, desired({**BOB, "password_hash": CHEAP_HASH}, hash_policy=policy))

    @pytest.mark.parametrize(
        ("policy", "rule"),
        [
            (
                {"minimum_cost": 5},
                r"hash_policy: \[bcrypt4\]: its cost \[4\] is below the minimum \[5\]",
            ),
            (
                {"algorithm": "pbkdf2_1000", "minimum_cost": 1001},
                r"\[pbkdf2_1000\]: its cost \[1000\] is below",
            ),
        ],
    )
    def test_an_algorithm_below_its_own_minimum(self, realm, policy, rule):
        with pytest.raises(InvalidDesiredStateError, match=rule):
            plan(realm, desired(BOB, hash_policy=policy))

    def test_fips_mode_wants_another_algorithm(self, realm):
        settings = RealmSettings(
            fips_mode_enabled=True, password_hashing_algorithm="pbkdf2_stretch_1000"
        )
        wanted = desired({**BOB, "password": NEW}, hash_policy={"algorithm": "bcrypt4"})
        with pytest.raises(InvalidDesiredStateError, match="FIPS mode allows PBKDF2 only"):
            plan(realm, wanted, settings=settings)
        with pytest.raises(InvalidDesiredStateError, match="FIPS mode allows PBKDF2 only"):
            plan(realm, desired({**BOB, "password_hash": NEW_HASH}), settings=settings)


class TestAttributes:
    """Owner, group and mode of both files."""

    def test_mode(self, realm):
        assert diff_of(realm, desired(attributes={"mode": "0600"})) == [
            "~ [{}/users]: mode 0640 -> 0600",
            "~ [{}/users_roles]: mode 0640 -> 0600",
        ]

    @pytest.mark.parametrize("mode", ["640", "0640", "00640"])
    def test_a_mode_that_the_files_already_have(self, realm, mode):
        assert diff_of(realm, desired(attributes={"mode": mode})) == []

    def test_of_one_file(self, realm):
        (realm / "users_roles").chmod(0o600)
        wanted = desired(attributes={"mode": "0640"})
        assert diff_of(realm, wanted) == ["~ [{}/users_roles]: mode 0600 -> 0640"]

    def test_with_a_change_of_one_file(self, realm):
        wanted = desired({**BOB, "password": NEW}, attributes={"mode": "0600"})
        assert diff_of(realm, wanted)[0] == "~ bob: password (changed)"
        assert [(realm / name).stat().st_mode & 0o777 for name in ("users", "users_roles")] == [
            0o600,
            0o600,
        ]

    def test_of_a_file_that_is_made(self, realm):
        (realm / "users_roles").unlink()
        wanted = desired({**BOB, "roles": ["a"]}, attributes={"mode": "0600"})
        assert diff_of(realm, wanted) == [
            "~ bob: roles +a",
            "~ [{}/users]: mode 0640 -> 0600",
        ]
        assert (realm / "users_roles").stat().st_mode & 0o777 == 0o600

    @root
    def test_owner_and_group(self, realm):
        wanted = desired(attributes={"owner": STRANGER, "group": str(STRANGER), "mode": "0604"})
        shown = f"owner 0 -> {STRANGER}, group 0 -> {STRANGER}, mode 0640 -> 0604"
        assert diff_of(realm, wanted) == [
            f"~ [{{}}/{n}]: {shown}" for n in ("users", "users_roles")
        ]

    @root
    def test_owner_by_name(self, realm):
        assert diff_of(realm, desired(attributes={"owner": "root", "group": "root"})) == []

    def test_values_that_the_files_already_have(self, realm):
        mine = {"owner": os.getuid(), "group": os.getgid()}
        assert diff_of(realm, desired(attributes=mine)) == []

    @root
    def test_somebody_else_may_not_give_them_away(self, realm_of_a_stranger):
        wanted = desired(attributes={"owner": STRANGER + 1})
        with realm_of_a_stranger as folder:
            planned = plan(folder, wanted)
            before = statuses(folder)
            with pytest.raises(FilePermissionError, match=r"cannot set its owner \[4712\]"):
                apply(planned)
            assert {n: s for n, s in statuses(folder).items() if n != "users.lock"} == before

    @root
    def test_somebody_else_may_set_the_mode(self, realm_of_a_stranger):
        with realm_of_a_stranger as folder:
            assert len(diff_of(folder, desired(attributes={"mode": "0600"}))) == 2

    @root
    def test_attributes_that_cannot_be_set_are_no_change_with_warnings(self, realm_of_a_stranger):
        with realm_of_a_stranger as folder:
            wanted = desired(attributes={"owner": STRANGER + 1})
            assert len(plan(folder, wanted).changes) == 2
            assert check_apply_again(folder, wanted, attributes="warn").changes == ()

    @root
    def test_attributes_that_cannot_be_set_are_no_change_beside_others(self, realm_of_a_stranger):
        with realm_of_a_stranger as folder:
            wanted = desired(attributes={"owner": STRANGER + 1, "mode": "0600"})
            applied = check_apply_again(folder, wanted, attributes="warn")
            assert [str(change).partition(": ")[2] for change in applied.changes] == [
                "mode 0640 -> 0600"
            ] * 2
            told = f"owner [{STRANGER + 1}] could not be set"
            assert [file.lost for file in applied.result.files] == [(told,)] * 2

    @root
    def test_attributes_that_can_be_set_are_a_change_even_with_warnings(self, realm):
        wanted = desired(attributes={"owner": STRANGER})
        assert len(diff_of(realm, wanted, attributes="warn")) == 2
        assert (realm / "users").stat().st_uid == STRANGER

    @root
    def test_apply_is_as_tolerant_as_the_plan_by_default(self, realm_of_a_stranger):
        with realm_of_a_stranger as folder:
            wanted = desired({**BOB, "roles": []}, attributes={"owner": STRANGER + 1})
            planned = plan(folder, wanted, attributes="warn")
            assert planned._basis.attributes == "warn"
            with pytest.raises(FilePermissionError, match="cannot set its owner"):
                apply(planned, attributes="refuse")
            assert apply(planned).changed
            strict = plan(folder, wanted)
            assert strict._basis.attributes == "refuse"
            with pytest.raises(FilePermissionError, match="cannot set its owner"):
                apply(strict)
            assert apply(strict, attributes="warn").result.files[0].lost == ()
            assert not ensure_user(folder, "bob", roles=[], attributes="warn").changed

    @root
    def test_a_new_plan_is_equally_tolerant(self, realm_of_a_stranger):
        with realm_of_a_stranger as folder:
            planned = plan(folder, desired(attributes={"owner": STRANGER + 1}), attributes="warn")
            UsersTool(folder).userdel("al")
            again = apply(planned, replan=True)
            assert (again.changes, again._basis.attributes) == ((), "warn")

    def test_an_unknown_tolerance(self, realm):
        with pytest.raises(ValueError, match=r"attributes is \[magic\]: must be one of"):
            plan(realm, desired(BOB), attributes="magic")

    @pytest.mark.parametrize(
        ("attributes", "rule"),
        [
            ({"owner": "nobody-of-that-name"}, "invalid owner .*: no such user"),
            ({"group": "nobody-of-that-name"}, "invalid group .*: no such group"),
            ({"owner": -1}, "invalid owner .*: must be between"),
        ],
    )
    def test_invalid_values(self, realm, attributes, rule):
        before = statuses(realm)
        with pytest.raises(InvalidAttributeError, match=rule):
            plan(realm, desired(attributes=attributes))
        assert statuses(realm) == before

    def test_a_number_without_end(self, realm):
        text = b"users: []\nattributes: {owner: 0x" + b"f" * 5000 + b"}"
        with pytest.raises((InvalidAttributeError, InvalidDesiredStateError)) as caught:
            plan(realm, DesiredState.parse(text, source="state.yaml"))
        assert "owner" in str(caught.value)


GHOST_PURGED = "- ghost: old (not a user, purged)"


class TestPurge:
    @pytest.mark.parametrize(
        ("more", "diff"),
        [
            ({}, []),
            ({"purge": "none"}, []),
            ({"purge": "managed"}, []),
            ({"purge": "all"}, ["- al (purged)", "- ops-1 (purged)", GHOST_PURGED]),
            ({"purge": "all", "protect": ["ops-*"]}, ["- al (purged)", GHOST_PURGED]),
            ({"purge": "all", "protect": ["a?", "OPS-1"]}, ["- ops-1 (purged)", GHOST_PURGED]),
            ({"purge": "all", "protect": ["ops-[0-9]", "al"]}, [GHOST_PURGED]),
            ({"purge": "all", "protect": ["ops-[0-9]", "al", "g*"]}, []),
            ({"purge": "all", "protect": ["*"]}, []),
        ],
    )
    def test_of_unlisted_users(self, realm, more, diff):
        assert diff_of(realm, desired(BOB, **more)) == diff

    def test_protected_names_go_if_they_are_to_be_absent(self, realm):
        wanted = desired(BOB, {"name": "ops-1", "state": "absent"}, purge="all", protect=["*"])
        assert diff_of(realm, wanted) == ["- ops-1"]

    def test_invalid_lines_stay(self, realm):
        diff_of(realm, desired(BOB, purge="all"))
        assert (realm / "users").read_text() == (
            f"# people\nbob:{CHEAP_HASH}\n\nodd line\n# machines\n"
        )
        assert "ghost" not in (realm / "users_roles").read_text()


class TestRefusals:
    """Issues that only the node knows: reported together, each with its place, before any write."""

    @pytest.mark.parametrize(
        ("user", "rule"),
        [
            (
                {"name": "jane"},
                r"users\[0\]: new user \[jane\] needs a password: give one of password, ",
            ),
            ({"name": "elastic", "password": NEW}, r"users\[0\].name: \[elastic\] is reserved"),
            ({"name": "_anonymous", "password": NEW}, r"\[0\].name: \[_anonymous\] is reserved"),
            (
                {**BOB, "password_env": "NOT_SET"},
                r"users\[0\].password_env: environment variable \[NOT_SET\] is not set",
            ),
            ({"name": "jane", "password_env": "NOT_SET"}, r"\[0\].password_env: .* is not set"),
            ({**BOB, "password_env": "TOO_SHORT"}, r"\[0\].password_env: must have at least 6"),
            ({**BOB, "password_env": "a=b"}, r"users\[0\].password_env: .* is not set"),
        ],
    )
    def test_of_one_user(self, realm, monkeypatch, user, rule):
        monkeypatch.setenv("TOO_SHORT", "12345")
        before = statuses(realm)
        with pytest.raises(InvalidDesiredStateError, match=rule) as caught:
            plan(realm, desired(user))
        assert len(caught.value.issues) == 1
        assert statuses(realm) == before

    @pytest.mark.parametrize(
        ("data", "rule"),
        [
            pytest.param(None, "No such file", id="missing"),
            pytest.param(b"", "holds no password", id="empty"),
            pytest.param(b"\n", "holds no password", id="a line end"),
            pytest.param(b"one-password\ntwo\n", "holds more than one line", id="two lines"),
            pytest.param(b"caf\xe9-secret", "is not UTF-8", id="not UTF-8"),
            pytest.param(b"short", "must have at least 6", id="short"),
            pytest.param(b"x" * 70_000, "holds more than 65536 bytes", id="long"),
        ],
    )
    def test_of_a_password_file(self, realm, data, rule):
        path = realm.parent / "secret.txt"
        if data is not None:
            path.write_bytes(data)
        with pytest.raises(InvalidDesiredStateError) as caught:
            plan(realm, desired({**BOB, "password_file": str(path)}))
        (fault,) = caught.value.issues
        assert fault.startswith("[desired state], users[0].password_file: ")
        assert rule in fault

    @pytest.mark.parametrize("end", ["", "\n", "\r\n"])
    def test_one_line_end_is_not_part_of_a_password(self, realm, end):
        path = realm.parent / "secret.txt"
        path.write_bytes(f"{NEW}{end}".encode())
        diff_of(realm, desired({**BOB, "password_file": str(path)}))
        assert UsersTool(realm).verify("bob", NEW)

    @pytest.mark.parametrize(
        "fields",
        [
            pytest.param({"password_file": "a\0b"}, id="file, NUL"),
            pytest.param({"password_file": "a\ud800b"}, id="file, half a character"),
            pytest.param({"password_env": "a\ud800b"}, id="variable, half a character"),
        ],
    )
    def test_a_name_that_the_system_cannot_have(self, realm, fields):
        with pytest.raises(InvalidDesiredStateError, match=r"users\[0\]\.password_"):
            plan(realm, desired({**BOB, **fields}))

    def test_all_issues_are_reported_together(self, realm):
        wanted = desired(
            {"name": "jane"},
            {"name": "elastic", "password": NEW},
            {**BOB, "password_env": "NOT_SET"},
            hash_policy={"minimum_cost": 9},
        )
        with pytest.raises(InvalidDesiredStateError, match="4 issues") as caught:
            plan(realm, wanted)
        places = [fault.partition(": ")[0] for fault in caught.value.issues]
        assert places == [
            f"[desired state], {where}"
            for where in ("hash_policy", "users[0]", "users[1].name", "users[2].password_env")
        ]

    def test_reserved_names_may_be_allowed(self, realm):
        settings = RealmSettings(reserved_realm_enabled=False, password_hashing_algorithm="bcrypt4")
        wanted = desired({"name": "elastic", "password": NEW})
        apply(plan(realm, wanted, settings=settings))
        assert "elastic:" in (realm / "users").read_text()

    def test_of_a_folder_that_is_no_realm(self, tmp_path):
        with pytest.raises(ConfigurationFileMissingError):
            plan(tmp_path, desired(BOB))
        assert list(tmp_path.iterdir()) == []

    def test_of_files_that_are_no_text(self, realm):
        (realm / "users_roles").write_bytes(b"\xff")
        with pytest.raises(FileFormatError):
            plan(realm, desired(BOB))

    def test_of_an_algorithm_of_the_node_that_there_is_not(self, realm):
        settings = RealmSettings(password_hashing_algorithm="rot13")
        with pytest.raises(UnknownHashAlgorithmError):
            plan(realm, desired(BOB), settings=settings)

    def test_of_no_jobs(self, realm):
        with pytest.raises(ValueError, match="jobs is"):
            plan(realm, desired(BOB), jobs=0)


@pytest.mark.parametrize(
    ("policy", "warns"), [({}, True), ({"algorithm": "pbkdf2_1000"}, False)], ids=["bcrypt", "not"]
)
def test_a_password_that_bcrypt_truncates(realm, policy, warns):
    wanted = desired({**JANE, "password": "x" * 73}, BOB, hash_policy=policy)
    warnings = plan(realm, wanted).warnings
    assert [w.partition(",")[0] for w in warnings] == (
        ["user [jane]: the password has [73] bytes"] if warns else []
    )


@pytest.mark.parametrize(
    ("password", "warns"),
    [
        (CHEAP_HASH, True),
        ("{PBKDF2}1000$" + "A" * 43 + "=$" + "A" * 43 + "=", True),
        (CHEAP_HASH[:-1], False),
        ("{secret}", False),
    ],
    ids=["bcrypt", "pbkdf2", "cut", "brace"],
)
def test_a_hash_in_place_of_a_password(realm, password, warns):
    warnings = plan(realm, desired({**JANE, "password": password}, BOB)).warnings
    assert [*map(str, warnings)] == (
        ["user [jane]: the password is itself a hash: to store a hash, use password_hash (--hash)"]
        if warns
        else []
    )


def test_a_password_of_72_bytes_is_no_reason_to_warn(realm):
    assert plan(realm, desired({**JANE, "password": "x" * 72})).warnings == ()
