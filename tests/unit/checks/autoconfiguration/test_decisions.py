"""Every situation has the outcome that it has in a node."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.first_start import Layout
from unit.checks.autoconfiguration.decisions import (
    CONFIGURED,
    DECRYPTION,
    ENROLLING,
    KEYSTORE,
    KEYSTORES,
    PROCEEDS,
    TABLE,
)

VECTORS = Path(__file__).parents[3] / "vectors" / "keystores"
_ROWS = json.loads((VECTORS / "keystores.json").read_text(encoding="utf-8"))
#: A start asks for a password only if the file says that it has one.
NOT_ASKED = [row for row in _ROWS if row["password"] and row["newest"].get("has_password") is False]
RECORDED = [row for row in _ROWS if row not in NOT_ASKED]

ROWS = [pytest.param(*row, id=name) for name, row in TABLE.items()]
#: With a token, the keystore is decrypted after the other node was asked.
LATER = {
    f"keystore, {name}"
    for name, (_, outcome) in KEYSTORES.items()
    if outcome == DECRYPTION or "AUT-13" in outcome
}
ENROLLING_ROWS = [
    *(pytest.param(*row, id=name) for name, row in ENROLLING.items()),
    *(
        pytest.param(layout, PROCEEDS if outcome == CONFIGURED else outcome, id=name)
        for name, (layout, outcome) in TABLE.items()
        if name not in LATER and not {"AUT-09", "AUT-10"} & set(outcome)
    ),
]


def outcome_of(result):
    return (result.stage, result.check, result.exit, result.shown, result.start)


@pytest.mark.parametrize(("layout", "outcome"), ROWS)
def test_outcome(tmp_path, monkeypatch, layout, outcome):
    result = layout.explain(tmp_path, monkeypatch)
    assert outcome_of(result) == outcome
    assert result.configured is (outcome == CONFIGURED)


@pytest.mark.parametrize(("layout", "outcome"), ENROLLING_ROWS)
def test_outcome_with_a_token(tmp_path, monkeypatch, layout, outcome):
    result = layout.enrolling().explain(tmp_path, monkeypatch)
    stage, check, exit_, _, _ = outcome
    if outcome == PROCEEDS:
        assert outcome_of(result) == PROCEEDS
    else:
        assert outcome_of(result) == (stage, check, exit_, True, "fails")
    assert result.configured is (outcome == PROCEEDS)


@pytest.mark.parametrize("row", RECORDED, ids=lambda row: f"{row['file']}-{row['password']}")
def test_recorded_keystores(tmp_path, monkeypatch, row):
    """What a node says of a keystore on loading, it says before; of decrypting, in the command."""
    layout = Layout(keystore=(VECTORS / row["file"]).read_bytes(), password=row["password"])
    result = layout.explain(tmp_path, monkeypatch)
    newest = row["newest"]
    if newest["ok"]:
        expected = CONFIGURED
    else:
        expected = {"load": KEYSTORE, "decrypt": DECRYPTION}[newest["stage"]]
    assert outcome_of(result) == expected


@pytest.mark.parametrize("row", NOT_ASKED, ids=lambda row: row["file"])
def test_a_password_that_nobody_asks_for(tmp_path, monkeypatch, row):
    layout = Layout(keystore=(VECTORS / row["file"]).read_bytes(), password=row["password"])
    assert layout.explain(tmp_path, monkeypatch).configured
