"""All settings of the file realm with the places they come from, and all that is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .container import container_variables
from .reader import Values
from .realm_settings import TOOL_KEYS, read_all
from .reload import RELOAD_PREFIX
from .sources import Setting

__all__ = ["EffectiveSetting", "SettingsReport", "inspect_settings"]

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from ..errors import InvalidSettingError


class EffectiveSetting:
    """
    One setting.

    Attributes:
        key: As it is spelled, or would be.
        value: The text that counts, placeholders replaced; if it breaks a rule, as it is given.
        source: The file with its line, ``-E``, an environment variable, or ``default``.
    """

    __slots__ = ("key", "source", "value")

    def __init__(self, key: str, value: str, source: str) -> None:
        self.key = key
        self.value = value
        self.source = source


class SettingsReport:
    """
    What the settings of a node say about its file realm.

    Attributes:
        settings: Every setting that concerns it.
        problems: All that keeps a node from starting, or from meaning what is written.
        warnings: What a node accepts, and somebody should know.
    """

    __slots__ = ("problems", "settings", "warnings")

    def __init__(
        self,
        settings: tuple[EffectiveSetting, ...],
        problems: tuple[InvalidSettingError, ...],
        warnings: tuple[str, ...],
    ) -> None:
        self.settings = settings
        self.problems = problems
        self.warnings = warnings


def inspect_settings(
    config_dir: str | os.PathLike[str] | None,
    *,
    options: Mapping[str, str],
    environ: Mapping[str, str],
    elasticsearch_version: int | None = None,
) -> SettingsReport:
    """
    Read the settings as ``RealmSettings.load`` does, without stopping at the first fault.

    Args:
        config_dir: The folder of ``elasticsearch.yml``, or None.

        options: What is given with ``-E``.

        environ: For placeholders, and in a container for settings too.

        elasticsearch_version: As for ``RealmSettings.load``.

    Raises:
        FilePermissionError, FileAccessError: If the file cannot be read.
        ValueError: If there is no such version.
    """
    from_options = {key: Setting(value, "-E") for key, value in options.items()}
    from_environment = {
        key: Setting(environ[name], f"environment variable [{name}]")
        for key, name in container_variables(environ).items()
    }
    values = Values(config_dir, [from_options, from_environment], environ)
    settings, chain = read_all(values, elasticsearch_version)
    own_keys = chain.file_realm.prefix
    rows = tuple(
        EffectiveSetting(key, value, source)
        for key, (value, source) in values.reads.items()
        if key in TOOL_KEYS or key.startswith((own_keys, RELOAD_PREFIX))
    )
    return SettingsReport(rows, tuple(values.problems), settings.warnings)
