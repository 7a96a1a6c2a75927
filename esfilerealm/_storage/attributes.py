"""Owner, group, mode and extended attributes: keep, inherit or set them, or refuse first."""

from __future__ import annotations

import os
import stat
from collections import deque
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Final

from .._ground.faults import FaultsOf
from .._ground.rights import is_member
from .._ground.system_faults import require_missing
from ..errors import FilePermissionError, InvalidAttributeError
from . import system
from .applied import PRIVATE_MODE, Applied, Owned
from .extended import INHERITED, extended_of, extended_of_the_same
from .target import nearest_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from os import stat_result

    from .read import FileContent

__all__ = ["PERMISSIONS", "Attributes"]

_NEW_FILE_MODE: Final = 0o660
_NEW_FOLDER_MODE: Final = 0o750
_GROUP_BITS: Final = 0o2070
_OTHERS_BITS: Final = 0o007
_READ_BY_ALL: Final = 0o044
_WRITTEN_BY_OTHERS: Final = 0o022
_FOLDER_BITS: Final = 0o3777
_ALL_MODE_BITS: Final = 0o7777

_OWNERSHIP: Final = frozenset({"owner", "group"})

#: The bits of a mode that say who may read, write and execute, and nothing else.
PERMISSIONS: Final = 0o777
_NO_ID: Final = 2**32 - 1  # what the system takes for "leave it"
_LONGEST_ID: Final = 20


