"""``hash`` and ``verify``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import hashing
from ..admin.credentials import NewCredentials
from .accounts import sweep_quietly, warn_of_lock
from .exits import OK, WRONG_PASSWORD, UsageError
from .options import did_you_mean
from .passwords import ask_new_password, current_password, given_password, truncation_shown

if TYPE_CHECKING:
    from .arguments import Arguments
    from .target import Target
    from .terminal import Terminal

__all__ = ["check_algorithm", "run_hash", "run_verify"]


def run_hash(arguments: Arguments, target: Target, terminal: Terminal) -> int:
    """Print the hash of a password."""
    settings = target.settings
    algorithm = arguments.value("algorithm")
    if algorithm is not None:
        check_algorithm(algorithm)
        settings = settings.with_algorithm(algorithm)
    password = given_password(arguments, terminal)
    if password is None:
        password = ask_new_password(terminal)
    with truncation_shown(terminal):
        password_hash = NewCredentials(password, None, settings).hashed()
    terminal.result["algorithm"] = hashing.resolve_from_hash(password_hash).name
    if terminal.is_for_programs:
        terminal.result["hash"] = password_hash  # it is what was asked for
    else:
        terminal.print_secret(password_hash)
    return OK


def check_algorithm(name: str) -> None:
    """
    Check the name of an algorithm for new hashes.

    Raises:
        UsageError: If there is none of that name.
    """
    if name.lower() not in hashing.STORED_ALGORITHMS:
        known = f": use one of [{', '.join(hashing.STORED_ALGORITHMS)}]"
        hint = did_you_mean(name.lower(), hashing.STORED_ALGORITHMS) or known
        raise UsageError(f"unknown password hash algorithm [{name}]{hint}")


def run_verify(arguments: Arguments, target: Target, terminal: Terminal) -> int:
    """Check a user's password as a realm would that has just been opened."""
    from ..realms.file.realm import FileRealm

    username, tool = arguments.first, target.tool
    if any(state.is_over for state in tool.accounts().values()):
        sweep_quietly(arguments, target, terminal)
    tool.list_users(username)  # a missing user or an unreadable file is an error here
    password = current_password(arguments, terminal)
    realm = FileRealm(tool.config_dir, settings=tool.settings, watch_events=False)
    result = realm.authenticate(username, password)
    terminal.result.update(username=username, verified=bool(result))
    terminal.print(f"The password of [{username}] is {'right' if result else 'wrong'}")
    warn_of_lock(target, terminal, username)
    issue = realm.snapshot.hash_issues.get(username)
    if issue is not None:
        terminal.result["hash_problem"] = issue.reason
        terminal.warn(f"WARNING: {issue.describe()}; set a password")
    return OK if result else WRONG_PASSWORD
