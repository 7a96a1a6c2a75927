#!/usr/bin/python
"""The module ``user``: manage one user of a file realm."""

from __future__ import annotations

DOCUMENTATION = r"""
module: user
short_description: Manage one user of Elasticsearch's file realm
version_added: 0.1.0
description:
  - Adds, changes or removes one user in the files C(users) and C(users_roles) of a node.
  - No other line of these files changes. The files are locked, and written durably and as one unit.
  - For more than one user, M(esfilerealm.file_realm.realm) makes all changes in one step.
options:
  name:
    description:
      - Name of the user.
    type: str
    required: true
  state:
    description:
      - Whether the user should exist.
    type: str
    choices: [present, absent]
    default: present
  password:
    description:
      - Password of the user, at least 6 characters.
      - A new user needs O(password), O(password_file) or O(password_hash). Without any, the
        password of an existing user stays.
    type: str
  password_file:
    description:
      - File on the target that holds the password, if Ansible should not know it.
    type: path
  password_hash:
    description:
      - A hash instead of a password, in a form that a node can use.
    type: str
  update_password:
    description:
      - V(always) changes the password of an existing user if it differs. V(on_create) only
        gives one to a new user.
    type: str
    choices: [always, on_create]
    default: always
  roles:
    description:
      - All roles of the user; an empty list removes every role.
      - Without O(roles), O(roles_add) and O(roles_remove), the roles of the user stay.
    type: list
    elements: str
  roles_add:
    description:
      - Roles to add to those that the user has.
    type: list
    elements: str
  roles_remove:
    description:
      - Roles to remove.
    type: list
    elements: str
  expires:
    description:
      - When the time of the user is over, such as V(2026-12-01T08:00:00Z), or V(never).
        Without a zone it is UTC. A duration is refused, since each run would begin it anew.
      - After a time that has passed, the user is absent. Without it, the user's time stays.
    type: str
  locked:
    description:
      - Whether nobody may log in as the user, who keeps its password.
      - Without it, a locked user stays locked, and gets a new password once it is unlocked.
    type: bool
  hash_algorithm:
    description:
      - Algorithm for new hashes, such as V(bcrypt12) or V(pbkdf2_stretch).
      - A password that is in force is hashed again if its hash is of another kind or a lower cost.
      - Without it, the settings of the node decide.
    type: str
  hash_minimum_cost:
    description:
      - Lowest cost of a hash, such as V(12) for bcrypt or a number of iterations for
        PBKDF2. A password that is in force is hashed again if its hash is cheaper.
    type: int
extends_documentation_fragment:
  - esfilerealm.file_realm.files
  - esfilerealm.file_realm.package
seealso:
  - module: esfilerealm.file_realm.realm
"""

EXAMPLES = r"""
- name: A user for monitoring
  esfilerealm.file_realm.user:
    name: jane
    password: "{{ vault_jane_password }}"
    roles: [viewer, monitoring_user]

- name: One more role; the others stay
  esfilerealm.file_realm.user:
    name: jane
    roles_add: [superuser]

- name: An initial password, which may be changed on the node
  esfilerealm.file_realm.user:
    name: bob
    password: "{{ vault_bob_password }}"
    roles: [viewer]
    update_password: on_create

- name: A hash, so that the playbook does not know the password
  esfilerealm.file_realm.user:
    name: deploy
    password_hash: "{{ vault_deploy_hash }}"
    roles: [ingest_admin]
    owner: root
    group: elasticsearch
    mode: "0660"

- name: A user until the end of the project
  esfilerealm.file_realm.user:
    name: guest
    password: "{{ vault_guest_password }}"
    roles: [viewer]
    expires: "2099-12-01T08:00:00Z"

- name: Nobody logs in as this user for now
  esfilerealm.file_realm.user:
    name: bob
    locked: true

- name: No such user
  esfilerealm.file_realm.user:
    name: al
    state: absent
"""

RETURN = r"""
changes:
  description: What changed, or in check mode would change. It contains no secret.
  returned: success
  type: list
  elements: dict
  contains:
    kind:
      description:
        - V(add_user), V(remove_user), V(remove_orphan) for a name that has roles and is not a user,
          V(set_password), V(rehash_password), V(add_roles), V(remove_roles), V(set_expiry),
          V(lock_user), V(unlock_user), V(set_attributes), or V(set_managed) for the list of users
          that O(esfilerealm.file_realm.realm#module:purge=managed) created.
      returned: always
      type: str
      sample: add_roles
    username:
      description: Name of the user.
      returned: if the change is about one user
      type: str
      sample: jane
    roles:
      description: Roles of a new user, or the roles that are added or removed.
      returned: for V(add_user), V(add_roles), V(remove_roles) and V(remove_orphan)
      type: list
      elements: str
      sample: [viewer]
    reason:
      description: Why the user is removed, V(absent), V(purge) or V(expired).
      returned: for V(remove_user) and V(remove_orphan)
      type: str
    expires_before:
      description: When the time of the user was over until now, null for never.
      returned: for V(set_expiry)
      type: str
    expires_after:
      description: When it is over now, null for never.
      returned: for V(set_expiry)
      type: str
      sample: "2026-12-01T08:00:00Z"
    algorithm:
      description: The algorithm with which the password is hashed again.
      returned: for V(rehash_password)
      type: str
    path:
      description: Path of the file.
      returned: for V(set_attributes) and V(set_managed)
      type: str
    attributes_before:
      description: Owner, group and mode before, as far as they change.
      returned: for V(set_attributes)
      type: dict
    attributes_after:
      description: Their new values.
      returned: for V(set_attributes)
      type: dict
    add:
      description: Names that are added to the list.
      returned: for V(set_managed)
      type: list
      elements: str
    remove:
      description: Names that are removed from the list.
      returned: for V(set_managed)
      type: list
      elements: str
users:
  description: Names of all users that change, sorted.
  returned: success
  type: list
  elements: str
  sample: [jane]
created:
  description: Paths of the directory and files that are created.
  returned: success
  type: list
  elements: str
files:
  description:
    - The written files, C(users) and C(users_roles) in this order.
  returned: when something was written, not in check mode
  type: list
  elements: dict
  contains:
    path:
      description: The real path, with links followed.
      returned: always
      type: str
    changed:
      description: Whether the content of this file changed.
      returned: always
      type: bool
    strategy:
      description: V(rename) or V(in_place), null if it was not written.
      returned: always
      type: str
    before:
      description: SHA-256 of its content before, null if the file did not exist.
      returned: always
      type: str
    after:
      description: SHA-256 of its content now.
      returned: always
      type: str
    owner:
      description: User id of its owner.
      returned: always
      type: int
    group:
      description: Id of its group.
      returned: always
      type: int
    mode:
      description: Its permission bits, as octal text such as C(0640).
      returned: always
      type: str
    lost:
      description: What could not be kept, as text.
      returned: always
      type: list
      elements: str
managed:
  description:
    - The state of C(users.managed), the list of users that provisioning created, as in RV(files);
      null if the task did not concern it.
  returned: when something was written, not in check mode
  type: dict
backups:
  description: The latest previous versions of both files, if any are kept.
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
