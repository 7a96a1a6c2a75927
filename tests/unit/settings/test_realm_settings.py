"""``elasticsearch.yml`` as a node reads it."""

from __future__ import annotations

import pytest

from esfilerealm import RealmSettings, UsersTool
from esfilerealm.errors import FileAccessError, FilePermissionError, InvalidSettingError

ALGORITHM = "xpack.security.authc.password_hashing.algorithm"
FIPS = "xpack.security.fips_mode.enabled"
RESERVED = "xpack.security.authc.reserved_realm.enabled"
ANONYMOUS = "xpack.security.authc.anonymous.username"
REALM = "xpack.security.authc.realms.file.f"


def load(tmp_path, text, overrides=None):
    (tmp_path / "elasticsearch.yml").write_text(text, encoding="utf-8")
    return RealmSettings.load(tmp_path, overrides)


def test_defaults(tmp_path):
    for settings in (RealmSettings(), RealmSettings.load(tmp_path), RealmSettings.load(None)):
        assert repr(settings) == (
            "RealmSettings(anonymous_username='_anonymous', authentication_enabled=True, "
            "cache_hash_algo='ssha256', cache_max_users=100000, cache_ttl=1200.0, "
            "elasticsearch_version=None, enabled=True, fips_mode_enabled=False, notes=(), "
            "order=-2147483648, password_hashing_algorithm='bcrypt', "
            "realm_name='default_file', reload_enabled=True, reload_interval_high=5.0, "
            "reload_interval_low=60.0, reload_interval_medium=30.0, reserved_realm_enabled=True, "
            "security_enabled=True, warnings=())"
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
    settings = load(tmp_path, text + "discovery.seed_hosts: [a, b]\nother: {x: 1}\nempty: ''\n")
    assert settings.password_hashing_algorithm == "pbkdf2"
    assert settings.fips_mode_enabled


def test_a_cache_for_no_users_is_valid():
    prefix = "xpack.security.authc.realms.file.f"
    overrides = {f"{prefix}.order": "0", f"{prefix}.cache.max_users": "0"}
    assert RealmSettings.load(None, overrides).cache_max_users == 0


@pytest.mark.parametrize("version", [7, 8, 9, None])
def test_what_fips_mode_makes_the_default(tmp_path, version):
    (tmp_path / "elasticsearch.yml").write_text(f"{FIPS}: true\n")
    settings = RealmSettings.load(tmp_path, elasticsearch_version=version)
    expected = "pbkdf2" if version == 7 else "pbkdf2_stretch"
    assert settings.password_hashing_algorithm == expected


@pytest.mark.parametrize("version", [5, 6])
def test_fips_mode_once_needed_an_algorithm_to_be_set(tmp_path, version):
    (tmp_path / "elasticsearch.yml").write_text(f"{FIPS}: true\n")
    with pytest.raises(InvalidSettingError, match=r"\[bcrypt\] in default: FIPS mode allows"):
        RealmSettings.load(tmp_path, elasticsearch_version=version)


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
    with pytest.raises(InvalidSettingError, match=r"\[NOT_SET\] is neither in the environment"):
        load(tmp_path, f"{FIPS}: ${{NOT_SET}}\n")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"{FIPS}: yes\n", r"\[yes\] in \[.*elasticsearch.yml\], line 1: must be exactly"),
        (f"a: 1\n{FIPS}: True\n", "line 2: must be exactly"),
        (f"{FIPS}:\n", "line 1: has no value at column 34"),
        (f"a: 1\n{REALM}.order:\n", r"file.f.order\] in .*, line 2: has no value at column 42"),
        (f"{REALM}.cache.ttl: &a 1s\n{REALM}.order: *a\n", "must not be given by alias"),
        ("resource.reload.enabled:\n", "has no value"),
        ("xpack.security.authc.realms: {f: {type: file, cache.ttl: }}\n", "has no value"),
        (f"{FIPS}: [true]\n", "must be one value, not a list"),
        (f"{FIPS}: true\n{FIPS}: true\n", r"line 2: already given in .* line 1"),
        ("- a\n", "must be a mapping"),
        ("a: [\n", "line 1: not YAML here"),
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
        "a.password: {b: &x {c: hunter2}, d: *x}\n",
        "a.password: &x hunter2\nb: *x\n",
        "a.password: [[hunter2]]\n",
        "? [hunter2]\n: 1\n",
        "a: hunter2\na.0: hunter2\n",
    ],
)
def test_warnings_do_not_show_other_settings(tmp_path, text):
    for check_realm in (True, False):
        (tmp_path / "elasticsearch.yml").write_text(text)
        settings = RealmSettings.load(tmp_path, check_realm=check_realm)
        assert settings.warnings
        assert "hunter2" not in repr(settings)


