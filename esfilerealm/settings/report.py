"""All settings of the file realm with the places they come from, and everything that is wrong."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .keys import RELOAD_PREFIX, SECURITY_ENABLED, TOOL_KEYS
from .reader import SettingsReader
from .realm_settings import is_valid_in_7, read_all
from .secure import find_secure_settings
from .sources import Setting, container_variables

__all__ = ["EffectiveSetting", "SettingsReport", "inspect_settings"]

if TYPE_CHECKING:
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
        secure_settings: The names of the settings in the keystore that concern logins; empty if it
            has a password or cannot be read, which a note or warning says then.
        keystore: The path of the keystore, or None without a directory.
    """

    settings: tuple[EffectiveSetting, ...]
    problems: tuple[InvalidSettingError, ...]
    warnings: tuple[str, ...]
    notes: tuple[str, ...]
    secure_settings: tuple[str, ...] = ()
    keystore: str | None = None


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
    if config_dir is None:
        return SettingsReport(rows, tuple(reader.problems), settings.warnings, notes)
    secure = find_secure_settings(os.fspath(config_dir))
    return SettingsReport(
        rows,
        tuple(reader.problems),
        (*settings.warnings, *secure.warnings),
        (*notes, *secure.notes),
        secure.names,
        secure.path,
    )
