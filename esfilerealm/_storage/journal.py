"""
The journal of a change to several files, from before the first is touched until all are done.

While it exists, the change is not committed: a writer that finds it rolls the change back
(``recovery.py``). It names files and digests of their content, and holds none of the content.

The first line names the form and its version, the second is JSON, the third the SHA-256 of both::

    esfilerealm journal 1
    {"folder": "/etc/elasticsearch", "inode": 4711, "steps": [{"target": "users_roles", …}, …]}
    9f86d081884c7d65…

Version 2 is for a change to any files below the configuration directory, and to directories that it
makes. It is announced by a journal without inodes, before anything else is written there.
"""

from __future__ import annotations

import json
import os
import re
import stat
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Final

from .._ground.faults import FaultsOf
from .._ground.showing import shown
from ..errors import FileChangedError, JournalVersionError
from . import system
from .attributes import PERMISSIONS
from .read import digest_of, read_plain_file
from .staging import stage, temporary_base, temporary_pattern
from .target import is_owned_by, is_sealed, owners_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from .attributes import Attributes
    from .staging import OpenFolders

__all__ = ["Journal", "JournalStep", "UnusableJournalError"]

_VERSION: Final = 2

#: The version of a change to nothing but the files that the first version knew.
_FIRST_VERSION: Final = 1
_FIRST_LINE: Final = re.compile(rb"esfilerealm journal ([1-9][0-9]{0,8})")
_LARGEST: Final = 2**24
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")

#: The keys of a step; ``top`` is that of the journal.
_KEYS: Final = frozenset({"target", "before", "after", "old", "inode", "had"})


class UnusableJournalError(Exception):
    """A journal that nobody must act on; the only argument is the reason."""


@dataclass(frozen=True, slots=True)
class JournalStep:
    """
    The change of one file.

    Attributes:
        target: Its real path.
        before: Digest of the content before; None if there is no file.
        after: Digest of the content after; None if the file is removed.
        old: The path of the backup; None if there was no file.
        inode: Of the new file, or of the one that is overwritten; None if the file is removed.
        had: Mode, owner and group before, if the file is overwritten; None if it is replaced whole.
        top: As in ``Change``.
    """

    target: str
    before: str | None
    after: str | None
    old: str | None
    inode: int | None
    had: tuple[int, int, int] | None
    top: str | None = None

    @property
    def in_place(self) -> bool:
        """Whether the file is overwritten."""
        return self.had is not None


