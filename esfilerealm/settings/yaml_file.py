"""From the bytes of ``elasticsearch.yml`` to flat keys, each with its line."""

from __future__ import annotations

from ..documents.yaml import Unread, YamlReader
from ..errors import InvalidSettingError

__all__ = ["flat_settings"]

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    from ..documents.yaml import YamlPath

    #: A value with the place it comes from. A value is a string, or a list of strings.
    Placed = tuple[str | list[str], str]


def flat_settings(data: bytes, path: str, problems: list[InvalidSettingError]) -> dict[str, Placed]:
    """
    Flatten a YAML mapping, whose keys may be nested, dotted or both, to dotted keys.

    What a node refuses is added to *problems*: a file that is not one mapping, a key without a
    value, a list of anything but plain values. So is what a node would not read as it looks: a key
    that is given twice, once flat and once nested, and YAML's aliases. Values are not quoted: they
    may be secrets.

    Source:
        ``Settings.fromXContent``.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        rule = f"not UTF-8 at byte {error.start}"
        problems.append(InvalidSettingError(None, None, rule, f"[{path}]"))
        return {}
    flattening = _Flattening(path)
    settings = flattening.read(text)
    problems += flattening.problems()
    return settings


class _Flattening:
    """The way through one file."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._issues: dict[tuple[int, str, str], None] = {}
        self._settings: dict[str, Placed] = {}
        self._list: list[str] = []
        self._line_of_list = 0

    def read(self, text: str) -> dict[str, Placed]:
        reader = YamlReader(text, as_written=True, one_document=True)
        for path, value in reader:
            if path:
                self._add(path, value, reader)
            elif not isinstance(value, dict) and value not in (None, ""):
                self._refuse("", "must be a mapping of keys to values", reader.line_number)
        issues = reader.issues
        if reader.is_broken:
            self._settings.clear()
            self._issues.clear()
            issues = issues[-1:]
        for issue in issues:
            self._refuse(".".join(map(str, issue.path)), issue.rule, issue.line_number)
        return self._settings

    def problems(self) -> list[InvalidSettingError]:
        """Return what is wrong, in the order of the file."""
        return [
            InvalidSettingError(key or None, None, rule, self._place(line_number))
            for line_number, key, rule in sorted(self._issues, key=lambda issue: issue[0])
        ]

    def _add(self, path: YamlPath, value: object, reader: YamlReader) -> None:
        *outer, step = path
        if any(isinstance(part, int) for part in outer):
            return  # within an item of a list, which is refused
        if isinstance(step, int):
            self._add_item(".".join(map(str, outer)), value)
        elif not isinstance(value, dict):
            self._add_setting(".".join(map(str, path)), value, reader)

    def _add_item(self, key: str, value: object) -> None:
        if isinstance(value, str):
            self._list.append(value)
        else:
            self._refuse(key, "a list must hold plain values only", self._line_of_list)

    def _add_setting(self, key: str, value: object, reader: YamlReader) -> None:
        line_number = reader.key_line_number
        if isinstance(value, list):
            self._list, self._line_of_list = value, line_number
        if not isinstance(value, str | list):
            rule = f"has no value at column {reader.column}: give one, or remove it"
            if isinstance(value, Unread):
                rule = "must not be given by alias, which a node does not follow"
            self._refuse(key, rule, line_number)
        elif key in self._settings:
            self._refuse(key, f"already given in {self._settings[key][1]}", line_number)
        else:
            self._settings[key] = (value, self._place(line_number))

    def _place(self, line_number: int) -> str:
        return f"[{self._path}], line {line_number}"

    def _refuse(self, key: str, rule: str, line_number: int) -> None:
        self._issues[line_number, key, rule] = None
