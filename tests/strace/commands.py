"""The commands that are run under ``strace``, each with the realm that it changes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crash.scenarios import (
    realm,
    realm_with_managed_users,
    realm_with_versions,
    several_changes,
    unfinished,
)
from support.hashes import CHEAP_HASH, PASSWORD, SHA_HASH

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Prepare = Callable[[Path], object]

#: Beside the directory of the realm; ``{place}`` in the words of a command is where it lies.
DOCUMENT = "document.json"
PASSWORD_FILE = "password"


@dataclass(frozen=True)
class Command:
    """
    A command and its realm.

    Attributes:
        words: Its arguments; ``{place}`` is the directory that holds ``config``, the realm.
        prepare: Makes the realm.
        ends: The change that *prepare* leaves unfinished; None if there is none.
        overwrites: Whether a node may see a half-written file, since it asks for that.
    """

    words: tuple[str, ...]
    prepare: Prepare
    ends: Prepare | None = None
    overwrites: bool = False

    def line(self, place: Path) -> list[str]:
        """Return its arguments for the realm in *place*."""
        words = [word.replace("{place}", str(place)) for word in self.words]
        return ["-c", str(place / "config"), *words]


def write_documents(place: Path) -> None:
    """Write the files that the commands read, beside the realm."""
    users = [
        {"name": "new", "password_hash": CHEAP_HASH, "roles": ["viewer", "fresh"]},
        {"name": "bob", "password_hash": SHA_HASH, "roles": ["superuser"]},
    ]
    content = {"users": users, "purge": "managed"}
    (place / DOCUMENT).write_text(json.dumps(content), encoding="utf-8")
    (place / PASSWORD_FILE).write_text(f"{PASSWORD}\n", encoding="utf-8")
    (place / PASSWORD_FILE).chmod(0o600)


_USERADD = ("useradd", "new", "--hash", CHEAP_HASH, "-r", "viewer,superuser")

#: Those that are run unless others are named.
USUAL = ("useradd", "passwd", "userdel", "apply", "recover")

COMMANDS = {
    "useradd": Command(_USERADD, realm),
    "passwd": Command(("passwd", "bob", "--hash", SHA_HASH), realm),
    "userdel": Command(("userdel", "bob"), realm),
    "apply": Command(("apply", f"{{place}}/{DOCUMENT}"), realm_with_managed_users),
    "recover": Command(("recover",), unfinished(several_changes, 3), several_changes),
    "recover at the end": Command(("recover",), unfinished(several_changes, 4), several_changes),
    "useradd, hashed ahead": Command(
        ("useradd", "new", "--password-file", f"{{place}}/{PASSWORD_FILE}", "-r", "viewer"), realm
    ),
    "useradd --keep": Command((*_USERADD, "--keep", "2"), realm_with_versions),
    "useradd in place": Command((*_USERADD, "--strategy", "in_place"), realm, overwrites=True),
    "roles": Command(("roles", "bob", "-a", "fresh", "-r", "admin", "--json"), realm),
    "undo": Command(("undo",), realm_with_versions),
    "init": Command(("init",), lambda folder: folder.mkdir()),
    "check --fix": Command(("check", "--fix"), realm),
    "list": Command(("list",), realm),
    "export": Command(("export", "--format", "json", "--output", "{place}/config/out"), realm),
}
