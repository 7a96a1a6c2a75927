#!/usr/bin/python
"""The module ``realm``: all users of a file realm, as a task describes them."""

from __future__ import annotations

DOCUMENTATION = r"""
module: realm
short_description: All users of Elasticsearch's file realm
version_added: 0.1.0
description:
  - Brings the files C(users) and C(users_roles) of a node to what is described, in one step. All
    of it happens or nothing.
  - Lines that need no change stay byte for byte, comments too.
options:
  users:
    description:
      - The users that are to be there, or not.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description:
          - Name of the user.
        type: str
        required: true
      state:
        description:
          - Whether there is to be such a user.
        type: str
        choices: [present, absent]
        default: present
      password:
        description:
          - Password of the user, at least 6 characters.
          - A new user needs one of this, O(users[].password_file) and O(users[].password_hash).
            Without any, an existing user keeps theirs.
        type: str
      password_file:
        description:
          - File on the target whose content is the password, for one that Ansible is not to know.
        type: path
      password_hash:
        description:
          - Instead of a password, its hash, in a form that a node can use.
        type: str
      update_password:
        description:
          - V(always) changes the password of an existing user if it is another, V(on_create) only
            gives one to a new user.
        type: str
        choices: [always, on_create]
        default: always
      roles:
        description:
          - All roles of the user; an empty list takes every role away.
          - Without any of the three options about roles, the user keeps theirs.
        type: list
        elements: str
      roles_add:
        description:
          - Roles that the user is to have, besides what they have.
        type: list
        elements: str
      roles_remove:
        description:
          - Roles that the user is not to have.
        type: list
        elements: str
  purge:
    description:
      - Which other users to remove. V(none) leaves them, V(managed) removes those whom earlier
        tasks with V(managed) made and whom O(users) no longer names, V(all) removes everybody else.
    type: str
    choices: [none, managed, all]
    default: none
  protect:
    description:
      - Names, or patterns such as V(ops-*), of users that O(purge) never removes.
    type: list
    elements: str
    default: []
  hash_policy:
    description:
      - How passwords are to be hashed.
    type: dict
    suboptions:
      algorithm:
        description:
          - How to hash a password that is set, such as V(bcrypt12) or V(pbkdf2_stretch).
          - A password that is in force with a hash of another kind or a lower cost is hashed anew.
          - Without it, the settings of the node decide.
        type: str
      minimum_cost:
        description:
          - Least cost of a hash, for bcrypt such as V(12), for PBKDF2 a number of iterations. A
            password that is in force with a cheaper one is hashed anew.
        type: int
  create:
    description:
      - Create the folder and the two files if they are missing. Without it, a missing C(users) is
        an error, as the folder may be mistyped.
    type: bool
    default: false
extends_documentation_fragment:
  - esfilerealm.file_realm.files
seealso:
  - module: esfilerealm.file_realm.user
"""

EXAMPLES = r"""
- name: All users of this node, and nobody else but operators
  esfilerealm.file_realm.realm:
    users:
      - name: jane
        password: "{{ vault_jane_password }}"
        roles: [superuser]
      - name: deploy
        password_hash: "{{ vault_deploy_hash }}"
        roles_add: [ingest_admin]
      - name: bob
        state: absent
    purge: all
    protect: [ops-*]
    hash_policy:
      algorithm: bcrypt12
    owner: root
    group: elasticsearch
    mode: "0660"

- name: A realm from nothing
  esfilerealm.file_realm.realm:
    config_dir: /srv/es/config
    create: true
    users:
      - name: jane
        password: "{{ vault_jane_password }}"
        roles: [superuser]

- name: Users that come and go with the inventory; those that others made stay
  esfilerealm.file_realm.realm:
    users: "{{ file_realm_users }}"
    purge: managed

- name: Only owner, group and mode
  esfilerealm.file_realm.realm:
    group: elasticsearch
    mode: "0640"
"""

