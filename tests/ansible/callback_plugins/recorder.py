"""
A callback that records what each task said and what its realm holds then, as lines of JSON.

A task is named ``realm | step``; realms are the folders of ``ESFILEREALM_REALMS``.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: recorder
type: aggregate
short_description: Records tasks for the tests of esfilerealm
description: Records tasks for the tests of esfilerealm.
"""


class CallbackModule(CallbackBase):
    """Appends to the file that ``ESFILEREALM_RECORD`` names."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "recorder"
    CALLBACK_NEEDS_ENABLED = True

    def v2_runner_on_ok(self, result):
        """Record a task that went well."""
        self._record_task(result, failed=False)

    def v2_runner_on_failed(self, result, ignore_errors=False):
        """Record a task that failed."""
        self._record_task(result, failed=True)

    def v2_playbook_on_stats(self, stats):
        """Record Ansible's own counts."""
        hosts = sorted(stats.processed)
        _record({"stats": {host: stats.summarize(host) for host in hosts}})

    def _record_task(self, result, *, failed):
        name = result._task.get_name()
        said = result._result
        realm = Path(os.environ["ESFILEREALM_REALMS"], name.partition(" | ")[0].split(" : ")[-1])
        host = result._host.get_name()
        record = {"task": name, "host": host, "failed": failed, "said": said}
        _record({**record, "files": _files(realm)})


def _files(realm):
    """Return everything of each file of a realm that a write could change."""
    found = {}
    for path in sorted(realm.iterdir()) if realm.is_dir() else ():
        status = path.stat()
        numbers = (status.st_ino, status.st_mtime_ns, status.st_mode, status.st_uid, status.st_gid)
        digest = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None
        found[path.name] = [digest, *numbers]
    return found


def _record(line):
    with open(os.environ["ESFILEREALM_RECORD"], "a", encoding="utf-8") as file:
        file.write(json.dumps(line, default=str) + "\n")
