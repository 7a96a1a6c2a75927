"""Where the configuration directory is found: one table of the order, and its exceptions."""

from __future__ import annotations

import pytest

from esfilerealm.errors import InvalidSettingError
from esfilerealm.settings import find_config_dir, location


@pytest.fixture(autouse=True)
def machine(tmp_path, monkeypatch):
    """A root directory in place of that of this machine."""
    monkeypatch.setattr(location, "_root", str(tmp_path))
    return tmp_path


def make(path):
    """Make a configuration directory."""
    path.mkdir(parents=True)
    (path / "elasticsearch.yml").touch()
    return str(path)


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


#: From first to last: each takes effect where none of those before it is there.
ORDER = [
    "-c",
    "ES_PATH_CONF in [/etc/default/elasticsearch]",
    "ES_PATH_CONF in [/etc/sysconfig/elasticsearch]",
    "environment variable ES_PATH_CONF",
    "/etc/elasticsearch",
    "environment variable ES_HOME",
    "/usr/share/elasticsearch/config",
    "CONF_DIR in [/etc/default/elasticsearch]",
    "CONF_DIR in [/etc/sysconfig/elasticsearch]",
    "environment variable CONF_DIR",
]
#: For version 5, which prefers ``CONF_DIR``, and does so in the same places.
ORDER_OF_5 = [ORDER[0], *ORDER[7:], *ORDER[1:7]]
#: Later versions do not read it.
ORDER_OF_6 = ORDER[:7]

EVERY_PLACE = [
    (version, order, first)
    for version, order in ((None, ORDER), (5, ORDER_OF_5), (6, ORDER_OF_6), (9, ORDER_OF_6))
    for first in range(len(order))
]


@pytest.mark.parametrize(
    ("version", "order", "first"),
    EVERY_PLACE,
    ids=[f"{version}-{order[first]}" for version, order, first in EVERY_PLACE],
)
def test_the_order(machine, version, order, first):
    texts, environ, directories = {}, {}, {}
    for number, place in enumerate(order[first:], first):
        if place.startswith("/"):
            directories[place] = make(machine / place[1:])
        elif place.endswith("ES_HOME"):
            directories[place] = make(machine / "home" / "config")
            environ["ES_HOME"] = str(machine / "home")
        else:
            directories[place] = make(machine / f"named{number}")
            words = place.removesuffix("]").split(" in [")
            if len(words) == 2:
                texts[words[1]] = f"{texts.get(words[1], '')}{words[0]}={directories[place]}\n"
            elif place != "-c":
                environ[place.split()[-1]] = directories[place]
    for path, text in texts.items():
        write(machine / path[1:], text)
    given = directories["-c"] if first == 0 else None
    found = find_config_dir(given, environ=environ, elasticsearch_version=version)
    assert found.path == directories[order[first]]
    named = {
        "/etc/elasticsearch": "the default of the packages",
        "/usr/share/elasticsearch/config": "the default of the container image",
        "-c": "option -c",
    }
    source = found.source.replace(str(machine), "")
    assert source == named.get(order[first], order[first])


@pytest.mark.parametrize("version", [6, 7, 8, 9])
def test_6_and_later_do_not_read_conf_dir(machine, version):
    one = make(machine / "one")
    write(machine / "etc" / "default" / "elasticsearch", f"CONF_DIR={one}\n")
    assert find_config_dir(environ={"CONF_DIR": one}, elasticsearch_version=version) is None


def test_none_at_all():
    assert find_config_dir(environ={}) is None