@dataclass(frozen=True, slots=True)
class Attributes:
    """
    What a file is to have.

    Attributes:
        mode: The permission bits, or None for those of a temporary file.
        owner: A user id, or None for that of the process.
        group: A group id, or None for what the system gives.
        extended: Access control list, SELinux label and the like, by their names; None for what
            the system gives.
        is_tolerant: Whether what cannot be set is reported instead of refused.
        asked: Those of owner and group that somebody asked for. The others are those of an existing
            file or directory, and may change if everybody who could read the file still can.
        reader: Who must be able to read the file then: the owner of the existing file, or of the
            directory of a new one.
        is_new: Whether there is no such file yet.
    """

    mode: int | None
    owner: int | None = None
    group: int | None = None
    extended: Mapping[str, bytes] | None = None
    is_tolerant: bool = False
    asked: frozenset[str] = field(default=_OWNERSHIP, compare=False)
    reader: int | None = field(default=None, compare=False)
    is_new: bool = field(default=False, compare=False)

    @classmethod
    def requested(
        cls, owner: str | int | None, group: str | int | None, mode: int | None
    ) -> Attributes:
        """
        Return the attributes that a caller asks for; None for those that are to stay.

        Args:
            owner: A name or number.

            group: Likewise.

            mode: Permission bits.

        Raises:
            InvalidAttributeError: If there is no such owner, group or mode.
        """
        return cls(
            None if mode is None else _checked_mode(mode),
            None if owner is None else _user_id(owner),
            None if group is None else _group_id(group),
        )

    @classmethod
    def of(cls, path: str, status: stat_result) -> Attributes:
        """
        Return those of an existing file with this *status*, except setuid and similar bits.

        Elasticsearch keeps the same nine bits of the mode. The others would make a program run as
        its owner, and we cannot vouch for the content that would run with those rights.

        Raises:
            FileChangedError: If another file has the name by now.
        """
        extended = {}
        if system.HAS_EXTENDED_ATTRIBUTES:
            with FaultsOf(path, "reading the attributes of"):
                extended = extended_of_the_same(path, status)
        return cls(
            status.st_mode & PERMISSIONS,
            status.st_uid,
            status.st_gid,
            extended,
            asked=frozenset(),
            reader=status.st_uid,
        )

    @classmethod
    def of_content(cls, file: FileContent) -> Attributes:
        """Return those of a file that was read, or of a new one if there was none."""
        if file.stat is None:
            return cls.inherited(os.path.dirname(file.path))
        return cls.of(file.path, file.stat)

    @classmethod
    def inherited(cls, folder: str) -> Attributes:
        """
        Return those of a new file: the group of its directory, so that a node can read it.

        What root creates belongs to the owner of the directory too.
        """
        with FaultsOf(folder, "reading"):
            status = nearest_folder(folder)[1]
        return cls(
            _NEW_FILE_MODE & ~_umask(),
            status.st_uid if system.HAS_OWNERS and os.geteuid() == 0 != status.st_uid else None,
            status.st_gid,
            asked=frozenset(),
            reader=status.st_uid,
            is_new=True,
        )

    @classmethod
    def inherited_folder(cls, folder: str) -> Attributes:
        """Return those of a new directory in *folder*."""
        return replace(cls.inherited(folder), mode=_NEW_FOLDER_MODE)

    @classmethod
    def restored(
        cls,
        mode: int,
        owner: int | None,
        group: int | None,
        extended: Mapping[str, bytes] | None = None,
        *,
        is_folder: bool = False,
    ) -> Attributes:
        """
        Return those that a backup notes of a file; setuid and similar bits are left out.

        A directory keeps the bit by which new files in it get its group. An owner or group that
        cannot be given is refused if somebody could not read the file then.
        """
        return cls(
            mode & (_FOLDER_BITS if is_folder else PERMISSIONS),
            owner,
            group,
            extended,
            asked=frozenset(),
            reader=owner,
        )

    def changed_by(self, other: Attributes) -> Attributes:
        """Return those of *other*, and these where it has None."""
        return replace(
            self,
            mode=self.mode if other.mode is None else other.mode,
            owner=self.owner if other.owner is None else other.owner,
            group=self.group if other.group is None else other.group,
            asked=self.asked | other.named,
        )

    @property
    def named(self) -> frozenset[str]:
        """Those of owner and group that are not None."""
        return frozenset(what for what in _OWNERSHIP if getattr(self, what) is not None)

    @property
    def numbers(self) -> tuple[int, int, int]:
        """Mode, owner and group of an existing file."""
        return self.mode or 0, self.owner or 0, self.group or 0

    def tolerant(self) -> Attributes:
        """Return the same, but report what cannot be set instead of refusing."""
        return replace(self, is_tolerant=True)

    def sealed(self) -> Attributes:
        """Return the same for a file that only its owner may write."""
        return replace(self, mode=None if self.mode is None else self.mode & ~_WRITTEN_BY_OTHERS)

    def without_owner(self) -> Attributes:
        """Return the same for a file that belongs to this process."""
        return replace(self, owner=None)

    def private(self, shared: int = 0) -> Attributes:
        """Return those of a file with the same owner that nobody else can read but for *shared*."""
        return Attributes(PRIVATE_MODE | shared, self.owner, self.group, None, self.is_tolerant)

    def differ_from(self, status: stat_result) -> bool:
        """Check whether a file with this *status* lacks any attribute that is requested here."""
        if not system.HAS_OWNERS:
            return False
        owner_differs = self.owner not in (None, status.st_uid)
        group_differs = self.group not in (None, status.st_gid)
        if self.is_tolerant and os.geteuid() != 0:
            # An attribute that this user cannot set would be tried again at every write.
            owner_differs = False
            group_differs = group_differs and self.group in (os.getegid(), *os.getgroups())
        mode_differs = self.mode not in (None, stat.S_IMODE(status.st_mode))
        return owner_differs or group_differs or mode_differs

    def apply_to(self, descriptor: int, target: str) -> Applied:
        """
        Set everything except the mode of an open file, before it holds anything.

        Raises:
            FilePermissionError: If the system refuses; the message names *target*.
        """
        applied = Applied(self.mode)
        if system.HAS_OWNERS:
            self._set_owner(descriptor, target, applied)
        if system.HAS_EXTENDED_ATTRIBUTES and self.extended is not None:
            self._set_extended(descriptor, target, applied)
        return applied

    def foresee(self, target: str, *, in_place: bool) -> Applied:
        """
        Return what ``apply_to`` would do, as far as the system shows it beforehand.

        Args:
            target: The file.

            in_place: Whether it would be overwritten, and not replaced by a new file of ours.

        Raises:
            FilePermissionError: As ``apply_to``.
        """
        applied = Applied(self.mode, is_foreseen=True)
        if not system.HAS_OWNERS:
            return applied
        folder = os.path.dirname(target)
        with FaultsOf(target, "examining"):
            if in_place:
                found = Owned.of(system.stat(target))
            else:
                found = Owned.new_in(nearest_folder(folder)[1])
        lost = self._own(found, target, applied, found.check_change)
        applied.owner = found.user if "owner" in lost or self.owner is None else self.owner
        applied.group = found.group if "group" in lost or self.group is None else self.group
        return applied

    def _set_owner(self, descriptor: int, target: str, applied: Applied) -> None:
        found = Owned.of(system.fstat(descriptor))
        self._own(found, target, applied, partial(system.fchown, descriptor))

    def _own(
        self, status: Owned, target: str, applied: Applied, change: Callable[[int, int], None]
    ) -> Collection[str]:
        """
        Change owner and group by a call that may fail, and return those of them that stay.

        Raises:
            FilePermissionError: If one of them may not stay.
        """
        owner = -1 if self.owner is None or self.owner == status.user else self.owner
        group = -1 if self.group is None or self.group == status.group else self.group
        failed: dict[str, OSError] = {}
        # The group first: a user who may not change the owner may still set a group of theirs.
        for what, number, ids in (("group", group, (-1, group)), ("owner", owner, (owner, -1))):
            if number == -1:
                continue
            try:
                change(*ids)
            except OSError as error:  # EINVAL is for ids that a user namespace does not know
                failed[what] = error
                if what in self.asked:
                    self._cannot(f"{what} [{number}]", target, applied, error)
        if "group" in failed and applied.mode is not None:
            applied.mode = self._mode_for_another_group(applied.mode)
        self._explain_found(failed, target, applied, status)
        return failed

    def _explain_found(
        self,
        failed: Mapping[str, OSError],
        target: str,
        applied: Applied,
        status: Owned,
    ) -> None:
        """Refuse or report the loss of an owner or group that nobody asked for."""
        found = {
            "group": (self.group, status.group),
            "owner": (self.owner, status.user),
        }
        lost = [what for what in failed if what not in self.asked]
        if not lost:
            return
        harm = self._harm_of(failed, target)
        if harm is not None:
            for what in lost:
                self._cannot(f"{what} [{found[what][0]}]", target, applied, failed[what], harm)
            return
        before = " and ".join(f"{what} [{found[what][0]}]" for what in lost)
        now = " and ".join(f"{what} [{found[what][1]}]" for what in lost)
        mode = "" if applied.mode == self.mode else f", with mode {applied.mode:04o}"
        if applied.is_foreseen:
            applied.lost.append(f"{before} cannot be kept: it will be {now}{mode}")
        else:
            applied.lost.append(f"{before} could not be kept: it is {now} now{mode}")

    def _mode_for_another_group(self, mode: int) -> int:
        """Return the mode without what it granted to the old group, and not to everybody."""
        if INHERITED in (self.extended or {}):
            return mode & ~_GROUP_BITS  # the mask of an access control list
        return mode & ~_GROUP_BITS | (mode & (mode & _OTHERS_BITS) << 3)

    def _harm_of(self, failed: Collection[str], target: str) -> str | None:
        """
        Return who could not read the file any more, or could from now on; None if nobody.

        Args:
            failed: Those of owner and group that cannot be set.

            target: The file.
        """
        mode = self.mode or 0
        has_list = INHERITED in (self.extended or {})
        is_read_by_all = not has_list and mode & _READ_BY_ALL == _READ_BY_ALL
        if "group" not in failed and self.is_new:
            return None
        if "group" in failed and not self.is_new:
            if not is_read_by_all and mode & stat.S_IRGRP:
                return f"members of the group [{self.group}] could not read it any more"
            if mode & _OTHERS_BITS & ~(mode >> 3):
                gained = f"members of the group [{self.group}] would gain access to it"
                return f"{gained}, which its mode {mode:04o} grants to others only"
        if self.reader in (0, os.geteuid()) or not mode & stat.S_IRUSR or is_read_by_all:
            return None
        is_kept_for_group = not has_list and "group" not in failed and bool(mode & stat.S_IRGRP)
        if is_kept_for_group and self._is_reader_in_group(target):
            return None
        owner = "the owner of its directory" if self.is_new else "its owner"
        return f"{owner} [{self.reader}] could not read it"

    def _is_reader_in_group(self, target: str) -> bool:
        """Check whether the former owner of a file is known to be in its group."""
        folder = nearest_folder(os.path.dirname(target))[1]
        is_for_group = folder.st_gid == self.group and not folder.st_mode & stat.S_IXOTH
        if is_for_group and self.reader != folder.st_uid:
            return True  # or this user could not reach the file
        return is_member(self.reader or 0, self.group or 0)

    def _set_extended(self, descriptor: int, target: str, applied: Applied) -> None:
        wanted = self.extended or {}
        found = extended_of(descriptor)
        for name, value in wanted.items():
            if found.get(name) != value:
                try:
                    system.setxattr(descriptor, name, value)
                except OSError as error:
                    self._cannot(f"extended attribute [{name}]", target, applied, error)
                    if name == INHERITED and applied.mode is not None:
                        # With an access control list, these bits limit everybody in it.
                        applied.mode &= ~_GROUP_BITS
        if INHERITED in found and INHERITED not in wanted:
            system.removexattr(descriptor, INHERITED)

    def _cannot(
        self, what: str, target: str, applied: Applied, error: OSError, harm: str | None = None
    ) -> None:
        if not self.is_tolerant:
            reason = (
                f"cannot set its {what}: run this as its owner or as root, or accept another with "
                'attributes="warn" (for a command, --attributes warn)'
            )
            if harm is not None:
                reason += f", although {harm}"
            raise FilePermissionError(target, reason) from error
        cannot = "cannot" if applied.is_foreseen else "could not"
        applied.lost.append(f"{what} {cannot} be set")


