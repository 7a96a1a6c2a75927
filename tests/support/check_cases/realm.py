"""Cases of the rules about ``users`` and ``users_roles``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.hashes import CHEAP_HASH

from . import Case, RuleCases

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["CASES", "NOT_UTF8", "USERS_IS_A_DIRECTORY"]

NOT_UTF8 = Case("users that are not UTF-8", {"users": b"b\xfcb:x\n"})


def _directory(name: str) -> Case:
    def make(directory: Path) -> None:
        (directory / name).mkdir()

    return Case(f"{name} that are a directory", {name: None}, make)


USERS_IS_A_DIRECTORY = _directory("users")
UNREADABLE = (NOT_UTF8, USERS_IS_A_DIRECTORY, _directory("users_roles"))

BOB = f"bob:{CHEAP_HASH}\n"


def _skipped(fires: tuple[Case, ...], innocent: tuple[Case, ...]) -> RuleCases:
    return RuleCases(fires, innocent, UNREADABLE)


def _journal(directory: Path) -> None:
    (directory / "users.journal").write_text("notes\n")


def _rejected_journal(directory: Path) -> None:
    (directory / "users.journal.0a0a0a0a.rejected").touch()


CASES = {
    "EFR101": _skipped(
        (
            Case(
                "a line without a colon",
                {"users": "\noops\n"},
                finds={"path": "users", "line": 2, "message": "expected [username:hash]"},
            ),
            Case(
                "a role without a colon",
                {"users_roles": "\noops\n"},
                finds={"path": "users_roles", "line": 2},
            ),
        ),
        (
            Case("a comment", {"users": f"# people\n{BOB}"}),
            Case("a blank line", {"users": f"\n{BOB}\n"}),
            Case("another broken rule", {"users": f"elastic:{CHEAP_HASH}\n"}),
        ),
    ),
    "EFR102": _skipped(
        (
            Case(
                "a letter beyond ASCII",
                {"users": f"böb:{CHEAP_HASH}\n"},
                finds={"path": "users", "line": 1},
            ),
        ),
        (Case("a space within", {"users": f"b b:{CHEAP_HASH}\n"}),),
    ),
    "EFR103": _skipped(
        (
            Case(
                "elastic", {"users": f"elastic:{CHEAP_HASH}\n"}, finds={"path": "users", "line": 1}
            ),
        ),
        (
            Case("another letter case", {"users": f"Elastic:{CHEAP_HASH}\n"}),
            Case(
                "a node without built-in users",
                {
                    "users": f"elastic:{CHEAP_HASH}\n",
                    "elasticsearch.yml": ("xpack.security.authc.reserved_realm.enabled: false\n"),
                },
            ),
        ),
    ),
    "EFR104": _skipped(
        (
            Case(
                "a letter beyond ASCII",
                {"users_roles": "rôle:bob\n"},
                finds={"path": "users_roles", "line": 1},
            ),
        ),
        (Case("a space within", {"users_roles": "a role:bob\n"}),),
    ),
    "EFR105": _skipped(
        (Case("only commas", {"users_roles": "viewer: ,\n"}, finds={"path": "users_roles"}),),
        (Case("a name", {"users_roles": "viewer:bob\n"}),),
    ),
    "EFR111": _skipped(
        (
            Case(
                "a name that is not a user",
                {"users": BOB, "users_roles": "viewer:bob,ghost\n"},
                finds={"path": "users_roles", "subject": "ghost", "message": "[viewer]"},
            ),
            Case(
                "a hash in the wrong file",
                {"users_roles": f"x:{CHEAP_HASH}\n"},
                finds={"subject": "(a hash)", "fix": None},
            ),
        ),
        (Case("a user", {"users": BOB, "users_roles": "viewer:bob\n"}),),
    ),
    "EFR121": RuleCases(
        (Case("a journal that stays", prepare=_journal, finds={"path": "users.journal"}),),
        (Case("no journal"), Case("a rejected journal", prepare=_rejected_journal)),
        (Case("a directory that cannot be examined", broken="interrupted_write"),),
    ),
    "EFR122": RuleCases(
        (
            Case(
                "a journal that was put aside",
                prepare=_rejected_journal,
                finds={"path": "users.journal.0a0a0a0a.rejected"},
            ),
        ),
        (Case("no journal"), Case("a journal that stays", prepare=_journal)),
        (Case("a directory that cannot be examined", broken="rejected_journals"),),
    ),
}
