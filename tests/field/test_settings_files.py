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


def test_file_realm_without_a_version(file):
    with FileRealm(file.config) as realm:
        assert realm.snapshot.users == {"bob"}


@pytest.mark.parametrize("name", ["7-missing-orders", "7-same-order"])
def test_what_only_7_takes(run, config, name):
    """Without a version, 8 is assumed; a realm opens, and the others say what to state."""
    file = File(next(path for path in FILES if path.stem == name), config)
    with pytest.raises(InvalidSettingError, match="state it by elasticsearch_version=7"):
        RealmSettings.load(file.config)
    result = run("settings")
    assert result.exit_code == 78
    assert "a node of Elasticsearch 7 starts with these settings: give --es-version 7" in result.err
    warning = FileRealm(file.config).settings.warnings[0]
    assert warning.endswith("; read as Elasticsearch 7 does")
