"""Every way in which a name gets into the files of a realm, and what they must say afterwards."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from crash.processes import command
from support.hashes import CHEAP_HASH, SHA_HASH

from esfilerealm import UsersTool
from esfilerealm.cli.exits import OK
from esfilerealm.errors import FileRealmError
from esfilerealm.formats import edit_users, edit_users_roles, parse_users, parse_users_roles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from esfilerealm.admin.transaction import Transaction

#: A user and its hash, or a user and a role of it.
Fact = tuple[str, str]
Facts = set[Fact]


class AttackPath(NamedTuple):
    """
    A way for one name.

    Attributes:
        go: Hands it in, for the realm in a folder; raises if it is refused.
        after: From what was true before to what is true then; there, ``bob`` is a user, and the
            hash of everybody is ``CHEAP_HASH``.
    """

    go: Callable[[Path, str], object]
    after: Callable[[Facts, str], Facts]


def facts_of(files: dict[str, bytes]) -> Facts:
    """Return every fact in both files, which come by name."""
    roles = parse_users_roles(files["users_roles"]).roles_by_user
    facts = {(user, role) for user in roles for role in roles[user]}
    return {*parse_users(files["users"]).users.items()} | facts


def _add(tool: UsersTool | Transaction, name: str, role: str) -> None:
    tool.useradd(name, password_hash=SHA_HASH, roles=[role])


def _add_and_give_a_role(folder: Path, name: str) -> None:
    with UsersTool(folder).transaction() as change:
        _add(change, name, "viewer")
        change.roles(name, add=["fresh"])


def _edit(folder: Path, user: str, password_hash: str | None) -> None:
    path = folder / "users"
    path.write_bytes(edit_users(path.read_bytes(), {user: password_hash}))


def _edit_roles(folder: Path, user: str, roles: list[str] | None) -> None:
    path = folder / "users_roles"
    path.write_bytes(edit_users_roles(path.read_bytes(), {user: roles}))


def _command(folder: Path, *words: str) -> None:
    exit_code, error = command(words[0], "-c", str(folder), *words[1:])
    assert "unexpected" not in error
    if exit_code != OK:
        raise FileRealmError(error)


def _with(facts: Facts, user: str, *what: str) -> Facts:
    return facts | {(user, each) for each in what}


def _without(facts: Facts, user: str, *what: str) -> Facts:
    return facts - {(user, each) for each in what}


def _with_other_hash(facts: Facts, user: str) -> Facts:
    return _with(_without(facts, user, CHEAP_HASH), user, SHA_HASH)


def _with_roles(facts: Facts, user: str, roles: Iterable[str]) -> Facts:
    return {fact for fact in facts if fact[0] != user or fact[1] == CHEAP_HASH} | _with(
        set(), user, *roles
    )


def _without_user(facts: Facts, user: str) -> Facts:
    return {fact for fact in facts if fact[0] != user}


def _listed(names: str) -> list[str]:
    """Return the names of a list with commas, as the command reads one; it may end with a comma."""
    return names.rstrip(",").split(",") if names.strip(",") else []


_NEW = ("useradd", "new", "--hash", SHA_HASH)

#: Options whose value is no name, and may bring in none.
_OPTIONS = ("owner", "group", "mode", "attributes", "strategy", "keep")

ATTACK_PATHS = {
    "useradd": AttackPath(
        lambda folder, name: _add(UsersTool(folder), name, "viewer"),
        lambda facts, name: _with(facts, name, SHA_HASH, "viewer"),
    ),
    "useradd, role": AttackPath(
        lambda folder, name: _add(UsersTool(folder), "new", name),
        lambda facts, name: _with(facts, "new", SHA_HASH, name),
    ),
    "userdel": AttackPath(lambda folder, name: UsersTool(folder).userdel(name), _without_user),
    "passwd": AttackPath(
        lambda folder, name: UsersTool(folder).passwd(name, password_hash=SHA_HASH),
        _with_other_hash,
    ),
    "roles": AttackPath(
        lambda folder, name: UsersTool(folder).roles(name, add=["fresh"]),
        lambda facts, name: _with(facts, name, "fresh"),
    ),
    "roles, to add": AttackPath(
        lambda folder, name: UsersTool(folder).roles("bob", add=[name]),
        lambda facts, name: _with(facts, "bob", name),
    ),
    "roles, to remove": AttackPath(
        lambda folder, name: UsersTool(folder).roles("bob", remove=[name]),
        lambda facts, name: _without(facts, "bob", name),
    ),
    "transaction": AttackPath(
        _add_and_give_a_role,
        lambda facts, name: _with(facts, name, SHA_HASH, "viewer", "fresh"),
    ),
    "edit_users": AttackPath(
        lambda folder, name: _edit(folder, name, SHA_HASH),
        _with_other_hash,
    ),
    "edit_users, to remove": AttackPath(
        lambda folder, name: _edit(folder, name, None),
        lambda facts, name: _without(facts, name, CHEAP_HASH),
    ),
    "edit_users_roles": AttackPath(
        lambda folder, name: _edit_roles(folder, name, ["fresh"]),
        lambda facts, name: _with_roles(facts, name, ["fresh"]),
    ),
    "edit_users_roles, to remove": AttackPath(
        lambda folder, name: _edit_roles(folder, name, None),
        lambda facts, name: _with_roles(facts, name, []),
    ),
    "edit_users_roles, role": AttackPath(
        lambda folder, name: _edit_roles(folder, "bob", [name]),
        lambda facts, name: _with_roles(facts, "bob", [name]),
    ),
    "useradd command": AttackPath(
        lambda folder, name: _command(folder, "useradd", "--hash", SHA_HASH, "--", name),
        lambda facts, name: _with(facts, name, SHA_HASH),
    ),
    "useradd command, --roles": AttackPath(
        lambda folder, name: _command(folder, *_NEW, "--roles", name),
        lambda facts, name: _with(facts, "new", SHA_HASH, *_listed(name)),
    ),
    "userdel command": AttackPath(
        lambda folder, name: _command(folder, "userdel", "--", name),
        _without_user,
    ),
    "passwd command": AttackPath(
        lambda folder, name: _command(folder, "passwd", "--hash", SHA_HASH, "--", name),
        _with_other_hash,
    ),
    "roles command": AttackPath(
        lambda folder, name: _command(folder, "roles", "-a", "fresh", "--", name),
        lambda facts, name: _with(facts, name, "fresh"),
    ),
    "roles command, --add": AttackPath(
        lambda folder, name: _command(folder, "roles", "bob", "--add", name),
        lambda facts, name: _with(facts, "bob", *_listed(name)),
    ),
    "roles command, --remove": AttackPath(
        lambda folder, name: _command(folder, "roles", "bob", "--remove", name),
        lambda facts, name: _without(facts, "bob", *_listed(name)),
    ),
    **{
        f"useradd command, --{option}": AttackPath(
            partial(lambda word, folder, name: _command(folder, *_NEW, word, name), f"--{option}"),
            lambda facts, _name: _with(facts, "new", SHA_HASH),
        )
        for option in _OPTIONS
    },
}
