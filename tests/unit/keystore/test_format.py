"""Each field of a keystore, right and wrong, by a second reader and writer."""

from __future__ import annotations

import os

import pytest

pytest.importorskip("cryptography", reason="needs the extra keystore")

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from keystore.builder import Build, judge

from esfilerealm.errors import (
    KeystoreCorruptedError,
    KeystorePasswordError,
    KeystoreVersionError,
)
from esfilerealm.keystore import SEED, Keystore, load_header
from esfilerealm.keystore.ghash import equivalent_iv

VERSIONS = [3, 4, 5, 6, 7]


def verdict(data: bytes, password: str = ""):
    """What the package makes of it, in the words of the second reader."""
    try:
        store = Keystore.read(data, password)
    except KeystorePasswordError:
        return "wrong_password"
    except (KeystoreCorruptedError, KeystoreVersionError) as error:
        return error.kind
    return {name: store.file(name) for name in store.names}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("password", ["", "a", "grün \U0001f511", "x" * 200])
def test_what_is_written_here_is_read_by_both(version, password):
    store = Keystore.create(format_version=version)
    store.set("a.text", "grün \U0001f600")
    store.set("a.file", bytes(range(256)))
    store.change_password(password)
    expected = {name: store.file(name) for name in store.names}
    data = store.to_bytes()
    assert judge(data, password.encode()) == expected
    assert verdict(data, password) == expected


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("password", ["", "geheim"])
def test_what_the_second_writer_makes_is_read(version, password):
    build = Build(version, password.encode(), [(b"a", b"1"), (b"b", b"2"), (b"a", b"3")])
    assert verdict(build.make(), password) == {"a": b"3", "b": b"2"}
    assert load_header(build.make()).has_password is bool(password)


OK = {"a.b": b"value"}

