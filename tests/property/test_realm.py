"""Rules that hold for every realm: any bytes, any sequence of edits, any header."""

from __future__ import annotations

import logging
import shutil
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from support import strategies as own
from support.hashes import CHEAP_HASH

from esfilerealm import (
    AuthenticationStatus,
    FileRealm,
    RealmSettings,
    UsernamePasswordToken,
    UsersTool,
)
from esfilerealm._storage import read
from esfilerealm.errors import (
    FileFormatError,
    FileRealmError,
    InvalidAuthorizationHeaderError,
    InvalidHashError,
)
from esfilerealm.formats import lines, parse_users, parse_users_roles
from esfilerealm.hashing import check_hash, resolve, resolve_from_hash
from esfilerealm.realms.file.store import FileRealmStore

pytestmark = pytest.mark.property

PASSWORDS = {"one": "test-password", "two": "other-password"}
#: Equally long, so that a file may keep its size.
HASHES = {"one": CHEAP_HASH, "two": resolve("bcrypt4").hash(PASSWORDS["two"])}

#: Texts where a hash stands: usable, clear, foreign, broken.
stored = st.sampled_from(
    [*HASHES.values(), "swordfish", "$apr1$R3DdqiAZ$aljIkaIVPSarmDMlJUBBP.", "$2a$04$x", "{SHA}x"]
)
users_files = st.one_of(
    st.binary(max_size=60),
    own.users_files,
    own.files(st.builds("{}:{}".format, own.usernames, stored)),
    st.builds(bytes.__add__, own.users_files, st.sampled_from([b"\xff", b"\n\xc3"])),
)
users_roles_files = st.one_of(
    st.binary(max_size=60),
    own.users_roles_files,
    st.builds(bytes.__add__, own.users_roles_files, st.sampled_from([b"\xff", b"\n\xc3"])),
)


@pytest.fixture(scope="module", autouse=True)
def _quiet():
    """Thousands of lines about what is wrong on purpose."""
    logger = logging.getLogger("esfilerealm")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    yield
    logger.setLevel(before)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """One for all examples, each of which empties it first."""
    return tmp_path_factory.mktemp("realm")


def empty(folder):
    shutil.rmtree(folder)
    folder.mkdir()


def write(folder, users, users_roles):
    (folder / "users").write_bytes(users)
    (folder / "users_roles").write_bytes(users_roles)


def parsed(parse, data):
    """What a parser makes of *data*, or None if it is not text."""
    try:
        return parse(data)
    except FileFormatError:
        return None


def content(snapshot):
    return {n: snapshot.hash_of(n) for n in snapshot.users}, dict(snapshot.roles_by_user)


def content_of(folder):
    return (
        parse_users((folder / "users").read_bytes()).users,
        parse_users_roles((folder / "users_roles").read_bytes()).roles_by_user,
    )


def is_usable(text):
    with suppress(InvalidHashError):
        return bool(check_hash(text))
    return False


