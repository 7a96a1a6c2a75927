"""What ``--json`` prints: a JSON Schema for each command; one name has one type everywhere."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from .audit_shapes import AUDIT_ENTRY as _AUDIT_ENTRY
from .audit_shapes import AUDIT_VERIFICATION as _AUDIT_VERIFICATION
from .backup_schemas import backup_results
from .commands import every_command, find_command
from .exits import OK, UsageError
from .options import did_you_mean
from .output import VERSION
from .shapes import COUNT as _COUNT
from .shapes import COUNT_OR_NULL as _COUNT_OR_NULL
from .shapes import DIGEST as _DIGEST
from .shapes import FLAG as _FLAG
from .shapes import FLAG_OR_NULL as _FLAG_OR_NULL
from .shapes import MODE as _MODE
from .shapes import NAMES as _NAMES
from .shapes import NAMES_OR_NULL as _NAMES_OR_NULL
from .shapes import TEXT as _TEXT
from .shapes import TEXT_OR_NULL as _TEXT_OR_NULL
from .shapes import by_name as _by_name
from .shapes import list_of as _list_of
from .shapes import object_of as _object
from .snapshot_shapes import SNAPSHOT_RESULTS

if TYPE_CHECKING:
    from .arguments import Arguments
    from .shapes import Schema
    from .target import Target
    from .terminal import Terminal

__all__ = ["names_of_schemas", "run_schema", "schema_of", "schema_of_all"]

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

_FILE: Final = _object(
    {
        "path": _TEXT,
        "strategy": {"enum": ["rename", "in_place", None]},
        "before": _DIGEST,
        "after": _DIGEST,
        "owner": _COUNT_OR_NULL,
        "group": _COUNT_OR_NULL,
        "mode": _MODE,
        "lost": _NAMES,
        "changed": _FLAG,
    }
)
_OUTCOME: Final[dict[str, Schema]] = {
    "outcome": {"enum": ["none", "rolled_back", "completed", "quarantined"]},
    "path": _TEXT_OR_NULL,
    "reason": _TEXT_OR_NULL,
    "targets": _NAMES,
}
_ROLE_CHANGES: Final = _by_name(_object({"roles_before": _NAMES, "roles_after": _NAMES}))
_WHO_CHANGED: Final[dict[str, Schema]] = {
    "added": _by_name(_NAMES),
    "removed": _NAMES,
    "passwords": _NAMES,
    "role_changes": _ROLE_CHANGES,
}
_ACCOUNT_CHANGES: Final[dict[str, Schema]] = {
    "locked": _NAMES,
    "unlocked": _NAMES,
    "expiries": _by_name(_object({"before": _TEXT_OR_NULL, "after": _TEXT_OR_NULL})),
    "expired": _NAMES,
}
_WRITE: Final[dict[str, Schema]] = {
    "files": _list_of(_FILE),
    "user_changes": _object(_WHO_CHANGED, {"orphans": _NAMES, **_ACCOUNT_CHANGES}),
    "created": _NAMES,
    "recovery": _object(_OUTCOME),
    "managed": {**_FILE, "type": ["object", "null"]},
    "accounts": {**_FILE, "type": ["object", "null"]},
    "modes": _list_of(_object({"path": _TEXT, "before": _MODE, "after": _MODE})),
    "changed": _FLAG,
    "warnings": _NAMES,
}
_ATTRIBUTES: Final = _object({}, {"owner": _COUNT, "group": _COUNT, "mode": _MODE})
_CHANGE: Final = _object(
    {
        "kind": {
            "enum": [
                *("create_file", "add_user", "remove_user", "remove_orphan", "set_password"),
                *("rehash_password", "add_roles", "remove_roles", "set_attributes", "set_managed"),
                *("create_keystore", "set_secure_setting", "remove_secure_setting"),
                *("set_expiry", "lock_user", "unlock_user"),
            ]
        }
    },
    {
        "username": _TEXT,
        "roles": _NAMES,
        "reason": _TEXT_OR_NULL,
        "algorithm": _TEXT,
        "expires_before": _TEXT_OR_NULL,
        "expires_after": _TEXT_OR_NULL,
        "path": _TEXT,
        "attributes_before": _ATTRIBUTES,
        "attributes_after": _ATTRIBUTES,
        "add": _NAMES,
        "remove": _NAMES,
        "setting": _TEXT,
        "is_new": _FLAG,
    },
)
_PLAN: Final[dict[str, Schema]] = {
    "changed": _FLAG,
    "changes": _list_of(_CHANGE),
    "notes": _NAMES,
    "warnings": _NAMES,
    "unknown_roles": _NAMES,
    "objections": _NAMES,
    "result": {**_object(_WRITE), "type": ["object", "null"]},
    "check": _FLAG,
}
_LOSSES: Final = _list_of(
    _object(
        {"where": _TEXT, "what": _TEXT, "reason": _TEXT, "is_blocking": _FLAG, "is_note": _FLAG}
    )
)
_STATE: Final = _object(
    {"expires": _TEXT_OR_NULL, "is_locked": _FLAG, "is_emergency": _FLAG, "is_over": _FLAG}
)
_LISTING: Final[dict[str, Schema]] = {
    "states": _by_name(_STATE),
    "users": _list_of(_object({"username": _TEXT, "roles": _NAMES})),
    "unknown_roles": _NAMES,
    "orphans": _NAMES,
    "skipped_lines": _list_of(
        _object({"path": _TEXT, "line": _COUNT_OR_NULL, "kind": _TEXT, "reason": _TEXT})
    ),
}
_FINDING: Final = _object(
    {
        "code": _TEXT,
        "severity": {"enum": ["error", "warning", "info"]},
        "message": _TEXT,
        "path": _TEXT_OR_NULL,
        "line": _COUNT_OR_NULL,
        "subject": _TEXT_OR_NULL,
        "advice": _TEXT,
        "fix": {
            **_object({"kind": _TEXT}, {"name": _TEXT, "path": _TEXT, "mode": _MODE}),
            "type": ["object", "null"],
        },
    }
)
_RULE: Final = _object(
    {
        "code": _TEXT,
        "title": _TEXT,
        "severity": {"enum": ["error", "warning", "info"]},
        "explanation": _TEXT,
        "advice": _TEXT,
        "source": _TEXT,
    }
)
_EXIT: Final[Schema] = {"enum": ["OK", "NOOP", "CONFIG", "CANT_CREATE", "exception", "PROCEEDS"]}
_FINGERPRINT: Final = _object(
    {
        "kind": _TEXT,
        "version": _COUNT,
        "node": _TEXT_OR_NULL,
        "key_id": _TEXT_OR_NULL,
        "label": _TEXT,
        "digest": _DIGEST,
        "roles_digest": _DIGEST,
        "hashes_digest": _DIGEST,
        "user_count": _COUNT,
        "skipped": _NAMES,
        "is_document": _FLAG,
        "users": _list_of(
            _object(
                {
                    "username": _TEXT,
                    "roles": _NAMES_OR_NULL,
                    "roles_digest": _DIGEST,
                    "hash_digest": _DIGEST,
                    "is_locked": _FLAG_OR_NULL,
                    "expires": _TEXT_OR_NULL,
                    "is_emergency": _FLAG,
                }
            )
        ),
    }
)


def _group(**value: Schema) -> Schema:
    return _list_of(_object({**value, "nodes": _NAMES, "is_majority": _FLAG}))


_DRIFT: Final[dict[str, Schema]] = {
    "equal": _FLAG,
    "nodes": _NAMES,
    "user_count": _COUNT,
    "ignores_hashes": _FLAG,
    "differing": _list_of(
        _object(
            {
                "username": _TEXT,
                "roles": _NAMES_OR_NULL,
                "presence": _group(exists=_FLAG),
                "role_groups": _group(roles=_NAMES),
                "password_groups": _group(number=_COUNT),
                "lock_groups": _group(is_locked=_FLAG),
                "expiry_groups": _group(expires=_TEXT),
                "is_emergency": _FLAG,
            }
        )
    ),
    "unreadable": _list_of(_object({"node": _TEXT, "reason": _TEXT})),
    "skipped_by_node": _list_of(_object({"node": _TEXT, "skipped": _NAMES})),
    "unsaid": _list_of(_object({"node": _TEXT, "user_count": _COUNT})),
}
_EVENT: Final[Schema] = {"enum": ["start", "change", "recovery", "problem", "added", "removed"]}
_OBSTACLES: Final = _list_of(
    _object(
        {
            "message": _TEXT,
            "advice": _TEXT,
            "is_certain": _FLAG,
            "path": _TEXT_OR_NULL,
            "code": _TEXT_OR_NULL,
        }
    )
)
_ONE_WRITE: Final = {**_WRITE, "dry_run": _FLAG}
_USER: Final[dict[str, Schema]] = {"username": _TEXT}
_KEYSTORE: Final[dict[str, Schema]] = {
    "path": _TEXT,
    "format_version": _COUNT,
    "has_password": _FLAG,
}
_SOURCES: Final = _list_of(
    _object(
        {
            "role": _TEXT,
            "dn": _TEXT_OR_NULL,
            "path": _TEXT_OR_NULL,
            "line": _COUNT_OR_NULL,
            "mapping": _TEXT_OR_NULL,
            "realms": _NAMES,
        }
    )
)
_USERNAME: Final = _object(
    {
        "principal": _TEXT_OR_NULL,
        "pattern": _TEXT_OR_NULL,
        "oid": _TEXT_OR_NULL,
        "realms": _NAMES,
        "problem": _TEXT_OR_NULL,
    }
)
#: A keystore that is not there, and is not created, has neither format nor password.
_KEYSTORE_WRITE: Final[tuple[dict[str, Schema], dict[str, Schema]]] = (
    {"path": _TEXT, "changed": _FLAG, "files": _list_of(_FILE), "dry_run": _FLAG},
    {"format_version": _COUNT, "has_password": _FLAG, "names": _NAMES},
)

#: What each command prints when it succeeds: the keys that are always there, and others.
_RESULTS: Final[dict[str, tuple[dict[str, Schema], dict[str, Schema]]]] = {
    "useradd": ({**_USER, "roles": _NAMES, "unknown_roles": _NAMES, **_ONE_WRITE}, {}),
    "userdel": ({**_USER, **_ONE_WRITE}, {}),
    "passwd": ({**_USER, **_ONE_WRITE}, {}),
    "roles": (
        {**_USER, "unknown_roles": _NAMES},
        {"roles": _NAMES, **_ONE_WRITE, **_LISTING},
    ),
    "list": (_LISTING, {}),
    "verify": ({**_USER, "verified": _FLAG}, {"hash_problem": _TEXT, "is_locked": _FLAG}),
    "hash": ({"algorithm": _TEXT, "hash": _TEXT}, {}),
    "rescue": (
        {"roles": _NAMES, "unknown_roles": _NAMES, "dry_run": _FLAG, "obstacles": _OBSTACLES},
        {
            **_USER,
            "event": _EVENT,
            "expires": _TEXT_OR_NULL,
            "end": {"enum": ["time", "enter", "signal", "unheard"]},
        },
    ),
    "sweep": (_ONE_WRITE, {}),
    "lock": ({"names": _NAMES, **_ONE_WRITE}, {}),
    "unlock": ({"names": _NAMES, **_ONE_WRITE}, {}),
    "expire": ({**_USER, "expires": _TEXT_OR_NULL, **_ONE_WRITE}, {}),
    "init": (_ONE_WRITE, {}),
    "check": (
        {},
        {
            "findings": _list_of(_FINDING),
            "user_count": _COUNT_OR_NULL,
            "fixed": _COUNT,
            "rules": _list_of(_RULE),
            "baseline": _object({"path": _TEXT, "known_count": _COUNT}),
            **_ONE_WRITE,
        },
    ),
    "recover": (_OUTCOME, {}),
    "undo": (_ONE_WRITE, {}),
    "audit show": ({"entries": _list_of(_AUDIT_ENTRY)}, {}),
    "audit verify": (_AUDIT_VERIFICATION, {}),
    "plan": (_PLAN, {}),
    "apply": (_PLAN, {}),
    "ensure": (_PLAN, {}),
    "validate": (
        {
            "valid": _FLAG,
            "documents": _list_of(
                _object({"path": _TEXT, "user_count": _COUNT_OR_NULL, "problems": _NAMES})
            ),
            "notes": _NAMES,
        },
        {},
    ),
    "hash-document": ({"passwords": _NAMES, "warnings": _NAMES}, {}),
    "copy": (_PLAN, {"losses": _LOSSES}),
    "digest": ({"fingerprint": _FINGERPRINT}, {}),
    "compare": (_DRIFT, {"time": _TEXT, "event": _EVENT}),
    "export": ({"losses": _LOSSES}, {}),
    "import": (_PLAN, {"losses": _LOSSES, "replaced_passwords": _NAMES}),
    "settings": (
        {
            "settings": _list_of(_object({"key": _TEXT, "value": _TEXT, "source": _TEXT})),
            "secure_settings": _NAMES,
            "problems": _NAMES,
            "warnings": _NAMES,
            "notes": _NAMES,
        },
        {},
    ),
    "autoconfig": (
        {
            "stage": {"enum": ["environment", "log4j2", "keystore_load", "command"]},
            "configured": _FLAG,
            "rule": _TEXT_OR_NULL,
            "exit": _EXIT,
            "shown": _FLAG,
            "start": {"enum": ["continues", "fails"]},
            "hits": _list_of(
                _object(
                    {
                        "rule": _TEXT,
                        "stage": _TEXT,
                        "exit": _EXIT,
                        "shown": _FLAG,
                        "message": _TEXT,
                        "advice": _TEXT,
                        "key": _TEXT_OR_NULL,
                        "path": _TEXT_OR_NULL,
                        "line": _COUNT_OR_NULL,
                        "decides": _FLAG,
                    }
                )
            ),
        },
        {},
    ),
    "roles-of": (
        {
            "roles": _NAMES,
            "sources": _SOURCES,
        },
        {
            "issues": _list_of(
                _object({"path": _TEXT, "line": _COUNT, "kind": _TEXT, "reason": _TEXT})
            )
        },
    ),
    "whoami": (
        {
            "authenticated": _FLAG,
            "kind": _TEXT,
            "reason": _TEXT_OR_NULL,
            "http_status": _COUNT,
            "steps": _list_of(
                _object(
                    {
                        "realm": _TEXT,
                        "type": _TEXT,
                        "question": _TEXT,
                        "status": _TEXT,
                        "reason": _TEXT_OR_NULL,
                        "message": _TEXT_OR_NULL,
                        "seconds": {"type": "number"},
                    }
                )
            ),
            "not_asked": _list_of(_object({"realm": _TEXT, "type": _TEXT, "reason": _TEXT})),
            "realm": _TEXT_OR_NULL,
            "authenticating_user": _TEXT_OR_NULL,
            "lookup_realm": _TEXT_OR_NULL,
            "user": _TEXT_OR_NULL,
            "roles": _NAMES,
            "sources": _SOURCES,
            "metadata": {"type": "object"},
        },
        {},
    ),
    "certificate show": (
        {
            "path": _TEXT,
            "certificate_count": _COUNT,
            "subject": _TEXT,
            "rdns": _NAMES,
            "dn": _TEXT_OR_NULL,
            "usernames": _list_of(_USERNAME),
            "issuer": _TEXT,
            "serial": _TEXT,
            "not_before": _TEXT,
            "not_after": _TEXT,
            "days_left": {"type": "integer"},
            "public_key": _object({"kind": _TEXT, "bits": _COUNT_OR_NULL, "curve": _TEXT_OR_NULL}),
            "signature_algorithm": _TEXT,
            "key_usage": _NAMES_OR_NULL,
            "extended_key_usage": _NAMES_OR_NULL,
            "alternative_names": _NAMES,
            "is_authority": _FLAG,
            "fingerprints": _object({"sha256": _TEXT, "sha1": _TEXT}),
            "issuers": _list_of(_object({"subject": _TEXT, "not_after": _TEXT})),
            "verdicts": _list_of(
                _object(
                    {
                        "realm": _TEXT_OR_NULL,
                        "paths": _NAMES,
                        "trusted": _FLAG_OR_NULL,
                        "reason": _TEXT_OR_NULL,
                    }
                )
            ),
        },
        {},
    ),
    "keystore create": _KEYSTORE_WRITE,
    "keystore list": ({**_KEYSTORE, "names": _NAMES}, {}),
    "keystore show": (
        {**_KEYSTORE, "name": _TEXT},
        {"value": _TEXT, "value_base64": _TEXT},
    ),
    "keystore add": _KEYSTORE_WRITE,
    "keystore add-file": _KEYSTORE_WRITE,
    "keystore remove": _KEYSTORE_WRITE,
    "keystore upgrade": _KEYSTORE_WRITE,
    "keystore passwd": _KEYSTORE_WRITE,
    "keystore has-passwd": (
        {"path": _TEXT, "exists": _FLAG, "has_password": _FLAG},
        {"format_version": _COUNT},
    ),
    "watch": (
        {"time": _TEXT, "event": _EVENT},
        {
            "generation": _COUNT,
            "user_count": _COUNT,
            "message": _TEXT,
            **_WHO_CHANGED,
        },
    ),
    **SNAPSHOT_RESULTS,
}
_RESULTS.update(backup_results(_FINDING, _ONE_WRITE))
_ERROR: Final = _object({"type": _TEXT, "message": _TEXT, "exit_code": _COUNT})
#: What there is of each of several nodes, besides the result of the command.
_NODE: Final[dict[str, Schema]] = {"node": _TEXT, "is_skipped": _FLAG}
_MORE_OF_NODE: Final[dict[str, Schema]] = {"exit_code": _COUNT, "error": _ERROR}


#: Not a command: the documents of several commands.
_DOCUMENT: Final = "desired-state"


def names_of_schemas() -> tuple[str, ...]:
    """Return everything that ``schema`` can print."""
    return (*_RESULTS, _DOCUMENT)


def run_schema(arguments: Arguments, _: Target, terminal: Terminal) -> int:
    """Print the schema of what one command prints, or of all; or that of a document."""
    name = " ".join(arguments.positionals)
    if name == _DOCUMENT:
        from ..provisioning import desired_state_schema

        schema = desired_state_schema()
    else:
        schema = schema_of(name) if name else schema_of_all()
    terminal.print_document((json.dumps(schema, indent=2) + "\n").encode())
    return OK


def schema_of(name: str) -> Schema:
    """
    Return the JSON Schema of what ``--json`` prints for a command.

    Raises:
        UsageError: If there is no such command, or it prints no JSON.
    """
    if name not in _RESULTS:
        what = "prints no JSON" if find_command(name) else "has no schema"
        names = names_of_schemas()
        hint = did_you_mean(name, names) or f": use one of [{', '.join(names)}]"
        raise UsageError(f"[{name}] {what}{hint}")
    required, optional = _RESULTS[name]
    common: dict[str, Schema] = {"command": {"const": name}, "version": {"const": VERSION}}
    failure = _object({**common, "error": _ERROR}, {**required, **optional})
    shapes = [_object({**common, **required}, optional), failure]
    command = find_command(name)
    if command is not None and command.run_all:
        of_node = _object(_NODE, {**_MORE_OF_NODE, **required, **optional})
        shapes.append(_object({**common, "by_node": _list_of(of_node)}))
    return {"$schema": _DIALECT, "title": f"esfilerealm {name} --json", "anyOf": shapes}


def schema_of_all() -> Schema:
    """Return one schema for the output of every command."""
    names = [command.name for command in every_command() if command.name in _RESULTS]
    return {
        "$schema": _DIALECT,
        "title": "esfilerealm --json",
        "$defs": {name: schema_of(name) for name in names},
        "anyOf": [{"$ref": f"#/$defs/{name.replace(' ', '%20')}"} for name in names],
    }
