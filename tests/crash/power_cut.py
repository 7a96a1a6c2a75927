"""
What a power cut may leave: a small model of a disk, in the manner of ALICE.

(Pillai et al., *All File Systems Are Not Created Equal*, OSDI 2014.) ``Recorder`` notes, while
something writes for real, the calls that change the disk. ``Disk`` takes them up one by one and
gives the states that a power cut may leave at that moment, which ``materialise`` makes real.
Content belongs to a file and a name to its folder: two names of one file stay that. And each file
keeps its inode in all states; for that, it has one more name, in ``inodes/`` beside the folder,
which ``as_without_ours`` hides from the storage room.

The disk keeps these rules, and no others:

1. After an fsync of a file, its content, length, owner, group and mode are on the disk. Its name is
   not, nor is anything of another file.
2. After an fsync of a folder, all changes of names in it that were made before are on the disk. The
   content of the files is not, nor is the name of the folder in the one above.
3. Any other change has reached the disk or has not, whatever became of those before and after it.
   What came last may be there alone.
4. A change of names in one folder (a file or folder made there, a link, a rename, an unlink) is
   there whole or not at all, a rename with the name that goes and the name that comes. It brings
   along the file that it names, which needs no other name to have reached the disk. Where several
   changes of one name are there, the last of them counts. A rename across folders, which no part of
   this library makes, is refused by the recorder.
5. Content without an fsync is what it was at the last one, or after any call since; or it is torn
   in the middle of what is new, each half being old, new or, where there was nothing, zeros; and it
   is as long as before, as long as now, or ends where it is torn. A new file was empty before.
6. Owner, group and mode without an fsync are any that the file has had since the last one, together
   with any content. A new file has had those that it was made with.
7. What is in a folder whose own name is not on the disk is lost with it.

File systems of today keep more order than that. Not in the model are extended attributes, times,
content torn elsewhere, blocks that go bad without being written, and disks that lie about an fsync.
A lock file, ``*.lock``, is in no state: what holds the lock dies with the machine, and what stands
in the file decides nothing.

All that these rules allow is tried, as long as there are no more than ``LIMIT`` ways to choose;
otherwise a sample: nothing, everything, each change alone, all but one, all up to one (content
first, then names in their order), and a quarter of that number drawn with a fixed seed.

What a cut at any moment may leave, a cut just before the next fsync may leave too, since it may
have lost all that came in between. So only those moments are tried, and the last one.
"""

from __future__ import annotations

import os
import shutil
import stat
from dataclasses import dataclass, replace
from itertools import product, takewhile
from math import prod
from operator import eq
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, TypeVar

from crash.kit import Dead

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from crash.kit import Call

#: Up to how many ways to choose what has reached the disk are all tried.
LIMIT = 2**10

T = TypeVar("T")

#: Mode, owner and group.
Attributes = tuple[int, int, int]


@dataclass(frozen=True)
class Folder:
    """A folder; what is in it has names of its own."""

    attributes: Attributes


@dataclass(frozen=True)
class Link:
    """A symbolic link."""

    target: str


@dataclass(frozen=True)
class File:
    """
    A file, at one moment.

    Attributes:
        inode: Which one it is, whatever its names.
        data: All that it holds.
        attributes: Its mode, owner and group.
    """

    inode: int
    data: bytes
    attributes: Attributes


#: From a path, such as ``config/users``, to what is there.
State = dict[str, Folder | Link | File]

#: From a path to what it names: a file by its inode, and None for nothing.
Names = dict[str, Folder | Link | int | None]


@dataclass(frozen=True)
class Renamed:
    """A change of names in one folder; *names* are those that changed with it."""

    names: Names


@dataclass(frozen=True)
class Synced:
    """An fsync, of a file by its inode or of a folder by its path."""

    what: int | str


#: A ``File`` is a change too: that is what it is since.
Change = Renamed | File | Synced


