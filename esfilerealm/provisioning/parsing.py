"""From the fields of a document to values; every issue is collected."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, get_args

from .._ground.showing import shown_name
from .._ground.values import Secret
from ..documents.kinds import (
    Choice,
    Flag,
    Number,
    Record,
    Records,
    Section,
    Text,
    TextOrNumber,
    Texts,
    Time,
)
from . import rules
from .values import PASSWORD_SOURCES, DesiredUser, FileAttributes, HashPolicy, State, UpdatePassword

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..documents.fields import Fields
    from ..documents.kinds import Rule, Schema

__all__ = [
    "ATTRIBUTES",
    "HASH_POLICY",
    "STATES",
    "USERS",
    "check_sources",
    "excluding",
    "path_in",
    "read_attributes",
    "read_policy",
    "read_users",
    "secret",
]

STATES: Final[tuple[State, ...]] = get_args(State)
_UPDATES: Final[tuple[UpdatePassword, ...]] = get_args(UpdatePassword)


def secret(key: str, about: str, rule: Rule | None = None) -> Text:
    """Return a field that is refused if it is null: YAML reads text that begins with # so."""
    return Text(key, about, rule, may_be_null=False)


def excluding(keys: Iterable[str]) -> Schema:
    """Return a schema by which each of some fields excludes the others."""
    keys = tuple(keys)
    return {key: {"properties": {k: False for k in keys if k != key}} for key in keys}


_NAME: Final = Text("name", "The username.")
_STATE: Final = Choice(
    "state", "Whether the user is to exist: present (default) or absent.", STATES
)
_PASSWORD: Final = secret("password", "The password in clear text.", rules.PASSWORD)
_PASSWORD_FILE: Final = secret(
    "password_file",
    "A file whose one line is the password; a relative path starts at this document.",
    rules.SYSTEM_TEXT,
)
_PASSWORD_ENV: Final = secret(
    "password_env", "An environment variable that holds the password.", rules.SYSTEM_TEXT
)
_PASSWORD_HASH: Final = secret(
    "password_hash", "A hash of the password, as [esfilerealm hash] prints it.", rules.HASH
)
_UPDATE_PASSWORD: Final = Choice(
    "update_password",
    "Whether an existing user gets the password too: always (default) or on_create.",
    _UPDATES,
)
_ROLES: Final = Texts("roles", "All roles of the user; others are removed.", rules.WRITABLE_NAME)
_ROLES_ADD: Final = Texts("roles_add", "Roles to add; others stay.", rules.WRITABLE_NAME)
_ROLES_REMOVE: Final = Texts("roles_remove", "Roles to remove; others stay.", rules.OLD_NAME)

_EXPIRES: Final = Time(
    "expires",
    "When the time of the user is over, such as 2026-12-01T08:00Z (without a zone in UTC), or "
    "never. Without it, that stays. After a time that has passed, the user is absent.",
    rules.EXPIRY,
)
_LOCKED: Final = Flag(
    "locked",
    "Whether nobody may log in as the user, who keeps its password. Without it, that stays.",
)

_ALL_ROLES: Final[Schema] = {
    "if": {"properties": {"roles": {"type": "array"}}, "required": ["roles"]},
    "then": {"properties": {"roles_add": {"type": "null"}, "roles_remove": {"type": "null"}}},
}

USERS: Final = Records(
    "users",
    "The users: a list, or a mapping from their names. Without any of password, password_file, "
    "password_env and password_hash, a password stays.",
    Record(
        _NAME,
        _STATE,
        _PASSWORD,
        _PASSWORD_FILE,
        _PASSWORD_ENV,
        _PASSWORD_HASH,
        _UPDATE_PASSWORD,
        _ROLES,
        _ROLES_ADD,
        _ROLES_REMOVE,
        _EXPIRES,
        _LOCKED,
        also={"dependentSchemas": excluding(PASSWORD_SOURCES), **_ALL_ROLES},
    ),
    _NAME.key,
    rules.WRITABLE_NAME,
)
"""The field for the users."""

_ALGORITHM: Final = Text(
    "algorithm",
    "The algorithm for new hashes; other families are hashed anew.",
    rules.ALGORITHM,
)
_MINIMUM_COST: Final = Number(
    "minimum_cost",
    "For bcrypt the binary logarithm of rounds, for PBKDF2 iterations; hashes that cost less are "
    "made anew.",
)
HASH_POLICY: Final = Section(
    "hash_policy", "Which hashes are good enough.", Record(_ALGORITHM, _MINIMUM_COST)
)
"""The field for the hash policy."""

