"""Whatever a file claims, reading it takes memory and time as its size does."""

from __future__ import annotations

import tracemalloc

import pytest

pytest.importorskip("cryptography", reason="needs the extra keystore")

from keystore.builder import Build

from esfilerealm import errors
from esfilerealm.keystore import Keystore, load_header, reader

HUGE = 2**31 - 1


@pytest.mark.parametrize(
    "build",
    [
        Build(name=b"\xff\xff\xff\xff\x07"),
        Build(block_length=HUGE),
        Build(salt_length=HUGE),
        Build(iv_length=HUGE),
        Build(ciphertext_length=HUGE),
        Build(count=HUGE),
        Build(plaintext=b"\0\0\0\1\0\1a\x7f\xff\xff\xff"),
        Build(plaintext=b"\x7f\xff\xff\xff"),
    ],
    ids=["name", "block", "salt", "iv", "ciphertext", "count", "value", "count alone"],
)
def test_a_claim_allocates_nothing(build):
    data = build.make()
    tracemalloc.start()
    try:
        with pytest.raises(errors.KeystoreCorruptedError):
            Keystore.read(data)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


def test_a_file_that_is_too_large_is_not_read(tmp_path, monkeypatch):
    path = tmp_path / "elasticsearch.keystore"
    with path.open("wb") as file:
        file.truncate(reader.LARGEST_FILE + 1)
    with pytest.raises(errors.FileAccessError, match=r"has \[67108865\] bytes, and at most"):
        Keystore.read(path)
    monkeypatch.setattr(reader, "LARGEST_FILE", 100)
    with pytest.raises(errors.KeystoreCorruptedError) as caught:
        load_header(Build().make())
    assert caught.value.kind == "too_large"


def test_too_many_settings_are_not_read(monkeypatch):
    monkeypatch.setattr(reader, "MOST_SETTINGS", 2)
    data = Build(entries=[(b"a", b"1"), (b"a", b"2")]).make()
    assert Keystore.read(data).names == ("a",)
    data = Build(entries=[(b"a", b"1")] * 3).make()
    with pytest.raises(errors.KeystoreCorruptedError) as caught:
        Keystore.read(data)
    assert caught.value.kind == "too_large"


def test_a_vector_that_is_too_long_is_not_hashed():
    block = Build()._made_block()[: 4 + 64]
    block += (2**16 + 1).to_bytes(4, "big") + bytes(2**16 + 1) + bytes(4)
    with pytest.raises(errors.KeystoreCorruptedError) as caught:
        Keystore.read(Build(block=block).make())
    assert caught.value.kind == "too_large"


class TestWriting:
    """What could not be read again is not written."""

    def test_a_value(self):
        with pytest.raises(errors.InvalidSecureSettingError, match="its value has 67108865 bytes"):
            Keystore.create().set("a", bytes(2**26 + 1))

    def test_all_values_together(self):
        store = Keystore.create()
        store.set("small", b"x")
        store.set("large", bytes(2**26 - 100))
        with pytest.raises(errors.InvalidSecureSettingError, match=r"\[large\]"):
            store.to_bytes()

    def test_a_large_value(self):
        store = Keystore.create()
        store.set("large", bytes(2**22))
        assert Keystore.read(store.to_bytes()).file("large") == bytes(2**22)

    def test_the_number_of_settings(self):
        store = Keystore.create()
        for number in range(reader.MOST_SETTINGS):
            store._contents.settings[str(number)] = b""
        with pytest.raises(errors.InvalidSecureSettingError, match="more than 100000 settings"):
            store.to_bytes()

    def test_a_name(self):
        store = Keystore.create()
        store.set("n" * (2**16 - 1), "x")
        assert max(Keystore.read(store.to_bytes()).names, key=len) == "n" * (2**16 - 1)
        with pytest.raises(errors.InvalidSecureSettingError, match="at most 65535"):
            store.set("n" * 2**16, "x")

    @pytest.mark.parametrize("value", [None, 5, ["x"]])
    def test_what_is_no_value(self, value):
        with pytest.raises(errors.InvalidSecureSettingError, match="must be a string or bytes"):
            Keystore.create().set("a", value)

    @pytest.mark.parametrize("password", [None, b"x"])
    def test_what_is_no_password(self, password):
        store = Keystore.create()
        with pytest.raises(errors.InvalidPasswordError, match="must be a string"):
            store.change_password(password)
        with pytest.raises(errors.InvalidPasswordError, match="must be a string"):
            Keystore.read(store.to_bytes(), password)


class TestWithoutTheExtra:
    """All that needs no cipher works; the rest names the extra."""

    @pytest.fixture(autouse=True)
    def _missing(self, monkeypatch):
        for name in ("", ".exceptions", ".hazmat.primitives.ciphers.aead"):
            monkeypatch.setitem(__import__("sys").modules, f"cryptography{name}", None)

    def test_the_header_is_read(self):
        assert load_header(DATA).has_password
        with pytest.raises(errors.KeystoreCorruptedError):
            load_header(DATA[:-1])

    @pytest.mark.parametrize(
        "act", [lambda: load_header(DATA).open("x"), lambda: Keystore.create().to_bytes()]
    )
    def test_the_error_names_the_extra(self, act):
        with pytest.raises(errors.MissingExtraError, match=r"'esfilerealm\[keystore\]'"):
            act()

    def test_nothing_is_written(self, tmp_path):
        with pytest.raises(errors.MissingExtraError):
            Keystore.create().save(tmp_path / "elasticsearch.keystore")
        assert not (tmp_path / "elasticsearch.keystore").exists()


DATA = Build(password=b"x").make()