@pytest.mark.parametrize(
    "text",
    [
        "a.password: [hunter2\n",
        "a.password: @hunter2\n",
        "a.password: *\n",
        "a.password: hunter2: hunter2\n",
        "a.password: 'hunter2\n",
        "a.password: hunter2\xff\n",
        "a.password: hunter2\n---\nb: hunter2\n",
        "hunter2\n",
        "- hunter2\n",
        "[" * 5000 + "hunter2",
    ],
)
def test_other_settings_are_not_shown(tmp_path, text):
    """They may be secrets, so no error keeps them where a logger would find them."""
    (tmp_path / "elasticsearch.yml").write_bytes(text.encode("latin-1"))
    with pytest.raises(InvalidSettingError) as caught:
        RealmSettings.load(tmp_path)
    assert "hunter2" not in str(caught.value) + repr(caught.value.args)
    assert caught.value.__context__ is None


def test_many_aliases_take_no_time(tmp_path):
    lines = ["a0: &a0 {x: y}"]
    lines += [f"a{n}: &a{n} {{l: *a{n - 1}, r: *a{n - 1}}}" for n in range(1, 40)]
    assert "alias" in load(tmp_path, "\n".join(lines)).warnings[0]


def test_another_algorithm():
    before = RealmSettings(fips_mode_enabled=True, cache_ttl=3.0, warnings=("w",))
    settings = before.with_algorithm("pbkdf2")
    assert before.password_hashing_algorithm == "pbkdf2_stretch"
    assert repr(settings) == repr(before).replace("pbkdf2_stretch", "pbkdf2")


