"""``${NAME}``: its value, and the secrets that no message may show."""

from __future__ import annotations

import pytest

from esfilerealm import RealmSettings
from esfilerealm.errors import InvalidSettingError
from esfilerealm.settings.placeholders import PlaceholderError, replace_placeholders
from esfilerealm.settings.reader import SettingsReader
from esfilerealm.settings.sources import Setting

ANONYMOUS = "xpack.security.authc.anonymous.username"
FIPS = "xpack.security.fips_mode.enabled"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("${A}", "1"),
        ("x${A}y${B}z", "x1y2z"),
        ("${C}", "<1>"),
        ("${NOPE:x}", "x"),
        ("${NOPE:}", ""),
        ("${A:x}", "1"),
        ("${EMPTY:x}", ""),
        ("${NOPE:a:b}", "a:b"),
        ("${NOPE:${A}}", "1"),
        ("${NOPE:{}}", "{}"),
        ("${${NAME_OF_B}}", "2"),
        ("${A}${A}", "11"),
        ("${A", "${A"),
        ("a${", "a${"),
        ("$A {A}", "$A {A}"),
        ("${A}}", "1}"),
    ],
)
def test_replacing(text, expected):
    environ = {"A": "1", "B": "2", "C": "<${A}>", "NAME_OF_B": "B", "EMPTY": ""}
    assert replace_placeholders(text, environ.get) == expected


@pytest.mark.parametrize("text", ["${A}", "x${B}", "${NOPE:${A}}", "${C}"])
def test_cycles(text):
    environ = {"A": "${B}", "B": "${A}", "C": "${C}"}
    with pytest.raises(PlaceholderError, match="refers to itself"):
        replace_placeholders(text, environ.get)


def values_of(settings, environ=None):
    layer = {key: Setting(value, "here") for key, value in settings.items()}
    return SettingsReader(None, [layer], environ or {})


def test_environment_before_settings_and_after_overriding(tmp_path, monkeypatch):
    (tmp_path / "elasticsearch.yml").write_text(
        f"node.name: n\n{ANONYMOUS}: ${{node.name}}-${{X_Y}}\n"
    )
    monkeypatch.setenv("X_Y", "e")
    settings = RealmSettings.load(tmp_path, {"node.name": "override", "X_Y": "o"})
    assert settings.anonymous_username == "override-e"


def test_lists():
    values = values_of({"l": ["${A}", "b"], "t": "${l}", "c": "${B},z"}, {"A": "x", "B": "y"})
    assert values.strings("l") == ["x", "b"]
    assert values.string("t") == "[x, b]"
    assert values.strings("c") == ["y", "z"]
    assert values.strings("nope") == []
    assert not values.problems


def test_a_value_that_becomes_empty_counts_as_unset():
    settings = RealmSettings.load(None, {ANONYMOUS: "${NOT_SET:}", FIPS: "${NOT_SET:}"})
    assert settings.anonymous_username == "_anonymous"
    prefix = "xpack.security.authc.realms.file.f"
    assert RealmSettings.load(None, {f"{prefix}.order": "${NOT_SET:}"}).realm_name == "default_file"


@pytest.mark.parametrize("text", ["${NOPE}", "${a}", "[x${"])
def test_placeholders_of_other_settings_are_left_alone(text):
    """They may need the environment of the node, which is not here."""
    RealmSettings.load(None, {"node.name": text, "a": "${b}", "b": "${a}"})


def test_depth():
    deep = {f"a{n}": f"${{a{n + 1}}}" for n in range(5000)} | {FIPS: "${a0}"}
    with pytest.raises(InvalidSettingError, match="nested too deeply"):
        RealmSettings.load(None, deep)
    assert values_of(deep).is_given(FIPS)


@pytest.mark.parametrize(
    "settings",
    [
        {FIPS: "${bootstrap.password}"},
        {FIPS: "${${bootstrap.password}}"},
        {FIPS: "${SECRET}"},
        {FIPS: ["${bootstrap.password}"]},
        {"resource.reload.interval.high": "${bootstrap.password}"},
        {"xpack.security.authc.password_hashing.algorithm": "${bootstrap.password}"},
    ],
)
def test_the_value_of_a_placeholder_is_not_shown(settings, monkeypatch):
    monkeypatch.setenv("SECRET", "hunter2")
    with pytest.raises(InvalidSettingError) as caught:
        RealmSettings.load(None, {**settings, "bootstrap.password": "hunter2"})
    assert "hunter2" not in str(caught.value) + repr(caught.value.args)
    assert "${" in str(caught.value)
    assert caught.value.__context__ is None


def test_the_note_about_a_type_does_not_show_it():
    settings = {"xpack.security.authc.realms.f.type": "${bootstrap.password}"}
    (note,) = RealmSettings.load(None, {**settings, "bootstrap.password": "hunter2"}).notes
    assert "hunter2" not in note
    assert "no realm of type [${bootstrap.password}]" in note


@pytest.mark.parametrize("secret", ["4711", "yes", "1.5h", "4711M"])
def test_no_hint_shows_it_either(secret):
    for key in (FIPS, "resource.reload.interval.high"):
        with pytest.raises(InvalidSettingError) as caught:
            RealmSettings.load(None, {key: "${pin}", "pin": secret})
        assert str(caught.value).startswith(f"setting [{key}] is [${{pin}}] in the overrides: ")
        assert "did you mean" not in str(caught.value)


def test_an_unresolved_name_is_shown_if_it_is_written_there():
    values = values_of({"a": "${NOPE}"})
    assert values.string("a", "default") == "default"
    assert [str(problem) for problem in values.problems] == [
        "setting [a] is [${NOPE}] in here: [NOPE] is neither in the environment nor a setting"
    ]
