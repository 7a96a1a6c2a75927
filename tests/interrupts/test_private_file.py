"""An export is struck between any two instructions: its temporary file, full of hashes, is gone."""

from __future__ import annotations

import os

import pytest
from interrupts.kit import Interrupt, Resources, Strike, fail, interrupt, points_of

from esfilerealm._storage import private_file, staging
from esfilerealm._storage.private_file import write_private_file

pytestmark = [pytest.mark.timeout(600)]


@pytest.mark.parametrize(
    "is_whole",
    [pytest.param(False, id="quick"), pytest.param(True, id="whole", marks=pytest.mark.slow)],
)
@pytest.mark.parametrize("act", [interrupt, fail], ids=["interrupted", "failed"])
def test_an_export(tmp_path, act, is_whole, record_property):
    path = tmp_path / "out"

    def operation():
        write_private_file(str(path), b"new")

    operation()
    points, struck, resources = points_of(operation), 0, Resources()
    for point in points:
        if not is_whole and point.code.co_filename not in (private_file.__file__, staging.__file__):
            continue  # nobody else comes back for the file, so each instruction here counts
        path.write_bytes(b"old")
        strike = Strike(point, act).run(operation)
        struck += strike.was_hit
        assert os.listdir(tmp_path) == ["out"], point
        assert path.read_bytes() in (b"old", b"new"), point
        if act is interrupt and strike.was_hit:
            assert isinstance(strike.outcome, Interrupt), point
        resources.check(point)
    record_property("interrupts of an export", struck)
    assert struck > 100
