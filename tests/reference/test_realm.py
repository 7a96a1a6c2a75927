"""The cases about stores and realms: those of the area realm, and what others say of a store."""

from __future__ import annotations

import logging
from collections import Counter
from pathlib import Path

import pytest
from support.hashes import CHEAP_HASH
from support.reference import cases, write_files

from esfilerealm import FileRealm, RealmSettings, UsernamePasswordToken
from esfilerealm._storage import realm_files
from esfilerealm.realms.file.store import FileRealmStore
from esfilerealm.watcher import FileWatcher

NODE_LIKE = {"on_unreadable": "node"}
STATUS = {"success": "success", "not-handled": "continue", "unsuccessful": "continue"}


def is_of_a_store(case):
    return case.given["mode"] != "strict"


class Heard(list):
    """What a listener of a store got since the last call."""

    def count_and_forget(self):
        count = len(self)
        self.clear()
        return count


def open_store(folder):
    """A store that has read its files once, and what its listener gets from then on."""
    store, heard = FileRealmStore(folder, RealmSettings(), **NODE_LIKE), Heard()
    store.reload()
    store.on_change(heard.append)
    return store, heard


def change(folder, step):
    for name, content in step.get("append", {}).items():
        (folder / name).write_bytes((folder / name).read_bytes() + content.encode())
    write_files(folder, step.get("write", {}))
    if "delete" in step:
        (folder / step["delete"]).unlink()


@pytest.mark.parametrize("case", cases("users-file", "users-roles-file", only=is_of_a_store))
def test_store(case, tmp_path, caplog):
    given, expect = case.given, case.expect
    write_files(tmp_path, given["files"])
    store, heard = open_store(tmp_path)
    for step in given.get("steps", ()):
        change(tmp_path, step)
        if step.get("poll"):
            store.reload()
    if "notified" in expect:
        assert len(heard) == expect["notified"]
    users, roles = store.snapshot.users, store.snapshot.roles_by_user
    if "users" in expect:
        assert {name: store.snapshot.hash_of(name) for name in users} == expect["users"]
    if "users_count" in expect:
        assert len(users if case.id.startswith("users-file/") else roles) == expect["users_count"]
    for user, of_user in expect.get("roles", {}).items():
        assert store.snapshot.roles_of(user) == tuple(of_user)
    if expect.get("roles") == {}:
        assert not roles
    if "auth" in expect:
        realm = FileRealm(tmp_path)
        assert realm.authenticate(expect["auth"]["user"], expect["auth"]["password"])
    if any(event["level"] == "ERROR" for event in expect.get("log", ())):
        assert [record.levelname for record in caplog.records] == ["ERROR"]


def settings_of(given):
    """The settings of a case, whose keys are those of the realm."""
    prefix = f"xpack.security.authc.realms.file.{given.get('realm_name', 'mine')}."
    keys = {key: str(value) for key, value in given.get("settings", {}).items()}
    if keys.get("cache.hash_algo", "").startswith("any"):
        keys["cache.hash_algo"] = "pbkdf2_1000"
    overrides = {prefix + key: value for key, value in {"order": "0", **keys}.items()}
    return RealmSettings.load(None, overrides)


class Steps:
    """Plays the steps of a case, and keeps the user that each login and look-up gave."""

    def __init__(self, folder, realm):
        self.folder, self.realm = folder, realm
        self.users = []
        self.stores = {"users store": self._change_users, "roles store": self._change_roles}

    def play(self, step):
        verb, _, store = step.partition(" ")
        if verb == "notify":
            self.stores[store]()
            assert self.realm.reload()
        elif verb == "lookup":
            self.users.append(self.realm.lookup_user("user1"))
        else:
            self.users.append(self.realm.authenticate("user1", "longtestpassword").user)

    def _change_users(self):
        """Another salt: the line of this user changes, the password does not."""
        from support.reference import cheap_hash

        (self.folder / "users").write_text(f"user1:{cheap_hash.__wrapped__('longtestpassword')}\n")

    def _change_roles(self):
        with (self.folder / "users_roles").open("a") as file:
            file.write("another:user1\n")


@pytest.mark.parametrize("case", cases("realm"))
def test_realm(case, tmp_path, monkeypatch):
    given, expect = case.given, case.expect
    reads, read_file = Counter(), realm_files.read_file
    monkeypatch.setattr(
        realm_files,
        "read_file",
        lambda path, **options: reads.update([Path(path).name]) or read_file(path, **options),
    )
    if "header" in given:
        return check_header(given["header"], expect)
    if "watched" in given:
        return check_listener(given, expect, tmp_path)
    write_files(tmp_path, given.get("files", {}))
    if "users_count" in given:
        lines = [f"user{i}:{CHEAP_HASH}\n" for i in range(given["users_count"])]
        (tmp_path / "users").write_text("".join(lines))
    realm = FileRealm(tmp_path, settings=settings_of(given))
    if "authenticate" in given:
        check_result(realm.authenticate(*given["authenticate"]), expect)
    if "token" in expect:
        header = UsernamePasswordToken(*given["authenticate"]).to_basic_header()
        assert realm.token(header) is expect["token"]
    if "lookup" in given:
        check_user(realm.lookup_user(given["lookup"]), expect)
    if "usage" in expect:
        stats = realm.usage_stats()
        usage = {key: value for key, value in expect["usage"].items() if key != "cache"}
        cache = expect["usage"].get("cache", {})
        assert {key: stats[key] for key in usage} == usage
        assert {key: stats["cache"][key] for key in cache} == cache
    check_steps(given, expect, Steps(tmp_path, realm))
    if "store_reads" in expect:
        assert reads == expect["store_reads"]
    return None


