"""
Parse on request and report the seconds; run by the interpreter that has ``libpass``.

A line of standard input names a file and how often to parse its content. The answer is one line.
"""

from __future__ import annotations

import gc
import json
import sys
import time

from passlib.apache import HtpasswdFile


def _seconds(path: str, times: int) -> float:
    with open(path, "rb") as file:
        data = file.read()
    gc.collect()
    start = time.perf_counter()
    for _ in range(times):
        HtpasswdFile.from_string(data)
    return (time.perf_counter() - start) / times


for line in sys.stdin:
    print(_seconds(**json.loads(line)), flush=True)
