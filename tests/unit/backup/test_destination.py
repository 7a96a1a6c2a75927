"""Where a backup may be written, and what it must not replace."""

from __future__ import annotations

import os

import pytest

from esfilerealm.backup import create_backup
from esfilerealm.errors import BackupError

AGE = b"age-encryption.org/v1\n"


@pytest.mark.parametrize(
    "make",
    [os.mkfifo, lambda path: path.symlink_to("/dev/full")],
    ids=["pipe", "device"],
)
def test_no_pipe_and_no_device(folder, tmp_path, make):
    """A pipe would wait for a reader, and a terminal would show what is secret."""
    make(tmp_path / "dest")
    with pytest.raises(BackupError, match="a pipe, a device or a terminal: name a directory"):
        create_backup(folder, tmp_path / "dest", plain=True)


@pytest.mark.parametrize("content", [b"dear diary\n", b"\x7fELF", b"age"], ids=bytes.hex)
def test_what_is_no_backup_is_not_replaced(folder, tmp_path, content):
    path = tmp_path / "dest"
    path.write_bytes(content)
    with pytest.raises(BackupError, match="it is no backup: choose another name, or remove it"):
        create_backup(folder, path, plain=True)
    assert path.read_bytes() == content


@pytest.mark.parametrize("content", [b"", AGE, b"\x1f\x8b", b"\x28\xb5\x2f\xfd"], ids=bytes.hex)
def test_a_backup_is(folder, tmp_path, content):
    path = tmp_path / "dest"
    path.write_bytes(content)
    create_backup(folder, path, plain=True)
    assert path.stat().st_size > len(content)


def test_what_cannot_be_read_is_not_replaced(folder, tmp_path, monkeypatch):
    path = tmp_path / "dest"
    path.write_bytes(AGE)

    def refused(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refused)
    with pytest.raises(BackupError, match="it is no backup"):
        create_backup(folder, path, plain=True)
