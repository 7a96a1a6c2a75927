"""The file, what overrides it, and the settings in the environment of a container."""

from __future__ import annotations

import pytest

from esfilerealm import RealmSettings
from esfilerealm.errors import InvalidSettingError
from esfilerealm.settings.reader import SettingsReader
from esfilerealm.settings.sources import combined_settings, container_overrides

FIPS = "xpack.security.fips_mode.enabled"


def reader_of(folder, text):
    (folder / "elasticsearch.yml").write_text(text, encoding="utf-8")
    return SettingsReader(folder, [], {})


def problems_of(folder, text):
    """What is wrong with a file if all of its settings count."""
    reader = reader_of(folder, text)
    reader.claim_below("")
    return [str(p).replace(str(folder), "") for p in reader.problems]


def warnings_of(folder, text):
    """What is wrong with a file if none of its settings counts."""
    reader = reader_of(folder, text)
    reader.finish()
    assert reader.problems == []
    return [warning.replace(str(folder), "") for warning in reader.warnings]


REFUSED = "; a node does not start"
LATER = "; a node takes the later one"
ALIAS = "; a node takes the name after [*] as the value"


def test_what_is_wrong_with_settings_of_others(tmp_path):
    where = "in [/elasticsearch.yml], line"
    assert warnings_of(
        tmp_path,
        "a: 1\nb:\nc:\n  d: [1, {x: 1}]\n  e: ~\na: 2\nc.d: 3\nf: &f x\ng: *f\n? [k]\n: 1\n"
        "h:\n  &i j: 1\n  *i : 2\n",
    ) == [
        f"setting [b] {where} 2: has no value at column 3: give one, or remove it{REFUSED}",
        f"setting [c.d] {where} 4: a list must hold plain values only{REFUSED}",
        f"setting [c.e] {where} 5: has no value at column 6: give one, or remove it{REFUSED}",
        f"setting [a] {where} 6: already given in [/elasticsearch.yml], line 1{REFUSED}",
        f"setting [c.d] {where} 7: already given in [/elasticsearch.yml], line 4{LATER}",
        f"setting [g] {where} 9: must not be given by alias, which a node does not follow{ALIAS}",
        f"settings {where} 10: a key must be a string, not a list{REFUSED}",
        f"setting [h] {where} 14: a key must be a string, not an alias{REFUSED}",
    ]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("a: {b: 1}\na: {c: 2}\n", ["a] 2 1"]),
        ("a: {b: 1}\na: {b: 2}\n", ["a] 2 1"]),
        ("a: {b: 1, b: 2}\n", ["a.b] 1 1"]),
        ("a: [1]\na: [2]\na: 3\n", ["a] 2 1", "a] 3 1"]),
        ("a: {b: 1}\nc: {b: 1}\na.d: 1\n", []),
    ],
)
def test_a_key_that_is_given_twice_in_one_mapping(tmp_path, text, lines):
    """A node refuses that, wherever it is."""
    assert warnings_of(tmp_path, text) == [
        f"setting [{key} in [/elasticsearch.yml], line {line}: already given in "
        f"[/elasticsearch.yml], line {first}{REFUSED}"
        for key, line, first in map(str.split, lines)
    ]


@pytest.mark.parametrize("text", [f"{FIPS}: true\nxpack.security:\n  fips_mode.enabled: false\n"])
def test_of_a_key_given_flat_and_nested_the_later_one_counts(tmp_path, text):
    (tmp_path / "elasticsearch.yml").write_text(text)
    settings = RealmSettings.load(tmp_path)
    assert not settings.fips_mode_enabled
    (warning,) = settings.warnings
    assert "line 3: already given in" in warning
    assert "line 1; a node takes the later one" in warning


