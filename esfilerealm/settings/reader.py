"""Typed reads of settings. Broken rules are collected, and the default counts instead."""

from __future__ import annotations

from ..errors import InvalidSettingError
from .sources import as_text, combined_settings

__all__ = ["DEFAULT", "SettingsReader"]

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping

    from .sources import Setting
    from .yaml_file import KeyIssue

DEFAULT = "default"
#: Later versions take nothing but ``true`` and ``false`` for a boolean.
_LAST_WITH_WORDS = 5
_NANOSECONDS = 1e9


class SettingsReader:
    """
    The settings of a node by key.

    Args:
        config_dir: The directory of ``elasticsearch.yml``, or None.

        layers: What overrides the file; the last one wins.

        environ: Where placeholders are looked up first.

        version: The major version of the node, if it is known.

    Attributes:
        problems: What is wrong with the file and with what was read, in the order of finding.
        warnings: What a node accepts, but somebody should know.
        notes: What only matters to somebody who looks for it.
        file_problems: Why the file cannot be read as settings, if it cannot.
        reads_words: Whether words such as ``yes`` are booleans, as they are in version 5.
        effective: From each key that was read to the text that counts and the place it comes from.
    """

    __slots__ = (
        "_all_issues",
        "_environ",
        "_issues",
        "_settings",
        "effective",
        "file_problems",
        "notes",
        "problems",
        "reads_words",
        "warnings",
    )

    def __init__(
        self,
        config_dir: str | os.PathLike[str] | None,
        layers: Iterable[Mapping[str, Setting]],
        environ: Mapping[str, str],
        version: int | None = None,
    ) -> None:
        self.problems: list[InvalidSettingError] = []
        self.warnings: list[str] = []
        self.notes: list[str] = []
        self.effective: dict[str, tuple[str, str]] = {}
        self._issues: dict[str, list[KeyIssue]] = {}
        self._settings = combined_settings(config_dir, layers, self.problems, self._issues)
        self._all_issues = dict(self._issues)
        self.file_problems = tuple(self.problems)
        self._environ = environ
        self.reads_words = version == _LAST_WITH_WORDS

    def apart(self) -> SettingsReader:
        """Return a reader of the same settings, for questions whose problems do not count."""
        other = object.__new__(SettingsReader)
        other.problems, other.warnings, other.notes, other.effective = [], [], [], {}
        other._issues = dict(self._all_issues)
        other._all_issues = self._all_issues
        other._settings = self._settings
        other._environ = self._environ
        other.file_problems = self.file_problems
        other.reads_words = self.reads_words
        return other

    @property
    def has_file_problems(self) -> bool:
        """Whether the file cannot be read as settings."""
        return bool(self.file_problems)

    @property
    def settings(self) -> Mapping[str, Setting]:
        """What is set, by key, before placeholders are replaced."""
        return self._settings

    @property
    def issues_of_keys(self) -> Mapping[str, list[KeyIssue]]:
        """What the file has wrong about single keys, whether or not anybody has read them."""
        return self._all_issues

    def resolved(self, text: str) -> str:
        """Return a text with placeholders replaced, or as it is if that is impossible."""
        resolved, _ = self._resolved(text)
        return text if resolved is None else resolved

    def string(self, key: str, default: str = "") -> str:
        """Read a string; an empty one, after replacing placeholders, counts as unset."""
        text = self._text(key)
        if text is None:
            self.effective.setdefault(key, (default, DEFAULT))
            return default
        self.effective[key] = (text, self.where(key))
        return text

    def boolean(self, key: str, default: str) -> bool:
        """Read a boolean, which is exactly ``true`` or ``false``."""
        text = self.string(key, default)
        if text in ("true", "false"):
            return text == "true"
        if self.reads_words:
            is_true = text not in ("0", "no", "off")
            self.warn(key, f"a node of 5 reads it as {str(is_true).lower()}, later ones refuse it")
            return is_true
        from .._ground.hints import boolean_hint

        self.add_problem(key, "must be exactly [true] or [false]", boolean_hint(text))
        return default == "true"

    def integer(self, key: str, default: str) -> int:
        """Read a whole number of 32 bits."""
        from .._ground.java import read_int

        text = self.string(key, default)
        number = read_int(text)
        if number is None:
            bare = text.strip().replace("_", "").replace(",", "")
            hint = "" if read_int(bare) is None else f"did you mean [{bare}]?"
            self.add_problem(key, "must be a whole number from -2147483648 to 2147483647", hint)
            return int(default)
        return number

    def seconds(self, key: str, default: str) -> float:
        """Read a time value such as ``20m``."""
        from .time_value import TimeValueError, nanoseconds

        try:
            return nanoseconds(self.string(key, default)) / _NANOSECONDS
        except TimeValueError as error:
            self.add_problem(key, error.rule, error.hint)
        return nanoseconds(default) / _NANOSECONDS

    def strings(self, key: str) -> list[str]:
        """Read a list of strings; a string is one too, separated by commas."""
        self._claim(key)
        value = self._settings[key].value if key in self._settings else []
        if isinstance(value, str):
            text = self._text(key)
            return [piece.strip() for piece in text.split(",")] if text else []
        return [self._replaced(key, item) or "" for item in value]

    def where(self, key: str) -> str:
        """Return where a key is set."""
        return self._settings[key].where

    def keys_below(self, prefix: str) -> list[str]:
        """Return the keys below *prefix* that have a value, in the order in which they are set."""
        return [key for key in self._settings if key.startswith(prefix) and self.is_given(key)]

    def is_any_given(self) -> bool:
        """Check whether anything is set at all."""
        return bool(self._settings)

    def claim_below(self, prefix: str) -> None:
        """Make problems of what is wrong with the keys below *prefix*, as reading them would."""
        for key in [key for key in self._issues if key.startswith(prefix)]:
            self._claim(key)

    def is_doubtful(self, key: str | None) -> bool:
        """Check whether what the file has wrong about a key is not reported yet."""
        return key in self._issues

    def _claim(self, key: str) -> None:
        """
        Make problems of what the file has wrong about a key that counts.

        If it is certain which value a node reads, a warning is enough.
        """
        for issue in self._issues.pop(key, ()):
            if issue.is_harmless:
                self._warn_of(key, issue)
            else:
                self.problems.append(InvalidSettingError(key, None, issue.rule, issue.where))

    def finish(self) -> None:
        """Make warnings and notes of what is wrong with keys that nobody has read."""
        left = [(key, issue) for key, issues in self._issues.items() for issue in issues]
        self._issues = {}
        for key, issue in sorted(left, key=lambda pair: pair[1].line_number):
            self._warn_of(key, issue)
        for key in self._settings.keys() - self.effective.keys():
            self._note_placeholders(key)

    def _note_placeholders(self, key: str) -> None:
        value = self.written(key)
        if "${" not in value:
            return
        import re

        for name in re.findall(r"\$\{([^${}:]+)\}", value):
            if name not in self._environ and name not in self._settings:
                text = f"[{name}] is neither in the environment of this process nor a setting; "
                self.note(key, f"{text}a node does not start unless its own environment has it")

    def _warn_of(self, key: str, issue: KeyIssue) -> None:
        what = f"setting [{key}]" if key else "settings"
        self.warnings.append(f"{what} in {issue.where}: {issue.rule}; {issue.effect}")

    def is_given(self, key: str) -> bool:
        """Check whether a key has a value; one that cannot be resolved counts as a value."""
        if key not in self._settings:
            return False
        value = self._settings[key].value
        if isinstance(value, list):
            return bool(value)
        text, reason = self._resolved(value)
        return bool(text or reason)

    def add_problem(self, key: str, rule: str, hint: str = "") -> None:
        """
        Add a problem of the value of *key*, unless the key has a problem already.

        The value is shown as it is written: what a placeholder stands for may be a secret.
        """
        given = key in self._settings
        shown = self.written(key) if given else self.effective[key][0]
        where = self.where(key) if given else DEFAULT
        if hint and "${" not in shown:
            rule = f"{rule}; {hint}"
        if all(problem.key != key for problem in self.problems):
            self.problems.append(InvalidSettingError(key, shown, rule, where))
        self.effective[key] = (shown, where)

    def add_key_problem(self, key: str, rule: str) -> None:
        """Add a problem of the *key* itself. Its value is not shown: it may be a secret."""
        self.problems.append(InvalidSettingError(key, None, rule, self.where(key)))

    def warn(self, key: str, text: str) -> None:
        """Add a warning about *key*."""
        warning = f"setting [{key}] in {self.where(key)}: {text}"
        if warning not in self.warnings:
            self.warnings.append(warning)

    def written(self, key: str) -> str:
        """Return the value of *key* as it is written: what a placeholder means may be secret."""
        value = self._settings[key].value
        return value if isinstance(value, str) else ", ".join(value)

    def note(self, key: str, text: str) -> None:
        """Add a note about *key*."""
        self.notes.append(f"setting [{key}] in {self.where(key)}: {text}")

    def raise_first_problem(self) -> None:
        """
        Raise the first problem, if there is one.

        Raises:
            InvalidSettingError: The first problem.
        """
        if self.problems:
            raise self.problems[0]

    def _text(self, key: str) -> str | None:
        self._claim(key)
        if key not in self._settings:
            return None
        value = self._settings[key].value
        if isinstance(value, str):
            return self._replaced(key, value) or None
        self.add_problem(key, "must be one value, not a list")
        return None

    def _replaced(self, key: str, value: str) -> str | None:
        text, reason = self._resolved(value)
        if reason:
            self.add_problem(key, reason)
        return text

    def _resolved(self, value: str) -> tuple[str | None, str]:
        """Return a text with placeholders replaced, or None and why that is impossible."""
        if "${" not in value:
            return value, ""
        from .placeholders import PlaceholderError, replace_placeholders

        try:
            return replace_placeholders(value, self._look_up), ""
        except PlaceholderError as error:
            # A name that is not in the text itself is made of other values, and may be a secret.
            name = f"[{error.name}]" if error.name in value else "a placeholder inside"
            return None, f"{name} {error.rule}"
        except RecursionError:
            return None, "its placeholders are nested too deeply"

    def _look_up(self, name: str) -> str | None:
        value = self._environ.get(name)
        if value is None and name in self._settings:
            value = as_text(self._settings[name].value)
        return value
