"""Cases of the rules about who may read and write files."""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING

import pytest
from support.hashes import CHEAP_HASH
from support.storing import STRANGER

from . import Case, RuleCases

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["CASES", "UNKNOWN_LAYOUT", "keys", "modes", "with_key"]

BOB = f"bob:{CHEAP_HASH}\n"
UNKNOWN_LAYOUT = Case("a directory that cannot be listed", broken="layout")
#: A setting that names a private key, and that key.
with_key = {
    "elasticsearch.yml": "xpack.security.http.ssl.key: certs/node.pem\n",
    "certs/node.pem": "-----BEGIN PRIVATE KEY-----\n",
}


def modes(folder: int = 0o755, **others: int) -> Callable[[Path], None]:
    """Return what gives the directory and files in it modes; two underscores are a slash."""

    def change(directory: Path) -> None:
        for path in (*directory.rglob("*"), directory):
            if not path.is_symlink():
                path.chmod(0o750 if path.is_dir() else 0o660)
        for name, mode in others.items():
            (directory / name.replace("__", "/")).chmod(mode)
        directory.chmod(folder)

    return change


def keys(**named: int) -> Callable[[Path], None]:
    """Return what gives the files of ``with_key`` modes, and lets everybody reach them."""
    return modes(certs=0o755, **{"certs__node.pem": 0o660, **named})


def owners(name: str, user: int, group: int, mode: int) -> Callable[[Path], None]:
    """Return what gives a file away, which only root can."""

    def give(directory: Path) -> None:
        need_root()
        modes()(directory)
        os.chown(directory / name, user, group, follow_symlinks=False)
        if not (directory / name).is_symlink():
            (directory / name).chmod(mode)

    return give