def _umask() -> int:
    # It can only be read by setting it. One call that runs in C sets it, notes what it was and sets
    # it back: neither an exception nor a fork of another thread comes in between.
    mask: dict[str, int] = {}
    deque(map(system.umask, map(mask.setdefault, ("was",), map(system.umask, (0o077,)))), 0)
    return mask["was"]


def _user_id(owner: str | int) -> int:
    if isinstance(owner, int) or _is_number(owner):
        return _checked_id("owner", int(owner))
    try:
        import pwd

        return pwd.getpwnam(owner).pw_uid
    except (ImportError, KeyError, ValueError) as error:
        if isinstance(error, ImportError):
            require_missing(error)
        raise InvalidAttributeError("owner", owner, "no such user on this system") from None


def _group_id(group: str | int) -> int:
    if isinstance(group, int) or _is_number(group):
        return _checked_id("group", int(group))
    try:
        import grp

        return grp.getgrnam(group).gr_gid
    except (ImportError, KeyError, ValueError) as error:
        if isinstance(error, ImportError):
            require_missing(error)
        raise InvalidAttributeError("group", group, "no such group on this system") from None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= _LONGEST_ID


def _checked_id(attribute: str, number: int) -> int:
    if not 0 <= number < _NO_ID:
        raise InvalidAttributeError(attribute, number, f"must be between 0 and {_NO_ID - 1}")
    return number


def _checked_mode(mode: int) -> int:
    if not 0 <= mode <= _ALL_MODE_BITS:
        raise InvalidAttributeError("mode", oct(mode), "must be between 0 and 7777, octal")
    return mode