class TestTheRealm:
    def test_everything_set(self, tmp_path):
        settings = load(
            tmp_path,
            "xpack.security.authc.realms.file.mine:\n  order: -3\n  authentication.enabled: false\n"
            "  cache: {ttl: 90s, max_users: 007, hash_algo: PBKDF2_1000}\n"
            "resource.reload:\n  enabled: false\n  interval: {high: 1h, medium: 2ms, low: 1d}\n",
        )
        assert (settings.realm_name, settings.order, settings.enabled) == ("mine", -3, True)
        assert not settings.authentication_enabled
        assert (settings.cache_ttl, settings.cache_max_users) == (90.0, 7)
        assert settings.cache_hash_algo == "PBKDF2_1000"
        assert not settings.reload_enabled
        assert settings.reload_interval_high == 3600.0
        assert settings.reload_interval_medium == 0.002
        assert settings.reload_interval_low == 86_400.0
        assert settings.warnings == ()

    @pytest.mark.parametrize(("version", "order"), [(5, 2**31 - 1), (7, 2**31 - 1), (8, -(2**31))])
    def test_implicit(self, version, order):
        settings = RealmSettings.load(None, elasticsearch_version=version)
        assert (settings.realm_name, settings.order) == ("default_file", order)

    def test_the_old_spelling_implies_version_6(self, tmp_path):
        settings = load(
            tmp_path,
            "xpack.security.authc.realms:\n  f: {type: file, cache.ttl: 1s, order: 4}\n"
            "  off: {type: file, enabled: false, cache.ttl: 9s}\n",
        )
        assert (settings.realm_name, settings.order, settings.cache_ttl) == ("f", 4, 1.0)

    @pytest.mark.parametrize("ttl", ["0", "0s", "-1", "-1s"])
    def test_a_cache_that_is_off(self, ttl):
        prefix = "xpack.security.authc.realms.file.f"
        overrides = {f"{prefix}.order": "0", f"{prefix}.cache.ttl": ttl}
        settings = RealmSettings.load(None, overrides | {f"{prefix}.cache.max_users": "-5"})
        assert settings.cache_ttl <= 0
        assert settings.cache_max_users == -5

    def test_a_realm_that_is_off(self):
        """It is never built, so its algorithm may be unknown. Its values must be readable."""
        prefix = "xpack.security.authc.realms.file.f"
        overrides = {f"{prefix}.enabled": "false", f"{prefix}.cache.hash_algo": "sha256"}
        settings = RealmSettings.load(None, overrides)
        assert (settings.realm_name, settings.enabled) == ("f", False)
        with pytest.raises(InvalidSettingError, match="did you mean"):
            RealmSettings.load(None, overrides | {f"{prefix}.cache.ttl": "20"})

    @pytest.mark.parametrize("version", [5, 6, 7])
    def test_a_realm_that_others_displace(self, version):
        key = "xpack.security.authc.realms.ldap.l.order" if version == 7 else ""
        overrides = {key: "0"} if key else {"xpack.security.authc.realms.l.type": "ldap"}
        settings = RealmSettings.load(None, overrides, elasticsearch_version=version)
        assert (settings.realm_name, settings.enabled) == ("default_file", False)

    def test_a_realm_whose_node_has_security_off(self, tmp_path):
        settings = load(tmp_path, "xpack.security.enabled: false\n")
        assert (settings.enabled, settings.security_enabled) == (True, False)
        (warning,) = settings.warnings
        assert warning.startswith("security is off ([xpack.security.enabled] in [")
        assert warning.endswith("line 1), so a node does not ask the file realm")

    def test_a_realm_that_is_disabled(self, tmp_path):
        settings = load(tmp_path, f"{REALM}.enabled: false\n")
        (warning,) = settings.warnings
        assert warning.startswith("the file realm [f] is disabled in [")

    def test_booleans_of_5(self, tmp_path):
        text = "xpack.security.authc.realms.f: {type: file, enabled: off}\n"
        load(tmp_path, text)
        with pytest.raises(InvalidSettingError, match="must be exactly"):
            RealmSettings.load(tmp_path, elasticsearch_version=6)
        for version in (None, 5):
            settings = RealmSettings.load(tmp_path, elasticsearch_version=version)
            assert "a node of 5 reads it as false, later ones refuse it" in settings.warnings[0]
        settings = RealmSettings.load(None, {RESERVED: "yes"}, elasticsearch_version=5)
        assert settings.reserved_realm_enabled

    @pytest.mark.parametrize("version", [4, 10])
    def test_unknown_versions(self, version):
        with pytest.raises(ValueError, match=f"unknown major version of Elasticsearch: {version}"):
            RealmSettings.load(None, elasticsearch_version=version)


class TestFipsMode:
    def test_algorithms_that_it_forbids(self):
        with pytest.raises(
            InvalidSettingError, match=r"\[BCRYPT\] .* FIPS mode allows PBKDF2 only"
        ):
            RealmSettings.load(None, {FIPS: "true", ALGORITHM: "BCRYPT"})
        RealmSettings.load(None, {FIPS: "true", ALGORITHM: "PBKDF2"})

    @pytest.mark.parametrize(
        ("algorithm", "warns"), [("ssha256", 0), ("SSHA256", 0), ("Pbkdf2", 0), ("md5", 1)]
    )
    def test_algorithms_of_the_cache(self, algorithm, warns):
        prefix = "xpack.security.authc.realms.file.f"
        overrides = {f"{prefix}.order": "0", f"{prefix}.cache.hash_algo": algorithm}
        assert RealmSettings.load(None, overrides).warnings == ()
        warnings = RealmSettings.load(None, overrides | {FIPS: "true"}).warnings
        assert len(warnings) == warns
        assert all(f"{prefix}.cache.hash_algo" in warning for warning in warnings)


class TestSettingsForWriting:
    BAD = (
        "xpack.security.authc.realms.file.f.cache.ttl: 20M\nresource.reload.enabled: yes\n"
        f"{ALGORITHM}: bcript\n"
    )

    def test_they_are_read_where_a_node_would_not_start(self, tmp_path):
        with pytest.raises(InvalidSettingError):
            load(tmp_path, self.BAD)
        settings = RealmSettings.load(tmp_path, check_realm=False)
        assert settings.password_hashing_algorithm == "bcript"
        assert (settings.realm_name, settings.cache_ttl) == ("default_file", 1200.0)

    def test_the_tool_and_the_command_use_them(self, run, config):
        (config / "elasticsearch.yml").write_text(self.BAD)
        assert UsersTool(config).list_users() == {}
        assert run("list").exit_code == 0


