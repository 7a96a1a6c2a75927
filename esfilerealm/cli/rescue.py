"""``rescue``: a user for an emergency, printed once and removed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from .._ground import moments
from .._ground.holding import inside
from ..admin.obstacles import rescue_obstacles
from ..admin.rescue import Rescue
from ..errors import FileRealmError, RescueRefusedError
from .exits import OK, CommandError, UsageError
from .output import print_warnings
from .terminal import OutputError
from .users import role_names, warn_of_unknown_roles
from .waiting import interrupted_by_signals, undisturbed, wait_for_end

if TYPE_CHECKING:
    from datetime import timedelta

    from ..admin.rescue import RescueUser
    from .arguments import Arguments
    from .target import Target
    from .terminal import Terminal

__all__ = ["run_rescue"]

_TTL: Final = "10m"
_ROLES: Final = ["superuser"]
_WHY: Final = {
    "time": "its time is over",
    "enter": "Enter was typed",
    "signal": "the wait was interrupted",
    "unheard": "it could not be printed",
}


def run_rescue(arguments: Arguments, target: Target, terminal: Terminal) -> int:
    """Make a user for an emergency, print it once, wait, and remove it."""
    ttl = _ttl(arguments)
    roles = _roles(arguments)
    terminal.result.update(roles=roles, dry_run=arguments.has("dry-run"))
    warn_of_unknown_roles(target, terminal, roles)
    _print_obstacles(arguments, target, terminal)
    if arguments.has("dry-run"):
        target.tool.listing()  # or raise why the files cannot be read
        terminal.print(f"Dry run. Would make a user with the roles [{','.join(roles)}]")
        return OK
    rescue = Rescue(target.tool, ttl, roles, check=False)
    with interrupted_by_signals():
        inside(rescue, _Stay(rescue, target, terminal, is_kept=arguments.has("keep-user")))
    return OK


def _ttl(arguments: Arguments) -> timedelta:
    now, text = moments.now(), arguments.value("ttl")
    return moments.parse_expiry(_TTL if text is None else text, now) - now.time


def _roles(arguments: Arguments) -> list[str]:
    """Return the roles of the user; an empty list is a variable that is not set, not a wish."""
    if not arguments.has("roles"):
        return _ROLES
    roles = role_names(arguments, "roles", writable=True)
    if not roles:
        raise UsageError("option [roles] must name a role; without it, the user is a superuser")
    return roles


def _print_obstacles(arguments: Arguments, target: Target, terminal: Terminal) -> None:
    """
    Warn of what may keep the user out.

    Raises:
        RescueRefusedError: If something certainly does, and ``--force`` is not given.
    """
    obstacles = rescue_obstacles(
        target.config_dir,
        elasticsearch_version=arguments.value("es-version"),
        overrides=arguments.settings(),
    )
    terminal.result["obstacles"] = [obstacle.to_dict() for obstacle in obstacles]
    certain = [str(obstacle) for obstacle in obstacles if obstacle.is_certain]
    if certain and not arguments.has("force"):
        raise RescueRefusedError(tuple(certain))
    for obstacle in obstacles:
        terminal.warn(f"WARNING: {obstacle}")


class _Stay:
    """The stay of the user: printed, waited for, and ended. To be called once the user is there."""

    def __init__(
        self, rescue: Rescue, target: Target, terminal: Terminal, *, is_kept: bool
    ) -> None:
        self._rescue = rescue
        self._terminal = terminal
        self._is_kept = is_kept
        self._poll = target.tool.settings.reload_interval_high

    def __call__(self, user: RescueUser) -> None:
        end = "signal"
        is_left = False
        try:
            self._print(user)
            if self._is_kept:
                self._rescue.keep()
                is_left = True
            else:
                end = self._wait(user)
        except KeyboardInterrupt:  # before the wait, which has its own
            pass
        except (CommandError, OutputError):
            end = "unheard"
            raise
        finally:
            if not is_left:
                with undisturbed():
                    self._remove(user, end)

    def _print(self, user: RescueUser) -> None:
        """Print the user, now that it is there; if that fails, it is removed again."""
        terminal = self._terminal
        if self._rescue.result is not None:
            print_warnings(terminal, self._rescue.result)
        expires = moments.shown_time(user.expires)
        terminal.result.update(event="added", username=user.username, expires=expires)
        if not terminal.is_for_programs:
            terminal.print_secret(f"username: {user.username}")
            terminal.print_secret(f"password: {user.password}")
        else:
            if not self._is_kept:
                self._print_event()
            terminal.print_secret(user.password)
        sees = f"NOTE: a node sees the user within {self._poll:g} seconds"
        if self._is_kept:
            terminal.note(
                f"{sees}; the user stays until [{expires}], and then the next use of the directory "
                "removes it, or 'esfilerealm sweep'"
            )
        else:
            terminal.note(f"{sees}, and as late that it is gone")

    def _wait(self, user: RescueUser) -> str:
        if not self._terminal.shows_status:
            expires = moments.shown_time(user.expires)
            self._terminal.note(f"Waiting until [{expires}]; an interrupt or SIGTERM ends it now")
        return wait_for_end(self._rescue.seconds_left, self._terminal, f"[{user.username}]")

    def _remove(self, user: RescueUser, end: str) -> None:
        terminal = self._terminal
        try:
            self._rescue.remove()
        except FileRealmError:
            expires = moments.shown_time(user.expires)
            terminal.warn(
                f"WARNING: [{user.username}] could not be removed, and stays until [{expires}] if "
                "the next attempt fails, too: run 'esfilerealm sweep' then"
            )
            raise
        terminal.result.update(event="removed", end=end)
        terminal.note(f"Removed [{user.username}], since {_WHY[end]}")

    def _print_event(self) -> None:
        self._terminal.print_for_programs(json.dumps(self._terminal.result))
        self._terminal.flush()
