"""A package that the system could not load is not missing."""

from __future__ import annotations

import errno
import os
import sys

import bcrypt
import pytest

from esfilerealm import UsersTool
from esfilerealm._ground import ahead
from esfilerealm._ground.system_faults import require_missing
from esfilerealm.errors import InvalidAttributeError

UNLOADABLE = ImportError(
    "/lib/grp.so: failed to map segment from shared object", name="grp", path="/lib/grp.so"
)


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A directory of packages."""
    monkeypatch.setattr(sys, "path", [str(tmp_path), str(tmp_path / "nowhere")])
    return tmp_path


def missing(name):
    return ModuleNotFoundError(f"No module named {name!r}", name=name)


def test_one_that_is_nowhere_is_missing(site):
    require_missing(missing("extra_of_ours"))


def test_one_that_nobody_is_to_find_is_missing(site, monkeypatch):
    (site / "extra_of_ours.py").touch()
    monkeypatch.setitem(sys.modules, "extra_of_ours", None)
    require_missing(missing("extra_of_ours"))


@pytest.mark.parametrize(
    "entry", ["extra_of_ours", "extra_of_ours.py", "extra_of_ours.cpython-311-x86_64-linux-gnu.so"]
)
@pytest.mark.parametrize("name", ["extra_of_ours", "extra_of_ours.parts"])
def test_one_that_is_there_is_not(site, entry, name):
    (site / entry).touch()
    with pytest.raises(OSError, match=r"cannot be loaded: No module named"):
        require_missing(missing(name))


@pytest.mark.parametrize("number", [errno.EMFILE, errno.EACCES, errno.ENOMEM])
def test_nor_one_that_nobody_can_look_for(site, monkeypatch, number):
    def listdir(_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "listdir", listdir)
    with pytest.raises(OSError) as caught:  # noqa: PT011 - its number counts
        require_missing(missing("extra_of_ours"))
    assert caught.value.errno == number


def test_nor_a_library_that_was_not_loaded():
    with pytest.raises(OSError, match="failed to map segment"):
        require_missing(UNLOADABLE)


class Refusing:
    """An importer without memory."""

    def __init__(self, *names):
        self.names = names

    def find_spec(self, name, *_):
        if name in self.names:
            raise UNLOADABLE


@pytest.mark.parametrize("name", ["grp", "pwd"])
def test_a_group_or_user_is_not_unknown_then(config, monkeypatch, name):
    option = {"grp": "group", "pwd": "owner"}[name]
    monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setattr(sys, "meta_path", [Refusing(name), *sys.meta_path])
    with pytest.raises(OSError, match="cannot be loaded"):
        UsersTool(config, **{option: "root"}).init()
    monkeypatch.undo()
    with pytest.raises(InvalidAttributeError):
        UsersTool(config, **{option: "nobody-has-this-name"}).init()


def test_a_hash_is_not_begun_without_a_thread(monkeypatch):
    """Whoever needs it computes it."""

    def start(_):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("threading.Thread.start", start)
    ahead.start_hash("secret-1", "bcrypt", 4)
    assert ahead.take_hash("secret-1", "bcrypt") is None


def test_a_salt_without_random_bytes_is_an_error_of_the_system(monkeypatch):
    """The package bcrypt panics then, which is no ``Exception``."""

    def urandom(_):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "urandom", urandom)
    with pytest.raises(OSError, match="Input/output error"):
        ahead.bcrypt_hash("secret-1", 4)


@pytest.mark.parametrize(
    ("random", "salt"),
    [
        (bytes(16), b"." * 22),
        (b"\xff" * 16, b"9" * 21 + b"u"),
        (bytes(15) + b"\1", b"." * 21 + b"O"),
    ],
    ids=["zeros", "ones", "the last bit"],
)
def test_a_salt_is_all_random_bytes(monkeypatch, random, salt):
    monkeypatch.setattr(os, "urandom", lambda size: random[:size])
    hashed = ahead.bcrypt_hash("secret-1", 4)
    assert hashed.startswith(f"$2a$04${salt.decode()}")
    assert bcrypt.checkpw(b"secret-1", hashed.encode())
