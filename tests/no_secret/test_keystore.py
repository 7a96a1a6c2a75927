"""What a keystore writes holds no value and no password, in whatever file."""

from __future__ import annotations

import pytest

pytest.importorskip("cryptography", reason="needs the extra keystore")

from crash.kit import intercepted
from no_secret.objects import keystore, settings_planned
from no_secret.search import assert_clean

from esfilerealm.provisioning import apply


@pytest.fixture
def writes():
    """Everything that the storage room writes, to any file, and the names of these files."""
    found = []

    def spy(call):
        if call.name in ("write", "open", "rename", "link"):
            found.extend(arg for arg in call.args if isinstance(arg, bytes | memoryview | str))
        return call.make()

    with intercepted(spy):
        yield found


def test_a_save(folder, writes):
    keystore(folder).save()
    assert sum(b"elasticsearch.keystore" in bytes(w) for w in writes if isinstance(w, memoryview))
    for written in writes:
        assert_clean("a file", written if isinstance(written, str) else bytes(written))


@pytest.mark.parametrize("how", ["rename", "in_place"])
def test_a_desired_state(folder, writes, how):
    apply(settings_planned(folder, keystore(folder)), strategy=how)
    for written in writes:
        if isinstance(written, str) or b"elasticsearch.keystore" in bytes(written):
            data = written if isinstance(written, str) else bytes(written)
            assert_clean("a file", data)
