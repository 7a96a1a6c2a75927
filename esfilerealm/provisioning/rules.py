"""What the strings of a document must be: for the reader, and as far as JSON Schema can say it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from .._ground import moments
from .._ground.java import has_lone_surrogate
from .._ground.showing import shown_name
from ..admin.credentials import NewCredentials
from ..documents.kinds import Rule, whole
from ..errors import InvalidExpiryError, InvalidPasswordError
from ..hashing import HASH_PREFIXES, STORED_ALGORITHMS, hash_problem
from ..names import MAX_NAME_LENGTH, MIN_PASSWORD_LENGTH, broken_rule
from ..settings import RealmSettings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .values import Expiry

__all__ = [
    "ALGORITHM",
    "EXPIRY",
    "HASH",
    "MODE",
    "NEVER",
    "OLD_NAME",
    "PASSWORD",
    "PATTERN",
    "SETTING_NAME",
    "SYSTEM_TEXT",
    "WRITABLE_NAME",
    "broken_name",
    "expiry_of",
]

NEVER: Final = "never"
"""The time of a user who does not expire."""

#: The rules of any realm; those of the node are applied when a plan is made.
_DEFAULTS: Final = RealmSettings()
_OCTAL: Final = re.compile(r"0*[0-7]{1,4}", re.ASCII)


def broken_name(name: object) -> str | None:
    """Return the rule that the name of a user or role breaks, or None."""
    rule = broken_rule(name, writable=True)
    return rule and f"[{shown_name(str(name))}] {rule}"


def _broken_old_name(name: str) -> str | None:
    """Accept names that could not be written now, since a file may contain them."""
    rule = broken_rule(name)
    return rule and f"[{shown_name(name)}] {rule}"


def _broken_password(password: str) -> str | None:
    try:
        NewCredentials(password, None, _DEFAULTS)
    except InvalidPasswordError as error:
        return error.rule
    return None


def _broken_hash(text: str) -> str | None:
    problem = hash_problem(text)
    return None if problem is None else problem.reason


def _broken_system_text(text: str) -> str | None:
    """Check what is to name a file or variable."""
    if not text or "\0" in text or has_lone_surrogate(text):
        return "must not be empty, nor contain U+0000 or a lone surrogate"
    return None


def _broken_pattern(pattern: str) -> str | None:
    return None if pattern.strip() else "must not be empty"


def _broken_algorithm(name: str) -> str | None:
    if name.isascii() and name.lower() in STORED_ALGORITHMS:
        return None
    return f"[{shown_name(name)}] must be one of [{', '.join(STORED_ALGORITHMS)}]"


def _broken_mode(mode: str) -> str | None:
    if _OCTAL.fullmatch(mode):
        return None
    return f"[{shown_name(mode)}] must be an octal number up to 7777, such as 0640"


def _broken_expiry(text: str) -> str | None:
    if text == NEVER:
        return None
    try:
        time = moments.parse_expiry(text, moments.now())
    except InvalidExpiryError:
        return (
            "must be [never] or a time such as 2026-12-01 or 2026-12-01T08:00+01:00; without a "
            "zone it is UTC"
        )
    if moments.is_duration(text):
        until = moments.shown_time(time)
        return f"[{text}] is a duration, which each run would begin anew: write [{until}]"
    return None


def expiry_of(text: str) -> Expiry:
    """Return the time that a document gives, which keeps the rule ``EXPIRY``."""
    return NEVER if text == NEVER else moments.parse_expiry(text, moments.now())


def _in_any_case(words: Iterable[str]) -> str:
    """Return a pattern of words in any letter case, for which JSON Schema has no flag."""
    each = ("".join(f"[{c}{c.upper()}]" if c.isalpha() else c for c in word) for word in words)
    return whole("|".join(each))


_LENGTH: Final = {"minLength": 1, "maxLength": MAX_NAME_LENGTH}
#: Printable ASCII without `,` and `:`; no space at either end, and no `#` at the start.
WRITABLE_NAME: Final = Rule(
    broken_name,
    {
        **_LENGTH,
        "pattern": whole(r'[!"$-+\--9;-~](?:[ -+\--9;-~]*[!-+\--9;-~])?'),
    },
)
OLD_NAME: Final = Rule(
    _broken_old_name,
    {**_LENGTH, "pattern": whole("[!-~](?:[ -~]*[!-~])?")},
)
#: Java counts a character beyond U+FFFF twice.
PASSWORD: Final = Rule(
    _broken_password,
    {
        "anyOf": [
            {"minLength": MIN_PASSWORD_LENGTH},
            {"minLength": MIN_PASSWORD_LENGTH // 2, "pattern": "[^\\u0000-\\uffff]"},
        ]
    },
)
HASH: Final = Rule(_broken_hash, {"pattern": f"^(?:{'|'.join(map(re.escape, HASH_PREFIXES))})"})
SYSTEM_TEXT: Final = Rule(_broken_system_text, {"pattern": "^[^\\u0000]+$"})
PATTERN: Final = Rule(_broken_pattern, {"pattern": r"\S"})
ALGORITHM: Final = Rule(
    _broken_algorithm,
    {"anyOf": [{"enum": list(STORED_ALGORITHMS)}, {"pattern": _in_any_case(STORED_ALGORITHMS)}]},
)
MODE: Final = Rule(_broken_mode, {"pattern": whole(_OCTAL.pattern)})
#: The reader knows more, such as that no month has 32 days.
EXPIRY: Final = Rule(_broken_expiry, {"pattern": whole(f"{NEVER}|{moments.TIME}")})
#: Who reads the names of settings checks them, since they may be any if they are to be absent.
SETTING_NAME: Final = Rule(lambda _: None, {"pattern": whole(r"[A-Za-z0-9_\-.]+")})
