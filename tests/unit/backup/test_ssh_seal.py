"""Keys of OpenSSH, their signatures, and who may sign."""

from __future__ import annotations

import base64
import pickle
import socket
import threading
from datetime import UTC, datetime

import pytest
from support.backups import IDENTITY, NOW, make_key

from esfilerealm.backup import SigningKey
from esfilerealm.backup.seal import keys
from esfilerealm.backup.seal.signers import matches, read_allowed_signers
from esfilerealm.backup.seal.sshsig import Signature, fingerprint, read_string, string
from esfilerealm.errors import BackupKeyError, MissingExtraError

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
BLOB = base64.b64decode(KEY.split()[1])


def parsed(line):
    return read_allowed_signers(line.encode(), "allowed")[0]


class TestAllowedSigners:
    def test_everything_in_a_line(self):
        signer = parsed(
            '"a b,*@x" namespaces="git,file",Valid-After="20261130",valid-before="20261130120001Z" '
            f"{KEY} a comment"
        )
        assert (signer.principals, signer.namespaces) == ("a b,*@x", "git,file")
        assert signer.public_key == BLOB
        assert signer.valid_after == datetime(2026, 11, 30).astimezone(UTC)
        assert signer.valid_before == datetime(2026, 11, 30, 12, 0, 1, tzinfo=UTC)
        assert not signer.is_authority

    def test_lines_are_counted(self):
        data = f"# one\n\n  \r\na {KEY}\r\nb\tcert-authority\t{KEY}".encode()
        assert [(each.line, each.is_authority) for each in read_allowed_signers(data, "x")] == [
            (4, False),
            (5, True),
        ]

    def test_an_identity_may_look_like_a_key(self):
        assert parsed(f"ssh-admin {KEY}").principals == "ssh-admin"

    def test_other_kinds_of_keys_may_stand_there(self):
        blob = base64.b64encode(string(b"sk-ssh-ed25519@openssh.com") + b"x").decode()
        assert parsed(f"a sk-ssh-ed25519@openssh.com {blob}").line == 1

    @pytest.mark.parametrize(
        ("line", "reason"),
        [
            ("a", "no key behind"),
            (KEY, "without an identity"),
            (f'"a {KEY}', "no key behind"),
            (f"a zones {KEY}", "not known"),
            (f"a namespaces {KEY}", "options are malformed"),
            (f'a cert-authority="x" {KEY}', "options are malformed"),
            (f'a namespaces="x",namespaces="y" {KEY}', "options are malformed"),
            (f'a namespaces="x"y {KEY}', "options are malformed"),
            (f'a valid-after="2026" {KEY}', "time in it is malformed"),
            (f'a valid-after="20261301" {KEY}', "time in it is malformed"),
            ("a ssh-ed25519 AAAA", "key is malformed"),
            ("a ssh-ed25519 !", "key is malformed"),
            ("a ssh-ed25519 AAA", "key is malformed"),
            (f"a ssh-rsa {KEY.split()[1]}", "key is malformed"),
            (f"{'a' * 1025} {KEY}", "more than"),
            (f'a namespaces="{"a" * 1025}" {KEY}', "more than"),
        ],
    )
    def test_a_line_that_is_malformed(self, line, reason):
        with pytest.raises(BackupKeyError, match=reason) as caught:
            read_allowed_signers(f"b {KEY}\n{line}\n".encode(), "allowed")
        assert "line [2]" in str(caught.value)

    @pytest.mark.parametrize(
        ("text", "patterns", "does"),
        [
            ("a", "a", True),
            ("a", "b,a", True),
            ("a", "A", False),
            ("ab", "a", False),
            ("a", "?", True),
            ("", "?", False),
            ("", "*", True),
            ("abc", "a*c", True),
            ("abcbc", "a*bc", True),
            ("abcb", "a*bc", False),
            ("a@x", "*,!a@*", False),
            ("b@x", "*,!a@*", True),
            ("b@x", "!a@*", False),
            ("a.c", "a?c", True),
            ("a\nb", "a*b", True),
            ("[a]", "[a]", True),
            ("x" * 5000, "*x" * 500 + "y", False),
        ],
        ids=lambda value: str(value)[:10],
    )
    def test_patterns(self, text, patterns, does):
        assert matches(text, patterns) == does


