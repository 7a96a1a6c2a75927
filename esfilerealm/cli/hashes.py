"""``hash`` and ``verify``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import hashing
from ..admin.credentials import NewCredentials
from .exits import OK, WRONG_PASSWORD, UsageError
from .passwords import asked_password, password_given, truncation_shown

if TYPE_CHECKING:
    from .arguments import Invocation

__all__ = ["run_hash", "run_verify"]


def run_hash(invocation: Invocation) -> int:
    """Print the hash of a password."""
    settings = invocation.settings
    algorithm = invocation.value("algorithm")
    if algorithm is not None:
        _check_algorithm(algorithm)
        settings = settings.with_algorithm(algorithm)
    password = password_given(invocation)
    if password is None:
        password = asked_password(invocation)
    with truncation_shown(invocation):
        password_hash = NewCredentials(password, None, settings).hashed()
    invocation.result["algorithm"] = hashing.resolve_from_hash(password_hash).name
    invocation.terminal.print_secret(password_hash)
    return OK


def _check_algorithm(name: str) -> None:
    if name.lower() not in hashing.STORED_ALGORITHMS:
        known = ", ".join(hashing.STORED_ALGORITHMS)
        raise UsageError(f"[{name}] is not an algorithm for passwords: use one of [{known}]")


def run_verify(invocation: Invocation) -> int:
    """Tell whether a password is that of a user, as a realm would that has just been opened."""
    from ..realms.file.realm import FileRealm

    username, tool = invocation.username, invocation.tool
    password = password_given(invocation)
    if password is None:
        password = invocation.terminal.ask_secret("Enter password: ")
    tool.list_users(username)  # who does not exist, or cannot be read, is an error here
    realm = FileRealm(tool.config_dir, settings=tool.settings, watch_events=False)
    result = realm.authenticate(username, password)
    invocation.result.update(username=username, verified=bool(result))
    invocation.terminal.print(f"The password of [{username}] is {'right' if result else 'wrong'}")
    issue = realm.snapshot.hash_issues.get(username)
    if issue is not None:
        invocation.result["hash_problem"] = issue.reason
        invocation.terminal.warn(
            f"No password can be right for [{username}], line [{issue.line_number}]: {issue.reason}"
        )
    return OK if result else WRONG_PASSWORD