class TestAnyBytes:
    """Nothing raises; the snapshot is what the parsers say, or the last good one."""

    @given(users=users_files, users_roles=users_roles_files)
    def test_from_nothing(self, folder, users, users_roles):
        empty(folder)
        write(folder, users, users_roles)
        store = FileRealmStore(folder, RealmSettings())
        store.reload()
        both = parsed(parse_users, users), parsed(parse_users_roles, users_roles)
        assert bool(store.snapshot.health) == (None not in both)
        if None in both:
            assert content(store.snapshot) == ({}, {})
            assert (store.snapshot.generation, store.snapshot.health.status) == (0, "empty")
        else:
            assert content(store.snapshot) == (both[0].users, both[1].roles_by_user)
            assert list(store.snapshot.users) == list(both[0].users)
            assert store.snapshot.issues == {
                "users": both[0].issues,
                "users_roles": both[1].issues,
            }
            assert store.snapshot.generation == 1

    @given(
        files=st.lists(st.tuples(users_files, users_roles_files), min_size=1, max_size=4),
        on_unreadable=st.sampled_from(["keep", "node"]),
    )
    def test_one_after_the_other(self, folder, files, on_unreadable):
        empty(folder)
        store = FileRealmStore(folder, RealmSettings(), on_unreadable=on_unreadable)
        store.reload()
        good, generation = ({}, {}), 1
        for users, users_roles in files:
            write(folder, users, users_roles)
            is_changed = store.reload()
            both = parsed(parse_users, users), parsed(parse_users_roles, users_roles)
            before = good
            if None not in both or on_unreadable == "node":
                good = (
                    both[0].users if both[0] is not None else {},
                    both[1].roles_by_user if both[1] is not None else {},
                )
            assert content(store.snapshot) == good
            assert bool(store.snapshot.health) == (None not in both)
            assert is_changed == (good != before)
            generation += is_changed
            assert store.snapshot.generation == generation

    @given(users=users_files, users_roles=users_roles_files)
    def test_hashes_are_judged(self, folder, users, users_roles):
        """At first, and also where they were there before."""
        empty(folder)
        store = FileRealmStore(folder, RealmSettings())
        for data in (users, b"# another line\n" + users):
            write(folder, data, users_roles)
            store.reload()
        snapshot = store.snapshot
        useless = {n for n in snapshot.users if not is_usable(snapshot.hash_of(n))}
        assert set(snapshot.hash_issues) == useless
        usable = {snapshot.hash_of(n) for n in snapshot.users} - {
            snapshot.hash_of(n) for n in useless
        }
        assert (snapshot.decoy_hash in usable) if usable else (snapshot.decoy_hash is None)

    @given(users=users_files, users_roles=users_roles_files, size=st.integers(1, 40))
    def test_how_it_is_cut_shows_nowhere(self, folder, users, users_roles, size):
        """Large files are read in blocks and parsed in pieces."""
        empty(folder)
        write(folder, users, users_roles)
        whole, cut = (FileRealmStore(folder, RealmSettings()) for _ in range(2))
        whole.reload()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(read, "_BLOCK", size)
            patch.setattr(lines, "_PIECE", size // 2)
            cut.reload()
        for name in ("users", "roles_by_user", "hash_issues", "issues", "stamps", "health"):
            assert getattr(cut.snapshot, name) == getattr(whole.snapshot, name)
        assert content(cut.snapshot) == content(whole.snapshot)
        assert list(cut.snapshot.hash_issues) == list(whole.snapshot.hash_issues)

    @settings(suppress_health_check=[HealthCheck.too_slow])
    @given(
        users=users_files,
        users_roles=users_roles_files,
        name=st.one_of(own.usernames, own.hostile, st.text(max_size=5)),
        password=st.one_of(st.sampled_from([*PASSWORDS.values(), "swordfish"]), st.text()),
    )
    def test_logging_in(self, folder, users, users_roles, name, password):
        empty(folder)
        write(folder, users, users_roles)
        realm = FileRealm(folder, watch_events=False)
        names = {name, *list(realm.snapshot.users)[:3]}
        for known in names:
            user = realm.lookup_user(known)
            assert (user is not None) == (known in realm.snapshot.users)
            text = realm.snapshot.hash_of(known)
            result = realm.authenticate(known, password)
            is_right = (
                text is not None
                and is_usable(text)
                and resolve_from_hash(text).verify(password, text)
            )
            assert bool(result) == is_right
            if result:
                assert result.user is user
                assert user.roles == realm.snapshot.roles_of(known)
            else:
                assert result.status is AuthenticationStatus.CONTINUE
                assert (result.message is None) == (text is None)


names = st.sampled_from(own.NAMES)
roles = st.sampled_from(own.ROLES)
edits = st.one_of(
    st.tuples(st.just("useradd"), names, st.sampled_from(list(HASHES)), st.sets(roles, max_size=2)),
    st.tuples(st.just("userdel"), names),
    st.tuples(st.just("passwd"), names, st.sampled_from(list(HASHES))),
    st.tuples(st.just("roles"), names, st.sets(roles, max_size=2), st.sets(roles, max_size=2)),
    st.tuples(
        st.just("append"),
        st.sampled_from(["users", "users_roles"]),
        st.sampled_from(["# remark", "", "a:ghost", "admin:bob,al", "al:swordfish", "bob:x", "?"]),
    ),
)


def apply_edit(tool, folder, edit):
    """Make one edit; one that the tool refuses, such as of a user that is not there, is none."""
    verb, name, *rest = edit
    with suppress(FileRealmError):
        if verb == "useradd":
            tool.useradd(name, password_hash=HASHES[rest[0]], roles=sorted(rest[1]))
        elif verb == "userdel":
            tool.userdel(name)
        elif verb == "passwd":
            tool.passwd(name, password_hash=HASHES[rest[0]])
        elif verb == "roles":
            tool.roles(name, add=sorted(rest[0]), remove=sorted(rest[1]))
        else:
            with (folder / name).open("a") as file:
                file.write(f"{rest[0]}\n")


def state_of(snapshot):
    return {name: (snapshot.hash_of(name), snapshot.roles_of(name)) for name in snapshot.users}


def assert_leads(change, before, after):
    """A change has every difference between two states, and nothing else."""
    told = {name: roles for name, (_, roles) in before.items()}
    for name in change.removed:
        del told[name]
    for name, (old, new) in change.roles.items():
        assert told[name] == old != new
        told[name] = new
    assert not change.added.keys() & told.keys()
    told.update(change.added)
    assert told == {name: roles for name, (_, roles) in after.items()}
    stayed = before.keys() & after.keys()
    assert set(change.passwords) == {n for n in stayed if before[n][0] != after[n][0]}
    assert len(set(change.passwords)) == len(change.passwords)
    assert change.names == {
        name for name in before.keys() | after.keys() if before.get(name) != after.get(name)
    }


class TestEdits:
    @settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(st.lists(edits, min_size=1, max_size=3), min_size=1, max_size=6))
    @example([[("useradd", "bob", "one", {"a"})], [("passwd", "bob", "two")], [("userdel", "bob")]])
    @example([[("useradd", "bob", "one", {"a"})], [("append", "users_roles", "admin:bob,al")]])
    def test_what_is_told_is_what_changed(self, folder, batches):
        """Also who logged in before is the same user after, unless something changed about it."""
        empty(folder)
        write(folder, b"", b"")
        tool = UsersTool(folder, settings=RealmSettings(password_hashing_algorithm="bcrypt4"))
        realm = FileRealm(folder, watch_events=False)
        told = []
        realm.on_change(told.append)
        realm.reload()
        for batch in batches:
            snapshot, users = realm.snapshot, log_in(realm)
            told.clear()
            for edit in batch:
                apply_edit(tool, folder, edit)
            is_changed = realm.reload()
            assert content(realm.snapshot) == content_of(folder)
            before, after = state_of(snapshot), state_of(realm.snapshot)
            assert is_changed == (content(snapshot) != content(realm.snapshot))
            assert len(told) == (is_changed or snapshot.health != realm.snapshot.health)
            if told:
                assert told[0].health == realm.snapshot.health
                assert is_changed or not told[0].names
            if is_changed:
                change = told[0]
                assert change.generation == realm.snapshot.generation == snapshot.generation + 1
                assert_leads(change, before, after)
            users_after = log_in(realm)
            for name, user in users.items():
                is_same = before[name] == after.get(name)
                assert (users_after.get(name) is user) == is_same


