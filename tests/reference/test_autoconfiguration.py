"""The cases of the area autoconfig."""

from __future__ import annotations

import json

import pytest
from support.first_start import Layout, keystore
from support.reference import cases

from esfilerealm.checks.autoconfiguration import preview_removal

BLOCK = """\
#----------------------- BEGIN SECURITY AUTO CONFIGURATION -----------------------
xpack.security.enabled: true
{added}
#----------------------- END SECURITY AUTO CONFIGURATION -------------------------
"""
YML = {
    "regular, readable": "file",
    "symbolic link": "link",
    "missing": "file",
    "unreadable": "unreadable",
}


def layout_of(given):
    """Return the layout of a case that is about a start."""
    keystores = {
        "absent": None,
        "unreadable": keystore(),
        "password-protected": keystore(password="right"),
    }
    store, kind = given["keystore"], given["elasticsearch.yml"]
    text = "".join(f"{key}: {json.dumps(value)}\n" for key, value in given["settings"].items())
    return Layout(
        yml=None if kind == "missing" else text,
        yml_is=YML[kind],
        keystore=keystore(*store) if isinstance(store, list) else keystores[store],
        keystore_is="unreadable" if store == "unreadable" else "file",
        data=() if given["data_dir_empty"] else ("nodes",),
        writable=given["config_dir_writable"],
        password=given.get("password", ""),
    )


@pytest.mark.parametrize("case", cases("autoconfig", only=lambda case: "settings" in case.given))
def test_of_a_start(case, tmp_path, monkeypatch):
    result = layout_of(case.given).explain(tmp_path, monkeypatch)
    found = {
        "configured": result.configured,
        "check": result.check,
        "message_shown": result.shown,
        "node_starts": result.start == "continues",
        # Of a node that starts without automatic configuration.
        "security_on": not any(hit.key == "xpack.security.enabled" for hit in result.hits),
        "tls": result.configured or any(hit.rule == "AUT-07" for hit in result.hits),
    }
    part = case.expect.pop("message_contains", "")
    assert part in "".join(hit.message for hit in result.hits)
    assert found | case.expect == found


@pytest.mark.parametrize("case", cases("autoconfig", only=lambda case: "terminal" in case.given))
def test_of_a_start_without_terminal(case, tmp_path, monkeypatch):
    assert case.is_different
    assert Layout().explain(tmp_path, monkeypatch).configured is case.expect["configured"]


@pytest.mark.parametrize("case", cases("autoconfig", only=lambda case: "yml" in case.given))
def test_of_the_removal_of_a_block(case):
    added = "some.extra.added.setting: value" if "plus" in case.given["yml"] else ""
    removal = preview_removal(f"before: 1\n{BLOCK.format(added=added)}after: 2\n")
    assert removal.found is case.expect.get("block_removed", True)
    assert list(removal.kept) == case.expect.get("kept", [])
    moved = f"{added}\n" if added else ""
    assert removal.text == f"before: 1\n\nafter: 2\n{moved}"


@pytest.mark.parametrize("case", cases("autoconfig", only=lambda case: "operation" in case.given))
def test_of_the_keystore_at_a_removal(case):
    lacks = case.given["keystore_lacks"]
    removal = preview_removal(
        BLOCK.format(added=""),
        secure_settings=(
            "xpack.security.transport.ssl.keystore.secure_password",
            "xpack.security.transport.ssl.truststore.secure_password",
            "xpack.security.http.ssl.keystore.secure_password",
        ),
    )
    assert removal.problem == f"the keystore {case.expect['error_contains']} [{lacks}]"
    assert removal.text == BLOCK.format(added="")


def test_every_case_is_run():
    assert len(cases("autoconfig")) == 33
    shapes = {"settings", "terminal", "yml", "operation"}
    assert all(len(shapes & case.values[0].given.keys()) == 1 for case in cases("autoconfig"))
