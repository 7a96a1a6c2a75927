"""All settings of the file realm with the places they come from, and everything that is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .keys import RELOAD_PREFIX, SECURITY_ENABLED, TOOL_KEYS
from .reader import SettingsReader
from .realm_settings import is_valid_in_7, read_all
from .sources import Setting, container_variables

__all__ = ["EffectiveSetting", "SettingsReport", "inspect_settings"]

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from ..errors import InvalidSettingError


@dataclass(frozen=True, slots=True)
class EffectiveSetting:
    """
    One setting.

    Attributes:
        key: The key as it is spelled, or would be.
        value: The text that counts, with placeholders replaced; as written if it breaks a rule.
        source: The file with its line, ``-E``, an environment variable, or ``default``.
    """

    key: str
    value: str
    source: str


@dataclass(frozen=True, slots=True)
class SettingsReport:
    """
    What the settings of a node say about its file realm.

    Attributes:
        settings: Every setting that concerns it.
        problems: Everything that keeps a node from starting, or from reading what was meant.
        warnings: As in ``RealmSettings``.
        notes: As in ``RealmSettings``.
    """

    settings: tuple[EffectiveSetting, ...]
    problems: tuple[InvalidSettingError, ...]
    warnings: tuple[str, ...]
    notes: tuple[str, ...]


def inspect_settings(
    config_dir: str | os.PathLike[str] | None,
    *,
    options: Mapping[str, str],
    environ: Mapping[str, str],
    elasticsearch_version: int | None = None,
) -> SettingsReport:
    """
    Read the settings as ``RealmSettings.load`` does, without stopping at the first problem.

    Args:
        config_dir: The directory of ``elasticsearch.yml``, or None.

        options: The settings of ``-E``.

        environ: For placeholders and, in a container, for settings.

        elasticsearch_version: As for ``RealmSettings.load``.

    Raises:
        FilePermissionError, FileAccessError: If the file cannot be read.
        ValueError: If the version is unknown.
    """
    from_options = {key: Setting(value, "-E") for key, value in options.items()}
    from_environment = {
        key: Setting(environ[name], f"environment variable [{name}]")
        for key, name in container_variables(environ).items()
    }
    layers = [from_options, from_environment]
    reader = SettingsReader(config_dir, layers, environ, elasticsearch_version)
    settings, order = read_all(reader, elasticsearch_version)
    shown = {key.key for key in TOOL_KEYS}
    if reader.is_given(SECURITY_ENABLED.key):
        shown.add(SECURITY_ENABLED.key)
    rows = tuple(
        EffectiveSetting(key, value, source)
        for key, (value, source) in reader.effective.items()
        if key in shown or key.startswith((order.file_realm.prefix, RELOAD_PREFIX))
    )
    notes = settings.notes
    if reader.problems and elasticsearch_version is None and is_valid_in_7(reader):
        notes += ("a node of Elasticsearch 7 starts with these settings: give --es-version 7",)
    return SettingsReport(rows, tuple(reader.problems), settings.warnings, notes)
