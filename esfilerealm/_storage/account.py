"""The account of one user in the record, and the JSON that holds all of them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from ..errors import FileFormatError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import NoReturn

    from .._ground.moments import Moment

__all__ = ["Account", "accounts_data", "parse_accounts"]

_VERSION: Final = 1
_TEXT: Final = (str, type(None))

_MALFORMED: Final = (
    "it is not a record of accounts that this version of esfilerealm can read; if it is removed, "
    "no user expires any more, and users that are locked need a new password"
)


@dataclass(frozen=True, slots=True)
class Account:
    """
    What the record says of one user.

    Attributes:
        made: When its time was set; times are in UTC.
        expires: When its time is over; None for never.
        is_emergency: Whether it was made to rescue a node.
        boot: In which start of the system its time was set; None where the system does not tell.
        uptime: How many seconds that start was past then; None likewise.
        kept_hash: The hash of its password, while ``users`` has that of a locked user.
        locked: Since when it is locked; None if it is not, though a version may still be.
    """

    made: datetime | None = None
    expires: datetime | None = None
    is_emergency: bool = False
    boot: str | None = None
    uptime: float | None = None
    kept_hash: str | None = field(default=None, repr=False)
    locked: datetime | None = None

    def __reduce__(self) -> NoReturn:
        raise TypeError("an account holds a password hash and cannot be pickled")

    @property
    def says_nothing(self) -> bool:
        """Whether it need not be kept."""
        return self.expires is None and self.kept_hash is None

    def is_over(self, moment: Moment) -> bool:
        """
        Check whether the time of the user is over by either of both clocks.

        That of an emergency user is also over if nobody can tell: the wall clock has gone back, and
        the system has started again since.
        """
        if self.expires is None or self.made is None:
            return False
        if moment.time >= self.expires:
            return True
        if self.boot is not None and self.boot == moment.boot:
            passed = (moment.uptime or 0.0) - (self.uptime or 0.0)
            return passed >= (self.expires - self.made) / timedelta(seconds=1)
        return self.is_emergency and moment.time < self.made


def accounts_data(accounts: Mapping[str, Account]) -> bytes:
    """Return the content of a record."""
    users = {name: _told(accounts[name]) for name in sorted(accounts)}
    return json.dumps({"version": _VERSION, "users": users}, indent=1).encode() + b"\n"


def _told(account: Account) -> dict[str, object]:
    """Return what is worth saying of an account."""
    told = {
        "made": account.made,
        "expires": account.expires,
        "emergency": account.is_emergency or None,
        "boot": account.boot,
        "uptime": account.uptime,
        "hash": account.kept_hash,
        "locked": account.locked,
    }
    return {
        key: value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value
        for key, value in told.items()
        if value is not None
    }


def parse_accounts(data: bytes, source: str) -> dict[str, Account]:
    """
    Read the content of a record.

    Raises:
        FileFormatError: If it is malformed, or a later version of this package wrote it; the
            message names *source*.
    """
    try:
        content = json.loads(data)
        if type(content["version"]) is int and content["version"] == _VERSION:
            return {name: _account(**told) for name, told in content["users"].items()}
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
        pass
    # Not in the handler: its error may hold a hash, and would be the context of this one.
    raise FileFormatError(source, 1, _MALFORMED)


def _account(
    *,
    made: str | None = None,
    expires: str | None = None,
    emergency: bool = False,
    boot: str | None = None,
    uptime: float | None = None,
    hash: str | None = None,
    locked: str | None = None,
) -> Account:
    is_text = all(isinstance(text, _TEXT) for text in (made, expires, boot, hash, locked))
    is_number = uptime is None or type(uptime) in (int, float)
    if not is_text or not is_number or not isinstance(emergency, bool):
        raise TypeError
    times = [None if text is None else _time(text) for text in (made, expires, locked)]
    if (times[0] is None) != (times[1] is None) or hash == "":
        raise ValueError
    passed = None if uptime is None else float(uptime)
    return Account(times[0], times[1], emergency, boot, passed, hash, times[2])


def _time(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError
    return time.astimezone(UTC)