_OWNER: Final = TextOrNumber("owner", "The owner of both files, a name or number.")
_GROUP: Final = TextOrNumber("group", "The group of both files, a name or number.")
_MODE: Final = Text("mode", "The mode of both files, octal, in quotes.", rules.MODE)
ATTRIBUTES: Final = Section(
    "attributes", "Attributes of both files; others stay.", Record(_OWNER, _GROUP, _MODE)
)
"""The field for the attributes of both files."""


def read_users(fields: Fields) -> tuple[DesiredUser, ...]:
    """Read the users, a list or a mapping from their names; each name may occur once."""
    users: dict[str, DesiredUser] = {}
    for name, one in USERS.of(fields):
        user = _read_user(one, name)
        if user is None:
            continue
        if user.name in users:
            one.refuse("name", f"user [{user.name}] is already at {users[user.name].place}")
        else:
            users[user.name] = user
    return tuple(users.values())


def _read_user(fields: Fields, name: str | None) -> DesiredUser | None:
    name = _read_name(fields) if name is None else _valid_name(fields, None, name)
    check_sources(fields, PASSWORD_SOURCES)
    roles = _ROLES.of(fields)
    roles_add = _ROLES_ADD.of(fields) or ()
    roles_remove = _ROLES_REMOVE.of(fields) or ()
    if roles is not None and fields.given & {"roles_add", "roles_remove"}:
        fields.refuse("roles", "lists all roles of the user: use it, or [roles_add, roles_remove]")
    for role in roles_add:
        if role in roles_remove:
            fields.refuse("roles_add", f"[{shown_name(role)}] is also in [roles_remove]")
    expires = _EXPIRES.of(fields)
    user = DesiredUser(
        name=name or "",
        password_file=path_in(fields, _PASSWORD_FILE),
        state=_STATE.of(fields),
        password=_secret_of(fields, _PASSWORD),
        password_env=_PASSWORD_ENV.of(fields),
        password_hash=_secret_of(fields, _PASSWORD_HASH),
        update_password=_UPDATE_PASSWORD.of(fields),
        roles=roles,
        roles_add=roles_add,
        roles_remove=roles_remove,
        expires=None if expires is None else rules.expiry_of(expires),
        locked=_LOCKED.of(fields),
        source=fields.document.source,
        place=fields.place,
    )
    if user.locked is False and user.has_locked_hash:
        rule = "is the hash of a locked user: give the hash of a password, or leave out [locked]"
        fields.refuse("password_hash", rule)
    return None if name is None else user


def _read_name(fields: Fields) -> str | None:
    name = _NAME.of(fields)
    if name is None:
        if fields.is_mapping and "name" not in fields.given:
            fields.refuse(None, "the [name] of the user is missing")
        return None
    return _valid_name(fields, "name", name)


def _valid_name(fields: Fields, key: str | None, name: object) -> str | None:
    rule = rules.broken_name(name)
    if rule is not None:
        fields.refuse(key, rule)
        return None
    return str(name)


def check_sources(fields: Fields, sources: Iterable[str]) -> None:
    """Check that at most one of the fields for a secret is given, and that none is null."""
    for source in sources:
        if fields.is_null(source):
            fields.refuse(source, "has no value: put it in quotes, or leave the field out")
    given = [source for source in sources if source in fields.given]
    if len(given) > 1:
        fields.refuse(given[1], f"use only one of [{', '.join(given)}]")


def path_in(fields: Fields, kind: Text) -> str | None:
    """Return the path of a file; a relative one starts at the document."""
    path = kind.of(fields)
    return path and os.path.join(fields.document.folder, path)


def _secret_of(fields: Fields, kind: Text) -> Secret | None:
    text = kind.of(fields)
    return None if text is None else Secret(text)


def read_policy(fields: Fields) -> HashPolicy:
    """Read the hash policy."""
    policy = HASH_POLICY.of(fields)
    algorithm = _ALGORITHM.of(policy)
    return HashPolicy(
        algorithm=algorithm and algorithm.lower(),
        minimum_cost=_MINIMUM_COST.of(policy),
        place=policy.place,
    )


def read_attributes(fields: Fields) -> FileAttributes:
    """Read the attributes of both files."""
    attributes = ATTRIBUTES.of(fields)
    mode = _MODE.of(attributes)
    return FileAttributes(
        owner=_OWNER.of(attributes),
        group=_GROUP.of(attributes),
        mode=None if mode is None else int(mode, 8),
    )
