"""Rules about users that expire or are locked: ``EFR13x``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from ..._ground import moments
from ..._ground.showing import shown_name
from ...findings import Fix
from ...hashing import is_locked
from ..parts import Unreadable, unreadable
from ..registry import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..._storage import Account
    from ...findings import Finding
    from ..node import Node
    from ..registry import Rule

_FOR_OTHERS: Final = 0o077
_PRIVATE: Final = 0o600


@rule("EFR131", "user whose time is over", severity="error")
def time_is_over(node: Node) -> Iterator[Finding | Unreadable]:
    """
    The user was to be removed at a time that is over, and nobody has used the directory since. A
    node knows nothing of times: it still lets the user in.

    Advice: Remove it with `esfilerealm sweep`, and let a timer run that.
    """
    over = {name: each for name, each in _present(node).items() if each.is_over(moments.now())}
    for name, line in node.lines_of_users(over).items():
        message = f"the time of [{shown_name(name)}] is over{_since(over[name])}"
        yield _of_user(time_is_over, node, name, line, message)


@rule("EFR132", "user for an emergency", severity="warning")
def emergency_user(node: Node) -> Iterator[Finding | Unreadable]:
    """
    Somebody has made a user for an emergency, usually with all rights, by `esfilerealm rescue`, and
    its time is not over.

    Advice: Remove it with `esfilerealm userdel` as soon as nobody needs it.
    """
    there = {
        name: each
        for name, each in _present(node).items()
        if each.is_emergency and not each.is_over(moments.now())
    }
    for name, line in node.lines_of_users(there).items():
        message = f"[{shown_name(name)}] was made for an emergency, and stays{_until(there[name])}"
        yield _of_user(emergency_user, node, name, line, message)


@rule("EFR133", "locked user without its password", severity="warning")
def lock_for_good(node: Node) -> Iterator[Finding | Unreadable]:
    """
    The hash in users is that of a locked user, and the user's own hash was not kept, or no longer
    is: it came from another machine, or somebody removed the record.

    Advice: Set a password with `esfilerealm passwd`, and then run `esfilerealm unlock`.
    """
    accounts = _usable(node)
    lost = [
        name
        for name, text in node.realm.hashes.items()
        if is_locked(text) and (name not in accounts or accounts[name].kept_hash is None)
    ]
    for name, line in node.lines_of_users(lost).items():
        message = f"[{shown_name(name)}] is locked, and its own hash was not kept"
        yield _of_user(lock_for_good, node, name, line, message)


@rule("EFR134", "lock that another program has lifted", severity="warning")
def lifted_lock(node: Node) -> Iterator[Finding | Unreadable]:
    """
    The user was locked, and another program has set a password since, which does not know of locks.
    A node lets the user in. The next write takes the user for unlocked.

    Advice: Lock it again with `esfilerealm lock`, or leave it.
    """
    hashes = node.realm.hashes
    lifted = [
        name
        for name, each in _present(node).items()
        if each.locked is not None and not is_locked(hashes[name])
    ]
    for name, line in node.lines_of_users(lifted).items():
        message = f"[{shown_name(name)}] was locked, and has another password now"
        yield _of_user(lifted_lock, node, name, line, message)


@rule("EFR135", "unusable record of accounts", severity="error")
def unusable_record(node: Node) -> Iterator[Finding | Unreadable]:
    """
    The record users.accounts says who is removed when, and has the hashes of locked users. While it
    is malformed or belongs to somebody else, nobody expires, and nobody can be unlocked.

    Advice: Correct its owner, or put it back from a backup; or remove it, and set new passwords for
    locked users.
    """
    record = node.accounts
    if record.fault is not None:
        found = unreadable(record.fault)
        if not record.file.exists:  # the system refuses: it may be right
            yield Unreadable(found.reason, record.file.path)
        else:
            yield unusable_record.finding(found.reason, path=record.file.path)


@rule("EFR136", "record of accounts that others may read", severity="error")
def open_record(node: Node) -> Iterator[Finding | Unreadable]:
    """
    The record users.accounts holds the hashes of locked users, and decides who is removed. Only its
    owner needs it; no node reads it.

    Advice: Take all rights from the others with chmod 600 or --fix.
    """
    path = node.accounts.file.path
    found = node.entry(path)
    if not hasattr(os, "geteuid"):
        yield Unreadable("this system has no owners and modes as a node on Linux has them")
    elif found is not None and found.kind == "file" and found.mode & _FOR_OTHERS:
        message = f"mode [{found.mode:04o}]: others than its owner have rights"
        fix = Fix(kind="set_mode", path=path, mode=found.mode & _PRIVATE)
        yield open_record.finding(message, path=path, fix=fix)


@rule("EFR137", "account of a user that is not there", severity="info")
def account_without_user(node: Node) -> Iterator[Finding | Unreadable]:
    """
    The record users.accounts speaks of a user whom another program has removed. The next write
    forgets it, unless there is a user of that name again by then, who would be removed in time.

    Advice: Run `esfilerealm sweep`.
    """
    lost = _usable(node).keys() - node.realm.hashes.keys()
    for names in node.kept_hashes.values():  # of a version that an undo may bring back
        lost = set() if isinstance(names, Unreadable) else lost - names
    for name in sorted(lost):
        message = f"it speaks of [{shown_name(name)}], and there is no such user"
        subject = shown_name(name)
        path = node.accounts.file.path
        yield account_without_user.finding(message, path=path, subject=subject)


def _usable(node: Node) -> dict[str, Account]:
    """Return what the record says; nothing if it cannot be used, which another rule reports."""
    fault = node.accounts.fault
    if fault is not None:
        raise unreadable(fault)
    return dict(node.accounts.by_name)


def _present(node: Node) -> dict[str, Account]:
    hashes = node.realm.hashes
    return {name: account for name, account in _usable(node).items() if name in hashes}


def _since(account: Account) -> str:
    return "" if account.expires is None else f" since [{moments.shown_time(account.expires)}]"


def _until(account: Account) -> str:
    return "" if account.expires is None else f" until [{moments.shown_time(account.expires)}]"


def _of_user(broken: Rule, node: Node, name: str, line: int, message: str) -> Finding:
    return broken.finding(message, path=node.paths.users, line=line, subject=shown_name(name))
