"""Everything that a login needs is loaded when the realm opens: later it opens no file."""

from __future__ import annotations

import subprocess
import sys

import pytest
from support.hashes import PASSWORD

from esfilerealm import UsersTool, hash_password

LOGINS = """
import asyncio, os, sys
from esfilerealm import FileRealm, RealmSettings, errors

folder, PASSWORD, how = sys.argv[1:]
names = ("bcrypt", "pbkdf2", "stretched", "sha", "md5", "salted", "clear", "broken", "nobody", "é")
opened = []

def logins(realm):
    for name in names:
        for password in (PASSWORD, "wrong", "é\\ud800"):
            yield name, password

def watch(event, arguments):
    if event in ("open", "import", "os.listdir", "ctypes.dlopen"):
        opened.append((event, arguments[:1]))

async def run(realm):
    opened.clear()
    for login in logins(realm):
        await realm.authenticate_async(*login)
    await asyncio.gather(*(realm.authenticate_async(*login) for login in logins(realm)))

options = {"accept_clear_text": True, "max_concurrent_hashing": 2}
if how == "upgrade":
    options["upgrade_hashes"] = True
cache = how if how not in ("plain", "upgrade", "async") else "ssha256"
settings = RealmSettings(cache_hash_algo=cache, reload_enabled=False)  # no other thread opens files
realm = FileRealm(folder, settings=settings, **options)
with realm:
    sys.addaudithook(watch)
    if how == "async":
        asyncio.run(run(realm))
    else:
        for login in logins(realm):
            realm.authenticate(*login)
            realm.lookup_user(login[0])
        realm.token("Basic YTpi")
        realm.usage_stats()
        realm.expire_all()
    seen = list(opened)
print(seen if how != "upgrade" else [event for event in seen if event[0] == "import"])
"""


@pytest.fixture
def folder(config):
    tool = UsersTool(config)
    algorithms = {"bcrypt": "bcrypt4", "pbkdf2": "pbkdf2_1000", "stretched": "pbkdf2_stretch_1000"}
    for name, algorithm in algorithms.items():
        tool.useradd(name, password_hash=hash_password(PASSWORD, algorithm), roles=["viewer"])
    with (config / "users").open("a") as users:
        users.write("sha:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\n")
        users.write("md5:{MD5}X03MO1qnZdYdgyfeuILPmQ==\n")
        users.write("salted:{SSHA256}Zm9vYmFyMTI=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n")
        users.write("clear:swordfish\nbroken:$2a$10$short\n")
    return config


def run(code, folder, *arguments):
    return subprocess.run(
        [sys.executable, "-c", code, str(folder), PASSWORD, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )


@pytest.mark.parametrize("how", ["plain", "async", "bcrypt4", "pbkdf2_1000", "sha1", "upgrade"])
def test_no_login_opens_a_file_or_loads_a_module(folder, how):
    done = run(LOGINS, folder, how)
    assert (done.stderr, done.stdout) == ("", "[]\n")


ENTRY = """
import os, resource, sys
from esfilerealm import FileRealm, errors

folder, PASSWORD, free, how = *sys.argv[1:3], int(sys.argv[3]), sys.argv[4]
realm = None if how == "made" else FileRealm(folder)
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
held = []
try:
    while True:
        held.append(os.open("/dev/null", os.O_RDONLY))
except OSError:
    pass
for _ in range(free):
    os.close(held.pop())
before = len(held)
try:
    realm = realm or FileRealm(folder)
    if how == "asked":
        outcome = realm.authenticate("bcrypt", PASSWORD).reason
    else:
        with realm:
            outcome = realm.authenticate("bcrypt", PASSWORD).reason
except errors.FileRealmError as error:
    outcome = str(error)
for descriptor in held:
    os.close(descriptor)
print(outcome)
if not realm or how == "asked" or outcome is not None:
    realm = FileRealm(folder)
    with realm:
        assert realm.authenticate("bcrypt", PASSWORD)
"""

OUTCOMES = ("None", "files_unreadable", "Too many open files", "No file descriptors available")


@pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")
@pytest.mark.parametrize("free", [0, 1, 3])
@pytest.mark.parametrize("how", ["made", "entered", "asked"])
def test_a_realm_that_opens_with_few_descriptors(folder, how, free):
    """It works, or its own error names the directory and the reason of the system."""
    done = run(ENTRY, folder, free, how)
    assert done.stderr == ""
    assert any(outcome in done.stdout for outcome in OUTCOMES), done.stdout
    if "Too many" in done.stdout:
        assert str(folder) in done.stdout


LATER = """
import asyncio, os, resource, sys
from esfilerealm import FileRealm

folder, PASSWORD = sys.argv[1:]

async def run(realm):
    logins = [("bcrypt", PASSWORD), ("bcrypt", "wrong"), ("nobody", "x"), ("pbkdf2", PASSWORD)]
    with without_descriptors():
        found = [(await realm.authenticate_async(*login)).reason for login in logins * 2]
        return found + [realm.authenticate(*login).reason for login in logins]

class without_descriptors:
    def __enter__(self):
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
        self.held = []
        try:
            while True:
                self.held.append(os.open("/dev/null", os.O_RDONLY))
        except OSError:
            pass
    def __exit__(self, *_):
        for descriptor in self.held:
            os.close(descriptor)

with FileRealm(folder) as realm:
    print(asyncio.run(run(realm)))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")
def test_logins_without_descriptors(folder):
    done = run(LATER, folder)
    reasons = [None, "wrong_password", "unknown_user", None] * 3
    assert (done.stderr, done.stdout) == ("", f"{reasons}\n")