@dataclass(frozen=True, slots=True)
class Journal:
    """
    A journal.

    Attributes:
        path: Where it is.
        steps: The change of each file, in order; a file may be in it more than once.
        stranger: Its owner, if that user owns neither ``users`` nor its directory, or if others
            could have written it, so that it is believed only because they could replace the files
            themselves; None for any other writer.
        top: The real path of the configuration directory, if the change is to any files below it.
        folders: The directories that the change makes, each after the one that it is in.
    """

    path: str
    steps: tuple[JournalStep, ...]
    stranger: int | None = None
    top: str | None = None
    folders: tuple[str, ...] = ()

    def stage(self, temporary: str, attributes: Attributes) -> None:
        """
        Make its content durable under another name.

        Args:
            temporary: That name.

            attributes: Who may read it; nobody but its owner may write it (see ``is_sealed``).

        Raises:
            FilePermissionError, FileAccessError: If the system refuses.
        """
        stage(self.path, temporary, self._encoded(), attributes.sealed())

    def announce(self, temporary: str, folders: OpenFolders) -> None:
        """
        Give a journal its name, and make that durable, before anything else is written.

        For the arguments and errors see ``begin``.
        """
        with FaultsOf(self.path, "writing"):
            system.rename(temporary, self.path)
        folders.sync(os.path.dirname(self.path))

    def begin(self, temporary: str, folders: OpenFolders) -> None:
        """
        Give the journal its name, and make that durable with all names that were given before.

        Args:
            temporary: The name under which it was staged.

            folders: Those of the journal and of all targets.

        Raises:
            FilePermissionError, FileAccessError: If the system refuses.
        """
        with FaultsOf(self.path, "writing"):
            system.rename(temporary, self.path)
        for folder in {os.path.dirname(path) for path in (self.path, *self._targets())}:
            folders.sync(folder)

    def retire(self, spent: str, *, may_be_missing: bool = False) -> None:
        """
        Rename the journal, which commits the change or ends its rollback once that is durable.

        Args:
            spent: The name of a temporary file beside it. While that exists, the next writer makes
                the directory durable first (see ``remove_leftovers``).

            may_be_missing: Whether it may be gone already, as it may if only a rollback ends.

        Raises:
            FileChangedError: If it is gone, so that somebody else has ended the change.
            FilePermissionError, FileAccessError: If the system refuses.
        """
        with FaultsOf(self.path, "removing"):
            try:
                system.rename(self.path, spent)
            except FileNotFoundError:
                if not may_be_missing:
                    raise FileChangedError(self.path) from None

    def reinstate(self, spent: str) -> None:
        """
        Take back ``retire``.

        Raises:
            FilePermissionError, FileAccessError: If the system refuses.
        """
        with FaultsOf(self.path, "restoring"):
            system.rename(spent, self.path)

    @classmethod
    def read(
        cls,
        path: str,
        allowed: Sequence[str],
        trusted: Collection[int],
        others: Sequence[str] = (),
        could_replace: Callable[[os.stat_result], bool] = lambda _status: False,
        top: str | None = None,
    ) -> Journal | None:
        """
        Read the journal at *path*, if there is one.

        Args:
            path: Where it would be.

            allowed: Regular expressions of the real paths that it may name.

            trusted: The users whose journal is believed, if nobody else can write it.

            others: Real paths that it may name too, if its writer may replace them.

            could_replace: Whether the writer of a journal with that status, who is not trusted,
                could read and replace the files of the realm in its directory anyway. Such a
                journal is believed about these files alone.

            top: The real path of the configuration directory: a journal that is believed may name
                anything below it that its writer may replace.

        Raises:
            UnusableJournalError: If it is damaged, names other files, or was written by a user who
                is not trusted.
            JournalVersionError: If a later version of this package wrote it.
            FilePermissionError, FileAccessError: If it cannot be read.
        """
        with FaultsOf(path, "examining"):
            try:
                _check_plausible(system.lstat(path), trusted, could_replace)
            except FileNotFoundError:
                return None
        file = read_plain_file(path)
        if file.stat is None:
            return None
        _check_plausible(file.stat, trusted, could_replace)
        stranger = None if _is_proof(file.stat, trusted) else file.stat.st_uid
        with FaultsOf(path, "examining"):
            journal = replace(_decoded_file(path, file.data), stranger=stranger)
        if journal.top is not None:
            _check_top(journal, top)
        for folder in journal.folders:
            _check_below(folder, journal.top or "", file.stat)
        for step in journal.steps:
            is_elsewhere = os.path.dirname(step.target) != os.path.dirname(path)
            if step.target in others or (is_elsewhere and stranger is not None):
                _check_right(step.target, file.stat)
            if step.top is not None:
                _check_below(step.target, step.top, file.stat)
                _check_paths(step, [re.escape(step.target)])
            else:
                _check_paths(step, [*allowed, *map(re.escape, others)])
        return journal

    def _targets(self) -> list[str]:
        return [step.target for step in self.steps]

    def _encoded(self) -> bytes:
        folder = os.path.dirname(self.path)
        with FaultsOf(folder, "examining"):
            inode = system.stat(folder).st_ino
        content = {
            "folder": folder,
            "inode": inode,
            "steps": [self._encoded_step(step) for step in self.steps],
        }
        version = _FIRST_VERSION
        if self.top is not None:
            version = _VERSION
            below = [_name(path, folder) for path in self.folders]
            content |= {"top": _name(self.top, folder), "folders": below}
        lines = f"esfilerealm journal {version}\n{json.dumps(content)}\n".encode()
        return lines + digest_of(lines).encode() + b"\n"

    def _encoded_step(self, step: JournalStep) -> dict[str, object]:
        """Name files of the directory of the journal without it, so that it may be moved."""
        folder = os.path.dirname(self.path)
        old = step.old and _name(step.old, folder)
        encoded = asdict(replace(step, target=_name(step.target, folder), old=old))
        del encoded["top"]
        return encoded if self.top is None else {**encoded, "below": step.top is not None}


def _check_plausible(
    status: os.stat_result,
    trusted: Collection[int],
    could_replace: Callable[[os.stat_result], bool],
) -> None:
    """Check a journal from outside, above all who wrote it."""
    if not stat.S_ISREG(status.st_mode):
        raise UnusableJournalError("it is a link or not a regular file")
    if not _is_proof(status, trusted) and not could_replace(status):
        wrote = "" if is_sealed(status) else ", or anybody who can write it"
        raise UnusableJournalError(f"user [{status.st_uid}] wrote it{wrote}")
    if status.st_nlink > 1 or status.st_size > _LARGEST:
        raise UnusableJournalError("it has a second name or is too large for a journal")


def _is_proof(status: os.stat_result, trusted: Collection[int]) -> bool:
    """Check whether one of *trusted* has written a journal, and nobody else could have."""
    return is_owned_by(status, trusted) and is_sealed(status)


