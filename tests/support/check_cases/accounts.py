"""Cases of the rules about users that expire or are locked."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from support.hashes import CHEAP_HASH

from esfilerealm.hashing import locked_hash

from . import Case, RuleCases
from .realm import NOT_UTF8, USERS_IS_A_DIRECTORY

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["CASES"]

RECORD = "users.accounts"
LONG_AGO, MADE, IN_TIME = "2001-01-01T00:00:00+00:00", "2000-01-01T00:00:00+00:00", "2999-01-01"
IN_TIME += "T00:00:00+00:00"
BOB = f"bob:{CHEAP_HASH}\n"
LOCKED = f"bob:{locked_hash()}\n"

OVER = {"made": MADE, "expires": LONG_AGO}
RESCUE = {"made": MADE, "expires": IN_TIME, "emergency": True}
KEPT = {"hash": CHEAP_HASH, "locked": MADE}


def _private(directory: Path) -> None:
    for path in directory.glob(RECORD):
        path.chmod(0o600)


def _case(name: str, users: str, accounts: dict[str, object] | str | None, **more) -> Case:
    files: dict[str, str | None] = {"users": users}
    if isinstance(accounts, dict):
        files[RECORD] = json.dumps({"version": 1, "users": accounts})
    elif accounts is not None:
        files[RECORD] = accounts
    return Case(name, files, more.pop("prepare", _private), **more)


def _readable(directory: Path) -> None:
    (directory / RECORD).chmod(0o640)


def _of_stranger(directory: Path) -> None:
    """Nobody but root can do that; elsewhere a file that is no record fires as well."""
    import os

    if hasattr(os, "geteuid") and os.geteuid() == 0:
        os.chown(directory / RECORD, 4711, -1)
    else:
        (directory / RECORD).write_text("[]")


MALFORMED = _case("a record that is none", BOB, "not JSON")
UNREADABLE = (USERS_IS_A_DIRECTORY,)
WITH_RECORD = (NOT_UTF8, *UNREADABLE, MALFORMED)

CASES = {
    "EFR131": RuleCases(
        (
            _case(
                "a user whose time is over",
                f"# people\n{BOB}",
                {"bob": OVER},
                finds={"path": "users", "line": 2, "subject": "bob", "message": "[2001-01-01T"},
            ),
            _case("an emergency that is over", BOB, {"bob": {**OVER, "emergency": True}}),
        ),
        (
            _case("a user whose time comes", BOB, {"bob": {**OVER, "expires": IN_TIME}}),
            _case("nobody of that name", BOB, {"al": OVER}),
            _case("no record", BOB, None),
        ),
        WITH_RECORD,
    ),
    "EFR132": RuleCases(
        (
            _case(
                "a user for an emergency",
                BOB,
                {"bob": RESCUE},
                finds={"line": 1, "subject": "bob", "message": "until [2999-01-01T00:00:00Z]"},
            ),
        ),
        (
            _case("a user that expires", BOB, {"bob": {**RESCUE, "emergency": False}}),
            _case("an emergency that is over", BOB, {"bob": {**OVER, "emergency": True}}),
            _case("nobody of that name", BOB, {"al": RESCUE}),
        ),
        WITH_RECORD,
    ),
    "EFR133": RuleCases(
        (
            _case("a locked user without a record", LOCKED, None, finds={"subject": "bob"}),
            _case("a locked user without a hash", LOCKED, {"bob": RESCUE}),
        ),
        (
            _case("a locked user", LOCKED, {"bob": KEPT}),
            _case("a user that is not locked", BOB, None),
        ),
        WITH_RECORD,
    ),
    "EFR134": RuleCases(
        (_case("a new password of a locked user", BOB, {"bob": KEPT}, finds={"line": 1}),),
        (
            _case("a locked user", LOCKED, {"bob": KEPT}),
            _case("a user that was unlocked", BOB, {"bob": {"hash": CHEAP_HASH}}),
            _case("a locked user that was removed", "", {"bob": KEPT}),
        ),
        WITH_RECORD,
    ),
    "EFR135": RuleCases(
        (
            _case("a record that is none", BOB, "not JSON", finds={"path": RECORD}),
            _case("a record of a later version", BOB, '{"version": 2, "users": {}}'),
            _case("a record of a stranger", BOB, {"bob": RESCUE}, prepare=_of_stranger),
        ),
        (_case("a record", BOB, {"bob": RESCUE}), _case("no record", BOB, None)),
        (
            *UNREADABLE,
            Case("a directory in its place", {}, lambda folder: (folder / RECORD).mkdir()),
        ),
    ),
    "EFR136": RuleCases(
        (
            _case(
                "a record that the group may read",
                BOB,
                {"bob": RESCUE},
                prepare=_readable,
                finds={"path": RECORD, "message": "mode [0640]"},
            ),
        ),
        (_case("a private record", BOB, {"bob": RESCUE}), _case("no record", BOB, None)),
        UNREADABLE,
    ),
    "EFR137": RuleCases(
        (
            _case("a user that is gone", "", {"bob": RESCUE}, finds={"subject": "bob"}),
            _case("a locked user that is gone", "", {"bob": KEPT}, finds={"path": RECORD}),
        ),
        (_case("a user that is there", BOB, {"bob": RESCUE}), _case("no record", "", None)),
        WITH_RECORD,
    ),
}
