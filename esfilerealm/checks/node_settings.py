"""The settings of a node as rules ask for them: by key, with the place of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypedDict

from ..settings.place import Place

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ..errors import InvalidSettingError
    from ..settings.reader import SettingsReader
    from ..settings.sources import Setting
    from ..settings.yaml_file import KeyIssue

    class PlaceOfKey(TypedDict):
        """Where a key is set, as arguments of ``Rule.finding``."""

        path: str | None
        line: int | None


__all__ = ["NodeSettings"]

_TRUE: Final = "true"
_FALSE: Final = "false"


class NodeSettings:
    """
    ``elasticsearch.yml`` and what overrides it, as flat keys; ``Node.settings``.

    A key is dotted in full, whatever nesting the file has. Values are text; a placeholder that
    cannot be resolved here stays as it is written, since the node may have another environment.

    Args:
        reader: Of the file and its overrides.

        path: Of the file.
    """

    def __init__(self, reader: SettingsReader, path: str) -> None:
        self._reader = reader
        self.path = path

    @property
    def problems(self) -> tuple[InvalidSettingError, ...]:
        """What keeps the file from being read as settings; there are no keys then."""
        return tuple(self._reader.file_problems)

    @property
    def issues(self) -> Mapping[str, list[KeyIssue]]:
        """What is wrong with single keys of the file: twice, without a value, by alias."""
        return self._reader.issues_of_keys

    def __contains__(self, key: str) -> bool:
        """Check whether a key is set, to a text that is not empty or to any list."""
        found = self._found(key)
        return found is not None and (isinstance(found.value, list) or bool(self.get(key)))

    def __iter__(self) -> Iterator[str]:
        """Iterate over the keys that are set, in the order of the file."""
        return (key for key in self._reader.settings if key in self)

    def get(self, key: str) -> str | None:
        """Return the text of a key, or None; a list is joined by commas."""
        found = self._found(key)
        if found is None:
            return None
        if isinstance(found.value, list):
            return ",".join(self.values(key))
        return self._reader.resolved(found.value) or None

    def written(self, key: str) -> str:
        """Return the text of a key as it is written, with its placeholders; empty if not set."""
        return self._reader.written(key) if key in self._reader.settings else ""

    def values(self, key: str) -> list[str]:
        """
        Return the items of a key: those of a list, or the pieces of a text between commas.

        Source:
            ``Settings.getAsList``: pieces of a text are trimmed, items of a list are not.
        """
        found = self._found(key)
        if found is None:
            return []
        if isinstance(found.value, list):
            return [self._reader.resolved(item) for item in found.value]
        text = self._reader.resolved(found.value)
        return [piece.strip() for piece in text.split(",")] if text else []

    def is_true(self, key: str, *, default: bool = False) -> bool:
        """Check whether a key is ``true``; *default* counts if it is not set."""
        return self.get(key) == _TRUE if key in self else default

    def is_false(self, key: str, *, default: bool = False) -> bool:
        """Check whether a key is ``false``; *default* counts if it is not set."""
        return self.get(key) == _FALSE if key in self else default

    def keys_below(self, prefix: str) -> list[str]:
        """Return the keys that are set and begin with *prefix*, which should end with a dot."""
        return [key for key in self if key.startswith(prefix)]

    def place(self, key: str) -> PlaceOfKey:
        """
        Return where a key is set: path and line, both None for ``-E`` and the environment.

        A key that is not set is at the file, without a line. Pass it on:
        ``finding(message, subject=key, **node.settings.place(key))``.
        """
        found = self._found(key)
        if found is None:
            return {"path": self.path, "line": None}
        if isinstance(found.where, Place):
            return {"path": found.where.path, "line": found.where.line_number}
        return {"path": None, "line": None}

    def _found(self, key: str) -> Setting | None:
        return self._reader.settings.get(key)
