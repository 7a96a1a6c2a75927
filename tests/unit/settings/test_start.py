"""Settings as the start of a node reads them: which keys, with which values, and what stops it."""

from __future__ import annotations

import pytest

from esfilerealm._storage import system
from esfilerealm.settings import start
from esfilerealm.settings.start import read_start_settings


@pytest.fixture
def read(tmp_path):
    def read(text=None, options=None, **environ):
        if text is not None:
            data = text if isinstance(text, bytes) else text.encode()
            (tmp_path / "elasticsearch.yml").write_bytes(data)
        return read_start_settings(str(tmp_path), options or {}, environ)

    return read


def values(settings):
    return {key: settings.text(key) for key in settings.keys_below("")}


class TestValues:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            (None, {}),
            ("", {}),
            ("a: {b: 1}\na.c: x", {"a.b": "1", "a.c": "x"}),
            ("a: 0x1F", {"a": "0x1F"}),
            ("a: [b, ' c']", {"a": "[b,  c]"}),
            ("a: ''", {}),
            ("a: []", {"a": "[]"}),
            ("a.0: x\na.1: y\na.3: z", {"a": "[x, y]", "a.3": "z"}),
            ("force.a: 1\na: 2", {"a": "1"}),
            ("force.a: [b, c]", {"a": "[b, c]"}),
            ("a: ${b}\nb: 1", {"a": "1", "b": "1"}),
            ("a: ${b}\nb: [c, d]", {"a": "[c, d]", "b": "[c, d]"}),
            ("a: ${V}", {"a": "v"}),
            ("a: ${V:d}", {"a": "v"}),
            ("a: ${N:d}", {"a": "d"}),
            ("a: ['${V}', '${N:}']", {"a": "[v, ]"}),
            ("a: ${N:${V}}", {"a": "v"}),
            ("b: ''\na: ${b}", {}),
            ("a: ${prompt.secret}", {"a": "${prompt.secret}"}),
            ("a: &x 1\nb: *x", {"a": "1", "b": "x"}),
            ("a: [*x, y]", {"a": "[x, y]"}),
        ],
    )
    def test_of_the_file(self, read, text, expected):
        settings = read(text, V="v")
        assert values(settings) == expected
        assert settings.faults == ()
        assert settings.is_known

    @pytest.mark.parametrize(
        ("options", "expected"),
        [
            ({"a": "1"}, {"a": "1", "b": "file"}),
            ({"b": "1"}, {"b": "1"}),
            ({"b": "[c, d]"}, {"b": "[c, d]"}),
            ({"b": '""'}, {}),
            ({"b.0": "c"}, {"b": "[c]"}),
            ({"b": "{c: 1}"}, {"b": "file", "b.c": "1"}),
            ({"b": "c # d"}, {"b": "c"}),
            ({"b": "${V}"}, {"b": "v"}),
            ({"b": True, "c": [1, "x"], "d": 2}, {"b": "true", "c": "[1, x]", "d": "2"}),
        ],
    )
    def test_of_options(self, read, options, expected):
        settings = read("b: file", options, V="v")
        assert values(settings) == expected
        assert settings.faults == ()

    def test_of_a_container(self, read):
        environ = {"ELASTIC_CONTAINER": "true", "a.b": "[x]", "ES_SETTING_C": "2"}
        assert values(read("a.b: file", {"c": "1"}, **environ)) == {"a.b": "[x]", "c": "2"}

    @pytest.mark.parametrize(
        ("text", "items"),
        [
            ("a: [b, ' c']", ["b", " c"]),
            ("a: ' b,c ,, d,'", ["b", "c", "", "d", ""]),
            ("a: '\xa0b'", ["\xa0b"]),
            ("a: b", ["b"]),
            ("a: []", []),
            ("b: c", []),
        ],
    )
    def test_lists(self, read, text, items):
        assert read(text).items("a") == items

    def test_places(self, read, tmp_path):
        settings = read("x: ${L}\nb: 2", {"c": "3"}, L="1\ny: 1")
        file = str(tmp_path / "elasticsearch.yml")
        assert settings.place("y") == (file, 1)
        assert settings.place("b") == (file, 2)
        assert settings.place("c") == settings.place("nope") == (None, None)
        assert "c" in settings
        assert "nope" not in settings
        assert settings.text("nope") is None


class TestFaults:
    @pytest.mark.parametrize(
        ("text", "kind", "key", "line"),
        [
            (b"a: \xff", "encoding", None, None),
            ("- a", "syntax", None, 1),
            ("a: 1\n---\nb: 2", "syntax", None, 2),
            ("a: 1\nb:\n", "key", "b", 2),
            ("a: 1\na: 1\n", "key", "a", 2),
            ("\na: [{}]", "key", "a", 2),
            ("a: [b]\na.0: c", "key", "a", 1),
            ("a.0.0: b\na: c", "key", "a", 2),
            ("---", "key", None, 2),
            ("\na: ${nope}", "placeholder", "a", 2),
            ("a: ${b}\nb: ${a}", "placeholder", "a", 1),
            ("a: ''\nb: ${a}", "placeholder", "b", 2),
            ('path.logs: "a\\0"', "key", "path.logs", 1),
        ],
    )
    def test_of_the_file(self, read, tmp_path, text, kind, key, line):
        settings = read(text)
        (first, *_) = settings.faults
        found = (first.kind, first.key, first.path, first.line)
        assert found == (kind, key, str(tmp_path / "elasticsearch.yml"), line)
        assert settings.is_known is (kind not in ("encoding", "syntax"))

    @pytest.mark.parametrize(
        ("options", "key"),
        [
            ({"x": "1", "a": "b: c"}, "a"),
            ({"x": "1", "a": "~"}, "a"),
            ({"x": "1", "a": ""}, "a"),
            ({"a": "1", "path.home": "/usr"}, "path.home"),
            ({"a": "[b"}, "a"),
        ],
    )
    def test_of_options(self, read, options, key):
        settings = read("b: 1", options)
        assert [(fault.kind, fault.key, fault.path) for fault in settings.faults] == [
            ("option", key, None)
        ]
        assert settings.is_known
        assert settings.text("b") == "1"

    def test_nested_too_deeply(self, read):
        text = "a: '" + "${x:" * 3000 + "}" * 3000 + "'"
        (fault,) = read(text).faults
        assert (fault.kind, fault.key) == ("placeholder", "a")

    def test_a_name_that_is_made_of_other_values_is_not_shown(self, read):
        (fault,) = read("a: ${x${b}}\nb: secret").faults
        assert "secret" not in fault.message

    def test_a_file_that_is_too_large(self, read, monkeypatch):
        monkeypatch.setattr(start, "LARGEST_FILE", 4)
        (fault,) = read("a: 1\n").faults
        assert fault.kind == "file"

    def test_a_file_that_may_not_be_read(self, read, monkeypatch):
        def refuse(path, *_):
            raise PermissionError(13, "Permission denied", path)

        monkeypatch.setattr(system, "open", refuse)
        (fault,) = read("a: 1\n").faults
        assert fault.kind == "permission"
        assert fault.message.startswith("it cannot be read: ")
