"""Plan and apply for one user, in one call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .applier import apply
from .desired import DesiredState
from .planner import plan

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable
    from typing import Unpack

    from .._storage import WriteArguments
    from ..settings import RealmSettings
    from .plan_result import Plan
    from .values import Expiry, UpdatePassword

__all__ = ["ensure_absent", "ensure_user"]


def ensure_user(  # noqa: PLR0913 - all but two by name
    config_dir: str | os.PathLike[str],
    name: str,
    *,
    password: str | None = None,
    password_file: str | None = None,
    password_env: str | None = None,
    password_hash: str | None = None,
    roles: Iterable[str] | None = None,
    roles_add: Iterable[str] | None = None,
    roles_remove: Iterable[str] | None = None,
    update_password: UpdatePassword | None = None,
    expires: Expiry | None = None,
    locked: bool | None = None,
    settings: RealmSettings | None = None,
    force: bool = False,
    create: bool = False,
    **how: Unpack[WriteArguments],
) -> Plan:
    """
    Create or update a user, so that it has this password and these roles.

    For the arguments see ``DesiredUser``, ``plan`` and ``apply``.

    Returns:
        The plan that was applied. If its ``changed`` is false, nothing was written.

    Raises:
        InvalidDesiredStateError: If an argument breaks a rule; it lists every issue.
        UnsafePlanError: If no superuser could log in afterwards.
        PlanOutdatedError: If the files changed during each of several attempts.
        ConfigurationFileMissingError, FileFormatError, InvalidSettingError, FilePermissionError,
        FileAccessError, LockTimeoutError, JournalVersionError: As for every method of ``UsersTool``
            that writes.
    """
    user = {
        "name": name,
        "password": password,
        "password_file": password_file,
        "password_env": password_env,
        "password_hash": password_hash,
        "roles": _list(roles),
        "roles_add": _list(roles_add),
        "roles_remove": _list(roles_remove),
        "update_password": update_password,
        "expires": expires,
        "locked": locked,
    }
    return _ensured(config_dir, user, settings, how, force=force, create=create)


def ensure_absent(
    config_dir: str | os.PathLike[str],
    name: str,
    *,
    settings: RealmSettings | None = None,
    force: bool = False,
    **how: Unpack[WriteArguments],
) -> Plan:
    """
    Remove a user with its roles, if it exists.

    For arguments, result and errors see ``ensure_user``.
    """
    return _ensured(config_dir, {"name": name, "state": "absent"}, settings, how, force=force)


def _ensured(
    config_dir: str | os.PathLike[str],
    user: dict[str, object],
    settings: RealmSettings | None,
    how: WriteArguments,
    *,
    force: bool,
    create: bool = False,
) -> Plan:
    given = {field: value for field, value in user.items() if value is not None}
    desired = DesiredState.from_dict({"users": [given]}, source="arguments")
    planned = plan(
        config_dir,
        desired,
        settings=settings,
        force=force,
        attributes=how.get("attributes", "refuse"),
        create=create,
    )
    return apply(planned, replan=True, **how)


def _list(names: Iterable[str] | None) -> object:
    """Return a list. A string stays one, so that it is rejected, not split into characters."""
    return names if names is None or isinstance(names, str) else list(names)