@pytest.mark.parametrize(
    ("key", "value", "more", "rule"),
    [
        ("cache.ttl", "5w", {}, r"must end with one of the units .*, d\]$"),
        ("cache.ttl", "20M", {}, r"did you mean \[20m\]\?"),
        ("cache.ttl", "20", {}, r"has no unit: .* did you mean \[20s\] or \[20m\]\?"),
        ("cache.ttl", "1.5h", {}, "fractions are not supported$"),
        ("cache.ttl", "-5m", {}, "must not be negative"),
        ("cache.max_users", "-5", {}, "must not be negative, unless"),
        ("cache.max_users", "1_000", {}, r"must be a whole number .* did you mean \[1000\]\?"),
        ("cache.max_users", "1e3", {}, "must be a whole number from -2147483648 to 2147483647$"),
        ("cache.max_users", "2147483648", {}, "must be a whole number"),
        ("order", "first", {}, "must be a whole number"),
        ("cache.hash_algo", "sha256", {}, r"unknown hash algorithm; did you mean \[ssha256\]\?"),
        ("enabled", "yes", {}, r"must be exactly \[true\] or \[false\]; did you mean \[true\]\?"),
        ("authentication.enabled", "OFF", {}, r"did you mean \[false\]\?"),
        ("enabled", "2", {}, r"must be exactly \[true\] or \[false\]$"),
        ("order", "3", {"xpack.security.authc.realms.pki.p.order": "3"}, "has the same order"),
    ],
)
def test_bad_values(key, value, more, rule):
    """An error names the key, its value, the rule and what was probably meant."""
    overrides = {f"{REALM}.order": "0", **more, f"{REALM}.{key}": value}
    with pytest.raises(InvalidSettingError, match=rule) as caught:
        RealmSettings.load(None, overrides)
    told = {caught.value.key: str(caught.value.value)}
    assert told in ({f"{REALM}.{key}": value}, {"xpack.security.authc.realms.pki.p.order": value})
    assert f"[{caught.value.key}] is [{value}] in the overrides: " in str(caught.value)


@pytest.mark.parametrize(
    ("key", "rule"),
    [
        (
            f"{REALM}.cache.tll",
            r"unknown setting of a realm of type file; did you mean \[cache.ttl\]\?",
        ),
        (f"{REALM}.type", r"unknown setting .* type file; known are \[order, enabled, "),
        (
            "xpack.security.authc.realms.fil.f.order",
            r"unknown realm type \[fil\]; did you mean \[file\]\?",
        ),
        ("xpack.security.authc.realms.file.order", r"must be \[.*<type>.<name>.<key>\]$"),
        ("xpack.security.authc.realms..f.order", r"must be \[.*<type>.<name>.<key>\]$"),
        ("resource.reload.intervall.high", r"did you mean \[resource.reload.interval.high\]\?"),
    ],
)
def test_unknown_keys(key, rule):
    """Their values are not shown: they may be secrets."""
    with pytest.raises(InvalidSettingError, match=rule) as caught:
        RealmSettings.load(None, {key: "hunter2"}, elasticsearch_version=8)
    assert caught.value.key == key
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("bcript12", r"unknown hash algorithm; did you mean \[bcrypt12\]\?"),
        ("md5", "is for caches only, not for passwords"),
        ("pb\u212adf2", "unknown hash algorithm"),
    ],
)
def test_unknown_algorithms(name, rule):
    with pytest.raises(InvalidSettingError, match=rule) as caught:
        RealmSettings.load(None, {ALGORITHM: name})
    assert (caught.value.key, caught.value.value) == (ALGORITHM, name)


def test_a_warning_of_intervals_without_a_pause():
    settings = RealmSettings.load(None, {"resource.reload.interval.high": "0"})
    assert settings.reload_interval_high == 0
    assert "a node polls without a pause" in settings.warnings[0]


def test_an_override_that_is_not_a_boolean(tmp_path):
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