def need_root() -> None:
    """Skip the test unless it may give files away."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        pytest.skip("only root can give files away")


def _for_node(name: str, mode: int) -> Callable[[Path], None]:
    """Make somebody the user of a node whose data is elsewhere, and a file one of root."""

    def lay_out(directory: Path) -> None:
        need_root()
        data = directory / "data"
        data.mkdir()
        (directory / "elasticsearch.yml").write_text(f"path.data: {data}\n")
        modes(folder=0o2750)(directory)
        for path in (directory, *directory.iterdir()):
            os.chown(path, 0, STRANGER)
        os.chown(data, STRANGER, STRANGER)
        os.chown(directory / name, 0, 0)
        (directory / name).chmod(mode)
        directory.chmod(0o2750)

    return lay_out


def with_list(name: str, user: int, rights: int) -> Callable[[Path], None]:
    """Return what gives a file an access control list that names a user."""
    mask = 4
    rows = ((1, 6, 2**32 - 1), (2, rights, user), (4, 4, 2**32 - 1), (0x10, mask, 2**32 - 1))
    rows = (*rows, (0x20, 0, 2**32 - 1))
    value = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *row) for row in rows)

    def give(directory: Path) -> None:
        modes()(directory)
        try:
            os.setxattr(directory / name, "system.posix_acl_access", value)
        except (AttributeError, OSError) as error:
            pytest.skip(f"no access control lists here: {error}")

    return give


def _link_of(user: int) -> Callable[[Path], None]:
    def make(directory: Path) -> None:
        (directory / "roles.yml").symlink_to("users")
        owners("roles.yml", user, 0, 0)(directory)

    return make


def _folder_of(user: int) -> Callable[[Path], None]:
    def give(directory: Path) -> None:
        need_root()
        modes(folder=0o750)(directory)
        os.chown(directory, user, STRANGER)

    return give


def _of_one_user(directory: Path) -> None:
    """Give all of it to one user."""
    need_root()
    modes()(directory)
    for path in (*directory.iterdir(), directory):
        os.chown(path, STRANGER, STRANGER)


def _under_everybody(mode: int) -> Callable[[Path], None]:
    """Make the directory a link to one below a directory of that mode."""

    def make(directory: Path) -> None:
        real = directory.with_name(f"{directory.name}-above") / "config"
        real.mkdir(parents=True)
        for path in directory.iterdir():
            path.rename(real / path.name)
        directory.rmdir()
        directory.symlink_to(real)
        real.chmod(0o750)
        real.parent.chmod(mode)

    return make


def _copy_to_nowhere(directory: Path) -> None:
    (directory / "users.bak").symlink_to("nowhere")
    modes()(directory)


def _list_for_node(directory: Path) -> None:
    """Let the user of the node read a file by a list."""
    with_list("users", STRANGER, 4)(directory)
    _folder_of(STRANGER)(directory)
    with_list("users", STRANGER, 4)(directory)


LEADS_NOWHERE = Case("a link that leads nowhere", prepare=_copy_to_nowhere)

CASES = {
    "EFR301": RuleCases(
        (
            Case(
                "the configuration directory",
                prepare=modes(0o777),
                finds={"path": "", "message": "[0777]: everybody may replace the files in it"},
            ),
            Case(
                "a directory in it",
                with_key,
                modes(certs=0o777),
                finds={"path": "certs", "severity": "error"},
            ),
        ),
        (
            Case("writable for its group", prepare=modes(0o775)),
            Case("a directory that nobody else reaches", with_key, modes(0o750, certs=0o777)),
            Case("a file", prepare=modes(users=0o666)),
            LEADS_NOWHERE,
        ),
        (UNKNOWN_LAYOUT,),
    ),
    "EFR302": RuleCases(
        (
            Case(
                "a file of the realm",
                prepare=modes(users=0o662),
                finds={"path": "users", "message": "everybody may write it"},
            ),
            Case("a key", with_key, keys(**{"certs__node.pem": 0o666})),
        ),
        (
            Case("writable for its group", prepare=modes(users=0o664)),
            Case("a file that nobody else reaches", prepare=modes(0o750, users=0o666)),
            Case("a directory", with_key, modes(certs=0o777)),
            LEADS_NOWHERE,
        ),
        (UNKNOWN_LAYOUT,),
    ),
    "EFR303": RuleCases(
        (Case("a directory above", prepare=_under_everybody(0o777), finds={"severity": "error"}),),
        (
            Case("a directory above with the sticky bit", prepare=_under_everybody(0o1777)),
            Case("the directory itself", prepare=modes(0o777)),
        ),
        (UNKNOWN_LAYOUT,),
    ),
    "EFR304": RuleCases(
        (
            Case("users", {"users": BOB}, modes(users=0o664), finds={"severity": "warning"}),
            Case("tokens", {"service_tokens": ""}, modes(service_tokens=0o644)),
            Case("an earlier version", {"users.1~": BOB}, modes(**{"users.1~": 0o664})),
            Case("a copy", {"users.bak": BOB}, modes(**{"users.bak": 0o604})),
        ),
        (
            Case("a directory that nobody else reaches", prepare=modes(0o750, users=0o664)),
            Case("writable for everybody", prepare=modes(users=0o662)),
            Case("roles", prepare=modes(users_roles=0o664)),
            Case("readable for its group", prepare=modes(users=0o660)),
            Case("a copy that leads nowhere", prepare=_copy_to_nowhere),
        ),
        (UNKNOWN_LAYOUT,),
    ),
    "EFR305": RuleCases(
        (
            Case(
                "the key of a setting",
                with_key,
                keys(**{"certs__node.pem": 0o664}),
                finds={"path": "certs/node.pem", "severity": "error"},
            ),
            Case(
                "a key by its name",
                {"certs/ca.key": ""},
                modes(certs=0o755, **{"certs__ca.key": 0o644}),
                finds={"path": "certs/ca.key"},
            ),
            Case(
                "a keytab",
                {
                    "elasticsearch.yml": (
                        "xpack.security.authc.realms.kerberos.k.keytab.path: es.tab\n"
                    ),
                    "es.tab": "",
                },
                modes(**{"es.tab": 0o644}),
            ),
        ),
        (
            Case("a directory that nobody else reaches", with_key, modes()),
            Case("a key for its group", with_key, keys()),
            Case("hashes", {"users": BOB}, modes(users=0o664)),
            Case(
                "a keystore",
                {"elasticsearch.keystore": b""},
                modes(**{"elasticsearch.keystore": 0o664}),
            ),
            Case(
                "a certificate",
                {
                    "elasticsearch.yml": "xpack.security.http.ssl.certificate: node.crt\n",
                    "node.crt": "",
                },
                modes(**{"node.crt": 0o644}),
            ),
        ),
        (UNKNOWN_LAYOUT,),
    ),
    "EFR306": RuleCases(
        (
            Case(
                "one more user",
                prepare=with_list("users", STRANGER, 4),
                finds={"path": "users", "subject": f"user {STRANGER}"},
            ),
        ),
        (
            Case("no list", prepare=modes()),
            Case("the node itself", prepare=_list_for_node),
            Case("a list without the right to read", prepare=with_list("users", STRANGER, 2)),
            Case("a list of a file without secrets", prepare=with_list("users_roles", STRANGER, 4)),
        ),
        (UNKNOWN_LAYOUT,),
    ),
    "EFR311": RuleCases(
        (
            Case(
                "a file that root has made its own",
                prepare=_for_node("users", 0o660),
                finds={"path": "users", "message": f"[{STRANGER}] cannot read it: it belongs"},
            ),
            Case(
                "a directory on the way",
                {"x-pack/roles.yml": ""},
                _for_node("x-pack", 0o750),
                finds={"path": "x-pack/roles.yml", "message": "x-pack] belongs to"},
            ),
        ),
        (
            Case("a file that everybody may read", prepare=_for_node("users", 0o644)),
            Case("a file that no node reads", {"notes": ""}, _for_node("notes", 0o600)),
        ),
        (UNKNOWN_LAYOUT,),
    ),
    "EFR312": RuleCases(
        (
            Case("a file", prepare=owners("users", STRANGER, STRANGER, 0o640)),
            Case(
                "a link",
                prepare=_link_of(STRANGER),
                finds={"severity": "warning", "message": "link"},
            ),
        ),
        (
            Case("a file of root", prepare=_folder_of(STRANGER)),
            Case("a file of our own", prepare=modes()),
            Case("a directory of another user with files of root", prepare=_folder_of(STRANGER)),
        ),
        (UNKNOWN_LAYOUT,),
    ),
    "EFR313": RuleCases(
        (
            Case(
                "all files",
                prepare=_folder_of(STRANGER),
                finds={"path": "", "severity": "info", "message": "[users], [users_roles]"},
            ),
            Case(
                "many files",
                {f"note-{number}": "" for number in range(9)},
                _folder_of(STRANGER),
                finds={"message": "[note-3], …"},
            ),
        ),
        (
            Case("a directory of root", prepare=owners("users", STRANGER, 0, 0o660)),
            Case("no file of root", prepare=_of_one_user),
        ),
        (UNKNOWN_LAYOUT,),
    ),
}
