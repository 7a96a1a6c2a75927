"""Every byte of a signed backup is changed: nothing that was changed is ever proven."""

from __future__ import annotations

import io

import pytest
from support.backups import (
    NOW,
    SOURCE,
    USERS,
    make_key,
    make_trust,
    manifest_of,
    tar_of,
)

from esfilerealm.backup import SigningKey, verify_backup
from esfilerealm.backup.compression import compressor
from esfilerealm.backup.packed_digest import with_digest
from esfilerealm.errors import BackupDecryptionError, BackupError

FILES = {"config/ü": USERS}
MANIFEST = manifest_of(FILES)


@pytest.fixture(scope="module")
def sealed(tmp_path_factory):
    """An archive that is signed, and whom to trust."""
    folder = tmp_path_factory.mktemp("keys")
    key = make_key(folder / "id")
    return tar_of(FILES, key=SigningKey.read(key), manifest=MANIFEST), make_trust(folder, key)


def proven(data, trust):
    """Return what is proven, or None if it is refused; any other error is a fault."""
    try:
        return verify_backup(io.BytesIO(data), trust=trust, now=NOW)
    except BackupError:
        return None


def flipped(data, at, mask):
    return data[:at] + bytes([data[at] ^ mask]) + data[at + 1 :]


def test_bytes_of_the_tar(sealed):
    """Here every third, with one bit each; the slow test tries them all."""
    data, trust = sealed
    assert proven(data, trust) is not None
    places = [*range(0, len(data), 3)]
    assert [at for at in places if proven(flipped(data, at, 1 << at % 8), trust)] == []


@pytest.mark.slow
@pytest.mark.parametrize("mask", [0x01, 0x20, 0xFF], ids=hex)
def test_every_byte_of_the_tar(sealed, mask):
    data, trust = sealed
    changed = (flipped(data, at, mask) for at in range(len(data)))
    assert [at for at, each in enumerate(changed) if proven(each, trust)] == []


@pytest.fixture(scope="module", params=["zstd", "gzip"])
def packed(sealed, request):
    """The same archive, compressed as `create_backup` does it."""
    made = compressor(request.param)
    return with_digest(request.param, made.compress(sealed[0]) + made.flush())


@pytest.mark.parametrize("mask", [0x01, 0x20, 0x40, 0xFF], ids=hex)
def test_every_byte_of_the_compressed_tar(sealed, packed, mask):
    """Also those that say nothing of the content, or say it in another way."""
    trust = sealed[1]
    assert proven(packed, trust) is not None
    changed = (flipped(packed, at, mask) for at in range(len(packed)))
    assert [at for at, each in enumerate(changed) if proven(each, trust)] == []


@pytest.mark.parametrize("kind", ["zstd", "gzip"])
def test_what_another_program_has_compressed(sealed, kind):
    """It has no digest of its compressed bytes, and what it says is proven all the same."""
    made = compressor(kind)
    assert proven(made.compress(sealed[0]) + made.flush(), sealed[1]) is not None


def test_every_byte_of_the_encrypted_tar():
    pyrage = pytest.importorskip("pyrage")
    identity = pyrage.x25519.Identity.generate()
    data = pyrage.encrypt(tar_of({"config/users": USERS})[:200], [identity.to_public()])
    for at in range(len(data)):
        with pytest.raises(BackupError) as caught:
            verify_backup(io.BytesIO(flipped(data, at, 0x01)), identities=[str(identity)])
        assert caught.type is BackupDecryptionError or at < len("age-encryption.org/v1\n")


@pytest.mark.parametrize("size", [1, 512, 1024])
def test_every_block_cut_out_or_doubled(sealed, size):
    data, trust = sealed
    for at in range(0, len(data) - 1024, size if size > 1 else 97):
        assert proven(data[:at] + data[at + size :], trust) is None
        if any(data[at : at + size]) and size > 1:
            doubled = data[: at + size] + data[at : at + size] + data[at + size :]
            assert proven(doubled, trust) is None


def test_cut_off_anywhere(sealed):
    """The last of both empty blocks may be missing, as some writers leave it out."""
    data, trust = sealed
    whole = [end for end in range(0, len(data), 97) if proven(data[:end], trust)]
    assert whole == []


def test_an_older_archive_in_place_of_a_later_one(sealed, tmp_path):
    """Genuine, and signed: only what was seen before tells."""
    key = make_key(tmp_path / "id")
    trust, signing = make_trust(tmp_path, key), SigningKey.read(key)
    later = manifest_of(FILES, counter=4)
    trust.remember(proven(tar_of(FILES, key=signing, manifest=later), trust))
    assert proven(tar_of(FILES, key=signing, manifest=MANIFEST), trust) is None


def test_nothing_is_written(sealed, tmp_path, monkeypatch):
    data, trust = sealed
    (tmp_path / SOURCE).write_bytes(flipped(data, 700, 1))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BackupError):
        verify_backup(SOURCE, trust=trust)
    assert [path.name for path in tmp_path.iterdir()] == [SOURCE]
