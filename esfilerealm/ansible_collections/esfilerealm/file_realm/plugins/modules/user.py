#!/usr/bin/python
"""The module ``user``: one user of a file realm, as a task describes it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: user
short_description: One user of Elasticsearch's file realm
version_added: 0.1.0
description:
  - Adds, changes or removes one user in the files C(users) and C(users_roles) of a node.
  - No other line of these files changes. They are locked, and written durably and as one unit.
  - For more than one user, M(esfilerealm.file_realm.realm) makes all changes in one step.
options:
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
      - A new user needs one of O(password), O(password_file) and O(password_hash). Without any, an
        existing user keeps theirs.
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
      - Without O(roles), O(roles_add) and O(roles_remove), the user keeps theirs.
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
  hash_algorithm:
    description:
      - How to hash a password that is set, such as V(bcrypt12) or V(pbkdf2_stretch).
      - A password that is in force with a hash of another kind or a lower cost is hashed anew.
      - Without it, the settings of the node decide.
    type: str
  hash_minimum_cost:
    description:
      - Least cost of a hash, for bcrypt such as V(12), for PBKDF2 a number of iterations. A
        password that is in force with a cheaper one is hashed anew.
    type: int
extends_documentation_fragment:
  - esfilerealm.file_realm.files
seealso:
  - module: esfilerealm.file_realm.realm
"""

EXAMPLES = r"""
- name: A user for monitoring
  esfilerealm.file_realm.user:
    name: jane
    password: "{{ vault_jane_password }}"
    roles: [viewer, monitoring_user]

- name: One more role, whatever else she has
  esfilerealm.file_realm.user:
    name: jane
    roles_add: [superuser]

- name: A first password, which he may change on the node
  esfilerealm.file_realm.user:
    name: bob
    password: "{{ vault_bob_password }}"
    roles: [viewer]
    update_password: on_create

- name: A hash, so that nobody knows the password
  esfilerealm.file_realm.user:
    name: deploy
    password_hash: "{{ vault_deploy_hash }}"
    roles: [ingest_admin]
    owner: root
    group: elasticsearch
    mode: "0660"

- name: Nobody of that name
  esfilerealm.file_realm.user:
    name: al
    state: absent
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
            **task.user_options(),
            "hash_algorithm": {"type": "str"},
            "hash_minimum_cost": {"type": "int"},
            **task.file_options(),
        },
        mutually_exclusive=task.EXCLUSIVE,
        supports_check_mode=True,
    )
    policy = {
        "algorithm": module.params["hash_algorithm"],
        "minimum_cost": module.params["hash_minimum_cost"],
    }
    task.run(module, {"users": [task.user_of(module.params)], "hash_policy": policy})


if __name__ == "__main__":
    main()
