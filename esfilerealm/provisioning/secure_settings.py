"""Settings of a keystore in a desired state, read from documents and merged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .._ground.showing import shown_name
from .._ground.values import Secret
from ..documents.kinds import Choice, Record, Records, Text
from ..errors import InvalidSecureSettingError
from ..keystore import validate_setting_name
from . import rules
from .parsing import STATES, check_sources, excluding, path_in, secret
from .values import VALUE_SOURCES, DesiredSetting, KeystorePassword

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..documents.fields import Fields
    from ..documents.kinds import Schema

__all__ = [
    "KEYSTORE",
    "PASSWORDS",
    "PASSWORD_FIELDS",
    "merge_settings",
    "read_keystore_password",
    "read_settings",
]

_ABSENT: Final[Schema] = {
    "type": "object",
    "properties": {"state": {"const": "absent"}},
    "required": ["state"],
}
_NAME: Final = Text("name", "The name of the setting.")
_STATE: Final = Choice(
    "state", "Whether the setting is to exist: present (default) or absent.", STATES
)
_VALUE: Final = secret("value", "The value, text.")
_VALUE_FILE: Final = secret(
    "value_file", "A file with the value; one line end at its end is left out.", rules.SYSTEM_TEXT
)
_VALUE_ENV: Final = secret(
    "value_env", "An environment variable that holds the value.", rules.SYSTEM_TEXT
)
_FILE: Final = secret("file", "A file that is the value, byte for byte.", rules.SYSTEM_TEXT)

KEYSTORE: Final = Records(
    "keystore",
    "Settings of elasticsearch.keystore: a list, or a mapping from their names. Without any of "
    "value, value_file, value_env and file, a value stays.",
    Record(
        _NAME,
        _STATE,
        _VALUE,
        _VALUE_FILE,
        _VALUE_ENV,
        _FILE,
        also={"dependentSchemas": excluding(VALUE_SOURCES)},
    ),
    _NAME.key,
    rules.SETTING_NAME,
    exempt=_ABSENT,  # another program may have put any name there
)
"""The field for the settings of the keystore."""

_PASSWORD: Final = secret("keystore_password", "The password of the keystore.")
_PASSWORD_FILE: Final = secret(
    "keystore_password_file",
    "A file whose one line is the password of the keystore.",
    rules.SYSTEM_TEXT,
)
_PASSWORD_ENV: Final = secret(
    "keystore_password_env",
    "An environment variable that holds the password of the keystore.",
    rules.SYSTEM_TEXT,
)
PASSWORDS: Final = (_PASSWORD, _PASSWORD_FILE, _PASSWORD_ENV)
"""The fields for the password of the keystore; a document may have one of them."""

PASSWORD_FIELDS: Final = tuple(field.key for field in PASSWORDS)
"""Their names."""


def read_settings(fields: Fields) -> tuple[DesiredSetting, ...]:
    """Read the settings, a list or a mapping from their names; each name may occur once."""
    settings: dict[str, DesiredSetting] = {}
    for name, one in KEYSTORE.of(fields):
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
    name = _NAME.of(fields) if given is None else given
    if name is None and fields.is_mapping and "name" not in fields.given:
        fields.refuse(None, "the [name] of the setting is missing")
    check_sources(fields, VALUE_SOURCES)
    state = _STATE.of(fields)
    if name is not None and state != "absent":
        try:
            validate_setting_name(name)
        except InvalidSecureSettingError as error:
            key = "name" if given is None else None
            fields.refuse(key, f"[{shown_name(str(name))}] {error.rule}")
            name = None
    value = _VALUE.of(fields)
    setting = DesiredSetting(
        name=name or "",
        state=state,
        value=None if value is None else Secret(value),
        value_file=path_in(fields, _VALUE_FILE),
        value_env=_VALUE_ENV.of(fields),
        file=path_in(fields, _FILE),
        source=fields.document.source,
        place=fields.place,
    )
    return None if name is None else setting


def read_keystore_password(fields: Fields) -> KeystorePassword:
    """Read where the password of the keystore is."""
    check_sources(fields, PASSWORD_FIELDS)
    password = _PASSWORD.of(fields)
    return KeystorePassword(
        password=None if password is None else Secret(password),
        password_file=path_in(fields, _PASSWORD_FILE),
        password_env=_PASSWORD_ENV.of(fields),
    )


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
