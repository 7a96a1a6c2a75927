"""``FileRealm.metrics()``: what a registry of Prometheus is told of a realm."""

from __future__ import annotations

import os
import pickle
import socket
import sys

import pytest
from support.hashes import CHEAP_HASH

from esfilerealm import FileRealm, UsersTool
from esfilerealm.drift import Fingerprint
from esfilerealm.errors import InvalidFingerprintError, MissingExtraError

KEY = b"a key for tests only, of 32 byte"
OTHER_HASH = CHEAP_HASH.replace("XVexwBEufu", "YVexwBEufu")


@pytest.fixture
def told(realm):
    """Ask for all values, by name without prefix and by each label but that of the node."""
    prometheus = pytest.importorskip("prometheus_client")
    registry = prometheus.CollectorRegistry()
    registry.register(realm.metrics(key=KEY, node="n"))

    def ask():
        values = {}
        for sample in (sample for family in registry.collect() for sample in family.samples):
            others = [value for name, value in sample.labels.items() if name != "node"]
            values[(sample.name.removeprefix("esfilerealm_"), *others)] = sample.value
            assert sample.labels["node"] == "n"
        return values

    return ask


def status(values):
    (found,) = [key[1] for key, value in values.items() if key[0] == "health" and value]
    return found


def label(values):
    (found,) = [key[1] for key in values if key[0] == "fingerprint"]
    return found


def test_what_is_told(told, folder):
    with (folder / "users_roles").open("a") as file:
        file.write("superuser:bob,jane,nobody\nbroken\n\n")
    for number, name in enumerate(("users", "users_roles")):
        os.utime(folder / name, (0, 1_700_000_000 + number))
    values = told()
    listing = UsersTool(folder).listing()
    assert values == {
        ("users",): 3,
        ("superusers",): 2,
        **{(f"{kind}_users",): 0 for kind in ("locked", "expiring", "emergency")},
        ("skipped_lines",): 1,
        ("generation",): 1,
        ("last_change_timestamp_seconds",): 1_700_000_001,
        ("fingerprint", Fingerprint.of(listing, key=KEY).label): 1,
        **{("health", status): status == "issues" for status in ("ok", "issues", "stale", "empty")},
    }


def test_a_reload_is_told(told, realm, folder):
    before = told()
    (folder / "users").write_text(f"bob:{CHEAP_HASH}\njane:{OTHER_HASH}\n")
    assert told() == before
    realm.reload()
    after = told()
    assert (after["users",], after["generation",], status(after)) == (2, 2, "ok")
    assert label(after) != label(before)


def test_an_edit_that_changes_no_user_keeps_the_label(told, realm, folder):
    before = told()
    (folder / "users").write_text("# x\n" + (folder / "users").read_text())
    realm.reload()
    after = told()
    assert (label(after), after["generation",]) == (label(before), 1)


def test_a_file_that_cannot_be_read(told, realm, folder):
    before = told()
    (folder / "users").write_bytes(b"\xff\n")
    realm.reload()
    assert status(told()) == "stale"
    assert told()["users",] == before["users",] == 3


def test_users_are_digested_once_for_a_generation(told, realm, folder, monkeypatch):
    calls = []
    of = Fingerprint.of
    monkeypatch.setattr(Fingerprint, "of", lambda *a, **k: calls.append(1) or of(*a, **k))
    told(), told()
    (folder / "users_roles").write_text("viewer:bob\n")
    realm.reload()
    told(), told()
    assert len(calls) == 2


def test_files_that_are_missing_have_no_date(told, folder):
    (folder / "users").unlink()
    (folder / "users_roles").unlink()
    values = told()
    assert ("last_change_timestamp_seconds",) not in values
    assert (values["users",], status(values)) == (0, "ok")


def test_a_closed_realm_tells_nothing(told, realm):
    assert told()
    realm.close()
    assert told() == {}


def test_a_realm_that_was_never_read_tells_nothing(tmp_path):
    prometheus = pytest.importorskip("prometheus_client")
    registry = prometheus.CollectorRegistry()
    realm = FileRealm(tmp_path / "none")
    registry.register(realm.metrics())
    assert list(registry.collect()) == []
    (tmp_path / "none").mkdir()
    node = {"node": socket.gethostname()}
    assert registry.get_sample_value("esfilerealm_users", node) == 0


def test_registering_reads_nothing_and_finds_names_that_are_taken(realm):
    prometheus = pytest.importorskip("prometheus_client")
    registry = prometheus.CollectorRegistry(auto_describe=True)
    registry.register(realm.metrics())
    assert realm._store.snapshot.generation == 0
    with pytest.raises(ValueError, match="Duplicated"):
        registry.register(realm.metrics())


def test_without_a_key_passwords_are_left_out(realm, folder):
    prometheus = pytest.importorskip("prometheus_client")
    registry = prometheus.CollectorRegistry()
    registry.register(realm.metrics(node="n"))

    def one():
        (family,) = [f for f in registry.collect() if f.name == "esfilerealm_fingerprint"]
        return family.samples

    before = one()
    (folder / "users").write_text((folder / "users").read_text().replace(CHEAP_HASH, OTHER_HASH))
    assert realm.reload()
    assert one() == before


def test_there_is_no_secret_in_it(realm):
    prometheus = pytest.importorskip("prometheus_client")
    collector = realm.metrics(key=KEY)
    text = prometheus.generate_latest(collector).decode() + repr(collector)
    for secret in (CHEAP_HASH, "swordfish", KEY.decode(), KEY.hex()):
        assert secret not in text
    with pytest.raises((TypeError, AttributeError, pickle.PicklingError)):
        pickle.dumps(collector)


def test_a_short_key(realm):
    pytest.importorskip("prometheus_client")
    with pytest.raises(InvalidFingerprintError, match="at least 16 bytes"):
        realm.metrics(key=b"short")
    with pytest.raises(TypeError, match="a key is bytes"):  # not when it is asked for metrics
        realm.metrics(key="a key of text, which is long enough")


def test_without_the_extra(realm, monkeypatch):
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'esfilerealm\[metrics\]'"):
        realm.metrics()
