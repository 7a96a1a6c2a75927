"""``elasticsearch.yml`` as a node reads it."""

from __future__ import annotations

import pytest

from esfilerealm import RealmSettings
from esfilerealm.errors import FileAccessError, FilePermissionError, InvalidSettingError

ALGORITHM = "xpack.security.authc.password_hashing.algorithm"
FIPS = "xpack.security.fips_mode.enabled"
RESERVED = "xpack.security.authc.reserved_realm.enabled"
ANONYMOUS = "xpack.security.authc.anonymous.username"


def load(tmp_path, text, overrides=None):
    (tmp_path / "elasticsearch.yml").write_text(text, encoding="utf-8")
    return RealmSettings.load(tmp_path, overrides)


def test_defaults(tmp_path):
    for settings in (RealmSettings(), RealmSettings.load(tmp_path), RealmSettings.load(None)):
        assert repr(settings) == (
            "RealmSettings(anonymous_username='_anonymous', fips_mode_enabled=False, "
            "password_hashing_algorithm='bcrypt', reserved_realm_enabled=True)"
        )
        assert settings.name_rules == {"allow_reserved": False, "anonymous_username": "_anonymous"}


@pytest.mark.parametrize("text", ["", "# a remark\n", "---\n"])
def test_nothing_set(tmp_path, text):
    assert load(tmp_path, text).password_hashing_algorithm == "bcrypt"


@pytest.mark.parametrize(
    "text",
    [
        f"{ALGORITHM}: pbkdf2\n{FIPS}: true\n",
        (
            "xpack:\n  security:\n    authc:\n      password_hashing:\n        algorithm: pbkdf2\n"
            "    fips_mode.enabled: true\n"
        ),
        (
            "xpack.security:\n  authc.password_hashing: {algorithm: pbkdf2}\n"
            "xpack.security.fips_mode:\n  enabled: 'true'\n"
        ),
    ],
    ids=["flat", "nested", "mixed"],
)
def test_flat_nested_and_mixed_keys(tmp_path, text):
    settings = load(tmp_path, text + "discovery.seed_hosts: [a, b]\nother: {x: 1}\nempty:\n")
    assert settings.password_hashing_algorithm == "pbkdf2"
    assert settings.fips_mode_enabled


def test_fips_mode_changes_the_default(tmp_path):
    assert load(tmp_path, f"{FIPS}: true").password_hashing_algorithm == "pbkdf2_stretch"


def test_overrides_win(tmp_path):
    overrides = {RESERVED: "false", ANONYMOUS: "guest"}
    settings = load(tmp_path, f"{RESERVED}: true\n", overrides)
    assert settings.name_rules == {"allow_reserved": True, "anonymous_username": "guest"}


def test_environment_variables(tmp_path, monkeypatch):
    monkeypatch.setenv("ALGORITHM", "bcrypt12")
    text = f"{ALGORITHM}: ${{ALGORITHM}}\n{FIPS}: ${{NOT_SET:false}}\n"
    assert load(tmp_path, text).password_hashing_algorithm == "bcrypt12"
    with pytest.raises(InvalidSettingError, match=r"\[NOT_SET\] is not in the environment"):
        load(tmp_path, f"{FIPS}: ${{NOT_SET}}\n")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"{FIPS}: yes\n", r"\[yes\] in \[.*elasticsearch.yml\], line 1: must be exactly"),
        (f"a: 1\n{FIPS}: True\n", "line 2: must be exactly"),
        (f"{FIPS}:\n", "must not be empty"),
        (f"{FIPS}: [true]\n", "must be one value, not a list"),
        (f"{FIPS}: true\n{FIPS}: true\n", r"line 2: given in .* line 1 already"),
        (
            f"{FIPS}: true\nxpack:\n  security.fips_mode.enabled: true\n",
            r"line [13]: given in .* line [13] already",
        ),
        ("a: &a\n  b: *a\n", "must not be given by alias"),
        ("- a\n", "must be a mapping"),
        ("a: [\n", "not YAML at line 2"),
        ("a:\tb: c\n", "not YAML"),
    ],
)
def test_refusals(tmp_path, text, message):
    with pytest.raises(InvalidSettingError, match=message):
        load(tmp_path, text)


@pytest.mark.parametrize(
    "text",
    [
        "a.password: hunter2\na.password: hunter2\n",
        "a.password: *hunter2\n",
        "a.password: [hunter2\n",
        "a.password: {b: &x {c: hunter2}, d: *x}\n",
        "a.password: hunter2\xff\n",
        "hunter2\n",
        "- hunter2\n",
        "[" * 5000 + "hunter2",
    ],
)
def test_nothing_of_other_settings_is_told(tmp_path, text):
    """They may be secrets; neither is it kept where a logger would find it."""
    (tmp_path / "elasticsearch.yml").write_bytes(text.encode("latin-1"))
    with pytest.raises(InvalidSettingError) as caught:
        RealmSettings.load(tmp_path)
    assert "hunter2" not in str(caught.value) + repr(caught.value.args)
    assert caught.value.__context__ is None


def test_many_aliases_take_no_time(tmp_path):
    lines = ["a0: &a0 {x: y}"]
    lines += [f"a{n}: &a{n} {{l: *a{n - 1}, r: *a{n - 1}}}" for n in range(1, 40)]
    with pytest.raises(InvalidSettingError, match="alias"):
        load(tmp_path, "\n".join(lines))


def test_another_algorithm():
    settings = RealmSettings(fips_mode_enabled=True).with_algorithm("pbkdf2")
    assert settings.fips_mode_enabled
    assert settings.password_hashing_algorithm == "pbkdf2"


def test_an_override_that_is_no_boolean(tmp_path):
    with pytest.raises(InvalidSettingError, match=r"\[1\] in the overrides: must be exactly"):
        RealmSettings.load(tmp_path, {FIPS: "1"})


def test_files_that_cannot_be_read(tmp_path, monkeypatch):
    (tmp_path / "elasticsearch.yml").write_bytes(b"a: \xff\n")
    with pytest.raises(InvalidSettingError, match="not UTF-8 at byte 3"):
        RealmSettings.load(tmp_path)
    (tmp_path / "elasticsearch.yml").unlink()
    (tmp_path / "elasticsearch.yml").mkdir()
    with pytest.raises((FileAccessError, FilePermissionError)):
        RealmSettings.load(tmp_path)
