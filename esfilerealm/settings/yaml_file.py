"""From the bytes of ``elasticsearch.yml`` to flat keys, each with its line."""

from __future__ import annotations

from ..documents.yaml import Unread, YamlReader
from ..errors import InvalidSettingError
from .place import Place

__all__ = ["KeyIssue", "decoded", "flat_settings", "flat_text"]

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Final

    from ..documents.yaml import YamlPath

    #: A value with the place it comes from. A value is a string, or a list of strings.
    Placed = tuple[str | list[str], Place]

#: What a node does about an issue.
_REFUSED: Final = "a node does not start"
_BY_ALIAS: Final = "must not be given by alias, which a node does not follow"
_ALIAS_OF_NODES: Final = "a node takes the name after [*] as the value"


class KeyIssue:
    """
    What is wrong with one key of a settings file.

    Attributes:
        rule: The rule that is broken.
        where: The file and its line.
        effect: What a node does about it.
        line_number: Counted from 1; 0 if it is unknown.
        is_harmless: Whether it is certain which value a node reads.
        alias: What a node of 8 takes as the value, if the key has an alias of YAML.
    """

    __slots__ = ("alias", "effect", "is_harmless", "line_number", "rule", "where")

    def __init__(
        self,
        rule: str,
        where: str,
        effect: str = _REFUSED,
        line_number: int = 0,
        *,
        is_harmless: bool = False,
        alias: str | None = None,
    ) -> None:
        self.rule = rule
        self.where = where
        self.effect = effect
        self.line_number = line_number
        self.is_harmless = is_harmless
        self.alias = alias

    @property
    def is_fatal(self) -> bool:
        """Whether a node does not start, even if something else overrides the key."""
        return self.effect == _REFUSED


def flat_settings(
    data: bytes,
    path: str,
    problems: list[InvalidSettingError],
    issues: dict[str, list[KeyIssue]],
) -> dict[str, Placed]:
    """
    Flatten a YAML mapping, whose keys may be nested, dotted or both, to dotted keys.

    A file that is not one mapping is added to *problems*. A problem of a single key is added
    to *issues*: the key has no value, is given twice, or has an alias of YAML or a list of anything
    but plain values. Values are not quoted: they may be secrets.

    Source:
        ``Settings.fromXContent``.
    """
    text = decoded(data, path, problems)
    return {} if text is None else flat_text(text, path, problems, issues)