class TestDisagreement:
    @pytest.mark.parametrize("file", ["default", "sysconfig"])
    def test_of_the_shell_and_the_package(self, machine, file):
        one, two = make(machine / "one"), make(machine / "two")
        write(machine / "etc" / file / "elasticsearch", f"ES_PATH_CONF={two}\n")
        found = find_config_dir(environ={"ES_PATH_CONF": one})
        assert found.path == two
        (warning,) = found.warnings
        assert warning.replace(str(machine), "") == (
            f"using the configuration directory [/two] (ES_PATH_CONF in [/etc/{file}/elasticsearch]"
            ", which the commands of the package read after the environment), not [/one] "
            "(environment variable ES_PATH_CONF); if that is wrong, give -c DIR"
        )

    def test_a_package_that_was_removed(self, machine):
        one = make(machine / "one")
        write(machine / "etc" / "default" / "elasticsearch", "ES_PATH_CONF=/nope\n")
        found = find_config_dir(environ={"ES_PATH_CONF": one})
        assert found.path == one
        (warning,) = found.warnings
        assert "elasticsearch], which does not exist); if that is wrong, give -c DIR" in warning

    def test_neither_exists(self, machine):
        write(machine / "etc" / "default" / "elasticsearch", "ES_PATH_CONF=/nope\n")
        assert find_config_dir(environ={"ES_PATH_CONF": "/none"}).path == "/nope"

    def test_the_package_may_leave_it_to_the_shell(self, machine):
        one = make(machine / "one")
        text = "ES_PATH_CONF=${ES_PATH_CONF:-/etc/elasticsearch}\n"
        write(machine / "etc" / "default" / "elasticsearch", text)
        found = find_config_dir(environ={"ES_PATH_CONF": one})
        assert (found.path, found.warnings) == (one, ())

    def test_each_other_directory_is_named_once(self, machine):
        one, two = make(machine / "one"), make(machine / "two")
        for file in ("default", "sysconfig"):
            write(machine / "etc" / file / "elasticsearch", f"ES_PATH_CONF={one}\nCONF_DIR={two}")
        environ = {"ES_PATH_CONF": two, "CONF_DIR": two}
        (warning,) = find_config_dir(environ=environ).warnings
        assert "(environment variable ES_PATH_CONF)" in warning

    def test_of_two_defaults(self, machine):
        etc, home = make(machine / "etc" / "elasticsearch"), make(machine / "home" / "config")
        found = find_config_dir(environ={"ES_HOME": str(machine / "home")})
        assert found.path == etc
        (warning,) = found.warnings
        assert f"[{etc}] (the default of the packages), not [{home}]" in warning

    def test_an_option_is_never_in_doubt(self, machine):
        assert find_config_dir("x", environ={"ES_PATH_CONF": make(machine / "one")}).warnings == ()

    def test_two_names_of_one_directory_agree(self, machine):
        one = make(machine / "one")
        (machine / "link").symlink_to(one)
        environ = {"ES_PATH_CONF": one, "CONF_DIR": str(machine / "link")}
        assert find_config_dir(environ=environ).warnings == ()

    def test_a_named_directory_against_a_default(self, machine):
        make(machine / "etc" / "elasticsearch")
        assert find_config_dir(environ={"ES_PATH_CONF": make(machine / "one")}).warnings == ()


