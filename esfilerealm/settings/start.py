"""
The settings of a node of Elasticsearch 8 or later as its start reads them, and what stops it there.

The start reads the file, puts ``-E`` and the variables of a container over it, lets ``force.x``
replace ``x``, and replaces placeholders. Where a ``SettingsReader`` answers questions about single
keys and keeps what is written, this has all keys with the values that count.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from .._ground.java import java_order
from .._storage import read_file
from ..errors import FileAccessError, FilePermissionError
from .place import Place
from .placeholders import PlaceholderError, replace_placeholders
from .sources import Setting, as_text, container_overrides, force, gather_lists
from .substitution import substituted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ..errors import InvalidSettingError
    from .yaml_file import KeyIssue

__all__ = ["FILE_NAME", "LARGEST_FILE", "StartFault", "StartSettings", "read_start_settings"]

FILE_NAME: Final = "elasticsearch.yml"
LARGEST_FILE: Final = 2**22
"""Bytes of the largest file that is read."""

_OPTIONS: Final = "option -E"
#: What Java's ``String.trim`` removes.
_BLANK: Final = "".join(map(chr, range(33)))
#: The start wrapper passes it itself.
_HOME: Final = "path.home"
#: Left for later, and refused then.
_PROMPTS: Final = "prompt."
#: Paths that the start makes out of settings, before anything else looks at them.
_LISTS_OF_PATHS: Final = ("path.data", "path.repo")
_PATHS: Final = ("path.logs", "path.shared_data", "node.pidfile")


@dataclass(frozen=True, slots=True, kw_only=True)
class StartFault:
    """
    Why a node does not start with its settings.

    Attributes:
        kind: ``permission`` and ``file``: ``elasticsearch.yml`` cannot be read, or is no file.
            ``encoding``, ``syntax``: as a whole. ``key``: something about one key.
            ``placeholder``: one that refers to nothing. ``option``: a setting of ``-E``.
        message: What is wrong, as a clause.
        key: The setting, or None if it is about the file.
        path: The file, or None.
        line: The line, counted from 1, or None.
    """

    kind: str
    message: str
    key: str | None = None
    path: str | None = None
    line: int | None = None


class StartSettings:
    """
    All settings by key, after the file, ``-E`` and the environment were combined.

    Args:
        settings: The values that count.

        faults: What stops the start.

        is_known: Whether all keys could be read, so that one that is missing here is not set.

    Attributes:
        faults: What stops the start, in the order in which it was found.
        is_known: See above.
    """

    def __init__(
        self, settings: Mapping[str, Setting], faults: Iterable[StartFault], *, is_known: bool
    ) -> None:
        self._settings = MappingProxyType(dict(settings))
        self.faults = tuple(faults)
        self.is_known = is_known

    def __contains__(self, key: str) -> bool:
        """Check whether a key is set; an empty list counts as a value."""
        return key in self._settings

    def text(self, key: str) -> str | None:
        """Return the value of a key as text, or None if it is not set."""
        setting = self._settings.get(key)
        return None if setting is None else as_text(setting.value)

    def items(self, key: str) -> list[str]:
        """
        Return the value of a key as a list: the pieces of a text between commas are trimmed, and
        the items of a list are not. It is empty if the key is not set.

        Source:
            ``Settings.getAsList``.
        """
        setting = self._settings.get(key)
        if setting is None:
            return []
        if isinstance(setting.value, str):
            return [piece.strip(_BLANK) for piece in setting.value.split(",")]
        return list(setting.value)

    def keys_below(self, prefix: str) -> list[str]:
        """Return the keys that begin with *prefix*, in the order in which they are set."""
        return [key for key in self._settings if key.startswith(prefix)]

    def place(self, key: str) -> tuple[str | None, int | None]:
        """Return the file and line where a key is set; both None for ``-E`` and variables."""
        setting = self._settings.get(key)
        return _place(setting.where) if setting is not None else (None, None)


def read_start_settings(
    config_dir: str, options: Mapping[str, object], environ: Mapping[str, str]
) -> StartSettings:
    """
    Read the settings of a node as its start does.

    Args:
        config_dir: The configuration directory.

        options: The settings of ``-E``: text, which is parsed as YAML, or other plain values.

        environ: The environment variables.

    Source:
        ``EnvironmentAwareCommand``, ``InternalSettingsPreparer``, ``Settings``.
    """
    reading = _Reading(environ)
    reading.add_file(config_dir)
    reading.add_options(options)
    return reading.finish()


class _Reading:
    """The layers read so far, and their faults."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._settings: dict[str, Setting] = {}
        self._faults: list[StartFault] = []
        self._is_known = True

    def add_file(self, config_dir: str) -> None:
        path = os.path.join(config_dir, FILE_NAME)
        if not os.path.exists(path):
            return
        try:
            data = read_file(path, largest=LARGEST_FILE).data
        except FilePermissionError as error:
            self._lose("permission", f"it cannot be read: {error.reason}", path)
        except FileAccessError as error:
            self._lose("file", f"it cannot be read: {error.reason}", path)
        else:
            self._add_data(data, path)

    def _add_data(self, data: bytes, path: str) -> None:
        from .yaml_file import decoded

        problems: list[InvalidSettingError] = []
        text = decoded(data, path, problems)
        if text is None:
            self._lose("encoding", f"it is {problems[0].rule}", path)
        else:
            new_text, lines = substituted(text, self._environ)
            self._add_text(new_text, path, lines, "syntax")

    def _add_text(self, text: str, path: str, lines: list[int], kind: str) -> None:
        from .yaml_file import flat_text

        problems: list[InvalidSettingError] = []
        issues: dict[str, list[KeyIssue]] = {}
        flat = flat_text(text, path, problems, issues, lines)
        layer = {key: Setting(value, where) for key, (value, where) in flat.items()}
        layer |= _aliases(issues)
        gather_lists(layer, issues)
        for problem in problems:
            self._lose(kind, problem.rule, *_place(problem.where))
        for key, found in issues.items():
            self._add_issues(key, found)
        self._settings |= layer

    def _add_issues(self, key: str, issues: Iterable[KeyIssue]) -> None:
        for issue in issues:
            if issue.is_fatal:
                path, line = _place(issue.where)
                self._fail("key", issue.rule, key or None, path, line)

    def add_options(self, options: Mapping[str, object]) -> None:
        """Add the settings of ``-E``, then those of a container's environment, which win."""
        given = {key: _as_yaml(value) for key, value in options.items()}
        if _HOME in given:
            self._fail("option", "is fixed by the installation", _HOME)
        for key in [key for key, value in given.items() if not value]:
            self._fail("option", "must not be empty", key)
            del given[key]
        given |= container_overrides(self._environ)
        lines = [line for key, value in given.items() for line in f"{key}: {value}".split("\n")]
        owners = [key for key, value in given.items() for _ in f"{key}: {value}".split("\n")]
        known, self._faults, before = self._is_known, [], self._faults
        self._add_text("".join(f"{line}\n" for line in lines), _OPTIONS, [], "option")
        self._is_known = known
        self._faults = before + [_of_option(fault, owners) for fault in self._faults]
        self._settings = {key: _without_place(each) for key, each in self._settings.items()}

    def finish(self) -> StartSettings:
        """Apply forced keys, replace placeholders, and check what depends on all layers."""
        force(self._settings)
        for key in sorted(self._settings, key=java_order):
            self._resolve(key)
        issues: dict[str, list[KeyIssue]] = {}
        gather_lists(self._settings, issues)
        for key, found in issues.items():
            self._add_issues(key, found)
        settings = StartSettings(self._settings, (), is_known=self._is_known)
        paths = {key: settings.items(key) for key in _LISTS_OF_PATHS}
        paths |= {key: [settings.text(key) or ""] for key in _PATHS}
        for key in [key for key, items in paths.items() if any("\0" in item for item in items)]:
            self._fail("key", "is no path", key, *settings.place(key))
        return StartSettings(self._settings, self._faults, is_known=self._is_known)

    def _resolve(self, key: str) -> None:
        """Replace the placeholders of a value; a text that becomes empty counts as not set."""
        setting = self._settings[key]
        try:
            if isinstance(setting.value, list):
                items = [self._replaced(item) for item in setting.value]
                self._settings[key] = Setting(items, setting.where)
            elif text := self._replaced(setting.value):
                self._settings[key] = Setting(text, setting.where)
            else:
                del self._settings[key]
        except PlaceholderError as error:
            # A name that is not in the text itself is made of other values: it may be a secret.
            is_written = error.name in as_text(setting.value)
            name = f"[{error.name}]" if is_written else "a placeholder inside"
            self._fail("placeholder", f"{name} {error.rule}", key, *_place(setting.where))
        except RecursionError:
            reason = "its placeholders are nested too deeply"
            self._fail("placeholder", reason, key, *_place(setting.where))

    def _replaced(self, text: str) -> str:
        if "${" not in text:
            return text
        try:
            return replace_placeholders(text, self._look_up)
        except PlaceholderError as error:
            if error.name.startswith(_PROMPTS):
                return text
            raise

    def _look_up(self, name: str) -> str | None:
        if name in self._environ:
            return self._environ[name]
        setting = self._settings.get(name)
        return None if setting is None else as_text(setting.value)

    def _lose(
        self, kind: str, message: str, path: str | None = None, line: int | None = None
    ) -> None:
        """Add a fault that hides what is set."""
        self._is_known = False
        self._fail(kind, message, None, path, line)

    def _fail(
        self,
        kind: str,
        message: str,
        key: str | None = None,
        path: str | None = None,
        line: int | None = None,
    ) -> None:
        fault = StartFault(kind=kind, message=message, key=key, path=path, line=line)
        self._faults.append(fault)


def _aliases(issues: Mapping[str, list[KeyIssue]]) -> dict[str, Setting]:
    """Return the values by alias, which a node does not follow."""
    return {
        key: Setting(issue.alias, issue.where)
        for key, found in issues.items()
        for issue in found
        if issue.alias
    }


def _as_yaml(value: object) -> str:
    """Return a value as the text that ``-E`` would have: JSON is YAML."""
    return value if isinstance(value, str) else json.dumps(value)


def _place(where: str) -> tuple[str | None, int | None]:
    return (where.path, where.line_number) if isinstance(where, Place) else (None, None)


def _of_option(fault: StartFault, owners: list[str]) -> StartFault:
    """Return a fault in the text of all options as one of the option in its line."""
    number = fault.line or 0
    key = owners[number - 1] if 0 < number <= len(owners) else None
    return StartFault(kind="option", message=fault.message, key=fault.key or key)


def _without_place(setting: Setting) -> Setting:
    """Return a setting of an option without the line of their text."""
    if isinstance(setting.where, Place) and setting.where.path == _OPTIONS:
        return Setting(setting.value, _OPTIONS)
    return setting
