"""
Directories and files whose owners, groups and modes are those of the set-ups where nodes run.

Each is laid out by root, and a child with the rights of one user works in it.
"""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, NamedTuple

import pytest
from crash.processes import become, load_all, run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import TypeVar

    T = TypeVar("T")

#: A user of no system, as OpenShift gives each project, and another of the same kind.
PROJECT = 1000660000
OTHER_PROJECT = 1000670000

#: The user and group of a node in Elastic's image.
NODE = 1000


class Owned(NamedTuple):
    """User, group and mode of a file."""

    user: int
    group: int
    mode: int


class Layout(NamedTuple):
    """
    A set-up.

    Attributes:
        folder: The directory.
        files: ``users`` and ``users_roles``.
        writers: Users and groups that can write there.
        mode: Of the files after a write by the first writer.
    """

    folder: Owned
    files: Owned
    writers: tuple[tuple[int, int], ...]
    mode: int


_ANY = ((PROJECT, 0), (NODE, 0), (OTHER_PROJECT, 0), (0, 0))
_EVERYBODY = ((NODE, NODE), (4712, 4713), (4711, 4711), (0, 0))

LAYOUTS = {
    "image": Layout(Owned(NODE, 0, 0o775), Owned(0, 0, 0o664), ((NODE, 0), (0, 0)), 0o664),
    "image, files closed to others": Layout(
        Owned(NODE, 0, 0o775), Owned(0, 0, 0o660), ((NODE, 0), (0, 0)), 0o660
    ),
    "image, files for root to write": Layout(
        Owned(NODE, 0, 0o775), Owned(0, 0, 0o644), ((NODE, 0), (0, 0)), 0o644
    ),
    "image, another group": Layout(
        Owned(NODE, NODE, 0o755), Owned(0, 0, 0o664), ((NODE, NODE), (0, 0)), 0o644
    ),
    "OpenShift": Layout(Owned(0, 0, 0o775), Owned(0, 0, 0o664), _ANY, 0o664),
    "OpenShift, with the group of new files": Layout(
        Owned(0, 0, 0o2775), Owned(0, 0, 0o664), _ANY, 0o664
    ),
    "OpenShift, closed to others": Layout(Owned(0, 0, 0o770), Owned(0, 0, 0o660), _ANY, 0o660),
    "OpenShift, files for root to write": Layout(
        Owned(0, 0, 0o775), Owned(0, 0, 0o644), _ANY, 0o644
    ),
    "open to all": Layout(Owned(4711, 4711, 0o777), Owned(4711, 4711, 0o666), _EVERYBODY, 0o666),
    "open to all, of root": Layout(Owned(0, 0, 0o777), Owned(0, 0, 0o666), _EVERYBODY, 0o666),
    "open to all, files for one to write": Layout(
        Owned(4711, 4711, 0o777), Owned(4711, 4711, 0o644), _EVERYBODY, 0o644
    ),
    "of somebody else": Layout(
        Owned(NODE, NODE, 0o750), Owned(NODE, NODE, 0o640), ((0, 0), (NODE, NODE)), 0o640
    ),
}

#: Why a user with that id cannot be had here, if so; a user namespace may have fewer.
_REASONS: dict[tuple[int, int], str | None] = {}


def lay_out(folder: Path, layout: Layout) -> None:
    """Give a realm to those who have it in a set-up."""
    for path in folder.iterdir():
        _give(path, layout.files)
    _give(folder, layout.folder)


def _give(path: Path, owned: Owned) -> None:
    os.chown(path, owned.user, owned.group)
    path.chmod(owned.mode)


def copy(template: Path, folder: Path) -> None:
    """Make *folder* a copy of a realm, with owners, groups and modes."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(template, folder, symlinks=True)
    for source in (template, *template.iterdir()):
        status = source.stat()
        path = folder / source.relative_to(template)
        os.chown(path, status.st_uid, status.st_gid)
        path.chmod(status.st_mode & 0o7777)


def acting(user: int, group: int, act: Callable[[], T]) -> T:
    """Do something in a child with the rights of one user in one group alone."""
    load_all()

    def go() -> T:
        become(user, group)
        return act()

    return run(go)


def need(user: int, group: int) -> None:
    """Skip a test, and say why, if nobody can act as this user here."""
    if (user, group) not in _REASONS:
        try:
            acting(user, group, os.geteuid)
        except OSError as error:
            _REASONS[user, group] = error.strerror
        else:
            _REASONS[user, group] = None
    reason = _REASONS[user, group]
    if reason is not None:
        pytest.skip(f"cannot act as user [{user}] and group [{group}] here: {reason}")
