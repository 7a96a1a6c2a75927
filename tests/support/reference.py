"""The recorded behaviour of Elasticsearch, and where this package differs on purpose."""

from __future__ import annotations

import base64
import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from esfilerealm.hashing import resolve

if TYPE_CHECKING:
    from collections.abc import Callable

_CASES = [
    record
    for name in ("file-realm-cases.json", "realms-cases.json")
    for record in json.loads(
        (Path(__file__).parents[1] / "vectors" / name).read_text(encoding="utf-8")
    )
]


def _without_folders(name: str) -> dict[str, Any]:
    """Return what a case of the watcher expects, without the events of directories."""
    (expect,) = (r["expect"] for r in _CASES if (r["area"], r["name"]) == ("watcher", name))

    def files(events: list[list[str]]) -> list[list[str]]:
        return [event for event in events if not event[0].startswith("directory_")]

    return {
        "init_events": files(expect["init_events"]),
        "events_of_each_check": [files(events) for events in expect["events_of_each_check"]],
    }


#: Deliberate differences: the case, the row that explains it in the table of
#: `esfilerealm/compatibility.md`, and what is expected here in place of what Elasticsearch does.
DIFFERENCES: dict[str, tuple[str, dict[str, Any]]] = {
    "autoconfig/output redirected, no terminal": (
        "automatic configuration prints a password only on a terminal",
        {"configured": True},
    ),
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
    "cli/useradd-password-asked-before-existence-check": (
        "`useradd` asks for the password",
        {"exit_code": 70, "error": "user-exists", "prompts": 0},
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
    "cli/unknown-option": (
        "a usage error prints the whole help",
        {"exit_code": 64, "stderr_contains": ["ERROR: "], "stderr_not_contains": ["Options"]},
    ),
    "cli/usage-error-prints-help": (
        "a usage error prints the whole help",
        {"exit_code": 64, "stderr_contains": ["ERROR: "], "stderr_not_contains": ["Options"]},
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
        "a change of owner or group is a warning afterwards",
        {"exit_code": 0, "mode_after": {"users_roles": "0640"}},
    ),
    **{
        f"write/attribute-{name}": (
            "a change of owner or group is a warning afterwards",
            {"kept": True},
        )
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
    **{
        f"settings/unknown type, generation {generation}": (
            "a realm of an unknown type",
            {"chain": ["reserved", *implicit, name]},
        )
        for generation, implicit, name in (
            ("5/6", (), "foo"),
            ("8+", ("default_file", "default_native"), "x"),
        )
    },
    **{
        f"settings/{name}": ("domains, keystore, service tokens and role definitions", {"ok": True})
        for name in (
            "domain name with leading underscore",
            "realm in two domains",
            "domain lists an unknown realm",
            "domain suffix without literal user names",
            "realm known only from the keystore",
            "secure setting in the yml file",
        )
    },
    "settings/roles.yml: broken role does not harm the valid one": (
        "domains, keystore, service tokens and role definitions",
        {"names": ["valid_role", "broken"]},
    ),
    **{
        f"settings/{name}": (
            "domains, keystore, service tokens and role definitions",
            {"unread": unread},
        )
        for unread, names in {
            "field_security": ("roles.yml: field or document security while switched off",),
            "SERVICE_TOKEN ": (
                "service token command: list is sorted",
                "service token command: list without file",
                "service token command: delete of an unknown token",
                "service token command: unknown account",
                "service token command: argument counts",
                "service token command: name with leading hyphen",
            ),
        }.items()
        for name in names
    },
    **{
        f"watcher/{name}": (
            "polling by mtime and size",
            {"init_events": [["file_init", "test.txt"]], "events_of_each_check": events},
        )
        for name, events in {
            "timestamp bump without content change counts as a change": [[], []],
            "timestamp moved backwards counts as a change": [[]],
            "same size and same millisecond is not noticed": [[["file_changed", "test.txt"]]],
        }.items()
    },
    **{
        f"realm-chain/{name}": (
            "a realm that raises fails the request with that error",
            {"error_in_result": error},
        )
        for error, names in {
            "whatever exception": (
                "exception while extracting a token fails the request",
                "exception in the support question fails the request",
                "exception in authenticate fails the request and stops the chain",
                "exception during run-as lookup fails the request",
                "realm failure travels to the caller unchanged",
            ),
        }.items()
        for name in names
    },
    **{
        f"realm-chain/{name}": (
            "a request may carry an authentication",
            {"kind": "missing_credentials"},
        )
        for name in (
            "already authenticated context asks no realm",
            "garbage authentication header is reported as tampering",
        )
    },
    "realm-chain/security index state change empties the smart ordering memory": (
        "which realm knows a name is forgotten",
        {"memory_cleared_by": "expire_all"},
    ),
    "realm-chain/user cache: lookup first, authentication still asks the source": (
        "a user who was looked up",
        {"source_lookup_calls": 1, "source_authenticate_calls": 1, "same_object": True},
    ),
    "realm-chain/user cache: disabled users are not kept": (
        "the users of every realm of passwords are remembered",
        {"source_authenticate_calls": 3},
    ),
    "watcher/group: two touched files give one callback with two files": (
        "polling by mtime and size",
        {"callbacks": 0},
    ),
    **{
        f"watcher/{name}": (
            "the whole directory is watched, and events of every file in it",
            _without_folders(name),
        )
        for name in (
            "directory missing at init, created later with a file",
            "directory: init events directory first, then files in path order",
            "directory: change and creations are interleaved in path order",
            "directory: two deletions",
            "directory: deletion and creations in one pass",
            "directory removed: content first, then the directory",
            "nested: init descends before the next sibling",
            "nested: new file in a sub-directory gives only a file event",
            "nested: tree created between passes",
            "nested: tree removed, deepest first",
            "directory emptied stays a directory",
            "content check in a directory: only real edits are reported",
        )
    },
    "watcher/directory replaced by a file of the same name": (
        "the whole directory is watched, and events of every file in it",
        {
            "init_events": [
                ["file_init", "test-dir/first-level"],
                ["file_init", "test-dir/first-level/file1.txt"],
            ],
            "events_of_each_check": [
                [
                    ["file_changed", "test-dir/first-level"],
                    ["file_deleted", "test-dir/first-level/file1.txt"],
                ]
            ],
        },
    ),
    "watcher/file replaced by a directory of the same name": (
        "the whole directory is watched, and events of every file in it",
        {
            "init_events": [["file_init", "test-dir/first-level"]],
            "events_of_each_check": [[["file_changed", "test-dir/first-level"]]],
        },
    ),
    "watcher/clearing the state reports everything as created": (
        "the whole directory is watched, and events of every file in it",
        {"events": ["file_created"]},
    ),
    "watcher/throwing listener does not block the next one and is not retried": (
        "a listener that throws misses the change",
        {"second_listener_events": 1, "events_on_second_check": 1, "log": "WARN"},
    ),
    "pki/authorisation realms: license": (
        "a license may forbid authorization realms",
        {"status": "success", "roles": ["role_a"]},
    ),
    **{
        f"watcher/{name}": (
            "domains, keystore, service tokens and role definitions",
            {"watched": False},
        )
        for name in (
            "roles store: appended newline does not notify",
            "roles store: new role notifies with exactly that name",
            "roles store: unexpected failure keeps the old roles",
            "service token store: appended blank line does not notify",
            "service token store: malformed line after start removes all tokens",
        )
    },
}


class Case:
    """One case: what is given, and what is expected here."""

    def __init__(self, record: dict[str, Any]) -> None:
        self.name = record["name"]
        self.id = f"{record['area']}/{self.name}"
        self.given = _resolved(record["given"])
        self.is_different = self.id in DIFFERENCES
        self.expect = DIFFERENCES[self.id][1] if self.is_different else _resolved(record["expect"])


def cases(*areas: str, only: Callable[[Case], bool] = lambda case: True) -> list[Any]:
    """The cases of some areas, as parameters of a test."""
    found = [Case(record) for record in _CASES if record["area"] in areas]
    return [pytest.param(case, id=case.id) for case in found if only(case)]


def raw_cases(area: str) -> list[dict[str, Any]]:
    """The records of an area, as Elasticsearch behaves."""
    return [record for record in _CASES if record["area"] == area]


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
