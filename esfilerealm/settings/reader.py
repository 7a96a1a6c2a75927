"""Typed reads of settings; what breaks a rule is noted, and the default taken in its place."""

from __future__ import annotations

from ..errors import InvalidSettingError
from .sources import given_settings

__all__ = ["DEFAULT", "Values"]

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping

    from .sources import Setting

DEFAULT = "default"
_NANOSECONDS = 1e9


class Values:
    """
    The settings of a node by key.

    Args:
        config_dir: The folder of ``elasticsearch.yml``, or None.

        layers: What wins over the file, the last of them most.

        environ: Where placeholders look first.

    Attributes:
        problems: What is wrong with the file and with what was read, in the order of finding.
        warnings: What is not wrong, but should be known.
        reads: From each key that was read to its effective text and the place it comes from.
    """

    __slots__ = ("_environ", "_settings", "problems", "reads", "warnings")

    def __init__(
        self,
        config_dir: str | os.PathLike[str] | None,
        layers: Iterable[Mapping[str, Setting]],
        environ: Mapping[str, str],
    ) -> None:
        self.problems: list[InvalidSettingError] = []
        self.warnings: list[str] = []
        self.reads: dict[str, tuple[str, str]] = {}
        self._settings = given_settings(config_dir, layers, self.problems)
        self._environ = environ

    def text(self, key: str, default: str = "") -> str:
        """Read a text; one that is empty, also after replacing placeholders, is not given."""
        text = self._text(key)
        if text is None:
            self.reads.setdefault(key, (default, DEFAULT))
            return default
        self.reads[key] = (text, self.where(key))
        return text

    def boolean(self, key: str, *, default: bool) -> bool:
        """Read a boolean, which is just ``true`` or ``false``."""
        text = self.text(key, "true" if default else "false")
        if text in ("true", "false"):
            return text == "true"
        from .._ground.hints import boolean_hint

        self.refuse(key, "must be exactly [true] or [false]", boolean_hint(text))
        return default

    def integer(self, key: str, *, default: int) -> int:
        """Read a whole number of 32 bits."""
        from .._ground.java import read_int

        text = self.text(key, str(default))
        number = read_int(text)
        if number is None:
            bare = text.strip().replace("_", "").replace(",", "")
            hint = "" if read_int(bare) is None else f"did you mean [{bare}]?"
            self.refuse(key, "must be a whole number from -2147483648 to 2147483647", hint)
            return default
        return number

    def seconds(self, key: str, *, default: str) -> float:
        """Read a time value such as ``20m``."""
        from .time_value import TimeValueError, nanoseconds

        try:
            return nanoseconds(self.text(key, default)) / _NANOSECONDS
        except TimeValueError as error:
            self.refuse(key, error.rule, error.hint)
        return nanoseconds(default) / _NANOSECONDS

    def items(self, key: str) -> list[str]:
        """Read a list; a text is one too, with commas between."""
        value = self._settings[key].value if key in self._settings else []
        if isinstance(value, str):
            text = self._text(key)
            return [piece.strip() for piece in text.split(",")] if text else []
        return [self._replaced(key, item) or "" for item in value]

    def where(self, key: str) -> str:
        """Say where a key is given."""
        return self._settings[key].where

    def keys_below(self, prefix: str) -> list[str]:
        """Give the keys below *prefix* that have a value, in the order in which they are given."""
        return [key for key in self._settings if key.startswith(prefix) and self.is_given(key)]

    def is_given(self, key: str) -> bool:
        """Tell whether a key has a value; one that cannot be resolved counts as a value."""
        if key not in self._settings:
            return False
        value = self._settings[key].value
        if isinstance(value, list) or "${" not in value:
            return bool(value)
        from .placeholders import PlaceholderError, replaced

        try:
            return bool(replaced(value, self._look_up))
        except (PlaceholderError, RecursionError):
            return True

    def refuse(self, key: str, rule: str, hint: str = "") -> None:
        """
        Note that the value of *key* breaks a rule; a key of which this is known is left out.

        The value is shown as it is given: what a placeholder stands for may be a secret.
        """
        given = key in self._settings
        value = self._settings[key].value if given else self.reads[key][0]
        where = self.where(key) if given else DEFAULT
        shown = value if isinstance(value, str) else ", ".join(value)
        if hint and "${" not in shown:
            rule = f"{rule}; {hint}"
        if all(problem.key != key for problem in self.problems):
            self.problems.append(InvalidSettingError(key, shown, rule, where))
        self.reads[key] = (shown, where)

    def refuse_key(self, key: str, rule: str) -> None:
        """Note that there is no such *key*. Its value is not shown: it may be a secret."""
        self.problems.append(InvalidSettingError(key, None, rule, self.where(key)))

    def warn(self, key: str, text: str) -> None:
        """Note what somebody should know about *key*."""
        warning = f"setting [{key}] in {self.where(key)}: {text}"
        if warning not in self.warnings:
            self.warnings.append(warning)

    def raise_first_problem(self) -> None:
        """
        Do nothing if all is well so far.

        Raises:
            InvalidSettingError: For what is wrong first.
        """
        if self.problems:
            raise self.problems[0]

    def _text(self, key: str) -> str | None:
        if key not in self._settings:
            return None
        value = self._settings[key].value
        if isinstance(value, str):
            return self._replaced(key, value) or None
        self.refuse(key, "must be one value, not a list")
        return None

    def _replaced(self, key: str, value: str) -> str | None:
        if "${" not in value:
            return value
        from .placeholders import PlaceholderError, replaced

        try:
            return replaced(value, self._look_up)
        except PlaceholderError as error:
            # A name that is not in the text itself is made of other values.
            name = f"[{error.name}]" if error.name in value else "a placeholder within"
            self.refuse(key, f"{name} {error.rule}")
        except RecursionError:
            self.refuse(key, "its placeholders are nested too deeply")
        return None

    def _look_up(self, name: str) -> str | None:
        value = self._environ.get(name)
        if value is None and name in self._settings:
            setting = self._settings[name].value
            value = setting if isinstance(setting, str) else f"[{', '.join(setting)}]"
        return value
