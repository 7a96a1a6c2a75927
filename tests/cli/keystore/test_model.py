"""``keystore`` against a model that was written from the description of Elasticsearch's command."""

from __future__ import annotations

import random
import re
import stat

import pytest
from support import keystore_model as model
from support import keystore_runs as runs
from support.keystore_bytes import HEAD, build, parse, signed
from support.keystore_model import SEED, Store, World

from esfilerealm._storage import system

VALUES = {SEED: b"zZ9-yY8_xX7=wW6+vV5?", "a.b": b"alpha-1", "c.d": b"two words"}
PASSWORD = "open-sesame"

STORES = {
    "missing": None,
    "plain": Store(VALUES),
    "plain-3": Store(VALUES, version=3),
    "plain-5": Store(VALUES, version=5),
    "plain-7": Store(VALUES, version=7),
    "empty": Store({}),
    "no-seed-3": Store({"a.b": b"1"}, version=3),
    "protected": Store(VALUES, PASSWORD, flag=True),
    "protected-3": Store(VALUES, PASSWORD, version=3, flag=True),
    "foreign-names": Store({"a b": b"1", "é": b"2", "": b"3", "\U0001f600": b"4", "\uff5e": b"5"}),
    "bytes": Store({"a.b": bytes(range(256)), "c.d": b"\xed\xa0\x80", SEED: b"x\r\n"}),
    "flag-without-password": Store(VALUES, flag=True),
    "password-without-flag": Store(VALUES, PASSWORD),
    "directory": "dir",
    **{kind: Store(VALUES, kind=kind) for kind in (*model.LOADING, *model.OPENING)},
    "checksum-protected": Store(VALUES, PASSWORD, flag=True, kind="checksum"),
    "ciphertext-protected": Store(VALUES, PASSWORD, flag=True, kind="ciphertext"),
}


def written(store):
    """The bytes of a store, damaged as its kind says."""
    if store.kind == "plaintext":
        return build(store.settings, rest=b"\0")
    data = build(
        store.settings, version=store.version, password=store.password, flag=int(store.flag)
    )
    head = len(HEAD)
    at = {"salt": head + 13, "ciphertext": len(data) - 20, "checksum": len(data) - 1}
    if store.kind in at:
        data = bytearray(data)
        data[at[store.kind]] ^= 1
        data = bytes(data)
    if store.kind in ("salt", "ciphertext"):
        return signed(data[:-16])
    changes = {
        "flag": (head + 4, b"\2"),
        "old": (head, bytes([0, 0, 0, 2])),
        "new": (head, bytes([0, 0, 0, 8])),
        "negative": (head + 5, b"\xff\xff\xff\xff"),
        "block": (head + 9, b"\0\0\0\x41"),
    }
    if store.kind in changes:
        start, part = changes[store.kind]
        return signed((data[:start] + part + data[start + len(part) :])[:-16])
    return {
        "good": data,
        "checksum": data,
        "truncated": data[:100],
        "trailing": data + b"\0",
        "not a keystore": b"users: []\n" * 30,
        "empty": b"",
    }[store.kind]


INPUTS = [
    b"",
    b"\n",
    b"y\n",
    b"n\n",
    b"Y\r\nvalue\r\n",
    b"value\n",
    b"what\n y\nyes\ny\nvalue",
    b"value\rhalf\nmore\n",
    b"pass\npass\n",
    b"pass\nPass\n",
    b"pass\npass\ny\n",
    b"\n\n\n\n",
    b"y\na\ny\nb\n",
    f"{PASSWORD}\n".encode(),
    f"{PASSWORD}\r\ny\nvalue\ny\nother\n".encode(),
    f"{PASSWORD}\nnew\nnew\n".encode(),
    f"{PASSWORD}\nnew\nother\n".encode(),
    f"{PASSWORD}\n\n\n".encode(),
    f"{PASSWORD}".encode(),
    b"wrong\ny\nvalue\nvalue\n",
    "n\u00e4h \U0001f9ea\u2028\tx \n".encode(),
    b"y\x00\n",
]
LINES = {
    "create": ["", "-p", "--password=x", "-ps", "x y", "-f", "-pzzz", "-h -p", "--"],
    "list": ["", "-s", "-v", "--verb", "x", "-x", "--silent -s"],
    "show": ["", "a.b", "a.b c.d", "-s c.d", "nope", "A.B", "-- -x", SEED, "-", "-o f a.b"],
    "add": [
        "",
        "a.b",
        "new",
        "-f a.b new",
        "-x new new",
        "-fx a.b -- -x",
        "--std --fo a.b",
        "-stdin new -s",
        "--force=no . --",
        "b@d",
        "-xv new b@d a.b",
        "-sv new",
        "--s new",
        "--st new",
        "-E a=1 new",
        "-E a=1 -E a=2 new",
        "-E a= new",
        "-E path.home=/x new",
        "-f -f -x new",
        "a.b SEED c.d",
    ],
    "add-file": [
        "",
        "new",
        "new {T}",
        "a.b {T}",
        "-f a.b {B} new {T} new {E}",
        "new {M}",
        "new {D}",
        "b@d {T}",
        "b@d {M}",
        "-x new {T}",
        "new {T} a.b {M}",
        "--for a.b {T} c.d",
    ],
    "remove": ["", "a.b", "a.b a.b", "a.b nope", "nope a.b", SEED, "-f a.b", "a.b c.d", "-v a.b"],
    "upgrade": ["", "x", "-f"],
    "passwd": ["", "x", "-p", "-s"],
    "has-passwd": ["", "-s", "x", "-v", "-p"],
    "": ["", "-h", "frob", "-s -v list", "-s list", "-E a=1 list -E a=1", "-E a=1 list"],
}


