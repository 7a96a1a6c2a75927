"""
No secret: whatever is printed, logged, raised, pickled or written as JSON holds no password.

Nor a hash, nor any part of one by which a password can be guessed. What gives hashes on purpose
is asked for by name: ``RealmSnapshot.hash_of`` and ``decoy``, and the ``users`` of a parsed file.
"""

from __future__ import annotations

import asyncio
import base64
import copy
import dataclasses
import errno
import importlib
import io
import json
import logging
import os
import pickle
import re
import sys
import threading
import traceback
import warnings
from pathlib import Path
from queue import SimpleQueue
from types import SimpleNamespace

import pytest
from support.threads import wait_until
from support.watching import replace

import esfilerealm
from esfilerealm import (
    AuthenticationStatus,
    FileRealm,
    RealmSettings,
    UsernamePasswordToken,
    UsersTool,
    errors,
    hash_password,
    verify_hash,
)
from esfilerealm._storage import system
from esfilerealm._storage.lock import write_lock
from esfilerealm.cli import main
from esfilerealm.exchange import EXPORT_FORMATS, export_realm, import_users
from esfilerealm.formats import edit_users, parse_users, parse_users_roles
from esfilerealm.hashing import CACHE_ALGORITHMS, check_hash, resolve, resolve_from_hash
from esfilerealm.provisioning import DesiredState, apply, plan
from esfilerealm.realms.file.judged_users import JudgedUsers
from esfilerealm.realms.file.snapshot import RealmSnapshot
from esfilerealm.realms.file.store import FileRealmStore
from esfilerealm.settings.report import inspect_settings
from esfilerealm.watcher import FileWatcher, Frequency, ResourceWatcherService

#: Of each user the password; nothing else here looks like one of them.
PASSWORDS = {
    "bcrypt": "pw-Aardvark-1",
    "pbkdf2": "pw-Badger-2",
    "ssha": "pw-Cormorant-3",
    "md5": "pw-Dormouse-4",
    "new": "pw-Earwig-5",
}
CLEAR = "pw-Ferret-6"  # in the place of a hash
SHORT = "pw-7g"  # too short to be set
WRONG = "pw-Heron-8"
HALF = "pw-Ibis-9\udcff"  # which UTF-8 cannot hold
LONG = "pw-Jackal-10" * 400
SETTING = "pw-Kestrel-11"  # of another realm

HASHES = {
    "bcrypt": resolve("bcrypt4").hash(PASSWORDS["bcrypt"]),
    "pbkdf2": resolve("pbkdf2_1000").hash(PASSWORDS["pbkdf2"]),
    "ssha": resolve("ssha256").hash(PASSWORDS["ssha"]),
    "md5": resolve("md5").hash(PASSWORDS["md5"]),
    "clear": CLEAR,
    "apache": "$apr1$R3DdqiAZ$aljIkaIVPSarmDMlJUBBP.",
    "costly": "$2a$15$WmVicmEuV29tYmF0LlhlcnhlcuPelicanQuokkaRaccoonStoatTapir",
    "odd": "{PBKDF2}1234$VW5pY29yblZvbGU=$V29tYmF0WGVydXNZYWs=",
    "malformed": "$2a$10$Viper.Walrus",
}
#: The line that is no entry, and what stands in it.
STRAY = "$2a$04$Yak.Zebu.Adder.Bison"

HEADER = UsernamePasswordToken("bcrypt", PASSWORDS["bcrypt"]).to_basic_header()


def secret_parts():
    """Every text of which nothing may be found anywhere."""
    yield from PASSWORDS.values()
    yield from (CLEAR, SHORT, WRONG, HALF[:-1], LONG[:24], SETTING)
    yield HEADER.removeprefix("Basic ")
    for text in (*HASHES.values(), STRAY):
        yield text
        salt_and_digest = text.rpartition("}")[2] if "{" in text else text[7:]
        yield salt_and_digest
        yield from (part for part in salt_and_digest.split("$") if len(part) > 6)
    yield HASHES["bcrypt"][7:29]
    yield HASHES["bcrypt"][29:]
    yield HASHES["apache"][6:14]


SECRETS = sorted({part for part in secret_parts() if len(part) >= 5})

#: So much of a secret is as bad as all of it.
WINDOW = 8


def telling(secret):
    """Every text that tells a good part of *secret*, also in base64."""
    data = secret.encode()
    yield from (data[at : at + WINDOW] for at in range(max(1, len(data) - WINDOW + 1)))
    if len(data) > WINDOW:
        yield base64.b64encode(data)[:-4]


