"""Certificates and passwords log in at once, while everything that decides about them changes."""

from __future__ import annotations

import os
import sys
import threading
from itertools import cycle

import pytest
from support.hashes import CHEAP_HASH, PASSWORD, SHA_HASH
from support.pki import CERTIFICATES
from support.pki_realm import BOB, BOB_DN, login, made_realm, request, trust
from support.threads import together

from esfilerealm import FileRealm, PkiRealm, RealmChain, RealmSettings, UsernamePasswordToken
from esfilerealm.realms import PkiSettings, Request

#: How often everything changes.
TIMES = 10
THREADS = 8


@pytest.fixture(autouse=True)
def _restless():
    """Let threads take turns often."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def put(folder, name, content):
    """Replace a file as a whole, as every good writer does."""
    data = content if isinstance(content, bytes) else content.encode()
    new = folder / f"{name}.new"
    new.write_bytes(data)
    os.replace(new, folder / name)


def pem(*names):
    return b"".join((CERTIFICATES / f"{name}.pem").read_bytes() for name in names)


#: From state to state, trust and mappings change one after the other. A client whose trust is of
#: one state and whose roles are of another would be let in with roles that it never had: where
#: the role is `secret`, its authority is not trusted.
TRUSTED = ("ca.pem", pem("root"))
OTHERS = ("ca.pem", pem("foreign_root"))
USUAL = ("role_mapping.yml", f"ops: ['{BOB_DN}']\n")
SECRET = ("role_mapping.yml", f"secret: ['{BOB_DN}']\n")
ROUND = [OTHERS, SECRET, USUAL, TRUSTED]


def test_trust_and_roles_are_of_one_moment(tmp_path):
    put(tmp_path, *USUAL)
    put(tmp_path, *TRUSTED)
    realm = PkiRealm(tmp_path, settings=PkiSettings(authorities=("ca.pem",)))
    is_over = threading.Event()

    def write():
        steps = cycle(ROUND)
        for _ in range(TIMES * len(ROUND)):
            put(tmp_path, *next(steps))
            realm.reload()
        is_over.set()

    def read():
        found = set()
        while not is_over.is_set():
            result = login(realm, "bob")
            found.add(result.user.roles if result else result.reason)
        return found

    _, *found = together([write, *[read] * (THREADS - 1)])
    assert set().union(*found) <= {("ops",), "certificate_not_trusted", "user_changing"}
    assert login(realm, "bob").user.roles == ("ops",)


def test_roles_of_authorization_realms_are_too(config):
    """The file realm gives another role only while the authority is not trusted."""
    name = BOB.split()[0]
    put(config, "users", f"{name}:{CHEAP_HASH}\n")
    roles = {role: f"{role}:{name}\n" for role in ("ops", "secret")}
    put(config, "users_roles", roles["ops"])
    trust(config, "root")
    settings = RealmSettings(reload_interval_high=60.0)
    with FileRealm(config, settings=settings, watch_events=False) as file:
        realm = made_realm(
            config,
            [file],
            authorization_realms=(file.name,),
            username_pattern="CN=(.*?) ",
        )
        is_over = threading.Event()

        def write():
            for _ in range(TIMES):
                put(config, *OTHERS)
                realm.reload()
                put(config, "users_roles", roles["secret"])
                file.reload()
                put(config, "users_roles", roles["ops"])
                file.reload()
                put(config, *TRUSTED)
                realm.reload()
            is_over.set()

        def read():
            found = set()
            while not is_over.is_set():
                result = login(realm, "bob")
                found.add(result.user.roles if result else result.reason)
            return found

        _, *found = together([write, *[read] * (THREADS - 1)])
        assert set().union(*found) <= {("ops",), "certificate_not_trusted", "user_changing"}


@pytest.mark.parametrize("watch_events", [True, False], ids=["events", "polling"])
def test_certificates_and_passwords_while_every_file_changes(config, watch_events):
    """Nobody is let in who was in no state, with no roles of no state, by the watchers' threads."""
    states = [
        {
            "users": f"al:{CHEAP_HASH}\n",
            "users_roles": "viewer:al\n",
            "role_mapping.yml": f"ops: ['{BOB_DN}']\n",
            "ca.pem": pem("root"),
        },
        {
            "users": f"al:{SHA_HASH}\njim:{CHEAP_HASH}\n",
            "users_roles": "admin:al\nviewer:jim\n",
            "role_mapping.yml": "",
            "ca.pem": pem("root", "foreign_root"),
        },
    ]
    for name, content in states[0].items():
        put(config, name, content)
    intervals = {"reload_interval_high": 0.01}
    file = FileRealm(config, settings=RealmSettings(**intervals), watch_events=watch_events)
    pki = PkiRealm(
        config,
        settings=PkiSettings(authorities=("ca.pem",), **intervals),
        watch_events=watch_events,
    )
    chain = RealmChain([file, pki])
    is_over = threading.Event()
    allowed = {
        "al": {("viewer",), ("admin",)},
        "jim": {("viewer",), ()},  # the files are replaced one after the other
        BOB: {("ops",), ()},
        "Foreign Person": {()},
    }

    def write():
        for number in range(TIMES):
            for name, content in states[(number + 1) % 2].items():
                put(config, name, content)
                is_over.wait(0.002)
        for name, content in states[0].items():
            put(config, name, content)
        is_over.set()

    def read(question):
        found = set()
        while not is_over.is_set():
            result = chain.authenticate_request(question)
            assert result.error is None
            assert all(step.status.value in ("success", "continue") for step in result.steps)
            found.add((result.user.username, result.user.roles) if result else None)
        return found

    def basic(name, password):
        header = UsernamePasswordToken(name, password).to_basic_header()
        return Request({"Authorization": header})

    questions = [
        *(request("bob"), request("bob", "root"), request("foreign")),
        *(basic("al", PASSWORD), basic("jim", PASSWORD), basic("al", "wrong-password")),
        basic(BOB, PASSWORD),
    ]
    with file, pki:
        _, *found = together(
            [write, *(lambda q=question: read(q) for question in questions)],
        )
        for who in found:
            for user in who - {None}:
                assert user[1] in allowed[user[0]]
        assert found[0] - {None} <= {(BOB, ("ops",)), (BOB, ())}
        assert None not in found[0] | found[1]  # always trusted
        assert found[5] == found[6] == {None}
