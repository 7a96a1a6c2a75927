"""Hundreds of manifests: an import arrives at what the model says that the cluster has."""

from __future__ import annotations

from base64 import b64decode

import pytest
from field.eck_generator import Generator
from field.eck_model import Cluster, Secret, expected
from field.test_eck import CASES, by_id, encoded, is_usable, is_writable

from esfilerealm import UsersTool
from esfilerealm.formats import parse_users
from esfilerealm.hashing.bcrypt import bytes_match

STREAMS = 500
BLOCKS = 20
COMMAND = ("import", "--format", "k8s-secret", "-", "--purge", "all", "--force")


@pytest.mark.parametrize(
    "block", [0, *(pytest.param(block, marks=pytest.mark.slow) for block in range(1, BLOCKS))]
)
def test_an_import_arrives_at_what_the_model_says(run, config, block):
    for number in range(block, STREAMS, BLOCKS):
        generator = Generator(number)
        text = generator.stream()
        for name in ("users", "users_roles"):
            (config / name).write_text("")
        done = run(*COMMAND, *cluster_of(generator), stdin=text)
        assert done.exit_code == 0, (number, text, done.err)
        assert state_of(config, generator) == expected_state(generator), (number, text, done.err)


def cluster_of(generator):
    return () if generator.chosen is None else ("--cluster", generator.chosen)


def expected_state(generator):
    wanted = expected(generator.documents, generator.chosen)
    names = {*wanted.hashes, *wanted.passwords}
    return {
        name: (wanted.hashes.get(name, wanted.passwords.get(name)), wanted.roles.get(name, set()))
        for name in names
    }


def state_of(config, generator):
    """Return hash or password and roles of each user; a password only if it is the right one."""
    passwords = expected(generator.documents, generator.chosen).passwords
    hashes = parse_users((config / "users").read_bytes()).users
    found = {}
    for name, roles in UsersTool(config).list_users().items():
        text = hashes[name]
        is_right = name in passwords and bytes_match(passwords[name], text)
        found[name] = (passwords[name] if is_right else text, set(roles))
    return found


def test_the_streams_hold_everything():
    """They are of use only if much of what they hold counts, and much does not."""
    counts = {"users": 0, "passwords": 0, "refused": 0, "nobody": 0, "roles": 0}
    for number in range(STREAMS):
        generator = Generator(number)
        generator.stream()
        wanted = expected(generator.documents, generator.chosen)
        counts["users"] += bool(wanted.hashes)
        counts["passwords"] += bool(wanted.passwords)
        counts["roles"] += bool(wanted.roles)
        counts["nobody"] += not (wanted.hashes or wanted.passwords)
        secrets = [one for one in generator.documents if isinstance(one, Secret)]
        counts["refused"] += any(one.values() is None for one in secrets)
    assert min(counts.values()) > STREAMS // 5, counts


#: Those in which nobody but the Secrets gives users, and none was there before.
PLAIN = [case for case in CASES if "secrets" in case and not {"cluster", "existing"} & case.keys()]


@pytest.mark.parametrize("case", PLAIN, ids=by_id)
def test_the_model_says_what_was_recorded(case):
    documents = [secret_of(secret) for secret in case["secrets"]]
    if "refs" in case:
        documents.append(Cluster(case["refs"]))
    wanted, node = expected(documents), case["expect"]["node"]
    assert {**wanted.hashes, **dict.fromkeys(wanted.passwords)} == {
        name: None if text.startswith("{{hash:") else text
        for name, text in node["users"].items()
        if is_writable(name) and is_usable(text)
    }
    assert wanted.roles == {
        name: roles
        for name, given in node["roles"].items()
        if name in wanted.hashes.keys() | wanted.passwords.keys()
        if (roles := {role for role in given if is_writable(role)})
    }


def secret_of(secret):
    data = {
        key: b64decode(value["b64"] if isinstance(value, dict) else encoded(value))
        for key, value in secret.get("data", {}).items()
    }
    return Secret(secret["name"], "default", data, secret.get("stringData", {}), secret.get("type"))
