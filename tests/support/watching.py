"""What tests of the watcher share: a listener that remembers, settings, and ways to wait."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass

from support.threads import wait_until

TIMEOUT = 30.0
#: Long enough that no poll can have done it.
NEVER = 3600.0


@dataclass
class Settings:
    reload_enabled: bool = True
    reload_interval_high: float = NEVER
    reload_interval_medium: float = NEVER
    reload_interval_low: float = NEVER


class Recorder:
    """A listener; each call is a list of ``(kind, file name)``."""

    def __init__(self, fails=0, error=None):
        self.calls = []
        self.fails = fails
        self.error = error
        self.renew()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self.renew)

    def renew(self):
        self.changed = threading.Condition()

    def __call__(self, changes):
        with self.changed:
            self.calls.append([(change.kind, os.path.basename(change.path)) for change in changes])
            self.changed.notify_all()
        if self.fails:
            self.fails -= 1
            if self.error is not None:
                raise self.error
            return False
        return None

    def take(self):
        calls, self.calls = self.calls, []
        return calls

    def wait(self, count=1):
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.calls) >= count, TIMEOUT), self.calls


def wait_until_quiet(service):
    """Wait until folders are watched and nothing is left to do before the next event."""
    runner = service._runner
    wait_until(lambda: runner._folders._watched)
    last = None
    while (now := (runner.timetable._wake_time, runner.timetable._quiet_until)) != last or now[0]:
        last = now
        time.sleep(0.15)


def replace(path, data):
    """Write *data* as a node's own tools do: to another file, then by rename."""
    other = path.with_name(path.name + ".tmp")
    other.write_bytes(data)
    os.replace(other, path)


def swap_link(link, target):
    other = link.with_name(link.name + "_tmp")
    other.symlink_to(target)
    os.replace(other, link)
