"""Backups that only their recipients can read."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from support.backups import SOURCE, USERS, age_by_passphrase, make_key, tar_of

from esfilerealm.backup import create_backup, read_recipients, verify_backup
from esfilerealm.backup.seal import age
from esfilerealm.errors import BackupDecryptionError, BackupKeyError, MissingExtraError

pyrage = pytest.importorskip("pyrage")

TAR = tar_of({"config/users": USERS})


@pytest.fixture
def identity(tmp_path):
    """Return the path of a file as ``age-keygen`` writes it, and its recipient."""
    made = pyrage.x25519.Identity.generate()
    path = tmp_path / "identity"
    path.write_text(f"# created: today\n# public key: {made.to_public()}\n{made}\n")
    return path, str(made.to_public())


class TestRecipients:
    def test_one_of_several_opens_it(self, folder, place, identity, tmp_path):
        path, recipient = identity
        ssh = make_key(tmp_path / "ssh")
        recipients = [recipient, ssh.with_suffix(".pub").read_text()]
        made = create_backup(folder, place, recipients=recipients)
        assert made.is_encrypted
        assert made.path.endswith(".tar.zst.age")
        assert USERS not in Path(made.path).read_bytes()
        for key in (str(path), str(ssh), path.read_text().splitlines()[-1]):
            proven = verify_backup(made.path, identities=[key])
            assert (proven.is_encrypted, proven.read("config/users")) == (True, USERS)

    def test_nobody_else_opens_it(self, folder, place, identity):
        made = create_backup(folder, place, recipients=[identity[1]])
        other = str(pyrage.x25519.Identity.generate())
        with pytest.raises(BackupDecryptionError, match="none of the identities") as caught:
            verify_backup(made.path, identities=[other])
        assert other not in str(caught.value)
        with pytest.raises(BackupDecryptionError, match="give the private key of one"):
            verify_backup(made.path, passphrase="x")

    def test_files_of_recipients(self, tmp_path):
        (tmp_path / "r").write_text("# all\n\n age1a \nssh-ed25519 AAAA me\n")
        assert read_recipients(tmp_path / "r") == ["age1a", "ssh-ed25519 AAAA me"]
        (tmp_path / "r").write_text("# none\n")
        with pytest.raises(BackupKeyError, match="names no recipient"):
            read_recipients(tmp_path / "r")

    def test_armoured_by_age(self, identity):
        data = pyrage.encrypt(TAR, [pyrage.x25519.Recipient.from_str(identity[1])], armored=True)
        assert verify_backup(io.BytesIO(data), identities=[str(identity[0])]).is_encrypted

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("", "it holds no identity: make one"),
            ("# only a comment\n", "it holds no identity: make one"),
            ("age1xyz\n", "it is a public key"),
            ("x\n", "it holds no identity of age"),
            ("-----BEGIN OPENSSH PRIVATE KEY-----\n", "has a passphrase, or is of a kind"),
        ],
        ids=lambda text: text[:10],
    )
    def test_what_is_no_identity(self, tmp_path, identity, text, reason):
        (tmp_path / "key").write_text(text)
        data = pyrage.encrypt(TAR, [pyrage.x25519.Recipient.from_str(identity[1])])
        with pytest.raises(BackupKeyError, match=reason):
            verify_backup(io.BytesIO(data), identities=[str(tmp_path / "key")])

    def test_an_identity_with_a_passphrase(self, tmp_path, identity):
        path = make_key(tmp_path / "ssh", b"open")
        data = pyrage.encrypt(TAR, [pyrage.x25519.Recipient.from_str(identity[1])])
        with pytest.raises(BackupKeyError, match="it has a passphrase"):
            verify_backup(io.BytesIO(data), identities=[str(path)])


class TestPassphrase:
    def test_it_opens_it(self):
        proven = verify_backup(io.BytesIO(age_by_passphrase(TAR, "open")), passphrase="open")
        assert proven.read("config/users") == USERS

    def test_a_wrong_one(self):
        data = age_by_passphrase(TAR, "open")
        with pytest.raises(BackupDecryptionError, match="the passphrase is wrong") as caught:
            verify_backup(io.BytesIO(data), passphrase="shut")
        assert "shut" not in str(caught.value)
        with pytest.raises(BackupDecryptionError, match="by a passphrase: give it"):
            verify_backup(io.BytesIO(data), identities=["x"])

    @pytest.mark.parametrize("work", [23, 64, 999])
    def test_one_that_would_cost_hours(self, work):
        data = age_by_passphrase(TAR, "open", work)
        with pytest.raises(BackupDecryptionError, match="at most 2"):
            verify_backup(io.BytesIO(data), passphrase="open")

    @pytest.mark.slow
    @pytest.mark.timeout(120)
    def test_a_backup_with_one(self, folder, place):
        made = create_backup(folder, place, passphrase="open")
        assert verify_backup(made.path, passphrase="open").read("config/users") == USERS

    def test_what_is_made_with_one(self, folder, place, monkeypatch):
        monkeypatch.setattr(pyrage.passphrase, "encrypt", age_by_passphrase)
        made = create_backup(folder, place / SOURCE, passphrase="open")
        assert verify_backup(made.path, passphrase="open").is_encrypted


def test_without_the_extra(folder, place, identity, monkeypatch):
    def missing(extra, purpose, *modules):
        raise MissingExtraError(extra, purpose)

    monkeypatch.setattr(age, "require_extra", missing)
    with pytest.raises(MissingExtraError, match="encrypting a backup needs"):
        create_backup(folder, place, recipients=[identity[1]])
    with pytest.raises(MissingExtraError, match="decrypting a backup needs"):
        verify_backup(io.BytesIO(b"age-encryption.org/v1\n"), passphrase="x")
