"""The watcher in a process that ends or forks: no child hangs, misses a change, or says a word."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

linux = pytest.mark.skipif(sys.platform != "linux", reason="written for inotify")
forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")


@pytest.fixture
def run(tmp_path):
    """Run a function of ``watching_process``; return its output, and assert that it ends well."""

    def run(name, *arguments):
        program = Path(__file__).with_name("watching_process.py")
        done = subprocess.run(
            [
                sys.executable,
                "-W",
                "ignore::DeprecationWarning",
                program,
                name,
                tmp_path,
                *arguments,
            ],
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])},
        )
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    return run


def test_the_end_of_the_interpreter(run):
    """The service was not closed; nothing is printed."""
    assert run("end_without_closing") == "end\n"


@forks
class TestFork:
    @pytest.mark.parametrize("how", ["poll", pytest.param("event", marks=linux)])
    def test_the_child_and_the_parent_go_on(self, run, how):
        assert run("fork_and_go_on", how) == "['MainThread']\n"

    def test_while_all_locks_are_held(self, run):
        assert run("fork_while_all_locks_are_held") == "child\nparent\n"

    def test_within_a_listener_on_the_watchers_thread(self, run):
        assert run("fork_in_a_listener") == "child\nparent\n"

    @pytest.mark.slow
    @pytest.mark.timeout(120)
    def test_at_any_moment(self, run):
        assert run("fork_again_and_again") == "end\n"

    def test_without_a_thread_the_child_has_none(self, run):
        assert run("fork_without_a_thread") == "1\n"
