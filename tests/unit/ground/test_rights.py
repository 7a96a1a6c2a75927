"""Whose a file is, for a message, wherever the system lets us look."""

from __future__ import annotations

import os

import pytest

from esfilerealm._ground.rights import whose

pytestmark = pytest.mark.skipif(os.name == "nt", reason="owners of POSIX")


def refusing(monkeypatch, is_refused):
    """Have the system refuse to look at some paths."""
    real = os.stat

    def stat(path, **more):
        if is_refused(path):
            raise PermissionError(13, "Permission denied", path)
        return real(path, **more)

    monkeypatch.setattr(os, "stat", stat)


def test_the_nearest_directory(tmp_path, monkeypatch):
    refusing(monkeypatch, lambda path: "hidden" in path)
    assert f"its directory [{tmp_path}]" in whose(str(tmp_path / "hidden" / "hidden" / "users"))


def test_nothing_can_be_looked_at(tmp_path, monkeypatch):
    """Not even the root, as with some security modules: it says nothing, and ends."""
    refusing(monkeypatch, lambda path: True)
    assert whose(str(tmp_path / "users")) == ""
