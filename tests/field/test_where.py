"""Where the files are: the configuration directory, its old layouts, and a closed output."""

from __future__ import annotations

import subprocess
import sys

import pytest
from support.hashes import CHEAP_HASH

from esfilerealm import FileRealm, RealmSettings, UsersTool
from esfilerealm.errors import ConfigurationFileMissingError
from esfilerealm.settings import location

PASSWORD = ("-p", "test-password")


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A root directory in place of that of this machine."""
    root = tmp_path / "root"
    root.mkdir()
    monkeypatch.setattr(location, "_root", str(root))
    return root


def realm(path, user="bob"):
    """Make a configuration directory with one user."""
    path.mkdir(parents=True)
    (path / "users").write_text(f"{user}:{CHEAP_HASH}\n")
    (path / "users_roles").write_text(f"superuser:{user}\n")
    (path / "elasticsearch.yml").write_text(
        "xpack.security.authc.password_hashing.algorithm: bcrypt4\n"
    )
    return path


@pytest.mark.parametrize("file", ["default", "sysconfig"])
def test_f06_the_package_names_the_directory(run, machine, file):
    realm(machine / "etc" / "elasticsearch")
    one = realm(machine / "etc" / "elasticsearch" / "one")
    (machine / "etc" / file).mkdir()
    (machine / "etc" / file / "elasticsearch").write_text(f"ES_PATH_CONF={one}\n")
    result = run("useradd", "ann", *PASSWORD, config_dir=None)
    assert (result.exit_code, result.err) == (0, "")
    assert "ann:" in (one / "users").read_text()
    assert "ann:" not in (one.parent / "users").read_text()


def test_f07_the_home_of_an_archive(run, tmp_path, monkeypatch):
    realm(tmp_path / "x" / "config")
    monkeypatch.setenv("ES_HOME", str(tmp_path / "x"))
    assert run("list", config_dir=None).out == "bob            : superuser\n"


def test_f07_the_directory_of_the_image(run, machine):
    realm(machine / "usr" / "share" / "elasticsearch" / "config")
    assert run("list", config_dir=None).out == "bob            : superuser\n"


class TestTwoDirectoriesThatDisagree:
    """The one that the commands of the package take, and one line that names both."""

    @pytest.fixture
    def disagreement(self, machine, tmp_path, monkeypatch):
        shell, package = realm(tmp_path / "shell", "eve"), realm(tmp_path / "package")
        (machine / "etc" / "default").mkdir(parents=True)
        (machine / "etc" / "default" / "elasticsearch").write_text(f"ES_PATH_CONF={package}\n")
        monkeypatch.setenv("ES_PATH_CONF", str(shell))
        return shell, package

    def test_list(self, run, disagreement):
        shell, package = disagreement
        result = run("list", config_dir=None)
        assert result.out == "bob            : superuser\n"
        (line,) = result.err.splitlines()
        assert line.startswith(f"WARNING: using the configuration directory [{package}] (ES_PATH_")
        assert f"not [{shell}] (environment variable ES_PATH_CONF)" in line

    def test_a_write(self, run, disagreement):
        shell, package = disagreement
        result = run("useradd", "ann", *PASSWORD, config_dir=None)
        assert result.exit_code == 0
        assert len(result.err.splitlines()) == 1
        assert "ann:" in (package / "users").read_text()
        assert "ann:" not in (shell / "users").read_text()

    def test_an_option_ends_the_doubt(self, run, disagreement):
        shell, _ = disagreement
        result = run("list", "-c", str(shell), config_dir=None)
        assert (result.out, result.err) == ("eve            : superuser\n", "")

    def test_a_stray_variable_of_5(self, run, machine, tmp_path, monkeypatch):
        etc, old = realm(machine / "etc" / "elasticsearch"), realm(tmp_path / "old", "eve")
        monkeypatch.setenv("CONF_DIR", str(old))
        result = run("list", config_dir=None)
        assert result.out == "bob            : superuser\n"
        (line,) = result.err.splitlines()
        assert f"[{etc}]" in line
        assert f"[{old}]" in line
        assert run("list", "--es-version", "5", config_dir=None).out.startswith("eve ")
        assert run("list", "--es-version", "8", config_dir=None).err == ""


class TestPathConf:
    @pytest.mark.parametrize("version", [(), ("--es-version", "6"), ("--es-version", "8")])
    def test_later_versions_refuse_it(self, run, tmp_path, version):
        result = run("list", "-E", f"path.conf={tmp_path}", *version)
        assert result.exit_code == 64
        assert "give -c DIR, or set ES_PATH_CONF" in result.err
        assert "--es-version 5" in result.err

    def test_5_takes_it(self, run, tmp_path):
        one = realm(tmp_path / "one", "eve")
        words = ("-E", f"path.conf={one}", "--es-version", "5")
        assert run("list", *words).out == "eve            : superuser\n"
        assert run("list", "-c", str(realm(tmp_path / "two")), *words).out.startswith("bob ")


class TestN29MissingDirectory:
    @pytest.mark.parametrize("words", [("list",), ("useradd", "x", *PASSWORD), ("settings",)])
    def test_the_variable_is_named(self, run, monkeypatch, words):
        monkeypatch.setenv("ES_PATH_CONF", "/nope")
        result = run(*words, config_dir=None)
        assert result.exit_code == 78
        assert "configuration directory [/nope] does not exist" in result.err
        assert "named by environment variable ES_PATH_CONF" in result.err

    def test_the_option_is_named(self, run, tmp_path):
        result = run("list", "-c", str(tmp_path / "none"))
        assert "does not exist; it is named by option -c" in result.err

    def test_the_file_of_the_package_is_named(self, run, machine):
        (machine / "etc" / "default").mkdir(parents=True)
        (machine / "etc" / "default" / "elasticsearch").write_text("ES_PATH_CONF=/nope\n")
        result = run("list", config_dir=None)
        assert "named by ES_PATH_CONF in [" in result.err

    def test_a_file(self, run, tmp_path):
        (tmp_path / "file").touch()
        result = run("list", "-c", str(tmp_path / "file"))
        assert "file] is not a directory; it is named by option -c: correct that, w" in result.err
        assert "does not exist" in run("list", "-c", str(tmp_path / "file" / "x")).err

    def test_init_makes_it(self, run, tmp_path):
        assert run("init", "-c", str(tmp_path / "none")).exit_code == 0


@pytest.mark.skipif(sys.platform == "win32", reason="closes the output of a shell")
@pytest.mark.parametrize(("command", "code"), [("list", "74"), ("guide", "74"), ("list -s", "0")])
def test_n29_a_closed_output(config, command, code):
    line = f'"$0" -m esfilerealm -c "$1" {command} >&- 2>/dev/null; echo $? >&3'
    words = ["sh", "-c", f"exec 3>&1; {line}", sys.executable, str(config)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.stdout == f"{code}\n"


class TestF19XPack:
    """The layout of 5.0 to 6.2."""

    @pytest.fixture
    def old(self, tmp_path):
        realm(tmp_path / "old" / "x-pack")
        return tmp_path / "old"

    def test_one_line(self, run, old):
        result = run("list", "-c", str(old))
        assert result.out == "bob            : superuser\n"
        assert len(result.err.splitlines()) == 1
        assert "6.3 and later: move it up" in result.err
        assert run("list", "-c", str(old), "--es-version", "5").err == ""

    def test_what_is_missing_is_made_where_5_reads_it(self, run, old):
        (old / "x-pack" / "users_roles").unlink()
        result = run("useradd", "ann", *PASSWORD, "-r", "viewer", "-c", str(old))
        assert result.exit_code == 0
        assert (old / "x-pack" / "users_roles").read_text() == "viewer:ann\n"
        assert not (old / "users_roles").exists()

    def test_init_makes_it_there_too(self, old):
        (old / "x-pack" / "users_roles").unlink()
        created = UsersTool(old).init().created
        assert created == (str(old / "x-pack" / "users_roles"),)


class TestXPackOf5:
    """A node of 5, and its commands, look into ``x-pack/`` only."""

    VERSION = ("--es-version", "5")

    @pytest.fixture
    def old(self, tmp_path):
        """A node of 5 whose administrator once moved a copy of the files, too early."""
        realm(tmp_path / "old" / "x-pack")
        (tmp_path / "old" / "users").write_text(f"eve:{CHEAP_HASH}\n")
        (tmp_path / "old" / "users_roles").write_text("superuser:eve\n")
        return tmp_path / "old"

    @pytest.mark.parametrize(
        "words",
        [
            ("useradd", "ann", *PASSWORD, "-r", "superuser"),
            ("ensure", "ann", "--password-stdin", "-r", "superuser"),
        ],
        ids=lambda words: words[0],
    )
    def test_a_write(self, run, old, words):
        result = run(*words, "-c", str(old), *self.VERSION, stdin="test-password\n")
        assert (result.exit_code, result.err) == (0, "")
        assert "ann:" in (old / "x-pack" / "users").read_text()
        assert (old / "x-pack" / "users_roles").read_text() == "superuser:bob,ann\n"
        assert (old / "users").read_text() == f"eve:{CHEAP_HASH}\n"

    @pytest.mark.parametrize(
        "words", [("list",), ("check", "--select", "EFR1"), ("passwd", "bob", *PASSWORD)]
    )
    def test_other_commands(self, run, old, words):
        result = run(*words, "-c", str(old), *self.VERSION)
        assert (result.exit_code, result.err) == (0, "")
        assert run("list", "-c", str(old), *self.VERSION).out == "bob            : superuser\n"
        assert run("list", "-c", str(old)).out == "eve            : superuser\n"

    def test_programs(self, old):
        settings = RealmSettings.load(old, elasticsearch_version=5)
        assert settings.is_in_x_pack
        assert UsersTool(old, settings=settings).list_users() == {"bob": ("superuser",)}
        with FileRealm(old, settings=settings) as opened:
            assert opened.snapshot.users == {"bob"}

    def test_check(self, run, old):
        (old / "users").write_text("no line of a user\n")
        words = ("check", "--select", "EFR111", "-c", str(old))
        assert run(*words, *self.VERSION).exit_code == 0
        assert run(*words).exit_code == 65

    def test_import(self, run, old, tmp_path):
        (tmp_path / "htpasswd").write_text(f"eve:{CHEAP_HASH}\n")
        words = ("import", "--format", "htpasswd", str(tmp_path / "htpasswd"), "-c", str(old))
        result = run(*words, *self.VERSION)
        assert (result.exit_code, result.err) == (0, "")
        assert "eve:" in (old / "x-pack" / "users").read_text()

    def test_users_roles_one_directory_up_does_not_count(self, run, old):
        (old / "x-pack" / "users_roles").unlink()
        assert run("list", "-c", str(old), *self.VERSION).out == "bob            : -\n"

    @pytest.mark.parametrize("has_directory", [True, False])
    def test_init(self, run, tmp_path, has_directory):
        new = tmp_path / "new"
        (new / "x-pack" if has_directory else new).mkdir(parents=True)
        dry = run("init", "-c", str(new), *self.VERSION, "--dry-run")
        assert f"Would create [{new / 'x-pack' / 'users'}]" in dry.out
        result = run("init", "-c", str(new), *self.VERSION)
        assert result.exit_code == 0
        assert f"Created [{new / 'x-pack' / 'users_roles'}]" in result.out
        assert [entry.name for entry in new.iterdir()] == ["x-pack"]
        assert (f"Created [{new / 'x-pack'}]\n" in result.out) != has_directory

    def test_init_of_everything(self, run, tmp_path):
        result = run("init", "-c", str(tmp_path / "new"), *self.VERSION)
        created = [line.removeprefix("Created ") for line in result.out.splitlines()]
        names = ["new", "new/x-pack", "new/x-pack/users", "new/x-pack/users_roles"]
        assert created == [f"[{tmp_path / name}]" for name in names]

    def test_useradd_says_what_is_missing(self, run, tmp_path):
        result = run("useradd", "ann", *PASSWORD, "-c", str(tmp_path), *self.VERSION)
        assert result.exit_code == 78
        assert f"[{tmp_path / 'x-pack' / 'users'}] does not exist" in result.err

    def test_files_one_directory_up_are_found(self, run, tmp_path):
        up = realm(tmp_path / "up")
        result = run("useradd", "ann", *PASSWORD, "-v", "-c", str(up), *self.VERSION)
        assert result.exit_code == 0
        assert (
            f"NOTE: using [{up / 'users'}]; Elasticsearch 5 reads it in [x-pack/] o" in result.err
        )
        assert "ann:" in (up / "users").read_text()


class TestF28Shield:
    """The layout of Shield, for Elasticsearch 1 and 2."""

    def test_its_directory_is_named(self, run, tmp_path):
        shield = realm(tmp_path / "old" / "shield")
        result = run("list", "-c", str(shield.parent))
        assert result.exit_code == 78
        assert f"give -c {shield}" in result.err
        assert run("list", "-c", str(shield)).out == "bob            : superuser\n"

    def test_for_programs(self, tmp_path):
        shield = realm(tmp_path / "old" / "shield")
        with pytest.raises(ConfigurationFileMissingError, match="Shield 1 or 2"):
            UsersTool(shield.parent).list_users()
