"""The recorded behaviour of Elasticsearch, and where this package differs on purpose."""

from __future__ import annotations

import base64
import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from esfilerealm.hashing import resolve

_CASES = json.loads((Path(__file__).parent / "vectors/file-realm-cases.json").read_text())

#: Deliberate differences: the case, the row of the README's table of differences that explains
#: it, and what is expected here in place of what Elasticsearch does.
DIFFERENCES: dict[str, tuple[str, dict[str, Any]]] = {
    **{
        case: ("an unreadable or undecodable file empties the realm", {"error": "undecodable"})
        for case in (
            "users-file/undecodable-lenient-empty-and-logged",
            "users-file/undecodable-at-store-start",
            "users-file/directory-in-place-of-file-lenient",
            "users-file/reload-to-undecodable-clears-and-notifies",
            "users-roles-file/undecodable-lenient-empty-and-logged",
            "users-roles-file/undecodable-at-store-start",
            "users-roles-file/reload-to-undecodable-clears",
        )
    },
    "users-roles-file/duplicate-user-in-line-keeps-duplicate-role": (
        "a role repeated for a user",
        {"roles": {"a": ["r"]}},
    ),
    "users-roles-file/duplicate-line-keeps-duplicate-role": (
        "a role repeated for a user",
        {"roles": {"a": ["r", "q"]}},
    ),
    "cli/useradd-duplicate-roles-written-twice": (
        "a role repeated for a user",
        {
            "exit_code": 0,
            "files_after": {
                "users_roles": {
                    "lines_any_order": [
                        "test_admin:{existing_user,existing_user2}",
                        "test_r1:{existing_user2}",
                        "test_r2:{username}",
                    ]
                }
            },
        },
    ),
    "cli/roles-listing-users-roles-file-missing": (
        "a missing `users_roles`",
        {"exit_code": 67, "error": "no-such-user"},
    ),
    "cli/list-users-roles-file-missing": (
        "a missing `users_roles`",
        {
            "exit_code": 0,
            "lines_any_order": [
                "existing_user  : -",
                "existing_user2 : -",
                "existing_user3 : -",
            ],
        },
    ),
    "cli/userdel-users-roles-missing-crashes-after-write": (
        "a missing `users_roles`",
        {"exit_code": 0, "users_absent": ["existing_user"]},
    ),
    "cli/roles-add-users-roles-missing-crashes": (
        "a missing `users_roles`",
        {
            "exit_code": 0,
            "files_after": {"users_roles": {"exact": "test_r1:existing_user\n"}},
        },
    ),
    "cli/roles-add-users-missing-crashes": (
        "a missing `users_roles`",
        {"exit_code": 78, "error": "users-file-missing"},
    ),
    "cli/list-shows-orphan-role-entries": (
        "`list` shows names that exist only in `users_roles`",
        {
            "exit_code": 0,
            "lines_any_order": [
                "existing_user  : -",
                "existing_user2 : -",
                "existing_user3 : -",
            ],
            "stderr_contains": ["[ghost]"],
        },
    ),
    "cli/silent-before-subcommand-has-no-effect": (
        "`-s` and `-v` before the subcommand",
        {"exit_code": 0, "stdout_empty": True, "stderr_empty": True},
    ),
    "write/rewrite-drops-comments-and-bad-lines": (
        "a rewrite drops comments",
        {"starts_with": "# keep me?\nbob:h\n\nbroken\nelastic:h\nal:"},
    ),
    **{
        f"write/{name}": ("names with `:` `,` or a leading `#`", {"exit_code": 65})
        for name in (
            "colon-in-username-does-not-round-trip",
            "hash-sign-username-does-not-round-trip",
            "comma-in-username-splits-in-users-roles",
            "colon-in-role-does-not-round-trip",
        )
    },
    "write/new-file-mode-0600": (
        "owner/group change is a warning afterwards",
        {"exit_code": 0, "mode_after": {"users_roles": "0640"}},
    ),
    **{
        f"write/attribute-{name}": ("owner/group change is a warning afterwards", {"kept": True})
        for name in (
            "check-permissions-changed",
            "check-owner-changed",
            "check-group-changed",
            "warning-shown-when-silent",
        )
    },
    "write/symlink-target-is-replaced": (
        "a symlink is replaced",
        {"exit_code": 0, "users_is_symlink_after": True, "target_after": ""},
    ),
}


class Case:
    """One case: what is given, and what is expected here."""

    def __init__(self, record: dict[str, Any]) -> None:
        self.name = record["name"]
        self.id = f"{record['area']}/{self.name}"
        self.given = _resolved(record["given"])
        self.is_different = self.id in DIFFERENCES
        self.expect = DIFFERENCES[self.id][1] if self.is_different else _resolved(record["expect"])


def cases(*areas: str) -> list[Any]:
    """Every case of some areas, as parameters of a test."""
    return [
        pytest.param(Case(record), id=f"{record['area']}/{record['name']}")
        for record in _CASES
        if record["area"] in areas
    ]


def case_ids() -> set[str]:
    return {f"{record['area']}/{record['name']}" for record in _CASES}


def write_files(folder: Path, files: dict[str, Any]) -> None:
    """Lay down the files of a case: text, bytes, a folder or a link."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        if isinstance(content, str):
            path.write_bytes(content.encode())
        elif "base64" in content:
            path.write_bytes(base64.b64decode(content["base64"]))
        elif "symlink_to" in content:
            path.symlink_to(content["symlink_to"])
        else:
            path.mkdir()


def _resolved(value: Any) -> Any:
    """Put a real hash in the place of every ``{{hash:X}}``."""
    if isinstance(value, dict):
        return {key: _resolved(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_resolved(item) for item in value]
    if isinstance(value, str):
        while "{{hash:" in value:
            before, _, rest = value.partition("{{hash:")
            password, _, behind = rest.partition("}}")
            value = before + cheap_hash(password) + behind
    return value


@cache
def cheap_hash(password: str) -> str:
    return resolve("bcrypt4").hash(password)
