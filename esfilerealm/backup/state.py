"""What the files of a directory hold before a restore, and what they are to hold after it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .._ground import moments
from .._storage import Attributes, RealmFiles, parse_accounts
from ..formats.users_editor import UsersEditor
from ..formats.users_roles_editor import UsersRolesEditor
from .order import WATCHED, parsed
from .owners import attributes_of
from .user_changes import user_changes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .._storage import Account, FileContent, RealmFolder
    from .manifest import Entry
    from .selection import Selection
    from .verified import VerifiedBackup

__all__ = ["RestoreState"]

_BOTH = ("users", "users_roles")


class RestoredFile(NamedTuple):
    """
    One file that is restored.

    Attributes:
        name: Its path below the configuration directory.
        kind: What it is for.
        file: As it is.
        data: Its content in the end.
        differs: Whether it lacks anything that it is to have.
    """

    name: str
    kind: str
    file: FileContent
    data: bytes
    differs: bool


def _differs(file: FileContent, data: bytes, wanted: Attributes) -> bool:
    if file.stat is None or file.data != data:
        return True
    has = Attributes.of_content(file)
    return wanted.tolerant().differ_from(file.stat) or has.extended != wanted.extended


class RestoreState:
    """
    What a restore finds, and what it makes of it.

    Args:
        folder: Where files are restored.

        selection: Which.

        verified: From what.

    Attributes:
        files: All files that are concerned, as they are.
        watched: Those of ``WATCHED``, by name.
        before: Their contents.
        after: Their contents in the end.
        attributes: What the files of the backup are to have, by their real paths.
        restored: The files of the backup.
        gone: The users of the backup that are not restored, because their time is over.
        users: How the users differ.
        managed: The change of the list of users that provisioning has made, or None.
        accounts: The change of the record of users that are locked or expire.

    Raises:
        FileFormatError: If a record is malformed.
        FilePermissionError, FileAccessError: If a file cannot be read.
    """

    def __init__(self, folder: RealmFolder, selection: Selection, verified: VerifiedBackup) -> None:
        self._verified = verified
        both, managed, accounts = folder.read_with_both(needs_managed=False, may_be_missing=True)
        others = folder.read_any(*dict.fromkeys((*WATCHED[2:], *selection.files))).others
        self.files = RealmFiles(*both.both, others)
        self.watched = {
            **dict(zip(_BOTH, both.both, strict=True)),
            **{name: others[name] for name in WATCHED[2:]},
        }
        self.before = {name: file.data for name, file in self.watched.items()}
        restored = {**selection.realm, **selection.files}
        contents = {name: verified.read(entry.path) for name, entry in restored.items()}
        kept = self._kept_accounts(selection)
        self.after = self._after(contents, frozenset(kept[1]))
        found = {name: self.watched.get(name) or others[name] for name in restored}
        self.attributes = {f.path: attributes_of(restored[n]) for n, f in found.items()}
        self.restored = []
        for name, file in found.items():
            data = self.after.get(name, contents[name])
            differs = _differs(file, data, self.attributes[file.path])
            self.restored.append(RestoredFile(name, restored[name].kind, file, data, differs))
        realms = [
            parsed(state["users"], state["users_roles"]) for state in (self.before, self.after)
        ]
        self.users = user_changes(*realms)
        self.gone = tuple(sorted(kept[1]))
        self.managed = None
        if "users.managed" in selection.records:
            self.managed = managed.file, self._read(selection.records["users.managed"])
        elif managed.file.exists and selection.realm:
            self.managed = managed.file, managed.edited((), managed.names)
        self.accounts = None
        if selection.realm:
            record = accounts.usable()
            changes = {**dict.fromkeys(record.by_name), **kept[0]}
            self.accounts = record.file, record.edited(changes)

    def _read(self, entry: Entry) -> bytes:
        return self._verified.read(entry.path)

    def _kept_accounts(self, selection: Selection) -> tuple[dict[str, Account], list[str]]:
        """Return the accounts that are restored, and the users whose time is over."""
        entry = selection.records.get("users.accounts")
        if entry is None:
            return {}, []
        moment = moments.now()
        found = parse_accounts(self._read(entry), entry.path)
        over = [n for n, each in found.items() if each.is_emergency or each.is_over(moment)]
        return {name: each for name, each in found.items() if name not in over}, over

    def _after(self, contents: Mapping[str, bytes], gone: frozenset[str]) -> dict[str, bytes]:
        after = {**self.before, **{n: contents[n] for n in WATCHED if n in contents}}
        if "users" in contents and "users_roles" not in contents:
            after["users_roles"] = b""  # its users had no roles
        if gone:
            users = UsersEditor(after["users"], allow_reserved=True)
            after["users"] = users.edited(dict.fromkeys(gone))
            roles = UsersRolesEditor(after["users_roles"])
            after["users_roles"] = roles.edited(dict.fromkeys(gone, ()))
        return after
