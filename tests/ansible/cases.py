"""What is asked of the two modules, one realm each: check mode, then for real, then again."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from esfilerealm import hash_password

#: No part of a word of Ansible's, so that any trace of it is one of a secret.
CANARY = "kanarienvogel"

OLD = f"{CANARY}-old"
NEW = f"{CANARY}-new"
#: What Python's ``repr`` shows otherwise than it is.
ODD = f"{CANARY}-'\\\"-odd"
LONG = f"{CANARY}-" + "x" * 72

OLD_HASH = hash_password(OLD, "bcrypt4")
NEW_HASH = hash_password(NEW, "bcrypt4")

USERS = f"# people\nbob:{OLD_HASH}\n\nal:{OLD_HASH}\nops-1:{OLD_HASH}\n"
#: Users of another node, with a line that no node reads.
OTHER_USERS = f"# others\nbob:{NEW_HASH}\njane:{OLD_HASH}\nbroken\n"
OTHER_USERS_ROLES = "editor:bob\nviewer:jane\n"
USERS_ROLES = "# who may what\nviewer:bob,al\nmonitoring_user:bob\n"
SETTINGS = "xpack.security.authc.password_hashing.algorithm: bcrypt4\n"

BOB = ("viewer", "monitoring_user")
ROLES = {"bob": BOB, "al": ("viewer",), "ops-1": ()}

ME, MY_GROUP = os.getuid(), os.getgid()
#: Only root can give files away.
OTHER, OTHER_GROUP = (1, 1) if ME == 0 else (ME, MY_GROUP)


@dataclass
class Case:
    """
    A task, and what is to come of it.

    Attributes:
        name: Of the case and of its realm.
        module: ``user`` or ``realm``.
        options: Those of the task, beside the folder.
        changed: Whether it changes anything.
        roles: Of the users afterwards, if they differ from before.
        gone: Users who are no more.
        passwords: Those that are right afterwards.
        attributes: Owner, group and mode of the files afterwards, those that matter.
        before: Options of a task of the same module that comes first.
        empty: Whether there is no realm at the beginning.
        warning: A part of the warning that it gives.
        settings: More settings of the node.
        locked: Users who are locked afterwards.
        expiring: Users who expire afterwards, with the day.
        warns_again: Whether it gives the warning also when nothing is to change.
    """

    name: str
    module: str
    options: dict
    changed: bool = True
    roles: dict = field(default_factory=dict)
    gone: tuple[str, ...] = ()
    passwords: dict = field(default_factory=dict)
    attributes: dict = field(default_factory=dict)
    before: dict | None = None
    empty: bool = False
    warning: str = ""
    settings: str = ""
    locked: tuple[str, ...] = ()
    expiring: dict = field(default_factory=dict)
    warns_again: bool = False

    @property
    def expected(self) -> dict:
        """Names and roles afterwards."""
        roles = {**({} if self.empty else ROLES), **self.roles}
        return {name: set(of) for name, of in roles.items() if name not in self.gone}


def user(name: str, **options) -> dict:
    return {"name": name, **options}


USER_CASES = [
    Case(
        "user-security-off",
        "user",
        user("jane", password=NEW),
        roles={"jane": ()},
        passwords={"jane": NEW},
        settings="xpack.security.enabled: false\n",
        warning="security is off",
        warns_again=True,
    ),
    Case(
        "user-not-in-the-chain",
        "user",
        user("bob", state="absent"),
        gone=("bob",),
        settings="xpack.security.authc.realms.native.native1.order: 0\n"
        "xpack.security.authc.realms.file.file1.enabled: false\n",
        warning="file realm",
        warns_again=True,
    ),
    Case(
        "user-new",
        "user",
        user("jane", password=NEW, roles=["viewer", "editor"]),
        roles={"jane": ("viewer", "editor")},
        passwords={"jane": NEW},
    ),
    Case(
        "user-new-by-hash",
        "user",
        user("jane", password_hash=NEW_HASH),
        roles={"jane": ()},
        passwords={"jane": NEW},
    ),
    Case(
        "user-new-by-file",
        "user",
        user("jane", password_file="{{ folder }}/secret.txt"),
        roles={"jane": ()},
        passwords={"jane": NEW},
    ),
    Case(
        "user-new-on-create",
        "user",
        user("jane", password=NEW, update_password="on_create", roles_add=["editor"]),
        roles={"jane": ("editor",)},
        passwords={"jane": NEW},
    ),
    Case(
        "user-new-odd-password",
        "user",
        user("jane", password=ODD),
        roles={"jane": ()},
        passwords={"jane": ODD},
    ),
    Case(
        "user-long-password",
        "user",
        user("bob", password=LONG),
        passwords={"bob": LONG},
        warning="first 72",
    ),
    Case("user-same", "user", user("bob", password=OLD, roles=[*BOB]), changed=False),
    Case("user-same-order", "user", user("bob", roles=[*reversed(BOB)]), changed=False),
    Case("user-nothing-asked", "user", user("bob"), changed=False),
    Case("user-password", "user", user("bob", password=NEW), passwords={"bob": NEW, "al": OLD}),
    Case(
        "user-password-by-file",
        "user",
        user("bob", password_file="{{ folder }}/secret.txt"),
        passwords={"bob": NEW},
    ),
    Case("user-hash", "user", user("bob", password_hash=NEW_HASH), passwords={"bob": NEW}),
    Case("user-same-hash", "user", user("bob", password_hash=OLD_HASH), changed=False),
    Case(
        "user-on-create",
        "user",
        user("bob", password=NEW, update_password="on_create"),
        changed=False,
        passwords={"bob": OLD},
    ),
    Case("user-locked", "user", user("bob", locked=True), locked=("bob",)),
    Case(
        "user-password-of-a-locked-one",
        "user",
        user("bob", password=NEW),
        before=user("bob", locked=True),
        locked=("bob",),
        warning="stays locked",
    ),
    Case(
        "user-same-password-of-a-locked-one",
        "user",
        user("bob", password=OLD),
        before=user("bob", locked=True),
        locked=("bob",),
        changed=False,
    ),
    Case(
        "user-unlocked",
        "user",
        user("bob", locked=False),
        before=user("bob", locked=True),
        passwords={"bob": OLD},
    ),
    Case(
        "user-new-that-expires",
        "user",
        user("jane", password=NEW, expires="2199-12-01T08:00Z", locked=True),
        roles={"jane": ()},
        locked=("jane",),
        expiring={"jane": "2199-12-01"},
    ),
    Case(
        "user-never-expires",
        "user",
        user("bob", expires="never"),
        before=user("bob", expires="2199-12-01"),
    ),
    Case("user-expired", "user", user("bob", expires="2020-01-01"), gone=("bob",)),
    Case("user-roles", "user", user("bob", roles=["editor"]), roles={"bob": ("editor",)}),
    Case(
        "user-roles-text",
        "user",
        user("bob", roles="a,b"),
        roles={"bob": ("a", "b")},
        warning="not defined",
    ),
    Case("user-no-roles", "user", user("bob", roles=[]), roles={"bob": ()}),
    Case(
        "user-roles-add",
        "user",
        user("al", roles_add=["viewer", "editor"]),
        roles={"al": ("viewer", "editor")},
    ),
    Case("user-roles-add-same", "user", user("al", roles_add=["viewer"]), changed=False),
    Case("user-roles-remove", "user", user("bob", roles_remove=["viewer"]), roles={"bob": BOB[1:]}),
    Case("user-roles-remove-none", "user", user("al", roles_remove=["editor"]), changed=False),
    Case(
        "user-roles-both",
        "user",
        user("bob", roles_add=["editor"], roles_remove=["viewer"]),
        roles={"bob": ("monitoring_user", "editor")},
    ),
    Case("user-absent", "user", user("bob", state="absent"), gone=("bob",)),
    Case("user-absent-already", "user", user("jane", state="absent"), changed=False),
    Case(
        "user-algorithm",
        "user",
        user("bob", password=NEW, hash_algorithm="pbkdf2_1000"),
        passwords={"bob": NEW},
    ),
    Case(
        "user-minimum-cost",
        "user",
        user("bob", password=OLD, hash_algorithm="bcrypt5", hash_minimum_cost=5),
        passwords={"bob": OLD, "al": OLD},
    ),
    Case("user-mode-text", "user", user("bob", mode="0640"), attributes={"mode": 0o640}),
    Case("user-mode-number", "user", user("bob", mode=0o640), attributes={"mode": 0o640}),
    Case("user-mode-same", "user", user("bob", mode="600"), changed=False),
    Case(
        "user-owner",
        "user",
        user("bob", owner=str(OTHER), group=OTHER_GROUP, mode="0660"),
        attributes={"uid": OTHER, "gid": OTHER_GROUP, "mode": 0o660},
    ),
    Case("user-owner-same", "user", user("bob", owner=ME, group=str(MY_GROUP)), changed=False),
    Case(
        "user-in-place",
        "user",
        user("bob", password=NEW, strategy="in_place"),
        warning="overwritten in place",
    ),
    Case(
        "user-options",
        "user",
        user(
            "bob",
            password=NEW,
            strategy="auto",
            keep=2,
            lock_timeout=5,
            attributes="warn",
            allow_local_lock=True,
        ),
        passwords={"bob": NEW},
    ),
]

REALM_CASES = [
    Case(
        "realm-many",
        "realm",
        {
            "users": [
                user("bob", password=NEW, roles=["viewer"]),
                user("al", roles_add=["editor"], roles_remove=["viewer"]),
                user("ops-1", state="absent"),
                user("jane", password_hash=NEW_HASH, roles=["viewer"]),
                user("joe", password=ODD, update_password="on_create"),
                user("sue", password_file="{{ folder }}/secret.txt"),
            ]
        },
        roles={"bob": ["viewer"], "al": ["editor"], "jane": ["viewer"], "joe": (), "sue": ()},
        gone=("ops-1",),
        passwords={"bob": NEW, "al": OLD, "jane": NEW, "joe": ODD, "sue": NEW},
    ),
    Case(
        "realm-same",
        "realm",
        {
            "users": [
                user("bob", password=OLD, roles=[*BOB]),
                user("al", password=NEW, update_password="on_create"),
                user("ops-1", password_hash=OLD_HASH, roles=[]),
                user("jane", state="absent"),
            ]
        },
        changed=False,
    ),
    Case("realm-nothing-asked", "realm", {}, changed=False),
    Case("realm-purge-none", "realm", {"users": [user("bob")], "purge": "none"}, changed=False),
    Case(
        "realm-purge-all",
        "realm",
        {"users": [user("bob")], "purge": "all"},
        gone=("al", "ops-1"),
    ),
    Case(
        "realm-purge-all-protected",
        "realm",
        {"users": [user("bob")], "purge": "all", "protect": ["ops-*"]},
        gone=("al",),
    ),
    Case(
        "realm-purge-all-forced",
        "realm",
        {"users": [], "purge": "all", "force": True},
        gone=("bob", "al", "ops-1"),
    ),
    Case(
        "realm-purge-managed",
        "realm",
        {"users": [user("jane", password=NEW)], "purge": "managed"},
        before={
            "users": [user("jane", password=NEW), user("joe", password=NEW)],
            "purge": "managed",
        },
        roles={"jane": ()},
    ),
    Case(
        "realm-purge-managed-first",
        "realm",
        {"users": [user("jane", password=NEW)], "purge": "managed"},
        roles={"jane": ()},
    ),
    Case(
        "realm-purge-managed-protected",
        "realm",
        {"users": [user("bob")], "purge": "managed", "protect": ["j?e"]},
        before={
            "users": [user("jane", password=NEW), user("joe", password=NEW)],
            "purge": "managed",
        },
        roles={"joe": ()},
    ),
    Case(
        "realm-hash-policy",
        "realm",
        {
            "users": [user("bob", password=OLD)],
            "hash_policy": {"algorithm": "bcrypt6", "minimum_cost": 6},
        },
        passwords={"bob": OLD, "al": OLD},
    ),
    Case(
        "realm-from-a-folder",
        "realm",
        {"from": "{{ folder }}/other", "purge": "all"},
        roles={"bob": ("editor",), "jane": ("viewer",)},
        gone=("al", "ops-1"),
        passwords={"bob": NEW, "jane": OLD},
        warning="users, line [4]",
        warns_again=True,
    ),
    Case(
        "realm-from-an-archive",
        "realm",
        {"from": "{{ folder }}/other.tar", "users": [user("bob", roles_add=["viewer"])]},
        roles={"bob": ("editor", "viewer"), "jane": ("viewer",)},
        passwords={"bob": NEW, "jane": OLD, "al": OLD},
        warning="users, line [4]",
        warns_again=True,
    ),
    Case(
        "realm-from-content",
        "realm",
        {
            "from_content": "{{ lookup('file', folder ~ '/other.yml') }}",
            "purge": "all",
            "protect": ["ops-*"],
        },
        roles={"bob": ("editor",), "jane": ("viewer",)},
        gone=("al",),
        passwords={"bob": NEW, "jane": OLD},
    ),
    Case("realm-mode-text", "realm", {"mode": "0640"}, attributes={"mode": 0o640}),
    Case("realm-mode-number", "realm", {"mode": 0o640}, attributes={"mode": 0o640}),
    Case(
        "realm-owner",
        "realm",
        {"owner": OTHER, "group": str(OTHER_GROUP), "mode": "0660"},
        attributes={"uid": OTHER, "gid": OTHER_GROUP, "mode": 0o660},
    ),
    Case(
        "realm-create",
        "realm",
        {
            "users": [user("jane", password=NEW, roles=["viewer"])],
            "create": True,
            "hash_policy": {"algorithm": "bcrypt4"},
            "mode": "0640",
        },
        empty=True,
        roles={"jane": ("viewer",)},
        passwords={"jane": NEW},
        attributes={"mode": 0o640},
    ),
    Case(
        "user-create",
        "user",
        user("jane", password=NEW, roles=["viewer"], hash_algorithm="bcrypt4", create=True),
        empty=True,
        roles={"jane": ("viewer",)},
        passwords={"jane": NEW},
    ),
    Case("realm-create-empty", "realm", {"create": True}, empty=True),
    Case(
        "realm-create-managed",
        "realm",
        {
            "users": [user("jane", password=NEW)],
            "create": True,
            "purge": "managed",
            "hash_policy": {"algorithm": "bcrypt4"},
        },
        empty=True,
        roles={"jane": ()},
        passwords={"jane": NEW},
    ),
    Case("realm-create-none-missing", "realm", {"create": True}, changed=False),
    Case(
        "realm-options",
        "realm",
        {
            "users": [user("bob", password=NEW)],
            "strategy": "auto",
            "keep": 2,
            "lock_timeout": 5,
            "attributes": "warn",
            "allow_local_lock": True,
        },
        passwords={"bob": NEW},
    ),
]

CASES = USER_CASES + REALM_CASES


@dataclass
class Refused:
    """A task that must fail with a message that holds *words*."""

    name: str
    module: str
    options: dict
    words: str


REFUSED = [
    Refused("refused-name", "user", user("a:b", password=NEW), "[a:…] must not contain"),
    Refused("refused-role", "user", user("bob", roles=["a:b"]), "[a:…] must not contain"),
    Refused("refused-short", "user", user("bob", password=CANARY[:5]), "6 characters"),
    Refused("refused-empty", "user", user("bob", password=""), "password"),
    Refused("refused-hash", "user", user("bob", password_hash=NEW), "hash"),
    Refused("refused-no-password", "user", user("jane", roles=["viewer"]), "jane"),
    Refused("refused-algorithm", "user", user("bob", hash_algorithm="rot13"), "rot13"),
    Refused("refused-mode", "user", user("bob", mode="u=rw"), "u=rw"),
    Refused("refused-mode-list", "user", user("bob", mode=["0640"]), "mode"),
    Refused("refused-owner", "user", user("bob", owner="no-such-user"), "no-such-user"),
    Refused("refused-file", "user", user("jane", password_file="/no/such/file"), "it is not there"),
    Refused("refused-mode-decimal", "user", user("bob", mode=640), "1200"),
    Refused("refused-cost", "user", user("bob", hash_minimum_cost=5), "minimum"),
    Refused("refused-purge-everybody", "realm", {"purge": "all"}, "force"),
    Refused("refused-realm-option", "realm", {"usrs": []}, "usrs"),
    Refused("refused-keep", "user", user("bob", password=NEW, keep=-1), "keep"),
    Refused(
        "refused-two-passwords",
        "user",
        user("bob", password=NEW, password_hash=NEW_HASH),
        "mutually exclusive",
    ),
    Refused(
        "refused-two-roles", "user", user("bob", roles=["a"], roles_add=["b"]), "mutually exclusive"
    ),
    Refused("refused-no-name", "user", {"password": NEW}, "name"),
    Refused(
        "refused-two-sources", "realm", {"from": "x", "from_content": NEW}, "mutually exclusive"
    ),
    Refused("refused-source", "realm", {"from": "{{ folder }}/none"}, "does not exist"),
    Refused("refused-content", "realm", {"from_content": f"{CANARY}: [no"}, "[from_content]"),
    Refused("refused-purge-by-nobody", "realm", {"from": "/dev/null", "purge": "all"}, "/dev/null"),
    Refused(
        "refused-hash-of-another",
        "realm",
        {"from": "{{ folder }}/unusable", "purge": "all"},
        "user [eve]",
    ),
    Refused("refused-user-option", "user", user("bob", pasword=NEW), "pasword"),
    Refused("refused-state", "user", user("bob", state="gone", password=NEW), "state"),
    Refused("refused-suboption", "realm", {"users": [user("bob", pasword=NEW)]}, "users.pasword"),
    Refused(
        "refused-user-passwords",
        "realm",
        {"users": [user("bob", password=NEW, password_hash=NEW_HASH)]},
        "mutually exclusive",
    ),
    Refused("refused-users", "realm", {"users": [NEW]}, "dictionary"),
    Refused("refused-purge", "realm", {"purge": "some"}, "purge"),
    Refused("refused-twice", "realm", {"users": [user("bob"), user("bob", password=NEW)]}, "bob"),
    Refused(
        "refused-one-of-many",
        "realm",
        {"users": [user("jane", password=NEW), user("a:b", password=ODD)]},
        "[a:…] must not contain",
    ),
    Refused(
        "refused-projected", "user", user("bob", password=NEW), "Kubernetes makes from a Secret"
    ),
    Refused("refused-missing", "realm", {"users": [user("jane", password=NEW)]}, "does not exist"),
]
