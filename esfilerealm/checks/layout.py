"""What lies in a configuration directory and what its settings name, and who can reach it."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Final

from .._ground.faults import without_origin
from .._ground.rights import is_member
from ..errors import FileRealmError
from ..findings import Fix
from .access import EXECUTE, READ, WRITE, grants_of, is_read_only, may, others_may
from .accounts import account_of_node
from .contexts import NamedFile, named_files
from .entries import Entry, entries_of
from .opening import follow
from .parts import Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .access import Account, Grant
    from .contexts import Use
    from .view import View

__all__ = ["Item", "Layout", "secret_of"]

#: How many levels of directories are looked at.
_DEEPEST: Final = 4

#: Files that a node reads, beside those that settings name.
_READ_BY_NODE: Final = frozenset(
    {
        *("elasticsearch.yml", "elasticsearch.keystore", "users", "users_roles", "roles.yml"),
        *("role_mapping.yml", "service_tokens", "operator_users.yml"),
        *("log4j2.properties", "jvm.options"),
    }
)
_KEPT: Final = (
    r"(?:\.[1-9]\d*~|~|[._-](?:bak|backup|copy|old|orig|sav|save|rpm\w+|dpkg-\w+|\d{4,}).*)"
)
_HASHES: Final = re.compile(rf"(?:users(?:\.accounts)?|service_tokens){_KEPT}?")
_COPY: Final = re.compile(rf"(?:users|service_tokens|elasticsearch\.keystore){_KEPT}")
_KEYSTORE: Final = re.compile(rf"elasticsearch\.keystore{_KEPT}?")
_KEY: Final = re.compile(r".*(?:\.key|[._-]key\.pem|\.keytab)")
_SECRET_USES: Final[dict[Use | None, str]] = {
    "key": "a private key",
    "store": "a private key",
    "keytab": "a keytab",
}


@dataclass(frozen=True, slots=True)
class Item:
    """
    One file or directory, as its name shows it and as it is behind links.

    Attributes:
        entry: What has the name; a link is not followed.
        end: What is behind the links; *entry* if it is no link, None if it leads nowhere.
        grants: What the access control list of *end* grants.
        trouble: Why *end* is unknown, or None.
        named: By which setting it is named, or None.
    """

    entry: Entry
    end: Entry | None
    grants: tuple[Grant, ...] = ()
    trouble: Unreadable | None = None
    named: NamedFile | None = None

    @property
    def path(self) -> str:
        """Its path, links not followed."""
        return self.entry.path

    @property
    def secret(self) -> str | None:
        """What it holds that nobody else should read, in two words; None if nothing."""
        return secret_of(self.entry.name, None if self.named is None else self.named.use)

    @property
    def real_path(self) -> str:
        """Its path behind links; where a link leads nowhere, what it holds."""
        if self.end is not None:
            return self.end.path
        return os.path.join(os.path.dirname(self.path), self.entry.target or "")

    @property
    def is_copy(self) -> bool:
        """Whether its name is that of a copy of a file with secrets."""
        return _COPY.fullmatch(self.entry.name) is not None

    @property
    def is_read_by_node(self) -> bool:
        """Whether a node reads it."""
        return self.named is not None or self.entry.name in _READ_BY_NODE

    @classmethod
    def of(cls, entry: Entry, named: NamedFile | None = None) -> Item:
        """Look behind the links of an entry."""
        if entry.kind != "link":
            return cls(entry, entry, _grants(entry), named=named)
        try:
            end = Entry.of(follow(entry.path))
        except Unreadable as error:
            return cls(entry, None, trouble=error, named=named)
        except FileRealmError as error:
            return cls(entry, None, trouble=_unreadable(error, entry.path), named=named)
        return cls(entry, end, _grants(end), named=named)


def secret_of(name: str, use: Use | None = None) -> str | None:
    """Return what a file of this name holds that nobody else should read; None if nothing."""
    if use in _SECRET_USES:
        return _SECRET_USES[use]
    if _HASHES.fullmatch(name):
        return "hashes"
    if _KEYSTORE.fullmatch(name):
        return "secure settings"
    return "a private key" if _KEY.fullmatch(name) else None


def _grants(entry: Entry | None) -> tuple[Grant, ...]:
    try:
        return () if entry is None else grants_of(entry)
    except FileRealmError:
        return ()  # a list that nobody may see grants nothing that is known


def _folders_above(path: str) -> list[str]:
    """Return the directories above a path, the nearest first."""
    above = []
    while (folder := os.path.dirname(path)) != path:
        above.append(folder)
        path = folder
    return above


def _unreadable(error: FileRealmError, path: str) -> Unreadable:
    return Unreadable(str(without_origin(error)), path)


class Layout:
    """
    What lies in a configuration directory, and what its settings name.

    Args:
        node: The node, whose directory is read at once.

    Attributes:
        folder: The directory itself.
        unknown: Why there may be more files than *items*.
        named: The files that settings name, whether or not they exist, by key.
        items: All files and directories in it, some levels deep, and those that settings name.
    """

    def __init__(self, node: View) -> None:
        self._node = node
        self._folders: dict[str, Entry | None] = {}
        self.folder = Item.of(node.entries[node.config_dir])
        self.unknown: list[Unreadable] = []
        self.named = list(self._named())
        self.items = list(self._items())

    @property
    def troubles(self) -> list[Unreadable]:
        """What could not be examined: what is not known of, and what links lead to."""
        return [*self.unknown, *(item.trouble for item in self.items if item.trouble is not None)]

    @property
    def troubles_with_modes(self) -> list[Unreadable]:
        """What could not be examined by rules about owners and modes."""
        if hasattr(os, "geteuid"):
            return self.troubles
        return [Unreadable("this system has no owners and modes as a node on Linux has them")]

    def with_folder(self) -> list[Item]:
        """Return the directory itself and everything else."""
        return [self.folder, *self.items]

    @cached_property
    def account(self) -> Account | None:
        """The user that the node runs as, or None if nobody can tell."""
        return account_of_node(self._node)

    @property
    def who(self) -> str:
        """The user that the node runs as, at the beginning of a sentence."""
        if self.account is None or self.account.user is None:
            return "a node, which never runs as root,"
        return f"the node's user [{self.account.user}]"

    @property
    def is_of_image(self) -> bool:
        """
        Whether owner and mode are those of a container's image: the group 0 may do everything.

        There nobody has an account beside the node, so that rights for everybody harm less.
        """
        end = self.folder.end
        if end is None or end.group != 0 or others_may(end, WRITE):
            return False
        return bool(end.mode & WRITE << 3)

    @cached_property
    def above(self) -> list[Entry]:
        """The directories above the configuration directory, links followed."""
        if not hasattr(os, "geteuid"):
            return []
        found = map(self._node.entry, _folders_above(self._real_folder.path))
        return [entry for entry in found if entry is not None]

    @property
    def _real_folder(self) -> Entry:
        return self.folder.end or self.folder.entry

    def is_inside(self, path: str) -> bool:
        """Check whether a path, or a real path, is below the configuration directory."""
        tops = (self.folder.path, self._real_folder.path)
        return any(path.startswith(top.rstrip(os.sep) + os.sep) for top in tops)

    def is_open_to_others(self, item: Item, right: int) -> bool:
        """Check whether everybody can reach a file and has a right on it."""
        end = item.end
        if end is None or not others_may(end, right):
            return False
        return all(others_may(folder, EXECUTE) for folder in self._way_to(end.path))

    def is_writable_by_others(self, item: Item) -> bool:
        """Check whether everybody can write a file or to a directory."""
        is_open = item is self.folder or self.is_open_to_others(item, WRITE)
        if item.end is None or not is_open or not others_may(item.end, WRITE):
            return False
        return not is_read_only(item.end.path)

    def is_of_node(self, grant: Grant) -> bool:
        """Check whether a user or group of an access control list is the node's."""
        if self.account is None:
            return False
        ids = self.account.groups if grant.kind == "group" else (0, self.account.user)
        return grant.number in ids

    def may_own(self, entry: Entry) -> bool:
        """Check whether the owner of a file is root or has a part in the node."""
        folder = self._real_folder
        if not hasattr(os, "geteuid"):
            return True
        known = {0, folder.owner, self.account.user if self.account else None}
        if entry.owner in known:
            return True
        is_for_group = bool(folder.mode & WRITE << 3)
        if is_for_group and entry.group == folder.group:
            return True  # made by one of its members
        return is_member(entry.owner, folder.group)

    def obstacle(self, item: Item) -> Entry | None:
        """Return what keeps the node from reading a file: itself, or a directory above it."""
        account = self.account
        if item.end is None or account is None:
            return None
        for folder in self._way_to(item.end.path):
            if not may(account, folder, grants_of(folder), EXECUTE):
                return folder
        return None if may(account, item.end, item.grants, READ) else item.end

    def fix_of_mode(self, item: Item, taken: int) -> Fix | None:
        """
        Return the fix that takes rights from everybody, if the node keeps all that it has.

        Of a node whose user is unknown, it is certain only that it need not write.
        """
        end, account = item.end, self.account
        if end is None or end is not item.entry:
            return None
        after = replace(end, mode=end.mode & ~taken)
        fix = Fix(kind="set_mode", path=end.path, mode=after.mode)
        if account is None or account.user is None:
            return fix if taken == WRITE else None
        rights = (READ, WRITE, EXECUTE)
        had = [right for right in rights if may(account, end, item.grants, right)]
        return fix if all(may(account, after, item.grants, right) for right in had) else None

    def _way_to(self, path: str) -> list[Entry]:
        """
        Return the directory of a file and those above it, up to the configuration directory.

        Those further up may be others for the node, such as in a container.
        """
        top = self._real_folder.path
        folders = _folders_above(path)
        inside = [folder for folder in folders if folder == top or self.is_inside(folder)]
        found = []
        for folder in inside or folders[:1]:
            if folder not in self._folders:
                self._folders[folder] = self._node.entry(folder)
            found.append(self._folders[folder])
        return [entry for entry in found if entry is not None]

    def _named(self) -> Iterator[NamedFile]:
        try:
            for file in named_files(self._node):
                if isinstance(file, Unreadable):
                    self.unknown.append(file)
                else:
                    yield file
        except Unreadable as trouble:  # there are no settings
            self.unknown.append(trouble)

    def _items(self) -> Iterator[Item]:
        named = {file.path: file for file in reversed(self.named)}
        entries = self._node.entries
        inside = (entry for path, entry in entries.items() if path != self._node.config_dir)
        for entry in self._all(inside, 1):
            yield Item.of(entry, named.pop(entry.path, None))
        for file in named.values():
            try:
                found = self._node.entry(file.path)
            except Unreadable as trouble:
                self.unknown.append(trouble)
            else:
                if found is not None:
                    yield Item.of(found, file)

    def _all(self, entries: Iterable[Entry], depth: int) -> Iterator[Entry]:
        for entry in entries:
            yield entry
            if entry.kind == "directory" and depth < _DEEPEST:
                try:
                    inside = entries_of(entry.path)
                except FileRealmError as error:
                    self.unknown.append(_unreadable(error, entry.path))
                else:
                    inside.pop(entry.path, None)
                    yield from self._all(inside.values(), depth + 1)