RETURN = r"""
changes:
  description: What changes, in check mode what would change. No secret is in it.
  returned: success
  type: list
  elements: dict
  contains:
    kind:
      description:
        - V(add_user), V(remove_user), V(set_password), V(rehash_password), V(add_roles),
          V(remove_roles), V(set_attributes), or V(set_managed) for the list of users that
          O(esfilerealm.file_realm.realm#module:purge=managed) made.
      returned: always
      type: str
      sample: add_roles
    username:
      description: Of the user.
      returned: for what is about one user
      type: str
      sample: jane
    roles:
      description: Roles of a new user, or those that come or go.
      returned: for V(add_user), V(add_roles) and V(remove_roles)
      type: list
      elements: str
      sample: [viewer]
    reason:
      description: Why a user goes, V(absent) or V(purge).
      returned: for V(remove_user)
      type: str
    algorithm:
      description: How a password is hashed anew.
      returned: for V(rehash_password)
      type: str
    path:
      description: Of the file.
      returned: for V(set_attributes) and V(set_managed)
      type: str
    before:
      description: Owner, group and mode that become others.
      returned: for V(set_attributes)
      type: dict
    after:
      description: What they become.
      returned: for V(set_attributes)
      type: dict
    add:
      description: Names that come to the list.
      returned: for V(set_managed)
      type: list
      elements: str
    remove:
      description: Names that go from the list.
      returned: for V(set_managed)
      type: list
      elements: str
users:
  description: Names of all users to whom anything happens, sorted.
  returned: success
  type: list
  elements: str
  sample: [jane]
created:
  description: Paths of the folder and files that are created.
  returned: success
  type: list
  elements: str
files:
  description:
    - What was written, C(users) and C(users_roles) in this order.
  returned: when something was written, not in check mode
  type: list
  elements: dict
  contains:
    path:
      description: The real path, links followed.
      returned: always
      type: str
    changed:
      description: Whether this file is another.
      returned: always
      type: bool
    strategy:
      description: V(rename) or V(in_place), null if it was not written.
      returned: always
      type: str
    before:
      description: SHA-256 of its content before, null if there was none.
      returned: always
      type: str
    after:
      description: SHA-256 of its content now.
      returned: always
      type: str
    owner:
      description: Number of its owner.
      returned: always
      type: int
    group:
      description: Number of its group.
      returned: always
      type: int
    mode:
      description: Its permission bits, as a number.
      returned: always
      type: int
    lost:
      description: What could not be kept, in words.
      returned: always
      type: list
      elements: str
managed:
  description:
    - What became of C(users.managed), the list of users whom provisioning made, as in RV(files);
      null if the task was not about it.
  returned: when something was written, not in check mode
  type: dict
backups:
  description: The latest earlier versions of both files, if any are kept.
  returned: when something was written, not in check mode
  type: list
  elements: str
  sample: [/etc/elasticsearch/users.1~, /etc/elasticsearch/users_roles.1~]
"""

from ansible_collections.esfilerealm.file_realm.plugins.module_utils import task


def main() -> None:
    """Run the module."""
    module = task.FileRealmModule(
        argument_spec={
            "users": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": task.user_options(),
                "mutually_exclusive": task.EXCLUSIVE,
            },
            "purge": {"type": "str", "choices": ["none", "managed", "all"], "default": "none"},
            "protect": {"type": "list", "elements": "str", "default": []},
            "hash_policy": {
                "type": "dict",
                "options": {"algorithm": {"type": "str"}, "minimum_cost": {"type": "int"}},
            },
            "create": {"type": "bool", "default": False},
            **task.file_options(),
        },
        supports_check_mode=True,
    )
    document = task.given(module.params, ("purge", "protect", "hash_policy"))
    document["users"] = [task.user_of(user) for user in module.params["users"]]
    task.run(module, document)


if __name__ == "__main__":
    main()
