"""Cases of the rules about which files there are."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from support.hashes import CHEAP_HASH, HASH_OF_TEST123

from . import Case, RuleCases
from .permissions import UNKNOWN_LAYOUT, with_key

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["CASES"]

BOB = f"bob:{CHEAP_HASH}\n"
METADATA = "xpack.security.authc.realms.saml.s.idp.metadata.path: idp.xml\n"
BROKEN_SETTINGS = Case("settings that are broken", {"elasticsearch.yml": "a: b: c\n"})


def _link(target: str, name: str = "roles.yml") -> Callable[[Path], None]:
    return lambda directory: (directory / name).symlink_to(target)


def _outside(name: str) -> Callable[[Path], None]:
    """Link to a file beside the directory."""

    def make(directory: Path) -> None:
        outside = directory.with_name(f"{directory.name}-outside")
        outside.mkdir()
        (outside / name).touch()
        (directory / name).symlink_to(outside / name)

    return make


def _link_in_open_directory(directory: Path) -> None:
    """Put a link where everybody could have put it."""
    (directory / "certs").mkdir()
    (directory / "certs" / "node.pem").symlink_to("/etc/passwd")
    (directory / "certs").chmod(0o777)


FOREIGN_LINK = Case("a link that everybody could have made", prepare=_link_in_open_directory)

CASES = {
    "EFR321": RuleCases(
        (
            Case(
                "a key",
                {"elasticsearch.yml": "\nxpack.security.http.ssl.key: node.key\n"},
                finds={"path": "elasticsearch.yml", "line": 2, "severity": "error"},
            ),
            Case("metadata", {"elasticsearch.yml": METADATA}, finds={"message": "idp.xml"}),
            Case(
                "one authority of several",
                {
                    "elasticsearch.yml": (
                        "xpack.security.http.ssl.certificate_authorities: [a.crt, b.crt]\n"
                    ),
                    "a.crt": "",
                },
                finds={"message": "b.crt"},
            ),
        ),
        (
            Case("a key that is there", with_key),
            Case(
                "metadata from the network",
                {"elasticsearch.yml": METADATA.replace("idp.xml", "https://idp/x")},
            ),
            Case(
                "a layer that is off",
                {
                    "elasticsearch.yml": (
                        "xpack.security.http.ssl: {enabled: false, key: node.key}\n"
                    )
                },
            ),
            Case(
                "a realm that is off",
                {
                    "elasticsearch.yml": METADATA
                    + "xpack.security.authc.realms.saml.s.enabled: false\n"
                },
            ),
        ),
        (
            UNKNOWN_LAYOUT,
            BROKEN_SETTINGS,
            Case(
                "a placeholder",
                {"elasticsearch.yml": "xpack.security.http.ssl.key: ${NO_SUCH_NAME}/node.key\n"},
            ),
        ),
    ),
    "EFR322": RuleCases(
        (
            Case(
                "a key",
                {"elasticsearch.yml": "xpack.security.http.ssl.key: /etc/passwd\n"},
                finds={"line": 1, "subject": "xpack.security.http.ssl.key"},
            ),
            Case(
                "a way up",
                {"elasticsearch.yml": "xpack.security.http.ssl.certificate: certs/../../x\n"},
            ),
        ),
        (
            Case("a key inside", with_key),
            Case(
                "a way up and down",
                {"elasticsearch.yml": "xpack.security.http.ssl.key: certs/../node.key\n"},
            ),
            Case("metadata", {"elasticsearch.yml": METADATA.replace("idp.xml", "/etc/idp.xml")}),
        ),
        (UNKNOWN_LAYOUT, BROKEN_SETTINGS),
    ),
    "EFR323": RuleCases(
        (
            Case(
                "a directory",
                {"service_tokens/x": ""},
                finds={"path": "service_tokens", "message": "directory"},
            ),
            Case(
                "a pipe",
                prepare=lambda directory: os.mkfifo(directory / "roles.yml"),
                finds={"path": "roles.yml", "message": "pipe"},
            ),
            Case(
                "a pipe of a setting",
                {"elasticsearch.yml": "xpack.security.http.ssl.key: node.key\n"},
                lambda directory: os.mkfifo(directory / "node.key"),
                finds={"path": "node.key"},
            ),
        ),
        (
            Case("a file", {"service_tokens": ""}),
            Case("a pipe that nobody reads", prepare=lambda place: os.mkfifo(place / "pipe")),
            Case("a link to a file", prepare=_link("users")),
        ),
        (UNKNOWN_LAYOUT, FOREIGN_LINK),
    ),
    "EFR331": RuleCases(
        (Case("a file", prepare=_outside("roles.yml"), finds={"path": "roles.yml"}),),
        (
            Case("a link within", prepare=_link("users")),
            Case("a link that leads nowhere within", prepare=_link("nowhere")),
        ),
        (UNKNOWN_LAYOUT, FOREIGN_LINK),
    ),
    "EFR332": RuleCases(
        (Case("roles", prepare=_link("nowhere"), finds={"path": "roles.yml"}),),
        (Case("a link within", prepare=_link("users")),),
        (UNKNOWN_LAYOUT, FOREIGN_LINK),
    ),
    "EFR341": RuleCases(
        (
            Case(
                "a user that was removed",
                {"users": "", "users.1~": BOB, "users_roles.1~": ""},
                finds={"path": "users.1~", "message": "[1]"},
            ),
            Case(
                "a password that was changed",
                {"users": f"bob:{HASH_OF_TEST123}\n", "users.2~": BOB},
                finds={"path": "users.2~"},
            ),
        ),
        (
            Case("the same hashes", {"users": BOB, "users.1~": BOB}),
            Case("no version", {"users": BOB, "users.bak": BOB.replace("bob", "al")}),
        ),
        (
            Case("a directory that cannot be listed", broken="kept_hashes"),
            Case("a version that is a directory", {"users.1~/x": ""}),
            Case("a version that is not UTF-8", {"users.1~": b"\xfc:x\n"}),
        ),
    ),
    "EFR342": RuleCases(
        (
            Case("users", {"users.bak": BOB}, finds={"path": "users.bak"}),
            Case("a keystore", {"elasticsearch.keystore.1700000000.orig": b""}),
        ),
        (
            Case("an earlier version", {"users": BOB, "users.1~": BOB}),
            Case("the list of managed users", {"users.managed": ""}),
            Case("the lock", {"users.lock": ""}),
        ),
        (UNKNOWN_LAYOUT,),
    ),
}
