"""The command's ``watch``, a process of its own, sees every way in which real files change."""

from __future__ import annotations

import json
import os
import queue
import shutil
import subprocess
import sys
import threading
import time

import pytest
from support.hashes import CHEAP_HASH
from support.threads import PATIENCE
from support.watching import replace, swap_link

from esfilerealm.watcher.observation import GRAIN

#: Of the same length and cost, so that a file keeps its size from one to the other.
OTHER_HASH = CHEAP_HASH.replace("XVexwBEufu", "YVexwBEufu")
HASHES = (CHEAP_HASH, OTHER_HASH)
BOB = {"bob": ["admin"]}
ROUNDS = 3

MODES = {
    "polling": ("--no-events", "-E", "resource.reload.interval.high=200ms"),
    "events": ("-E", "resource.reload.interval.high=1h"),  # too long for a poll to have seen it
}


class Watch:
    """A process that runs ``watch --json``, and the lines it prints."""

    def __init__(self, folder, options):
        words = ["-c", str(folder), "watch", "--json", *options]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "esfilerealm", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._lines = queue.Queue()
        self.users = {}
        self._readers = [
            threading.Thread(target=self._read, args=(self._process.stdout, self._lines.put)),
            threading.Thread(target=self._read, args=(self._process.stderr, self._complain)),
        ]
        for reader in self._readers:
            reader.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait(PATIENCE)
        for reader in self._readers:
            reader.join(PATIENCE)
        self._process.stdout.close()
        self._process.stderr.close()

    @staticmethod
    def _read(stream, take):
        for line in stream:
            take(line)

    def _complain(self, line):
        self._lines.put(json.dumps({"event": "stderr", "message": line}))

    def next(self):
        """Return what is printed next, and apply it to ``users`` if it is a change."""
        line = json.loads(self._lines.get(timeout=PATIENCE))
        if line["event"] == "change":
            for name in line["removed"]:
                del self.users[name]
            for name, roles in line["added"].items():
                assert name not in self.users
                self.users[name] = roles
            for name, roles in line["role_changes"].items():
                assert self.users[name] == roles["roles_before"]
                self.users[name] = roles["roles_after"]
            assert line["user_count"] == len(self.users)
        return line

    def started(self):
        line = self.next()
        assert (line["event"], line["generation"]) == ("start", 1)
        return line["user_count"]


@pytest.fixture(params=MODES)
def watch(config, request):
    """Begin to watch; each test lays out the folder before it does."""
    running = []

    def start(users):
        process = Watch(config, MODES[request.param])
        running.append(process)
        assert process.started() == len(users)
        process.users = {name: list(roles) for name, roles in users.items()}
        return process

    yield start
    for process in running:
        process.__exit__()


def users_file(number, remark=""):
    return f"{remark}bob:{HASHES[number % 2]}\n".encode()


def roles_file(number):
    return f"{role_of(number)}:bob\n".encode()


def role_of(number):
    return ("admin", "other")[number % 2]


def role_swapped(number):
    return {"bob": {"roles_before": [role_of(number - 1)], "roles_after": [role_of(number)]}}


_ALWAYS = ("command", "version", "time", "user_count")


def expect(watch, number, **expected):
    """The next line reports only the change number *number*."""
    nothing = {"added": {}, "removed": [], "passwords": [], "role_changes": {}}
    line = watch.next()
    told = {key: value for key, value in line.items() if key not in _ALWAYS}
    assert told == {"event": "change", "generation": number + 1, **nothing, **expected}


def lay_out(config):
    (config / "users").write_bytes(users_file(0))
    (config / "users_roles").write_bytes(roles_file(0))


def write_in_place(path, data):
    """Without a moment in which the file is empty, which may be seen or not: it never shrinks."""
    with path.open("r+b") as file:
        file.write(data)


