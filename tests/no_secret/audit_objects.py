"""Audit logs of changes that are made with passwords, hashes and values at hand."""

from __future__ import annotations

import contextlib
import io

from no_secret.planted import HASHES, KEYSTORE, PASSWORDS, STRAY, VALUE, WRONG

from esfilerealm import UsersTool
from esfilerealm.audit import AuditLog, read, verify
from esfilerealm.cli import main
from esfilerealm.keystore import Keystore
from esfilerealm.provisioning import DesiredState, apply, plan

KEY = WRONG.encode() * 4


def audited(folder):
    """Change everything in every way; return the log."""
    log = folder.parent / "audit.log"
    for path in (log, folder / "elasticsearch.keystore"):
        path.unlink(missing_ok=True)
    audit = {"audit": log, "audit_key": KEY}
    tool = UsersTool(folder, **audit)
    for name in {"other", "new", "third"}.intersection(tool.list_users()):
        UsersTool(folder).userdel(name)
    tool.useradd("other", PASSWORDS["new"], roles=["viewer"])
    tool.passwd("bcrypt", password_hash=HASHES["pbkdf2"])
    tool.lock("bcrypt")
    tool.unlock("bcrypt")
    with (folder / "users_roles").open("a") as file:
        file.write(f"viewer:{HASHES['bcrypt']}\n")
    tool.userdel(HASHES["bcrypt"])
    users = [{"name": "new", "password": WRONG}, {"name": "ssha", "password_hash": HASHES["md5"]}]
    document = {"users": users, "keystore": {"a.b": {"value": VALUE}}}
    apply(plan(folder, DesiredState.from_dict(document)), audit=AuditLog(log, KEY))
    store = Keystore.read(folder / "elasticsearch.keystore")
    store.set("c.d", VALUE)
    store.change_password(KEYSTORE)
    store.save(audit=AuditLog(log, KEY))
    return log


def by_command(folder):
    """Change users by commands with secrets among their words; return the log."""
    log = folder.parent / "commands.log"
    words = ["-c", str(folder), "--audit", str(log)]
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        assert main(["useradd", "third", "-p", PASSWORDS["new"], *words]) == 0
        assert main(["passwd", "third", "--hash", HASHES["bcrypt"], *words]) == 0
        assert main(["userdel", "third", "-E", f"a.b={VALUE}", *words]) == 0
    return log


def spoilt(folder):
    """Return what is found in a log among whose lines there are secrets."""
    log = audited(folder)
    with log.open("a") as file:
        file.write(f"{STRAY}\n{HASHES['ssha']}\n{WRONG}")
    return verify(log, key=KEY, heads=[HASHES["md5"]], folders=[folder])


def entries(folder):
    for log in (audited(folder), by_command(folder)):
        yield log.read_text()
        for entry in read(log):
            yield from (entry, entry.to_dict())


AUDIT_OBJECTS = {
    "AuditEntry": lambda _, folder: list(entries(folder)),
    "AuditLog": lambda _, folder: [AuditLog(folder / "audit.log", KEY)],
    "AuditProblem": lambda _, folder: [
        fact for one in spoilt(folder).problems for fact in (one, str(one), one.to_dict())
    ],
    "Verification": lambda _, folder: [found := spoilt(folder), found.to_dict()],
}
