"""A real browser without a window: Chromium, told what to do through a pipe."""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import time

from support.threads import PATIENCE

PROGRAM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)

#: Commands come on descriptor 3, and answers go to 4, each ended by a byte 0.
START = (
    'exec "$0" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run '
    '--user-data-dir="$1" --remote-debugging-pipe about:blank 3<&"$2" 4>&"$3" >/dev/null 2>&1'
)


class Browser:
    """
    One page in a browser of its own.

    Attributes:
        events: What the browser has told since ``open``, as pairs of name and values.
    """

    def __init__(self, profile):
        to_read, self._to_write = os.pipe()
        self._to_read, to_write = os.pipe()
        self._process = subprocess.Popen(
            ["bash", "-c", START, PROGRAM, str(profile), str(to_read), str(to_write)],
            pass_fds=(to_read, to_write),
            env={**os.environ, "DBUS_SESSION_BUS_ADDRESS": "disabled:"},
        )
        os.close(to_read)
        os.close(to_write)
        self._rest = b""
        self._number = 0
        self._session = {}
        self.events = []
        targets = self._ask("Target.getTargets")["targetInfos"]
        (page,) = [target["targetId"] for target in targets if target["type"] == "page"]
        attached = self._ask("Target.attachToTarget", targetId=page, flatten=True)
        self._session = {"sessionId": attached["sessionId"]}
        for domain in ("Page", "Network", "Log", "Runtime"):
            self._ask(f"{domain}.enable")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()
        os.close(self._to_write)
        os.close(self._to_read)

    def open(self, path, *, width=1000, height=700):
        """Show a file until it is loaded."""
        size = {"width": width, "height": height}
        self._ask("Emulation.setDeviceMetricsOverride", deviceScaleFactor=1, mobile=False, **size)
        self.events.clear()
        self._ask("Page.navigate", url=path.as_uri())
        while not any(name == "Page.loadEventFired" for name, _ in self.events):
            self._take()

    def told(self, name):
        """Return the values of all events of a name."""
        return [values for each, values in self.events if each == name]

    def run(self, script):
        """Return the value of an expression in the page."""
        done = self._ask("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in done, done
        return done["result"].get("value")

    def type(self, text):
        """Type into what has the focus."""
        self._ask("Input.insertText", text=text)

    def emulate(self, **features):
        """Have the page believe in media features, such as a dark screen."""
        given = [{"name": n.replace("_", "-"), "value": v} for n, v in features.items()]
        self._ask("Emulation.setEmulatedMedia", features=given)

    def _ask(self, method, **params):
        self._number += 1
        message = {"id": self._number, "method": method, "params": params, **self._session}
        os.write(self._to_write, json.dumps(message).encode() + b"\0")
        while (answer := self._take()).get("id") != self._number:
            pass
        assert "error" not in answer, answer
        return answer["result"]

    def _take(self):
        """Return the next message; if it is an event, keep it, too."""
        deadline = time.monotonic() + PATIENCE
        while b"\0" not in self._rest:
            left = max(0, deadline - time.monotonic())
            assert select.select([self._to_read], [], [], left)[0], "the browser does not answer"
            data = os.read(self._to_read, 2**16)
            assert data, f"the browser has ended with {self._process.wait()}"
            self._rest += data
        text, _, self._rest = self._rest.partition(b"\0")
        message = json.loads(text)
        if "method" in message:
            self.events.append((message["method"], message["params"]))
        return message
