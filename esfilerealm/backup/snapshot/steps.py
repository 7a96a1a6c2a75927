"""The documented steps as data, by release: save the security index, restore it, look at it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from ...errors import InvalidSnapshotValueError
from .contents import BACKUP_ROLE
from .step import NodeCommand, NodeLines, Request, Step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .order import SnapshotOrder
    from .versions import Release

__all__ = [
    "AFTER_A_RESTORE",
    "FEATURE",
    "LIST_FEATURES",
    "LOOK_AT_INDEX",
    "authenticate",
    "delete_indices",
    "has_features",
    "look_at_repository",
    "look_at_snapshot",
    "look_at_user",
    "make_backup_user",
    "needs_restricted_role",
    "open_emergency_access",
    "register_repository",
    "restore",
    "restricted_role",
    "save",
    "steps_to_create",
    "steps_to_restore",
    "steps_to_verify",
    "uses_features",
    "verify_repository",
]

FEATURE: Final = "security"
"""The name of the feature whose state the security indices are."""

_FIRST_WITH_FEATURES: Final = (7, 12)
_FIRST_WITH_FEATURES_ONLY: Final = 8
_FIRST_WITH_SECURITY_PATHS: Final = 7
#: From here on not even `superuser` may delete security indices, as far as is known.
_FIRST_WITH_RESTRICTIONS: Final = (7, 14)

#: The user and the role in plans; whoever carries them out may choose others.
_EMERGENCY_USER: Final = "restore_user"
_RESTRICTED_ROLE: Final = "restore_restricted"

_WAITING: Final = {"wait_for_completion": "true"}

LIST_FEATURES: Final = Step(
    "list-features",
    "List the features that can be saved",
    f"[{FEATURE}] must be among them.",
    Request("GET", "/_features"),
    "monitor",
)

LOOK_AT_INDEX: Final = Step(
    "look-at-index",
    "Find out in which release the index was created",
    "That release decides which clusters can restore the snapshot. Its first digit is the major.",
    Request(
        "GET", "/.security/_settings", query={"filter_path": "*.settings.index.version.created"}
    ),
    "view_index_metadata",
)


def has_features(release: Release) -> bool:
    """Check whether a release surely saves and restores by feature states."""
    return release.is_at_least(*_FIRST_WITH_FEATURES)


def uses_features(release: Release, order: SnapshotOrder) -> bool:
    """
    Check whether an order is carried out by feature states, not by the names of indices.

    Raises:
        InvalidSnapshotValueError: If the release cannot do what is ordered.
    """
    release.require_known()
    if order.by_index and release.major >= _FIRST_WITH_FEATURES_ONLY:
        rule = "from 8 on, system indices can only be restored as part of a feature state"
        raise InvalidSnapshotValueError("way", "by index", rule)
    return has_features(release) and not order.by_index


def needs_restricted_role(release: Release, order: SnapshotOrder) -> bool:
    """Check whether restoring needs a role of its own to delete what is there."""
    if uses_features(release, order) or release.major < _FIRST_WITH_SECURITY_PATHS:
        return False
    return release.minor is None or release.is_at_least(*_FIRST_WITH_RESTRICTIONS)


def steps_to_create(release: Release, order: SnapshotOrder) -> tuple[Step, ...]:
    """
    Return the steps that save the security index in a snapshot.

    Args:
        release: That of the cluster. If the minor of 7 is not known, all of 7 know these steps.

        order: What to save.

    Raises:
        InvalidSnapshotValueError: If the steps of the release are not known.
    """
    return (
        *([register_repository(order)] if order.location is not None else ()),
        *([make_backup_user(release, order.backup_user)] if order.backup_user is not None else ()),
        *([LIST_FEATURES] if uses_features(release, order) else ()),
        LOOK_AT_INDEX,
        save(release, order),
        look_at_repository(order),
        look_at_snapshot(order),
    )


def steps_to_restore(release: Release, order: SnapshotOrder) -> tuple[Step, ...]:
    """
    Return the steps that restore the security index, with emergency access around them.

    Args:
        release: That of the cluster. If the minor of 7 is not known, all of 7 know these steps.

        order: What to restore.

    Raises:
        InvalidSnapshotValueError: If the steps of the release are not known, or it cannot restore
            by the name of the index.
    """
    needs_role = needs_restricted_role(release, order)
    roles = ["superuser", *([_RESTRICTED_ROLE] if needs_role else ())]
    return (
        *([restricted_role(_RESTRICTED_ROLE)] if needs_role else ()),
        open_emergency_access(roles),
        look_at_repository(order),
        look_at_snapshot(order),
        *(() if uses_features(release, order) else [delete_indices()]),
        restore(release, order),
        *AFTER_A_RESTORE,
        *([_REMOVE_ROLE] if needs_role else ()),
    )


def steps_to_verify(release: Release, order: SnapshotOrder) -> tuple[Step, ...]:
    """
    Return the steps that look at a snapshot and change nothing.

    Raises:
        InvalidSnapshotValueError: If the steps of the release are not known.
    """
    release.require_known()
    return look_at_repository(order), verify_repository(order), look_at_snapshot(order)


def register_repository(order: SnapshotOrder) -> Step:
    """Return the step that registers the repository at its location."""
    return Step(
        "register-repository",
        f"Register the repository [{order.repository}]",
        "The location must be below a path.repo of every node. Keep a repository for this alone: "
        "whoever reads it has the password hashes.",
        Request(
            "PUT",
            _repository(order),
            {"type": "fs", "settings": {"location": order.location}},
        ),
        "manage",
    )


def make_backup_user(release: Release, name: str) -> Step:
    """Return the step that makes a user who can do nothing but make snapshots."""
    return Step(
        "make-backup-user",
        f"Make the user [{name}] for later snapshots",
        f"It has the role {BACKUP_ROLE} alone, which can make snapshots and not restore them.",
        Request("POST", _user(release, name), {"roles": [BACKUP_ROLE]}, secret="password"),  # noqa: S106 - the key
        "manage_security",
    )


def save(release: Release, order: SnapshotOrder) -> Step:
    """Return the step that makes the snapshot."""
    return Step(
        "make-snapshot",
        f"Make the snapshot [{order.snapshot}]",
        "It holds native users, roles, role mappings, application privileges and API keys, and no "
        "file of a node: back up the files of every node, too.",
        Request("PUT", _snapshot(order), _selection(release, order, ".security"), _WAITING),
        "create_snapshot",
    )


def look_at_repository(order: SnapshotOrder) -> Step:
    """Return the step that shows the repository."""
    return Step(
        "look-at-repository",
        f"Look at the repository [{order.repository}]",
        "It must be there, with the location that you expect.",
        Request("GET", _repository(order)),
        "cluster:admin/repository/get",
    )


def verify_repository(order: SnapshotOrder) -> Step:
    """Return the step that lets every node try the repository."""
    return Step(
        "verify-repository",
        f"Let every node try the repository [{order.repository}]",
        "A location that some node does not see makes snapshots that cannot be restored.",
        Request("POST", f"{_repository(order)}/_verify"),
        "manage",
    )


def look_at_snapshot(order: SnapshotOrder) -> Step:
    """Return the step that shows the snapshot."""
    return Step(
        "look-at-snapshot",
        f"Look at the snapshot [{order.snapshot}]",
        "Its state must be SUCCESS, and the security index or feature must be in it. Nothing here "
        "shows whether somebody has changed it: if you suspect that, do not restore it.",
        Request("GET", _snapshot(order)),
        "create_snapshot",
    )


def look_at_user(release: Release, name: str) -> Request:
    """Return the request that shows a native user."""
    return Request("GET", _user(release, name))


def authenticate(release: Release) -> Request:
    """Return the request that says who asks, and which realm knows them."""
    return Request("GET", f"{_security(release)}/_authenticate")


def delete_indices() -> Step:
    """Return the step that deletes the security indices by hand."""
    return Step(
        "delete-indices",
        "Delete the security indices",
        "An index that exists and is open cannot be restored. From now until the end of the "
        "restore only users of the file realm can log in. The setting "
        "action.destructive_requires_name must not forbid the wildcard.",
        Request("DELETE", "/.security-*"),
        "delete_index on restricted indices",
    )


def restore(release: Release, order: SnapshotOrder) -> Step:
    """Return the step that restores the snapshot."""
    way = (
        "Elasticsearch closes and replaces the security indices itself."
        if uses_features(release, order)
        else "The indices come back under their names."
    )
    scope = (
        "All persistent settings, templates, pipelines and policies are replaced, too."
        if order.global_state
        else "Settings and templates of the cluster stay as they are."
    )
    return Step(
        "restore-snapshot",
        f"Restore the snapshot [{order.snapshot}]",
        f"{way} {scope}",
        Request(
            "POST",
            f"{_snapshot(order)}/_restore",
            _selection(release, order, ".security-*", default=False),
            _WAITING,
        ),
        "manage",
    )


def restricted_role(name: str) -> Step:
    """Return the step that defines a role which may delete security indices."""
    return Step(
        "define-restricted-role",
        "Define a role for the time of the restore",
        "Since 7.14 not even superuser may delete security indices. The node reads the file within "
        "5 seconds.",
        NodeLines(
            "roles.yml",
            (
                f"{name}:",
                "  cluster: [all]",
                "  indices:",
                '    - names: [".security*"]',
                "      privileges: [all]",
                "      allow_restricted_indices: true",
            ),
        ),
    )


def open_emergency_access(roles: Sequence[str]) -> Step:
    """Return the step that adds a user of the file realm with some roles."""
    return Step(
        "open-emergency-access",
        "Add a user of the file realm on the node that gets the requests",
        "While the index is restored, no native user, no built-in user and no API key can log in. "
        "The file realm works a node at a time: send all requests to this node, or add the user on "
        "every node. The node knows the user within 5 seconds.",
        NodeCommand(("esfilerealm", "useradd", _EMERGENCY_USER, "--roles", ",".join(roles))),
    )


AFTER_A_RESTORE: Final = (
    Step(
        "restore-files",
        "Copy the files of the configuration directory back, on every node",
        "The index and the files complement each other; apply persistent settings again where they "
        "were not restored.",
    ),
    Step(
        "restart",
        "Restart the whole cluster",
        "It is the safest way to be rid of what nodes remember of the former users and keys.",
    ),
    Step(
        "close-emergency-access",
        "Remove the user of the file realm",
        "Otherwise a superuser that nobody expects stays on the node.",
        NodeCommand(("esfilerealm", "userdel", _EMERGENCY_USER)),
    ),
)
"""What a person does when the index is back."""

_REMOVE_ROLE: Final = Step(
    "remove-restricted-role",
    f"Remove the role [{_RESTRICTED_ROLE}] from roles.yml",
    "Nobody may change security indices by hand in normal times.",
)


def _selection(
    release: Release, order: SnapshotOrder, index: str, *, default: bool = True
) -> dict[str, object]:
    """
    Return the body that selects the security data.

    Args:
        release: That of the cluster.
        order: What to save or restore.
        index: The name of the index, where it is named.
        default: Whether the state of the cluster is included where the index is named, unless the
            order says otherwise.
    """
    if uses_features(release, order):
        state = bool(order.global_state)
        return {"indices": "-*", "include_global_state": state, "feature_states": [FEATURE]}
    state = default if order.global_state is None else order.global_state
    return {"indices": index, "include_global_state": state}


def _repository(order: SnapshotOrder) -> str:
    return f"/_snapshot/{quote(order.repository, safe='')}"


def _snapshot(order: SnapshotOrder) -> str:
    return f"{_repository(order)}/{quote(order.snapshot, safe='')}"


def _user(release: Release, name: str) -> str:
    return f"{_security(release)}/user/{quote(name, safe='')}"


def _security(release: Release) -> str:
    is_old = release.major < _FIRST_WITH_SECURITY_PATHS
    return "/_xpack/security" if is_old else "/_security"
