"""Cases of the rules about who has which role."""

from __future__ import annotations

from support.hashes import CHEAP_HASH

from . import Case, RuleCases
from .realm import NOT_UTF8, USERS_IS_A_DIRECTORY

__all__ = ["CASES"]

UNREADABLE = (NOT_UTF8, USERS_IS_A_DIRECTORY)
NAMES = ("al", "bob", "cy", "di")


def realm(name: str, *lines: str, **more) -> Case:
    """Return a case with four users and these lines of ``users_roles``."""
    users = "".join(f"{user}:{CHEAP_HASH}\n" for user in NAMES)
    files = {"users": users, "users_roles": "".join(f"{line}\n" for line in lines)}
    return Case(name, {**files, **more.pop("files", {})}, **more)


def _make_roles_a_directory(directory):
    (directory / "roles.yml").mkdir()


ROLES_IS_A_DIRECTORY = realm("roles.yml is a directory", prepare=_make_roles_a_directory)

CASES = {
    "EFR112": RuleCases(
        (
            realm(
                "nothing defines it",
                "viewer:al",
                "ops:al,bob,ghost",
                finds={"path": "users_roles", "line": 2, "subject": "ops", "message": "[2] users"},
            ),
            realm(
                "a later version defines it",
                "inference_admin:al",
                options={"elasticsearch_version": 5},
                finds={"subject": "inference_admin"},
            ),
        ),
        (
            realm("a node defines it", "superuser:al", "viewer:al"),
            realm(
                "roles.yml defines it", "ops:al", files={"roles.yml": "ops:\n  cluster: [all]\n"}
            ),
            realm("somebody declares it", "ops:al", options={"known_roles": ["ops"]}),
            realm("nobody has it", "ops:ghost"),
            realm("it is nearly one that is defined", "superusr:al"),
        ),
        (*UNREADABLE, ROLES_IS_A_DIRECTORY),
    ),
    "EFR113": RuleCases(
        (
            realm(
                "a letter is missing",
                "superusr:al",
                finds={"path": "users_roles", "line": 1, "message": "did you mean [superuser]?"},
            ),
        ),
        (realm("it is like none", "ops:al"), realm("it is one", "superuser:al")),
        (*UNREADABLE, ROLES_IS_A_DIRECTORY),
    ),
    "EFR114": RuleCases(
        (
            realm(
                "not in users_roles",
                "viewer:al,cy,di",
                finds={"path": "users", "line": 2, "subject": "bob"},
            ),
        ),
        (realm("all have one", "viewer:al,bob,cy", "ops:di"),),
        UNREADABLE,
    ),
    "EFR115": RuleCases(
        (
            realm("another role", "viewer:al", finds={"path": "users_roles"}),
            realm("a name that is not a user", "superuser:ghost"),
        ),
        (realm("one", "superuser:al"), Case("no users at all")),
        UNREADABLE,
    ),
    "EFR116": RuleCases(
        (
            realm(
                "all four",
                "viewer:al",
                "superuser:al,bob,cy,di",
                finds={"path": "users_roles", "line": 2, "message": "[4] users"},
            ),
        ),
        (realm("three and a ghost", "superuser:al,bob,cy,ghost"),),
        UNREADABLE,
    ),
}
