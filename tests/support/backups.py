"""A small configuration directory, keys for its backups, and archives that nobody should trust."""

from __future__ import annotations

import base64
import hashlib
import io
import tarfile
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from support.hashes import CHEAP_HASH

from esfilerealm.backup import Entry, Manifest, SigningKey, Trust
from esfilerealm.backup.manifest import CHECKSUMS, DESCRIPTION, SIGNATURE

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
SOURCE = "node.tar"
IDENTITY = "backup@example.org"
USERS = f"bob:{CHEAP_HASH}\n".encode()


def make_folder(folder: Path) -> Path:
    """Make a directory as a node has it, with something of every kind."""
    (folder / "certs").mkdir(parents=True)
    (folder / "empty").mkdir()
    (folder / "users").write_bytes(USERS)
    (folder / "users_roles").write_text("superuser:bob\n")
    (folder / "elasticsearch.yml").write_text(
        "node.name: node-1\ncluster.name: prod\nxpack.security.http.ssl.key: certs/http.key\n"
    )
    (folder / "certs" / "http.key").write_text("-----BEGIN PRIVATE KEY-----\n")
    (folder / "certs" / "http.key").chmod(0o640)
    (folder / "link").symlink_to("users")
    return folder


def make_key(path: Path, passphrase: bytes | None = None) -> Path:
    """Write an Ed25519 key as ``ssh-keygen`` does, and the public one beside it."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
        PublicFormat,
    )

    key = Ed25519PrivateKey.generate()
    cheap = PrivateFormat.OpenSSH.encryption_builder().kdf_rounds(1)
    hidden = NoEncryption() if passphrase is None else cheap.build(passphrase)
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, hidden))
    path.chmod(0o600)
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    path.with_suffix(".pub").write_bytes(public + b" backup\n")
    return path


def make_trust(folder: Path, key: Path, line: str = "{identity} {key}", **values: str) -> Trust:
    """Write ``allowed_signers`` with a key."""
    public = " ".join(key.with_suffix(".pub").read_text().split()[:2])
    path = folder / "allowed_signers"
    path.write_text(f"# who may sign\n\n{line.format(identity=IDENTITY, key=public)}\n")
    return Trust(**{"allowed_signers": path, "identity": IDENTITY, **values})


def manifest_of(files: dict[str, bytes], *more: Entry, **values: object) -> Manifest:
    """Describe files, and the directories above them."""
    folders = {"config"}
    for path in files:
        parts = path.split("/")[:-1]
        if parts[0] == "config":
            folders |= {"/".join(parts[:count]) for count in range(1, len(parts) + 1)}
    entries = [Entry(path=folder, form="directory", mode=0o750) for folder in folders]
    entries += [
        Entry(path=path, size=len(data), digest=hashlib.sha256(data).hexdigest())
        for path, data in files.items()
    ]
    entries = sorted([*entries, *more], key=lambda entry: entry.path.encode())
    fixed = {
        "node": "node-1",
        "cluster": "prod",
        "time": NOW,
        "counter": 3,
        "config_dir": "/etc/es",
    }
    return Manifest(**{**fixed, **values, "entries": tuple(entries)})


def documents_of(manifest: Manifest, key: SigningKey | None = None) -> dict[str, bytes]:
    """Return the documents of a manifest, signed if a key is given."""
    description = manifest.to_bytes()
    checksums = manifest.checksums(hashlib.sha256(description).hexdigest())
    found = {DESCRIPTION: description, CHECKSUMS: checksums}
    return found if key is None else {**found, SIGNATURE: key.sign(checksums)}


def member(name: str, data: bytes = b"", **values: object) -> bytes:
    """Return one member of an archive as the library for tar writes it."""
    info = tarfile.TarInfo(name)
    info.mode, info.size = 0o600, len(data)
    for key, value in values.items():
        setattr(info, key, value)
    block = info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")
    return block + data + bytes(-len(data) % 512)


def members_of(manifest: Manifest, files: dict[str, bytes], *, but: tuple[str, ...] = ()) -> bytes:
    """Return the members that a manifest names, without some."""
    kinds = {"file": tarfile.REGTYPE, "directory": tarfile.DIRTYPE, "link": tarfile.SYMTYPE}
    return b"".join(
        member(
            each.path,
            files.get(each.path, b""),
            mode=each.mode,
            type=kinds[each.form],
            linkname=each.target,
        )
        for each in manifest.entries
        if each.path not in but and each.is_member
    )


def tar_of(
    files: dict[str, bytes],
    *more: bytes,
    key: SigningKey | None = None,
    but: tuple[str, ...] = (),
    manifest: Manifest | None = None,
    **documents: bytes,
) -> bytes:
    """Return an archive of files as a backup has them, with *more* members at its end."""
    manifest = manifest or manifest_of(files)
    described = {**documents_of(manifest, key), **documents}
    parts = [member(name, data) for name, data in described.items() if name not in but]
    return b"".join([members_of(manifest, files, but=but), *parts, *more]) + bytes(1024)


def rebuilt_header(archive: bytes, at: int, field: slice, value: bytes) -> bytes:
    """Change a field of the header at a place, and its checksum with it."""
    header = bytearray(archive[at : at + 512])
    header[field] = value
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return archive[:at] + bytes(header) + archive[at + 512 :]


def opened(archive: bytes) -> dict[str, bytes]:
    """Return the files of a tar, read by the library that esfilerealm does not use."""
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:") as found:
        files = ((each.name, found.extractfile(each)) for each in found)
        return {name: file.read() for name, file in files if file is not None}


def age_by_passphrase(data: bytes, passphrase: str, work: int = 2) -> bytes:
    """Encrypt as age does, at a cost that age itself never uses."""
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.hmac import HMAC
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    def text(raw: bytes) -> bytes:
        return base64.b64encode(raw).rstrip(b"=")

    def derived(key: bytes, salt: bytes, info: bytes) -> bytes:
        return HKDF(SHA256(), 32, salt, info).derive(key)

    file_key, salt, nonce = bytes(range(16)), bytes(16), bytes(16)
    wrap = hashlib.scrypt(
        passphrase.encode(),
        salt=b"age-encryption.org/v1/scrypt" + salt,
        n=2 ** min(work, 10),
        r=8,
        p=1,
        dklen=32,
    )
    stanza = ChaCha20Poly1305(wrap).encrypt(bytes(12), file_key, None)
    head = b"age-encryption.org/v1\n-> scrypt %s %d\n%s\n---" % (text(salt), work, text(stanza))
    mac = HMAC(derived(file_key, b"", b"header"), SHA256())
    mac.update(head)
    payload = ChaCha20Poly1305(derived(file_key, nonce, b"payload"))
    assert len(data) < 2**16
    body = payload.encrypt(bytes(11) + b"\x01", data, None)
    return head + b" " + text(mac.finalize()) + b"\n" + nonce + body
