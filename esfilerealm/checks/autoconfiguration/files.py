"""The checks of files and directories. Nothing is created to find out whether it could be."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING, Final

from .result import Hit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .first_start import FirstStart
    from .result import Exit

__all__ = ["hits_of_config_dir", "hits_of_data", "hits_of_links"]

_DOCUMENTED: Final = "configure TLS and security yourself"


def hits_of_data(start: FirstStart) -> Iterator[Hit]:
    """Yield ``AUT-01``: each data directory that is not empty, or that cannot be listed."""
    key = "path.data" if "path.data" in start.settings else None
    for directory in start.data_dirs:
        if not os.path.isdir(directory):
            continue
        try:
            with os.scandir(directory) as entries:
                is_empty = next(entries, None) is None
        except OSError as error:
            yield Hit(
                rule="AUT-01",
                stage="command",
                exit="exception",
                shown=True,
                message=f"the start fails: the data directory cannot be listed ({error.strerror})",
                advice="let the user of the node read it",
                key=key,
                path=directory,
            )
        else:
            if not is_empty:
                yield Hit(
                    rule="AUT-01",
                    stage="command",
                    exit="NOOP",
                    shown=False,
                    message="the data directory is not empty, so this is not the first start",
                    advice=f"use an empty one for a new node; for this node, {_DOCUMENTED}",
                    key=key,
                    path=directory,
                )


def hits_of_links(start: FirstStart) -> Iterator[Hit]:
    """
    Yield ``AUT-02``: no regular ``elasticsearch.yml``, and ``AUT-04``: a link as keystore.

    What cannot be read has ended the start before.
    """
    mode = _mode(start.settings_file)
    if not mode or stat.S_ISLNK(mode):
        what = "the file is a symbolic link" if mode else "the file is missing"
        advice = "put a regular file in its place"
        yield _shown_hit("AUT-02", "CONFIG", start.settings_file, what, advice)
    keystore = start.keystore_file
    if stat.S_ISLNK(_mode(keystore)) and os.path.isfile(keystore):
        advice = "put the keystore itself there"
        yield _shown_hit("AUT-04", "NOOP", keystore, "the keystore is a symbolic link", advice)


def hits_of_config_dir(start: FirstStart) -> Iterator[Hit]:
    """Yield ``AUT-11`` and ``AUT-12``: a directory that cannot be made, or gets another owner."""
    path = start.config_dir
    reason = _cannot_create_in(path)
    if reason:
        advice = "let the user of the node write there for its first start"
        message = f"no directory can be created: {reason}"
        yield _shown_hit("AUT-11", "CANT_CREATE", path, message, advice)
    try:
        owner = os.lstat(path).st_uid
    except OSError:
        return
    if hasattr(os, "geteuid") and owner != os.geteuid():
        message = (
            f"it belongs to the user [{owner}], and new files would belong to [{os.geteuid()}]"
        )
        advice = "give it to the user of the node, or run this as its owner"
        yield _shown_hit("AUT-12", "CONFIG", path, message, advice)


def _cannot_create_in(directory: str) -> str:
    """
    Return why this process cannot create a directory there; nothing if it probably can.

    The system is asked, so that root, capabilities, access control lists and file systems that are
    mounted read-only count.
    """
    if not os.path.isdir(directory):
        return "it is not a directory"
    by_effective = os.access in os.supports_effective_ids
    if not os.access(directory, os.W_OK | os.X_OK, effective_ids=by_effective):
        return "it is not writable"
    if hasattr(os, "statvfs"):
        space = os.statvfs(directory)
        if space.f_flag & os.ST_RDONLY:
            return os.strerror(errno.EROFS)
        if space.f_files and not space.f_ffree:
            return os.strerror(errno.ENOSPC)
    return ""


def _mode(path: str) -> int:
    """Return the mode of a file or link, or 0 if there is none that we can see."""
    try:
        return os.lstat(path).st_mode
    except OSError:
        return 0


def _shown_hit(rule: str, ends: Exit, path: str, message: str, advice: str) -> Hit:
    return Hit(
        rule=rule, stage="command", exit=ends, shown=True, message=message, advice=advice, path=path
    )