def is_secret(text):
    """Leave out what only names the algorithm, of which an error may speak."""
    return (text not in HASHES.values() and text != STRAY) or text == CLEAR


SEARCH = re.compile(
    b"|".join(
        sorted({re.escape(piece) for part in SECRETS if is_secret(part) for piece in telling(part)})
    )
)


def assert_clean(where, text):
    data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    found = SEARCH.search(data)
    assert found is None, f"{found[0]!r} is in {where}"


def refused(work):
    """Do it, or give None if that is not allowed."""
    try:
        return work()
    except (TypeError, AttributeError, pickle.PicklingError):
        return None


def forms(thing):
    """Everything that a program may print, log or send of *thing* without asking for a secret."""
    yield "repr", repr(thing)
    yield "str", str(thing)
    yield "format", f"{thing}"
    yield "json", json.dumps({"it": thing}, default=str)
    yield "in a list", repr([thing, {1: thing}])
    for duplicate in (copy.copy, copy.deepcopy):
        yield duplicate.__name__, repr(refused(lambda make=duplicate: make(thing)))
    if dataclasses.is_dataclass(thing):
        yield "asdict", repr(refused(lambda: dataclasses.asdict(thing)))
        for field in dataclasses.fields(thing):
            yield field.name, repr(getattr(thing, field.name))


def pickles(thing):
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        data = refused(lambda number=protocol: pickle.dumps(thing, number))
        if data is not None:
            yield f"pickle {protocol}", data


def assert_shows_nothing(thing, *, is_sent=True):
    for how, text in forms(thing):
        assert_clean(f"{how} of {type(thing).__name__}", text)
    if is_sent:
        for how, data in pickles(thing):
            assert_clean(f"{how} of {type(thing).__name__}", data)


def family(error):
    """An error with all that it was caused by, or raised within."""
    found = []
    waiting = [error]
    while waiting:
        member = waiting.pop()
        if member is not None and member not in found:
            found.append(member)
            waiting += [member.__cause__, member.__context__]
    return found


def assert_tells_nothing(error):
    for member in family(error):
        assert_shows_nothing(member)
        assert_clean("args", repr(member.args))
        assert_clean("attributes", repr(vars(member)))
        assert_clean("what could not be decoded", repr(getattr(member, "object", None)))
        assert_clean("notes", repr(getattr(member, "__notes__", None)))
    assert_clean("traceback", "".join(traceback.format_exception(error)))


def lay_out(folder):
    lines = [f"{name}:{text}" for name, text in HASHES.items()]
    (folder / "users").write_text("\n".join(["# people", STRAY, *lines, ""]))
    (folder / "users_roles").write_text(f"viewer:{','.join(HASHES)}\nadmin:ssha\n")
    (folder / "elasticsearch.yml").write_text(
        "xpack.security.authc.password_hashing.algorithm: bcrypt5\n"
        "xpack.security.authc.realms.file.mine:\n  order: 1\n  cache.max_users: 3\n"
        f"xpack.security.authc.realms.ldap.other:\n  order: 2\n  bind_password: {SETTING}\n"
    )


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "config"
    folder.mkdir()
    lay_out(folder)
    return folder


class Records(logging.Handler):
    """All that is logged, as it is printed and as it is."""

    def __init__(self):
        super().__init__(logging.DEBUG)
        self.texts = []

    def emit(self, record):
        self.texts.append(logging.Formatter().format(record))
        self.texts.append(repr(vars(record)))
        if record.exc_info:
            assert_tells_nothing(record.exc_info[1])
            self.texts.append(record.exc_text)


@pytest.fixture(autouse=True)
def logged():
    """What every test here logs is searched in the end."""
    logger = logging.getLogger("esfilerealm")
    level, handler = logger.level, Records()
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    yield handler.texts
    logger.removeHandler(handler)
    logger.setLevel(level)
    for text in handler.texts:
        assert_clean("the log", text)


def log_everyone_in(realm):
    """Rightly, wrongly, as nobody, with too much, and with what stands in the file."""
    results = []
    for name in (*HASHES, "nobody", "new"):
        tried = (PASSWORDS.get(name, CLEAR), WRONG, HALF, LONG, HASHES.get(name, ""))
        results += [realm.authenticate(name, password) for password in tried]
        results.append(asyncio.run(realm.authenticate_async(name, PASSWORDS.get(name, WRONG))))
    results.append(realm.authenticate_token(UsernamePasswordToken.from_basic_header(HEADER)))
    assert any(results)
    assert not all(results)
    return results


