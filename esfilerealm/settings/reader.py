"""Typed reads of settings. What breaks a rule is collected, and the default counts instead."""

from __future__ import annotations

from ..errors import InvalidSettingError
from .sources import combined_settings

__all__ = ["DEFAULT", "SettingsReader"]

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping

    from .sources import Setting

DEFAULT = "default"
_NANOSECONDS = 1e9


class SettingsReader:
    """
    The settings of a node by key.

    Args:
        config_dir: The directory of ``elasticsearch.yml``, or None.

        layers: What overrides the file; the last one wins.

        environ: Where placeholders are looked up first.

    Attributes:
        problems: What is wrong with the file and with what was read, in the order of finding.
        warnings: What a node accepts, but somebody should know.
        effective: From each key that was read to the text that counts and the place it comes from.
    """

    __slots__ = ("_environ", "_settings", "effective", "problems", "warnings")

    def __init__(
        self,
        config_dir: str | os.PathLike[str] | None,
        layers: Iterable[Mapping[str, Setting]],
        environ: Mapping[str, str],
    ) -> None:
        self.problems: list[InvalidSettingError] = []
        self.warnings: list[str] = []
        self.effective: dict[str, tuple[str, str]] = {}
        self._settings = combined_settings(config_dir, layers, self.problems)
        self._environ = environ

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

    def is_given(self, key: str) -> bool:
        """Check whether a key has a value; one that cannot be resolved counts as a value."""
        if key not in self._settings:
            return False
        value = self._settings[key].value
        if isinstance(value, list) or "${" not in value:
            return bool(value)
        from .placeholders import PlaceholderError, replace_placeholders

        try:
            return bool(replace_placeholders(value, self._look_up))
        except (PlaceholderError, RecursionError):
            return True

    def add_problem(self, key: str, rule: str, hint: str = "") -> None:
        """
        Add a problem of the value of *key*, unless the key has a problem already.

        The value is shown as it is written: what a placeholder stands for may be a secret.
        """
        given = key in self._settings
        value = self._settings[key].value if given else self.effective[key][0]
        where = self.where(key) if given else DEFAULT
        shown = value if isinstance(value, str) else ", ".join(value)
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

    def raise_first_problem(self) -> None:
        """
        Raise the first problem, if there is one.

        Raises:
            InvalidSettingError: The first problem.
        """
        if self.problems:
            raise self.problems[0]

    def _text(self, key: str) -> str | None:
        if key not in self._settings:
            return None
        value = self._settings[key].value
        if isinstance(value, str):
            return self._replaced(key, value) or None
        self.add_problem(key, "must be one value, not a list")
        return None

    def _replaced(self, key: str, value: str) -> str | None:
        if "${" not in value:
            return value
        from .placeholders import PlaceholderError, replace_placeholders

        try:
            return replace_placeholders(value, self._look_up)
        except PlaceholderError as error:
            # A name that is not in the text itself is made of other values, and may be a secret.
            name = f"[{error.name}]" if error.name in value else "a placeholder inside"
            self.add_problem(key, f"{name} {error.rule}")
        except RecursionError:
            self.add_problem(key, "its placeholders are nested too deeply")
        return None

    def _look_up(self, name: str) -> str | None:
        value = self._environ.get(name)
        if value is None and name in self._settings:
            setting = self._settings[name].value
            value = setting if isinstance(setting, str) else f"[{', '.join(setting)}]"
        return value
