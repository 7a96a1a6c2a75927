"""Cases of the rules about hashes."""

from __future__ import annotations

from support.hashes import CHEAP_HASH

from . import Case, RuleCases
from .realm import NOT_UTF8, USERS_IS_A_DIRECTORY

__all__ = ["CASES"]

APACHE = "$apr1$aaaaaaaa$bbbbbbbbbbbbbbbbbbbbbb"
UNREADABLE = (NOT_UTF8, USERS_IS_A_DIRECTORY)
SOUND = Case("a sound hash", {"users": f"bob:{CHEAP_HASH}\n"})


def stored(name: str, text: str) -> Case:
    """Return a case in which this text is the hash of the second user."""
    users = f"al:{CHEAP_HASH}\nbob:{text}\n"
    return Case(name, {"users": users}, finds={"path": "users", "line": 2, "subject": "bob"})


CASES = {
    "EFR201": RuleCases(
        (stored("a password", "swordfish"),),
        (SOUND, stored("the hash of another program", APACHE)),
        UNREADABLE,
    ),
    "EFR202": RuleCases(
        (stored("the hash of another program", APACHE),),
        (SOUND, stored("a password", "swordfish")),
        UNREADABLE,
    ),
    "EFR203": RuleCases(
        (stored("a hash with a sign that none has", CHEAP_HASH[:-1] + "!"),),
        (SOUND, stored("the hash of another program", APACHE)),
        UNREADABLE,
    ),
}
