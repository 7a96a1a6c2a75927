"""Run by Ansible: check mode is right, a second run changes nothing, and no secret shows."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import stat
import sys
from pathlib import Path

import pytest
import yaml

import esfilerealm
from esfilerealm import UsersTool
from esfilerealm.exchange import export_realm

from .cases import (
    CANARY,
    CASES,
    NEW,
    OTHER_USERS,
    OTHER_USERS_ROLES,
    REFUSED,
    SETTINGS,
    USERS,
    USERS_ROLES,
)

REALM_FILES = ("users", "users_roles")
SAID_IN_CHECK_MODE = ("changed", "changes", "users", "created", "diff")
NO_LIBRARY = "no-library"


def ids(cases):
    return [case.name for case in cases]


def task(realm, step, module, options, **keywords):
    """A task whose options come from a variable: of those in its source, Ansible shows some."""
    action = f"esfilerealm.file_realm.{module}"
    return {"name": f"{realm} | {step}", action: f"{{{{ {options}['{realm}'] }}}}", **keywords}


def all_tasks():
    yield {"name": "builtin | command", "ansible.builtin.command": "true"}  # one that does log
    for case in CASES:
        if case.before is not None:
            yield task(case.name, "before", case.module, "before")
        yield task(case.name, "check", case.module, "options", check_mode=True)
        yield task(case.name, "apply", case.module, "options")
        yield task(case.name, "again", case.module, "options")
    for case in REFUSED:
        for step, check_mode in (("check", True), ("apply", False)):
            keywords = {"check_mode": check_mode, "ignore_errors": True}
            yield task(case.name, step, case.module, "options", **keywords)
    interpreter = {"ansible_python_interpreter": "{{ folder }}/bare-python"}
    yield task(NO_LIBRARY, "apply", "user", "options", ignore_errors=True, vars=interpreter)


def make_realm(folder, settings=""):
    folder.mkdir()
    (folder / "elasticsearch.yml").write_text(SETTINGS + settings)
    for name, text in zip(REALM_FILES, (USERS, USERS_ROLES), strict=True):
        (folder / name).write_text(text)
        (folder / name).chmod(0o600)


def make_projected(folder):
    """Lay both files out as Kubernetes does what it makes of a Secret: nothing may be written."""
    (folder / "..2026").mkdir()
    (folder / "..data").symlink_to("..2026")
    for name in REALM_FILES:
        (folder / name).rename(folder / "..2026" / name)
        (folder / name).symlink_to(f"..data/{name}")


def make_others(folder):
    """Make sources of users: a directory, two exports of it, and a realm with an unusable hash."""
    for name, users in (("other", OTHER_USERS), ("unusable", f"eve:{CANARY}\n")):
        (folder / name).mkdir()
        (folder / name / "users").write_text(users)
        (folder / name / "users_roles").write_text(OTHER_USERS_ROLES)
    for kind, name in (("tar", "other.tar"), ("yaml", "other.yml")):
        files = OTHER_USERS.encode(), OTHER_USERS_ROLES.encode()
        (folder / name).write_bytes(export_realm(kind, *files).data)


def write_playbook(folder):
    """One playbook with all tasks, since each start of Ansible takes a second."""

    def with_folder(case, options):
        return {"config_dir": f"{{{{ realms }}}}/{case.name}", **options}

    variables = {
        "options": {case.name: with_folder(case, case.options) for case in (*CASES, *REFUSED)},
        "before": {c.name: with_folder(c, c.before) for c in CASES if c.before is not None},
    }
    variables["options"][NO_LIBRARY] = {"name": "bob", "password": NEW}
    (folder / "options.json").write_text(json.dumps(variables))
    play = {"hosts": "all", "vars_files": ["options.json"], "tasks": list(all_tasks())}
    playbook = folder / "all.json"
    playbook.write_text(json.dumps([play]))
    return playbook


@pytest.fixture(scope="module")
def run(ansible):
    """The run of all tasks, as talkative as Ansible can be."""
    for case in CASES:
        if not case.empty:
            make_realm(ansible.realms / case.name, case.settings)
    for case in REFUSED:
        if case.name != "refused-missing":
            make_realm(ansible.realms / case.name)
    make_projected(ansible.realms / "refused-projected")
    make_others(ansible.folder)
    (ansible.folder / "secret.txt").write_text(NEW + "\n")
    bare_python = ansible.folder / "bare-python"
    bare_python.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I -S "$@"\n')
    bare_python.chmod(0o755)
    return ansible.run(write_playbook(ansible.folder), "-vvv", "--diff")


def test_ansible_counts_the_same(run):
    changes = 2 * sum(case.changed for case in CASES) + sum(c.before is not None for c in CASES)
    assert run.exit_code == 0, run.output
    assert run.stats["changed"] == changes + 1
    assert run.stats["ok"] == len(list(all_tasks()))
    assert run.stats["ignored"] == 2 * len(REFUSED) + 1


@pytest.fixture
def steps(request, run):
    """What a case did in check mode, for real and again."""
    return [run.tasks[f"{request.param.name} | {step}"] for step in ("check", "apply", "again")]


each_case = pytest.mark.parametrize(
    ("case", "steps"), [(case, case) for case in CASES], ids=ids(CASES), indirect=["steps"]
)


@each_case
def test_check_mode_predicts(case, steps):
    check, apply, _ = steps
    assert check.changed == apply.changed == case.changed
    for said in SAID_IN_CHECK_MODE:
        assert check.said[said] == apply.said[said], said
    assert bool(check.said["changes"] or check.said["created"]) == case.changed
    assert "files" not in check.said


@each_case
def test_check_mode_writes_nothing(case, steps, run, ansible):
    check, _, _ = steps
    if case.before is not None:
        assert check.files == run.tasks[f"{case.name} | before"].files
    elif case.empty:
        assert not check.files
    else:
        assert set(check.files) == {"elasticsearch.yml", *REALM_FILES}
        for name, text in zip(REALM_FILES, (USERS, USERS_ROLES), strict=True):
            assert check.files[name][0] == hashlib.sha256(text.encode()).hexdigest()


@each_case
def test_the_second_time_nothing_is_written(case, steps):
    _, apply, again = steps
    assert not again.changed
    assert not again.said["changes"]
    assert again.files == apply.files


@each_case
def test_what_comes_of_it(case, steps, ansible):
    folder = ansible.realms / case.name
    tool = UsersTool(folder)
    assert {name: set(of) for name, of in tool.list_users().items()} == case.expected
    for name, password in case.passwords.items():
        assert tool.verify(name, password)
    states = tool.accounts()
    assert {name for name, state in states.items() if state.is_locked} == {*case.locked}
    times = {name: state.expires for name, state in states.items() if state.expires is not None}
    assert {name: f"{time:%Y-%m-%d}" for name, time in times.items()} == case.expiring
    for name in REALM_FILES:
        status = (folder / name).stat()
        found = {"mode": stat.S_IMODE(status.st_mode), "uid": status.st_uid, "gid": status.st_gid}
        assert found == {**found, **case.attributes}
    if not case.empty:
        assert (folder / "users").read_text().startswith("# people\n")
        assert (folder / "users_roles").read_text().startswith("# who may what\n")


@each_case
def test_warnings(case, steps):
    check, apply, again = steps
    assert set(check.warnings) <= set(apply.warnings)
    assert case.warning in str(apply.warnings)
    assert bool(case.warning) == bool(apply.warnings)
    assert bool(again.warnings) == case.warns_again


def changes_of(run, name):
    return run.tasks[f"{name} | apply"].said["changes"]


def test_changes_are_typed(run):
    kinds = {change["kind"] for case in CASES for change in changes_of(run, case.name)}
    assert kinds == {
        "add_user",
        "remove_user",
        "set_password",
        "rehash_password",
        "add_roles",
        "remove_roles",
        "set_expiry",
        "lock_user",
        "unlock_user",
        "set_attributes",
        "set_managed",
    }
    assert changes_of(run, "user-new") == [
        {"kind": "add_user", "username": "jane", "roles": ["viewer", "editor"]}
    ]
    assert changes_of(run, "user-new-that-expires")[1:] == [
        {
            "kind": "set_expiry",
            "username": "jane",
            "expires_before": None,
            "expires_after": "2199-12-01T08:00:00Z",
        },
        {"kind": "lock_user", "username": "jane"},
    ]
    assert changes_of(run, "user-minimum-cost") == [
        {"kind": "rehash_password", "username": "bob", "algorithm": "bcrypt5"}
    ]


def test_names_of_users(run):
    said = run.tasks["realm-many | apply"].said
    assert said["users"] == ["al", "bob", "jane", "joe", "ops-1", "sue"]


def test_diff(run):
    diff = run.tasks["realm-many | check"].said["diff"]
    assert "bob: viewer,monitoring_user\n" in diff["before"]
    assert "bob: viewer (password changed)\n" in diff["after"]
    assert "ops-1" not in diff["after"]
    assert "\n+jane: viewer\n" in run.output
    assert "\n+[" + str(Path(run.tasks["realm-create | apply"].said["created"][0])) in run.output


def test_the_policy_of_hashes(ansible):
    def hash_of(realm):
        return re.search(
            "^bob:(.*)$", (ansible.realms / realm / "users").read_text(), re.MULTILINE
        )[1]

    assert hash_of("user-password").startswith("$2a$04$")
    assert hash_of("user-algorithm").startswith("{PBKDF2}1000$")
    assert hash_of("user-minimum-cost").startswith("$2a$05$")
    assert hash_of("realm-hash-policy").startswith("$2a$06$")


def test_strategy_and_earlier_versions(run, ansible):
    check, apply = (run.tasks[f"user-in-place | {step}"] for step in ("check", "apply"))
    assert check.files["users"][1] == apply.files["users"][1]
    assert apply.said["files"][0]["strategy"] == "in_place"
    assert apply.said["backups"] == []
    for realm in ("user-options", "realm-options"):
        check, apply = (run.tasks[f"{realm} | {step}"] for step in ("check", "apply"))
        kept = [str(ansible.realms / realm / f"{name}.1~") for name in REALM_FILES]
        assert apply.said["backups"] == kept
        assert Path(kept[0]).read_text() == USERS
        assert check.files["users"][1] != apply.files["users"][1]


def test_what_was_created(run, ansible):
    folder = ansible.realms / "realm-create"
    created = [str(folder), *(str(folder / name) for name in REALM_FILES)]
    assert run.tasks["realm-create | apply"].said["created"] == created


def test_what_became_of_the_list_of_managed_users(run, ansible):
    """Check mode reports its real path, though nothing is there yet."""
    check, apply, again = (
        run.tasks[f"realm-create-managed | {step}"] for step in ("check", "apply", "again")
    )
    path = str(ansible.realms / "realm-create-managed" / "users.managed")
    listed = {"kind": "set_managed", "path": path, "add": ["jane"], "remove": []}
    assert listed in check.said["changes"]
    assert "managed" not in check.said
    managed = apply.said["managed"]
    assert (managed["path"], managed["before"]) == (path, None)
    assert managed["after"] == hashlib.sha256(Path(path).read_bytes()).hexdigest()
    assert not again.said.get("managed")
    assert run.tasks["user-password | apply"].said["managed"] is None


@pytest.mark.parametrize("case", REFUSED, ids=ids(REFUSED))
def test_mistakes_are_told_and_nothing_is_done(case, run, ansible):
    check, apply = (run.tasks[f"{case.name} | {step}"] for step in ("check", "apply"))
    assert check.failed
    assert apply.failed
    assert check.said["msg"] == apply.said["msg"]
    assert case.words in apply.said["msg"]
    assert "Traceback" not in str(apply.said)
    assert apply.files == check.files
    folder = ansible.realms / case.name
    if folder.exists():
        assert (folder / "users").read_text() == USERS
        assert not (folder / "users.lock").exists()


def test_the_library_is_missing(run):
    message = run.tasks[f"{NO_LIBRARY} | apply"].said["msg"]
    assert "esfilerealm" in message
    assert "Python library" in message


def test_no_secret_in_any_output(run, ansible):
    """Not on the terminal, not in what callbacks get, and not in the log of the system."""
    seen = {
        "terminal": run.output,
        "record": (ansible.folder / "record-1.jsonl").read_text(),
        "journal": run.log,
    }
    hashes = {
        line.split(":", 1)[1].strip()
        for path in ansible.realms.glob("*/users*")
        if not path.name.startswith("users_roles")
        for line in path.read_text().splitlines()
        if re.match(r"[a-z0-9-]+:[${]", line)
    }
    assert len(hashes) > 20
    assert "Invoked with" in run.log
    assert not re.search(r"file_realm\.\w+ Invoked", run.log)
    for where, text in seen.items():
        assert CANARY not in text, where
        assert not any(password_hash in text for password_hash in hashes), where
        assert not re.search(r"\$2a\$\d\d\$|\{PBKDF2", text), where
    assert "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER" in run.output


@pytest.fixture(scope="module", params=["user", "realm"])
def documented(request, ansible):
    """A module with what ``ansible-doc`` says about it."""
    name = f"esfilerealm.file_realm.{request.param}"
    return request.param, ansible.doc("-t", "module", name)[name]


def test_every_option_is_documented(documented, run):
    """With its default; and no other."""
    module, documentation = documented
    options = documentation["doc"]["options"]
    message = run.tasks[f"refused-{module}-option | apply"].said["msg"]
    supported = message.partition("Supported parameters include: ")[2].strip(".").split(", ")
    assert sorted(options) == sorted(supported)
    given = run.tasks[f"{module}-nothing-asked | apply"].said["invocation"]["module_args"]
    assert given.keys() == options.keys()
    for name in given.keys() - {"config_dir", "name"}:
        assert given[name] == options[name].get("default"), name


def test_all_that_is_returned_is_documented(documented, run):
    module, documentation = documented
    own = {"changed", "diff", "invocation", "warnings", "deprecations"}
    for case in CASES:
        said = run.tasks[f"{case.name} | apply"].said
        returned = {key for key in said if not key.startswith("_")} - own
        if case.module == module:
            assert returned <= documentation["return"].keys()
            fields = {key for change in said["changes"] for key in change}
            assert fields <= documentation["return"]["changes"]["contains"].keys()
    files = run.tasks["user-password | apply"].said["files"][0]
    assert files.keys() == documentation["return"]["files"]["contains"].keys()


def test_examples_are_tasks(documented):
    module, documentation = documented
    for example in yaml.safe_load(documentation["examples"]):
        options = example.get(f"esfilerealm.file_realm.{module}", {})
        assert options or any(key.startswith("ansible.builtin.") for key in example)
        assert options.keys() <= documentation["doc"]["options"].keys()


def test_the_collection_has_the_version_of_the_package():
    collection = Path(esfilerealm.__file__).parent / "ansible_collections/esfilerealm/file_realm"
    galaxy = yaml.safe_load((collection / "galaxy.yml").read_text())
    assert galaxy["version"] == esfilerealm.__version__


def test_two_runs_of_a_playbook(ansible):
    """As it is meant: roles and defaults for a whole play, and nothing to do the second time."""
    playbook = Path(__file__).parent / "site.yml"
    shutil.rmtree(ansible.realms / "site", ignore_errors=True)
    first, second = ansible.run(playbook), ansible.run(playbook)
    assert (first.exit_code, second.exit_code) == (0, 0), first.output + second.output
    assert first.stats["changed"] == 4  # three tasks, and the handler
    assert second.stats["changed"] == 0
    last = "site | a guest who writes"
    assert second.tasks[last].files == first.tasks[last].files
    assert CANARY not in first.output + second.output
    assert UsersTool(ansible.realms / "site").list_users() == {
        "jane": ("superuser",),
        "bob": ("viewer", "editor"),
    }
