"""What an administrator decides about the rules: ``esfilerealm.toml``."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Final, Literal, get_args

from .._ground.faults import FaultsOf
from ..errors import (
    ConfigurationFileMissingError,
    InvalidDesiredStateError,
    InvalidRuleCodeError,
    InvalidRulesFileError,
)
from ..names import broken_rule
from .limits import Limits
from .opening import read_bytes
from .parts import Unreadable
from .registry import all_rules
from .selection import codes_of

if TYPE_CHECKING:
    from ..documents.document import Document
    from ..documents.fields import Fields

__all__ = ["FAIL_ON", "FILE_NAME", "Configuration", "FailOn", "find_configuration"]

FILE_NAME: Final = "esfilerealm.toml"
"""The name of the file beside the realm."""

FailOn = Literal["error", "warning", "info", "never"]

FAIL_ON: Final[tuple[FailOn, ...]] = get_args(FailOn)

_LARGEST: Final = 2**20
_KEYS: Final = ("select", "ignore", "known_roles", "fail_on", "limits")


@dataclass(frozen=True, slots=True)
class Configuration:
    """
    Which rules count, and from when on.

    Attributes:
        select: Codes of rules or beginnings of codes; empty for all.
        ignore: Likewise, of those that are left out.
        known_roles: Roles that the role API defines.
        fail_on: The least severity that is a failure.
        limits: The thresholds.
    """

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    known_roles: tuple[str, ...] = ()
    fail_on: FailOn = "warning"
    limits: Limits = field(default_factory=Limits)

    @classmethod
    def read(cls, data: bytes, source: str) -> Configuration:
        """
        Read a file.

        Args:
            data: The whole file, TOML.

            source: Its name for messages.

        Raises:
            InvalidRulesFileError: With everything that is wrong.
        """
        from ..documents.document import read_document

        try:
            document = read_document(data, "toml", source)
        except InvalidDesiredStateError as error:
            raise InvalidRulesFileError(error.issues) from None
        issues: list[str] = []
        configuration = _configuration(document, issues)
        if issues:
            raise InvalidRulesFileError(tuple(issues))
        return configuration

    @classmethod
    def load(cls, path: str) -> Configuration:
        """
        Load a file that somebody has named.

        Raises:
            ConfigurationFileMissingError: If there is none.
            InvalidRulesFileError: With everything that is wrong.
            FilePermissionError, FileAccessError: If it cannot be read.
        """
        data = _bytes(path)
        if data is None:
            raise ConfigurationFileMissingError(path, "check the path of the rules")
        return cls.read(data, path)


def find_configuration(config_dir: str) -> Configuration:
    """
    Load the file beside a realm; without one, return the defaults.

    Raises:
        InvalidRulesFileError: With everything that is wrong, or if somebody else than root, we or
            the owner of the directory could have written it: whoever may add a file to the
            directory could silence every rule.
        FilePermissionError, FileAccessError: If it cannot be read.
    """
    path = os.path.join(config_dir, FILE_NAME)
    data = _bytes(path)
    if data is None:
        return Configuration()
    with FaultsOf(path, "examining"):
        rule = _doubt(os.lstat(path), os.stat(config_dir))
    if rule is not None:
        raise InvalidRulesFileError((f"[{path}]: {rule}",))
    return Configuration.read(data, path)


def _doubt(file: os.stat_result, folder: os.stat_result) -> str | None:
    """Return why a file could be of somebody who wants to silence the rules, or None."""
    if not hasattr(os, "geteuid"):
        return None
    advice = "check it, and name it with --rules"
    if file.st_uid not in (0, os.geteuid(), folder.st_uid):
        return f"it belongs to user [{file.st_uid}], who does not own the directory: {advice}"
    if not stat.S_ISLNK(file.st_mode) and file.st_mode & stat.S_IWOTH:
        return f"everybody may write it: {advice}"
    return None


def _bytes(path: str) -> bytes | None:
    try:
        return read_bytes(path, largest=_LARGEST)
    except Unreadable as unreadable:
        raise InvalidRulesFileError((f"[{path}]: {unreadable.reason}",)) from None


def _configuration(document: Document, issues: list[str]) -> Configuration:
    from ..documents.fields import Fields

    table = Fields(document, (), document.value, _KEYS, issues)
    fail_on = table.choice("fail_on", FAIL_ON)
    return Configuration(
        select=_codes(table, "select"),
        ignore=_codes(table, "ignore"),
        known_roles=table.strings("known_roles", broken_rule) or (),
        fail_on=fail_on or Configuration().fail_on,
        limits=_limits(table),
    )


def _codes(table: Fields, key: str) -> tuple[str, ...]:
    return table.strings(key, _unknown_code) or ()


def _unknown_code(code: str) -> str | None:
    try:
        codes_of(all_rules(), code)
    except InvalidRuleCodeError as error:
        return str(error)
    return None


def _limits(table: Fields) -> Limits:
    names = [each.name for each in fields(Limits)]
    below = table.mapping("limits", names)
    given = {name: below.number(name) for name in names}
    return Limits(**{name: value for name, value in given.items() if value is not None})