@pytest.fixture
def realm(folder):
    """One that has seen much: logins, changes, a spoilt file, a callback that fails."""

    def fail(_):
        raise ValueError("the callback is broken")

    with FileRealm(folder, watch_events=False, accept_clear_text=True) as realm:
        realm.on_change(fail)
        log_everyone_in(realm)
        realm.expire("bcrypt")
        yield realm


def changed(realm, folder):
    """Change much, and give what is told of it."""
    told = []
    realm.on_change(told.append)
    tool = UsersTool(folder)
    tool.useradd("new", PASSWORDS["new"], roles=["viewer"])
    tool.userdel("md5")
    tool.passwd("bcrypt", PASSWORDS["new"])
    tool.roles("ssha", remove=["admin"])
    assert realm.reload()
    tool.passwd("bcrypt", password_hash=HASHES["bcrypt"])
    assert realm.reload()
    return told


def spoilt(realm, folder):
    with (folder / "users").open("ab") as file:
        file.write(b"\xff\n")
    realm.reload()
    assert not realm.health
    return realm.health


class TestLogs:
    """There is something to search, at every level; the search itself is in the fixture."""

    def test_of_a_busy_realm(self, realm, folder, logged):
        changed(realm, folder)
        spoilt(realm, folder)
        lay_out(folder)
        realm.reload()
        (folder / "users_roles").unlink()
        (folder / "users_roles").mkdir()
        realm.reload()
        realm.expire_all()
        text = "\n".join(logged)
        for part in ("the callback is broken", "not UTF-8", "skipped line [2]", "parsed ["):
            assert part in text
        assert "no password is right for user [apache]" in text

    def test_of_replaced_hashes(self, folder, logged, monkeypatch):
        with FileRealm(folder, watch_events=False, upgrade_hashes=True) as realm:
            log_everyone_in(realm)
        assert "replaced the weak hash of user [bcrypt]" in "\n".join(logged)

    def test_of_hashes_that_cannot_be_replaced(self, folder, logged):
        class Policy:
            def needs_update(self, stored_hash):
                return True

            def hash(self, password):
                raise ValueError(password)

        with FileRealm(
            folder, watch_events=False, upgrade_hashes=True, hash_policy=Policy()
        ) as realm:
            log_everyone_in(realm)
        assert "the weak hash of user [bcrypt] stays: ValueError" in "\n".join(logged)

    def test_of_the_watcher(self, folder, logged):
        realm = FileRealm(folder, watch_events=False)
        with realm:
            replace(folder / "users", (folder / "users").read_bytes() + b"\xff")
            realm._watcher_service.notify_now()
            lay_out(folder)
            realm._watcher_service.notify_now()
        assert "can be used again" in "\n".join(logged)


