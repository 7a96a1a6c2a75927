"""Of every public class, how to make objects of it with secrets at hand."""

from __future__ import annotations

import json
from datetime import timedelta

from no_secret.account_objects import ACCOUNT_OBJECTS
from no_secret.audit_objects import AUDIT_OBJECTS
from no_secret.backup_objects import BACKUP_OBJECTS
from no_secret.busy_realm import changed, log_everyone_in, spoilt
from no_secret.chain_objects import CHAIN_OBJECTS
from no_secret.drift_objects import DRIFT_OBJECTS
from no_secret.planted import (
    HASHES,
    HEADER,
    KEYSTORE,
    PASSWORDS,
    VALUE,
    WRONG,
)
from no_secret.rescue_objects import RESCUE_OBJECTS
from no_secret.role_objects import ROLE_OBJECTS

from esfilerealm import (
    AuthenticationStatus,
    RealmSettings,
    UsernamePasswordToken,
    UsersTool,
)
from esfilerealm._storage import RealmFolder
from esfilerealm.checks.limits import Limits
from esfilerealm.exchange import EXPORT_FORMATS, export_realm, import_users
from esfilerealm.formats import parse_users, parse_users_roles
from esfilerealm.hashing import CACHE_ALGORITHMS, hash_problem, resolve, resolve_from_hash
from esfilerealm.keystore import FORMATS, Keystore, load_header
from esfilerealm.provisioning import (
    DesiredState,
    apply,
    apply_all,
    hash_document,
    plan,
    plan_all,
)
from esfilerealm.realms import TrustedProxy
from esfilerealm.results import ModeChange
from esfilerealm.settings import find_config_dir
from esfilerealm.settings.report import inspect_settings
from esfilerealm.watcher import FileWatcher, Frequency, ResourceWatcherService