def decoded(data: bytes, path: str, problems: list[InvalidSettingError]) -> str | None:
    """Return the text of a file; if it is not UTF-8, add that to *problems*."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        rule = f"not UTF-8 at byte {error.start}"
        problems.append(InvalidSettingError(None, None, rule, f"[{path}]"))
        return None


def flat_text(
    text: str,
    path: str,
    problems: list[InvalidSettingError],
    issues: dict[str, list[KeyIssue]],
    lines: Sequence[int] = (),
) -> dict[str, Placed]:
    """
    Flatten a text; see ``flat_settings``.

    Args:
        text: The text.

        path: The file to name.

        problems: See there.

        issues: See there.

        lines: For each line of the text the line of the file that it comes from, if they differ.
    """
    flattening = _Flattening(path, lines)
    settings = flattening.read(text)
    problems += flattening.problems
    issues.update(flattening.issues)
    return settings


class _Flattening:
    """The way through one file."""

    def __init__(self, path: str, lines: Sequence[int]) -> None:
        self.problems: list[InvalidSettingError] = []
        self.issues: dict[str, list[KeyIssue]] = {}
        self._path = path
        self._lines_of_file = lines
        self._settings: dict[str, Placed] = {}
        self._lines: dict[YamlPath, int] = {}
        self._repeated: set[YamlPath] = set()
        self._list: list[str] = []
        self._line_of_list = 0

    def read(self, text: str) -> dict[str, Placed]:
        reader = YamlReader(text, as_written=True, one_document=True)
        for path, value in reader:
            if path:
                self._add(path, value, reader)
            elif not isinstance(value, dict):
                self._add_other_document(value, text, reader.line_number)
        if reader.is_broken:
            self._settings.clear()
            self.issues.clear()
            self.problems.clear()
            self._break(reader.issues[-1].rule, reader.issues[-1].line_number)
            return self._settings
        for issue in reader.issues:
            self._add_issue(".".join(map(str, issue.path)), issue.rule, issue.line_number)
        return self._settings

    def _add_other_document(self, value: object, text: str, line_number: int) -> None:
        """Add the problem of a file that is not a mapping; one that says nothing harms nobody."""
        if value in (None, ""):
            self._add_issue("", "has no settings, but an empty value", line_number)
            return
        rule = "must be a mapping of keys to values"
        if isinstance(value, str):
            from ..documents.syntax import fault_of_line

            line = text.removeprefix("\ufeff").splitlines()[line_number - 1]
            rule = f"{rule}; met here: {fault_of_line(line)}"
        self._break(rule, line_number)

    def _break(self, rule: str, line_number: int) -> None:
        self.problems.append(InvalidSettingError(None, None, rule, self._place(line_number)))

    def _add(self, path: YamlPath, value: object, reader: YamlReader) -> None:
        *outer, step = path
        if any(isinstance(part, int) for part in outer):
            return  # within an item of a list, which is refused
        if isinstance(step, int):
            self._add_item(".".join(map(str, outer)), value)
            return
        key = ".".join(map(str, path))
        is_repeated = self._is_repeated(path, key, reader.key_line_number)
        if not isinstance(value, dict):
            self._add_setting(key, value, reader, is_repeated=is_repeated)

    def _is_repeated(self, path: YamlPath, key: str, line_number: int) -> bool:
        """Check whether a key is given twice in one mapping, which a node refuses."""
        if path not in self._lines:
            self._lines[path] = line_number
            return False
        if not any(path[:length] in self._repeated for length in range(1, len(path))):
            rule = f"already given in {self._place(self._lines[path])}"
            self._add_issue(key, rule, line_number)
        self._repeated.add(path)
        return True

    def _add_item(self, key: str, value: object) -> None:
        if isinstance(value, str):
            self._list.append(value)
        elif isinstance(value, Unread):
            self._list.append(value.text)
            self._add_issue(key, _BY_ALIAS, self._line_of_list, _ALIAS_OF_NODES)
        else:
            self._add_issue(key, "a list must hold plain values only", self._line_of_list)

    def _add_setting(
        self, key: str, value: object, reader: YamlReader, *, is_repeated: bool
    ) -> None:
        line_number = reader.key_line_number
        if isinstance(value, list):
            self._list, self._line_of_list = value, line_number
        if isinstance(value, Unread):
            self._add_issue(key, _BY_ALIAS, line_number, _ALIAS_OF_NODES, alias=value.text)
        elif not isinstance(value, str | list):
            rule = f"has no value at column {reader.column}: give one, or remove it"
            self._add_issue(key, rule, line_number)
        elif is_repeated and key in self._settings:
            return
        else:
            if key in self._settings:
                rule = f"already given in {self._settings[key][1]}"
                effect = "a node takes the later one"
                self._add_issue(key, rule, line_number, effect, is_harmless=True)
            self._settings[key] = (value, self._place(line_number))

    def _place(self, line_number: int) -> Place:
        if 0 < line_number <= len(self._lines_of_file):
            line_number = self._lines_of_file[line_number - 1]
        return Place(self._path, line_number)

    def _add_issue(
        self,
        key: str,
        rule: str,
        line_number: int,
        effect: str = _REFUSED,
        *,
        is_harmless: bool = False,
        alias: str | None = None,
    ) -> None:
        where = self._place(line_number)
        line_number = where.line_number
        issue = KeyIssue(rule, where, effect, line_number, is_harmless=is_harmless, alias=alias)
        issues = self.issues.setdefault(key, [])
        if all((other.rule, other.where) != (rule, where) for other in issues):
            issues.append(issue)
