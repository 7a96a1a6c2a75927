"""Settings files that look odd, with which a node starts: every command and a realm work too."""

from __future__ import annotations

import pytest
from support.hashes import CHEAP_HASH

from esfilerealm import FileRealm, UsersTool

FILES = {
    "a tab after a value": "node.name: x\t\n",
    "tabs and blanks after a value": "node.name: x \t \t\nhttp.port: 9200\t\n",
    "a tab before a comment": "node.name: x\t# c\n",
    "a tab within a value": "node.name: x y\tz\n",
    "a tab after a key": "node.name\t: x\n",
    "a tab within a key": "node\tname: x\n",
    "a tab after an item": "a:\n- x\t\n- y\t# c\n",
    "a tab in a list": "a: [x\t, y\t]\n",
    "a tab in a mapping": "a: {b: x\t}\n",
    "a tab after a number": "http.port: 9200\t",
    "a tab in a comment": "# a\tb\n#\tc\na: b\n",
    "a tab after blanks before a comment": "a: b\n  # c\td\n",
    "a tab in quotes": "a: 'x\ty'\nb: \"\tz\"\n",
    "a tab in a block": "a: |\n  x\ty\n  \tz\n",
    "nothing": "",
    "blank lines": "\n\n   \n",
    "only comments": "# a\n  # b\n",
    "a mark of byte order": "\ufeffa: b\n",
    "line ends of Windows": "a: b\r\nc:\r\n  d: e\r\n",
    "line ends of old Macs": "a: b\rc: d\r",
    "mixed line ends": "a: b\r\nc: d\ne: f\r",
    "the next line of mainframes": "a: b\x85c: d\n",
    "no line end at the end": "a: b",
    "a start of the document": "---\na: b\n",
    "a start of the document with a mapping": "--- {a: b}\n",
    "an end of the document": "a: b\n...\n# c\n",
    "a version of YAML": "%YAML 1.2\n---\na: b\n",
    "an indented document": "  a: b\n  c:\n    d: e\n",
    "a document in braces": "{a: b, c: {d: e}}\n",
    "JSON": '{\n  "a": "b",\n  "c": [1, true]\n}\n',
    "dots in nested keys": "a.b:\n  c.d: e\na.b.f: g\n",
    "keys in quotes": "'a.b': c\n\"d e\": f\n",
    "keys that are no strings": "1: x\ntrue: y\nnull: z\n",
    "a long key": f"? {'x' * 1100}\n: a\n",
    "a key with a question mark": "? a\n: b\n",
    "colons in values": "a: http://x:9200\nb: ::1\nc: 12:30:45\n",
    "signs in values": "a: x#y\nb: x*!&|>%@`\nc: -x\nd: \\\\x\\y\n",
    "signs in lists": "a: [http://x:9200, '::1', -x, x#y, fe80::1]\n",
    "a value of two lines": "a: x\n  y\n\n  z\n",
    "a value in quotes of two lines": "a: \"x\n  y\"\nb: 'x\n\n  y'\n",
    "an escaped line end": 'a: "x\\\n  y"\n',
    "escapes": 'a: "\\x41\\u00e9\\U0001F600\\ud83d\\ude00\\t"\n',
    "blocks": "a: |\n  x\n  y\nb: >-\n  x\n\n  y\nc: |2\n   x\n",
    "an empty block": "a: |\nb: c\n",
    "empty values": "a: ''\nb: \"\"\nc: []\nd: {}\n",
    "a list below its key": "a:\n- x\n- y\nb: c\n",
    "a comma after the last item": "a: [x, y,]\n",
    "a list over lines": "a: [x,\n  y\n  ]\n",
    "tags": "a: !!str 1\nb: !x y\nc: !!seq [d]\n",
    "anchors": "a: &x 1\nb: &é 2\nc: &x! 3\n",
    "numbers and words": "a: 0x1F\nb: 010\nc: 1e3\nd: 1_000\ne: yes\nf: .inf\n",
    "letters of the world": "é: ü\n\u0430: \u0431\n漢: 字\na: 😀\n",
    "blanks of typographers": "a: x\u00a0y\u3000z\u200b\n",
    "many levels": "".join(f"{' ' * n}a{n}:\n" for n in range(60)) + " " * 60 + "b: c\n",
    "a long line": f"a: {'x' * 5000}\n",
    "placeholders": 'a: ${HOME}\nb: ${NOWHERE:x}\nc: "${HOME}/x"\n',
}
HASH = ("--hash", "{PBKDF2}1000$" + "A" * 43 + "=$" + "A" * 43 + "=")


def test_there_are_enough():
    assert len(FILES) > 50


@pytest.fixture(params=FILES.values(), ids=FILES)
def odd(request, config):
    (config / "elasticsearch.yml").write_bytes(request.param.encode())
    (config / "users").write_text(f"bob:{CHEAP_HASH}\n")
    (config / "users_roles").write_text("superuser:bob\n")
    return config


def test_it_stops_nobody(run, odd):
    assert run("list").out == "bob            : superuser\n"
    assert run("check", "--select", "EFR1", "--ignore", "EFR11").exit_code == 0
    settings = run("settings")
    assert settings.exit_code == 0
    assert "a node does not start" not in settings.err
    assert run("useradd", "ann", *HASH, "-r", "superuser").exit_code == 0
    assert set(UsersTool(odd).list_users()) == {"ann", "bob"}
    with FileRealm(odd) as realm:
        assert realm.authenticate("bob", "test-password")
