"""A realm folder, the command in process, and guards against what a test may leave behind."""

from __future__ import annotations

import io
import os
import signal
import sys
import threading
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import HealthCheck, settings
from support.clocks import Clocks
from support.threads import PATIENCE

from esfilerealm import UsersTool
from esfilerealm._ground import moments
from esfilerealm._storage import realm_files
from esfilerealm.cli import main
from esfilerealm.documents import events
from esfilerealm.settings import location

if TYPE_CHECKING:
    from pathlib import Path

settings.register_profile("default", deadline=None)
settings.register_profile(
    "ci", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("ci" if os.environ.get("CI") else "default")


if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell without jobs does that to what it runs in the background, and children inherit it.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_terminal_summary(terminalreporter):
    """Print at how many points ``tests/crash/`` and ``tests/interrupts/`` struck an operation."""
    points = Counter()
    for report in terminalreporter.getreports("passed"):
        for key, value in report.user_properties:
            points[key] += value if key == "crash points" or key.startswith("interrupts") else 0
    if points["crash points"]:
        terminalreporter.write_line(f"writes failed or killed at {points['crash points']} points")
    for key, number in sorted(points.items()):
        if key.startswith("interrupts") and number:
            terminalreporter.write_line(f"{key}: {number}")


@pytest.fixture(autouse=True)
def _no_surroundings(monkeypatch):
    """Hide the environment variables and directories of this machine that would change a test."""
    surroundings = ("ES_PATH_CONF", "CONF_DIR", "ES_HOME", "ELASTIC_CONTAINER")
    for name in (*surroundings, "ES_DISTRIBUTION_TYPE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(location, "_root", "/nowhere at all")


@pytest.fixture(params=["c", "python"])
def yaml_loader(request, monkeypatch):
    """Read YAML with the C library, and without it."""
    if request.param == "python":
        monkeypatch.setattr(events, "_LOADER", events.NodeLoader)
    elif not hasattr(yaml, "CSafeLoader"):
        pytest.skip("PyYAML without libyaml")


@pytest.fixture(autouse=True)
def _short_stillness(monkeypatch):
    """Wait for no slow writer: tests in which somebody writes slowly set this themselves."""
    monkeypatch.setattr(realm_files, "_STILL", 0.002)


@pytest.fixture
def clocks(monkeypatch):
    """Both clocks, in the hands of the test."""
    clocks = Clocks()
    monkeypatch.setattr(moments, "now", clocks.now)
    return clocks


@pytest.fixture(autouse=True)
def _no_thread_left():
    before = set(threading.enumerate())
    yield
    left = [t for t in threading.enumerate() if t not in before and not t.daemon]
    for thread in left:
        thread.join(PATIENCE)  # a thread that was stopped may take a moment
    assert not any(thread.is_alive() for thread in left)


class Clock:
    """Seconds that go on when a test says so."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def config(tmp_path) -> Path:
    """An empty realm whose new hashes are cheap."""
    folder = tmp_path / "config"
    folder.mkdir()
    (folder / "users").touch()
    (folder / "users_roles").touch()
    (folder / "elasticsearch.yml").write_text(
        "xpack.security.authc.password_hashing.algorithm: bcrypt4\n"
    )
    return folder


@pytest.fixture
def tool(config) -> UsersTool:
    return UsersTool(config)


@dataclass
class Run:
    """What a run of the command left."""

    exit_code: int
    out: str
    err: str


@pytest.fixture
def run(config, monkeypatch, capsys):
    """Run the command in process, on the realm of this test unless told otherwise."""

    def run(*args: str, stdin: str = "", config_dir: Path | None = config) -> Run:
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        if config_dir is not None:
            monkeypatch.setenv("ES_PATH_CONF", str(config_dir))
        capsys.readouterr()
        exit_code = main(list(args))
        return Run(exit_code, *capsys.readouterr())

    return run