#: Of each check, files that it stops, and files that it lets pass.
FIELDS = {
    "empty file": (b"", "truncated"),
    "magic of Lucene in little endian": (Build(magic=b"\x17\x6c\xd7\x3f"), "bad_magic"),
    "Kibana": (Build(name=b"\x0fkibana.keystore"), "bad_codec_name"),
    "OpenSearch": (Build(name=b"\x13opensearch.keystore"), "bad_codec_name"),
    "other case": (Build(name=b"\x16Elasticsearch.keystore"), "bad_codec_name"),
    "empty name": (Build(name=b"\0"), "bad_codec_name"),
    "malformed name": (Build(name=b"\x16" + b"\xff" * 22), "bad_codec_name"),
    "name of two length bytes": (Build(name=b"\x96\0elasticsearch.keystore"), {"a.b": b"value"}),
    "name of five": (Build(name=b"\x96\x80\x80\x80\0elasticsearch.keystore"), {"a.b": b"value"}),
    "endless name": (Build(name=b"\xff\xff\xff\xff\x07"), "truncated"),
    "five bytes that go on": (Build(name=b"\x96\x80\x80\x80\x80" + b"elasticsearch.keystore"), OK),
    "negative name": (Build(name=b"\xff\xff\xff\xff\x0f"), "negative_length"),
    **{f"version {v}": (Build(v), "too_old") for v in (-(2**31), -1, 0, 1, 2)},
    **{f"version {v}": (Build(v), "too_new") for v in (8, 12, 2**31 - 1)},
    "flag 2": (Build(flag=2), "bad_password_flag"),
    "flag 255": (Build(flag=255), "bad_password_flag"),
    "negative block": (Build(block_length=-1), "negative_length"),
    "negative block, little endian": (Build(5, block_length=-1), "negative_length"),
    "huge block": (Build(block_length=2**31 - 1), "truncated"),
    "block too short": (Build(block_length=10), "trailing_data"),
    "one byte behind": (Build(behind=b"\n"), "trailing_data"),
    "footer magic": (Build(footer=b"\xc0\x28\x93\xe9"), "bad_footer_magic"),
    "footer algorithm": (Build(algorithm=1), "bad_footer_algorithm"),
    "checksum too large": (Build(checksum_high=1), "checksum_not_32_bit"),
    "checksum": (Build(checksum=0), "checksum_mismatch"),
    "empty block": (Build(block=b""), "corrupted"),
    "block of zeros": (Build(block=bytes(12)), "empty_salt"),
    "bytes in the block": (Build(in_block=b"xy"), "corrupted"),
    "negative salt": (Build(salt_length=-1), "negative_length"),
    "huge salt": (Build(salt_length=2**31 - 1), "corrupted"),
    "negative vector": (Build(iv_length=-5), "negative_length"),
    "huge vector": (Build(iv_length=2**30), "corrupted"),
    "negative ciphertext": (Build(ciphertext_length=-(2**31)), "negative_length"),
    "huge ciphertext": (Build(ciphertext_length=2**31 - 1), "corrupted"),
    "ciphertext too short": (Build(ciphertext_length=3), "corrupted"),
    "lengths in the other order": (Build(4, block=Build(5)._made_block()), "corrupted"),
    "no salt": (Build(salt=b""), "empty_salt"),
    "no vector": (Build(iv=b""), "empty_iv"),
    "neither": (Build(salt=b"", iv=b""), "empty_salt"),
    "salt of one byte": (Build(salt=b"s"), {"a.b": b"value"}),
    "long salt": (Build(salt=b"s" * 5000), {"a.b": b"value"}),
    **{
        f"vector of {size}": (Build(iv=bytes(range(size % 251)) + b"v" * (size - size % 251)), OK)
        for size in (1, 2, 7, 8, 11, 13, 16, 17, 128, 129, 200)
    },
    "no ciphertext": (Build(ciphertext=b""), "wrong_password"),
    "ciphertext of 15": (Build(ciphertext=bytes(15)), "wrong_password"),
    "tag alone": (Build(ciphertext=bytes(16)), "wrong_password"),
    "empty plaintext": (Build(plaintext=b""), "corrupted"),
    "three bytes of plaintext": (Build(plaintext=b"\0\0\0"), "corrupted"),
    "nothing": (Build(entries=[]), {}),
    "a count of -1": (Build(entries=[], count=-1), {}),
    "a count of -1 with settings": (Build(count=-1), "corrupted"),
    "a count too high": (Build(count=2), "corrupted"),
    "a count too low": (Build(count=0), "corrupted"),
    "a count of billions": (Build(count=2**31 - 1), "corrupted"),
    "a byte after the last": (Build(in_plaintext=b"\0"), "corrupted"),
    "negative value": (Build(plaintext=b"\0\0\0\1\0\1a\xff\xff\xff\xff"), "negative_length"),
    "huge value": (Build(plaintext=b"\0\0\0\1\0\1a\x7f\xff\xff\xff"), "corrupted"),
    "cut in a name": (Build(plaintext=b"\0\0\0\1\0\5a"), "corrupted"),
    "cut in the length of a name": (Build(plaintext=b"\0\0\0\1\0"), "corrupted"),
    "cut before a value": (Build(plaintext=b"\0\0\0\1\0\1a\0\0"), "corrupted"),
    "empty name of a setting": (Build(entries=[(b"", b"")]), {"": b""}),
    "other names": (Build(entries=[(b"a b", b""), (b"a\0", b"1")]), {"a b": b"", "a\0": b"1"}),
    "U+0000": (Build(entries=[(b"\xc0\x80", b"")]), {"\0": b""}),
    "overlong": (Build(entries=[(b"\xc1\x81", b"")]), {"A": b""}),
    "two overlong names are one": (Build(entries=[(b"A", b"1"), (b"\xc1\x81", b"2")]), {"A": b"2"}),
    "overlong in three": (Build(entries=[(b"\xe0\x81\x81", b"")]), {"A": b""}),
    "a pair": (Build(entries=[(b"\xed\xa0\xbd\xed\xb8\x80", b"")]), {"\U0001f600": b""}),
    "half a pair": (Build(entries=[(b"\xed\xa0\xbd", b"")]), {"\ud83d": b""}),
    "four bytes": (Build(entries=[("\U0001f600".encode(), b"")]), "corrupted"),
    "a byte that continues nothing": (Build(entries=[(b"\x80", b"")]), "corrupted"),
    "a sequence cut short": (Build(entries=[(b"\xe2\x82", b"")]), "corrupted"),
    "a sequence broken off": (Build(entries=[(b"\xc3A", b"")]), "corrupted"),
    "format 3, any type": (Build(3, type_name=b"\xc3\xa4 odd"), {"a.b": b"value"}),
    "format 3, empty type": (Build(3, type_name=b""), {"a.b": b"value"}),
    "format 3, malformed type": (Build(3, type_name=b"\xff"), "corrupted"),
    "flag without password": (Build(flag=1), {"a.b": b"value"}),
}


@pytest.mark.parametrize(("build", "expected"), FIELDS.values(), ids=FIELDS)
def test_each_check_stops_what_it_should(build, expected):
    data = build if isinstance(build, bytes) else build.make()
    assert judge(data) == expected
    assert verdict(data) == expected


