"""Settings that are not ours, as commands and realms meet them, and roles of old versions."""

from __future__ import annotations

import logging

import pytest
from support.hashes import CHEAP_HASH

from esfilerealm import FileRealm, RealmSettings, UsersTool
from esfilerealm.errors import InvalidSettingError
from esfilerealm.names import RESERVED_ROLE_NAMES, reserved_role_names

REALMS = "xpack.security.authc.realms"
PASSWORD = ("-p", "test-password")


@pytest.fixture
def write(config):
    """Write ``elasticsearch.yml`` for a realm with one user."""
    (config / "users").write_text(f"bob:{CHEAP_HASH}\n")

    def write(text):
        algorithm = "xpack.security.authc.password_hashing.algorithm: bcrypt4\n"
        (config / "elasticsearch.yml").write_text(text + algorithm)
        return config

    return write


class TestF04KeyGivenTwice:
    TEXT = "xpack.security.http.ssl:\n  enabled: true\n\nxpack.security.http.ssl.enabled: false\n"

    @pytest.mark.parametrize("words", [("list",), ("useradd", "ann", *PASSWORD), ("settings",)])
    def test_commands_warn(self, run, write, words):
        write(self.TEXT)
        result = run(*words)
        assert result.exit_code == 0
        (line,) = [line for line in result.err.splitlines() if line.startswith("WARNING: ")]
        assert "line 4: already given in [" in line
        assert "line 2; a node takes the later one" in line

    def test_a_realm_opens_and_logs(self, write, caplog):
        with caplog.at_level(logging.WARNING), FileRealm(write(self.TEXT)) as realm:
            assert realm.authenticate("bob", "test-password")
        assert "a node takes the later one" in caplog.text


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("discovery.seed_hosts:\n", id="null"),
        pytest.param("a: &x 1\nb: *x\n", id="alias"),
        pytest.param("a: 1\na: 2\n", id="twice"),
        pytest.param("a: [{b: 1}]\n", id="mapping in a list"),
        pytest.param("a: x\na.0: y\n", id="two spellings of a list"),
        pytest.param("? [a, b]\n: 1\n", id="key that is a list"),
        pytest.param("node.name: ${NOT_SET_ANYWHERE}\n", id="placeholder"),
        pytest.param(f"{REALMS}.ldap.l: {{order: 3, url: }}\n", id="null of another realm"),
    ],
)
def test_nothing_of_others_stops_us(run, write, text):
    config = write(text)
    for words in (["list"], ["settings"], ["useradd", "ann", *PASSWORD]):
        assert run(*words).exit_code == 0
    with FileRealm(config) as realm:
        assert realm.authenticate("bob", "test-password")
    assert "line " in "".join((*realm.settings.warnings, *realm.settings.notes))


class TestF13TypeOfAPlugin:
    def test_is_a_note(self, run, write):
        config = write(f"{REALMS}.file.file1.order: 0\n{REALMS}.acme_sso.one.order: 1\n")
        result = run("settings")
        assert result.exit_code == 0
        assert "NOTE: " in result.err
        assert "no realm of type [acme_sso]" in result.err
        assert run("list").err == ""
        assert "NOTE: " in run("passwd", "bob", *PASSWORD, "-v").err
        assert FileRealm(config).authenticate("bob", "test-password")

    def test_a_near_miss_is_an_error(self, run, write):
        config = write(f"{REALMS}.flie.file1.order: 0\n")
        result = run("settings")
        assert result.exit_code == 78
        assert "did you mean [file]?" in result.err
        with pytest.raises(InvalidSettingError):
            FileRealm(config)
        assert run("list").exit_code == 0


@pytest.mark.parametrize(
    ("text", "met"),
    [
        ("http.cors.allow-origin: *\n", "a bare [*]"),
        ("node.name:\tsecret\n", "the tab"),
        ("node.name: @secret\n", "[@]"),
    ],
)
def test_f20_what_was_met(run, write, text, met):
    write(text)
    result = run("list")
    assert result.exit_code == 78
    assert "line 1: not YAML here" in result.err
    assert met in result.err
    assert "secret" not in result.err


class TestF21BuiltInRoles:
    ROLES = ("-r", "kibana_dashboard_only_user,apm_user")

    @pytest.mark.parametrize("version", [(), ("--es-version", "7"), ("--es-version", "6")])
    def test_are_known_where_they_are(self, run, version):
        result = run("useradd", "x", *PASSWORD, *self.ROLES, *version)
        assert (result.exit_code, result.err) == (0, "")
        assert "*" not in run("list", *version).out

    def test_are_not_known_later(self, run):
        result = run("useradd", "x", *PASSWORD, *self.ROLES, "--es-version", "9")
        assert result.exit_code == 0
        assert "apm_user" in result.err

    @pytest.mark.parametrize(
        ("version", "number"), [(5, 13), (6, 23), (7, 33), (8, 32), (9, 31), (None, 35)]
    )
    def test_by_version(self, version, number):
        names = reserved_role_names(version)
        assert len(names) == number
        assert {"superuser", "kibana_user", "transport_client"} <= names
        assert ("viewer" in names) == (version not in (5, 6))

    def test_the_latest(self, config):
        assert reserved_role_names(9) == RESERVED_ROLE_NAMES
        settings = RealmSettings.load(config, check_realm=False, elasticsearch_version=7)
        assert "code_admin" in UsersTool(config, settings=settings).known_roles()


