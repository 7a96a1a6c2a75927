#!/usr/bin/python
"""The module ``info``: what a node's file realm is, as facts."""

from __future__ import annotations

DOCUMENTATION = r"""
module: info
short_description: Tell which users a node has, and what is wrong with its file realm
version_added: 0.1.0
description:
  - Returns a fingerprint of the users and roles of a node, what C(esfilerealm check) finds, and
    versions, as facts. Nothing is written.
  - No fact contains a password, a hash or the key. A fingerprint holds names, roles and keyed
    digests.
  - M(esfilerealm.file_realm.compare) compares the fingerprints of several nodes.
options:
  config_dir:
    description:
      - Configuration directory of the node, which holds C(users) and C(users_roles).
    type: path
    default: /etc/elasticsearch
  key:
    description:
      - A secret of at least 16 random bytes, the same for all nodes that are to be compared.
      - One line end at its end is not part of the key.
      - Without O(key) and O(key_file), the fingerprint says nothing about passwords.
    type: str
  key_file:
    description:
      - File on the target that holds the key, if Ansible should not know it. One line end at its
        end is not part of the key.
    type: path
  node:
    description:
      - Name of the node in the fingerprint, such as C({{ inventory_hostname }}).
      - By default the name of the host.
    type: str
  findings:
    description:
      - Whether to check the realm. This takes longer than the rest if there are many users.
    type: bool
    default: true
extends_documentation_fragment:
  - esfilerealm.file_realm.package
  - esfilerealm.file_realm.package.reads
seealso:
  - module: esfilerealm.file_realm.compare
"""

EXAMPLES = r"""
- name: Which users are there, and what is wrong
  esfilerealm.file_realm.info:
    node: "{{ inventory_hostname }}"
    key: "{{ vault_drift_key }}"

- name: Stop if somebody gets in who should not, or a node does not start
  ansible.builtin.assert:
    that: ansible_facts.esfilerealm.findings | selectattr('severity', 'eq', 'error') | length == 0
    fail_msg: "{{ ansible_facts.esfilerealm.findings | map(attribute='message') }}"
"""

RETURN = r"""
ansible_facts:
  description: The facts.
  returned: success
  type: dict
  contains:
    esfilerealm:
      description: All of them.
      returned: success
      type: dict
      contains:
        config_dir:
          description: Configuration directory of the node.
          returned: always
          type: str
          sample: /etc/elasticsearch
        fingerprint:
          description:
            - The users of the node, as C(esfilerealm digest --json) prints them. Nodes with equal
              users have the same C(label).
          returned: always
          type: dict
        findings:
          description: What a person should look at, as C(esfilerealm check --json) prints it.
          returned: if O(findings) is true
          type: list
          elements: dict
        versions:
          description: The versions of the package, of Python, and of the libraries that hash.
          returned: always
          type: dict
          sample: {esfilerealm: 0.1.0, python: 3.11.7, bcrypt: 4.0.1, passlib: 1.7.4}
"""

from ansible_collections.esfilerealm.file_realm.plugins.module_utils import looking, task


def main() -> None:
    """Run the module."""
    module = task.FileRealmModule(
        argument_spec={
            "config_dir": {"type": "path", "default": "/etc/elasticsearch"},
            "key": {"type": "str", "no_log": True},
            "key_file": {"type": "path", "no_log": False},
            "node": {"type": "str"},
            "findings": {"type": "bool", "default": True},
        },
        mutually_exclusive=[("key", "key_file")],
        supports_check_mode=True,
    )
    task.finish(module, looking.facts)


if __name__ == "__main__":
    main()
