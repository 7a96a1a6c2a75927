#!/usr/bin/python
"""The module ``realm``: manage all users of a file realm."""

from __future__ import annotations

DOCUMENTATION = r"""
module: realm
short_description: Manage all users of Elasticsearch's file realm
version_added: 0.1.0
description:
  - Changes the files C(users) and C(users_roles) of a node to the described state, in one step.
    Either all changes are made or none.
  - Lines that need no change stay byte for byte, and so do comments.
options:
  users:
    description:
      - The users that should exist, or not.
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
          - Whether the user should exist.
        type: str
        choices: [present, absent]
        default: present
      password:
        description:
          - Password of the user, at least 6 characters.
          - A new user needs this, O(users[].password_file) or O(users[].password_hash).
            Without any, the password of an existing user stays.
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
          - Without any of the three options for roles, the roles of the user stay.
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
  from:
    description:
      - Take all users of another node, with their hashes and roles, from this file or directory on
        the target, a tar archive or other export, a manifest of Kubernetes Secrets, a document, or
        a configuration directory. Nothing else of it counts.
      - With O(purge=all), the users of both are equal afterwards.
      - O(users) are merged with them. The entry of a user there counts where it says something,
        but the roles of both are united.
      - The task fails if a user or role of the source cannot be taken, such as one without a hash
        that a node can use.
    type: path
  from_content:
    description:
      - The same, given as text, such as the output of C(esfilerealm export --format yaml).
    type: str
  purge:
    description:
      - Which unlisted users to remove. V(none) leaves them all. V(managed) removes those that
        earlier tasks with V(managed) created and that O(users) no longer lists. V(all) removes
        them all.
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
      - How passwords must be hashed.
    type: dict
    suboptions:
      algorithm:
        description:
          - Algorithm for new hashes, such as V(bcrypt12) or V(pbkdf2_stretch).
          - A password that is in force is hashed again if its hash is of another kind or a lower
            cost.
          - Without it, the settings of the node decide.
        type: str
      minimum_cost:
        description:
          - Lowest cost of a hash, such as V(12) for bcrypt or a number of iterations for
            PBKDF2. A password that is in force is hashed again if its hash is cheaper.
        type: int
  keystore:
    description:
      - The settings of C(elasticsearch.keystore) that should exist, or not. All others stay.
      - A missing keystore is created. The target needs the Python package C(cryptography).
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description:
          - Name of the setting.
        type: str
        required: true
      state:
        description:
          - Whether the setting should exist.
        type: str
        choices: [present, absent]
        default: present
      value:
        description:
          - Value of the setting.
          - A new setting needs this, O(keystore[].value_file) or O(keystore[].file). Without any,
            the value of an existing setting stays.
        type: str
      value_file:
        description:
          - File on the target that holds the value as text, if Ansible should not know it.
        type: path
      file:
        description:
          - File on the target that is the value, byte for byte.
        type: path
  keystore_password:
    description:
      - Password of the keystore. It is ignored if the keystore has none; a new one gets it.
    type: str
  keystore_password_file:
    description:
      - File on the target that holds the password of the keystore.
    type: path
extends_documentation_fragment:
  - esfilerealm.file_realm.files
  - esfilerealm.file_realm.package
seealso:
  - module: esfilerealm.file_realm.user
"""

EXAMPLES = r"""
- name: All users of this node; only operators are not listed
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

- name: What the node needs to open its certificates
  esfilerealm.file_realm.realm:
    keystore:
      - name: xpack.http.ssl.secure_key_passphrase
        value: "{{ vault_key_passphrase }}"
      - name: old.setting
        state: absent

- name: An export of another node
  ansible.builtin.command: esfilerealm -c /etc/elasticsearch export --format yaml
  register: exported
  run_once: true
  changed_when: false
  check_mode: false
  no_log: true

- name: All nodes get its users, and no others stay
  esfilerealm.file_realm.realm:
    from_content: "{{ exported.stdout }}"
    purge: all

- name: A new realm
  esfilerealm.file_realm.realm:
    config_dir: /srv/es/config
    create: true
    users:
      - name: jane
        password: "{{ vault_jane_password }}"
        roles: [superuser]

- name: Users of the inventory; users that others created stay
  esfilerealm.file_realm.realm:
    users: "{{ file_realm_users }}"
    purge: managed

- name: Group and mode only
  esfilerealm.file_realm.realm:
    group: elasticsearch
    mode: "0640"
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
          V(lock_user), V(unlock_user), V(set_attributes),
          V(set_secure_setting), V(remove_secure_setting), or V(set_managed) for the list of users
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
    setting:
      description: Name of the setting in the keystore.
      returned: for V(set_secure_setting) and V(remove_secure_setting)
      type: str
    is_new:
      description: Whether the keystore did not have the setting.
      returned: for V(set_secure_setting)
      type: bool
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
secure_settings:
  description: Names of the settings of the keystore that change, sorted.
  returned: when any of them changes
  type: list
  elements: str
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

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


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
            "from": {"type": "path"},
            "from_content": {"type": "str", "no_log": True},
            "purge": {"type": "str", "choices": ["none", "managed", "all"], "default": "none"},
            "protect": {"type": "list", "elements": "str", "default": []},
            "hash_policy": {
                "type": "dict",
                "options": {"algorithm": {"type": "str"}, "minimum_cost": {"type": "int"}},
            },
            "keystore": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "no_log": False,
                "options": task.setting_options(),
                "mutually_exclusive": task.EXCLUSIVE_VALUES,
            },
            "keystore_password": {"type": "str", "no_log": True},
            "keystore_password_file": {"type": "path", "no_log": False},
            **task.file_options(),
        },
        mutually_exclusive=[
            ("keystore_password", "keystore_password_file"),
            ("from", "from_content"),
        ],
        supports_check_mode=True,
    )
    passwords = ("keystore_password", "keystore_password_file")
    document = task.given(module.params, ("purge", "protect", "hash_policy", *passwords))
    document["keystore"] = [task.setting_of(one) for one in module.params["keystore"]]
    document["users"] = [task.user_of(user) for user in module.params["users"]]
    task.run(module, document, _other(module.params))


def _other(params: dict[str, Any]) -> dict[str, Any] | None:
    """Return where users of another node come from, as arguments of ``take_users``."""
    text = params["from_content"]
    if text is not None:
        return {"source": "from_content", "content": text.encode("utf-8", "surrogatepass")}
    return None if params["from"] is None else {"source": params["from"]}


if __name__ == "__main__":
    main()
