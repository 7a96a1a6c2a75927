"""Facts of nodes, and whether all hosts of a group have the same users."""

from __future__ import annotations

import json

import pytest
import yaml
from support.pages import ROOT, files_of

from esfilerealm import UsersTool
from esfilerealm.drift import Fingerprint
from esfilerealm.provisioning import take_fingerprint

from .cases import CANARY, NEW_HASH, OLD_HASH

COLLECTION = ROOT / "esfilerealm/ansible_collections/esfilerealm/file_realm"
HOSTS = ("node-a", "node-b", "node-c", "node-d", "node-e")
KEY = f"{CANARY}-key-for-tests"
USERS = f"# people\nbob:{OLD_HASH}\nann:{OLD_HASH}\n"
ROLES = "superuser:ann\nviewer:bob,ann\n"
TELL, FAIL = "Which users does this node have", "Fail if the nodes differ"


def folder_of(ansible, host):
    return ansible.realms / "drift" / host


def playbook(ansible, name, *changes):
    """Write a playbook of the guide, for folders of this machine as hosts."""
    text = files_of(COLLECTION / "README.md")[name]
    text = text.replace("/etc/elasticsearch", "{{ realms }}/drift/{{ inventory_hostname }}")
    (play,) = yaml.safe_load(text)
    directory = {"config_dir": "{{ realms }}/drift/{{ inventory_hostname }}"}
    del play["become"]
    play["vars"] = {"vault_drift_key": KEY}
    play["module_defaults"] = {"group/esfilerealm.file_realm.nodes": directory}
    for change in changes:
        change(play)
    path = ansible.folder / name
    path.write_text(json.dumps([play]))
    return path


@pytest.fixture(scope="module")
def runs(ansible):
    """The guide: equal nodes, then different ones, then made equal again."""
    for host in HOSTS:
        folder = folder_of(ansible, host)
        folder.mkdir(parents=True)
        (folder / "users").write_text(USERS)
        (folder / "users_roles").write_text(ROLES)
    compare = playbook(ansible, "compare.yml")
    found = {"equal": ansible.run(compare, "-vvv", hosts=HOSTS)}
    (folder_of(ansible, "node-b") / "users_roles").write_text("superuser:ann,bob\nviewer:bob,ann\n")
    (folder_of(ansible, "node-c") / "users").write_text(USERS.replace(OLD_HASH, NEW_HASH, 1))
    (folder_of(ansible, "node-d") / "users").write_text(USERS + f"eve:{NEW_HASH}\n# remark\n")
    (folder_of(ansible, "node-e") / "users").write_bytes(b"# r\xe9sum\xe9\n")
    found["different"] = ansible.run(compare, "-vvv", "--check", hosts=HOSTS)
    (folder_of(ansible, "node-e") / "users").write_text("# resume\nbroken\n")
    found["copy"] = ansible.run(playbook(ansible, "copy.yml"), "-vvv", "--diff", hosts=HOSTS)
    found["again"] = ansible.run(compare, hosts=HOSTS)
    return found


def facts(run, host):
    return run.tasks_of_hosts[TELL, host].said["ansible_facts"]["esfilerealm"]


def test_equal_nodes(runs):
    run = runs["equal"]
    assert run.exit_code == 0, run.output
    said = run.tasks[FAIL].said
    assert said["msg"] == "Equal: 5 nodes, 2 users"
    assert (said["equal"], said["nodes"], said["user_count"]) == (True, list(HOSTS), 2)
    assert len({facts(run, host)["fingerprint"]["label"] for host in HOSTS}) == 1


def test_different_nodes_are_a_failure_that_names_them(runs):
    run = runs["different"]
    assert run.exit_code == 2
    task = run.tasks[FAIL]
    assert task.failed
    title, _, *table = task.said["msg"].splitlines()
    assert title == "4 nodes, 3 users: 2 not the same everywhere"
    assert [line.split() for line in table] == [
        ["user", "most", "nodes", "node-b", "node-c", "node-d"],
        ["bob", "viewer", "+superuser", "other", "password", "="],
        ["eve", "absent", "=", "=", "exists:", "no", "roles"],
    ]
    assert {user["username"] for user in task.said["differing"]} == {"bob", "eve"}
    assert "not the same everywhere" in run.output


def test_a_node_that_cannot_be_read_fails_by_itself(runs):
    run = runs["different"]
    task = run.tasks_of_hosts[TELL, "node-e"]
    assert task.failed
    assert "not UTF-8" in task.said["msg"]
    assert run.tasks[FAIL].said["nodes"] == list(HOSTS[:-1])


def test_all_get_the_users_of_the_first(runs, ansible):
    run = runs["copy"]
    assert run.exit_code == 0, run.output
    changed = [host for host in HOSTS if run.stats[host]["changed"]]
    assert changed == list(HOSTS[1:])
    assert runs["again"].exit_code == 0, runs["again"].output
    made = {take_fingerprint(folder_of(ansible, host), key=KEY.encode()) for host in HOSTS}
    assert len(made) == 1
    assert "# remark" in (folder_of(ansible, "node-d") / "users").read_text()
    assert (folder_of(ansible, "node-e") / "users").read_text().startswith("# resume\nbroken\n")


def test_the_facts(runs, ansible):
    found = facts(runs["again"], "node-e")
    folder = folder_of(ansible, "node-e")
    assert found["config_dir"] == str(folder)
    made = Fingerprint.from_json(json.dumps(found["fingerprint"]))
    assert made == take_fingerprint(folder, key=KEY.encode())
    assert (made.node, len(made.skipped)) == ("node-e", 1)
    own = [finding.to_dict() for finding in UsersTool(folder).check()]
    assert [finding["code"] for finding in found["findings"]] == [each["code"] for each in own]
    assert {"esfilerealm", "python", "bcrypt"} <= found["versions"].keys()


