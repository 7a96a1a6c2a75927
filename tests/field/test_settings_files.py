"""
Settings files of all generations: whoever's node starts with one of them can use all of this.

The files are in ``vectors/settings/``. The name begins with the major version, and comments say
what is special: ``# refused`` if no node of it starts, ``# unused`` if it does not ask the file
realm.
"""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

import pytest
from support.hashes import CHEAP_HASH

from esfilerealm import FileRealm, RealmSettings, UsersTool
from esfilerealm.errors import InvalidSettingError

FILES = sorted((Path(__file__).parents[1] / "vectors" / "settings").glob("*.yml"))
ALGORITHM = "xpack.security.authc.password_hashing.algorithm"
UNUSED = ("there is no realm of type file", "security is off", "the file realm [")


class File:
    """One settings file, in a realm with one user."""

    def __init__(self, path, config):
        shutil.copy(path, config / "elasticsearch.yml")
        (config / "users").write_text(f"bob:{CHEAP_HASH}\n")
        (config / "users_roles").write_text("superuser:bob\n")
        text = path.read_text(encoding="utf-8")
        self.config = config
        self.version = int(path.name[0])
        self.is_refused = "\n# refused" in text
        self.is_unused = "\n# unused" in text


@pytest.fixture(params=FILES, ids=lambda path: path.stem)
def file(request, config):
    return File(request.param, config)


@pytest.fixture
def settings(file):
    return RealmSettings.load(file.config, elasticsearch_version=file.version)


def test_there_are_enough():
    assert len(FILES) >= 30
    assert {path.name[0] for path in FILES} == set("56789")


@pytest.mark.parametrize("has_version", [True, False])
def test_list(run, file, has_version):
    version = ("--es-version", str(file.version)) if has_version else ()
    result = run("list", *version)
    assert result.exit_code == 0
    assert result.out == "bob            : superuser\n"


@pytest.mark.parametrize("has_version", [True, False])
def test_useradd(run, file, has_version):
    version = ("--es-version", str(file.version)) if has_version else ()
    password = ("--hash", "{PBKDF2}1000$" + "A" * 43 + "=$" + "A" * 43 + "=")
    result = run("useradd", "ann", *password, "-r", "superuser", *version)
    assert result.exit_code == 0
    assert UsersTool(file.config).list_users() == {"bob": ("superuser",), "ann": ("superuser",)}
    if has_version:
        assert sum(result.err.count(text) for text in UNUSED) == file.is_unused


def test_settings(run, file):
    result = run("settings", "--es-version", str(file.version))
    assert (result.exit_code, "ERROR" in result.err) == (0, False)
    assert ("a node does not start\n" in result.err) == (file.is_refused and file.version > 5)


def test_file_realm(file, settings, caplog):
    with caplog.at_level(logging.WARNING), FileRealm(file.config, settings=settings) as realm:
        has_login = bool(realm.authenticate("bob", "test-password"))
    assert any(text in caplog.text for text in UNUSED) == file.is_unused
    assert has_login == (settings.enabled)


#: A node of version 7 takes them, one of 8 does not; without a version, 8 is assumed.
ONLY_IN_7 = ("7-missing-orders", "7-same-order")
#: Without a version, 6 is assumed, which has only two booleans.
ONLY_IN_5 = ("5-conf-of-a-small-shop",)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_file_realm_without_a_version(path, config):
    file = File(path, config)
    if path.stem in (*ONLY_IN_5, *ONLY_IN_7):
        with pytest.raises(InvalidSettingError, match="elasticsearch_version"):
            FileRealm(file.config)
    else:
        with FileRealm(file.config) as realm:
            assert realm.snapshot.users == {"bob"}
