"""Whatever stands in the files of a node, the checks answer, with lines that are there."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.check_cases import all_cases

from esfilerealm.checks import check

pytestmark = pytest.mark.property

NAMES = ("elasticsearch.yml", "roles.yml", "role_mapping.yml", "service_tokens", "jvm.options")


def _known_lines() -> list[bytes]:
    """Return the lines of the cases of all rules about settings."""
    known = set()
    for code, cases in all_cases().items():
        for case in (*cases.fires, *cases.innocent) if code.startswith("EFR4") else ():
            for name in NAMES:
                content = case.files.get(name) or b""
                data = content.encode() if isinstance(content, str) else content
                known.update(data.split(b"\n"))
    return sorted(known)


VALUES = [
    b"",
    b"[]",
    b"{}",
    b"[a, b]",
    b"{a: b}",
    b"${A}",
    b"null",
    b"-",
    b"*a",
    b"::1%x",
    b"9" * 30,
]
known = st.sampled_from(_known_lines())
other = st.builds(
    lambda line, value: line.partition(b":")[0] + b": " + value, known, st.sampled_from(VALUES)
)
indented = known.map(lambda line: b"  " + line)
lines = st.lists(st.one_of(known, other, indented, st.binary(max_size=6)), max_size=6)
files = st.fixed_dictionaries({name: lines.map(b"\n".join) for name in NAMES})


@settings(max_examples=200, deadline=None)
@given(files, st.sampled_from([None, 5, 6, 7, 8, 9]))
def test_every_answer_is_about_a_line_that_is_there(contents, version):
    with tempfile.TemporaryDirectory() as folder:
        for name, data in contents.items():
            (Path(folder) / name).write_bytes(data)
        findings = check(folder, select=["EFR4"], elasticsearch_version=version)
    for finding in findings:
        assert str(finding).isprintable()
        if finding.line is not None:
            data = contents[Path(finding.path).name]
            assert 1 <= finding.line <= len(data.replace(b"\r", b"\n").split(b"\n"))
