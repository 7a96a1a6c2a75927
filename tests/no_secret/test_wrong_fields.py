"""A secret that somebody put into the wrong field or option: the message names the field alone."""

from __future__ import annotations

import json

import pytest
from support.hashes import CHEAP_HASH

HASHES = {
    "bcrypt": CHEAP_HASH,
    "pbkdf2": "{PBKDF2}1000$AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=$AAECAwQFBgcICQoLDA0ODxA=",
    "apache": "$apr1$R3DdqiAZ$aljIkaIVPSarmDMlJUBBP.",
    "sha-512": "$6$Rd1Jdb9sXd3K4yAD$Jt2nVBb5SvB5p8nBiXfSkeDSgcx2wuWJ8lw5jvFqpZcA4BZ5kHB5n6Hd2hR7b",
    "ssha": "{SSHA}QmFkZ2VyV29tYmF0WGVydXNZYWsxMjM0",
    "argon2": "$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHRzYWx0$QmFkZ2VyV29tYmF0WGVydXM",
}

PASSWORDS = {"word": "Pw-Ocelot-41", "path": "Pw-Ocelot-41/Pw-Puma-42", "long": "Pw-Quoll-43" * 40}

FIELDS = ("name", "password_file", "password_env", "roles", "roles_add", "roles_remove", "state")
FIELDS += ("update_password", "a key", "no field")

#: Where a password stands in the place of a path or the name of a variable.
OF_PASSWORDS = ("password_file", "password_env")


def secret_parts(secret):
    """Return the longest parts of a secret, each of which would tell."""
    return [part for part in secret.replace("/", "$").split("$") if len(part) > 9]


def user_with(field, secret):
    user = {"name": "ann", "roles": ["viewer"]}
    if field == "a key":
        return {**user, secret: 1}
    if field == "no field":
        return secret
    if field.startswith("roles_"):
        del user["roles"]
    return {**user, field: [secret] if field.startswith("roles") else secret}


@pytest.fixture
def printed(config, run, tmp_path, monkeypatch):
    """What a command prints."""
    monkeypatch.chdir(tmp_path)

    def printed(*words):
        done = run(*words)
        return done.exit_code, done.out + done.err

    return printed


@pytest.mark.parametrize("more", [[], ["--json"]], ids=["text", "json"])
@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("secret", HASHES.values(), ids=HASHES)
def test_a_hash_in_a_document(printed, tmp_path, field, secret, more):
    (tmp_path / "d.json").write_text(json.dumps({"users": [user_with(field, secret)]}))
    _, text = printed("apply", "d.json", *more)
    assert [part for part in secret_parts(secret) if part in text] == []


@pytest.mark.parametrize("field", OF_PASSWORDS)
@pytest.mark.parametrize("secret", PASSWORDS.values(), ids=PASSWORDS)
def test_a_password_in_a_document(printed, tmp_path, field, secret):
    (tmp_path / "d.json").write_text(json.dumps({"users": [user_with(field, secret)]}))
    code, text = printed("apply", "d.json")
    assert (code, secret[:8] in text) == (65, False)
    assert field in text


WORDS = {
    "username": ["useradd", "@", "-p", "secret1"],
    "role": ["useradd", "ann", "-p", "secret1", "-r", "@"],
    "algorithm": ["hash", "-p", "secret1", "--algorithm", "@"],
    "passwd": ["passwd", "@", "-p", "secret1"],
    "roles": ["roles", "@"],
    "userdel": ["userdel", "@"],
    "verify": ["verify", "@", "-p", "secret1"],
    "whoami": ["whoami", "@", "-p", "secret1"],
    "run-as": ["whoami", "ann", "-p", "secret1", "--run-as", "@"],
    "list": ["list", "@"],
    "command": ["@"],
    "option": ["useradd", "ann", "--@"],
    "owner": ["init", "--owner", "@"],
    "format": ["export", "--format", "@"],
    "setting": ["settings", "-E", "xpack.security.authc.password_hashing.algorithm=@"],
    "key": ["settings", "-E", "@=1"],
    "directory": ["-c", "@", "list"],
    "document": ["plan", "@"],
    "output": ["export", "--format", "json", "--output", "@/@"],
    "file": ["useradd", "ann", "--password-file", "@"],
    "variable": ["useradd", "ann", "--password-env", "@"],
    "recipient": ["backup", "create", "x", "--recipient", "@"],
    "passphrase": ["backup", "create", "x", "--passphrase-file", "@"],
    "identity": ["backup", "verify", "d", "--allowed-signers", "d", "--identity", "@"],
}


@pytest.mark.parametrize("words", WORDS.values(), ids=WORDS)
@pytest.mark.parametrize("secret", HASHES.values(), ids=HASHES)
def test_a_hash_on_the_command_line(printed, words, secret):
    code, text = printed(*(word.replace("@", secret) for word in words))
    assert [part for part in secret_parts(secret) if part in text] == []
    assert code != 70


@pytest.mark.parametrize(
    "words", [WORDS[name] for name in ("file", "variable", "passphrase")], ids=" ".join
)
@pytest.mark.parametrize("secret", PASSWORDS.values(), ids=PASSWORDS)
def test_a_password_on_the_command_line(printed, words, secret):
    _, text = printed(*(word.replace("@", secret) for word in words))
    assert secret[:8] not in text


def test_a_path_with_a_nul(printed, tmp_path):
    (tmp_path / "d.json").write_text(json.dumps({"users": [user_with("password_file", "a\0b")]}))
    assert printed("apply", "d.json")[0] == 65


def test_the_name_of_a_variable_is_shown(printed):
    assert (
        "environment variable [NO_SUCH_9] is not set"
        in printed("useradd", "ann", "--password-env", "NO_SUCH_9")[1]
    )


def test_the_directory_of_a_file_that_is_not_there_is_shown(printed, tmp_path):
    assert (
        f"cannot use [{tmp_path}]: the password file is not in it"
        in printed("useradd", "ann", "--password-file", "pw")[1]
    )
