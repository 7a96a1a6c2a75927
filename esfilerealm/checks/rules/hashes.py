"""Rules about the hashes of ``users``: ``EFR2xx``. None shows a hash."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from ..._ground.showing import shown_name
from ..registry import rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ...errors import HashProblemKind
    from ...findings import Finding, Severity
    from ...formats import HashIssue
    from ..hash_groups import HashGroup
    from ..node import Node
    from ..parts import Unreadable
    from ..registry import Rule

__all__ = ["HASH_RULES", "hash_finding"]

_DIGEST: Final = "digest"
_UNSALTED: Final = ("{SHA}", "{MD5}")
_NEW_REVISIONS: Final = ("$2b$", "$2y$")


@rule("EFR201", "clear text in place of a hash", severity="error", source="Hasher.resolveFromHash")
def clear_text(node: Node) -> Iterator[Finding | Unreadable]:
    """
    A node takes a text that looks like no hash for the password itself, so whoever can read the
    file can log in. This package lets nobody in by such a text.

    Advice: Set a password with `esfilerealm passwd`.
    """
    return _unusable(node, "clear-text")


@rule("EFR202", "hash of an unknown algorithm", severity="error", source="Hasher.resolveFromHash")
def unknown_algorithm(node: Node) -> Iterator[Finding | Unreadable]:
    """
    The hash is of another program, or of a cost that a node does not know: the user cannot log in
    with the password. A node may take the hash itself for the password.

    Advice: Set a password with `esfilerealm passwd`.
    """
    return _unusable(node, "unsupported")


@rule("EFR203", "malformed hash", severity="error", source="Hasher.resolveFromHash")
def malformed_hash(node: Node) -> Iterator[Finding | Unreadable]:
    """
    The hash was cut off or changed: no password matches, and the user cannot log in.

    Advice: Set a password with `esfilerealm passwd`.
    """
    return _unusable(node, "malformed")


@rule("EFR211", "unsalted hash", severity="error", source="Hasher.SHA1, Hasher.MD5")
def unsalted(node: Node) -> Iterator[Finding | Unreadable]:
    """
    A digest without salt is one entry of tables that everybody can download: whoever reads the file
    has the passwords of most users at once, and sees who has the same one.

    Advice: Set the password again with `esfilerealm passwd`.
    """
    for group in node.hash_groups:
        if group.prefix in _UNSALTED:
            yield from _of_users(unsalted, node, group, "is a digest without salt")


@rule("EFR212", "fast hash", severity="warning", source="Hasher.SSHA256")
def fast(node: Node) -> Iterator[Finding | Unreadable]:
    """
    One round of SHA-256 is made for caches. One graphics card tries billions of passwords a second
    against a stolen file.

    Advice: Set the password again with `esfilerealm passwd`.
    """
    for group in node.hash_groups:
        if group.family == _DIGEST and group.prefix not in _UNSALTED:
            yield from _of_users(fast, node, group, "is one round of a fast digest")


@rule("EFR213", "low hash cost", severity="warning", source="NS-41")
def low_cost(node: Node) -> Iterator[Finding | Unreadable]:
    """
    Each step of the cost of bcrypt doubles the price of a guess, and so does each doubling of the
    iterations of PBKDF2. Below the default of a node, a stolen file is searched in hours.

    Advice: Set the password again with `esfilerealm passwd`, which uses that of the settings.
    """
    for group, lowest, _ in _limited(node):
        if group.cost < lowest:
            yield from _of_users(
                low_cost, node, group, f"has the cost [{group.cost}], below [{lowest}]"
            )


@rule("EFR214", "very high hash cost", severity="info")
def high_cost(node: Node) -> Iterator[Finding | Unreadable]:
    """
    A node computes the hash at each login that its cache does not know, on a thread that other
    requests need. From this cost on, a few wrong passwords a second keep it busy.

    Advice: Set the password again with a lower cost, or raise the limit if the node copes.
    """
    for group, _, highest in _limited(node):
        if group.cost > highest:
            text = f"has the cost [{group.cost}], above [{highest}]"
            yield from _of_users(high_cost, node, group, text)


@rule("EFR215", "bcrypt revision that 7.14 takes for clear text", severity="error", source="VER-01")
def new_revision(node: Node) -> Iterator[Finding | Unreadable]:
    """
    A node before 7.15 knows only $2a$. It takes a hash that begins with $2b$ or $2y$ for the
    password itself: whoever reads the file can log in with what stands there.

    Advice: Set the password again with `esfilerealm passwd`, which writes $2a$.
    """
    if not node.may_be_before(7, 15):
        return
    severity: Severity | None = None if node.is_before(7, 15) else "warning"
    for group in node.hash_groups:
        if group.prefix in _NEW_REVISIONS:
            text = f"begins with [{group.prefix}], which a node before 7.15 does not know"
            yield from _of_users(new_revision, node, group, text, severity)


@rule("EFR216", "hash that the version does not know", severity="error", source="VER-02, VER-04")
def new_family(node: Node) -> Iterator[Finding | Unreadable]:
    """
    PBKDF2 came with 6.4, its stretched form with 7.11 or 7.12, other lengths of salt and key than
    32 bytes with 8.7. An older node takes such a hash for the password itself, or matches none.

    Advice: Set the password again with an algorithm that the oldest node knows, such as bcrypt.
    """
    for group in node.hash_groups:
        for release in _first_releases(group):
            if node.is_before(*release):
                first = ".".join(map(str, release))
                text = f"is of a kind that a node before {first} does not know"
                yield from _of_users(new_family, node, group, text)
                break


@rule("EFR217", "hash that FIPS mode does not allow", severity="warning", source="FIPS 140-2")
def not_fips(node: Node) -> Iterator[Finding | Unreadable]:
    """
    In FIPS mode, only PBKDF2 is approved for passwords. A node refuses to start with another
    algorithm for new ones, but goes on to check old hashes with what it is not meant to use.

    Advice: Set the password again with pbkdf2_stretch, the default of FIPS mode.
    """
    if not node.settings.is_true("xpack.security.fips_mode.enabled"):
        return
    for group in node.hash_groups:
        if not group.family.startswith("pbkdf2"):
            yield from _of_users(not_fips, node, group, f"is of the family [{group.family}]")


@rule("EFR221", "guessed password", severity="error")
def guessed(node: Node) -> Iterator[Finding | Unreadable]:
    """
    The password is the name of the user, a well-known default, or on the list of --try-passwords.
    Whoever attacks a node tries these first. Which one it is, is not told.

    Advice: Set another one with `esfilerealm passwd --generate`.
    """
    for name, line in node.lines_of_users(node.guessed_users).items():
        message = f"the password of user [{shown_name(name)}] was guessed"
        yield guessed.finding(message, path=node.paths.users, line=line, subject=shown_name(name))


HASH_RULES: Final[Mapping[HashProblemKind, Rule]] = MappingProxyType(
    {"clear-text": clear_text, "unsupported": unknown_algorithm, "malformed": malformed_hash}
)


def hash_finding(name: str, issue: HashIssue, path: str) -> Finding:
    """Return the finding that no password matches the stored text of a user."""
    return HASH_RULES[issue.kind].finding(
        issue.describe(has_line=False), path=path, line=issue.line_number, subject=name
    )


def _limited(node: Node) -> Iterator[tuple[HashGroup, int, int]]:
    """Yield the groups whose cost has limits, with the lowest and the highest."""
    limits = node.limits
    for group in node.hash_groups:
        if group.family == "bcrypt":
            yield group, limits.lowest_bcrypt_cost, limits.highest_bcrypt_cost
        elif group.family != _DIGEST:
            yield group, limits.lowest_pbkdf2_iterations, limits.highest_pbkdf2_iterations


def _first_releases(group: HashGroup) -> Iterator[tuple[int, int]]:
    if group.family.startswith("pbkdf2"):
        yield (7, 11) if group.family == "pbkdf2_stretch" else (6, 4)
        if not group.is_standard:
            yield 8, 7


def _of_users(
    broken: Rule, node: Node, group: HashGroup, text: str, severity: Severity | None = None
) -> Iterator[Finding]:
    """Yield a finding for each user of a group; *text* follows "the hash of user [name]"."""
    for name, line in node.lines_of_users(group.names).items():
        shown = shown_name(name)
        message = f"the hash of user [{shown}] {text}"
        yield broken.finding(
            message, path=node.paths.users, line=line, subject=shown, severity=severity
        )


def _unusable(node: Node, kind: HashProblemKind) -> Iterator[Finding]:
    for name, issue in node.realm.hash_issues.items():
        if issue.kind == kind:
            yield hash_finding(name, issue, node.paths.users)