#: What is public, by the name of its class: each gives all the objects of it that matter.
OBJECTS = {
    **AUDIT_OBJECTS,
    **ROLE_OBJECTS,
    **BACKUP_OBJECTS,
    **DRIFT_OBJECTS,
    **CHAIN_OBJECTS,
    **ACCOUNT_OBJECTS,
    **RESCUE_OBJECTS,
    **{
        kind: lambda _, folder, kind=kind: changes_of(planned(folder), kind)
        for kind in (
            *("AddRoles", "AddUser", "RehashPassword", "RemoveRoles", "RemoveUser"),
            *("SetAttributes", "SetManaged", "SetPassword"),
        )
    },
    "Accounts": lambda _, folder: [accounts(folder)],
    "AccountState": lambda _, folder: [
        fact
        for state in (accounts(folder) and UsersTool(folder).accounts()).values()
        for fact in (state, state.to_dict())
    ],
    "AuthenticationResult": lambda realm, _: log_everyone_in(realm),
    "AuthenticationStatus": lambda *_: list(AuthenticationStatus),
    "Change": lambda _, folder: planned(folder).changes,
    "CacheEntry": lambda realm, _: list(realm._cache._entries.values()),
    "CacheStats": lambda realm, _: [realm.usage_stats()["cache"]],
    "ConfigLocation": lambda _, folder: [find_config_dir(str(folder))],
    "CredentialCache": lambda realm, _: [realm._cache],
    "CreateFile": lambda _, folder: plan(folder / "new", kept(), create=True).changes,
    "DesiredState": lambda *_: [desired()],
    "CreateKeystore": lambda _, folder: changes_of(settings_planned(folder), "CreateKeystore"),
    "DesiredSetting": lambda _, folder: settings_planned(folder)._basis.desired.keystore,
    "KeystorePassword": lambda _, folder: [
        settings_planned(folder)._basis.desired.keystore_password
    ],
    "TrustedProxy": lambda *_: [
        TrustedProxy(["10.0.0.7"], header="X-Cert", format="url-encoded-pem")
    ],
    "RemoveSecureSetting": lambda _, folder: changes_of(
        settings_planned(folder, keystore(folder)), "RemoveSecureSetting"
    ),
    "SetSecureSetting": lambda _, folder: [
        fact
        for before in (None, keystore(folder))
        for one in [settings_planned(folder, before)]
        for fact in (*told_by(one, apply(one)), *changes_of(one, "SetSecureSetting"))
    ],
    "DesiredUser": lambda *_: desired().users,
    "Exported": lambda _, folder: exported(folder),
    "EffectiveSetting": lambda _, folder: report(folder).settings,
    "FileAttributes": lambda *_: [desired().attributes],
    "FileChange": lambda *_: [],  # see TestFileChange
    "FileRealm": lambda realm, _: [realm],
    "FileRealmStore": lambda realm, _: [realm._store],
    "FileResult": lambda _, folder: written(folder).files,
    "FileStamp": lambda realm, _: list(realm.snapshot.stamps.values()),
    "FileWatcher": lambda realm, folder: [FileWatcher(folder / "users")],
    "Finding": lambda _, folder: [
        fact for one in UsersTool(folder).check() for fact in (one, str(one), one.to_dict())
    ],
    "Format": lambda *_: list(FORMATS.values()),
    "Keystore": lambda _, folder: [store := keystore(folder), store.names, store.save()],
    "SealedKeystore": lambda _, folder: [load_header(keystore(folder).to_bytes())],
    "Fix": lambda _, folder: fixes(folder),
    "Frequency": lambda *_: list(Frequency),
    "HashPolicy": lambda *_: [desired().hash_policy],
    "HashProblem": lambda *_: [
        problem for text in HASHES.values() if (problem := hash_problem(text[:-1])) is not None
    ],
    "HashIssue": lambda realm, _: list(realm.snapshot.hash_issues.values()),
    "Hasher": lambda *_: [resolve(n) for n in CACHE_ALGORITHMS] + usable_hashers(),
    "Imported": lambda _, folder: imported(folder),
    "Limits": lambda *_: [Limits()],
    "LineIssue": lambda realm, _: [i for found in realm.snapshot.issues.values() for i in found],
    "ModeChange": lambda _, folder: [ModeChange(str(folder / "users"), 0o666, 0o660)],
    "Loss": lambda _, folder: [
        loss for one in (*imported(folder), *exported(folder)) for loss in one.losses
    ],
    "ParsedUsers": lambda _, folder: [parse_users((folder / "users").read_bytes())],
    "ParsedUsersRoles": lambda _, folder: [
        parse_users_roles((folder / "users_roles").read_bytes())
    ],
    "NodePlan": lambda _, folder: [
        fact for plans in planned_all(folder) for node in plans.nodes for fact in told_of(node)
    ],
    "Plan": lambda _, folder: told_by(planned(folder), apply(planned(folder))),
    "HashedDocument": lambda *_: [hashed()],
    "Plans": lambda _, folder: [
        fact for plans in planned_all(folder) for fact in (*told_of(plans), plans.errors)
    ],
    "RealmChange": changed,
    "RealmHealth": lambda realm, folder: [realm.health, spoilt(realm, folder)],
    "ParsedRealm": lambda _, folder: [
        listing := UsersTool(folder).listing(),
        *listing.hash_issues.values(),
    ],
    "RealmPaths": lambda _, folder: [UsersTool(folder).paths],
    "RealmSettings": lambda realm, folder: [realm.settings, RealmSettings.load(folder)],
    "RealmSnapshot": lambda realm, folder: [realm.snapshot, realm.snapshot.stamps],
    "Recovery": lambda _, folder: [set_aside(folder)],
    "RememberedPassword": lambda realm, _: [
        entry.password for entry in realm._cache._entries.values()
    ],
    "RemoveOrphan": lambda _, folder: changes_of(orphaned(folder), "RemoveOrphan"),
    "ResourceWatcherService": lambda realm, _: [realm._watcher_service],
    "Secret": lambda *_: [user.password for user in desired().users if user.password],
    "SettingsReport": lambda _, folder: [report(folder)],
    "Transaction": lambda _, folder: [full_transaction(folder)],
    "UsageStats": lambda realm, _: [realm.usage_stats()],
    "User": lambda realm, _: [realm.lookup_user(name) for name in HASHES],
    "UserChanges": lambda _, folder: [
        written(folder).changes,
        UsersTool(folder).undo().changes,
        *(write.changes.to_dict() for write in locked_and_unlocked(folder)),
    ],
    "UsernamePasswordToken": lambda realm, _: [
        UsernamePasswordToken.from_basic_header(HEADER),
        realm.token(HEADER),
        UsernamePasswordToken("bcrypt", PASSWORDS["bcrypt"]),
    ],
    "UsersTool": lambda _, folder: [UsersTool(folder)],
    "WatcherHandle": lambda _, folder: [
        ResourceWatcherService().add(FileWatcher(folder / "users"))
    ],
    "WriteResult": lambda _, folder: [result := written(folder), result.to_dict()],
    "WrittenRoles": lambda _, folder: [UsersTool(folder).roles("ssha", add=["x"])],
}


#: Objects that hold secrets and are nothing to send, though that is not refused.
NOT_SENT = {"CacheEntry", "RememberedPassword", "Request"}


