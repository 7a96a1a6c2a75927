"""What holds for every keystore, whatever its bytes claim."""

from __future__ import annotations

import zlib

import pytest

pytest.importorskip("cryptography", reason="needs the extra keystore")

from hypothesis import example, given, settings
from hypothesis import strategies as st
from keystore.builder import Build, judge

from esfilerealm.errors import (
    KeystoreCorruptedError,
    KeystorePasswordError,
    KeystoreVersionError,
)
from esfilerealm.keystore import Keystore

pytestmark = pytest.mark.property

#: Formats whose key costs little; the others differ from these in numbers alone.
versions = st.sampled_from([3, 4, 5])
names = st.text("abcXYZ019_-.", min_size=1, max_size=12)
values = st.one_of(st.binary(max_size=60), st.text(max_size=40))
passwords = st.text(max_size=12)


def verdict(data, password=""):
    try:
        store = Keystore.read(data, password)
    except KeystorePasswordError:
        return "wrong_password"
    except (KeystoreCorruptedError, KeystoreVersionError) as error:
        assert len(str(error)) < 500
        return error.kind
    return {name: store.file(name) for name in store.names}


@given(st.one_of(st.binary(max_size=400), st.binary(max_size=300).map(Build().make()[:27].__add__)))
@settings(max_examples=300)
def test_any_bytes_are_read_or_refused(data):
    assert verdict(data) == judge(data)


@given(versions, st.data())
@settings(max_examples=150)
def test_any_damage_under_a_right_checksum_gets_the_verdict_of_the_second_reader(version, data):
    good = Build(version).make()
    at = data.draw(st.integers(0, len(good) - 17))
    kept = data.draw(st.integers(0, 3))
    damaged = good[:at] + data.draw(st.binary(max_size=6)) + good[at + kept : -8]
    damaged += zlib.crc32(damaged).to_bytes(8, "big")
    assert verdict(damaged) == judge(damaged)


@given(versions, st.binary(max_size=80))
@example(4, b"\0\0\0\1\0\0\0\0\0\0")
@settings(max_examples=200)
def test_any_decrypted_content_is_read_or_refused(version, plaintext):
    data = Build(version, plaintext=plaintext).make()
    assert verdict(data) == judge(data)


@given(versions, st.binary(max_size=60))
@settings(max_examples=100)
def test_any_block_is_read_or_refused(version, block):
    data = Build(version, block=block).make()
    assert verdict(data) == judge(data)


@given(versions, st.dictionaries(names, values, max_size=6), passwords)
@settings(max_examples=60)
def test_what_is_written_reads_back(version, wanted, password):
    store = Keystore.create(format_version=version)
    for name, value in wanted.items():
        store.set(name, value)
    store.change_password(password)
    copy = Keystore.read(store.to_bytes(), password)
    assert copy.format_version == version
    assert copy.has_password is bool(password)
    assert set(copy.names) == {*wanted, "keystore.seed"}
    for name, value in wanted.items():
        assert (copy.file(name) if isinstance(value, bytes) else copy.string(name)) == value


@given(passwords, passwords)
@settings(max_examples=60)
def test_a_wrong_password_never_yields_a_value(right, wrong):
    store = Keystore.create()
    store.change_password(right)
    data = store.to_bytes()
    if right.rstrip("\0") == wrong.rstrip("\0"):
        assert verdict(data, wrong) == {"keystore.seed": store.file("keystore.seed")}
    else:
        assert verdict(data, wrong) == "wrong_password"
