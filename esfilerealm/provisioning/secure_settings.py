"""Settings of a keystore in a desired state, read from documents and merged."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, get_args

from .._ground.showing import shown_name
from .._ground.values import Secret
from ..errors import InvalidSecureSettingError
from ..keystore import validate_setting_name
from .parsing import system_text
from .values import VALUE_SOURCES, DesiredSetting, KeystorePassword, State

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..documents.fields import Fields

__all__ = ["PASSWORD_FIELDS", "merge_settings", "read_keystore_password", "read_settings"]

_FIELDS: Final = ("name", "state", *VALUE_SOURCES)
_STATES: Final[tuple[State, ...]] = get_args(State)
PASSWORD_FIELDS: Final = ("keystore_password", "keystore_password_file", "keystore_password_env")
"""The fields for the password of the keystore; a document may have one of them."""


def read_settings(fields: Fields) -> tuple[DesiredSetting, ...]:
    """Read the settings, a list or a mapping from their names; each name may occur once."""
    settings: dict[str, DesiredSetting] = {}
    for name, one in fields.mappings_by_name("keystore", _FIELDS, "name"):
        setting = _read_setting(one, name)
        if setting is None:
            continue
        if setting.name in settings:
            place = settings[setting.name].place
            one.refuse("name", f"setting [{setting.name}] is already at {place}")
        else:
            settings[setting.name] = setting
    return tuple(settings.values())


def _read_setting(fields: Fields, given: str | None) -> DesiredSetting | None:
    name = fields.string("name") if given is None else given
    if name is None and fields.is_mapping and "name" not in fields.given:
        fields.refuse(None, "the [name] of the setting is missing")
    _check_one(fields, VALUE_SOURCES)
    state = fields.choice("state", _STATES)
    if name is not None and state != "absent":  # another program may have put any name there
        try:
            validate_setting_name(name)
        except InvalidSecureSettingError as error:
            key = "name" if given is None else None
            fields.refuse(key, f"[{shown_name(str(name))}] {error.rule}")
            name = None
    value = fields.string("value")
    setting = DesiredSetting(
        name=name or "",
        state=state,
        value=None if value is None else Secret(value),
        value_file=_path(fields, "value_file"),
        value_env=system_text(fields, "value_env"),
        file=_path(fields, "file"),
        source=fields.document.source,
        place=fields.place,
    )
    return None if name is None else setting


def read_keystore_password(fields: Fields) -> KeystorePassword:
    """Read where the password of the keystore is."""
    _check_one(fields, PASSWORD_FIELDS)
    password = fields.string("keystore_password")
    return KeystorePassword(
        password=None if password is None else Secret(password),
        password_file=_path(fields, "keystore_password_file"),
        password_env=system_text(fields, "keystore_password_env"),
    )


def _check_one(fields: Fields, sources: Iterable[str]) -> None:
    for source in sources:
        if fields.is_null(source):
            fields.refuse(source, "has no value: put it in quotes, or leave the field out")
    given = [source for source in sources if source in fields.given]
    if len(given) > 1:
        fields.refuse(given[1], f"use only one of [{', '.join(given)}]")


def _path(fields: Fields, key: str) -> str | None:
    path = system_text(fields, key)
    return path and os.path.join(fields.document.folder, path)


def merge_settings(
    lists: Iterable[Iterable[DesiredSetting]], notes: list[str]
) -> tuple[DesiredSetting, ...]:
    """
    Merge the settings of several documents: the later one wins for each name.

    Args:
        lists: The settings of each document, in order.

        notes: Receives a message about each document that overrides another.
    """
    merged: dict[str, DesiredSetting] = {}
    for settings in lists:
        for setting in settings:
            earlier = merged.get(setting.name)
            if earlier is not None:
                what = f"[keystore {setting.name}] from [{setting.source}]"
                notes.append(f"{what} overrides [{earlier.source}]")
            merged[setting.name] = setting
    return tuple(merged.values())
