"""The table of settings, and what is made from it: the settings object and the guide."""

from __future__ import annotations

from copy import copy, deepcopy
from pathlib import Path
from pickle import dumps, loads
from typing import get_type_hints

import pytest

import esfilerealm
from esfilerealm import RealmSettings
from esfilerealm.settings.keys import (
    REALM_KEYS,
    RELOAD_INTERVAL,
    RELOAD_KEYS,
    SECURITY_KEYS,
    TOOL_KEYS,
)
from esfilerealm.settings.reader import SettingsReader

KEYS = (*TOOL_KEYS, *SECURITY_KEYS, *REALM_KEYS, *RELOAD_KEYS)
TYPES = {"boolean": bool, "integer": int, "seconds": float, "string": str}
GUIDE = Path(esfilerealm.__file__).parent / "settings" / "README.md"


def test_every_setting_is_an_attribute():
    names = {key.name for key in KEYS}
    assert set(get_type_hints(RealmSettings)) == names | {
        *("realm_name", "warnings", "notes", "elasticsearch_version"),
    }


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.name)
def test_type_and_default_of_an_attribute_are_those_of_its_key(key):
    assert get_type_hints(RealmSettings)[key.name] is TYPES[key.kind]
    default = getattr(SettingsReader(None, [], {}), key.kind)(key.key, key.default)
    assert getattr(RealmSettings(), key.name) == default


def row(key, prefix=""):
    return f"| `{prefix}{key.key}` | `{key.default}` | {key.meaning} |"


def test_the_tables_of_the_guide():
    """They hold every key with its default and its meaning, in the order of the table."""
    rows = [line for line in GUIDE.read_text().splitlines() if line.startswith("| `")]
    assert rows == [
        *map(row, TOOL_KEYS),
        *map(row, SECURITY_KEYS),
        *(row(key, "….") for key in REALM_KEYS),
        *map(row, RELOAD_KEYS),
        row(RELOAD_INTERVAL),
    ]


class TestValue:
    def test_it_is_equal_to_its_copies(self):
        settings = RealmSettings(cache_ttl=3.0, warnings=("w",))
        for other in (copy(settings), deepcopy(settings), loads(dumps(settings))):
            assert other == settings
            assert hash(other) == hash(settings)
            assert repr(other) == repr(settings)
        assert settings != RealmSettings()
        assert settings != 3.0

    def test_it_cannot_be_changed(self):
        settings = RealmSettings()
        with pytest.raises(AttributeError, match=r"settings cannot be changed: \[cache_ttl\]"):
            settings.cache_ttl = 3.0
        with pytest.raises(AttributeError):
            del settings.cache_ttl
        assert settings == RealmSettings()

    def test_an_unknown_setting(self):
        with pytest.raises(TypeError, match=r"no setting \[cache_tll\]"):
            RealmSettings(cache_tll=3.0)