def _check_right(target: str, journal: os.stat_result) -> None:
    """Refuse a journal whose writer could not have replaced a file that is not of the realm."""
    if not _is_proof(journal, owners_of(target)):
        reason = f"user [{journal.st_uid}] wrote it, who must not replace [{shown(target)}]"
        raise UnusableJournalError(reason)


def _check_top(journal: Journal, top: str | None) -> None:
    """Refuse a journal of a change to files of any other directory, or of a stranger."""
    if journal.stranger is not None:
        raise UnusableJournalError(f"user [{journal.stranger}] wrote it, or others could have")
    if journal.top != top:
        raise UnusableJournalError(f"it is about the directory [{shown(journal.top)}]")


def _check_below(path: str, top: str, journal: os.stat_result) -> None:
    """Refuse a path that is not below *top*, or that the writer must not replace."""
    if os.path.abspath(path) != path or not path.startswith(os.path.join(top, "")):
        raise UnusableJournalError(f"it is about another file [{shown(path)}]")
    _check_right(path, journal)


def _decoded_file(path: str, data: bytes) -> Journal:
    lines = data.split(b"\n")
    match = _FIRST_LINE.fullmatch(lines[0])
    if match is None:
        raise UnusableJournalError("it is not a journal of esfilerealm")
    if int(match[1]) > _VERSION:
        raise JournalVersionError(path, int(match[1]), _VERSION)
    *content, digest, end = lines if len(lines) == 4 else (b"", b"", b"")  # noqa: PLR2004 - see above
    if end or digest_of(b"\n".join(content) + b"\n").encode() != digest:
        raise UnusableJournalError("it is incomplete or damaged")
    try:
        return _decoded(json.loads(content[1]), path, int(match[1]))
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise UnusableJournalError("it is malformed") from error


def _decoded(content: dict[str, object], path: str, version: int) -> Journal:
    folder = os.path.dirname(path)
    # The path differs if the directory is mounted elsewhere, the inode if it was restored. In a
    # copy both differ, unless each is a whole file system; then the copy is in the same state.
    if content["folder"] != folder and content["inode"] != system.stat(folder).st_ino:
        raise UnusableJournalError(f"it is about the directory [{shown(content['folder'])}]")
    steps = content["steps"]
    if not isinstance(steps, list) or not steps:
        raise ValueError
    if version == _FIRST_VERSION:
        return Journal(path, tuple(_step(step, folder, _KEYS) for step in steps))
    top = _path(content["top"], folder)
    known = [_step(step, folder, _KEYS | {"below"}, top) for step in steps]
    folders = content["folders"]
    if not isinstance(folders, list):
        raise TypeError
    made = tuple(_path(each, folder) for each in folders)
    return Journal(path, tuple(known), top=top, folders=made)


def _path(value: object, folder: str) -> str:
    if not isinstance(value, str):
        raise TypeError
    return os.path.join(folder, value) if value else folder


def _step(step: object, folder: str, keys: Collection[str], top: str | None = None) -> JournalStep:
    if not isinstance(step, dict) or step.keys() != keys:
        raise ValueError
    target, old, inode, had = (step[key] for key in ("target", "old", "inode", "had"))
    before, after = (_digest(step[key]) for key in ("before", "after"))
    if not isinstance(target, str) or not isinstance(old, str | None):
        raise TypeError
    if (old is None) != (before is None):
        raise ValueError
    return JournalStep(
        os.path.join(folder, target),
        before,
        after,
        old and os.path.join(folder, old),
        None if inode is None else _number(inode),
        None if had is None else _attributes(had),
        top if step.get("below") is True else None,
    )


def _attributes(value: object) -> tuple[int, int, int]:
    if not isinstance(value, list):
        raise TypeError
    mode, owner, group = map(_number, value)
    # The writer of a journal must not make root create a program that runs as its owner.
    return mode & PERMISSIONS, owner, group


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise TypeError
    return value


def _digest(value: object) -> str | None:
    if value is None or (isinstance(value, str) and _DIGEST.fullmatch(value)):
        return value
    raise ValueError


def _check_paths(step: JournalStep, allowed: Sequence[str]) -> None:
    """Refuse a step that would touch any other file."""
    if not any(re.fullmatch(pattern, step.target) for pattern in allowed):
        raise UnusableJournalError(f"it is about another file [{shown(step.target)}]")
    if step.old is not None and not re.fullmatch(
        temporary_pattern(re.escape(temporary_base(step.target))), step.old
    ):
        raise UnusableJournalError(f"it names a backup that is not ours [{shown(step.old)}]")


def _name(path: str, folder: str) -> str:
    """Return a path without the *folder* that it is in; empty for that directory itself."""
    inside = os.path.join(folder, "")
    return "" if path == folder else path.removeprefix(inside)