def test_nothing_is_changed_by_looking(runs):
    for name in ("equal", "different", "again"):
        assert {stats["changed"] for stats in runs[name].stats.values()} == {0}


def test_no_secret_in_facts_or_output(runs, ansible):
    for name, run in runs.items():
        text = run.output + run.log
        text += "".join(json.dumps(task.said) for task in run.tasks_of_hosts.values())
        for secret in (CANARY, OLD_HASH, NEW_HASH, OLD_HASH[7:], NEW_HASH[7:], "$2a$"):
            assert secret not in text, name
    assert "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER" in runs["equal"].output


#: What is asked of both modules, and a part of what they say.
ASKED = {
    "key-file": ("info", {"key_file": "{{ folder }}/drift.key"}, ""),
    "key-with-a-line-end": ("info", {"key": f"{KEY}\n", "findings": False}, ""),
    "no-key": ("info", {"findings": False}, ""),
    "short-key": ("info", {"key": f"{CANARY}"[:15]}, "at least 16 bytes, and this one has [13]"),
    "short-key-file": ("info", {"key_file": "{{ folder }}/short.key"}, "at least 16 bytes"),
    "two-keys": ("info", {"key": KEY, "key_file": "x"}, "mutually exclusive"),
    "no-folder": ("info", {"config_dir": "{{ folder }}/none"}, "does not exist"),
    "info-option": ("info", {"kee": KEY}, "Supported parameters include"),
    "compare-option": ("compare", {"kee": KEY, "fingerprints": []}, "Supported parameters include"),
    "none": ("compare", {"fingerprints": []}, "[fingerprints] has [0]: give those of at least two"),
    "one": ("compare", {"fingerprints": ["{{ made }}"]}, "[fingerprints] has [1]"),
    "the-same-node": ("compare", {"fingerprints": ["{{ made }}", "{{ made }}"]}, "has a name that"),
    "no-fingerprint": ("compare", {"fingerprints": [{"a": "b"}, {}]}, "[fingerprints[0]] is not"),
    "other-key": ("compare", {"fingerprints": ["{{ made }}", "{{ other }}"]}, "without the key of"),
    "unsaid": ("compare", {"fingerprints": ["{{ other }}", "{{ bare }}"]}, ""),
    "roles-only": (
        "compare",
        {"fingerprints": ["{{ old }}", "{{ made }}"], "ignore_hashes": True},
        "",
    ),
}


@pytest.fixture(scope="module")
def asked(ansible):
    (ansible.folder / "drift.key").write_text(KEY + "\n")
    (ansible.folder / "short.key").write_text(f"{CANARY}\n")
    folder = ansible.realms / "asked"
    folder.mkdir()
    (folder / "users").write_text(USERS)
    (folder / "users_roles").write_text(ROLES)

    def made(node, key=None):
        return take_fingerprint(folder, key=key, node=node).to_dict()

    variables = {"made": made("a", KEY.encode()), "other": made("b"), "bare": made("c")}
    (folder / "users").write_text(USERS.replace(OLD_HASH, NEW_HASH))
    variables["old"] = made("old", KEY.encode())
    (folder / "users").write_text(USERS)
    tasks = [
        {"name": name, f"esfilerealm.file_realm.{module}": options, "ignore_errors": True}
        for name, (module, options, _) in ASKED.items()
    ]
    defaults = {"group/esfilerealm.file_realm.nodes": {"config_dir": str(folder)}}
    play = {"hosts": "all", "vars": variables, "module_defaults": defaults, "tasks": tasks}
    path = ansible.folder / "asked.json"
    path.write_text(json.dumps([play]))
    return ansible.run(path)


@pytest.mark.parametrize("name", ASKED)
def test_what_is_asked(name, asked):
    task, words = asked.tasks[name], ASKED[name][2]
    assert task.failed == bool(words), task.said
    assert words in task.said.get("msg", "")
    assert "Traceback" not in str(task.said)


@pytest.mark.parametrize("name", ["key-file", "key-with-a-line-end"])
def test_a_line_end_is_not_part_of_the_key(asked, name):
    found = asked.tasks[name].said["ansible_facts"]["esfilerealm"]
    made = Fingerprint.from_json(json.dumps(found["fingerprint"]))
    assert made == take_fingerprint(found["config_dir"], key=KEY.encode())


def test_without_a_key_nothing_is_said_about_passwords(asked):
    found = asked.tasks["no-key"].said["ansible_facts"]["esfilerealm"]
    assert "findings" not in found
    assert {user["hash_digest"] for user in found["fingerprint"]["users"]} == {None}
    (warning,) = asked.tasks["unsaid"].warnings
    assert "[b], [c]: the roles or the password" in warning


@pytest.mark.parametrize("module", ["info", "compare"])
def test_options_and_results_are_documented(module, ansible, asked, runs):
    documentation = ansible.doc("-t", "module", f"esfilerealm.file_realm.{module}")
    (documentation,) = documentation.values()
    message = asked.tasks[f"{module}-option"].said["msg"]
    supported = message.partition("Supported parameters include: ")[2].strip(".").split(", ")
    assert sorted(documentation["doc"]["options"]) == sorted(supported)
    said = runs["equal"].tasks[{"info": TELL, "compare": FAIL}[module]].said
    own = {"changed", "failed", "invocation"}
    assert {key for key in said if not key.startswith("_")} - own == documentation["return"].keys()
    if module == "info":
        contained = documentation["return"]["ansible_facts"]["contains"]["esfilerealm"]["contains"]
        assert contained.keys() == facts(runs["equal"], "node-a").keys()
