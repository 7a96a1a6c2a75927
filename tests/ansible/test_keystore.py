"""Settings of the keystore, by the module ``realm``: predicted, made, and made once."""

from __future__ import annotations

import json

import pytest
import yaml

from esfilerealm.keystore import SEED, Keystore

from .cases import CANARY, USERS, USERS_ROLES

STEPS = ("check", "apply", "again", "absent", "wrong")


@pytest.fixture(scope="module")
def folder(ansible):
    pytest.importorskip("cryptography", reason="needs the extra keystore")
    folder = ansible.realms / "keystore"
    folder.mkdir()
    (folder / "users").write_text(USERS)
    (folder / "users_roles").write_text(USERS_ROLES)
    (folder / "value").write_text(f"{CANARY}-from-a-file\n")
    return folder


@pytest.fixture(scope="module")
def run(ansible, folder):
    settings = [
        {"name": "a.text", "value": f"{CANARY}-text"},
        {"name": "a.value", "value_file": str(folder / "value")},
        {"name": "a.file", "file": str(folder / "value")},
    ]
    password = {"config_dir": str(folder), "keystore_password": f"{CANARY}-password"}
    options = {
        **{step: {**password, "keystore": settings} for step in STEPS[:3]},
        "absent": {**password, "keystore": [{"name": "a.text", "state": "absent"}]},
        "wrong": {**password, "keystore_password": f"{CANARY}-x", "keystore": settings},
    }
    tasks = [
        {
            "name": f"keystore | {step}",
            "esfilerealm.file_realm.realm": f"{{{{ steps['{step}'] }}}}",
            "check_mode": step == "check",
            "diff": True,
            "ignore_errors": True,
        }
        for step in STEPS
    ]
    variables = ansible.folder / "keystore.json"
    variables.write_text(json.dumps({"steps": options}))
    playbook = ansible.folder / "keystore.yml"
    playbook.write_text(yaml.safe_dump([{"hosts": "all", "tasks": tasks}]))
    return ansible.run(playbook, "-e", f"@{variables}")


def said(run, step):
    return run.tasks[f"keystore | {step}"].said


@pytest.mark.parametrize(
    ("step", "changed"), [("check", True), ("apply", True), ("again", False), ("absent", True)]
)
def test_what_changes(run, step, changed):
    assert not run.tasks[f"keystore | {step}"].failed, said(run, step)
    assert said(run, step)["changed"] is changed


def test_check_mode_foresees_it(run):
    for key in ("changes", "created", "secure_settings", "diff"):
        assert said(run, "check")[key] == said(run, "apply")[key]
    assert said(run, "apply")["secure_settings"] == ["a.file", "a.text", "a.value"]
    assert said(run, "absent")["changes"] == [
        {"kind": "remove_secure_setting", "setting": "a.text"}
    ]


def test_what_is_in_the_keystore(run, folder):
    store = Keystore.read(folder / "elasticsearch.keystore", f"{CANARY}-password")
    assert store.names == ("a.file", "a.value", SEED)
    assert store.string("a.value") == f"{CANARY}-from-a-file"
    assert store.file("a.file") == f"{CANARY}-from-a-file\n".encode()


def test_a_wrong_password_is_a_failure(run):
    assert run.tasks["keystore | wrong"].failed
    assert "is wrong" in said(run, "wrong")["msg"]


def test_no_secret_shows(run):
    assert CANARY not in run.output + run.log + json.dumps([t.said for t in run.tasks.values()])
