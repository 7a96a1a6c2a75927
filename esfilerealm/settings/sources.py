"""Where settings come from: the file, and the layers that override it."""

from __future__ import annotations

import os

from .._storage import read_file
from ..errors import InvalidSettingError

__all__ = [
    "Setting",
    "as_text",
    "combined_settings",
    "container_overrides",
    "container_variables",
    "force",
    "gather_lists",
]

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .yaml_file import KeyIssue

_FORCE = "force."


class Setting:
    """
    What is set for one key.

    Attributes:
        value: A string, or a list of strings; placeholders are not yet replaced.
        where: The file with its line, or another origin.
    """

    __slots__ = ("value", "where")

    def __init__(self, value: str | list[str], where: str) -> None:
        self.value = value
        self.where = where


def combined_settings(
    config_dir: str | os.PathLike[str] | None,
    layers: Iterable[Mapping[str, Setting]],
    problems: list[InvalidSettingError],
    issues: dict[str, list[KeyIssue]],
) -> dict[str, Setting]:
    """
    Combine ``elasticsearch.yml`` and the *layers* above it, of which the last wins.

    A key ``force.x`` wins over ``x`` in any layer. A file that cannot be read as settings is added
    to *problems*, and what is wrong with a single key to *issues*, by key.

    Raises:
        FilePermissionError, FileAccessError: If the file cannot be read.

    Source:
        ``InternalSettingsPreparer``.
    """
    settings = {} if config_dir is None else _read(os.fspath(config_dir), problems, issues)
    for layer in layers:
        settings.update(layer)
        for issue in [issue for key in layer for issue in issues.get(key, ())]:
            issue.is_harmless = True
    force(settings)
    gather_lists(settings, issues)
    return settings


def force(settings: dict[str, Setting]) -> None:
    """
    Let each key ``force.x`` replace ``x``; a list becomes text.

    Source:
        ``InternalSettingsPreparer``.
    """
    for key in [key for key in settings if key.startswith(_FORCE)]:
        forced = settings.pop(key)
        settings[key.removeprefix(_FORCE)] = Setting(as_text(forced.value), forced.where)


def as_text(value: str | list[str]) -> str:
    """
    Return a value as a node does where it wants text.

    Source:
        ``Settings.toString``.
    """
    return value if isinstance(value, str) else f"[{', '.join(value)}]"


def _read(
    config_dir: str, problems: list[InvalidSettingError], issues: dict[str, list[KeyIssue]]
) -> dict[str, Setting]:
    for name in ("elasticsearch.yaml", "elasticsearch.json"):
        other = os.path.join(config_dir, name)
        if os.path.exists(other):
            rule = "a node does not start with this file: move its settings to elasticsearch.yml"
            problems.append(InvalidSettingError(None, None, rule, f"[{other}]"))
    path = os.path.join(config_dir, "elasticsearch.yml")
    file = read_file(path)
    if not file.exists:
        return {}
    from .yaml_file import flat_settings

    settings = {
        key: Setting(value, where)
        for key, (value, where) in flat_settings(file.data, path, problems, issues).items()
    }
    gather_lists(settings, issues)
    return settings


def gather_lists(settings: dict[str, Setting], issues: dict[str, list[KeyIssue]]) -> None:
    """
    Combine the old spelling of a list, ``x.0``, ``x.1``, to ``x``, up to the first gap.

    Source:
        ``Settings.Builder.build``.
    """
    for head in [key for key in settings if key.endswith(".0")]:
        key = head.removesuffix(".0")
        if key in settings:
            rule = f"also given as [{head}] in {settings.pop(head).where}"
            from .yaml_file import KeyIssue

            issues.setdefault(key, []).append(KeyIssue(rule, settings[key].where))
            continue
        where = settings[head].where
        items: list[str] = []
        while (item := settings.pop(f"{key}.{len(items)}", None)) is not None:
            items.append(as_text(item.value))
        settings[key] = Setting(items, where)


def container_overrides(environ: Mapping[str, str]) -> dict[str, str]:
    """
    Return the settings in the environment of a container, from key to text.

    Only in Elasticsearch's image, a variable whose name looks like a key (lower case, dotted) is
    that setting, and ``ES_SETTING_A_B__C`` is ``a.b_c``. They win even over ``-E``.

    Source:
        ``EnvironmentAwareCommand``. The image sets ``ELASTIC_CONTAINER``, its scripts set
        ``ES_DISTRIBUTION_TYPE``.
    """
    return {key: environ[name] for key, name in container_variables(environ).items()}


def container_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the names of these variables, from key to name."""
    in_container = (
        environ.get("ELASTIC_CONTAINER") == "true"
        or environ.get("ES_DISTRIBUTION_TYPE") == "docker"
    )
    if not in_container:
        return {}
    import re

    variables = {}
    for name in environ:
        if re.fullmatch(r"[-a-z0-9_]+(\.[-a-z0-9_]+)+", name):
            variables[name] = name
        elif name.startswith("ES_SETTING_"):
            dotted = name.removeprefix("ES_SETTING_").replace("_", ".").replace("..", "_")
            variables[dotted.lower()] = name
    return variables
