"""Backups of a realm with secrets, their keys, and the errors about both."""

from __future__ import annotations

import io
import os

from no_secret.planted import CLEAR, HASHES, KEYSTORE, PASSWORDS, WRONG
from support.backups import (
    SOURCE,
    age_by_passphrase,
    make_key,
    make_trust,
    manifest_of,
    member,
    tar_of,
)

from esfilerealm.backup import (
    Limits,
    SigningKey,
    create_backup,
    diff_backup,
    list_backups,
    restore_backup,
    verify_backup,
)

#: All secrets in one file.
FILES = {"config/users": "".join(f"{name}:{text}\n" for name, text in HASHES.items()).encode()}


def place_beside(folder):
    place = folder.parent / "backups"
    place.mkdir(exist_ok=True)
    return place


def made(folder, **how):
    return create_backup(folder, place_beside(folder), **{"plain": True, **how})


def key_beside(folder):
    path = folder.parent / "id_ed25519"
    return path if path.exists() else make_key(path, KEYSTORE.encode())


def verified(folder):
    sealed = made(folder, sign=SigningKey.read(key_beside(folder), KEYSTORE))
    trust = make_trust(folder.parent, key_beside(folder))
    proven = verify_backup(sealed.path, trust=trust)
    trust.remember(proven)
    return proven, trust


def seen(folder):
    proven, trust = verified(folder)
    return trust.seen(proven.manifest)


def compared(folder):
    """Every file and every role differs, and the lines are asked for."""
    roles = folder / "roles.yml"
    roles.write_text("a: {}\nb: {}\n")
    proven, _ = verified(folder)
    for path in folder.iterdir():
        path.unlink()
    (folder / "users").write_text("")
    roles.write_text("b: {cluster: [all]}\nc: {}\n")
    return diff_backup(proven, folder, lines=True)


def restored(folder):
    proven, _ = verified(folder)
    (folder / "users").write_text("")
    return [restore_backup(proven, folder, dry_run=dry_run) for dry_run in (True, False)]


BACKUP_OBJECTS = {
    "Backup": lambda _, folder: [made(folder)],
    "BackupDiff": lambda _, folder: [compared(folder)],
    "Entry": lambda _, folder: made(folder).manifest.entries,
    "FileDifference": lambda _, folder: compared(folder).files,
    "Manifest": lambda _, folder: [made(folder).manifest, made(folder).manifest.to_bytes()],
    "RestoreResult": lambda _, folder: restored(folder),
    "RoleChanges": lambda _, folder: [compared(folder).roles],
    "Seen": lambda _, folder: [seen(folder)],
    "Signer": lambda _, folder: [verified(folder)[0].signer],
    "SigningKey": lambda _, folder: [SigningKey.read(key_beside(folder), KEYSTORE)],
    "StoredBackup": lambda _, folder: [made(folder), *list_backups(place_beside(folder))],
    "Trust": lambda _, folder: [verified(folder)[1]],
    "VerifiedBackup": lambda _, folder: [verified(folder)[0]],
}


def prove(data, **how):
    return lambda _: verify_backup(io.BytesIO(data), **how)


def with_counters(folder):
    (place_beside(folder) / "esfilerealm-backups.json").write_text(PASSWORDS["new"])
    made(folder)


def outdated(folder):
    proven, trust = verified(folder)
    verified(folder)
    verify_backup(proven.source, trust=trust)


def large(folder):
    with (folder / "sparse").open("wb") as file:
        file.truncate(80 * 2**20)
    made(folder)


def with_recipient(text):
    return lambda folder: made(folder, recipients=[text])


def with_identity(folder):
    (folder.parent / "identity").write_text(PASSWORDS["new"])
    data = b"age-encryption.org/v1\n"
    verify_backup(io.BytesIO(data), identities=[os.fspath(folder.parent / "identity")])


def with_seen(folder):
    _, trust = verified(folder)
    (folder.parent / "allowed_signers.last_seen").write_text(PASSWORDS["new"])
    verified(folder)
    return trust


LATER = manifest_of(FILES).to_bytes().replace(b'"version": 1', b'"version": 2')

BACKUP_ERRORS = {
    "BackupError": [with_counters, lambda folder: create_backup(folder, folder, plain=True)],
    "BackupFormatError": [
        prove(FILES["config/users"]),
        prove(tar_of(FILES)[:-1024] + FILES["config/users"]),
        prove(tar_of(FILES, **{"manifest.json": FILES["config/users"]})),
    ],
    "BackupLimitError": [large, prove(tar_of(FILES), limits=Limits(file_size=3))],
    "BackupVersionError": [prove(tar_of(FILES, **{"manifest.json": LATER}))],
    "BackupKeyError": [
        with_recipient(PASSWORDS["new"]),
        with_identity,
        with_seen,
        lambda folder: SigningKey.read(key_beside(folder), WRONG),
        lambda folder: SigningKey.read(folder / "users"),
    ],
    "BackupDecryptionError": [prove(age_by_passphrase(b"", CLEAR), passphrase=WRONG)],
    "BackupSignatureError": [
        lambda folder: verify_backup(made(folder).path, trust=verified(folder)[1]),
    ],
    "BackupContentError": [
        prove(member("config/x", FILES["config/users"]) + tar_of(FILES)),
        prove(tar_of(FILES, MANIFEST=FILES["config/users"])),
        prove(tar_of({"config/users": b"x" * 9}, manifest=manifest_of(FILES))),
    ],
    "BackupOutdatedError": [outdated],
    "ConfidentialBackupError": [
        lambda folder: create_backup(folder, place_beside(folder) / SOURCE)
    ],
}
