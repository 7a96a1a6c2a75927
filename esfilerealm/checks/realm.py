"""What a person should look at in the files of a realm."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from .._storage.realm_files import RealmFiles
from .._storage.recovery import set_aside_journals
from ..admin.listing import RealmListing, shown_orphan
from ..formats.users import parse_users
from ..hashing import hash_problem
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

    listing: RealmListing
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
    listing = RealmListing.of(files, settings)
    problems = [
        f"[{path}], line [{issue.line_number}]: {issue.reason}; a node skips the line"
        for path, issues in listing.issues.items()
        for issue in issues
        if issue.kind != "blank"
    ]
    hashes = parse_users(files.users.data, source=files.users.path, **settings.name_rules).users
    for name, password_hash in hashes.items():
        problem = hash_problem(password_hash)
        if problem is not None:
            problems.append(f"no password can be right for user [{name}]: {problem.reason}")
    problems += [
        f"[{files.users_roles.path}] gives roles to [{shown_orphan(name)}], who is no user"
        for name in listing.orphans
    ]
    problems += [
        f"[{path}] is the record of a change that could not be ended; remove it, and what else "
        "ends like that, when you have seen that both files are as they should be"
        for path in set_aside_journals(paths.journal)
    ]
    return RealmCheck(listing, tuple(problems), recovery or Recovery())
