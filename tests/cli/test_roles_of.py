"""``roles-of``: roles of users of other realms, and where each comes from."""

from __future__ import annotations

import json

import pytest

FILE = """\
# who
admin:
  - CN=Jane Doe, O=Acme
viewer:
  - cn=jane doe,o=acme
  - cn=ops,o=acme
"""
JANE = ("--dn", "cn=jane doe,o=acme")
MAPPINGS = {
    "by_name": {"enabled": True, "roles": ["api"], "rules": {"field": {"username": "ja*"}}},
    "by_active": {
        "enabled": True,
        "roles": ["active"],
        "rules": {"field": {"metadata.active": True}},
    },
    "by_realm": {"enabled": True, "roles": ["r"], "rules": {"field": {"realm.name": "pki1"}}},
    "off": {"enabled": False, "roles": ["off"], "rules": {"field": {"username": "*"}}},
}
BROKEN_TEMPLATE = {
    "enabled": True,
    "role_templates": [{"template": {"source": "x"}, "format": "json"}],
    "rules": {"field": {"username": "*"}},
}


@pytest.fixture
def path(config):
    file = config / "role_mapping.yml"
    file.write_text(FILE)
    return file


@pytest.fixture
def mappings(tmp_path):
    file = tmp_path / "mappings.json"
    file.write_text(json.dumps(MAPPINGS))
    return file


def test_each_role_is_printed_with_its_line(run, path):
    result = run("roles-of", *JANE)
    assert result.out.splitlines() == [
        f"admin   [{path}], line [3]: [cn=jane doe,o=acme]",
        f"viewer  [{path}], line [5]: [cn=jane doe,o=acme]",
    ]
    assert (result.exit_code, result.err) == (0, "")


def test_a_role_with_two_sources_has_two_lines(run, path):
    result = run("roles-of", *JANE, "--group", "CN=Ops,O=Acme")
    assert [line.split()[0] for line in result.out.splitlines()] == ["admin", "viewer", "viewer"]
    assert f"[{path}], line [6]: [CN=Ops,O=Acme]" in result.out


def test_no_roles_are_no_error(run, path):
    result = run("roles-of", "--dn", "cn=nobody")
    assert (result.exit_code, result.out, result.err) == (0, "No roles\n", "")


@pytest.mark.usefixtures("path")
def test_the_name_of_an_unmapped_group_is_a_role_on_request(run):
    result = run("roles-of", "--group", "cn=crew,o=acme", "--unmapped-groups-as-roles")
    assert result.out == "crew  the name of the unmapped group [cn=crew,o=acme]\n"
    assert run("roles-of", "--group", "cn=crew,o=acme").out == "No roles\n"


@pytest.mark.usefixtures("path")
@pytest.mark.parametrize(
    ("words", "role"),
    [
        (["--username", "jane"], "api"),
        (["--metadata", "active=true"], "active"),
        (["--username", "x", "--realm", "pki1"], "r"),
    ],
    ids=["name", "metadata", "realm"],
)
def test_rules_of_the_api_are_tried(run, mappings, words, role):
    result = run("roles-of", *words, "--mappings", str(mappings))
    assert [line.split()[0] for line in result.out.splitlines()] == [role]
    assert "role mapping [by_" in result.out


@pytest.mark.usefixtures("path")
@pytest.mark.parametrize("value", ["True", "yes", '"true"', "{"], ids=str)
def test_metadata_that_is_not_json_is_text(run, mappings, value):
    result = run("roles-of", "--metadata", f"active={value}", "--mappings", str(mappings))
    assert (result.exit_code, result.out) == (0, "No roles\n")


@pytest.mark.usefixtures("path")
def test_mappings_may_come_from_standard_input(run):
    result = run("roles-of", "--username", "jane", "--mappings", "-", stdin=json.dumps(MAPPINGS))
    assert result.out == "api  role mapping [by_name]\n"


def test_mappings_need_no_configuration_directory(run, mappings, monkeypatch, tmp_path):
    monkeypatch.delenv("ES_PATH_CONF", raising=False)
    monkeypatch.setattr("esfilerealm.cli.target.find_config_dir", lambda *_, **__: None)
    words = ("roles-of", "--username", "jane")
    assert run(*words, "--mappings", str(mappings), config_dir=None).out.startswith("api ")
    result = run(*words, config_dir=None)
    assert result.exit_code == 78
    assert "configuration directory" in result.err
    result = run(*words, "--mappings", str(mappings), "-c", str(tmp_path / "no"), config_dir=None)
    assert result.exit_code == 78


def test_a_missing_file_is_a_warning_unless_it_is_named(run, config, tmp_path):
    result = run("roles-of", *JANE)
    assert (result.exit_code, result.out) == (0, "No roles\n")
    assert result.err == (
        f"WARNING: role mapping file [{config}/role_mapping.yml] does not exist: it maps no role\n"
    )
    result = run("roles-of", *JANE, "--mapping-file", str(tmp_path / "no.yml"))
    assert (result.exit_code, result.out) == (66, "")
    assert "no.yml] does not exist" in result.err


def test_what_a_node_does_not_take_is_a_warning_with_its_line(run, path):
    path.write_text(FILE + "a.b: [cn=x]\nlast:\n  - jane\n")
    result = run("roles-of", *JANE)
    assert result.exit_code == 0
    assert f"WARNING: [{path}], line [7]: " in result.err
    assert f"WARNING: [{path}], line [9]: " in result.err
    assert "[a.b]" in result.err