class Recorder:
    """
    Lets all calls through, and notes those that change a folder or make changes durable.

    Attributes:
        start: What is there at the beginning; all of it counts as durable.
        changes: What was done, in that order.
    """

    def __init__(self, folder: Path) -> None:
        self.start = scan(folder)
        self.changes: list[Change] = []
        self._folder = folder
        self._place = os.path.realpath(folder.parent)
        self._names, self._files = _names_and_files(self.start)
        self._open: dict[int, int | str] = {}
        self._offsets: dict[int, int] = {}
        self._notes: dict[str, Callable[..., None]] = {
            "close": self._closed,
            "fchmod": self._given,
            "fchown": self._given,
            "fsync": self._synced,
            "ftruncate": self._truncated,
            "link": self._linked,
            "mkdir": self._made,
            "open": self._opened,
            "rename": self._renamed,
            "rmdir": self._unlinked,
            "symlink": self._pointed,
            "unlink": self._unlinked,
            "write": self._written,
        }

    def __call__(self, call: Call) -> object:
        result = as_without_ours(call)
        if call.name in self._notes:
            self._notes[call.name](result, *self._whole(call))
        return result

    def _whole(self, call: Call) -> Iterator[object]:
        """Yield the arguments of a call, with whole paths for names in an open directory."""
        folders = [value for name, value in call.more.items() if name.endswith("dir_fd")]
        for argument in call.args:
            if folders and isinstance(argument, str) and folders[0] is not None:
                yield os.path.join(os.readlink(f"/proc/self/fd/{folders[0]}"), argument)
            else:
                yield argument

    def has_seen_all(self) -> bool:
        """Check whether the directory is as recorded, so that no change went past the recorder."""
        return _state(self._names, self._files) == scan(self._folder)

    def _opened(self, descriptor: int, path: str, flags: int, *_: object) -> None:
        name = self._name(path)
        if name is None:
            return
        if self._names.get(name) is None and flags & os.O_CREAT:
            file = _scanned(Path(path), self._folder)
            self._changed(file)
            self._change_names({name: file.inode})
        node = self._names.get(name)
        self._open[descriptor] = node if isinstance(node, int) else name
        self._offsets[descriptor] = 0

    def _closed(self, _: object, descriptor: int) -> None:
        self._open.pop(descriptor, None)

    def _written(self, written: int, descriptor: int, data: bytes) -> None:
        if descriptor in self._open:
            file, start = self._file(descriptor), self._offsets[descriptor]
            end = self._offsets[descriptor] = start + written
            before, after = _cut(file.data, start), file.data[end:]
            self._changed(replace(file, data=before + bytes(data)[:written] + after))

    def _truncated(self, _: object, descriptor: int, length: int) -> None:
        if descriptor in self._open:
            file = self._file(descriptor)
            self._changed(replace(file, data=_cut(file.data, length)))

    def _given(self, _: object, descriptor: int, *__: object) -> None:
        if descriptor not in self._open:
            return
        attributes, opened = _attributes(os.fstat(descriptor)), self._open[descriptor]
        if isinstance(opened, str):
            self._change_names({opened: Folder(attributes)})
        else:
            self._changed(replace(self._file(descriptor), attributes=attributes))

    def _synced(self, _: object, descriptor: int) -> None:
        if descriptor in self._open:
            self.changes.append(Synced(self._open[descriptor]))

    def _linked(self, _: object, source: str, path: str) -> None:
        name = self._name(path)
        if name is not None:  # a lock gets its name by a link
            self._change_names({name: self._names[self._name(source)]})

    def _renamed(self, _: object, source: str, target: str) -> None:
        old, new = self._name(source), self._name(target)
        assert os.path.dirname(old) == os.path.dirname(new)
        if self._names[old] != self._names.get(new):  # for two names of one file it does nothing
            self._change_names({old: None, new: self._names[old]})

    def _pointed(self, _: object, *paths: str) -> None:
        self._change_names({self._name(paths[1]): Link(os.readlink(paths[1]))})

    def _unlinked(self, _: object, path: str) -> None:
        self._change_names({self._name(path): None})

    def _made(self, _: object, path: str, *__: object) -> None:
        name = self._name(path)
        if self._names.get(name) is None:
            self._change_names({name: Folder(_attributes(os.lstat(path)))})

    def _name(self, path: str) -> str | None:
        """Return the path as in a ``State``, or None for a lock or a file elsewhere."""
        above, name = os.path.split(path)
        path = os.path.join(os.path.realpath(above), name)
        if path == self._place:
            return ""
        path = os.path.relpath(path, self._place)
        is_ours = Path(path).parts[0] == self._folder.name and not _is_lock(path)
        return path if is_ours else None

    def _file(self, descriptor: int) -> File:
        return self._files[self._open[descriptor]]

    def _changed(self, file: File) -> None:
        self._files[file.inode] = file
        self.changes.append(file)

    def _change_names(self, names: Names) -> None:
        self._names.update(names)
        self.changes.append(Renamed(names))


