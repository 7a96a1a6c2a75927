"""Trusted certificates are followed; what cannot be used leaves the previous trust."""

from __future__ import annotations

import logging
import os

import pytest
from support.pki_realm import login, made_realm, trust
from support.threads import wait_until

from esfilerealm import PkiRealm
from esfilerealm.realms import PkiSettings


@pytest.fixture
def realm(tmp_path):
    trust(tmp_path, "root")
    with made_realm(tmp_path) as realm:
        yield realm


def check_now(realm):
    """Make the pass that the watcher would make."""
    realm._service.notify_now()
    realm._mapper._service.notify_now()


def change(folder, *names):
    """Replace the trusted certificates by others, as an administrator does."""
    trust(folder, *names, file="new.pem")
    os.replace(folder / "new.pem", folder / "ca.pem")


def test_a_good_file_replaces_the_trust_and_the_logins(realm, tmp_path):
    assert login(realm, "bob")
    assert not login(realm, "foreign")
    change(tmp_path, "foreign_root")
    check_now(realm)
    assert realm.usage_stats()["cache"]["size"] == 0
    assert login(realm, "bob").reason == "certificate_not_trusted"
    assert login(realm, "foreign")


@pytest.mark.parametrize("content", [b"", b"-----BEGIN CERTIFICATE-----\nx", None])
def test_a_bad_file_leaves_the_previous_trust(realm, tmp_path, caplog, content):
    user = login(realm, "bob").user
    caplog.set_level(logging.WARNING)
    (tmp_path / "ca.pem").unlink()
    if content is not None:
        (tmp_path / "ca.pem").write_bytes(content)
    for _ in range(3):
        check_now(realm)
    assert login(realm, "bob").user is user
    realm.expire_all()
    assert login(realm, "bob")
    assert not login(realm, "foreign")
    assert [r.message for r in caplog.records if "failed to reload truststore" in r.message] == [
        f"failed to reload truststore of realm [pki1], the previous trust stays: {realm.problem}"
    ]
    change(tmp_path, "root", "foreign_root")
    check_now(realm)
    assert realm.problem is None
    assert login(realm, "foreign")


def test_a_file_that_says_the_same_changes_nothing(realm, tmp_path):
    user = login(realm, "bob").user
    (tmp_path / "ca.pem").write_bytes(b"a comment\n" + (tmp_path / "ca.pem").read_bytes())
    check_now(realm)
    assert login(realm, "bob").user is user


def test_every_file_is_followed(tmp_path):
    trust(tmp_path, "root")
    trust(tmp_path, "inter", file="other.pem")
    with made_realm(tmp_path, authorities=("ca.pem", "other.pem")) as realm:
        assert not login(realm, "foreign")
        trust(tmp_path, "inter", "foreign_root", file="other.pem")
        check_now(realm)
        assert login(realm, "foreign")


def test_a_change_before_it_is_opened_counts(tmp_path):
    realm = made_realm(tmp_path)
    change(tmp_path, "foreign_root")
    with realm:
        assert login(realm, "foreign")


def test_a_change_of_mappings_gives_other_roles(realm, tmp_path):
    assert login(realm, "bob").user.roles == ("ops",)
    (tmp_path / "role_mapping.yml").write_text("")
    check_now(realm)
    assert realm.usage_stats()["cache"]["size"] == 0
    assert login(realm, "bob").user.roles == ()


def test_reload_says_whether_anything_changed(tmp_path):
    realm = made_realm(tmp_path)
    assert login(realm, "bob")
    assert not realm.reload()
    change(tmp_path, "root", "inter")
    assert realm.reload()
    (tmp_path / "role_mapping.yml").write_text("")
    assert realm.reload()
    assert not realm.reload()


def test_without_files_there_is_nothing_to_reload(tmp_path):
    (tmp_path / "role_mapping.yml").write_text("")
    with PkiRealm(tmp_path, settings=PkiSettings()) as realm:
        assert not realm.reload()


def test_the_watcher_calls_by_itself(tmp_path):
    trust(tmp_path, "root")
    (tmp_path / "role_mapping.yml").write_text("")
    settings = PkiSettings(authorities=("ca.pem",), reload_interval_high=0.01)
    with PkiRealm(tmp_path, settings=settings, watch_events=False) as realm:
        change(tmp_path, "foreign_root")
        wait_until(lambda: login(realm, "foreign"))
        (tmp_path / "role_mapping.yml").write_text("all: ['CN=Foreign Person,O=Blue Lantern,C=NO']")
        wait_until(lambda: login(realm, "foreign").user.roles == ("all",))
        assert login(realm, "bob").reason == "certificate_not_trusted"
