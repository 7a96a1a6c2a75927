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
    "ES_PATH_CONF",
    "CONF_DIR",
    "ES_PATH_CONF in [/etc/default/elasticsearch]",
    "ES_PATH_CONF in [/etc/sysconfig/elasticsearch]",
    "/etc/elasticsearch",
    "ES_HOME",
    "/usr/share/elasticsearch/config",
]


@pytest.mark.parametrize("first", range(len(ORDER)), ids=ORDER)
def test_the_order(machine, first):
    directories = [make(machine / f"named{number}") for number in range(5)]
    directories.append(str(machine / "etc" / "elasticsearch"))
    directories.append(str(machine / "home" / "config"))
    directories.append(str(machine / "usr" / "share" / "elasticsearch" / "config"))
    environ = {}
    for number, name in enumerate(ORDER[first:], first):
        if " in [" in name:
            variable, file = name.removesuffix("]").split(" in [/")
            write(machine / file, f"{variable}={directories[number]}\n")
        elif name.startswith("/"):
            make(machine / name[1:])
        elif name == "ES_HOME":
            make(machine / "home" / "config")
            environ[name] = str(machine / "home")
        elif name != "-c":
            environ[name] = directories[number]
    found = find_config_dir(directories[0] if first == 0 else None, environ=environ)
    assert found.path == directories[first]
    default = {5: "the default of the packages", 7: "the default of the container image"}
    assert default.get(first, ORDER[first].split(" ")[0]) in found.source


def test_none_at_all():
    assert find_config_dir(environ={}) is None


class TestDisagreement:
    def test_of_the_shell_and_the_package(self, machine):
        one, two = make(machine / "one"), make(machine / "two")
        write(machine / "etc" / "default" / "elasticsearch", f"ES_PATH_CONF={two}\n")
        found = find_config_dir(environ={"ES_PATH_CONF": one})
        assert found.path == one
        (warning,) = found.warnings
        assert f"[{one}] (environment variable ES_PATH_CONF), not [{two}] (ES_PATH_CONF in [" in (
            warning
        )
        assert warning.endswith(
            "which elasticsearch-users of the package takes; if that is wrong, give -c DIR"
        )

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

    def test_it_is_not_read_by_6_and_later(self, machine):
        environ = {"CONF_DIR": make(machine / "a")}
        assert find_config_dir(environ=environ, elasticsearch_version=8) is None

    def test_one_of_another_program(self, machine):
        (machine / "other").mkdir()
        environ = {"CONF_DIR": str(machine / "other")}
        assert find_config_dir(environ=environ).path == environ["CONF_DIR"]
        etc = make(machine / "etc" / "elasticsearch")
        assert find_config_dir(environ=environ).path == etc

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
