"""
The files of a realm on disk: read as one state, and replaced as one.

``RealmFolder`` is the way in, and ``SingleFile`` that to a file that changes alone, by the same
steps. A write is::

    with folder.locked(options) as recovery:    # lock, recover
        files = folder.read()                   # re-read
        ...                                     # check, edit
        folder.commit(unit, options)            # journal, replace

1. **Lock.** One writer at a time holds ``users.lock`` (``lock``).
2. **Recover.** A journal that is there belongs to a writer that was killed. Its change is
   rolled back, and its temporary files are removed (``recovery``).
3. **Re-read.** Both files are read again, now that nobody else writes them (``realm_files``).
4. **Check and edit.** The caller decides what each file is to hold. Nothing is written yet.
5. **Journal.** ``target`` finds out how each file can be written, or refuses. All new content is
   made durable under temporary names (``staging``), and all old content gets a second name. Then
   the journal names every step (``journal``).
6. **Replace.** Each file is replaced in its order (``commit``). Removing the journal commits the
   change. Any error before that rolls it back.

A reader needs no lock. ``RealmFolder.read`` looks for the journal before and after, and while there
is one it reads the state before the change from the second names.

Every system call goes through ``system``, so that a test can count it, let it fail, or kill the
process there.
"""

from __future__ import annotations

from .._ground.lazy import lazily
from .accounts import Accounts
from .folder import RealmFolder
from .options import WriteOptions
from .paths import OTHER_FILES, RealmPaths
from .read import FileContent, Stamp, read_file
from .realm_files import RealmFiles

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    from .account import Account, parse_accounts
    from .appended import AppendedFile, last_line_of
    from .attributes import Attributes
    from .create import make_config_dir
    from .extended import extended_of_the_same
    from .managed import ManagedUsers
    from .modes import ModeRecord, ModeStep
    from .mounts import is_network_mount
    from .names_below import is_kept_by_writes
    from .noting import ChangeLog, NotedChange, NotedFile, NotedLine
    from .options import Tolerance, WriteArguments
    from .outputs import is_transient
    from .private_file import write_private_file
    from .realm_files import SettledRead
    from .single_file import SingleFile
    from .staging import remove_leftovers
    from .target import Strategy, link_chain
    from .write import Unit

__all__ = [
    "OTHER_FILES",
    "Account",
    "Accounts",
    "AppendedFile",
    "Attributes",
    "ChangeLog",
    "FileContent",
    "ManagedUsers",
    "ModeRecord",
    "ModeStep",
    "NotedChange",
    "NotedFile",
    "NotedLine",
    "RealmFiles",
    "RealmFolder",
    "RealmPaths",
    "SettledRead",
    "SingleFile",
    "Stamp",
    "Strategy",
    "Tolerance",
    "Unit",
    "WriteArguments",
    "WriteOptions",
    "extended_of_the_same",
    "is_kept_by_writes",
    "is_network_mount",
    "is_transient",
    "last_line_of",
    "link_chain",
    "make_config_dir",
    "parse_accounts",
    "read_file",
    "remove_leftovers",
    "write_private_file",
]

#: Where the names are that a reader of both files does not need; loaded on first use (PEP 562).
_LAZY = {
    "Account": "account",
    "AppendedFile": "appended",
    "ChangeLog": "noting",
    "Attributes": "attributes",
    "ManagedUsers": "managed",
    "ModeRecord": "modes",
    "ModeStep": "modes",
    "NotedChange": "noting",
    "NotedFile": "noting",
    "NotedLine": "noting",
    "SingleFile": "single_file",
    "Unit": "write",
    "extended_of_the_same": "extended",
    "is_kept_by_writes": "names_below",
    "is_network_mount": "mounts",
    "is_transient": "outputs",
    "last_line_of": "appended",
    "link_chain": "target",
    "make_config_dir": "create",
    "parse_accounts": "account",
    "remove_leftovers": "staging",
    "write_private_file": "private_file",
}

__getattr__ = lazily(__name__, _LAZY)
