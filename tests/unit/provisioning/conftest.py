"""A realm that is kept by hand."""

from __future__ import annotations

import contextlib
import json
import os
import shutil

import pytest
from support.agreement import reader_and_schema_agree  # noqa: F401 - used by itself
from support.hashes import CHEAP_HASH
from support.storing import STRANGER, acting_as
from unit.provisioning.kit import NEW, OLD, USERS, USERS_ROLES

from esfilerealm import UsersTool


@pytest.fixture
def realm(config, monkeypatch):
    """Three users, comments and invalid lines; and passwords in files and variables."""
    (config / "users").write_text(USERS)
    (config / "users_roles").write_text(USERS_ROLES)
    for name in ("users", "users_roles"):
        (config / name).chmod(0o640)
    monkeypatch.setenv("NEW_PASSWORD", NEW)
    monkeypatch.setenv("OLD_PASSWORD", OLD)
    monkeypatch.delenv("NOT_SET", raising=False)
    for name, text in (("new.txt", NEW), ("old.txt", OLD)):
        (config.parent / name).write_text(f"{text}\n")
    return config


@pytest.fixture
def set_managed(realm):
    """Write the list of managed users."""

    def note(*names):
        text = json.dumps({"version": 1, "users": sorted(names)}, indent=1) + "\n"
        (realm / "users.managed").write_text(text)

    return note


@pytest.fixture
def realm_of_a_stranger(realm, open_folder, tmp_path):
    """The same realm, owned by another user; inside it, the process runs as that user."""
    # They may not be able to import what a write needs: let all of it be there.
    tool = UsersTool(tmp_path / "another", mode=0o600, keep=1)
    tool.init()
    tool.useradd("bob", password_hash=CHEAP_HASH, roles=["a"])

    @contextlib.contextmanager
    def enter():
        for path in realm.iterdir():
            shutil.copy(path, open_folder)
        for path in (open_folder, *open_folder.iterdir()):
            os.chown(path, STRANGER, STRANGER)
        with acting_as(STRANGER, STRANGER):
            yield open_folder

    return enter()
