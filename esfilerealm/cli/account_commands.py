"""The commands for access in an emergency, and for users that expire or are locked."""

from __future__ import annotations

from . import exits
from . import shared_options as shared
from .options import Command, Option, OptionGroup

__all__ = ["ACCOUNTS", "EXPIRES"]

_TIMES = "90s, 10m, 8h or 2d from now, or a time such as 2026-12-01T08:00Z; without a zone, UTC"

EXPIRES = Option("expires", f"Remove the user at this time: {_TIMES}", metavar="TIME")

_DRY_RUN = (shared.DRY_RUN, shared.JSON)

ACCOUNTS = (
    Command(
        "rescue",
        "Make a superuser for an emergency, and remove it after a short time",
        OptionGroup(
            "User",
            Option("ttl", f"How long it lasts, by default 10m: {_TIMES}", metavar="TIME"),
            Option("roles", "Comma-separated roles; default: superuser", metavar="ROLES"),
            Option("keep keep-user", "Do not wait: the user stays until its time is over"),
            Option("force", "Make the user even if this node would not let it in"),
            shared.KNOWN_ROLE,
        ),
        OptionGroup(shared.WRITING.title, *shared.OWNERSHIP, shared.AUDIT),
        shared.general(
            Option("dry-run", "Say whether this node would let the user in, and write nothing"),
            Option("json", "Print one JSON object a line, which never holds a secret"),
        ),
        run="rescue:run_rescue",
        notes=(
            "Name and password are random, and printed once. Enter and Ctrl-C end it early.",
            "If it is killed, the next use of the directory removes the user, or 'sweep' does.",
            "A node sees the user within 5 seconds, and that it is gone within 5 seconds too.",
        ),
        examples=(
            "esfilerealm rescue --dry-run",
            "esfilerealm rescue --ttl 2h --roles monitoring_user --keep",
        ),
        exits=(
            (exits.DATA, "an invalid time or role"),
            *shared.LOCK_EXITS,
            (exits.CONFIGURATION, "no users file, or this node would not let the user in"),
        ),
    ),
    Command(
        "sweep",
        "Remove the users whose time is over",
        shared.WRITING,
        shared.general(*_DRY_RUN),
        run="accounts:run_sweep",
        notes=(
            "Every command that writes does this too, and so do list and verify where they may.",
            "A timer that runs this makes sure that nobody stays where nobody comes by.",
        ),
        examples=("esfilerealm sweep", "esfilerealm sweep --dry-run"),
        exits=shared.WRITE_EXITS,
    ),
    Command(
        "lock",
        "Lock users: no password is right any more",
        shared.WRITING,
        shared.general(*_DRY_RUN),
        run="accounts:run_lock",
        arguments="USERNAME...",
        notes=("The password is kept aside, for 'esfilerealm unlock'; so are the roles.",),
        examples=("esfilerealm lock jane",),
        exits=shared.EXISTING_USER_EXITS,
    ),
    Command(
        "unlock",
        "Unlock users: their password is right again",
        shared.WRITING,
        shared.general(*_DRY_RUN),
        run="accounts:run_unlock",
        arguments="USERNAME...",
        notes=("Without a password kept aside, only 'esfilerealm passwd' helps.",),
        examples=("esfilerealm unlock jane",),
        exits=((exits.NO_INPUT, "its password was kept nowhere"), *shared.EXISTING_USER_EXITS),
    ),
    Command(
        "expire",
        "Set when a user is removed, or that it never is",
        shared.WRITING,
        shared.general(*_DRY_RUN),
        run="accounts:run_expire",
        arguments="USERNAME TIME",
        checks_arguments=True,
        notes=(f"TIME is never, or {_TIMES}.",),
        examples=("esfilerealm expire jane 8h", "esfilerealm expire jane never"),
        exits=((exits.DATA, "an invalid time"), *shared.EXISTING_USER_EXITS),
    ),
)
