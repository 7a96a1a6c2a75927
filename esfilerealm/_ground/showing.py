"""
What a message may show of strings that others wrote, where a secret may stand by mistake.

Every text on its way to a terminal, log or exception goes through ``printable``, which leaves
nothing in it that a terminal obeys or a reader cannot see, and no hash. That happens at the face:
in ``FileRealmError``, in ``get_logger``, in ``Terminal`` and, by ``in_one_line``, in what describes
itself. So no message can be made around it.
"""

from __future__ import annotations

__all__ = [
    "CLEAR_TEXT",
    "in_one_line",
    "is_shown_whole",
    "printable",
    "printable_lines",
    "shown",
    "shown_key",
    "shown_name",
]

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Concatenate, Final, ParamSpec, TypeVar

    P = ParamSpec("P")
    S = TypeVar("S")

CLEAR_TEXT: Final = "a node lets in whoever types the text itself: "
"""How the reason begins why a text that a node takes for clear text is not a usable hash."""

_LONGEST: Final = 60
_LONGEST_KEY: Final = 41


#: A hash of any program, from its prefix on.
_HASH: Final = (
    r"(\$(?:2[a-z]?|apr1|[1567y]|argon2\w*|scrypt|pbkdf2[\w-]*)\$"
    r"|\{(?:bcrypt|pbkdf2|s?sha|s?md5|argon2|crypt)[\w-]*\}(?=\S*\d))[^\s;'\"\[\]]{8,}"
)

#: Characters that Unicode counts as printable and that nobody sees, by their first and last.
_UNSEEN: Final = (
    ("\u034f", "\u034f"),
    ("\u115f", "\u1160"),
    ("\u17b4", "\u17b5"),
    ("\u180b", "\u180f"),
    ("\u2800", "\u2800"),
    ("\u3164", "\u3164"),
    ("\ufe00", "\ufe0f"),
    ("\uffa0", "\uffa0"),
    ("\U000e0100", "\U000e01ef"),
)


def printable(text: str) -> str:
    """
    Return *text* as one line that shows what is in it.

    Controls of the terminal and of the direction of text, line ends, characters without a width and
    lone surrogates are escaped as in a Python string; a hash is left out.
    """
    if "$" in text or "{" in text:
        import re  # only here, since most texts contain neither

        text = re.sub(_HASH, "(a hash)", text, flags=re.ASCII | re.IGNORECASE)
    if text.isprintable() and text.isascii():
        return text
    return "".join(map(_escaped, text))


def printable_lines(text: str) -> str:
    """Return *text*, of which this package has made the lines, with each of them printable."""
    return "\n".join(map(printable, text.split("\n")))


def in_one_line(method: Callable[Concatenate[S, P], str]) -> Callable[Concatenate[S, P], str]:
    """Decorate a method that describes a value, so that its text is printable."""

    def described(self: S, /, *args: P.args, **kwargs: P.kwargs) -> str:
        return printable(method(self, *args, **kwargs))

    described.__name__, described.__doc__ = method.__name__, method.__doc__
    described.__qualname__, described.__module__ = method.__qualname__, method.__module__
    return described


def _escaped(character: str) -> str:
    is_seen = character.isprintable() and (
        character.isascii() or not any(first <= character <= last for first, last in _UNSEEN)
    )
    return character if is_seen else character.encode("unicode_escape").decode()


def shown(value: object, longest: int = _LONGEST) -> str:
    """Return *value* fit for one line of a message: no control characters, at most *longest*."""
    text = value if isinstance(value, str) else repr(value)
    text = printable(text)
    if len(text) <= longest:
        return text
    return f"{text[:longest]}… ({len(text)} characters)"


def shown_name(name: str) -> str:
    """Return *name* without what may be secret: a hash, or anything after a colon."""
    if _is_hash_like(name):
        return "(a hash)"
    head, colon, _ = name.partition(":")
    return shown(head) + (":…" if colon else "")


def is_shown_whole(name: str) -> bool:
    """Check whether ``shown_name`` conceals nothing of *name*, since it cannot be secret."""
    return ":" not in name and not _is_hash_like(name)


def _is_hash_like(name: str) -> bool:
    """Check whether a name contains what hashes begin with, such as `$2y$` and `{SHA}`."""
    import re  # not above, since `list` rarely needs it

    return re.search(r"\$[\w-]+\$|\{[\w-]+\}|^[${]", name, re.ASCII) is not None


def shown_key(key: str) -> str:
    """Return *key* if it looks like a key; after a missing blank, it may contain a password."""
    is_key = key.isascii() and key.isidentifier() and len(key) <= _LONGEST_KEY
    return key if is_key else "(a key)"