class TestF22FileRealmThatIsNotAsked:
    LDAP = f"{REALMS}.people: {{type: ldap, order: 0}}\n"

    @pytest.mark.parametrize(
        "words",
        [
            *(("useradd", "ann", *PASSWORD), ("passwd", "bob", *PASSWORD), ("userdel", "bob")),
            *(("roles", "bob", "-a", "superuser"), ("ensure", "bob", "-r", "superuser")),
        ],
        ids=lambda words: words[0],
    )
    def test_commands_that_write_say_so(self, run, write, words):
        write(self.LDAP)
        result = run(*words)
        assert result.exit_code == 0
        (line,) = result.err.splitlines()
        assert line.startswith("WARNING: there is no realm of type file, because others are enabl")
        assert run(*words, "--es-version", "5", "--dry-run").err.startswith("WARNING: there is no")

    def test_so_does_settings_but_not_list(self, run, write):
        write(self.LDAP)
        assert "not in the chain" in run("settings").err
        assert run("list").err == ""

    def test_so_does_a_realm_that_opens(self, write, caplog):
        with caplog.at_level(logging.WARNING), FileRealm(write(self.LDAP)) as realm:
            assert not realm.authenticate("bob", "test-password")
        assert "not in the chain" in caplog.text

    def test_security_is_off(self, run, write):
        write("xpack.security.enabled: false\n")
        assert run("userdel", "bob").err.startswith("WARNING: security is off (")

    def test_it_is_disabled(self, run, write):
        write(f"{REALMS}.file.f.enabled: false\n")
        assert run("userdel", "bob").err.startswith("WARNING: the file realm [f] is disabled in ")

    @pytest.mark.parametrize("version", ["5", "6", "7", "8", "9"])
    def test_nothing_is_said_where_it_is_asked(self, run, write, version):
        write("")
        assert run("userdel", "bob", "--es-version", version).err == ""


ERRORS = {
    "type": f"{REALMS}.flie.f.order: 0\n",
    "type of 6": f"{REALMS}.f: {{type: flie, order: 0}}\n",
    "two file realms": f"{REALMS}.file.f.order: 0\n{REALMS}.file.g.order: 1\n",
    "same order": f"{REALMS}.file.f.order: 0\n{REALMS}.native.n.order: 0\n",
    "no order": f"{REALMS}.file.f.enabled: true\n",
    "same name": f"{REALMS}.file.f.order: 0\n{REALMS}.ldap.f.order: 1\n",
    "unknown key": f"{REALMS}.file.f: {{order: 0, cahce.ttl: 5m}}\n",
    "wrong value": f"{REALMS}.file.f: {{order: 0, cache.ttl: 5}}\n",
    "three": f"{REALMS}.file.f: {{order: x, cache.ttl: 5, cache.max_users: y}}\n",
    "reload": "resource.reload.interval.high: soon\n",
    "security": "xpack.security.enabled: maybe\n",
}


class TestErrorsOfTheRealm:
    """What `settings` calls an error does not stop a command, but one line says so."""

    WRITES = (
        *(("useradd", "ann", *PASSWORD), ("passwd", "bob", *PASSWORD), ("userdel", "bob")),
        *(("roles", "bob", "-a", "superuser"), ("ensure", "bob", "-r", "superuser"), ("init",)),
    )

    @pytest.mark.parametrize("text", ERRORS.values(), ids=ERRORS)
    @pytest.mark.parametrize("words", WRITES, ids=lambda words: words[0])
    def test_commands_that_write_name_it_in_one_line(self, run, write, words, text):
        write(text)
        result = run(*words)
        assert result.exit_code == 0
        (line,) = [line for line in result.err.splitlines() if "esfilerealm settings" in line]
        assert line.startswith("WARNING: setting [")
        assert "elasticsearch.yml], line " in line
        report = run("settings")
        assert report.exit_code == 78
        assert line.removeprefix("WARNING: ")[:60] in report.err

    def test_the_others_are_counted(self, run, write):
        write(ERRORS["three"])
        assert run("userdel", "bob").err.endswith(
            "; a node does not start with this and 2 more problems: see 'esfilerealm settings'\n"
        )

    def test_one_more_and_a_question(self, run, write):
        write(f"{ERRORS['type']}{REALMS}.file.f: {{order: x}}\n")
        line = run("userdel", "bob").err
        assert "did you mean [file]? A node does not start with this and 1 more problem: se" in line

    def test_what_a_node_of_7_takes(self, run, write):
        write(ERRORS["no order"])
        line = run("userdel", "bob", "--dry-run").err
        assert "; only a node of 7 starts with this (state it by --es-version 7): see " in line
        assert "settings'" not in run("userdel", "bob", "--es-version", "7").err

    @pytest.mark.parametrize(
        "text", [f"{REALMS}.file.f: {{order: 0, order: 1}}\n", f"{REALMS}.file.f.order:\n"]
    )
    def test_what_is_a_warning_already_is_not_repeated(self, run, write, text):
        write(text)
        (line,) = run("userdel", "bob").err.splitlines()
        assert line.endswith("; a node does not start")

    @pytest.mark.parametrize("words", [("list",), ("check",)], ids=lambda words: words[0])
    def test_commands_that_only_read_do_not(self, run, write, words):
        write(ERRORS["type"])
        assert run(*words).err == ""

    def test_values_that_may_be_secret_are_not_shown(self, run, write):
        write(f"{REALMS}.file.f.password: hunter2\n{REALMS}.file.f.order: 0\n")
        assert "hunter2" not in run("userdel", "bob").err


def test_the_help_has_the_order(run):
    text = " ".join(run("list", "--help").out.split())
    places = ["/etc/default/elasticsearch", "/etc/sysconfig/elasticsearch", "$ES_PATH_CONF"]
    places += [" /etc/elasticsearch,", "$ES_HOME/config", "/usr/share/elasticsearch/config"]
    places += ["$CONF_DIR"]
    found = [text.index(place) for place in places]
    assert found == sorted(found)