#: What is public, by the name of its class: each gives all the objects of it that matter.
OBJECTS = {
    **{
        kind: lambda _, folder, kind=kind: changes_of(planned(folder), kind)
        for kind in (
            *("AddRoles", "AddUser", "RehashPassword", "RemoveRoles", "RemoveUser"),
            *("SetAttributes", "SetManaged", "SetPassword"),
        )
    },
    "AuthenticationResult": lambda realm, _: log_everyone_in(realm),
    "AuthenticationStatus": lambda *_: list(AuthenticationStatus),
    "Change": lambda _, folder: planned(folder).changes,
    "CacheEntry": lambda realm, _: list(realm._cache._entries.values()),
    "CredentialCache": lambda realm, _: [realm._cache],
    "DesiredState": lambda *_: [desired()],
    "DesiredUser": lambda *_: desired().users,
    "Exported": lambda _, folder: exported(folder),
    "EffectiveSetting": lambda _, folder: report(folder).settings,
    "FileAttributes": lambda *_: [desired().attributes],
    "FileChange": lambda *_: [],  # see TestFileChange
    "FileRealm": lambda realm, _: [realm, realm.usage_stats()],
    "FileRealmStore": lambda realm, _: [realm._store],
    "FileResult": lambda _, folder: written(folder).files,
    "FileStamp": lambda realm, _: list(realm.snapshot.stamps.values()),
    "FileWatcher": lambda realm, folder: [FileWatcher(folder / "users")],
    "Frequency": lambda *_: list(Frequency),
    "HashPolicy": lambda *_: [desired().hash_policy],
    "HashIssue": lambda realm, _: list(realm.snapshot.hash_issues.values()),
    "Hasher": lambda *_: [resolve(n) for n in CACHE_ALGORITHMS] + usable_hashers(),
    "Imported": lambda _, folder: imported(folder),
    "LineIssue": lambda realm, _: [i for found in realm.snapshot.issues.values() for i in found],
    "Loss": lambda _, folder: [
        loss for one in (*imported(folder), *exported(folder)) for loss in one.losses
    ],
    "ParsedUsers": lambda _, folder: [parse_users((folder / "users").read_bytes())],
    "ParsedUsersRoles": lambda _, folder: [
        parse_users_roles((folder / "users_roles").read_bytes())
    ],
    "Plan": lambda _, folder: told_by(planned(folder), apply(planned(folder))),
    "Proof": lambda realm, _: [entry.proof for entry in realm._cache._entries.values()],
    "RealmChange": changed,
    "RealmCheck": lambda _, folder: [check := UsersTool(folder).check(), check.to_dict()],
    "RealmHealth": lambda realm, folder: [realm.health, spoilt(realm, folder)],
    "RealmListing": lambda _, folder: [UsersTool(folder).listing()],
    "RealmSettings": lambda realm, folder: [realm.settings, RealmSettings.load(folder)],
    "RealmSnapshot": lambda realm, folder: [realm.snapshot, realm.snapshot.stamps],
    "Recovery": lambda _, folder: [set_aside(folder)],
    "ResourceWatcherService": lambda realm, _: [realm._watcher_service],
    "SettingsReport": lambda _, folder: [report(folder)],
    "Transaction": lambda _, folder: [full_transaction(folder)],
    "User": lambda realm, _: [realm.lookup_user(name) for name in HASHES],
    "UserChanges": lambda _, folder: [written(folder).changes, UsersTool(folder).undo().changes],
    "UsernamePasswordToken": lambda realm, _: [
        UsernamePasswordToken.from_basic_header(HEADER),
        realm.token(HEADER),
        UsernamePasswordToken("bcrypt", PASSWORDS["bcrypt"]),
    ],
    "UsersTool": lambda _, folder: [UsersTool(folder)],
    "WatcherHandle": lambda _, folder: [
        ResourceWatcherService().add(FileWatcher(folder / "users"))
    ],
    "WriteResult": lambda _, folder: [result := written(folder), result.to_dict()],
    "WrittenRoles": lambda _, folder: [UsersTool(folder).roles("ssha", add=["x"])],
}

#: Objects that hold secrets and are nothing to send, though that is not refused.
NOT_SENT = {"CacheEntry", "Proof"}


def desired():
    """Want something of every kind."""
    return DesiredState.from_dict(
        {
            "users": [
                {"name": "new", "password": PASSWORDS["new"], "roles": ["viewer"]},
                {"name": "other", "password_hash": HASHES["bcrypt"]},
                {"name": "bcrypt", "password": PASSWORDS["bcrypt"], "roles_add": ["x"]},
                {"name": "pbkdf2", "password": PASSWORDS["pbkdf2"]},
                {"name": "ssha", "password": WRONG, "roles_remove": ["admin"]},
                {"name": "md5", "state": "absent"},
            ],
            "purge": "managed",
            "hash_policy": {"algorithm": "bcrypt5", "minimum_cost": 4},
            "attributes": {"mode": "0600"},
        }
    )


def exported(folder):
    files = [(folder / name).read_bytes() for name in ("users", "users_roles")]
    return [export_realm(format, *files) for format in EXPORT_FORMATS]


def imported(folder):
    return [import_users("htpasswd", (folder / "users").read_bytes(), source="users")]


def planned(folder):
    return plan(folder, desired())


def changes_of(plan, kind):
    return [change for change in plan.changes if type(change).__name__ == kind]


def told_by(*plans):
    for told in plans:
        yield from (told, told.diff(), told.before(), told.after(), told.to_dict(), told.basis)


def usable_hashers():
    return [resolve_from_hash(HASHES[name]) for name in ("bcrypt", "pbkdf2", "ssha", "md5")]


def report(folder):
    return inspect_settings(folder, options={}, environ={})


def written(folder):
    """A write that adds, removes and changes users, and keeps the version before it."""
    with UsersTool(folder, keep=1).transaction() as change:
        change.useradd("new", PASSWORDS["new"], roles=["viewer"])
        change.userdel("md5")
        change.passwd("bcrypt", PASSWORDS["new"])
        change.roles("ssha", remove=["admin"])
    return change.result


def set_aside(folder):
    """A recovery from a record that is none, but has a hash in it."""
    (folder / "users.journal").write_text(f"bcrypt:{HASHES['bcrypt']}\n")
    return UsersTool(folder).recover()


def full_transaction(folder):
    with UsersTool(folder, dry_run=True).transaction() as transaction:
        transaction.useradd("new", PASSWORDS["new"])
        transaction.passwd("ssha", password_hash=HASHES["bcrypt"])
    return transaction


