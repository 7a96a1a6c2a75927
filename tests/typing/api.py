"""Type-checked and never run: names, hashes, formats, findings and errors as a caller uses them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, assert_type

import esfilerealm
from esfilerealm import (
    Finding,
    RealmSettings,
    errors,
    hash_password,
    validate_password,
    validate_role_name,
    validate_username,
    verify_hash,
)
from esfilerealm.checks import check_parsed, check_realm
from esfilerealm.formats import (
    HashIssue,
    LineIssue,
    ParsedRealm,
    ParsedUsers,
    ParsedUsersRoles,
    edit_users,
    edit_users_roles,
    parse_users,
    parse_users_roles,
)
from esfilerealm.formats.roles_yml import parse_role_names
from esfilerealm.hashing import (
    CACHE_ALGORITHMS,
    STORED_ALGORITHMS,
    Hasher,
    HashProblem,
    check_hash,
    decoy_hash,
    hash_problem,
    password_matches,
    resolve,
    resolve_from_hash,
)
from esfilerealm.hashing.passlib_context import crypt_context

if TYPE_CHECKING:
    from esfilerealm.errors import HashProblemKind
    from esfilerealm.findings import Severity
    from esfilerealm.formats import LineKind

assert_type(esfilerealm.__version__, str)

validate_username("bob", allow_reserved=True)
validate_role_name("admin")
validate_password("secret")

# Hashing

assert_type(STORED_ALGORITHMS, tuple[str, ...])
assert_type(CACHE_ALGORITHMS, tuple[str, ...])
assert_type(hash_password("secret", "pbkdf2"), str)
assert_type(verify_hash("secret", "hash"), bool)
assert_type(password_matches("secret", "hash"), bool)
check_hash("hash")
hasher = resolve("bcrypt")
assert_type(hasher, Hasher)
assert_type(resolve_from_hash("hash"), Hasher)
assert_type(hasher.verify("secret", hasher.hash("secret")), bool)
assert_type((hasher.name, hasher.cost), tuple[str, int])
assert_type(decoy_hash(["hash"]), str | None)
problem = hash_problem("hash")
assert_type(problem, HashProblem | None)
if problem is not None:
    assert_type(problem.reason, str)
    assert_type(problem.kind, Literal["malformed", "unsupported", "clear-text"])
    kind_of_hash: HashProblemKind = problem.kind
assert_type(crypt_context().needs_update("hash"), bool)

# Formats

users = parse_users(b"", source="users", allow_reserved=True, anonymous_username="guest")
assert_type(users, ParsedUsers)
assert_type(parse_users_roles(b"", source="users_roles"), ParsedUsersRoles)
assert_type(edit_users(b"", {"bob": None, "al": "hash"}), bytes)
assert_type(edit_users_roles(b"", {"bob": None, "al": ["admin"]}), bytes)
assert_type(parse_role_names(b""), set[str])
realm = ParsedRealm.parse(b"", b"")
assert_type(realm, ParsedRealm)
assert_type(realm.users, dict[str, tuple[str, ...]])
assert_type(realm.orphans, tuple[str, ...])
assert_type(realm.roles_of("bob"), tuple[str, ...])
assert_type(realm.hash_issues, dict[str, HashIssue])
for issue in users.issues:
    assert_type(issue, LineIssue)
    assert_type((issue.line_number, issue.reason), tuple[int, str])
    kind_of_line: LineKind = issue.kind

# Settings

settings = RealmSettings(cache_ttl=60.0, order=3, fips_mode_enabled=True, warnings=("w",))
assert_type(RealmSettings.load("config", elasticsearch_version=8), RealmSettings)
assert_type((settings.cache_ttl, settings.cache_max_users), tuple[float, int])
assert_type(settings.password_hashing_algorithm, str)
assert_type(settings.warnings, tuple[str, ...])

# Findings

findings = check_realm("config", RealmSettings())
assert_type(findings, tuple[Finding, ...])
assert_type(check_parsed(realm), tuple[Finding, ...])
for finding in findings:
    severity: Severity = finding.severity
    assert_type(finding.severity, Literal["error", "warning", "info"])
    assert_type((finding.code, finding.message, finding.advice), tuple[str, str, str])
    assert_type(
        (finding.path, finding.line, finding.subject), tuple[str | None, int | None, str | None]
    )
    assert_type(finding.to_dict(), dict[str, object])

# Errors

try:
    check_hash("hash")
except errors.UserNotFoundError as error:
    assert_type(error.username, str)
except errors.InvalidHashError as error:
    assert_type(error.kind, Literal["malformed", "unsupported", "clear-text"])
except errors.LockTimeoutError as error:
    assert_type(error.holder, str | None)
except errors.FileRealmError as error:
    assert_type(error, errors.FileRealmError)
