"""What a person should look at in the files of a realm."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from .._ground.showing import shown_name
from .._storage.realm_files import RealmFiles
from .._storage.recovery import set_aside_journals
from ..formats import ParsedRealm
from ..results import Recovery

if TYPE_CHECKING:
    from .._storage.paths import RealmPaths
    from ..settings import RealmSettings

__all__ = ["RealmCheck", "check_realm"]


@dataclass(frozen=True, slots=True)
class RealmCheck:
    """
    What is odd; true if nothing is.

    Attributes:
        listing: What both files say.
        problems: What a person should look at, one line each; no hash is in them.
        recovery: What was found of a change that was broken off.
    """

    listing: ParsedRealm
    problems: tuple[str, ...]
    recovery: Recovery

    def __bool__(self) -> bool:
        return not self.problems

    def to_dict(self) -> dict[str, object]:
        """Give the problems and the recovery as a dictionary fit for JSON."""
        return {
            "users": len(self.listing.users),
            "problems": list(self.problems),
            "recovery": asdict(self.recovery),
        }


def check_realm(
    paths: RealmPaths, settings: RealmSettings, recovery: Recovery | None
) -> RealmCheck:
    """
    Look for lines that a node skips, hashes that let nobody in, names without a user, and records.

    Raises:
        FileFormatError: If a file is not UTF-8.
        FilePermissionError, FileAccessError: If it cannot be read.
    """
    files = RealmFiles.read(paths)
    listing = ParsedRealm.parse(
        files.users.data,
        files.users_roles.data,
        sources=(files.users.path, files.users_roles.path),
        **settings.name_rules,
    )
    problems = [
        f"[{file.path}], line [{issue.line_number}]: {issue.reason}; a node skips the line"
        for file, issues in zip(files.both, listing.issues.values(), strict=True)
        for issue in issues
        if issue.kind != "blank"
    ]
    problems += [
        f"no password can be right for user [{name}]: {issue.reason}"
        for name, issue in listing.hash_issues.items()
    ]
    problems += [
        f"[{files.users_roles.path}] gives roles to [{shown_name(name)}], who is no user"
        for name in listing.orphans
    ]
    problems += [
        f"[{path}] is the record of a change that could not be ended; remove it, and what else "
        "ends like that, when you have seen that both files are as they should be"
        for path in set_aside_journals(paths.journal)
    ]
    return RealmCheck(listing, tuple(problems), recovery or Recovery())
