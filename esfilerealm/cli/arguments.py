"""What was typed: the options and arguments of one run, checked on their own."""

from __future__ import annotations

import os

from .._ground.showing import shown
from ..admin.known_roles import split_roles
from ..errors import InvalidAttributeError
from .exits import UsageError
from .options import ParsedLine
from .shared_options import ATTRIBUTES, ES_VERSIONS, STRATEGIES
from .terminal import NORMAL, SILENT, VERBOSE

__all__ = ["EXCLUDING", "Arguments"]

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from .._storage import ChangeLog, WriteArguments
    from .options import Command

    C = TypeVar("C", bound=str)
    T = TypeVar("T")

EXCLUDING = "options [s/silent] and [v/verbose] exclude each other"
_LAST_WITH_PATH_CONF = 5
#: Options of which an audit log tells the value, too.
_TOLD = frozenset(
    (
        *("roles", "add", "remove", "owner", "group", "mode", "attributes", "strategy", "keep"),
        *("purge", "protect", "update-password", "algorithm", "expires", "ttl", "select", "ignore"),
    )
)
#: Options of which it tells nothing: what they say stands in the line anyway, or does not matter.
_UNTOLD = frozenset(("audit", "config", "json", "silent", "verbose"))
_LONGEST_NUMBER = 9
"""Digits."""


