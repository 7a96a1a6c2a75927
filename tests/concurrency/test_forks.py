"""Children of a process whose threads write."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

SCRIPT = """
import os, signal, threading
from esfilerealm._storage import attributes

os.umask(0o027)
is_over = threading.Event()

def ask():
    while not is_over.is_set():
        attributes._umask()

threads = [threading.Thread(target=ask) for _ in range(2)]
for thread in threads:
    thread.start()
for _ in range(30):
    child = os.fork()
    if not child:
        signal.alarm(20)
        os._exit(0 if attributes._umask() == 0o027 else 1)
    assert os.waitpid(child, 0)[1] == 0
is_over.set()
for thread in threads:
    thread.join()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
def test_a_child_has_the_mask_of_new_files(tmp_path):
    """Reading the mask sets it: a fork at that moment must neither inherit that nor hang."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SCRIPT],
        capture_output=True,
        text=True,
        check=False,
        timeout=90,
        cwd=tmp_path,
    )
    assert (done.returncode, done.stderr) == (0, "")