@pytest.mark.parametrize("name", OBJECTS)
def test_objects(name, realm, folder):
    for thing in OBJECTS[name](realm, folder):
        assert_shows_nothing(thing, is_sent=name not in NOT_SENT)


def test_each_is_of_its_class(realm, folder):
    """The table holds what it says; parts of a package without a class of their own are extra."""
    for name, make in OBJECTS.items():
        kinds = {kind.__name__ for thing in make(realm, folder) for kind in type(thing).__mro__}
        if name not in ("Hasher", "Proof", "FileChange"):
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
        for thing in (entry, entry.proof, entry.result):
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


def locked(folder):
    with write_lock(lambda: str(folder / "users.lock"), 1.0):
        UsersTool(folder, lock_timeout=0.01).passwd("bcrypt", PASSWORDS["new"])


def with_folder_for_file(folder):
    (folder / "users_roles").unlink()
    (folder / "users_roles").mkdir()
    UsersTool(folder).useradd("other", PASSWORDS["new"])


def with_bytes(data):
    def read(folder):
        (folder / "users").write_bytes((folder / "users").read_bytes() + data)
        UsersTool(folder).useradd("other", PASSWORDS["new"])

    return read


def forbidden(folder):
    def refuse(path, flags, *args):
        if os.fspath(path).endswith("users"):
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return real(path, flags, *args)

    real = system.open
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(system, "open", refuse)
        UsersTool(folder).useradd("other", PASSWORDS["new"])


def written_in_between(folder):
    """By another program, which puts more secrets into it."""

    def link(source, *args, **more):
        with open(source, "a") as file:
            file.write(f"{STRAY}\n")
        real(source, *args, **more)

    real = system.link
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(system, "link", link)
        UsersTool(folder).useradd("other", PASSWORDS["new"])


def with_record_of(version):
    def write(folder):
        record = f"esfilerealm journal {version}\nbcrypt:{HASHES['bcrypt']}\n"
        (folder / "users.journal").write_text(record)
        UsersTool(folder).useradd("other", PASSWORDS["new"])

    return write


def with_settings(*lines):
    def load(folder):
        with (folder / "elasticsearch.yml").open("a") as file:
            file.write("".join(f"{line}\n" for line in lines))
        FileRealm(folder)

    return load


def closed(folder):
    realm = FileRealm(folder)
    realm.close()
    realm.authenticate("bcrypt", PASSWORDS["bcrypt"])


def header_of(text):
    return f"Basic {base64.b64encode(text.encode()).decode()}"


def read_header(value):
    return lambda _: UsernamePasswordToken.from_basic_header(value)


def useradd(*args, **kwargs):
    return lambda folder: UsersTool(folder).useradd(*args, **kwargs)


def want(*users, **more):
    """Plan it; a policy that no given hash meets is a fault of what is given, too."""

    def cause(folder):
        policy = {"algorithm": "pbkdf2"} if "password_hash" in str(users) else {}
        document = {"users": list(users), "hash_policy": policy, **more}
        plan(folder, DesiredState.from_dict(document, folder=str(folder)))

    return cause


def parse(text, format, encoding="utf-8"):
    return lambda _: DesiredState.parse(text.encode(encoding), source="file", format=format)


def outdated(folder):
    plan = planned(folder)
    UsersTool(folder).roles("ssha", add=["y"])
    apply(plan)


REALM = "xpack.security.authc.realms.file.mine"