class Disk:
    """
    What is on a disk for certain, and what is on its way there.

    Args:
        state: What is there at the beginning, for certain.
    """

    def __init__(self, state: State) -> None:
        self._names, files = _names_and_files(state)
        self._renamed: list[Renamed] = []
        # What each file has been since its last fsync, from the oldest to the latest.
        self._files = {inode: [file] for inode, file in files.items()}

    def do(self, change: Change) -> None:
        """Take up one change."""
        match change:
            case Renamed():
                self._renamed.append(change)
            case File():
                self._files.setdefault(change.inode, []).append(change)
            case Synced(int(inode)):
                self._files[inode] = self._files[inode][-1:]
            case Synced(folder):
                for renamed in self._renamed:
                    if _folder(renamed) == folder:
                        self._names.update(renamed.names)
                self._renamed = [r for r in self._renamed if _folder(r) != folder]

    def after_power_cut(self, limit: int = LIMIT) -> Iterator[State]:
        """Return the states in which a power cut may leave the disk now, some more than once."""
        visible = {*self._names.values(), *(n for r in self._renamed for n in r.names.values())}
        files = [_versions(f) for inode, f in self._files.items() if inode in visible]
        sizes = [len(versions) for versions in files] + [2] * len(self._renamed)
        for choice in ways_to_choose(sizes, limit):
            chosen = (versions[at] for versions, at in zip(files, choice, strict=False))
            names = dict(self._names)
            for renamed, is_there in zip(self._renamed, choice[len(files) :], strict=True):
                if is_there:
                    names.update(renamed.names)
            yield _state(names, {file.inode: file for file in chosen})


class DieAfter:
    """
    Makes all as if the process were killed after so many changes: nothing reaches the system.

    Args:
        changes: How many.

        recorder: Notes them.
    """

    def __init__(self, changes: int, recorder: Recorder) -> None:
        self.changes = changes
        self.recorder = recorder

    def __call__(self, call: Call) -> object:
        # The system closes what a dead process had open.
        if len(self.recorder.changes) >= self.changes and call.name != "close":
            raise Dead
        return self.recorder(call)


def cuts(recorder: Recorder, begin: int = 0, limit: int = LIMIT) -> Iterator[tuple[bool, State]]:
    """
    Yield what a power cut may leave during and after the recorded calls.

    Args:
        recorder: What has recorded it.

        begin: How many of its changes are over when there may be a power cut.

        limit: As ``LIMIT``.

    Yields:
        Whether all is over by then, and a state; none more than once for each of both.
    """
    disk = Disk(recorder.start)
    for change in recorder.changes[:begin]:
        disk.do(change)
    seen: set[frozenset[object]] = set()
    for change in recorder.changes[begin:]:
        if isinstance(change, Synced):
            for state in disk.after_power_cut(limit):
                if _is_new(state, seen):
                    yield False, state
        disk.do(change)
    seen.clear()
    for state in disk.after_power_cut(limit):
        if _is_new(state, seen):
            yield True, state


