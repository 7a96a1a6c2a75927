"""Documents and streams for tests of the commands."""

from __future__ import annotations

import io

from unit.provisioning.kit import NEW, OLD

WANTED = f"""\
users:
- name: jane
  password: {NEW}
  roles: [viewer]
- name: bob
  password: {OLD}
  roles_remove: [admin]
- name: al
  state: absent
"""


DIFF = ["+ jane: viewer", "~ bob: roles -admin", "- al"]


COUNTS = "1 user added, 1 user removed, 1 user with fewer roles"


NAMED = "1 user added [jane], 1 user removed [al], 1 user with fewer roles [bob]"


class Bytes:
    """A standard input of bytes."""

    def __init__(self, data):
        self.buffer = io.BytesIO(data)

    def isatty(self):
        return False


class Endless:
    """A standard input without an end."""

    @property
    def buffer(self):
        return self

    def read(self, size=-1):
        assert size >= 0, "it would never end"
        return bytes(size)

    def isatty(self):
        return False
