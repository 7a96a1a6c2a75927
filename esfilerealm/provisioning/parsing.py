"""From the fields of a document to values; every issue is collected."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final, get_args

from .._ground.java import has_lone_surrogate
from .._ground.showing import shown_name
from .._ground.values import Secret
from ..admin.credentials import NewCredentials
from ..errors import InvalidPasswordError
from ..hashing import STORED_ALGORITHMS, hash_problem
from ..names import broken_rule
from ..settings import RealmSettings
from .values import PASSWORD_SOURCES, DesiredUser, FileAttributes, HashPolicy, State, UpdatePassword

if TYPE_CHECKING:
    from ..documents.fields import Fields

__all__ = [
    "pattern_rule",
    "read_attributes",
    "read_policy",
    "read_users",
    "role_rule",
    "system_text",
]

_USER_FIELDS: Final = (
    "name",
    "state",
    *PASSWORD_SOURCES,
    "update_password",
    "roles",
    "roles_add",
    "roles_remove",
)
_STATES: Final[tuple[State, ...]] = get_args(State)
_UPDATES: Final[tuple[UpdatePassword, ...]] = get_args(UpdatePassword)

#: The rules of any realm; those of the node are applied when a plan is made.
_DEFAULTS: Final = RealmSettings()
_MODE: Final = re.compile(r"0*[0-7]{1,4}", re.ASCII)


def read_users(fields: Fields) -> tuple[DesiredUser, ...]:
    """Read the users, a list or a mapping from their names; each name may occur once."""
    users: dict[str, DesiredUser] = {}
    for name, one in fields.mappings_by_name("users", _USER_FIELDS, "name"):
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
    _check_sources(fields)
    roles = fields.strings("roles", role_rule)
    roles_add = fields.strings("roles_add", role_rule) or ()
    roles_remove = fields.strings("roles_remove", _removed_role_rule) or ()
    if roles is not None and fields.given & {"roles_add", "roles_remove"}:
        fields.refuse("roles", "lists all roles of the user: use it, or [roles_add, roles_remove]")
    for role in roles_add:
        if role in roles_remove:
            fields.refuse("roles_add", f"[{shown_name(role)}] is also in [roles_remove]")
    password_file = system_text(fields, "password_file")
    user = DesiredUser(
        name=name or "",
        state=fields.choice("state", _STATES),
        password=_checked_password(fields),
        password_file=password_file and os.path.join(fields.document.folder, password_file),
        password_env=system_text(fields, "password_env"),
        password_hash=_checked_hash(fields),
        update_password=fields.choice("update_password", _UPDATES),
        roles=roles,
        roles_add=roles_add,
        roles_remove=roles_remove,
        source=fields.document.source,
        place=fields.place,
    )
    return None if name is None else user


def _read_name(fields: Fields) -> str | None:
    name = fields.string("name")
    if name is None:
        if fields.is_mapping and "name" not in fields.given:
            fields.refuse(None, "the [name] of the user is missing")
        return None
    return _valid_name(fields, "name", name)


def _valid_name(fields: Fields, key: str | None, name: object) -> str | None:
    rule = broken_rule(name, writable=True)
    if rule is not None or not isinstance(name, str):
        fields.refuse(key, f"[{shown_name(str(name))}] {rule}")
        return None
    return name


def role_rule(name: str) -> str | None:
    """Return the rule that the name of a role breaks, or None."""
    rule = broken_rule(name, writable=True)
    return rule and f"[{shown_name(name)}] {rule}"


def _removed_role_rule(name: str) -> str | None:
    """Accept names that could not be written now, since a file may contain them."""
    rule = broken_rule(name)
    return rule and f"[{shown_name(name)}] {rule}"


def _check_sources(fields: Fields) -> None:
    for source in PASSWORD_SOURCES:
        if fields.is_null(source):  # YAML reads an unquoted password that begins with [#] so
            fields.refuse(source, "has no value: put it in quotes, or leave the field out")
    given = [source for source in PASSWORD_SOURCES if source in fields.given]
    if len(given) > 1:
        fields.refuse(given[1], f"use only one of [{', '.join(given)}]")


def system_text(fields: Fields, key: str) -> str | None:
    """Return a string that can name a file or variable."""
    text = fields.string(key)
    if text is not None and (not text or "\0" in text or has_lone_surrogate(text)):
        fields.refuse(key, "must not be empty, nor contain U+0000 or a lone surrogate")
        return None
    return text


def _checked_password(fields: Fields) -> Secret | None:
    password = fields.string("password")
    if password is not None:
        try:
            NewCredentials(password, None, _DEFAULTS)
        except InvalidPasswordError as error:
            fields.refuse("password", error.rule)
    return None if password is None else Secret(password)


def _checked_hash(fields: Fields) -> Secret | None:
    password_hash = fields.string("password_hash")
    if password_hash is not None:
        problem = hash_problem(password_hash)
        if problem is not None:
            fields.refuse("password_hash", problem.reason)
    return None if password_hash is None else Secret(password_hash)


def read_policy(fields: Fields) -> HashPolicy:
    """Read the hash policy."""
    policy = fields.mapping("hash_policy", ("algorithm", "minimum_cost"))
    algorithm = policy.string("algorithm")
    if algorithm is not None and algorithm.lower() not in STORED_ALGORITHMS:
        known = ", ".join(STORED_ALGORITHMS)
        policy.refuse("algorithm", f"[{shown_name(algorithm)}] must be one of [{known}]")
        algorithm = None
    return HashPolicy(
        algorithm=algorithm and algorithm.lower(),
        minimum_cost=policy.number("minimum_cost"),
        place=policy.place,
    )


def read_attributes(fields: Fields) -> FileAttributes:
    """Read the attributes of both files."""
    attributes = fields.mapping("attributes", ("owner", "group", "mode"))
    mode = attributes.string("mode")
    if mode is not None and not _is_octal(mode):
        attributes.refuse(
            "mode", f"[{shown_name(mode)}] must be an octal number up to 7777, such as 0640"
        )
        mode = None
    return FileAttributes(
        owner=attributes.string_or_number("owner"),
        group=attributes.string_or_number("group"),
        mode=None if mode is None else int(mode, 8),
    )


def _is_octal(mode: str) -> bool:
    return bool(_MODE.fullmatch(mode))


def pattern_rule(pattern: str) -> str | None:
    """Return the rule that a pattern of protected names breaks, or None."""
    return None if pattern.strip() else "must not be empty"
