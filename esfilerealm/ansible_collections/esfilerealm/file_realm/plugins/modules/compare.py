#!/usr/bin/python
"""The module ``compare``: whether several nodes have the same users."""

from __future__ import annotations

DOCUMENTATION = r"""
module: compare
short_description: Fail if nodes do not have the same users
version_added: 0.1.0
description:
  - Compares fingerprints of nodes, which M(esfilerealm.file_realm.info) takes, and fails if a user
    is missing on one of them, or has other roles or another hash.
  - It needs no file and no key, so it can run on any host that has the package.
options:
  fingerprints:
    description:
      - The fingerprints of at least two nodes, all made with the same key or all without one.
    type: list
    elements: dict
    required: true
  ignore_hashes:
    description:
      - Compare users and roles only, for nodes on which everybody has a hash of their own.
    type: bool
    default: false
extends_documentation_fragment:
  - esfilerealm.file_realm.package
  - esfilerealm.file_realm.package.reads
seealso:
  - module: esfilerealm.file_realm.info
"""

EXAMPLES = r"""
- name: Which users does each host have
  esfilerealm.file_realm.info:
    node: "{{ inventory_hostname }}"
    key: "{{ vault_drift_key }}"
    findings: false

- name: Fail if they differ
  esfilerealm.file_realm.compare:
    fingerprints: >-
      {{ ansible_play_hosts
         | map('extract', hostvars, ['ansible_facts', 'esfilerealm', 'fingerprint']) }}
  run_once: true
"""

RETURN = r"""
equal:
  description: Whether all users are the same on all nodes.
  returned: always
  type: bool
msg:
  description: What differs, as a table of users and nodes.
  returned: always
  type: str
nodes:
  description: The names of the nodes.
  returned: always
  type: list
  elements: str
user_count:
  description: How many users there are on any of the nodes.
  returned: always
  type: int
differing:
  description:
    - The users that are not the same everywhere, each with the nodes that say the same, as
      C(esfilerealm compare --json) prints them.
  returned: always
  type: list
  elements: dict
skipped_by_node:
  description: Lines that a node does not read, such as those with a mistake.
  returned: always
  type: list
  elements: dict
unsaid:
  description: How many users of a node were not compared in full, such as those without a key.
  returned: always
  type: list
  elements: dict
ignores_hashes:
  description: Whether only users and roles were compared.
  returned: always
  type: bool
"""

from ansible_collections.esfilerealm.file_realm.plugins.module_utils import looking, task


def main() -> None:
    """Run the module."""
    module = task.FileRealmModule(
        argument_spec={
            "fingerprints": {"type": "list", "elements": "dict", "required": True},
            "ignore_hashes": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    task.finish(module, looking.comparison)


if __name__ == "__main__":
    main()
