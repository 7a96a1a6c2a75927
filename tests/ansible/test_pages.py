"""Ansible runs every example of the pages and of the modules' documentation."""

from __future__ import annotations

import json
import os
import re

import pytest
import yaml
from support.hashes import CHEAP_HASH
from support.pages import PAGES, ROOT, blocks, files_of, name_of

from esfilerealm import UsersTool, hash_password

MODULES = ROOT / "esfilerealm/ansible_collections/esfilerealm/file_realm/plugins/modules"


def variables():
    return {
        "jane_password": "correct-horse",
        "vault_jane_password": "correct-horse",
        "vault_drift_key": "a key for tests only, of 32 byte",
        "vault_key_passphrase": "a passphrase",
        "vault_bob_password": "battery-staple",
        "vault_guest_password": "battery-staple",
        "vault_deploy_hash": hash_password("battery-staple", "bcrypt12"),  # as a policy wants it
        "file_realm_users": [{"name": "carl", "password_hash": CHEAP_HASH, "roles": ["viewer"]}],
    }


def examples():
    for page in PAGES:
        for number, block in enumerate(blocks(page, "yaml"), 1):
            if "esfilerealm.file_realm." in block and block not in files_of(page).values():
                yield pytest.param(block, id=f"{name_of(page)} {number}")
    for path in sorted(MODULES.glob("*.py")):
        text = re.search(r'EXAMPLES = r"""\n(.*?)"""', path.read_text("utf-8"), re.DOTALL)[1]
        yield pytest.param(text, id=path.stem)


@pytest.mark.parametrize("example", list(examples()))
def test_the_example_runs(example, ansible, tmp_path):
    config = tmp_path / "config"
    UsersTool(config).init()
    text = example.replace("/etc/elasticsearch", str(config)).replace("/srv/es", str(tmp_path))
    text = text.replace("group: elasticsearch", f"group: {os.getgid()}")
    text = text.replace("owner: root", f"owner: {os.getuid()}")
    plays = yaml.safe_load(text)
    if "hosts" not in plays[0]:
        plays = [{"tasks": plays}]
    defaults = {"group/esfilerealm.file_realm.nodes": {"config_dir": str(config)}}
    for play in plays:
        play.update(hosts="all", vars=variables())
        play.pop("become", None)
        play.setdefault("module_defaults", defaults)
    playbook = tmp_path / "playbook.json"
    playbook.write_text(json.dumps(plays))
    several = "file_realm.compare" in example  # of the same directory
    run = ansible.run(playbook, hosts=("a", "b") if several else ("localhost",))
    assert run.exit_code == 0, run.output
    assert UsersTool(config).list_users() or "file_realm.info" in example
