"""Real runs of ``ansible-playbook`` on this machine, and what each task said and left."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import esfilerealm

if TYPE_CHECKING:
    from collections.abc import Sequence

HERE = Path(__file__).parent

#: Ansible is no dependency, and wants an environment of its own.
PLAYBOOK = os.environ.get("ESFILEREALM_ANSIBLE")

#: Stands in for systemd's package, and keeps what modules tell the system's log.
JOURNAL = """
class daemon:
    booted = staticmethod(lambda: True)

class journal:
    sendv = None

    @staticmethod
    def send(**fields):
        with open({path!r}, "a") as file:
            print(fields, file=file)
"""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Mark all that is here, and skip it where there is no Ansible."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.ansible)
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.timeout(900))  # the first test waits for the whole run
            if PLAYBOOK is None:
                item.add_marker(pytest.mark.skip("ESFILEREALM_ANSIBLE names no ansible-playbook"))


@dataclass
class Task:
    """What a task said, and the files of its realm when it was over."""

    task: str
    host: str
    failed: bool
    said: dict
    files: dict

    @property
    def changed(self) -> bool:
        return self.said["changed"]

    @property
    def warnings(self) -> list[str]:
        """Those of the module; Ansible warns of options that come from a variable."""
        found = self.said.get("warnings", ())
        return [warning for warning in found if "template for task args" not in warning]


@dataclass
class Run:
    """A run of ``ansible-playbook``; tasks by name and, if there are several hosts, by host."""

    exit_code: int
    output: str
    log: str
    tasks: dict[str, Task] = field(default_factory=dict)
    tasks_of_hosts: dict[tuple[str, str], Task] = field(default_factory=dict)
    stats: dict = field(default_factory=dict)


class Ansible:
    """Runs playbooks in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.realms = folder / "realms"
        self.realms.mkdir()
        self._journal = folder / "journal.txt"
        (folder / "python" / "systemd").mkdir(parents=True)
        (folder / "python" / "systemd" / "__init__.py").write_text(
            JOURNAL.format(path=str(self._journal))
        )
        self._variables = {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "realms": str(self.realms),
            "folder": str(folder),
        }
        self._inventory = folder / "inventory.json"
        self._runs = 0

    def run(self, playbook: Path, *args: str, hosts: Sequence[str] = ("localhost",)) -> Run:
        """Run a playbook on this machine, which is all *hosts*, with this interpreter."""
        self._runs += 1
        group = {"hosts": {host: {} for host in hosts}, "vars": self._variables}
        self._inventory.write_text(json.dumps({"all": {"children": {"elasticsearch": group}}}))
        record = self.folder / f"record-{self._runs}.jsonl"
        self._journal.unlink(missing_ok=True)
        done = subprocess.run(
            [PLAYBOOK, "-i", str(self._inventory), *args, str(playbook)],
            env=self._environment(record),
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        log = self._journal.read_text() if self._journal.exists() else ""
        run = Run(done.returncode, done.stdout + done.stderr, log)
        for line in record.read_text().splitlines() if record.exists() else ():
            entry = json.loads(line)
            if "stats" in entry:
                run.stats = entry["stats"].get("localhost", entry["stats"])
            else:
                task = Task(**entry)
                run.tasks[task.task] = run.tasks_of_hosts[task.task, task.host] = task
        return run

    def doc(self, *args: str) -> dict:
        """What ``ansible-doc`` says, which stands beside ``ansible-playbook``."""
        done = subprocess.run(
            [str(Path(PLAYBOOK).with_name("ansible-doc")), "--json", *args],
            env=self._environment(self.folder / "unused"),
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=True,
        )
        return json.loads(done.stdout)

    def _environment(self, record: Path) -> dict[str, str]:
        return {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(self.folder),
            "LC_ALL": "C.UTF-8",
            "PYTHONPATH": str(self.folder / "python"),
            "ANSIBLE_COLLECTIONS_PATH": str(Path(esfilerealm.__file__).parent),
            "ANSIBLE_CALLBACK_PLUGINS": str(HERE / "callback_plugins"),
            "ANSIBLE_CALLBACKS_ENABLED": "recorder",
            "ANSIBLE_GATHERING": "explicit",
            "ANSIBLE_PIPELINING": "true",
            "ANSIBLE_NOCOLOR": "true",
            "ESFILEREALM_RECORD": str(record),
            "ESFILEREALM_REALMS": str(self.realms),
        }


@pytest.fixture(scope="session")
def ansible(tmp_path_factory) -> Ansible:
    return Ansible(tmp_path_factory.mktemp("ansible"))
