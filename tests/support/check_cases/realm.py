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
    "EFR106": RuleCases(
        (
            Case(
                "a byte in a comment",
                {"users": b"# b\xfcb\n"},
                finds={"path": "users", "line": 1},
            ),
            Case(
                "a byte in users_roles",
                {"users_roles": b"a:b\nx:\xff\n"},
                finds={"path": "users_roles", "line": 2},
            ),
        ),
        (Case("letters beyond ASCII", {"users": "# büb\n"}),),
        (USERS_IS_A_DIRECTORY, _directory("users_roles")),
    ),
    "EFR107": _skipped(
        (
            Case(
                "two lines",
                {"users": f"{BOB}# x\nal:{CHEAP_HASH}\n{BOB}"},
                finds={"path": "users", "line": 1, "subject": "bob", "message": "[2] lines"},
            ),
            Case("two lines of CR", {"users": f"{BOB}{BOB}".replace("\n", "\r")}),
            Case("no end of the last line", {"users": f"{BOB}{BOB}".rstrip("\n")}),
        ),
        (
            Case("another letter case", {"users": f"{BOB}Bob:{CHEAP_HASH}\n"}),
            Case("a comment", {"users": f"{BOB}#{BOB}"}),
            Case("a comment first", {"users": f"#{BOB}\n{BOB}"}),
            Case("a line without a hash", {"users": f"bob:\n{BOB}"}),
            Case("one line of CR", {"users": BOB.replace("\n", "\r")}),
        ),
    ),
    "EFR108": RuleCases(
        (
            Case(
                "two lines",
                {"users_roles": "viewer:bob\neditor:bob\nviewer:al\n"},
                finds={"path": "users_roles", "line": 1, "subject": "viewer"},
            ),
        ),
        (
            Case("two roles", {"users_roles": "viewer:bob\neditor:bob\n"}),
            Case("a comment", {"users_roles": "viewer:bob\n#viewer:bob\n"}),
            Case("a line that is skipped", {"users_roles": "viewer:bob\nviewer: , ,\n"}),
        ),
        (
            Case("roles that are not UTF-8", {"users_roles": b"\xff:bob\n"}),
            USERS_IS_A_DIRECTORY,
            _directory("users_roles"),
        ),
    ),
    "EFR109": _skipped(
        (
            Case(
                "a user with a comma",
                {"users": f"{BOB}a,b:{CHEAP_HASH}\n"},
                finds={"path": "users", "line": 2, "subject": "a,b"},
            ),
            Case(
                "a role with a comma",
                {"users_roles": "viewer:bob\na,b:bob\n"},
                finds={"path": "users_roles", "line": 2, "subject": "a,b"},
            ),
        ),
        (
            Case(
                "other signs",
                {"users": f"a;b#c d:{CHEAP_HASH}\n", "users_roles": "a;b#c d:bob,al\n"},
            ),
        ),
    ),
    "EFR117": RuleCases(
        (
            Case(
                "users without it",
                {"users": BOB, "users_roles": None},
                finds={"path": "users_roles", "severity": "warning"},
            ),
            Case("nobody without it", {"users_roles": None}, finds={"severity": "info"}),
        ),
        (Case("an empty one", {"users": BOB, "users_roles": ""}),),
        (USERS_IS_A_DIRECTORY, _directory("users_roles")),
    ),
    "EFR118": RuleCases(
        (Case("no users", {"users": None}, finds={"path": "users"}),),
        (Case("an empty one", {"users": ""}),),
        (USERS_IS_A_DIRECTORY, _directory("users_roles")),
    ),
}