class TestEachWayToChangeAFile:
    """As one after the other, so that a process that sees just the first is found out."""

    def test_rename(self, config, watch):
        """As ``elasticsearch-users`` writes."""
        lay_out(config)
        process = watch(BOB)
        for number in range(1, 2 * ROUNDS, 2):
            replace(config / "users", users_file(number // 2 + 1, "# longer and longer\n" * number))
            expect(process, number, passwords=["bob"])
            replace(config / "users_roles", roles_file(number // 2 + 1))
            expect(process, number + 1, role_changes=role_swapped(number // 2 + 1))

    def test_in_place(self, config, watch):
        lay_out(config)
        process = watch(BOB)
        for number in range(1, ROUNDS + 1):
            write_in_place(config / "users", users_file(number, "# longer and longer\n" * number))
            expect(process, number, passwords=["bob"])

    def test_same_size(self, config, watch):
        lay_out(config)
        process = watch(BOB)
        for number in range(1, 2 * ROUNDS, 2):
            write_in_place(config / "users", users_file(number // 2 + 1))
            expect(process, number, passwords=["bob"])
            write_in_place(config / "users_roles", roles_file(number // 2 + 1))
            expect(process, number + 1, role_changes=role_swapped(number // 2 + 1))

    def test_same_size_and_time(self, config, watch):
        """As a tool that keeps times leaves it, or a write within the grain of a timestamp."""
        lay_out(config)
        path = config / "users"
        long_ago = 1_600_000_000 * 10**9
        os.utime(path, ns=(long_ago, long_ago))
        process = watch(BOB)
        for number in range(1, ROUNDS + 1):
            write_in_place(path, users_file(number))
            os.utime(path, ns=(long_ago, long_ago))
            expect(process, number, passwords=["bob"])

    def test_same_size_and_time_long_after(self, config, watch):
        """When a look at the stamps is all that a pass takes."""
        lay_out(config)
        path = config / "users"
        status = path.stat()
        process = watch(BOB)
        time.sleep(GRAIN + 0.5)
        write_in_place(path, users_file(1))
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
        expect(process, 1, passwords=["bob"])

    def test_same_size_and_time_by_rename(self, config, watch):
        lay_out(config)
        path, other = config / "users", config / "users.tmp"
        status = path.stat()
        process = watch(BOB)
        for number in range(1, ROUNDS + 1):
            other.write_bytes(users_file(number))
            os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
            other.replace(path)
            expect(process, number, passwords=["bob"])

    def test_deleted_and_created_again(self, config, watch):
        lay_out(config)
        process = watch(BOB)
        for number in range(1, 2 * ROUNDS, 2):
            (config / "users").unlink()
            expect(process, number, removed=["bob"])
            (config / "users").write_bytes(users_file(number))
            expect(process, number + 1, added=BOB)

    def test_roles_deleted_and_created_again(self, config, watch):
        lay_out(config)
        process = watch(BOB)
        for number in range(1, 2 * ROUNDS, 2):
            (config / "users_roles").unlink()
            expect(
                process,
                number,
                role_changes={"bob": {"roles_before": ["admin"], "roles_after": []}},
            )
            (config / "users_roles").write_bytes(roles_file(0))
            expect(
                process,
                number + 1,
                role_changes={"bob": {"roles_before": [], "roles_after": ["admin"]}},
            )

    def test_link_to_another_file(self, config, watch, tmp_path):
        lay_out(config)
        targets = [tmp_path / f"folder{number}" / "users" for number in range(2)]
        for number, target in enumerate(targets):
            target.parent.mkdir()
            target.write_bytes(users_file(number))
        swap_link(config / "users", targets[0])
        process = watch(BOB)
        for number in range(1, ROUNDS + 1):
            swap_link(config / "users", targets[number % 2])
            expect(process, number, passwords=["bob"])

    def test_the_file_that_a_new_link_leads_to(self, config, watch, tmp_path):
        """Whoever watches a folder has to follow when the link leads to another one."""
        lay_out(config)
        process = watch(BOB)
        for number in range(1, 2 * ROUNDS, 2):
            target = tmp_path / f"folder{number}" / "users"
            target.parent.mkdir()
            target.write_bytes(users_file(1))
            swap_link(config / "users", target)
            expect(process, number, passwords=["bob"])
            write_in_place(target, users_file(0))
            expect(process, number + 1, passwords=["bob"])

    def test_directory_link_of_kubernetes(self, config, watch):
        """``users`` leads to ``..data/users``, and ``..data`` to another folder each time."""

        def publish(number):
            folder = config / f"..2026_{number}"
            folder.mkdir()
            (folder / "users").write_bytes(users_file(number))
            (folder / "users_roles").write_bytes(roles_file(number))
            swap_link(config / "..data", folder.name)
            shutil.rmtree(config / f"..2026_{number - 1}", ignore_errors=True)

        publish(0)
        for name in ("users", "users_roles"):
            (config / name).unlink()
            (config / name).symlink_to(f"..data/{name}")
        process = watch(BOB)
        for number in range(1, ROUNDS + 1):
            publish(number)
            passwords = []
            while process.users["bob"] != [role_of(number)] or not passwords:
                line = process.next()
                assert line["event"] == "change", line
                passwords += line["passwords"]
            assert passwords == ["bob"]

    def test_both_files_in_a_row(self, config, watch):
        """Told as one change or as two, and complete in the end."""
        lay_out(config)
        process = watch(BOB)
        for number in range(1, ROUNDS + 1):
            names = ["bob", *(f"user{i}" for i in range(number))]
            lines = "".join(f"{name}:{CHEAP_HASH}\n" for name in names)
            replace(config / "users", lines.encode())
            replace(config / "users_roles", f"admin:{','.join(names)}\n".encode())
            while process.users != {name: ["admin"] for name in names}:
                assert process.next()["event"] == "change"
