"""Objects that tell of locked and expiring users: their kept hashes are secrets at hand."""

from __future__ import annotations

from datetime import timedelta

from no_secret.planted import HASHES

from esfilerealm import UsersTool
from esfilerealm._storage import RealmFolder
from esfilerealm.admin.account_facts import exported_accounts
from esfilerealm.drift import Standing
from esfilerealm.provisioning import DesiredState, apply, plan


def standing_changed(folder):
    """Plan to lock one user, unlock another, and give a third another time."""
    tool = UsersTool(folder)
    tool.lock("ssha")
    tool.expire("pbkdf2", timedelta(hours=8))
    users = [
        {"name": "bcrypt", "locked": True, "password_hash": HASHES["pbkdf2"]},
        {"name": "ssha", "locked": False},
        {"name": "pbkdf2", "expires": "never"},
    ]
    return plan(folder, DesiredState.from_dict({"users": users}), force=True)


def told_of_change(folder, kind):
    """Return everything that is told of the changes of one kind."""
    todo = standing_changed(folder)
    changes = [change for change in todo.changes if type(change).__name__ == kind]
    assert changes
    done = apply(todo)
    for told in (todo, done):
        yield from (told, told.diff(), told.before(), told.after(), told.to_dict(), told._basis)
    for change in changes:
        yield from (change, str(change), change.to_dict())


ACCOUNT_OBJECTS = {
    **{
        kind: lambda _, folder, kind=kind: list(told_of_change(folder, kind))
        for kind in ("LockUser", "UnlockUser", "SetExpiry")
    },
    "ExportedAccount": lambda _, folder: [
        *exported_accounts(
            (UsersTool(folder).lock("bcrypt"), RealmFolder(folder).read_with_accounts())[1][1]
        ).values()
    ],
    "Standing": lambda *_: [Standing(), Standing(is_locked=True, expires=None)],
}
