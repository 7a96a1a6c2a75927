"""The report on all settings, and the command that prints it."""

from __future__ import annotations

import json
import sys
import zlib

import pytest

from esfilerealm.keystore import Keystore
from esfilerealm.settings.report import inspect_settings

ALGORITHM = "xpack.security.authc.password_hashing.algorithm"
FIPS = "xpack.security.fips_mode.enabled"
ANONYMOUS = "xpack.security.authc.anonymous.username"
REALM = "xpack.security.authc.realms.file.mine"

BAD = f"""\
node.name: n
{ALGORITHM}: bcript12
{REALM}:
  order: 1
  cache.ttl: 20M
  cache.tll: hunter2
  authentication.enabled: yes
xpack.security.authc.realms.ldap.l:
  order: 1
  bind_password: hunter2
resource.reload.interval: 40s
"""


@pytest.fixture
def bad(config):
    (config / "elasticsearch.yml").write_text(BAD)
    return config


def rows_of(report):
    return {setting.key: (setting.value, setting.source) for setting in report.settings}


def test_defaults():
    report = inspect_settings(None, options={}, environ={})
    default = "xpack.security.authc.realms.file.default_file"
    assert rows_of(report) == {
        FIPS: ("false", "default"),
        ALGORITHM: ("bcrypt", "default"),
        "xpack.security.authc.reserved_realm.enabled": ("true", "default"),
        ANONYMOUS: ("_anonymous", "default"),
        f"{default}.order": ("-2147483648", "default"),
        f"{default}.enabled": ("true", "default"),
        f"{default}.authentication.enabled": ("true", "default"),
        f"{default}.cache.ttl": ("20m", "default"),
        f"{default}.cache.max_users": ("100000", "default"),
        f"{default}.cache.hash_algo": ("ssha256", "default"),
        "resource.reload.enabled": ("true", "default"),
        "resource.reload.interval.high": ("5s", "default"),
        "resource.reload.interval.medium": ("30s", "default"),
        "resource.reload.interval.low": ("60s", "default"),
    }
    assert (report.problems, report.warnings) == ((), ())


def test_sources(config):
    (config / "elasticsearch.yml").write_text(
        f"a: 1\n{FIPS}: true\n{ALGORITHM}: pbkdf2\n{ANONYMOUS}: f\n"
    )
    report = inspect_settings(
        config,
        options={ANONYMOUS: "o${A}", FIPS: "true"},
        environ={
            "ELASTIC_CONTAINER": "true",
            "ES_SETTING_XPACK_SECURITY_FIPS__MODE_ENABLED": "false",
            "A": "a",
        },
    )
    rows = rows_of(report)
    assert rows[ALGORITHM] == ("pbkdf2", f"[{config}/elasticsearch.yml], line 3")
    assert rows[ANONYMOUS] == ("oa", "-E")
    assert rows[FIPS] == (
        "false",
        "environment variable [ES_SETTING_XPACK_SECURITY_FIPS__MODE_ENABLED]",
    )


def test_a_realm_of_the_old_spelling():
    prefix = "xpack.security.authc.realms.f"
    report = inspect_settings(None, options={f"{prefix}.type": "file"}, environ={})
    keys = [key.removeprefix(prefix) for key in rows_of(report) if key.startswith(prefix)]
    assert keys == [
        *(".type", ".order", ".enabled", ".authentication.enabled"),
        *(".cache.ttl", ".cache.max_users", ".cache.hash_algo"),
    ]


def test_a_realm_that_others_displace():
    options = {"xpack.security.authc.realms.ldap.l.order": "0"}
    report = inspect_settings(None, options=options, environ={}, elasticsearch_version=7)
    rows = rows_of(report)
    assert rows["xpack.security.authc.realms.file.default_file.enabled"] == ("false", "default")
    assert not any("ldap" in key for key in rows)