class Arguments:
    """
    The options and arguments of a command.

    Attributes:
        command: The command that was typed.
        node: The node that they are for, if the command runs on several; else None.
    """

    def __init__(self, command: Command, line: ParsedLine, node: str | None = None) -> None:
        self.command = command
        self.node = node
        self._line = line
        self._read: dict[str, object] = {}

    @property
    def nodes(self) -> list[str]:
        """The configuration directories, if there are several; else nothing."""
        names = self.values("config")
        return names if len(names) > 1 else []

    def for_node(self, name: str) -> Arguments:
        """Return the same for one of several nodes."""
        line = ParsedLine()
        line.values = {**self._line.values, "config": [name]}
        line.arguments = self._line.arguments
        arguments = Arguments(self.command, line, name)
        arguments._read = self._read
        return arguments

    def read_once(self, option: str, read: Callable[[], T]) -> T:
        """Return what *read* returns for an option, once for all nodes: it may be a pipe."""
        if option not in self._read:
            self._read[option] = read()
        return self._read[option]  # type: ignore[return-value] # what `read` has returned

    def has(self, key: str) -> bool:
        """Check whether an option is given."""
        return key in self._line.values

    def value(self, key: str) -> str | None:
        """Return the value of an option, or None if it is not given."""
        values = self.values(key)
        return values[0] if values else None

    def values(self, key: str) -> list[str]:
        """Return all values of an option that may be repeated."""
        return self._line.values.get(key, [])

    @property
    def positionals(self) -> list[str]:
        """The arguments of a command that may have several."""
        return self._line.arguments

    @property
    def first(self) -> str:
        """The argument of a command that needs one."""
        return self._line.arguments[0]

    @property
    def optional(self) -> str | None:
        """The argument of a command that may be run without, or None."""
        return self._line.arguments[0] if self._line.arguments else None

    @property
    def verbosity(self) -> int:
        """
        How much to print.

        Raises:
            UsageError: If the options contradict each other.
        """
        if self.has("silent") and self.has("verbose"):
            raise UsageError(EXCLUDING)
        return SILENT if self.has("silent") else VERBOSE if self.has("verbose") else NORMAL

    def check(self) -> None:
        """
        Check the settings of ``-E`` and the number of arguments.

        Raises:
            UsageError: If a setting is malformed or repeated, or an argument is missing or extra.
        """
        self.settings()
        self._check_for_one()
        if self.command.checks_arguments:
            return
        given = len(self._line.arguments)
        command, expected = self.command, self.command.argument
        # The words are not shown: one of them may be a password in the wrong place.
        if not expected and given:
            raise UsageError(f"[{command.name}] takes no argument, got {given}")
        if given > 1 and not command.argument_is_repeatable:
            raise UsageError(f"expected one {expected}, got {given} arguments")
        if expected and not given and not command.argument_is_optional:
            raise UsageError(f"the {expected} is missing")

    def _check_for_one(self) -> None:
        """Refuse what a command takes for one node only, if there are several."""
        for what in self.command.for_one if self.nodes else ():
            key, _, value = what.partition("=")
            if self.has(key) and (not value or self.value(key) == value):
                shown_value = value and f" {value}"
                raise UsageError(f"option [{key}]{shown_value} is for one node: give one -c only")
            if key.lower() == self.command.argument and self.positionals:
                raise UsageError(f"the {key.lower()} stands for one node: give no -c")

    def settings(self) -> dict[str, str]:
        """Return the settings of ``-E``."""
        settings: dict[str, str] = {}
        for pair in self.values("E"):
            key, _, value = pair.partition("=")
            if not key or not value:
                raise UsageError(f"setting [{key}] must be given as key=value, and not be empty")
            if key in settings:
                raise UsageError(f"setting [{key}] is given twice")
            if key == "path.home":
                raise UsageError("setting [path.home] is fixed by the installation")
            if key == "path.conf" and self.elasticsearch_version != _LAST_WITH_PATH_CONF:
                raise UsageError(
                    "setting [path.conf] is refused by Elasticsearch 6 and later: give -c DIR, or "
                    "set ES_PATH_CONF; for a node of version 5, add --es-version 5"
                )
            settings[key] = value
        return settings

    @property
    def write_arguments(self) -> WriteArguments:
        """How to write, as ``UsersTool`` takes it."""
        return {
            "strategy": self.choice("strategy", STRATEGIES),
            "attributes": self.choice("attributes", ATTRIBUTES),
            "keep": self.number("keep", "a number of versions"),
            "allow_local_lock": self.has("allow-local-lock"),
            "audit": self.audit,
        }

    @property
    def audit(self) -> ChangeLog | None:
        """
        The audit log that an option or the environment names, or None.

        Raises:
            AuditLogError: If its path is empty, or the command writes and the key cannot be used.
        """
        if not self.has("audit") and not os.environ.get("ESFILEREALM_AUDIT"):
            return None
        from ..audit import AuditLog
        from ..audit.keys import named_by

        path, key_file = named_by(os.environ)
        given = self.value("audit")
        chosen = path if given is None else given
        options = [self._told(key) for key in sorted(self._line.values) if key not in _UNTOLD]
        log = AuditLog(chosen or "", key_file, command=self.command.name, options=options)
        if self.writes:
            log.require_key()
        return log

    def _told(self, key: str) -> str:
        """Return an option as an audit log tells it: its value only if it cannot be a secret."""
        return f"{key}={','.join(self.values(key))}" if key in _TOLD else key

    @property
    def known_roles(self) -> list[str]:
        """The roles that the command line declares to be known."""
        return [role for text in self.values("known-role") for role in split_roles(text)]

    @property
    def writes(self) -> bool:
        """Whether the command may change the files of the realm."""
        return self.command.writes and (self.has("fix") or not self.command.has("fix"))

    @property
    def protected(self) -> list[str]:
        """The patterns of names that nothing removes."""
        patterns = self.values("protect")
        if any(not pattern.strip() for pattern in patterns):
            raise UsageError("option [protect] must not be empty")
        return patterns

    @property
    def mode(self) -> int | None:
        """The permission bits that files are to get, or None."""
        text = self.value("mode")
        if text is None:
            return None
        if not text or len(text) > _LONGEST_NUMBER or text.strip("01234567"):
            raise InvalidAttributeError("mode", text, "must be an octal number such as 640")
        return int(text, 8)

    @property
    def elasticsearch_version(self) -> int | None:
        """The major version of the node, or None."""
        text = self.value("es-version")
        if text is None:
            return None
        if self.command.takes_releases:
            major = text.partition(".")[0]
            return int(major) if major.isascii() and major.isdecimal() else None
        major, *minor = text.split(".")
        is_release = len(minor) < 3 and all(part.isascii() and part.isdecimal() for part in minor)  # noqa: PLR2004 - 8.15.2
        if major not in ES_VERSIONS or not is_release:
            versions = f"{ES_VERSIONS[0]} to {ES_VERSIONS[-1]}"
            raise UsageError(f"option [es-version] is one of {versions}, not [{shown(text)}]")
        return int(major)

    def choice(self, key: str, choices: tuple[C, ...]) -> C:
        """Return the value of an option with a fixed set of values; the first is the default."""
        text = self.value(key)
        for choice in choices:
            if text in (None, choice):
                return choice
        hint = _hint(text or "", choices)
        raise UsageError(
            f"option [{key}] is one of [{', '.join(choices)}], not [{shown(text)}]{hint}"
        )

    def required_choice(self, key: str, choices: tuple[C, ...]) -> C:
        """Return the value of an option that must be given and has a fixed set of values."""
        if not self.has(key):
            raise UsageError(f"option [{key}] is missing: use one of [{', '.join(choices)}]")
        return self.choice(key, choices)

    def number(self, key: str, what: str) -> int | None:
        """Return the value of an option that is *what*, a number; None if it is not given."""
        text = self.value(key)
        if text is None:
            return None
        if not (text.isascii() and text.isdecimal() and len(text) <= _LONGEST_NUMBER):
            raise UsageError(f"option [{key}] needs {what}, not [{shown(text)}]")
        return int(text)


def _hint(text: str, choices: tuple[str, ...]) -> str:
    from .options import did_you_mean

    return did_you_mean(text, choices)