#: Ways to each error, all of them with a secret at hand.
ERRORS = {
    "ConfigurationFileMissingError": [
        lambda folder: UsersTool(folder / "none").useradd("other", PASSWORDS["new"]),
        lambda folder: FileRealm(folder / "none").authenticate("bcrypt", PASSWORDS["bcrypt"]),
    ],
    "FileAccessError": [with_folder_for_file],
    "FileChangedError": [written_in_between],
    "FileFormatError": [
        with_bytes(b"\xff\n"),
        lambda _: parse_users(f"bob:{HASHES['bcrypt']}\xff".encode("latin-1")),
        lambda _: parse_users_roles(f"bob:{HASHES['bcrypt']}\xff".encode("latin-1")),
        lambda _: edit_users(b"a:\xff", {"bob": HASHES["bcrypt"]}),
    ],
    "FilePermissionError": [forbidden],
    "InvalidAttributeError": [
        lambda folder: UsersTool(folder).init(owner="nobody here"),
        lambda folder: UsersTool(folder, group="nobody here"),
    ],
    "InvalidAuthorizationHeaderError": [
        read_header(f"{HEADER}!"),
        read_header(f"{HEADER} {HEADER}"),
        read_header(f"Basic bcrypt:{PASSWORDS['bcrypt']}"),
        read_header(header_of(PASSWORDS["bcrypt"])),
        read_header([HEADER, header_of(f"bob:{WRONG}")]),
    ],
    "InvalidDesiredStateError": [
        want({"name": "new", "password": SHORT}),
        want({"name": "new", "password": HALF}),
        want({"name": "new", "password": [WRONG]}),
        want({"name": "new", "password": WRONG, "password_hash": HASHES["bcrypt"]}),
        want({"name": "new", "pasword": WRONG, "roles": WRONG}),
        *(want({"name": "new", "password_hash": text}) for text in list(HASHES.values())[4:]),
        want({"name": "new", "password_file": "users"}),
        want({"name": "new", f"password:{WRONG}": None}),
        want({"name": "new", f"password {WRONG}": None}),
        want({"name": "new", "state": HASHES["bcrypt"], "update_password": HASHES["ssha"]}),
        want({"name": f"new:{HASHES['bcrypt']}"}, {"name": f"new:{WRONG}"}),
        want({"name": "new", "roles_add": [f"{HASHES['bcrypt']}:x", f"x:{WRONG}"]}),
        parse(f"users:\n- {{name: new, password: x, {WRONG}}}\n", "yaml"),
        parse(f"users:\n- {{name: new, password:{WRONG}}}\n", "yaml"),
        parse(f"users:\n- name: new\n  password:{WRONG}\n", "yaml"),
        want({"name": "new", "password_hash": HASHES["md5"]}),
        parse(f"users:\n- name: new\n  password: {WRONG}: {WRONG}\n", "yaml"),
        parse(f"users:\n- name: new\n  password: *{WRONG}\n", "yaml"),
        parse(f"users:\n- name: new\n  password: !vault {WRONG}\n  \t{WRONG}", "yaml"),
        parse(f'{{"users": [{{"name": "new", "password": "{WRONG}"x}}]}}', "json"),
        parse(f'{{"users": [{{"name": "a", "password": "{WRONG}", "name": "b"}}]}}', "json"),
        parse(f'[[users]]\nname = "new"\npassword = "{WRONG}"{WRONG}', "toml"),
        parse(f'[[users]]\npassword = "{WRONG}"\npassword = "{WRONG}"', "toml"),
        parse(f"users:\n- password: {WRONG}\xff", "yaml", "latin-1"),
    ],
    "InvalidHashError": [
        *(useradd("other", password_hash=text) for text in (*list(HASHES.values())[4:], STRAY)),
        *(lambda _, text=text: check_hash(text) for text in list(HASHES.values())[4:]),
        lambda _: verify_hash(WRONG, HASHES["odd"]),
        lambda _: verify_hash(WRONG, HASHES["costly"].replace("15", "99")),
        lambda _: verify_hash(PASSWORDS["pbkdf2"], HASHES["pbkdf2"].replace("=", "%")),
        lambda _: edit_users(b"", {"bob": f"{CLEAR}\n"}),
        useradd("other", password_hash=HASHES["ssha"] + "\n"),
        useradd("other", password_hash=HASHES["bcrypt"].encode()),
    ],
    "InvalidPasswordError": [
        useradd("other", SHORT),
        useradd("other", HALF),
        useradd("other", WRONG.encode()),
        lambda folder: UsersTool(folder).verify("bcrypt", WRONG.encode()),
        lambda folder: FileRealm(folder).authenticate("bcrypt", WRONG.encode()),
    ],
    "InvalidRoleNameError": [useradd("other", PASSWORDS["new"], roles=["a:b"])],
    "InvalidSettingError": [
        with_settings(f"{REALM}.cache.ttl: 20M"),
        with_settings(f"{REALM}.pasword: {SETTING}"),
        with_settings(f"xpack.security.authc.realms.ldap.other.bind_password: {SETTING}"),
        with_settings(f"a: [{SETTING}"),
        with_settings(f"secret.list: [{SETTING}, {{b: {SETTING}}}]"),
        with_settings(f"other: {SETTING}", f"{REALM}.cache.ttl: ${{other}}"),
        with_settings(f"other: {SETTING}", f"{REALM}.cache.ttl: ${{${{other}}}}"),
        lambda folder: UsersTool(
            folder, settings=RealmSettings(fips_mode_enabled=True, password_hashing_algorithm="x")
        ).useradd("other", PASSWORDS["new"]),
    ],
    "InvalidUsernameError": [
        useradd("a:b", PASSWORDS["new"]),
        useradd("other\n", password_hash=HASHES["bcrypt"]),
        lambda _: UsernamePasswordToken("a:b", PASSWORDS["new"]).to_basic_header(),
        lambda folder: FileRealm(folder).authenticate(7, PASSWORDS["new"]),
        lambda folder: FileRealm(folder).authenticate(
            UsernamePasswordToken.from_basic_header(HEADER), PASSWORDS["new"]
        ),
    ],
    "JournalVersionError": [with_record_of(2)],
    "LockTimeoutError": [locked],
    "NoEarlierVersionError": [lambda folder: UsersTool(folder).undo()],
    "PlanOutdatedError": [outdated],
    "RealmClosedError": [closed],
    "UnknownHashAlgorithmError": [
        lambda _: hash_password(PASSWORDS["new"], "rot13"),
        lambda folder: FileRealm(folder, settings=RealmSettings(cache_hash_algo="rot13")),
        lambda folder: UsersTool(
            folder, settings=RealmSettings(password_hashing_algorithm="md5")
        ).useradd("other", PASSWORDS["new"]),
    ],
    "UnsafePlanError": [want(purge="all")],
    "UserExistsError": [useradd("bcrypt", PASSWORDS["new"])],
    "UserNotFoundError": [
        lambda folder: UsersTool(folder).passwd("nobody", PASSWORDS["new"]),
        lambda folder: UsersTool(folder).verify("nobody", PASSWORDS["new"]),
    ],
}


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        pytest.param(name, cause, id=f"{name}-{number}")
        for name, causes in ERRORS.items()
        for number, cause in enumerate(causes)
    ],
)
def test_errors(name, cause, folder):
    with pytest.raises(getattr(errors, name)) as caught:
        cause(folder)
    assert type(caught.value).__name__ == name
    assert_tells_nothing(caught.value)