def check_steps(given, expect, steps):
    if "authenticate_twice" in given or "lookup_twice" in given:
        verb = "authenticate" if "authenticate_twice" in given else "lookup"
        given = {"steps": [verb, verb]}
    results = iter(expect.get("results", ()))
    for step in given.get("steps", ()):
        if isinstance(step, list):
            result = steps.realm.authenticate(*step[1:])
            assert bool(result) == (next(results) == "success")
        else:
            steps.play(step)
    users = steps.users
    if expect.get("same_user_object"):
        assert users[0] is users[1] is not None
    for one, other in expect.get("same_object_pairs", ()):
        assert users[one - 1] is users[other - 1] is not None
    for one, other in expect.get("different_object_pairs", ()):
        assert users[one - 1] is not users[other - 1]


def check_result(result, expect):
    assert result.status.value == STATUS[expect["result"]]
    assert (result.message is None) == (expect["result"] != "unsuccessful")
    if result:
        check_user(result.user, expect)


def check_user(user, expect):
    if "principal" in expect:
        assert user.username == expect["principal"]
    elif "roles" not in expect:
        assert user is expect["result"]
    for roles in expect.get("roles", {}).values():
        assert user.roles == tuple(roles)


def check_header(given, expect):
    header = UsernamePasswordToken(given["user"], given["password"]).to_basic_header()
    token = UsernamePasswordToken.from_basic_header(header)
    assert (token.principal, token.credentials) == (expect["principal"], expect["credentials"])


def check_listener(given, expect, folder):
    """Of the files that are created, changed and deleted, only the watched one is reported."""
    path = folder / given["watched"]
    path.parent.mkdir()
    reloads = []
    watcher = FileWatcher(path)
    watcher.init()
    watcher.add_listener(reloads.append)
    for event in given["events"]:
        other = folder / event
        other.parent.mkdir(exist_ok=True)
        other.write_text(f"{len(reloads)} {event}")
        watcher.check_and_notify()
    assert len(reloads) == expect["reloads"]


def is_of_stores(case):
    return case.name.startswith(("users store", "users_roles store"))


FILES = {
    "users": f"user1:{CHEAP_HASH}\n",
    "users_roles": "role1:user1\n",
}


@pytest.mark.parametrize("case", cases("watcher", only=is_of_stores))
def test_store_and_watcher(case, tmp_path):
    """The same by way of a watcher, as in a realm."""
    given, expect = case.given, case.expect
    write_files(tmp_path, FILES)
    path = tmp_path / given["file"]
    if "encoding" in given:
        path.write_text("a:b", given["encoding"])
    store, heard = open_store(tmp_path)
    watcher = FileWatcher(store.folder.paths.users, store.folder.paths.users_roles)
    watcher.init()
    watcher.add_listener(lambda _: store.reload() or True)
    if "append" in given:
        with path.open("a") as file:
            file.write(given["append"].replace("<hash>", CHEAP_HASH))
    if "overwrite_encoding" in given:
        path.write_text("a:b", given["overwrite_encoding"])
    if given.get("operation") == "delete":
        path.unlink()
    watcher.check_and_notify()
    if "listener_called" in expect:
        assert bool(heard) == expect["listener_called"]
    if "users" in expect:
        assert len(store.snapshot.users) == expect["users"]
    if "user_present" in expect:
        assert expect["user_present"] in store.snapshot.users
    if expect.get("users_unchanged"):
        assert list(store.snapshot.users) == ["user1"]


@pytest.mark.parametrize(
    "case", cases("watcher", only=lambda case: case.name.startswith("file realm"))
)
def test_realm_and_watcher(case, tmp_path):
    write_files(tmp_path, FILES)
    (tmp_path / "users").write_text("user1:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\n")
    realm = FileRealm(tmp_path)
    users = []
    for operation in case.given["operations"]:
        if operation == "authenticate":
            users.append(realm.authenticate("user1", "password").user)
        else:
            (tmp_path / "users_roles").write_text("role2:user1\n")
            realm.reload()
    assert (users[0] is users[1]) == case.expect["same_object_second"]
    assert (users[0] is users[2]) == case.expect["same_object_third"]


@pytest.mark.parametrize(
    "case",
    cases("watcher", only=lambda c: c.name.startswith(("roles store", "service token store"))),
)
def test_other_files_are_not_watched(case, tmp_path, caplog):
    """Whatever becomes of them, the realm neither reads nor mentions them."""
    caplog.set_level(logging.DEBUG)
    write_files(tmp_path, FILES)
    name = case.given["file"]
    (tmp_path / name).write_text("role1: {cluster: [all]}\n")
    with FileRealm(tmp_path) as realm:
        generation = realm.snapshot.generation
        (tmp_path / name).write_bytes(b"\xff no separator")
        assert not realm.reload()
        assert realm.health
        assert realm.snapshot.generation == generation
    assert case.expect == {"watched": False}
    ours = [record for record in caplog.records if record.name.startswith("esfilerealm")]
    assert not [record for record in ours if name in record.getMessage()]
