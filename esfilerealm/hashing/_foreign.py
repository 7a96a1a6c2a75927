"""Hashes of other programs. A node does not know them and uses them as clear text."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["foreign_family"]

_OWN: Final = (
    "$2a$",
    "$2b$",
    "$2y$",
    "{pbkdf2}",
    "{pbkdf2_stretch}",
    "{ssha256}",
    "{sha}",
    "{md5}",
)

# Prefixes in lower case; the first match names the family.
_FAMILIES: Final = (
    ("$apr1$", "Apache's MD5-crypt"),
    ("$1$", "MD5-crypt"),
    ("$5$", "SHA-256-crypt"),
    ("$6$", "SHA-512-crypt"),
    ("$y$", "yescrypt"),
    ("$7$", "scrypt"),
    ("$scrypt$", "scrypt"),
    ("scrypt:", "Werkzeug's scrypt"),
    ("$argon2", "argon2"),
    ("{argon2}", "LDAP's argon2"),
    ("$2$", "bcrypt of revision 2"),
    ("$2x$", "bcrypt of revision 2x"),
    ("$2", "bcrypt of an unknown revision"),
    ("$pbkdf2", "passlib's PBKDF2"),
    ("pbkdf2_", "Django's PBKDF2"),
    ("pbkdf2:", "Werkzeug's PBKDF2"),
    ("{pbkdf2-", "LDAP's PBKDF2"),
    ("{ssha", "LDAP's salted SHA"),
    ("{smd5}", "LDAP's salted MD5"),
    ("{sha", "LDAP's SHA"),
    ("{crypt}", "LDAP's crypt"),
    ("{plain}", "marked as clear text"),
    ("{cleartext}", "marked as clear text"),
    ("scram-sha-", "SCRAM"),
)

#: From shadow files: nobody can log in.
_LOCKED: Final = re.compile(r"[!*]+(\$|\{|$)")
#: From MySQL and PostgreSQL.
_DIGEST: Final = re.compile(r"\*[0-9a-f]{40}|md5[0-9a-f]{32}")


def foreign_family(text: str) -> str | None:
    """Return the kind of hash that *text* looks like, or None."""
    start = text.lstrip().lower()
    if start.startswith(_OWN):
        return "a hash with a leading blank or with its prefix in the wrong letter case"
    if _LOCKED.match(start):
        return "the mark of a locked account"
    if _DIGEST.fullmatch(start):
        return "a hash of a database"
    return next((family for prefix, family in _FAMILIES if start.startswith(prefix)), None)