def test_a_disabled_realm_of_the_default_name_before_8():
    """It is used anyway, with its settings. A problem of them is reported once."""
    prefix = "xpack.security.authc.realms.file.default_file"
    options = {f"{prefix}.enabled": "false", f"{prefix}.cache.ttl": "20"}
    report = inspect_settings(None, options=options, environ={}, elasticsearch_version=7)
    assert len(report.problems) == 1
    assert "the realm is used anyway" in report.warnings[0]


def test_the_old_interval(config):
    (config / "elasticsearch.yml").write_text("resource.reload.interval: 40s\n")
    rows = rows_of(inspect_settings(config, options={}, environ={}))
    shown = ("40s", f"[{config}/elasticsearch.yml], line 1")
    assert rows["resource.reload.interval"] == shown
    assert rows["resource.reload.interval.medium"] == shown
    assert rows["resource.reload.interval.high"] == ("5s", "default")


class TestCommand:
    def test_all_is_well(self, run, config):
        (config / "elasticsearch.yml").write_text(f"{ANONYMOUS}: guest\n")
        result = run("settings")
        lines = result.out.splitlines()
        assert (result.exit_code, result.err) == (0, "")
        assert len({line.index(line.split()[1]) for line in lines}) == 1
        assert [line.split()[0] for line in lines].count(ANONYMOUS) == 1
        row = next(line for line in lines if ANONYMOUS in line)
        assert row.split(maxsplit=2)[1:] == ["guest", f"[{config}/elasticsearch.yml], line 1"]

    def test_all_problems_at_once(self, run, bad):
        result = run("settings")
        where = f"in [{bad}/elasticsearch.yml], line"
        assert result.exit_code == 78
        assert result.err.splitlines() == [
            (
                f"ERROR: setting [{ALGORITHM}] is [bcript12] {where} 2: unknown hash algorithm; "
                "did you mean [bcrypt12]?"
            ),
            (
                f"ERROR: setting [{REALM}.cache.tll] {where} 6: "
                "unknown setting of a realm of type file; did you mean [cache.ttl]?"
            ),
            (
                "ERROR: setting [xpack.security.authc.realms.ldap.l.order] is [1] "
                f"{where} 9: realm [mine] {where} 4 has the same order; "
                "since Elasticsearch 8, every enabled realm needs its own"
            ),
            (
                f"ERROR: setting [{REALM}.authentication.enabled] is [yes] {where} 7: "
                "must be exactly [true] or [false]; did you mean [true]?"
            ),
            (
                f"ERROR: setting [{REALM}.cache.ttl] is [20M] {where} 5: "
                "must end with one of the units [nanos, micros, ms, s, m, h, d]; "
                "did you mean [20m]?"
            ),
            (
                f"WARNING: setting [resource.reload.interval] {where} 11: "
                "an old name, which sets only [resource.reload.interval.medium]"
            ),
        ]
        assert "hunter2" not in result.out + result.err
        assert "node.name" not in result.out

    def test_json(self, run, bad):
        result = run("settings", "--json")
        shown = json.loads(result.out)
        assert result.exit_code == 78
        assert set(shown) == {
            "command",
            "version",
            "settings",
            "secure_settings",
            "problems",
            "warnings",
            "notes",
        }
        assert {
            "key": f"{REALM}.order",
            "value": "1",
            "source": f"[{bad}/elasticsearch.yml], line 4",
        } in shown["settings"]
        assert (len(shown["problems"]), len(shown["warnings"])) == (5, 1)
        assert "hunter2" not in result.out

    def test_a_version(self, run, bad):
        assert "has the same order" in run("settings", "--es-version", "8").err
        assert (
            "realm [mine] has the same order; an error since 8"
            in run("settings", "--es-version", "7").err
        )

    @pytest.mark.parametrize("release", ["7.17", "7.17.28"])
    def test_a_release(self, run, bad, release):
        assert "an error since 8" in run("settings", "--es-version", release).err

    @pytest.mark.parametrize("version", ["4", "10", "8.x", ""])
    def test_no_version(self, run, version):
        result = run("settings", "--es-version", version)
        assert result.exit_code == 64
        assert f"option [es-version] is one of 5 to 9, not [{version}]" in result.err

    def test_silence(self, run, bad):
        result = run("settings", "-s")
        assert result.out == ""
        assert result.err.count("ERROR: ") == 5

    def test_no_directory_at_all(self, run):
        result = run("settings", "-E", f"{FIPS}=true", config_dir=None)
        assert result.exit_code == 0
        assert any(line.split() == [FIPS, "true", "-E"] for line in result.out.splitlines())

    def test_a_missing_directory(self, run, tmp_path):
        result = run("settings", "-c", str(tmp_path / "nowhere"))
        assert result.exit_code == 78
        assert "configuration directory [" in result.err

    def test_a_file_that_is_not_yaml(self, run, config):
        (config / "elasticsearch.yml").write_text("a: [\n")
        result = run("settings", "-E", f"{FIPS}=yes")
        assert result.exit_code == 78
        assert "line 1: not YAML here" in result.err
        assert "did you mean [true]?" in result.err

    def test_control_characters_stay_out_of_the_table(self, run):
        assert "a\\x1bb" in run("settings", "-E", f"{ANONYMOUS}=a\x1bb").out


