"""Whole nodes: an honest one is left in peace, and a bad one is not."""

from __future__ import annotations

import pytest
from support.check_cases.secrets_in_settings import SECURE, TWINS
from support.default_node import NODE, SETTINGS, make_default_node

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


def test_no_finding_about_settings_shows_a_secret(config):
    secret = "hidden-tz4x"  # of no message
    plain = [name for pair in TWINS for name in pair]
    lines = [f"{key}: {secret}" for key in (*plain, *SECURE)]
    (config / "elasticsearch.yml").write_text("\n".join(lines))
    (config / "service_tokens").write_text(f"elastic/fleet-server/a:{secret}\n{secret}\n")
    findings = check(config, select=["EFR4"])
    assert {"EFR430", "EFR432", "EFR490", "EFR491"} <= {finding.code for finding in findings}
    assert [each for each in findings if secret in f"{each} {each.to_dict()}"] == []
