"""What is not there, what others do meanwhile, and what a backup does not load."""

from __future__ import annotations

import builtins
import io
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.backups import NOW, USERS, make_folder, tar_of

import esfilerealm.backup
from esfilerealm.backup import Limits, VerifiedBackup, create_backup, reading, verify_backup
from esfilerealm.backup import create as create_module
from esfilerealm.errors import (
    BackupError,
    BackupLimitError,
    FileAccessError,
    MissingExtraError,
)


def test_a_backup_by_gzip_needs_nothing_that_is_not_there(tmp_path):
    """Nor is anything loaded that only signing, encrypting or zstd need."""
    make_folder(tmp_path / "config")
    code = (
        "import sys; from esfilerealm.backup import create_backup, verify_backup\n"
        f"made = create_backup({str(tmp_path / 'config')!r}, {str(tmp_path / 'b')!r}, plain=True,"
        " compression='gzip')\n"
        "assert verify_backup(made.path).manifest == made.manifest\n"
        "print(*sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert not {"cryptography", "pyrage", "backports.zstd", "elasticsearch"} & loaded


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="zstd is in Python")
def test_zstd_that_is_not_there(folder, place, monkeypatch):
    monkeypatch.setitem(sys.modules, "backports.zstd", None)
    with pytest.raises(MissingExtraError, match=r"zstd needs the extra \[backup\]"):
        create_backup(folder, place, plain=True)
    with pytest.raises(MissingExtraError, match=r"zstd needs the extra \[backup\]"):
        verify_backup(io.BytesIO(b"\x28\xb5\x2f\xfd" + bytes(20)))


def test_an_unknown_name():
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        esfilerealm.backup.nothing  # noqa: B018 - the access is what is tested


def test_a_directory_is_no_backup(place):
    with pytest.raises(FileAccessError, match="not a regular file"):
        verify_backup(place)


def test_more_files_than_the_manifest_may_name(folder, place, monkeypatch):
    monkeypatch.setattr(create_module, "LIMITS", Limits(manifest_size=10))
    with pytest.raises(BackupLimitError, match="too many files"):
        create_backup(folder, place, plain=True)


def test_files_of_the_realm_that_change_one_after_the_other(folder, place, monkeypatch):
    """What is kept beside ``users`` is read again, until it goes with it."""
    (folder / "users.managed").write_text("first")
    original, count = reading.read_file, iter(range(100))

    def read(path, **how):
        content = original(path, **how)
        if path.endswith("users.managed") and next(count) < 2:
            (folder / "users.managed").write_text("second")
            (folder / "users.managed").touch()
        return content

    monkeypatch.setattr(reading, "read_file", read)
    made = verify_backup(create_backup(folder, place, plain=True).path)
    assert made.read("config/users.managed") == b"second"


def test_a_file_beside_users_that_goes(folder, place, monkeypatch):
    (folder / "users.managed").write_text("first")
    original = reading.read_file

    def read(path, **how):
        content = original(path, **how)
        if path.endswith("users.managed"):
            (folder / "users.managed").unlink(missing_ok=True)
        return content

    monkeypatch.setattr(reading, "read_file", read)
    made = create_backup(folder, place, plain=True)
    assert "config/users.managed" not in made.manifest.by_path
    assert "BACKUP5" in {finding.code for finding in made.findings}


def test_owners_without_names(folder, place, monkeypatch):
    """Where the system knows no users, or not these."""
    real = builtins.__import__

    def missing(name, *rest):
        if name in ("pwd", "grp"):
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", missing)
    for find in (reading._name_of_user, reading._name_of_group):
        find.cache_clear()
        assert find(0) == ""
        find.cache_clear()


@given(st.binary(max_size=600))
def test_no_bytes_surprise(data):
    with pytest.raises(BackupError):
        verify_backup(io.BytesIO(data), now=NOW)


WHOLE = tar_of({"config/users": USERS})


@given(
    st.lists(
        st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 9), st.binary(max_size=9)),
        min_size=1,
        max_size=4,
    )
)
def test_no_change_surprises(changes):
    data = WHOLE
    for at, length, more in changes:
        data = data[:at] + more + data[at + length :]
    try:
        proven = verify_backup(io.BytesIO(data), now=NOW)
    except BackupError:
        return
    assert isinstance(proven, VerifiedBackup)
    assert proven.read("config/users") == USERS
