"""What the real programs make of our backups, and we of theirs."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest
from support.backups import IDENTITY, USERS, make_key, make_trust

from esfilerealm.backup import SigningKey, create_backup, verify_backup

NAMESPACE = "esfilerealm-backup"


def needs(*programs):
    missing = [program for program in programs if shutil.which(program) is None]
    return pytest.mark.skipif(bool(missing), reason=f"{missing} not there")


def run(*command, folder, data=None):
    done = subprocess.run(
        command,
        cwd=folder,
        input=data,
        capture_output=True,
        check=True,
        timeout=30,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    )
    return done.stdout


@pytest.fixture
def unpacked(tmp_path):
    (tmp_path / "unpacked").mkdir()
    return tmp_path / "unpacked"


ODD = ["a b", "ünï", "back\\slash", "new\nline", "return\r", "*?[x]", "-x", "x" * 120]


@needs("tar", "zstd", "sha256sum", "ssh-keygen")
@pytest.mark.parametrize("compression", ["zstd", "gzip"])
def test_tar_unpacks_sha256sum_checks_ssh_keygen_verifies(
    folder, place, key, trust, unpacked, compression
):
    for name in ODD:
        (folder / name).write_bytes(name.encode())
    made = create_backup(folder, place, sign=key, plain=True, compression=compression)
    run("tar", "-xpf", made.path, folder=unpacked)
    checked = run("sha256sum", "--strict", "-c", "MANIFEST", folder=unpacked)
    assert checked.count(b": OK\n") == len(list(made.manifest.files)) + 1
    assert b"FAILED" not in checked
    for name in ODD:
        assert (unpacked / "config" / name).read_bytes() == name.encode()
    assert os.readlink(unpacked / "config" / "link") == "users"
    assert (unpacked / "config" / "certs" / "http.key").stat().st_mode & 0o777 == 0o640
    verify = ("ssh-keygen", "-Y", "verify", "-f", trust.allowed_signers, "-I", IDENTITY)
    run(
        *(*verify, "-n", NAMESPACE, "-s", "MANIFEST.sig"),
        folder=unpacked,
        data=(unpacked / "MANIFEST").read_bytes(),
    )


@needs("tar", "zstd", "ssh-keygen")
@pytest.mark.parametrize(
    ("option", "form"), [("--zstd", "pax"), ("--gzip", "gnu"), (None, "ustar")]
)
def test_signed_by_ssh_keygen_and_packed_by_tar(folder, place, tmp_path, unpacked, option, form):
    """An unsigned backup is signed later, on another machine, and packed again."""
    made = create_backup(folder, place, plain=True)
    run("tar", "-xpf", made.path, folder=unpacked)
    run("ssh-keygen", "-q", "-t", "ed25519", "-a", "1", "-N", "open", "-f", "id", folder=tmp_path)
    trust = make_trust(tmp_path, tmp_path / "id")
    assert SigningKey.is_protected(tmp_path / "id")
    signing = SigningKey.read(tmp_path / "id", "open")
    theirs = run("ssh-keygen", "-lf", "id.pub", folder=tmp_path).decode()
    assert signing.fingerprint == theirs.split()[1]
    run("ssh-keygen", "-p", "-q", "-P", "open", "-N", "", "-f", "id", folder=tmp_path)
    sign = ("ssh-keygen", "-q", "-Y", "sign", "-n", NAMESPACE, "-f", tmp_path / "id")
    run(*sign, "MANIFEST", folder=unpacked)
    checksums = (unpacked / "MANIFEST").read_bytes()
    assert (unpacked / "MANIFEST.sig").read_bytes() == signing.sign(checksums)
    packed = tmp_path / "again"
    parts = ("MANIFEST", "MANIFEST.sig", "manifest.json", "config")
    run(
        *("tar", f"--format={form}", *([option] if option else []), "-cf", packed, *parts),
        folder=unpacked,
    )
    proven = verify_backup(packed, trust=trust)
    assert proven.signer.identity == IDENTITY
    assert proven.read("config/users") == USERS


@needs("age", "age-keygen", "tar", "zstd")
def test_age_opens_ours_and_we_open_its(folder, place, tmp_path):
    run("age-keygen", "-o", "key", folder=tmp_path)
    recipient = run("age-keygen", "-y", "key", folder=tmp_path).decode().strip()
    ssh = make_key(tmp_path / "ssh")
    made = create_backup(folder, place, recipients=[recipient, ssh.with_suffix(".pub").read_text()])
    for identity in ("key", "ssh"):
        opened = run("age", "-d", "-i", identity, made.path, folder=tmp_path)
        assert b"config/users" in run("tar", "--zstd", "-tf", "-", folder=tmp_path, data=opened)
    for options in ((), ("-a",)):
        (tmp_path / "theirs").write_bytes(
            run(
                "age",
                *options,
                "-r",
                recipient,
                "-r",
                ssh.with_suffix(".pub").read_text(),
                folder=tmp_path,
                data=opened,
            )
        )
        for identity in ("key", "ssh"):
            proven = verify_backup(tmp_path / "theirs", identities=[str(tmp_path / identity)])
            assert proven.manifest == made.manifest


@needs("ssh-agent", "ssh-add")
def test_ssh_agent_signs(key, tmp_path, monkeypatch):
    path = str(tmp_path / "agent")
    with subprocess.Popen(
        ["ssh-agent", "-D", "-a", path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as agent:
        try:
            agent.stdout.readline()  # it has its socket by now
            monkeypatch.setenv("SSH_AUTH_SOCK", path)
            run("ssh-add", "-q", str(key), folder=tmp_path)
            by_agent = SigningKey.read(key.with_suffix(".pub"))
            assert by_agent.sign(b"x") == SigningKey.read(key).sign(b"x")
        finally:
            agent.kill()
