"""Cases of the rules about settings of hashing, and about FIPS mode."""

from __future__ import annotations

from ..settings_cases import KEYSTORE, about_keystore, about_settings, keystore_with, yml

__all__ = ["CASES"]

AUTHC = "xpack.security.authc"
PASSWORDS = f"{AUTHC}.password_hashing.algorithm"
KEYS = f"{AUTHC}.api_key.hashing.algorithm"
CACHE = f"{AUTHC}.realms.file.f.cache.hash_algo"
FIPS = "xpack.security.fips_mode.enabled: true\n"
STORE = "xpack.security.http.ssl.keystore"
LONG = "fourteen signs"

CASES = {
    "EFR440": about_settings(
        yml(
            "passwords",
            f"a: 1\n{PASSWORDS}: bcrpyt\n",
            line=2,
            subject=PASSWORDS,
            severity="error",
            message="did you mean [bcrypt]?",
        ),
        yml("passwords by the hash of a cache", f"{PASSWORDS}: ssha256\n", line=1),
        yml("API keys", f"{KEYS}: sha1\n", line=1),
        yml("service tokens", f"{AUTHC}.service_token_hashing.algorithm: x\n", line=1),
        yml("a cache", f"{CACHE}: sha256\n", line=1),
        yml("known", f"{PASSWORDS}: bcrypt12\n"),
        yml("known, in capitals", f"{PASSWORDS}: PBKDF2_STRETCH\n"),
        yml("a fast one for API keys", f"{KEYS}: ssha256\n"),
        yml("a fast one for a cache", f"{CACHE}: sha1\n"),
        yml("of another environment", f"{PASSWORDS}: ${{NO_SUCH_ONE}}\n"),
        yml("another setting", f"{AUTHC}.password_hashing.other: x\n"),
    ),
    "EFR441": about_settings(
        yml(
            "bcrypt",
            f"a: 1\n{PASSWORDS}: bcrypt9\n",
            line=2,
            subject=PASSWORDS,
            severity="warning",
            message="cost [9]: below 10",
        ),
        yml(
            "PBKDF2",
            f"{PASSWORDS}: pbkdf2_1000\n",
            line=1,
            message="number of iterations [1000]: below 10000",
        ),
        yml("PBKDF2 of stretched passwords", f"{PASSWORDS}: pbkdf2_stretch_1000\n", line=1),
        yml("the default", f"{PASSWORDS}: bcrypt\n"),
        yml("exactly enough", f"{PASSWORDS}: pbkdf2_10000\n"),
        yml("unknown", f"{PASSWORDS}: x\n"),
        yml("for API keys", f"{KEYS}: bcrypt4\n"),
    ),
    "EFR442": about_settings(
        yml(
            "bcrypt", f"{FIPS}{PASSWORDS}: bcrypt12\n", line=2, subject=PASSWORDS, severity="error"
        ),
        yml("bcrypt, with 6", f"{FIPS}{PASSWORDS}: bcrypt\n", version=6, line=2),
        yml("PBKDF2", f"{FIPS}{PASSWORDS}: pbkdf2\n"),
        yml("the default", FIPS),
        yml("no FIPS mode", f"{PASSWORDS}: bcrypt\n"),
        yml("5, which has none", f"{FIPS}{PASSWORDS}: bcrypt\n", version=5),
    ),
    "EFR443": about_settings(
        yml("a cache", f"{FIPS}{CACHE}: md5\n", line=2, subject=CACHE, severity="warning"),
        yml("API keys", f"{FIPS}{KEYS}: bcrypt\n", line=2),
        yml("ssha256", f"{FIPS}{CACHE}: ssha256\n"),
        yml("PBKDF2", f"{FIPS}{KEYS}: pbkdf2_stretch\n"),
        yml("no FIPS mode", f"{CACHE}: md5\n"),
        yml("passwords", f"{FIPS}{PASSWORDS}: bcrypt\n"),
    ),
    "EFR444": about_settings(
        yml("by type", f"{FIPS}{STORE}.path: a.p12\n{STORE}.type: JKS\n", line=2, severity="error"),
        yml("by name", f"{FIPS}{STORE}.path: a.jks\n", line=2),
        yml("a store of others", f"{FIPS}xpack.security.http.ssl.truststore.path: a\n", line=2),
        yml("PKCS#12", f"{FIPS}{STORE}.path: a.P12\n"),
        yml("by type another", f"{FIPS}{STORE}.path: a.jks\n{STORE}.type: bcfks\n"),
        yml("of another environment", f"{FIPS}{STORE}.path: ${{NO_SUCH_ONE}}\n"),
        yml("a key", f"{FIPS}xpack.security.http.ssl.key: a.jks\n"),
        yml("no FIPS mode", f"{STORE}.path: a.jks\n"),
    ),
    "EFR445": about_keystore(
        yml(
            "no password", FIPS, files={KEYSTORE: keystore_with()}, path=KEYSTORE, severity="error"
        ),
        yml(
            "a short one",
            FIPS,
            files={KEYSTORE: keystore_with(password="13 characters")},
            password="13 characters",
            path=KEYSTORE,
        ),
        yml(
            "a long one",
            FIPS,
            files={KEYSTORE: keystore_with(password=LONG)},
            password=LONG,
        ),
        yml("no keystore", FIPS),
        yml("no FIPS mode", "", files={KEYSTORE: keystore_with()}),
        unreadable=FIPS,
    ),
}