class TestSecureSettings:
    """Their names are shown, and never a value."""

    NAMES = ("bootstrap.password", f"{REALM}.x", "xpack.security.authc.token.passphrase")

    @pytest.fixture
    def store(self, config):
        pytest.importorskip("cryptography", reason="needs the extra keystore")
        store = Keystore.create()
        for name in (*self.NAMES, "xpack.http.ssl.secure_key_passphrase"):
            store.set(name, "geheim")
        store.save(config / "elasticsearch.keystore")
        return store

    @pytest.fixture
    def report(self, config):
        return lambda: inspect_settings(config, options={}, environ={})

    def test_those_that_concern_logins_are_named(self, report, store):
        assert report().secure_settings == self.NAMES
        assert "geheim" not in repr(report())

    def test_without_a_keystore_there_are_none(self, report):
        assert (report().secure_settings, report().notes, report().warnings) == ((), (), ())

    def test_a_locked_one_is_not_examined(self, report, store, config):
        store.change_password("geheim")
        store.save()
        assert report().secure_settings == ()
        assert "has a password, so its settings are not examined" in report().notes[-1]

    def test_not_even_if_its_mark_was_removed(self, report, store, config):
        path = config / "elasticsearch.keystore"
        store.change_password("geheim")
        store.save()
        data = path.read_bytes().replace(b"\0\0\0\4\1", b"\0\0\0\4\0", 1)[:-8]
        path.write_bytes(data + zlib.crc32(data).to_bytes(8, "big"))
        assert "has a password, so its settings are not examined" in report().notes[-1]

    def test_a_damaged_one_is_a_warning(self, report, store, config):
        path = config / "elasticsearch.keystore"
        path.write_bytes(path.read_bytes()[:-1])
        assert (report().problems, report().secure_settings) == ((), ())
        assert "is unusable [footer_missing]" in report().warnings[-1]

    def test_without_the_extra(self, report, store, monkeypatch):
        for name in ("cryptography", "cryptography.hazmat.primitives.ciphers.aead"):
            monkeypatch.setitem(sys.modules, name, None)
        assert "needs the extra [keystore]" in report().notes[-1]

    def test_the_command_shows_them(self, run, store, config):
        result = run("settings")
        assert "geheim" not in result.out + result.err
        lines = [line.split() for line in result.out.splitlines() if "(secure)" in line]
        assert [line[0] for line in lines] == list(self.NAMES)
        assert all(line[2] == f"[{config / 'elasticsearch.keystore'}]" for line in lines)
        assert json.loads(run("settings", "--json").out)["secure_settings"] == list(self.NAMES)