def test_a_file_that_a_node_cannot_use_is_an_error_of_the_data(run, path, mappings):
    path.write_text(FILE + "empty:\n")
    result = run("roles-of", *JANE, "--username", "jane", "--mappings", str(mappings))
    assert (result.exit_code, result.out) == (65, "api  role mapping [by_name]\n")
    assert f"WARNING: [{path}], line [7]: " in result.err


@pytest.mark.usefixtures("path")
@pytest.mark.parametrize(
    ("words", "exit_code", "text"),
    [
        ([], 64, "whose roles?"),
        (["--realm", "pki1"], 64, "whose roles?"),
        (["--metadata", "active"], 64, "key=value"),
        (["--metadata", "=true"], 64, "key=value"),
        (["--dn", "cn=a", "--mapping-file", ""], 64, "mapping-file"),
        (["--dn", "jane"], 65, "[jane]"),
        (["--group", "jane"], 65, "[jane]"),
        (["--dn", "cn=a", "--mappings", "{missing}"], 66, "does not exist"),
        (["--dn", "cn=a", "--mappings", "{text}"], 65, "not JSON in line 1"),
        (["--dn", "cn=a", "--mappings", "{bytes}"], 70, "line [2]"),
        (["--dn", "cn=a", "--mappings", "{folder}"], 74, "regular file"),
        (["--username", "x", "--mappings", "{template}"], 65, "broken.role_templates"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_bad_input_is_an_error(run, tmp_path, words, exit_code, text):
    (tmp_path / "text").write_text("jane")
    (tmp_path / "bytes").write_bytes(b"{\n\xff")
    (tmp_path / "template").write_text(json.dumps({"broken": BROKEN_TEMPLATE}))
    names = ("missing", "text", "bytes", "template")
    paths = {name: tmp_path / name for name in names} | {"folder": tmp_path}
    result = run("roles-of", *(word.format(**paths) for word in words))
    assert (result.exit_code, result.out) == (exit_code, "")
    assert text in result.err


def test_programs_get_each_source(run, path, mappings):
    result = run("roles-of", *JANE, "--username", "j", "--mappings", str(mappings), "--json")
    printed = json.loads(result.out)
    assert printed["roles"] == ["admin", "viewer"]
    source = {"role": "admin", "dn": JANE[1], "path": str(path), "line": 3, "mapping": None}
    assert printed["sources"][0] == {**source, "realms": []}
    assert printed["issues"] == []


REALMS = (
    "xpack.security.authc.realms:",
    "  pki.pki1: {order: 1, files.role_mapping: own.yml}",
    "  ldap.ldap1: {order: 2, unmapped_groups_as_roles: true}",
    "  active_directory.ad1: {order: 3, enabled: false, files.role_mapping: no.yml}",
    "  kerberos.k1: {order: 4}",
)


class TestRealms:
    """The mapping files that the settings of realms name."""

    @pytest.fixture(autouse=True)
    def files(self, config, path, give_settings):
        give_settings(*REALMS)
        (config / "own.yml").write_text("owner:\n  - cn=jane doe,o=acme\n")

    def test_each_realm_has_its_file(self, run, config):
        result = run("roles-of", *JANE, "--group", "cn=crew")
        own, default = config / "own.yml", config / "role_mapping.yml"
        assert result.out.splitlines() == [
            f"admin   [{default}], line [3]: [cn=jane doe,o=acme], for [ldap1] only",
            "crew    the name of the unmapped group [cn=crew], for [ldap1] only",
            f"owner   [{own}], line [2]: [cn=jane doe,o=acme], for [pki1] only",
            f"viewer  [{default}], line [5]: [cn=jane doe,o=acme], for [ldap1] only",
        ]
        assert (result.exit_code, result.err) == (0, "")

    @pytest.mark.parametrize(
        ("name", "roles"),
        [("pki1", ["owner"]), ("ldap1", ["admin", "viewer"]), ("x", ["admin", "owner", "viewer"])],
    )
    def test_one_realm(self, run, name, roles):
        printed = json.loads(run("roles-of", *JANE, "--realm", name, "--json").out)
        assert printed["roles"] == roles
        assert {realm for source in printed["sources"] for realm in source["realms"]} <= {
            "pki1",
            "ldap1",
        }

    def test_a_broken_file_of_one_realm(self, run, config):
        (config / "own.yml").write_text("owner:\n")
        result = run("roles-of", *JANE)
        assert (result.exit_code, len(result.out.splitlines())) == (65, 2)
        assert "own.yml], line [1]: " in result.err

    def test_a_file_that_several_share_is_named_once(self, run, path, give_settings):
        give_settings(
            "xpack.security.authc.realms.pki: {a: {order: 1}, b: {order: 2}}",
        )
        assert run("roles-of", *JANE).out.splitlines() == [
            f"admin   [{path}], line [3]: [cn=jane doe,o=acme]",
            f"viewer  [{path}], line [5]: [cn=jane doe,o=acme]",
        ]

    def test_settings_that_cannot_be_read(self, run, give_settings):
        give_settings("[")
        assert run("roles-of", *JANE).exit_code == 78
        assert run("roles-of", *JANE, "--mapping-file", "x.yml").exit_code == 66


def test_control_characters_are_escaped(run, path):
    path.write_text('"a\\e[31m":\n  - cn=a\n')
    result = run("roles-of", "--dn", "cn=a")
    assert result.out.startswith("a\\x1b[31m  ")