@pytest.fixture
def conf(tmp_path, monkeypatch):
    runs.cheap_keys(monkeypatch)
    monkeypatch.setattr(system, "fsync", lambda _: None)
    for name, data in {"text": b"file text\n", "bytes": bytes(range(256)), "none": b""}.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "sub").mkdir()
    (tmp_path / "config").mkdir()
    return tmp_path / "config"


def words_of(line, conf):
    places = {"{T}": "text", "{B}": "bytes", "{E}": "none", "{M}": "missing", "{D}": "sub"}
    words = [SEED if word == "SEED" else word for word in line.split(" ") if word]
    return [str(conf.parent / places[word]) if word in places else word for word in words]


def world_of(store, conf):
    files = {
        str(conf.parent / name): (conf.parent / name).read_bytes()
        for name in ("text", "bytes", "none")
    }
    return World(store, files | {str(conf.parent / "sub"): None})


def lay(conf, store):
    path = conf / runs.KEYSTORE
    if path.is_dir():
        path.rmdir()
    path.unlink(missing_ok=True)
    if store == "dir":
        path.mkdir()
    elif store is not None:
        path.write_bytes(written(store))
        path.chmod(0o660)


def check(monkeypatch, conf, world, words, given):
    """Run a line here and in the model; return what the keystore is then, for a next line."""
    path = conf / runs.KEYSTORE
    before = path.read_bytes() if path.is_file() else None
    want = model.predict(world, words, given, str(path))
    ran = runs.run_in_process(monkeypatch, conf, *words, stdin=given)
    what = f"{words} {given!r} {ran.err}"
    assert ran.exit_code == want.code, what
    assert ran.prompts == want.prompts, what
    if want.out is not None:
        assert ran.out == want.out, what
    assert runs.others(conf) == [], what
    if want.store is world.store:
        assert (path.read_bytes() if path.is_file() else None) == before, what
        return world.store
    found = parse(path.read_bytes(), want.store.password)
    assert (found.version, found.has_password) == (want.store.version, want.store.flag), what
    assert found.settings.keys() == want.store.settings.keys(), what
    for name, value in want.store.settings.items():
        if value is None:
            assert re.fullmatch(rb"[A-Za-z0-9~!@#$%^&*\-_=+?]{20}", found.settings[name]), what
        else:
            assert found.settings[name] == value, what
    assert stat.S_IMODE(path.stat().st_mode) == 0o660, what
    return Store(found.settings, want.store.password, found.version, found.has_password)


@pytest.mark.property
@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("subcommand", LINES)
def test_every_line(monkeypatch, conf, subcommand, store):
    """Each with some of the inputs, which are others for each store."""
    chance = random.Random(subcommand + store)
    for line in LINES[subcommand]:
        words = words_of(f"{subcommand} {line}", conf)
        for given in chance.sample(INPUTS, 6):
            lay(conf, STORES[store])
            check(monkeypatch, conf, world_of(STORES[store], conf), words, given)


@pytest.mark.parametrize("seed", range(120))
def test_sequences(monkeypatch, conf, seed):
    chance = random.Random(seed)
    store = STORES[chance.choice(list(STORES))]
    lay(conf, store)
    for _ in range(4):
        subcommand = chance.choice(list(LINES))
        words = words_of(f"{subcommand} {chance.choice(LINES[subcommand])}", conf)
        opening = f"{store.password}\n" if isinstance(store, Store) and store.flag else ""
        given = opening.encode() * chance.choice([0, 1, 1, 1]) + chance.choice(INPUTS)
        store = check(monkeypatch, conf, world_of(store, conf), words, given)