def test_the_flag_decides_nothing():
    hidden = Build(password=b"geheim", flag=0).make()
    assert verdict(hidden, "geheim") == {"a.b": b"value"}
    assert verdict(hidden) == "wrong_password"
    assert not load_header(hidden).has_password


@pytest.mark.parametrize(
    ("password", "opens"),
    [
        ("geheim\0", True),
        ("Geheim", False),
        ("geheim ", False),
        ("", False),
        ("geheim" * 40, False),
    ],
)
def test_which_passwords_are_equal(password, opens):
    """HMAC pads its key with zeros, so a zero at the end changes nothing."""
    found = verdict(Build(password=b"geheim").make(), password)
    assert found == ({"a.b": b"value"} if opens else "wrong_password")


def test_a_lone_surrogate_in_a_password_is_a_question_mark():
    assert verdict(Build(password=b"a?b").make(), "a\ud800b") == {"a.b": b"value"}


def test_composed_and_decomposed_passwords_differ():
    data = Build(password="ü".encode()).make()
    assert verdict(data, "ü") == {"a.b": b"value"}
    assert verdict(data, "u\u0308") == "wrong_password"


@pytest.mark.parametrize("version", [3, 4, 5])
def test_every_flipped_bit_is_an_error(version):
    data = Build(version, entries=[(SEED.encode(), b"x" * 20)]).make()
    for at in range(len(data) * 8):
        flipped = bytearray(data)
        flipped[at // 8] ^= 1 << at % 8
        with pytest.raises((KeystoreCorruptedError, KeystoreVersionError)):
            load_header(bytes(flipped))


@pytest.mark.parametrize("version", [3, 5, 7])
def test_a_file_cut_at_any_byte_is_incomplete(version):
    data = Build(version).make()
    for size in range(len(data)):
        with pytest.raises(KeystoreCorruptedError) as caught:
            load_header(data[:size])
        assert caught.value.kind in ("truncated", "footer_missing")
        assert caught.value.kind == judge(data[:size])
        assert 0 <= caught.value.offset <= size


@pytest.mark.parametrize("size", [8, 9, 11, 13, 16, 17, 31, 64, 127, 128])
@pytest.mark.parametrize("key_size", [16, 32])
def test_an_equivalent_vector_is_one(size, key_size):
    key, iv = os.urandom(key_size), os.urandom(size)
    cipher = AESGCM(key)
    expected = cipher.encrypt(iv, b"plain" * 9, b"aad")
    assert cipher.encrypt(equivalent_iv(key, iv), b"plain" * 9, b"aad") == expected


def test_names_are_sorted_by_units_of_utf_16():
    entries = [(b"\xef\xbd\x9e", b""), (b"\xed\xa0\xbd\xed\xb8\x80", b""), (b"b", b""), (b"B", b"")]
    store = Keystore.read(Build(entries=entries).make())
    assert store.names == ("B", "b", "\U0001f600", "\uff5e")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b"\xed\xa0\x80", "\ufffd"),
        (b"\xed\xa0\x80\xed\xb0\x80", "\ufffd\ufffd"),
        (b"\xed\xa0", "\ufffd"),
        (b"\xed\xa0A", "\ufffdA"),
        (b"\xed", "\ufffd"),
        (b"\xed\x9f\xbf", "\ud7ff"),
        (b"\xe2\x82\xed\xbf\xbf", "\ufffd\ufffd"),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b"\xf0\x90\x80", "\ufffd"),
        (b"\xc0\x80", "\ufffd\ufffd"),
        (b"\xf4\x90\x80\x80", "\ufffd\ufffd\ufffd\ufffd"),
        ("\U0010ffff".encode(), "\U0010ffff"),
    ],
)
def test_malformed_text_is_replaced_as_java_does(value, text):
    store = Keystore.read(Build(entries=[(b"a", value)]).make())
    assert store.string("a") == text
    assert store.file("a") == value


def test_names_that_cannot_be_set_are_kept():
    names = ["", "a b", "\0", "\U0001f600", "\ud83d", "ä"]
    entries = [(name.encode("utf-8", "surrogatepass"), b"1") for name in ("", "a b", "ä")]
    entries += [(b"\xc0\x80", b"1"), (b"\xed\xa0\xbd\xed\xb8\x80", b"1"), (b"\xed\xa0\xbd", b"1")]
    store = Keystore.read(Build(entries=entries).make())
    store.set("new", "2")
    kept = judge(store.to_bytes())
    assert kept == {**dict.fromkeys(names, b"1"), "new": b"2"}
