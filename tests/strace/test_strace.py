"""A sample of the faults at system calls of the command; ``.ci/run`` makes many more."""

from __future__ import annotations

import pytest
from strace import __main__ as program
from strace.tracing import why_not

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(why_not() is not None, reason=f"nothing can be traced: {why_not()}"),
]


@pytest.mark.parametrize("name", program.USUAL)
def test_a_sample(name, tmp_path):
    outcomes = program.run([name], 40, 1, tmp_path)
    assert len(outcomes) >= 40
    assert not [program.report(outcome) for outcome in outcomes if outcome.broken]
    results = {outcome.result for outcome in outcomes}
    assert {"done", "74", "130", "SIGKILL"} <= results, "the faults arrive"