def test_warnings(folder):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        UsersTool(folder).useradd("other", LONG)
    (warning,) = caught
    assert warning.category is errors.PasswordTruncatedWarning
    assert_tells_nothing(warning.message)


def test_errors_of_health(realm, folder):
    for error in spoilt(realm, folder).problems:
        assert_tells_nothing(error)


def test_what_the_hasher_or_the_policy_raises_is_not_dressed_up(folder, monkeypatch):
    """An error that is not ours comes as it is, with nothing added to it."""

    def fail(*_):
        raise MemoryError("out of memory")

    monkeypatch.setattr("esfilerealm.realms.file.login.verify_hash", fail)
    with pytest.raises(MemoryError) as caught:
        FileRealm(folder).authenticate("bcrypt", PASSWORDS["bcrypt"])
    assert_tells_nothing(caught.value)


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


class TestCommands:
    @pytest.fixture
    def command(self, folder, capsys):
        """Give all that a run of the command prints."""

        def command(*words, stdin=""):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(sys, "stdin", io.StringIO(stdin))
                main(["-c", str(folder), *words])
            return "".join(capsys.readouterr())

        return command

    @pytest.mark.parametrize("options", [[], ["--json"], ["-v"], ["-s"]], ids=" ".join)
    @pytest.mark.parametrize(
        "name",
        ["list", "settings", "verify", "useradd", "passwd", "roles", "init", "check", "undo"],
    )
    def test_output(self, command, folder, name, options):
        words = {
            "verify": [["verify", user, "--password-stdin"] for user in (*HASHES, "nobody")],
            "useradd": [["useradd", "new", "--password-stdin"]] * 2,
            "passwd": [["passwd", user, "--password-stdin"] for user in ("ssha", "nobody")],
            "roles": [["roles", "ssha", "-a", "x"]],
            "undo": [["userdel", "ssha", "--keep", "1"], ["undo"]],
        }.get(name, [[name]])
        for spoiler in (b"", b"\xff"):
            with (folder / "users").open("ab") as file:
                file.write(spoiler)
            for line in words:
                for password in (PASSWORDS.get(line[len(line) // 2], WRONG), WRONG, SHORT, LONG):
                    assert_clean(name, command(*line, *options, stdin=password))

    @pytest.mark.parametrize("options", [["--diff"], ["--json"], ["-v"], ["-s"]], ids=" ".join)
    @pytest.mark.parametrize("name", ["plan", "apply", "ensure"])
    def test_output_about_a_desired_state(self, command, name, options):
        options = [word for word in options if name != "plan" or word != "--diff"]
        for password in (PASSWORDS["ssha"], WRONG, SHORT, LONG, HASHES["bcrypt"], CLEAR):
            for user in ("ssha", "new", "elastic"):
                if name == "ensure":
                    for word in (["-p"], ["--hash"]):
                        assert_clean(name, command(name, user, *word, password, *options))
                    continue
                for field in ("password", "password_hash", "pasword"):
                    document = json.dumps({"users": [{"name": user, field: password}]})
                    for text in (document, document + "}", document.replace('": "', '": *')):
                        assert_clean(name, command(name, "-", *options, stdin=text))

    @pytest.mark.parametrize("options", [[], ["--json"]], ids=" ".join)
    def test_watch(self, folder, options, monkeypatch):
        happenings = SimpleQueue()
        out, err = io.StringIO(), io.StringIO()
        monkeypatch.setattr("esfilerealm.cli.watch.SimpleQueue", lambda: happenings)
        monkeypatch.setattr(sys, "stdout", out)
        monkeypatch.setattr(sys, "stderr", err)
        interval = "resource.reload.interval.high=20ms"
        words = ["-c", str(folder), "watch", "--no-events", "-E", interval, *options]
        thread = threading.Thread(target=main, args=(words,))
        thread.start()
        try:
            wait_until(lambda: "9" in out.getvalue())
            tool = UsersTool(folder)
            tool.useradd("new", PASSWORDS["new"])
            wait_until(lambda: "new" in out.getvalue())
            tool.passwd("ssha", PASSWORDS["new"])
            tool.userdel("md5")
            wait_until(lambda: "md5" in out.getvalue())
            replace(folder / "users", (folder / "users").read_bytes() + b"\xff")
            wait_until(lambda: "not UTF-8" in err.getvalue())
            lay_out(folder)
            wait_until(lambda: out.getvalue().count("md5") > 1)
        finally:
            happenings.put(self.interrupt)
            thread.join(60)
        assert_clean("watch", out.getvalue() + err.getvalue())

    @staticmethod
    def interrupt():
        raise KeyboardInterrupt


class TestNothingIsForgotten:
    """A new public class or error has to be tried above."""

    MODULES = (
        "",
        ".admin.listing",
        ".admin.transaction",
        ".checks.realm",
        ".errors",
        ".exchange",
        ".formats",
        ".formats.roles_yml",
        ".hashing",
        ".names",
        ".provisioning",
        ".realms",
        ".realms.file.cache",
        ".realms.file.snapshot",
        ".realms.file.store",
        ".results",
        ".settings",
        ".settings.report",
        ".watcher",
    )

    #: What others implement: it has no objects of its own.
    PROTOCOLS = frozenset({"ReloadSettings", "ResourceWatcher"})

    def public(self):
        for name in self.MODULES:
            module = importlib.import_module(f"esfilerealm{name}")
            for public in module.__all__:
                value = getattr(module, public)
                if isinstance(value, type):
                    yield value

    def test_classes(self):
        names = {k.__name__ for k in self.public() if not issubclass(k, BaseException)}
        assert names - self.PROTOCOLS == set(OBJECTS)

    def test_errors(self):
        names = {k.__name__ for k in self.public() if issubclass(k, errors.FileRealmError)}
        assert names - {"FileRealmError"} == set(ERRORS)

    def test_modules(self):
        """Those whose objects reach a program: the top level, less what is only for the inside."""
        inside = {"admin", "ansible_collections", "checks", "cli", "documents"}
        root = Path(esfilerealm.__file__).parent
        found = {
            path.stem if path.is_file() else path.name
            for path in root.iterdir()
            if not path.name.startswith("_") and (path.suffix == ".py" or path.is_dir())
        }
        assert found - inside <= {name.split(".")[1] for name in self.MODULES if name}

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
        assert snapshot.decoy in HASHES.values()

    def test_a_snapshot_gives_them_in_no_other_way(self, realm):
        snapshot = realm.snapshot
        for name in dir(snapshot):
            if not name.startswith("_") and name not in ("hash_of", "decoy"):
                value = getattr(snapshot, name)
                if not callable(value):
                    assert_clean(name, repr(list(value) if hasattr(value, "__iter__") else value))
        assert_clean("items", repr([dict(snapshot.issues), dict(snapshot.hash_issues)]))

    def test_judged_users_are_refused_to_be_sent(self):
        with pytest.raises(TypeError, match="password"):
            pickle.dumps(JudgedUsers(dict(HASHES), (), {}))

    def test_a_token_is_refused_to_be_sent(self):
        with pytest.raises(TypeError, match="password"):
            pickle.dumps(UsernamePasswordToken("bob", WRONG))