def log_in(realm):
    """Return the users whose password is one of ours; the other is always refused."""
    users = {}
    for name in realm.snapshot.users:
        text = realm.snapshot.hash_of(name)
        for which, password in PASSWORDS.items():
            result = realm.authenticate(name, password)
            assert bool(result) == (HASHES[which] == text)
            if result:
                assert result.user.roles == realm.snapshot.roles_of(name)
                users[name] = result.user
    return users


headers = st.one_of(
    st.text(),
    st.builds(str.__add__, st.sampled_from(["Basic ", "bAsIc ", "Basic  ", "Basic"]), st.text()),
    st.builds("Basic {}".format, st.text("YTpiCg=+/ \t\n-_:", max_size=12)),
)


class TestHeaders:
    @settings(max_examples=500)
    @given(st.one_of(st.none(), headers, st.lists(headers, max_size=3)))
    def test_any_text(self, value):
        try:
            token = UsernamePasswordToken.from_basic_header(value)
        except InvalidAuthorizationHeaderError as error:
            assert error.status in (400, 401)
        else:
            assert token is None or ":" not in token.principal

    @given(st.text(st.characters(exclude_characters=":", exclude_categories=["Cs"])), st.text())
    def test_round_trip(self, principal, credentials):
        token = UsernamePasswordToken(principal, credentials)
        header = token.to_basic_header()
        assert UsernamePasswordToken.from_basic_header(header) == token
        assert UsernamePasswordToken.from_basic_header([header, header]) == token

    @given(st.text(st.characters(), max_size=6), st.text(st.characters(), max_size=6))
    def test_halves_of_characters(self, principal, credentials):
        """Each becomes a question mark, and what is read is written as it was."""
        principal = principal.replace(":", "")
        header = UsernamePasswordToken(principal, credentials).to_basic_header()
        token = UsernamePasswordToken.from_basic_header(header)
        assert token.to_basic_header() == header
