"""What the documentation of both modules says about files."""

from __future__ import annotations


class ModuleDocFragment:
    """Options by which the files of a realm are found and written, and what both modules can do."""

    DOCUMENTATION = r"""
options:
  config_dir:
    description:
      - Folder of configuration of the node, which holds C(users) and C(users_roles).
    type: path
    default: /etc/elasticsearch
  owner:
    description:
      - Name or number of the user that both files are to belong to.
      - Without it, they keep theirs.
    type: str
  group:
    description:
      - Name or number of the group of both files.
      - Without it, they keep theirs.
    type: str
  mode:
    description:
      - Permission bits of both files, as octal text such as V(0640) in quotes, or as a number,
        which YAML may write as V(0640) without quotes.
      - There are no symbolic modes such as V(u=rw).
      - Without it, they keep theirs.
    type: raw
  force:
    description:
      - Make the change even if it is likely a mistake. Refused otherwise are to leave nobody with
        the role V(superuser) who could log in, and to purge users when nobody is to be present.
    type: bool
    default: false
  strategy:
    description:
      - V(rename) replaces the files whole, so that no reader meets a half-written one.
      - V(auto) overwrites a file that is a mount point, such as a single file that is mounted into
        a container, and replaces any other.
      - V(in_place) overwrites both, which keeps their inodes.
    type: str
    choices: [rename, auto, in_place]
    default: rename
  keep:
    description:
      - How many earlier versions of both files to keep beside them, as C(users.1~) and so on.
      - Without it, as many as there are; V(0) removes them. Nothing is kept or removed when nothing
        else changes.
    type: int
  lock_timeout:
    description:
      - Seconds to wait for another program that is writing.
    type: float
    default: 10.0
  attributes:
    description:
      - What to do if an owner, group, access control list or label cannot be kept or given.
      - V(refuse) fails before anything is written, V(warn) writes and warns.
    type: str
    choices: [refuse, warn]
    default: refuse
  allow_local_lock:
    description:
      - Write on a network file system whose locks other machines do not know of, since none of
        them writes there.
    type: bool
    default: false
requirements:
  - python >= 3.11 on the target
  - esfilerealm, a Python package, on the target
attributes:
  check_mode:
    support: full
    description: Writes nothing, and predicts exactly whether and what would change.
  diff_mode:
    support: full
    description: Shows names and roles before and after, and never a hash or password.
  idempotent:
    support: full
    description: When nothing is to change, no file is written, and inodes and times stay.
  platform:
    support: full
    description: Systems on which it runs.
    platforms: posix
notes:
  - Passwords are compared with the hash in the file, so that a task whose password is in force
    already changes nothing.
  - Passwords and hashes are in no result, message or log of these modules. C(loop) shows its item
    by itself, though. Give all users to M(esfilerealm.file_realm.realm) at once, or set
    C(loop_control.label) or C(no_log).
  - A node sees a change within some seconds and needs no restart. Its users exist on this node
    only, so run the task on every node of the cluster.
author:
  - the authors of esfilerealm
"""
