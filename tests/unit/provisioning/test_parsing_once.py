"""Passwords in files and variables are read once, even if a plan is made again."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest
from support.storing import posix
from unit.provisioning.kit import NEW, OLD, desired

from esfilerealm import UsersTool
from esfilerealm._storage import RealmFolder
from esfilerealm.provisioning import DesiredState, apply, ensure_user, plan


@pytest.fixture
def somebody_writes(realm, monkeypatch):
    """Somebody writes just before each of the first two locks."""
    original, times = RealmFolder.locked, []

    def access(*args):
        times.append(1)
        if len(times) <= 2:
            with (realm / "users").open("a") as file:
                file.write("# by hand\n")
        return original(*args)

    monkeypatch.setattr(RealmFolder, "locked", access)
    return times


@pytest.fixture
def pipe(tmp_path):
    """A pipe that gives a password once, to the first who reads it."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    thread = threading.Thread(target=lambda: path.write_text(f"{NEW}\n"))
    thread.start()
    yield path
    thread.join(20)


@posix
@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", ["jane", "bob"])
def test_a_pipe(realm, pipe, somebody_writes, name):
    wanted = desired({"name": name, "password_file": str(pipe)})
    applied = apply(plan(realm, wanted), replan=True)
    assert (applied.changed, len(somebody_writes)) == (True, 3)
    assert UsersTool(realm).verify(name, NEW)


@posix
@pytest.mark.timeout(60)
def test_a_pipe_of_one_line(realm, pipe, somebody_writes):
    assert ensure_user(realm, "jane", password_file=str(pipe)).changed
    assert UsersTool(realm).verify("jane", NEW)


@pytest.mark.parametrize("name", ["jane", "bob"])
def test_files_and_variables_that_change(realm, tmp_path, monkeypatch, somebody_writes, name):
    (tmp_path / "pw").write_text(NEW)
    monkeypatch.setenv("SECRET", NEW)
    users = [{"name": name, "password_file": str(tmp_path / "pw")}]
    users.append({"name": "al", "password_env": "SECRET"})
    planned = plan(realm, desired(*users))
    (tmp_path / "pw").unlink()
    monkeypatch.setenv("SECRET", "a-third-password")
    assert apply(planned, replan=True).changed
    assert UsersTool(realm).verify(name, NEW)
    assert UsersTool(realm).verify("al", NEW)


def test_one_that_was_not_needed_is_read_if_it_is(realm, tmp_path, monkeypatch):
    """Who was there when it was planned is gone: now the password of the new one matters."""
    path = tmp_path / "pw"
    wanted = desired({"name": "al", "password_file": str(path), "update_password": "on_create"})
    planned = plan(realm, wanted)
    assert planned.changes == ()
    UsersTool(realm).userdel("al")
    path.write_text(NEW)
    assert apply(planned, replan=True).changed
    assert UsersTool(realm).verify("al", NEW)


def test_the_plan_keeps_the_rest_of_the_desired_state(realm, tmp_path):
    (tmp_path / "pw").write_text(OLD)
    user = {"name": "bob", "password_file": str(tmp_path / "pw"), "roles": ["viewer", "admin"]}
    planned = plan(realm, desired(user, {"name": "al"}, purge="none", protect=["x"]))
    bob, al = planned._basis.desired.users
    assert (bob.password.reveal(), bob.password_file) == (OLD, None)
    assert (bob.roles, al.has_credentials) == (("viewer", "admin"), False)
    assert planned._basis.desired.protect == ("x",)


@posix
@pytest.mark.timeout(60)
def test_a_process_substitution(realm, somebody_writes):
    """As a shell makes one: a pipe by the number of its descriptor."""
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as file:
        file.write(NEW)
    with os.fdopen(reading):
        state = DesiredState.from_dict(
            {"users": [{"name": "jane", "password_file": f"/dev/fd/{reading}"}]}
        )
        assert apply(plan(realm, state), replan=True).changed
    assert UsersTool(realm).verify("jane", NEW)


@posix
def test_a_document_from_a_pipe_whose_password_is_in_one(realm):
    script = (
        f"{sys.executable} -m esfilerealm -c {realm} apply --format yaml <(printf 'users:\\n"
        "- name: jane\\n  password_file: %s\\n' $0)"
    )
    pw = realm.parent / "new.txt"
    words = ["bash", "-c", script, str(pw)]
    out = subprocess.check_output(words, stderr=subprocess.STDOUT, text=True)
    assert out == "Changed: 1 user added [jane]\n"
    assert UsersTool(realm).verify("jane", NEW)
