"""What the subcommands of ``backup`` print with ``--json``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .shapes import (
    COUNT,
    DIGEST,
    FLAG,
    MODE,
    NAMES,
    TEXT,
    TEXT_OR_NULL,
    list_of,
    object_of,
)

if TYPE_CHECKING:
    from .shapes import Schema

__all__ = ["backup_results"]

_BACKUP: Final[dict[str, Schema]] = {
    "path": TEXT,
    "node": TEXT,
    "cluster": TEXT,
    "made": TEXT,
    "counter": COUNT,
    "config_dir": TEXT,
    "file_count": COUNT,
    "confidential": NAMES,
    "is_signed": FLAG,
    "is_encrypted": FLAG,
}
_SIGNER: Final[Schema] = {
    **object_of({"identity": TEXT, "fingerprint": TEXT}),
    "type": ["object", "null"],
}
_ENTRY: Final = object_of(
    {
        "path": TEXT,
        "form": {"enum": ["file", "directory", "link"]},
        "kind": TEXT,
        "size": COUNT,
        "mode": MODE,
        "uid": COUNT,
        "gid": COUNT,
        "digest": DIGEST,
        "is_confidential": FLAG,
        "target": TEXT_OR_NULL,
        "xattrs": NAMES,
    }
)

_STORED: Final = object_of(
    {
        "path": TEXT,
        "node": TEXT,
        "made": TEXT,
        "counter": COUNT,
        "is_encrypted": FLAG,
        "size": COUNT,
    }
)

_DIFFERENCES: Final[dict[str, Schema]] = {
    "differs": FLAG,
    "differences": list_of(object_of({"name": TEXT, "letters": TEXT, "lines": NAMES})),
    "roles_added": NAMES,
    "roles_removed": NAMES,
    "roles_changed": NAMES,
}
_RESTORED: Final[dict[str, Schema]] = {
    "config_dir": TEXT,
    "scope": {"enum": ["realm", "security", "all"]},
    **dict.fromkeys(
        (
            *("written", "unchanged", "links", "left_alone", "outside"),
            *("returning", "removed", "expired", "noticed_soon", "noticed_at_start"),
        ),
        NAMES,
    ),
}


def backup_results(
    finding: Schema, write: dict[str, Schema]
) -> dict[str, tuple[dict[str, Schema], dict[str, Schema]]]:
    """
    Return the keys of each command, those that are always there and others.

    Args:
        finding: The shape of a finding.

        write: That of what a write has done.
    """
    findings: dict[str, Schema] = {"findings": list_of(finding)}
    verified = {**_BACKUP, **findings, "digest": DIGEST, "signer": _SIGNER, "is_older": FLAG}
    return {
        "backup create": ({**_BACKUP, **findings, "size": COUNT, "removed": NAMES}, {}),
        "backup verify": (verified, {}),
        "backup diff": (
            {
                "config_dir": TEXT,
                "user_changes": write["user_changes"],
                **findings,
                **_DIFFERENCES,
            },
            {},
        ),
        "backup restore": ({**write, **_RESTORED, **findings}, _DIFFERENCES),
        "backup list": ({"backups": list_of(_STORED)}, {}),
        "backup show": ({**verified, "entries": list_of(_ENTRY)}, {}),
    }