def ways_to_choose(sizes: Sequence[int], limit: int = LIMIT) -> Iterator[tuple[int, ...]]:
    """Choose, for each of *sizes*, a number below it: in all ways or, of too many, in some."""
    if prod(sizes) <= limit:
        return product(*map(range, sizes))
    return iter(dict.fromkeys(_some_ways(sizes, limit // 4)))


def _some_ways(sizes: Sequence[int], sample: int) -> Iterator[tuple[int, ...]]:
    nothing, everything = (0,) * len(sizes), tuple(size - 1 for size in sizes)
    for at, size in enumerate(sizes):
        yield everything[:at] + nothing[at:]
        for value in range(size):
            for others in (nothing, everything):
                yield (*others[:at], value, *others[at + 1 :])
    yield everything
    random = Random(0)
    for _ in range(sample):
        yield tuple(random.randrange(size) for size in sizes)


def _is_new(state: State, seen: set[frozenset[object]]) -> bool:
    key = frozenset(state.items())
    is_new = key not in seen
    seen.add(key)
    return is_new


def scan(folder: Path) -> State:
    """Return a directory and everything in it as a state, which is empty if there is none."""
    return {
        str(path.relative_to(folder.parent)): _scanned(path, folder)
        for path in (sorted([folder, *folder.rglob("*")]) if folder.exists() else ())
        if not _is_lock(path.name)
    }


def materialise(state: State, folder: Path) -> None:
    """Make the folder what it is in a state."""
    shutil.rmtree(folder, ignore_errors=True)
    for file in {node for node in state.values() if isinstance(node, File)}:
        _ours(file.inode, folder).write_bytes(file.data)
        _give(_ours(file.inode, folder), file.attributes)
    for name, node in sorted(state.items()):
        path = folder.parent / name
        if isinstance(node, File):
            path.hardlink_to(_ours(node.inode, folder))
        elif isinstance(node, Link):
            path.symlink_to(node.target)
        else:
            path.mkdir()
            _give(path, node.attributes)


def as_without_ours(call: Call) -> object:
    """Make a call, and hide our own names of files from its result."""
    result = call.make()
    if isinstance(result, os.stat_result) and stat.S_ISREG(result.st_mode) and result.st_nlink > 1:
        _, (values, more) = result.__reduce__()
        links = stat.ST_NLINK
        return os.stat_result((*values[:links], values[links] - 1, *values[links + 1 :]), more)
    return result


def _ours(inode: int, folder: Path) -> Path:
    """Name a file so that it stays, whatever becomes of its other names."""
    return folder.parent / "inodes" / str(inode)


def _scanned(path: Path, folder: Path) -> Folder | Link | File:
    status = path.lstat()
    if stat.S_ISLNK(status.st_mode):
        return Link(os.readlink(path))
    if stat.S_ISDIR(status.st_mode):
        return Folder(_attributes(status))
    ours = _ours(status.st_ino, folder)
    if not ours.exists():
        ours.parent.mkdir(exist_ok=True)
        ours.hardlink_to(path)
    return File(status.st_ino, path.read_bytes(), _attributes(status))


def _give(path: Path, attributes: Attributes) -> None:
    mode, owner, group = attributes
    os.chown(path, owner, group)
    path.chmod(mode)


def _attributes(status: os.stat_result) -> Attributes:
    return stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid


def _is_lock(path: str) -> bool:
    return path.endswith(".lock")


def _names_and_files(state: State) -> tuple[Names, dict[int, File]]:
    files = {node.inode: node for node in state.values() if isinstance(node, File)}
    names = {path: n.inode if isinstance(n, File) else n for path, n in state.items()}
    return names, files


def _state(names: Names, files: dict[int, File]) -> State:
    """Put names and files together; what is in no folder is nowhere."""
    state: State = {}
    for path, node in sorted(names.items()):
        above = os.path.dirname(path)
        if node is not None and (not above or above in state):
            state[path] = files[node] if isinstance(node, int) else node
    return state


def _folder(renamed: Renamed) -> str:
    (folder,) = {os.path.dirname(path) for path in renamed.names}
    return folder


def _cut(data: bytes, length: int) -> bytes:
    """Cut or fill up with zeros, as ``ftruncate`` does."""
    return data[:length].ljust(length, b"\0")


def _versions(history: Sequence[File]) -> list[File]:
    """Return what may be left of a file, from nothing new to everything new."""
    contents = [file.data for file in history]
    possible = _ordered(contents, _torn(contents[0], contents[-1]))
    attributes = _ordered([file.attributes for file in history])
    return [File(history[0].inode, data, given) for data, given in product(possible, attributes)]


def _ordered(history: Sequence[T], more: Iterable[T] = ()) -> list[T]:
    """Return each item once, the oldest first and the latest last."""
    first, last = history[0], history[-1]
    between = dict.fromkeys(x for x in (*history, *more) if x not in (first, last))
    return [*dict.fromkeys((first, *between, last))]


def _torn(old: bytes, new: bytes) -> Iterator[bytes]:
    """Return what may be left of *new* written over *old*, torn in the middle."""
    same = sum(1 for _ in takewhile(bool, map(eq, old, new)))
    middle, size = (same + len(new) + 1) // 2, max(len(old), len(new))
    for first, second in product((old, new), repeat=2):
        whole = _cut(first, size)[:middle] + _cut(second, size)[middle:]
        for length in (len(old), middle, len(new)):
            yield whole[:length]
