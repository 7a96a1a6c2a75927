"""The part about files in the documentation of both modules."""

from __future__ import annotations


class ModuleDocFragment:
    """Options for finding and writing the files of a realm, and the abilities of both modules."""

    DOCUMENTATION = r"""
options:
  config_dir:
    description:
      - Configuration directory of the node, which holds C(users) and C(users_roles).
    type: path
    default: /etc/elasticsearch
  create:
    description:
      - Create the directory and the two files if they are missing. Without it, a missing
        C(users) is an error, because the directory may be mistyped.
    type: bool
    default: false
  owner:
    description:
      - Owner of both files, as a name or number.
      - Without it, the files keep their owner.
    type: str
  group:
    description:
      - Group of both files, as a name or number.
      - Without it, the files keep their group.
    type: str
  mode:
    description:
      - Permission bits of both files. Either an octal string in quotes, such as V(0640), or a
        number, which YAML reads as octal if it is written V(0640) without quotes.
      - Symbolic modes such as V(u=rw) are not supported.
      - Without it, the files keep their mode.
    type: raw
  force:
    description:
      - Skip the safety checks.
      - Without it, a change is refused if nobody with the role V(superuser) could log in
        afterwards, or if users would be purged although no user is listed.
    type: bool
    default: false
  strategy:
    description:
      - V(rename) replaces each file as a whole, so that no reader sees a half-written one.
      - V(auto) overwrites a file that is a mount point, such as a single file mounted into a
        container, and replaces any other file.
      - V(in_place) overwrites both files, which keeps their inodes.
    type: str
    choices: [rename, auto, in_place]
    default: rename
  keep:
    description:
      - How many previous versions of both files to keep beside them, as C(users.1~) and so on.
      - Without it, as many as exist; V(0) removes them. If nothing else changes, no version is
        added or removed.
    type: int
  lock_timeout:
    description:
      - Seconds to wait while another program writes.
    type: float
    default: 10.0
  attributes:
    description:
      - What to do if an owner, group, access control list or label cannot be kept or set.
      - V(refuse) fails before anything is written. V(warn) writes and warns.
    type: str
    choices: [refuse, warn]
    default: refuse
  allow_local_lock:
    description:
      - Write on a network file system whose locks other machines do not see. Set it only if no
        other machine writes there.
    type: bool
    default: false
  known_roles:
    description:
      - Roles that the role API defines. Any other role that is neither built in nor in C(roles.yml)
        causes a warning, since it may be misspelled.
    type: list
    elements: str
    default: []
attributes:
  check_mode:
    support: full
    description: Writes nothing, and predicts exactly what would change.
  diff_mode:
    support: full
    description: Shows names and roles before and after, never a hash or password.
  idempotent:
    support: full
    description: If nothing changes, no file is written; inodes and timestamps stay.
notes:
  - Passwords are compared with the hash in the file. If a password is in force already, the task
    changes nothing.
  - No result, message or log of these modules contains a password or a hash. However, Ansible
    itself shows the items of a C(loop). Give all users to M(esfilerealm.file_realm.realm) at
    once, or set C(loop_control.label) or C(no_log).
  - A node sees a change within seconds and needs no restart. The files are per node, so run the
    task on every node of the cluster.
"""
