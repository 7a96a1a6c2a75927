"""Where settings come from: the file, and the layers that win over it."""

from __future__ import annotations

import os

from .._storage import read_file
from ..errors import InvalidSettingError

__all__ = ["Setting", "given_settings"]

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_FORCE = "force."


class Setting:
    """
    What is given for one key.

    Attributes:
        value: A text, or a list of texts; placeholders are not yet replaced.
        where: The file with its line, or what else it comes from.
    """

    __slots__ = ("value", "where")

    def __init__(self, value: str | list[str], where: str) -> None:
        self.value = value
        self.where = where


def given_settings(
    config_dir: str | os.PathLike[str] | None,
    layers: Iterable[Mapping[str, Setting]],
    problems: list[InvalidSettingError],
) -> dict[str, Setting]:
    """
    Put together ``elasticsearch.yml`` and the *layers* above it, of which the last wins.

    A key ``force.x`` wins over ``x``, wherever that is given. Faults are added to *problems*.

    Raises:
        FilePermissionError, FileAccessError: If the file cannot be read.

    Source:
        ``InternalSettingsPreparer``.
    """
    settings = {} if config_dir is None else _read(os.fspath(config_dir), problems)
    for layer in layers:
        settings.update(layer)
    for key in [key for key in settings if key.startswith(_FORCE)]:
        settings[key.removeprefix(_FORCE)] = settings.pop(key)
    _gather_lists(settings, problems)
    return settings


def _read(config_dir: str, problems: list[InvalidSettingError]) -> dict[str, Setting]:
    for name in ("elasticsearch.yaml", "elasticsearch.json"):
        other = os.path.join(config_dir, name)
        if os.path.exists(other):
            rule = "a node does not start beside it: its settings belong in elasticsearch.yml"
            problems.append(InvalidSettingError(None, None, rule, f"[{other}]"))
    path = os.path.join(config_dir, "elasticsearch.yml")
    file = read_file(path)
    if not file.exists:
        return {}
    from .yaml_file import flat_settings

    settings = {
        key: Setting(value, where)
        for key, (value, where) in flat_settings(file.data, path, problems).items()
    }
    _gather_lists(settings, problems)
    return settings


def _gather_lists(settings: dict[str, Setting], problems: list[InvalidSettingError]) -> None:
    """
    Make a list ``x`` of the old spelling ``x.0``, ``x.1``, up to the first gap.

    Source:
        ``Settings.Builder.build``.
    """
    for head in [key for key in settings if key.endswith(".0")]:
        key = head.removesuffix(".0")
        if key in settings:
            rule = f"given as [{head}] in {settings.pop(head).where} too"
            problems.append(InvalidSettingError(key, None, rule, settings[key].where))
            continue
        where = settings[head].where
        items: list[str] = []
        while (item := settings.pop(f"{key}.{len(items)}", None)) is not None:
            items.append(item.value if isinstance(item.value, str) else ",".join(item.value))
        settings[key] = Setting(items, where)