class TestSigningKey:
    def test_a_key_with_a_passphrase(self, tmp_path):
        path = make_key(tmp_path / "id", b"open")
        assert SigningKey.is_protected(path)
        key = SigningKey.read(path, "open")
        assert key.public_key == " ".join(path.with_suffix(".pub").read_text().split()[:2])
        assert key.path == str(path)
        for passphrase, reason in ((None, "it has a passphrase"), ("shut", "passphrase is wrong")):
            with pytest.raises(BackupKeyError, match=reason) as caught:
                SigningKey.read(path, passphrase)
            assert "shut" not in str(caught.value)

    def test_a_passphrase_that_is_not_needed(self, key):
        assert not SigningKey.is_protected(key)
        assert SigningKey.read(key, "more").fingerprint == SigningKey.read(key).fingerprint

    def test_nothing_shows_it(self, key):
        signing = SigningKey.read(key)
        assert repr(signing) == f"SigningKey('{signing.fingerprint}')"
        with pytest.raises(TypeError, match="cannot be pickled"):
            pickle.dumps(signing)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "ssh-rsa AAAA",
            "ssh-ed25519 AAAA",
            "ssh-ed25519 !",
            "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n",
            "-----BEGIN PRIVATE KEY-----\n",
        ],
        ids=lambda text: text[:20],
    )
    def test_what_is_no_key(self, tmp_path, text):
        (tmp_path / "id").write_text(text)
        with pytest.raises(BackupKeyError, match=r"ssh-keygen -t ed25519"):
            SigningKey.read(tmp_path / "id")
        assert not SigningKey.is_protected(tmp_path / "id")

    def test_another_kind_of_key(self, tmp_path):
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

        (tmp_path / "id").write_bytes(
            generate_private_key(SECP256R1()).private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.OpenSSH,
                serialization.NoEncryption(),
            )
        )
        with pytest.raises(BackupKeyError, match="it is no Ed25519 key"):
            SigningKey.read(tmp_path / "id")

    def test_no_file(self, tmp_path):
        with pytest.raises(BackupKeyError, match="no such file"):
            SigningKey.read(tmp_path / "id")

    def test_without_the_extra(self, key, monkeypatch):
        def missing(extra, purpose, *modules):
            raise MissingExtraError(extra, purpose)

        monkeypatch.setattr(keys, "require_extra", missing)
        with pytest.raises(MissingExtraError, match=r"signing a backup needs the extra \[backup\]"):
            SigningKey.read(key)


class TestSignatures:
    def test_one_form_only(self, key):
        data = SigningKey.read(key).sign(b"x")
        signature = Signature.from_bytes(data)
        assert signature.to_bytes() == data
        assert fingerprint(signature.public_key) == SigningKey.read(key).fingerprint
        assert max(map(len, data.splitlines())) == 70
        for other in (data + b"\n", data.replace(b"\n", b"\r\n"), data[:-1], data.upper(), b""):
            with pytest.raises(ValueError, match=r"signature|ssh-keygen|cut off"):
                Signature.from_bytes(other)

    @pytest.mark.parametrize(
        "change",
        [{"hash_name": "md5"}, {"namespace": "x"}, {"signature": b"x"}, {"public_key": b"x"}],
        ids=str,
    )
    def test_parts_that_are_read_as_they_are(self, key, change):
        from dataclasses import replace

        signature = replace(Signature.from_bytes(SigningKey.read(key).sign(b"x")), **change)
        if "hash_name" in change:
            with pytest.raises(ValueError, match="not written as ssh-keygen"):
                Signature.from_bytes(signature.to_bytes())
        else:
            assert Signature.from_bytes(signature.to_bytes()) == signature
            assert (signature.raw is None) == ("signature" in change)

    def test_a_signature_by_another_kind_of_key(self, trust, key):
        """The key is trusted, but is none that this package knows."""
        from dataclasses import replace

        blob = string(b"ssh-rsa") + b"x"
        trust.allowed_signers.write_text(f"{IDENTITY} ssh-rsa {base64.b64encode(blob).decode()}\n")
        found = replace(Signature.from_bytes(SigningKey.read(key).sign(b"x")), public_key=blob)
        with pytest.raises(Exception, match="not Ed25519"):
            trust.signer(found.to_bytes(), b"x", "source", NOW)


class Agent(threading.Thread):
    """An agent that gives the answers it is made with."""

    def __init__(self, path, answer):
        super().__init__(daemon=True)
        self.server = socket.socket(socket.AF_UNIX)
        self.server.bind(str(path))
        self.server.listen()
        self.answer = answer
        self.request = b""
        self.start()

    def run(self):
        connection, _ = self.server.accept()
        with connection, self.server:
            length = int.from_bytes(connection.recv(4), "big")
            while len(self.request) < length:
                self.request += connection.recv(length)
            for piece in self.answer(self.request):
                connection.sendall(piece)


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="no sockets of Unix")
class TestAgent:
    @pytest.fixture
    def agent(self, tmp_path, monkeypatch):
        def start(answer):
            monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "s"))
            return Agent(tmp_path / "s", answer)

        return start

    def test_it_signs(self, agent, key):
        whole = SigningKey.read(key)

        def answer(request):
            assert request[:1] == b"\x0d"
            public, rest = read_string(request[1:])
            message, flags = read_string(rest)
            assert (fingerprint(public), flags) == (whole.fingerprint, bytes(4))
            data = string(b"\x0e" + string(whole._sign(message)))
            return data[:7], data[7:]

        agent(answer)
        by_agent = SigningKey.read(key.with_suffix(".pub"))
        assert by_agent.public_key == whole.public_key
        assert by_agent.sign(b"data") == whole.sign(b"data")

    @pytest.mark.parametrize(
        ("answer", "reason"),
        [
            (string(b"\x05"), "does not have the key"),
            (b"\xff\xff\xff\xff", "too long"),
            (b"\0\0", "hung up"),
            (string(b"\x0e\0\0"), "cut off"),
        ],
        ids=["refused", "long", "hung up", "cut off"],
    )
    def test_it_does_not(self, agent, key, answer, reason):
        agent(lambda _: [answer])
        with pytest.raises(BackupKeyError, match=f"did not sign: .*{reason}.*ssh-add"):
            SigningKey.read(key.with_suffix(".pub")).sign(b"data")

    def test_there_is_none(self, key, monkeypatch):
        monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
        with pytest.raises(BackupKeyError, match="SSH_AUTH_SOCK is not set"):
            SigningKey.read(key.with_suffix(".pub")).sign(b"data")
