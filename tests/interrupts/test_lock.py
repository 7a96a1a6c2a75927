"""The write lock is struck between any two instructions, those of ``filelock`` included."""

from __future__ import annotations

import pytest
from interrupts import kit
from interrupts.kit import Resources, Strike, interrupt, points_of

from esfilerealm._storage.lock import write_lock

pytestmark = [pytest.mark.timeout(600), kit.keeps_descriptors]

#: The modules of ``filelock`` but for its guard of forks, which an exception inside leaves closed:
#: the thread could not start a process any more.
FILELOCK = tuple(str(path) for path in kit.FILELOCK.rglob("*.py") if path != kit.FORK_GUARD)

#: One of so many points is struck.
QUICK, WHOLE = 37, 1


# An exception in a finalizer or in the call back of a weak reference goes no further.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    "each",
    [pytest.param(QUICK, id="quick"), pytest.param(WHOLE, id="whole", marks=pytest.mark.slow)],
)
def test_the_lock(tmp_path, each, record_property):
    path = str(tmp_path / "users.lock")

    def operation():
        lock = write_lock(lambda: path, 0.0)
        try:
            lock.__enter__()
        finally:
            try:
                lock.__exit__()
            except BaseException:
                lock.__exit__()  # as whoever holds resources here does after any exception
                raise

    operation()
    points = points_of(operation, also=FILELOCK)
    resources, struck = Resources(), 0
    for point in points[::each]:
        struck += Strike(point, interrupt, FILELOCK).run(operation).was_hit
        resources.check(point)
        operation()  # nobody holds the lock
    record_property("interrupts of a lock", struck)
    assert struck > len(points) / each / 2
