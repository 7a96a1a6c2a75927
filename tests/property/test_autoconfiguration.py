"""Random layouts have the outcome of a small model, written from the description and apart."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from support.first_start import Layout, keystore

from esfilerealm.checks.autoconfiguration import explain

pytestmark = pytest.mark.property

SWITCH = "xpack.security.autoconfiguration.enabled"
SECURITY = "xpack.security.enabled"
HTTP = "xpack.security.http.ssl."
TRANSPORT = "xpack.security.transport.ssl."
MASTERS = "cluster.initial_master_nodes"
HOSTS = "discovery.seed_hosts"
PROVIDERS = "discovery.seed_providers"
DATA_TIERS = ["data_content", "data_hot", "data_warm", "data_cold", "data_frozen"]
DATA_ROLES = ["data", *DATA_TIERS, "index", "search"]
ROLES = [*DATA_ROLES, "master", "voting_only", "ingest", "ml", "transform"]

texts = st.sampled_from(["", "true", "false", "n", "h", "n,h", " n ", "single-node", "master,data"])
names = st.sampled_from(["n", "h", "m"])
roles = st.lists(st.sampled_from([*ROLES, "master", "data", "nosuch"]), max_size=3)
VALUES = {
    SWITCH: texts,
    SECURITY: texts,
    f"{HTTP}enabled": texts,
    f"{TRANSPORT}key": st.one_of(texts, st.lists(texts, max_size=1)),
    MASTERS: st.one_of(texts, st.lists(names, max_size=2)),
    HOSTS: st.one_of(texts, st.lists(names, max_size=1)),
    PROVIDERS: st.lists(names, max_size=1),
    "discovery.type": texts,
    "node.name": names,
    "node.roles": st.one_of(texts, roles, roles.map(",".join)),
    "cluster.name": texts,
}
some_settings = st.lists(st.sampled_from(sorted(VALUES)), max_size=3, unique=True).flatmap(
    lambda keys: st.fixed_dictionaries({key: VALUES[key] for key in keys})
)
layouts = st.fixed_dictionaries(
    {
        "file": some_settings,
        "options": some_settings,
        "nested": st.booleans(),
        "data": st.sampled_from([None, (), (), (), ("nodes",)]),
        "yml_is": st.sampled_from(["file"] * 6 + ["link", "dangling"]),
        "log4j2": st.sampled_from([""] * 6 + [None]),
        "entries": st.sampled_from([None, None, (), (f"{HTTP}keystore.secure_password",)]),
        "keystore_is": st.sampled_from(["file"] * 4 + ["link"]),
        "password": st.sampled_from(["", "", "secret"]),
        "given": st.sampled_from(["", "secret"]),
        "enrollment": st.booleans(),
    }
)


def modelled(given):
    """Return the check and the exit, by the description alone."""
    known = {} if given["yml_is"] == "dangling" else dict(given["file"])
    known |= given["options"]
    known = {key: value for key, value in known.items() if value != ""}

    def items(key):
        value = known.get(key, [])
        return value if isinstance(value, list) else [each.strip() for each in value.split(",")]

    switch, own = known.get(SWITCH, "true"), items("node.roles")
    is_alone = not (items(MASTERS) or items(HOSTS) or items(PROVIDERS))
    is_itself = items(MASTERS) == [known.get("node.name", "h")]
    is_single = known.get("discovery.type") == "single-node"
    has_keystore = given["entries"] is not None
    looks_at_roles = "node.roles" in known and not given["enrollment"]
    rows = [
        (given["log4j2"] is None, None, "CONFIG"),
        (given["data"], "AUT-01", "NOOP"),
        (given["yml_is"] != "file", "AUT-02", "CONFIG"),
        (has_keystore and given["keystore_is"] == "link", "AUT-04", "NOOP"),
        (switch == "false", "AUT-05", "NOOP"),
        (switch != "true", "AUT-05", "exception"),
        (SECURITY in known, "AUT-06", "NOOP"),
        (any(key.startswith((HTTP, TRANSPORT)) for key in known), "AUT-07", "NOOP"),
        (not (is_single or is_alone or is_itself), "AUT-08", "NOOP"),
        (looks_at_roles and ("master" not in own or "voting_only" in own), "AUT-09", "NOOP"),
        (looks_at_roles and set(own) - set(ROLES), "AUT-10", "exception"),
        (looks_at_roles and not set(own) & set(DATA_ROLES), "AUT-10", "NOOP"),
        (given["enrollment"], None, "PROCEEDS"),
        (has_keystore and given["given"] != given["password"] != "", None, "exception"),
        (given["entries"], "AUT-13", "CONFIG"),
        (True, None, "OK"),
    ]
    return next((check, ends) for is_met, check, ends in rows if is_met)


def text_of(given):
    """Write settings as YAML, flat or nested."""
    found = dict(given["file"])
    if not given["nested"]:
        return "".join(f"{key}: {json.dumps(value)}\n" for key, value in found.items())
    tree = {}
    for key, value in found.items():
        *outer, last = key.split(".")
        here = tree
        for step in outer:
            here = here.setdefault(step, {})
        here[last] = value
    return yaml.safe_dump(tree)


@settings(max_examples=400)
@given(layouts)
def test_the_model(given):
    entries = given["entries"]
    layout = Layout(
        yml=text_of(given),
        yml_is=given["yml_is"],
        log4j2=given["log4j2"],
        data=given["data"],
        keystore=None if entries is None else keystore(*entries, password=given["password"]),
        keystore_is="file" if entries is None else given["keystore_is"],
    )
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        layout.create(home)
        result = explain(
            home / "config",
            home=home,
            settings={key: json.dumps(value) for key, value in given["options"].items()},
            environment={"HOSTNAME": "h"},
            keystore_password=given["given"],
            enrollment=given["enrollment"],
        )
    check, ends = modelled(given)
    assert (result.check, result.exit) == (check, ends)
    assert result.configured is (ends in ("OK", "PROCEEDS"))
    fails = (
        given["log4j2"] is None
        or ends == "exception"
        or (given["enrollment"] and ends not in ("OK", "PROCEEDS"))
    )
    assert result.start == ("fails" if fails else "continues")


@given(st.binary(max_size=200))
def test_any_bytes_as_settings(data):
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        Layout(yml=data).create(home)
        result = explain(home / "config", home=home, environment={})
    assert result.stage in ("environment", "command")
    assert all(str(hit).isprintable() for hit in result.hits)


@given(st.dictionaries(st.text(max_size=9), st.text(max_size=9), max_size=2))
def test_any_options(options):
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        Layout().create(home)
        result = explain(home / "config", home=home, settings=options, environment={})
    assert all(str(hit).isprintable() for hit in result.hits)
