"""Whole nodes: an honest one is left in peace, and a bad one is not."""

from __future__ import annotations

import os

import pytest
from support.check_cases.secrets_in_settings import SECURE, TWINS
from support.default_node import NODE, SETTINGS, make_default_node
from support.hashes import CHEAP_HASH, SHA_HASH

from esfilerealm.checks import check


@pytest.fixture
def default(tmp_path):
    """A node as automatic configuration leaves it."""
    config = tmp_path / "config"
    make_default_node(config)
    return config


@pytest.mark.parametrize("version", [None, 8, 9])
def test_a_node_that_has_configured_itself_is_left_in_peace(default, version):
    findings = check(default, elasticsearch_version=version)
    assert [str(finding) for finding in findings if finding.severity != "info"] == []


def test_a_realm_with_several_settings_is_reported_once(default):
    prefix = "xpack.security.authc.realms"
    settings = f"{prefix}.badge.b: {{order: 1, url: a}}\n{prefix}.old: {{type: file, order: 2}}\n"
    (default / "elasticsearch.yml").write_text(settings)
    findings = check(default, select=["EFR462", "EFR463"])
    assert [(finding.code, finding.line) for finding in findings] == [("EFR463", 1), ("EFR462", 2)]


def test_nothing_of_it_is_left_unexamined(default):
    assert [each for each in check(default) if each.code.endswith("00")] == []


def test_it_is_what_the_rules_believe_it_to_be(default):
    assert NODE in SETTINGS
    (default / "elasticsearch.yml").write_text(SETTINGS.replace("enabled: true", "enabled: false"))
    codes = {finding.code for finding in check(default)}
    assert {"EFR405", "EFR410", "EFR450"} <= codes


#: What is wrong with a folder that nobody looks after, and the rule that says so.
UGLY = {
    "a directory for everybody": "EFR301",
    "a file for everybody": "EFR302",
    "a digest without salt": "EFR211",
    "a low cost": "EFR213",
    "an unknown role": "EFR112",
    "nobody with the role superuser": "EFR115",
    "security off": "EFR410",
}


@pytest.fixture
def ugly(config):
    (config / "users").write_text(f"ann:{CHEAP_HASH}\nbob:{SHA_HASH}\n")
    (config / "users_roles").write_text("no_such_role:ann\nviewer:bob\n")
    (config / "elasticsearch.yml").write_text("xpack.security.enabled: false\n")
    for path in (config, *config.iterdir()):
        path.chmod(0o777)
    return config


@pytest.mark.skipif(os.name == "nt", reason="no modes")
@pytest.mark.parametrize("code", UGLY.values(), ids=UGLY.keys())
def test_everything_is_said_of_an_ugly_folder(ugly, code):
    assert code in {finding.code for finding in check(ugly)}


def test_a_folder_without_users_roles(ugly):
    (ugly / "users_roles").unlink()
    assert "EFR117" in {finding.code for finding in check(ugly)}


def test_no_finding_about_settings_shows_a_secret(config):
    secret = "hidden-tz4x"  # of no message
    plain = [name for pair in TWINS for name in pair]
    lines = [f"{key}: {secret}" for key in (*plain, *SECURE)]
    (config / "elasticsearch.yml").write_text("\n".join(lines))
    (config / "service_tokens").write_text(f"elastic/fleet-server/a:{secret}\n{secret}\n")
    findings = check(config, select=["EFR4"])
    assert {"EFR430", "EFR432", "EFR490", "EFR491"} <= {finding.code for finding in findings}
    assert [each for each in findings if secret in f"{each} {each.to_dict()}"] == []
