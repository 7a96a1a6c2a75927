"""Cases of the rules about hashes."""

from __future__ import annotations

from dataclasses import replace

from support.hashes import CHEAP_HASH

from esfilerealm.hashing import resolve

from . import Case, RuleCases
from .realm import NOT_UTF8, USERS_IS_A_DIRECTORY

__all__ = ["CASES"]

APACHE = "$apr1$aaaaaaaa$bbbbbbbbbbbbbbbbbbbbbb"
UNREADABLE = (NOT_UTF8, USERS_IS_A_DIRECTORY)
SOUND = Case("a sound hash", {"users": f"bob:{CHEAP_HASH}\n"})


#: The base64 of 32 bytes.
SALT = "A" * 43 + "="
FIPS = "xpack.security.fips_mode.enabled: true\n"


def with_cost(cost: int) -> str:
    """Return a bcrypt hash of that cost, which matches no password that anybody knows."""
    return f"$2a${cost:02}{CHEAP_HASH[6:]}"


def hashed(password: str) -> str:
    """Return a cheap hash."""
    return resolve("bcrypt4").hash(password)


def stored(name: str, text: str, *, first: str = CHEAP_HASH, version=None, **finds) -> Case:
    """Return a case in which this text is the hash of the second user."""
    users = f"al:{first}\nbob:{text}\n"
    finds = {"path": "users", "line": 2, "subject": "bob", **finds}
    return Case(name, {"users": users}, options={"elasticsearch_version": version}, finds=finds)


CASES = {
    "EFR201": RuleCases(
        (stored("a password", "swordfish"),),
        (SOUND, stored("the hash of another program", APACHE)),
        UNREADABLE,
    ),
    "EFR202": RuleCases(
        (stored("the hash of another program", APACHE),),
        (SOUND, stored("a password", "swordfish")),
        UNREADABLE,
    ),
    "EFR203": RuleCases(
        (stored("a hash with a sign that none has", CHEAP_HASH[:-1] + "!"),),
        (SOUND, stored("the hash of another program", APACHE)),
        UNREADABLE,
    ),
    "EFR211": RuleCases(
        (stored("SHA-1", resolve("sha1").hash("x")), stored("MD5", resolve("md5").hash("x"))),
        (SOUND, stored("a salted digest", resolve("ssha256").hash("x"))),
        UNREADABLE,
    ),
    "EFR212": RuleCases(
        (stored("a salted digest", resolve("ssha256").hash("x")),),
        (SOUND, stored("a digest without salt", resolve("sha1").hash("x"))),
        UNREADABLE,
    ),
    "EFR213": RuleCases(
        (
            stored("bcrypt", with_cost(9), first=with_cost(10)),
            stored("PBKDF2", resolve("pbkdf2_1000").hash("x"), first=with_cost(10)),
            stored("stretched", resolve("pbkdf2_stretch_1000").hash("x"), first=with_cost(10)),
        ),
        (
            stored("ten", with_cost(10), first=with_cost(10)),
            stored("PBKDF2", resolve("pbkdf2").hash("x"), first=with_cost(10)),
            stored("a digest", resolve("sha1").hash("x"), first=with_cost(10)),
        ),
        UNREADABLE,
    ),
    "EFR214": RuleCases(
        (
            stored("bcrypt", with_cost(14)),
            stored("PBKDF2", f"{{PBKDF2}}1000000${SALT}${SALT}"),
        ),
        (stored("13", with_cost(13)), stored("PBKDF2", f"{{PBKDF2}}500000${SALT}${SALT}")),
        UNREADABLE,
    ),
    "EFR215": RuleCases(
        (
            stored("2b", f"$2b{CHEAP_HASH[3:]}", version="7.14.2", severity="error"),
            stored("2y", f"$2y{CHEAP_HASH[3:]}", version=6, severity="error"),
            stored("some 7", f"$2b{CHEAP_HASH[3:]}", version=7, severity="warning"),
        ),
        (
            stored("7.15", f"$2b{CHEAP_HASH[3:]}", version="7.15.0"),
            stored("8", f"$2b{CHEAP_HASH[3:]}", version=8),
            stored("the newest", f"$2b{CHEAP_HASH[3:]}"),
            stored("2a", CHEAP_HASH, version=6),
        ),
        tuple(replace(case, options={"elasticsearch_version": 6}) for case in UNREADABLE),
    ),
    "EFR216": RuleCases(
        (
            stored("PBKDF2", resolve("pbkdf2_1000").hash("x"), version="6.3"),
            stored("stretched", resolve("pbkdf2_stretch_1000").hash("x"), version="7.10"),
            stored("a short salt", f"{{PBKDF2}}1000${SALT[:12]}${SALT}", version="8.6"),
        ),
        (
            stored("PBKDF2", resolve("pbkdf2_1000").hash("x"), version="6.4"),
            stored("stretched", resolve("pbkdf2_stretch_1000").hash("x"), version="7.11"),
            stored("lengths of all", f"{{PBKDF2}}1000${SALT}${SALT}", version="8.6"),
            stored("a short salt", f"{{PBKDF2}}1000${SALT[:12]}${SALT}", version="8.7"),
            stored("bcrypt", CHEAP_HASH, version=5),
        ),
        UNREADABLE,
    ),
    "EFR217": RuleCases(
        (
            Case(
                "bcrypt",
                {"users": f"bob:{CHEAP_HASH}\n", "elasticsearch.yml": FIPS},
                finds={"path": "users", "line": 1, "subject": "bob"},
            ),
        ),
        (
            SOUND,
            Case(
                "PBKDF2",
                {
                    "users": f"bob:{resolve('pbkdf2_1000').hash('x')}\n",
                    "elasticsearch.yml": FIPS,
                },
            ),
        ),
        (
            *(
                replace(case, files={**case.files, "elasticsearch.yml": FIPS})
                for case in UNREADABLE
            ),
            Case("settings that are no mapping", {"elasticsearch.yml": "- a\n"}),
        ),
    ),
    "EFR221": RuleCases(
        (
            Case(
                "the name of the user",
                {"users": f"bobby1:{hashed('bobby1')}\n"},
                options={"try_passwords": []},
                finds={"path": "users", "line": 1, "subject": "bobby1"},
            ),
            Case(
                "a default",
                {"users": f"bob:{hashed('changeme')}\n"},
                options={"try_passwords": []},
            ),
            Case(
                "on the list",
                {"users": f"bob:{hashed('swordfish')}\n"},
                options={"try_passwords": ["x", "swordfish"]},
            ),
        ),
        (
            Case("nothing is tried", {"users": f"bob:{hashed('changeme')}\n"}),
            Case(
                "another password",
                {"users": f"bob:{hashed('swordfish')}\nal:swordfish\n"},
                options={"try_passwords": ["x"]},
            ),
        ),
        tuple(replace(case, options={"try_passwords": []}) for case in UNREADABLE),
    ),
}