class TestConfDir:
    """Elasticsearch 5 reads ``CONF_DIR``, later versions ``ES_PATH_CONF``."""

    @pytest.mark.parametrize(
        ("version", "name"), [(None, "ES_PATH_CONF"), (5, "CONF_DIR"), (6, "ES_PATH_CONF")]
    )
    def test_by_version(self, machine, version, name):
        environ = {"ES_PATH_CONF": make(machine / "a"), "CONF_DIR": make(machine / "b")}
        found = find_config_dir(environ=environ, elasticsearch_version=version)
        assert found.path == environ[name]
        assert len(found.warnings) == (version != 6)

    @pytest.mark.parametrize("other", ["default", "package", "image", "home"])
    def test_a_stray_one_does_not_win(self, machine, other):
        """Somebody who has a node of 8 may have a variable of 5 left."""
        environ = {"CONF_DIR": make(machine / "old")}
        if other == "default":
            right = make(machine / "etc" / "elasticsearch")
        elif other == "package":
            right = make(machine / "one")
            write(machine / "etc" / "default" / "elasticsearch", f"ES_PATH_CONF={right}\n")
        elif other == "image":
            right = make(machine / "usr" / "share" / "elasticsearch" / "config")
        else:
            right = make(machine / "home" / "config")
            environ["ES_HOME"] = str(machine / "home")
        found = find_config_dir(environ=environ)
        assert found.path == right
        (warning,) = found.warnings
        assert f"[{right}] (" in warning
        assert (
            f"not [{environ['CONF_DIR']}] (environment variable CONF_DIR, which only Elasticsearch "
            "5 reads: with it, give --es-version 5)"
        ) in warning
        version_5 = find_config_dir(environ=environ, elasticsearch_version=5)
        assert version_5.path == environ["CONF_DIR"]

    def test_one_of_another_program(self, machine):
        (machine / "other").mkdir()
        environ = {"CONF_DIR": str(machine / "other")}
        assert find_config_dir(environ=environ).path == environ["CONF_DIR"]
        etc = make(machine / "etc" / "elasticsearch")
        found = find_config_dir(environ=environ)
        assert (found.path, found.warnings) == (etc, ())

    def test_in_the_file_of_the_package(self, machine):
        one = make(machine / "one")
        write(machine / "etc" / "sysconfig" / "elasticsearch", f"CONF_DIR={one}\n")
        assert find_config_dir(environ={}).path == one


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ES_PATH_CONF=/x\n", "/x"),
        ("  export ES_PATH_CONF=/x # here\n", "/x"),
        ('ES_PATH_CONF="/x y"\n', "/x y"),
        ("ES_PATH_CONF='/x$A'\n", "/x$A"),
        ("ES_PATH_CONF=/x\nES_PATH_CONF=/y\n", "/y"),
        ("A=/a\nES_PATH_CONF=$A/x\n", "/a/x"),
        ("ES_PATH_CONF=${HOME_OF_ES}/x\n", "/home/x"),
        ("ES_PATH_CONF=${NOPE:-/d}/x\n", "/d/x"),
        ("ES_PATH_CONF=$NOPE/x\n", "/x"),
        ("#ES_PATH_CONF=/x\n", None),
        ("ES_PATH_CONF=\n", None),
        ("ES_PATH_CONF=$(pwd)\n", None),
        ("ES_PATH_CONF=`pwd`\n", None),
        ("ES_PATH_CONF='/x\n", None),
        ("MY_ES_PATH_CONF=/x\n", None),
        ("if true; then ES_PATH_CONF=/x; fi\n", None),
        ("", None),
    ],
)
def test_the_file_of_the_package(machine, text, expected):
    write(machine / "etc" / "default" / "elasticsearch", text)
    found = find_config_dir(environ={"HOME_OF_ES": "/home"})
    assert (found and found.path) == expected


class TestEmptyVariable:
    def test_is_refused(self, machine):
        make(machine / "etc" / "elasticsearch")
        with pytest.raises(InvalidSettingError, match=r"\[ES_PATH_CONF\] in the environment: is e"):
            find_config_dir(environ={"ES_PATH_CONF": ""})

    def test_unless_the_package_sets_it(self, machine):
        write(machine / "etc" / "default" / "elasticsearch", "ES_PATH_CONF=/x\n")
        assert find_config_dir(environ={"ES_PATH_CONF": ""}).path == "/x"


def test_a_file_of_the_package_that_cannot_be_read(machine):
    (machine / "etc" / "default" / "elasticsearch").mkdir(parents=True)
    etc = make(machine / "etc" / "elasticsearch")
    found = find_config_dir(environ={})
    assert found.path == etc
    assert "default/elasticsearch] cannot be read" in found.warnings[0]
    assert find_config_dir(environ={"ES_PATH_CONF": etc}).warnings == ()


def test_its_repr():
    assert repr(find_config_dir("/x")) == "<ConfigLocation: '/x', from option -c>"