def desired():
    """Want something of every kind."""
    return DesiredState.from_dict(
        {
            "users": [
                {"name": "new", "password": PASSWORDS["new"], "roles": ["viewer"]},
                {"name": "other", "password_hash": HASHES["bcrypt"]},
                {"name": "bcrypt", "password": PASSWORDS["bcrypt"], "roles_add": ["x"]},
                {"name": "pbkdf2", "password": PASSWORDS["pbkdf2"]},
                {"name": "ssha", "password": WRONG, "roles_remove": ["admin"]},
                {"name": "md5", "state": "absent"},
            ],
            "purge": "managed",
            "hash_policy": {"algorithm": "bcrypt5", "minimum_cost": 4},
            "attributes": {"mode": "0600"},
        }
    )


def keystore(folder):
    """Return a saved keystore with a password, and with a change that is not saved yet."""
    store = Keystore.create()
    store.set("a.b", VALUE)
    store.change_password(KEYSTORE)
    store.save(folder / "elasticsearch.keystore", overwrite=True)
    store.set("c.d", f"{VALUE}{VALUE}")
    return store


def settings_planned(folder, before=None):
    """Plan a value, another one and none for the keystore, which exists if one is given."""
    if before is None:
        (folder / "elasticsearch.keystore").unlink(missing_ok=True)
    settings = {"new": {"value": VALUE}, "a.b": {"value": WRONG}, "c.d": {"state": "absent"}}
    if before is not None:
        before.save()
    document = {"keystore": settings, "keystore_password": KEYSTORE}
    return plan(folder, DesiredState.from_dict(document))


def fixes(folder):
    """Return fixes; a name that may be a secret has none."""
    with (folder / "users_roles").open("a") as file:
        file.write("viewer:nobody\n")
    found = [one.fix for one in UsersTool(folder).check()]
    assert None in found
    return [fix for fix in found if fix]


def orphaned(folder):
    """Plan to remove a name that is not a user, and one that is a secret."""
    with (folder / "users_roles").open("a") as file:
        file.write(f"viewer:nobody,{HASHES['bcrypt']}\n")
    return plan(folder, kept(), force=True)


def kept():
    """Want one user, and nobody else."""
    users = [{"name": "new", "password_hash": HASHES["bcrypt"]}]
    return DesiredState.from_dict({"users": users, "purge": "all"})


def exported(folder):
    files = [(folder / name).read_bytes() for name in ("users", "users_roles")]
    return [export_realm(format, *files) for format in EXPORT_FORMATS]


def imported(folder):
    return [import_users("htpasswd", (folder / "users").read_bytes(), source="users")]


def planned(folder):
    return plan(folder, desired())


def planned_all(folder):
    """Plan for the realm and for a node that is missing, and apply."""
    plans = plan_all([folder, folder / "missing"], desired())
    return [plans, apply_all(plans)]


def told_of(value):
    return [value, value.to_dict()]


def changes_of(plan, kind):
    return [change for change in plan.changes if type(change).__name__ == kind]


def told_by(*plans):
    for told in plans:
        yield from (told, told.diff(), told.before(), told.after(), told.to_dict(), told._basis)


def usable_hashers():
    return [resolve_from_hash(HASHES[name]) for name in ("bcrypt", "pbkdf2", "ssha", "md5")]


def report(folder):
    return inspect_settings(folder, options={}, environ={})


def locked_and_unlocked(folder):
    tool = UsersTool(folder)
    locked = tool.lock("bcrypt")
    return [locked, tool.passwd("bcrypt", PASSWORDS["new"]), tool.unlock("bcrypt")]


def accounts(folder):
    """Return the record of a realm in which somebody is locked."""
    tool = UsersTool(folder)
    tool.lock("bcrypt")
    tool.expire("ssha", timedelta(hours=8))
    return RealmFolder(folder).read_with_accounts()[1]


def written(folder):
    """A write that adds, removes and changes users, and keeps the version before it."""
    with UsersTool(folder, keep=1).transaction() as change:
        change.useradd("new", PASSWORDS["new"], roles=["viewer"])
        change.userdel("md5")
        change.passwd("bcrypt", PASSWORDS["new"])
        change.roles("ssha", remove=["admin"])
    return change.result


def set_aside(folder):
    """A recovery from a record that is none, but has a hash in it."""
    (folder / "users.journal").write_text(f"bcrypt:{HASHES['bcrypt']}\n")
    return UsersTool(folder).recover()


def full_transaction(folder):
    with UsersTool(folder, dry_run=True).transaction() as transaction:
        transaction.useradd("new", PASSWORDS["new"])
        transaction.passwd("ssha", password_hash=HASHES["bcrypt"])
    return transaction


def hashed():
    """A document of which one password becomes a hash, beside a hash that was there."""
    users = [
        {"name": "new", "password": PASSWORDS["new"]},
        {"name": "old", "password_hash": HASHES["bcrypt"]},
    ]
    document = {"users": users, "keystore_password": KEYSTORE}
    return hash_document(json.dumps(document).encode(), source="d.json", algorithm="bcrypt4")
