"""Every situation has the outcome that it has in a node."""

from __future__ import annotations

import pytest
from unit.checks.autoconfiguration.decisions import (
    CONFIGURED,
    DECRYPTION,
    ENROLLING,
    KEYSTORES,
    PROCEEDS,
    TABLE,
)

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