def test_an_override_decides_where_the_file_does_not(tmp_path):
    (tmp_path / "elasticsearch.yml").write_text(f"{FIPS}:\n")
    with pytest.raises(InvalidSettingError, match="has no value"):
        RealmSettings.load(tmp_path)
    settings = RealmSettings.load(tmp_path, {FIPS: "true"})
    assert settings.fips_mode_enabled
    assert "has no value" in settings.warnings[0]


def test_a_placeholder_of_others_is_noted(tmp_path):
    text = "node.name: ${HERE}\na: [x, '${NOPE}', '${NOPE:d}']\nb: ${c}\nc: d\n"
    (tmp_path / "elasticsearch.yml").write_text(text)
    reader = SettingsReader(tmp_path, [], {"HERE": "secret"})
    reader.finish()
    (note,) = reader.notes
    assert note.startswith("setting [a] in ")
    assert "line 2: [NOPE] is neither in the environment of this process nor a setting" in note


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("a: 1\n---\nb: 2\n", "2: there is more behind the end of the document"),
        ("a: 1\n...\nb: 2\n", "3: there is more behind the end of the document"),
        ("  a: 1\nb: 2\n", "2: there is more behind the end of the document"),
        ("a: 1\n--- [\n", "2: there is more behind the end of the document"),
        ("a: 1\n b: 2\n", "2: not YAML here"),
        ("\x07", "1: not YAML: there is a control character in it"),
        ("a: " + "[" * 1002, "1: nested too deeply"),
        ("text\n", "1: must be a mapping of keys to values"),
    ],
)
def test_files_that_are_not_one_mapping(tmp_path, text, rule):
    (problem,) = problems_of(tmp_path, text)
    assert problem.startswith(f"settings in [/elasticsearch.yml], line {rule}")


@pytest.mark.parametrize("name", ["elasticsearch.yaml", "elasticsearch.json"])
def test_files_of_another_name(tmp_path, name):
    (tmp_path / name).touch()
    assert name in problems_of(tmp_path, "")[0]


@pytest.mark.parametrize("text", ["false", "true"])
def test_force(tmp_path, text):
    (tmp_path / "elasticsearch.yml").write_text(f"force.{FIPS}: {text}\n{FIPS}: true\n")
    settings = RealmSettings.load(tmp_path, {FIPS: "true"})
    assert settings.fips_mode_enabled == (text == "true")


class TestOldLists:
    def test_up_to_the_first_gap(self, tmp_path):
        (tmp_path / "elasticsearch.yml").write_text("a.0: x\na.1: [y, z]\na.3: w\nb.1: q\n")
        settings = combined_settings(tmp_path, [], [], {})
        assert settings["a"].value == ["x", "[y, z]"]
        assert settings["a"].where.endswith("line 1")
        assert list(settings) == ["a.3", "b.1", "a"]

    def test_beside_another_value(self, tmp_path):
        (problem,) = problems_of(tmp_path, "a: secret\na.0: secret\n")
        assert problem.startswith(
            "setting [a] in [/elasticsearch.yml], line 1: also given as [a.0] in ["
        )
        assert "secret" not in problem

    def test_of_an_override_beside_one_of_the_file(self, tmp_path):
        (tmp_path / "elasticsearch.yml").write_text("a.0: x\n")
        (warning,) = RealmSettings.load(tmp_path, {"a.0": "y"}).warnings
        assert "also given as [a.0] in the overrides; a node does not start" in warning


def test_the_same_shape_twice(tmp_path):
    """A scalar and a mapping may share a key."""
    assert problems_of(tmp_path, "a: 1\na.b: 2\n") == []


def test_container():
    environ = {
        "xpack.security.enabled": "true",
        "ES_SETTING_A_B__C": "x",
        "ES_SETTINGS": "no",
        "PATH": "no",
    }
    assert container_overrides(environ) == {}
    for marker in ({"ELASTIC_CONTAINER": "true"}, {"ES_DISTRIBUTION_TYPE": "docker"}):
        settings = container_overrides(environ | marker)
        assert settings == {"xpack.security.enabled": "true", "a.b_c": "x"}
