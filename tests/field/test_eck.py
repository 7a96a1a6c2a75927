"""
Secrets of Elastic's operator: what an import arrives at is what the cluster has.

``vectors/exchange/eck-cases.json`` records what the operator and a node behind it make of Secrets.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
import yaml

from esfilerealm import UsersTool
from esfilerealm.exchange.eck import (
    Merged,
    SecretSkippedError,
    basic_auth,
    is_basic_auth,
    provided_by_files,
)
from esfilerealm.exchange.k8s_documents import read_documents
from esfilerealm.exchange.k8s_objects import Objects
from esfilerealm.hashing import check_hash
from esfilerealm.names import broken_rule
from esfilerealm.settings import RealmSettings

CASES = json.loads(
    (Path(__file__).parents[1] / "vectors" / "exchange" / "eck-cases.json").read_text("utf-8")
)

#: The operator gives these users to every cluster, beside those of the Secrets.
PREDEFINED = (
    "elastic-internal",
    "elastic-internal-diagnostics",
    "elastic-internal-monitoring",
    "elastic-internal-pre-stop",
    "elastic-internal-probe",
)


def manifest_of(case):
    """The Secrets of a case as a manifest, and the Elasticsearch that names them."""
    if "manifest" in case:
        return case["manifest"]
    documents = []
    for secret in case["secrets"]:
        data = {
            key: value["b64"] if isinstance(value, dict) else encoded(value)
            for key, value in secret.get("data", {}).items()
        }
        document = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": secret["name"]}}
        document |= {key: secret[key] for key in ("type", "stringData") if key in secret}
        documents.append(document | {"data": data})
    if "refs" in case:
        refs = [{"secretName": name} for name in case["refs"]]
        documents.append(
            {
                "apiVersion": "elasticsearch.k8s.elastic.co/v1",
                "kind": "Elasticsearch",
                "metadata": {"name": "es"},
                "spec": {"auth": {"fileRealm": refs}},
            }
        )
    return yaml.safe_dump_all(documents)


def encoded(text):
    return base64.b64encode(text.encode()).decode()


def expected_of(case):
    """The users of the Secrets whom a node lets in and a line may hold, with their roles."""
    node = case["expect"].get("node") or {"users": {}, "roles": {}}
    predefined = {*PREDEFINED, "elastic"} - names_in_secrets(case) if "cluster" in case else ()
    better = BETTER.get(case["id"])
    if better is not None:
        node["users"][better] = f"{{{{hash:{better}}}}}"
        case["expect"]["generated"] = {better: {"password": case["secrets"][0]["data"]["password"]}}
    return {
        name: (password_hash, {role for role in node["roles"].get(name, ()) if is_writable(role)})
        for name, password_hash in node["users"].items()
        if name not in predefined and is_writable(name) and is_usable(password_hash)
    }


def names_in_secrets(case):
    return {
        line.partition(":")[0]
        for secret in case["secrets"]
        for line in secret["data"].get("users", "").split("\n")
    } | {secret["data"].get("username") for secret in case["secrets"]}


def is_writable(name):
    return broken_rule(name, writable=True) is None


def is_usable(password_hash):
    if password_hash.startswith("{{hash:"):
        return True
    try:
        check_hash(password_hash)
    except ValueError:
        return False
    return True


def by_id(case):
    return f"{case['id']}-{case['tag']}"


#: Where an import does better than the operator: a node takes this hash for clear text, so that
#: nobody could log in; an import hashes the password anew.
BETTER = {46: "greta"}


@pytest.mark.parametrize("case", CASES, ids=by_id)
def test_an_import_arrives_at_what_the_cluster_has(tmp_path, run, case):
    existing = case.get("existing", {})
    (tmp_path / "users").write_text(existing.get("users", ""))
    (tmp_path / "users_roles").write_text(existing.get("users_roles", ""))
    done = run(
        *("import", "--format", "k8s-secret", "-", "--purge", "all", "--force"),
        *("-E", "xpack.security.authc.reserved_realm.enabled=false"),
        stdin=manifest_of(case),
        config_dir=tmp_path,
    )
    assert done.exit_code == 0, done.err
    tool = UsersTool(tmp_path, settings=RealmSettings(reserved_realm_enabled=False))
    lines = dict(line.split(":") for line in (tmp_path / "users").read_text().splitlines())
    expected = expected_of(case)
    assert {name: set(roles) for name, roles in tool.list_users().items()} == {
        name: roles for name, (_, roles) in expected.items()
    }
    for name, (password_hash, _) in expected.items():
        if password_hash.startswith("{{hash:"):
            assert tool.verify(name, case["expect"]["generated"][name]["password"])
        else:
            assert lines[name] == password_hash


#: A document of which the API server does not even learn the name.
NO_JSON = "not JSON here"


def merged_of(case):
    """What the operator merges, with its events: each is a Secret and what is said of it."""
    objects = Objects(read_documents(manifest_of(case)))
    secrets = {secret.identity: secret for secret in objects.secrets if not secret.problems}
    every = [secret.identity for secret in objects.secrets if NO_JSON not in secret.problem]
    refs = objects.clusters[0].refs if objects.clusters else every
    merged, events, passwords = Merged(), [], {}
    for identity in refs:
        secret = secrets.get(identity)
        if secret is None:
            events.append((identity[1], "not_found"))
            continue
        try:
            if is_basic_auth(secret.values):
                user = basic_auth(secret.values)
                name = user.name.decode()
                passwords[name] = user.password.decode()
                provided = user.provided(f"{{{{hash:{name}}}}}".encode())
            else:
                if {"username", "password"} & secret.values.keys():
                    events.append((identity[1], "misconfigured"))
                provided = provided_by_files(secret.values)
        except SecretSkippedError as error:
            events.append((identity[1], str(error)))
        else:
            merged.add(provided, secret.label)
    return merged, events, passwords


#: What is said of each of the recorded reasons.
REASONS = {
    "users_line": "[users], line [",
    "users_roles_line": "[users_roles], line [",
    "name_empty": "must have 1 to 1024 characters",
    "name_edge_space": "must not start or end with a blank",
    "name_chars": "printable ASCII",
    "password_over_72_bytes": "at most 72 bytes",
}


#: Other users come in there too, or a hash that was there before.
MERGED = [case for case in CASES if "cluster" not in case and case["tag"] != "existing"]


@pytest.mark.parametrize("case", MERGED, ids=by_id)
def test_secrets_merge_to_the_bytes_that_the_operator_writes(case):
    merged, _, passwords = merged_of(case)
    expect = case["expect"]
    assert merged.file("users") == expect["users"].encode()
    assert merged.file("users_roles") == expect["users_roles"].encode()
    generated = expect.get("generated", {})
    assert passwords == {name: one["password"] for name, one in generated.items()}


@pytest.mark.parametrize("case", CASES, ids=by_id)
def test_the_operator_warns_of_the_same_secrets_for_the_same_reasons(case):
    _, events, _ = merged_of(case)
    expected = case["expect"]["events"]
    assert [secret for secret, _ in events] == [event["secret"] for event in expected]
    for (_, said), event in zip(events, expected, strict=True):
        if event["kind"] == "invalid":
            assert all(REASONS[reason] in said for reason in event["reasons"])
        else:
            assert said == event["kind"]


@pytest.mark.parametrize(
    "case", [case for case in CASES if "api_refuses" in case["expect"]], ids=by_id
)
def test_the_api_server_refuses_the_same_secrets(case):
    objects = Objects(read_documents(manifest_of(case)))
    refused = [
        "" if NO_JSON in secret.problem else secret.identity[1]
        for secret in objects.secrets
        if secret.problems
    ]
    assert refused == [one["name"] for one in case["expect"]["api_refuses"]]
