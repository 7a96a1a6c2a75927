"""What keeps a user of the file realm out of a node is known before one is made."""

from __future__ import annotations

import pytest

from esfilerealm.admin.obstacles import Obstacle, rescue_obstacles

LDAP = "xpack.security.authc.realms.ldap.l.order: 1\n"
FILE = "xpack.security.authc.realms.file.f."


@pytest.fixture
def node(tmp_path):
    """Make a node of settings and files, and return its obstacles as certain and possible ones."""

    def node(settings, files=("users", "users_roles"), **options):
        for name in files:
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).touch()
        (tmp_path / "elasticsearch.yml").write_text(settings)
        return rescue_obstacles(tmp_path, **options)

    return node


@pytest.mark.parametrize(
    ("settings", "version", "code"),
    [
        pytest.param("xpack.security.enabled: false\n", None, "EFR410", id="security_off"),
        pytest.param("resource.reload.enabled: false\n", None, "EFR417", id="never_read_again"),
        pytest.param(f"{FILE}enabled: false\n{FILE}order: 1\n", None, "EFR464", id="disabled"),
        pytest.param(LDAP, 7, "EFR464", id="displaced_before_8"),
        pytest.param(
            f"{FILE}order: 1\n{FILE}authentication.enabled: false\n", None, "EFR464", id="look_up"
        ),
    ],
)
def test_what_certainly_keeps_a_user_out(node, settings, version, code):
    first, *_ = node(settings, elasticsearch_version=version)
    assert (first.is_certain, first.code) == (True, code)
    assert first.advice


@pytest.mark.parametrize(
    ("settings", "version", "text"),
    [
        pytest.param("", 7, "license", id="license"),
        pytest.param("a: [\n", None, "not YAML", id="unreadable_settings"),
        pytest.param(
            "xpack.security.fips_mode.enabled: true\n"
            "xpack.security.authc.password_hashing.algorithm: bcrypt\n",
            None,
            "FIPS",
            id="fips",
        ),
        pytest.param("cluster.nam: x\n", None, "cluster.nam", id="no_start"),
        pytest.param(
            f"{LDAP}{FILE}order: 2\n", None, "realms [l] are asked before", id="slow_realm_before"
        ),
    ],
)
def test_what_may_keep_a_user_out_only_warns(node, settings, version, text):
    obstacles = node(settings, elasticsearch_version=version)
    assert not any(obstacle.is_certain for obstacle in obstacles)
    assert any(text in str(obstacle) for obstacle in obstacles), obstacles


@pytest.mark.parametrize(
    ("settings", "version"),
    [
        pytest.param("", None, id="defaults"),
        pytest.param("xpack.security.enabled: true\n", 7, id="version_7"),
        pytest.param(f"{FILE}order: 0\nxpack.security.enabled: true\n", None, id="file_realm"),
        pytest.param(f"{FILE}order: 0\n{LDAP}", None, id="file_realm_first"),
    ],
)
def test_an_ordinary_node_has_none(node, settings, version):
    assert node(settings, elasticsearch_version=version) == ()


def test_settings_of_the_command_line_win(node):
    assert (
        node("xpack.security.enabled: false\n", overrides={"xpack.security.enabled": "true"}) == ()
    )


@pytest.mark.parametrize(
    ("version", "is_certain"),
    [
        pytest.param(5, None, id="5_reads_it"),
        pytest.param(6, False, id="6_may"),
        pytest.param(7, True, id="7_does_not"),
        pytest.param(None, None, id="nobody_knows"),
    ],
)
def test_files_in_x_pack(node, version, is_certain):
    files = ("x-pack/users", "x-pack/users_roles")
    obstacles = node("xpack.security.enabled: true\n", files, elasticsearch_version=version)
    found = [each.is_certain for each in obstacles if "6.3" in each.message]
    assert found == ([] if is_certain is None else [is_certain])


def test_a_file_that_is_no_text_keeps_everybody_out(node, tmp_path):
    (tmp_path / "users_roles").write_bytes(b"a\xff:b\n")
    (first,) = node("")
    assert (first.code, first.is_certain) == ("EFR106", True)


@pytest.mark.parametrize(("hidden", "is_certain"), [("users", True), ("elasticsearch.yml", False)])
def test_files_that_the_node_cannot_read(node, monkeypatch, hidden, is_certain):
    from esfilerealm.checks.layout import Layout

    def obstacle(layout, item):
        return item.end if item.entry.name == hidden else None

    monkeypatch.setattr(Layout, "obstacle", obstacle)
    (found,) = node("")
    assert (found.code, found.is_certain) == ("EFR311", is_certain)


def test_an_obstacle_is_one_line():
    obstacle = Obstacle("it is\noff", "Switch it on.", True, "elasticsearch.yml", "EFR410")
    assert str(obstacle) == r"[elasticsearch.yml]: it is\noff; switch it on"
    assert obstacle.to_dict()["code"] == "EFR410"
    assert str(Obstacle("off")) == "off"
