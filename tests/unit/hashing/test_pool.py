"""Many hashes at once: in order, few at a time, and gone when it is interrupted."""

from __future__ import annotations

import io
import os
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.threads import wait_until

from esfilerealm.hashing import pool
from esfilerealm.hashing.pool import HashingPool


class Counted(Sequence):
    """Items that know how many of them were asked for."""

    def __init__(self, count):
        self.count = count
        self.drawn = 0

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        if index >= self.count:
            raise IndexError
        self.drawn += 1
        return index


def hashing_threads():
    return [t for t in threading.enumerate() if t.name.startswith("esfilerealm-hashing")]


@pytest.mark.parametrize("jobs", [1, 2, 3, 50, None])
@pytest.mark.parametrize("count", [0, 1, 2, 7, 40])
def test_results_are_in_the_order_of_the_items(jobs, count):
    def work(item):
        time.sleep(0.002 * (item % 3 == 0))
        return item * 10

    result = HashingPool(jobs).map(work, range(count), "working")
    assert result == [item * 10 for item in range(count)]
    assert hashing_threads() == []


@pytest.mark.parametrize("jobs", [2, 3, 8])
def test_only_twice_as_many_items_as_jobs_are_queued(jobs):
    release, items = threading.Event(), Counted(100)

    def work(item):
        if item == 0:
            assert release.wait(20)
        return item

    results = []
    hashing = HashingPool(jobs)
    thread = threading.Thread(target=lambda: results.extend(hashing.map(work, items, "x")))
    thread.start()
    wait_until(lambda: items.drawn >= 2 * jobs)
    time.sleep(0.05)
    drawn = items.drawn
    release.set()
    thread.join(20)
    assert drawn == 2 * jobs
    assert results == list(range(100))


@pytest.mark.parametrize("jobs", [2, 4])
def test_as_many_work_at_once_as_there_are_jobs(jobs):
    together = threading.Barrier(jobs)
    lock, running, most = threading.Lock(), 0, 0

    def work(item):
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        if item < jobs:
            together.wait(20)
        with lock:
            running -= 1

    HashingPool(jobs).map(work, range(30), "x")
    assert most == jobs


def test_one_job_needs_no_thread():
    seen = HashingPool(1).map(lambda _: threading.current_thread(), range(3), "x")
    assert set(seen) == {threading.current_thread()}


def test_one_item_needs_no_thread():
    assert HashingPool(8).map(lambda _: threading.current_thread(), [1], "x") == [
        threading.current_thread()
    ]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("jobs", [1, 4])
def test_an_error_ends_the_work_and_leaves_no_thread(jobs, error):
    done = []

    def work(item):
        if item == 5:
            raise error
        time.sleep(0.001)
        done.append(item)

    with pytest.raises(error):
        HashingPool(jobs).map(work, range(1000), "x")
    assert hashing_threads() == []
    assert len(done) <= 5 + 2 * jobs


def test_items_in_the_queue_are_dropped_after_an_error(monkeypatch):
    """Both threads are busy until the pool is closed, which drops what is still queued."""
    release, begun, items = threading.Event(), [], Counted(100)

    class Executor(ThreadPoolExecutor):
        def shutdown(self, wait=True, **how):
            super().shutdown(wait=False, **how)
            release.set()
            super().shutdown(wait=wait)

    def work(item):
        begun.append(item)
        if item == 0:
            wait_until(lambda: items.drawn >= 4)
            raise ZeroDivisionError
        assert release.wait(20)

    monkeypatch.setattr(pool, "ThreadPoolExecutor", Executor)
    with pytest.raises(ZeroDivisionError):
        HashingPool(2).map(work, items, "x")
    assert 3 not in begun
    assert hashing_threads() == []


@pytest.mark.parametrize("jobs", [0, -1, -100])
def test_zero_jobs_are_refused(jobs):
    with pytest.raises(ValueError, match=rf"jobs is \[{jobs}\]: must be at least 1"):
        HashingPool(jobs)


@pytest.mark.parametrize(
    ("affinity", "count", "jobs"), [({1, 5, 7}, 64, 3), (None, 6, 6), (None, None, 1)]
)
def test_by_default_there_are_as_many_jobs_as_cores(monkeypatch, affinity, count, jobs):
    monkeypatch.setattr(os, "cpu_count", lambda: count)
    if affinity is None:
        monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    else:
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: affinity, raising=False)
    assert HashingPool()._jobs == jobs


class Stream(io.StringIO):
    def __init__(self, *, is_terminal):
        super().__init__()
        self.is_terminal = is_terminal

    def isatty(self):
        return self.is_terminal


class TestProgress:
    def slow(self, count=3, *, show_progress=True):
        hashing = HashingPool(1, show_progress=show_progress)
        return hashing.map(lambda _: time.sleep(0.3), range(count), "hashing")

    def test_a_progress_bar_on_a_terminal_disappears_at_the_end(self, monkeypatch):
        stream = Stream(is_terminal=True)
        monkeypatch.setattr(sys, "stderr", stream)
        assert self.slow() == [None] * 3
        assert "hashing:" in stream.getvalue()
        assert "/3" in stream.getvalue()
        assert "users" in stream.getvalue()
        assert stream.getvalue().rpartition("\r")[2].strip() == ""

    def test_short_work_shows_no_bar(self, monkeypatch):
        stream = Stream(is_terminal=True)
        monkeypatch.setattr(sys, "stderr", stream)
        assert HashingPool(2, show_progress=True).map(str, range(3), "hashing") == ["0", "1", "2"]
        assert "hashing" not in stream.getvalue()

    @pytest.mark.parametrize(
        ("stream", "show_progress"),
        [
            pytest.param(Stream(is_terminal=False), True, id="no terminal"),
            pytest.param(Stream(is_terminal=True), False, id="not asked for"),
            pytest.param(None, True, id="no stream"),
        ],
    )
    def test_there_is_no_bar_without_items(self, monkeypatch, stream, show_progress):
        def fail(*_, **__):
            raise AssertionError("a bar")

        monkeypatch.setattr("tqdm.tqdm", fail)
        monkeypatch.setattr(sys, "stderr", stream)
        assert HashingPool(1, show_progress=show_progress).map(str, [7], "hashing") == ["7"]
        assert stream is None or stream.getvalue() == ""
