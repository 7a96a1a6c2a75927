"""What ``keystore`` does beyond Elasticsearch's command: sources, JSON, dry runs, safe files."""

from __future__ import annotations

import json
import os
import stat
import sys
import tempfile
from pathlib import Path

import pytest
from support import keystore_runs as runs
from support.keystore_bytes import Content, build, parse

from esfilerealm import keystore as library
from esfilerealm._storage import Stamp, system

SEED = "keystore.seed"
SETTINGS = {SEED: b"zZ9-yY8_xX7=wW6+vV5?", "a.b": b"alpha"}
SECRET = "open-sesame"
VALUE = "s3cret-value"


@pytest.fixture
def conf(tmp_path, monkeypatch):
    runs.cheap_keys(monkeypatch)
    monkeypatch.setattr(system, "fsync", lambda _: None)
    (tmp_path / "config").mkdir()
    return tmp_path / "config"


@pytest.fixture
def path(conf):
    """An open keystore of format 3."""
    (conf / runs.KEYSTORE).write_bytes(build(SETTINGS, version=3))
    return conf / runs.KEYSTORE


@pytest.fixture
def protected(conf):
    (conf / runs.KEYSTORE).write_bytes(build(SETTINGS, password=SECRET))
    return conf / runs.KEYSTORE


@pytest.fixture
def run(conf, monkeypatch):
    def run(*words, stdin=b""):
        return runs.run_in_process(monkeypatch, conf, *map(str, words), stdin=stdin)

    return run


@pytest.fixture
def secret_file(tmp_path):
    def secret_file(data):
        (tmp_path / "secret").write_bytes(data if isinstance(data, bytes) else data.encode())
        return tmp_path / "secret"

    return secret_file


class TestValues:
    @pytest.mark.parametrize(
        ("data", "value"),
        [
            (f"{VALUE}\n", VALUE),
            (f"{VALUE}\r\n", VALUE),
            (VALUE, VALUE),
            ("\ufeffbom", "bom"),
            ("-----BEGIN-----\nx\n-----END-----\n", "-----BEGIN-----\nx\n-----END-----"),
            ("one\n\n", "one\n"),
        ],
    )
    def test_of_a_file(self, run, path, secret_file, data, value):
        ran = run("add", "new", "--value-file", secret_file(data))
        assert (ran.exit_code, ran.out, ran.err) == (0, b"", "")
        assert parse(path.read_bytes()).settings["new"] == value.encode()

    def test_of_a_variable(self, run, path, monkeypatch):
        monkeypatch.setenv("TRUST", VALUE)
        assert run("add", "new", "--value-env", "TRUST").err == ""
        assert parse(path.read_bytes()).settings["new"] == VALUE.encode()

    def test_an_existing_setting_is_asked_about_first(self, run, path, secret_file):
        words = ("add", "a.b", "--value-file", secret_file(VALUE))
        assert run(*words, stdin=b"n\n").out == b"Exiting without modifying keystore.\n"
        assert run(*words).exit_code == 70
        assert run(*words, "-f").exit_code == 0
        assert parse(path.read_bytes()).settings["a.b"] == VALUE.encode()

    def test_a_file_is_asked_about_too(self, run, path, secret_file):
        words = ("add-file", "a.b", secret_file(VALUE))
        assert run(*words, stdin=b"n\n").out == b"Exiting without modifying keystore.\n"
        assert parse(path.read_bytes()).settings == SETTINGS

    def test_a_pipe(self, run, path):
        reading, writing = os.pipe()
        os.write(writing, b"\xff\x00")
        os.close(writing)
        assert run("add-file", "new", f"/dev/fd/{reading}").exit_code == 0
        os.close(reading)
        assert parse(path.read_bytes()).settings["new"] == b"\xff\x00"

    @pytest.mark.parametrize(
        ("words", "exit_code", "text"),
        [
            (["a", "b", "--value-file", "x"], 64, "[value-file] gives the value of one setting"),
            (["a", "-x", "--value-env", "X"], 64, "only one of [--stdin, --value-env]"),
            (["a", "--value-file", "x", "--value-env", "X"], 64, "only one of"),
            (["a", "--value-file", "/no/such"], 74, "file [/no/such] does not exist"),
            (["a", "--value-file", "/"], 74, "[/]"),
            (["a", "--value-file", "{binary}"], 65, "is not UTF-8: add it byte for byte"),
            (["a", "--value-file", "{none}"], 65, "is empty: for an empty value"),
            (["a", "--value-env", "NO_SUCH"], 78, "variable [NO_SUCH] is not set"),
            (["a", "--value-env", "EMPTY"], 65, "variable [EMPTY] is empty"),
        ],
    )
    def test_that_cannot_be_used(self, run, path, tmp_path, monkeypatch, words, exit_code, text):
        monkeypatch.setenv("EMPTY", "")
        for name, data in {"binary": b"\xff", "none": b""}.items():
            (tmp_path / name).write_bytes(data)
            words = [word.replace(f"{{{name}}}", str(tmp_path / name)) for word in words]
        before = path.read_bytes()
        ran = run("add", *words)
        assert (ran.exit_code, text in ran.err) == (exit_code, True), ran.err
        assert path.read_bytes() == before

    def test_too_large(self, run, path, tmp_path):
        with (tmp_path / "large").open("wb") as file:
            file.truncate(2**26 + 1)
        ran = run("add-file", "a", tmp_path / "large")
        assert (ran.exit_code, "has more than" in ran.err) == (74, True)

    def test_what_is_not_utf_8_is_stored_with_a_warning(self, run, path):
        """As a node's own command does, which says nothing."""
        ran = run("add", "-x", "new", stdin=b"a\xffb\xed\xa0\x80\n")
        assert ran.exit_code == 0
        assert ran.err.startswith("WARNING: a line of the input is not UTF-8")
        assert parse(path.read_bytes()).settings["new"] == "a\ufffdb\ufffd".encode()


class TestPasswords:
    @pytest.fixture(params=["file", "env"])
    def source(self, request, secret_file, monkeypatch):
        """Give a password by an option."""

        def source(option, password):
            if request.param == "file":
                return f"--{option}-file={secret_file(password)}"
            monkeypatch.setenv("PASSWORD_OF_A_TEST", password)
            return f"--{option}-env=PASSWORD_OF_A_TEST"

        return source

    @pytest.mark.parametrize("words", [["list"], ["show", "a.b"], ["remove", "a.b"], ["upgrade"]])
    def test_that_opens(self, run, protected, source, words):
        ran = run(*words, source("keystore-password", SECRET))
        assert (ran.exit_code, ran.err) == (0, "")
        ran = run(*words, source("keystore-password", "wrong"))
        assert (ran.exit_code, ran.prompts) == (65, [])

    def test_that_is_not_needed(self, run, path, source):
        assert run("list", source("keystore-password", SECRET)).exit_code == 0

    def test_of_a_new_keystore(self, run, conf, source):
        ran = run("create", source("new-password", SECRET))
        assert (ran.exit_code, ran.err) == (0, "")
        assert parse((conf / runs.KEYSTORE).read_bytes(), SECRET).has_password

    def test_that_changes(self, run, path, source):
        ran = run("passwd", source("new-password", SECRET))
        assert (ran.exit_code, ran.err) == (0, "")
        assert parse(path.read_bytes(), SECRET).settings == SETTINGS

    @pytest.mark.parametrize("password", ["", "\n", "one\ntwo\n"])
    def test_that_is_none(self, run, path, source, password):
        before = path.read_bytes()
        ran = run("passwd", source("new-password", password))
        assert (ran.exit_code, "invalid password" in ran.err) == (65, True)
        assert path.read_bytes() == before

    @pytest.mark.parametrize("option", ["keystore-password", "new-password"])
    def test_from_two_places(self, run, path, option):
        ran = run("passwd", f"--{option}-file", "x", f"--{option}-env", "X")
        text = f"only one of [--{option}-file, --{option}-env] can give the password"
        assert (ran.exit_code, text in ran.err) == (64, True)

    def test_a_variable_that_is_not_set(self, run, protected):
        assert run("list", "--keystore-password-env", "NO_SUCH").exit_code == 78


class TestFormats:
    @pytest.mark.parametrize(
        ("words", "version"),
        [
            ([], 4),
            (["--es-version", "6.3"], 3),
            (["--es-version", "7.17.9"], 4),
            (["--es-version", "8"], 5),
            (["--es-version", "8.14"], 6),
            (["--es-version=9"], 7),
        ],
    )
    @pytest.mark.parametrize("command", [["create"], ["add-file", "-f"]], ids=["create", "made"])
    def test_of_a_new_keystore(self, run, conf, tmp_path, command, words, version):
        (tmp_path / "file").touch()
        named = ["new", tmp_path / "file"] if "-f" in command else []
        assert run(*command, *named, *words).exit_code == 0
        assert parse((conf / runs.KEYSTORE).read_bytes()).version == version

    @pytest.mark.parametrize("version", ["5", "6.2", "eight", "", "8.x", "-1", "٨"])
    def test_of_no_release(self, run, conf, version):
        ran = run("create", f"--es-version={version}")
        assert (ran.exit_code, "option [es-version] must be" in ran.err) == (64, True)
        assert not (conf / runs.KEYSTORE).exists()

    def test_upgrade(self, run, path):
        for words, version in (([], 4), (["--es-version", "8"], 5), ([], 5)):
            assert run("upgrade", *words).err == ""
            assert parse(path.read_bytes()).version == version
        ran = run("upgrade", "--es-version", "7.17")
        assert "has format [5], and that release reads at most [4]" in ran.err
        assert parse(path.read_bytes()) == Content(5, has_password=False, settings=SETTINGS)

    def test_nothing_changes_it_silently(self, run, path):
        run("add", "-x", "new", "--es-version", "9", stdin=b"x\n")
        assert parse(path.read_bytes()).version == 3


class TestDryRun:
    @pytest.mark.parametrize(
        ("words", "stdin", "out"),
        [
            (["create"], "y\n", "create [{}] in format [4], without password"),
            (["create", "-p"], "x\nx\ny\n", "create [{}] in format [4], with password"),
            (["add", "-x", "new", "-f", "a.b"], "1\n2\n", "set [new], [a.b]"),
            (["add-file", "-f", "new", "{}"], "", "set [new]"),
            (["remove", "a.b"], "", "remove [a.b]"),
            (["upgrade"], "", "upgrade [{}] to format [4]"),
            (["passwd"], "x\nx\n", "change the password of [{}]"),
        ],
    )
    def test_nothing_is_written(self, run, conf, path, words, stdin, out):
        before, names = Stamp.of(path.stat()), os.listdir(conf)
        ran = run(*(word.format(path) for word in words), "--dry-run", stdin=stdin.encode())
        assert (ran.exit_code, ran.out.decode()) == (0, f"Dry run. Would {out.format(path)}\n")
        assert (Stamp.of(path.stat()), os.listdir(conf)) == (before, names)

    def test_without_a_keystore(self, run, conf):
        (conf).rmdir()
        ran = run("add", "-f", "-x", "new", "--dry-run", stdin=b"1\n")
        path = conf / runs.KEYSTORE
        assert ran.out.decode() == (
            f"Dry run. Would create [{path}] in format [4], without password\n"
            "Dry run. Would set [new]\n"
        )
        assert not conf.exists()

    def test_without_a_change(self, run, path):
        ran = run("add", "-fx", "a.b", "--dry-run", stdin=b"alpha\n")
        assert ran.out == b"Dry run. Nothing would change\n"


class TestJson:
    def test_names(self, run, path):
        assert json.loads(run("list", "--json").out) == {
            "command": "keystore list",
            "version": 1,
            "path": str(path),
            "format_version": 3,
            "has_password": False,
            "names": ["a.b", SEED],
        }

    @pytest.mark.parametrize(
        ("value", "shown"),
        [
            (b"alpha\n", {"value": "alpha\n"}),
            (b"\xff", {"value_base64": "/w=="}),
            (b"", {"value": ""}),
        ],
    )
    def test_a_value(self, run, path, value, shown):
        path.write_bytes(build({"x": value}))
        printed = json.loads(run("show", "x", "--json").out)
        assert {key: printed[key] for key in printed if "value" in key} == shown

    def test_a_write(self, run, path):
        printed = json.loads(run("remove", "a.b", "--json").out)
        assert (printed["changed"], printed["names"], printed["dry_run"]) == (True, ["a.b"], False)
        assert [file["path"] for file in printed["files"]] == [str(path)]

    def test_what_is_refused(self, run, path):
        printed = json.loads(run("add", "a.b", "--json", stdin=b"n\n").out)
        assert (printed["changed"], printed["files"]) == (False, [])

    @pytest.mark.parametrize(
        ("words", "has_password", "exists"),
        [([], False, True), (["-c", "/nowhere"], False, False)],
    )
    def test_has_passwd(self, run, path, words, has_password, exists):
        ran = run("has-passwd", "--json", *words)
        printed = json.loads(ran.out)
        assert ran.exit_code == 1
        assert (printed["has_password"], printed["exists"]) == (has_password, exists)

    def test_an_error(self, run, protected):
        ran = run("list", "--json", stdin=b"wrong\n")
        assert json.loads(ran.out)["error"]["type"] == "KeystorePasswordError"

    @pytest.mark.parametrize("words", [["add", "-f", "new"], ["passwd"]])
    def test_no_value_and_no_password(self, run, protected, words):
        given = f"{SECRET}\n{VALUE}\n{VALUE}\n".encode()
        ran = run(*words, "--json", "-v", stdin=given)
        assert ran.exit_code == 0
        printed = ran.out.decode() + ran.err
        assert SECRET not in printed
        assert VALUE not in printed


class TestNothingSecretIsPrinted:
    @pytest.mark.parametrize(
        ("words", "stdin"),
        [
            (["passwd"], f"{SECRET}\n{VALUE}\n{VALUE}x\n"),
            (["add", "a.b"], f"{SECRET}\n{VALUE}\n"),
            (["add", "bad name"], f"{SECRET}\n{VALUE}\n"),
            (["create", "-p"], f"{SECRET}\n{VALUE}\n"),
            (["create", "-p"], f"{SECRET}\n{SECRET}\n{VALUE}\n"),
            (["list"], f"{SECRET}x\n"),
        ],
    )
    @pytest.mark.parametrize("options", [[], ["-v"], ["-s"], ["--json"], ["--dry-run"]])
    def test_what_is_answered(self, run, protected, words, stdin, options):
        if options == ["--dry-run"] and words == ["list"]:
            options = []
        ran = run(*words, *options, stdin=stdin.encode())
        assert ran.exit_code != 0
        printed = ran.out.decode() + ran.err
        assert SECRET not in printed
        assert VALUE not in printed


class TestFiles:
    def test_mode_is_kept(self, run, path):
        path.chmod(0o640)
        assert run("remove", "a.b").exit_code == 0
        assert stat.S_IMODE(path.stat().st_mode) == 0o640

    @pytest.mark.parametrize("umask", [0, 0o022, 0o077])
    def test_mode_of_a_new_one(self, run, conf, umask):
        before = os.umask(umask)
        try:
            assert run("create").exit_code == 0
        finally:
            os.umask(before)
        assert stat.S_IMODE((conf / runs.KEYSTORE).stat().st_mode) == 0o660

    def test_a_link_is_followed(self, run, path, tmp_path):
        path.rename(tmp_path / "target")
        path.symlink_to(tmp_path / "target")
        assert run("remove", "a.b").exit_code == 0
        assert path.is_symlink()
        assert parse((tmp_path / "target").read_bytes()).settings.keys() == {SEED}

    def test_a_link_that_leads_nowhere_counts_as_missing(self, run, conf, tmp_path):
        (conf / runs.KEYSTORE).symlink_to(tmp_path / "target")
        assert run("list").exit_code == 65
        assert run("has-passwd").exit_code == 1
        assert run("create").prompts == []
        assert (tmp_path / "target").is_file()

    @pytest.mark.parametrize("kind", ["file", "directory", "full", "link"])
    def test_a_left_over_temporary_file(self, run, path, tmp_path, kind):
        left = path.with_name(runs.KEYSTORE + ".tmp")
        if kind == "file":
            left.write_text("x")
        elif kind == "link":
            left.symlink_to(tmp_path)
        else:
            left.mkdir()
        if kind == "full":
            (left / "x").touch()
        assert run("list").exit_code == 0
        assert os.path.lexists(left)
        ran = run("remove", "a.b")
        assert (ran.exit_code, ran.err) == (0, "")
        assert os.path.lexists(left) == (kind == "full")
        assert tmp_path.is_dir()

    def test_a_directory_that_is_missing_is_created(self, run, conf):
        conf.rmdir()
        assert run("list").exit_code == 65
        assert not conf.exists()
        assert run("create").exit_code == 0
        assert stat.S_IMODE(conf.stat().st_mode) == 0o750

    def test_another_writer_in_between(self, run, conf, path, monkeypatch):
        """Both changes are there at the end."""
        asked = library.Keystore.set

        def set_meanwhile(self, name, value):
            other = library.Keystore.read(path)
            monkeypatch.setattr(library.Keystore, "set", asked)
            other.set("theirs", "1")
            other.save()
            asked(self, name, value)

        monkeypatch.setattr(library.Keystore, "set", set_meanwhile)
        assert run("add", "-x", "ours", stdin=b"2\n").exit_code == 0
        assert parse(path.read_bytes()).settings.keys() == {*SETTINGS, "theirs", "ours"}

    @pytest.fixture
    def as_nobody(self, monkeypatch):
        """Run a line as a user without rights, in a directory that this user can reach."""
        if os.geteuid() != 0:
            pytest.skip("becomes another user")
        runs.cheap_keys(monkeypatch)
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            folder.chmod(0o755)
            conf = folder / "config"
            conf.mkdir()
            (conf / runs.KEYSTORE).write_bytes(build(SETTINGS))

            def as_nobody(*words, folder_mode, file_mode):
                (conf / runs.KEYSTORE).chmod(file_mode)
                conf.chmod(folder_mode)
                os.seteuid(65534)
                try:
                    return runs.run_in_process(monkeypatch, conf, *words)
                finally:
                    os.seteuid(0)

            yield as_nobody

    @pytest.mark.parametrize(
        ("folder_mode", "file_mode", "words", "exit_code"),
        [
            (0o555, 0o644, ["remove", "a.b"], 78),
            (0o555, 0o644, ["list"], 0),
            (0o000, 0o644, ["list"], 65),
            (0o000, 0o644, ["has-passwd"], 1),
            (0o755, 0o600, ["list"], 74),
            (0o755, 0o600, ["has-passwd"], 74),
            (0o755, 0o600, ["remove", "a.b"], 74),
            (0o777, 0o666, ["remove", "a.b"], 78),
            (0o777, 0o666, ["remove", "a.b", "--attributes", "refuse"], 78),
            (0o777, 0o666, ["remove", "a.b", "--attributes", "warn"], 0),
        ],
    )
    def test_without_permission(self, as_nobody, folder_mode, file_mode, words, exit_code):
        ran = as_nobody(*words, folder_mode=folder_mode, file_mode=file_mode)
        assert ran.exit_code == exit_code, ran.err


class TestInterrupts:
    @pytest.fixture
    def interrupted(self, run, monkeypatch):
        """Run a line, and press Control-C at a prompt."""

        def interrupted(*words, stdin=b"", at):
            from esfilerealm.cli.terminal import Terminal

            prompt = Terminal._prompt

            def press(self, text):
                prompt(self, text)
                if text == at:
                    raise KeyboardInterrupt

            monkeypatch.setattr(Terminal, "_prompt", press)
            return run(*words, stdin=stdin)

        return interrupted

    def test_before_the_save(self, interrupted, path):
        before = path.read_bytes()
        ran = interrupted("add", "new", at="Enter value for new: ")
        assert (ran.exit_code, ran.err.endswith("\nInterrupted: nothing was written\n")) == (
            130,
            True,
        )
        assert path.read_bytes() == before

    def test_behind_the_creation(self, interrupted, conf):
        ran = interrupted("add", "-f", "new", at="Enter value for new: ")
        path = conf / runs.KEYSTORE
        assert ran.exit_code == 130
        assert ran.err.endswith(
            f"\nInterrupted: [{path}] was created, and nothing else was written\n"
        )
        assert parse(path.read_bytes()).settings.keys() == {SEED}

    def test_while_only_reading(self, interrupted, protected):
        ran = interrupted("list", at=runs.P1)
        assert (ran.exit_code, "written" in ran.err) == (130, False)


class TestFaults:
    def test_a_full_disk(self, run, conf, path, monkeypatch):
        def full(*_):
            raise OSError(28, "No space left on device")

        before = path.read_bytes()
        monkeypatch.setattr(system, "write", full)
        ran = run("remove", "a.b")
        assert (ran.exit_code, "No space left" in ran.err) == (74, True)
        assert path.read_bytes() == before
        assert runs.others(conf) == []

    @pytest.mark.parametrize("words", [["list"], ["create"], ["add", "-fx", "new"]])
    def test_without_its_extra(self, run, path, monkeypatch, words):
        monkeypatch.setitem(sys.modules, "cryptography", None)
        monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.ciphers.aead", None)
        before = path.read_bytes()
        ran = run(*words, stdin=b"y\n")
        assert ran.exit_code == 78
        assert "pip install 'esfilerealm[keystore]'" in ran.err
        assert path.read_bytes() == before

    def test_has_passwd_needs_no_extra(self, run, protected, monkeypatch):
        monkeypatch.setitem(sys.modules, "cryptography", None)
        assert run("has-passwd").exit_code == 0


class TestTheNameOfTheProgram:
    @pytest.mark.parametrize(
        ("words", "text"),
        [
            (["-h"], "Usage: elasticsearch-keystore [OPTIONS] COMMAND\n"),
            (["add", "-h"], "Usage: elasticsearch-keystore add [OPTIONS] SETTING...\n"),
            (["add", "-h"], "  elasticsearch-keystore add xpack."),
            (["add", "-h"], "| elasticsearch-keystore add -f -x"),
        ],
    )
    def test_help(self, run, words, text):
        out = run(*words).out.decode()
        assert text in out
        assert "esfilerealm keystore" not in out

    @pytest.mark.parametrize(
        ("words", "text"),
        [
            ([], "Try 'elasticsearch-keystore --help'"),
            (["lst"], "unknown command [lst] (did you mean [list]?)"),
            (["useradd"], "unknown command [useradd]"),
            (["keystore", "list"], "unknown command [keystore]"),
            (["list", "--bogus"], "Try 'elasticsearch-keystore list --help'"),
            (["list"], "create it with `elasticsearch-keystore create`"),
        ],
    )
    def test_errors(self, run, words, text):
        err = run(*words).err
        assert text in err
        assert "esfilerealm" not in err.replace(str(os.getcwd()), "")

    def test_before_the_subcommand(self, run, conf, path):
        assert run("-c", str(conf), "list", "--json").exit_code == 0
        assert run("-c", "/nowhere", "list").exit_code == 65
        assert run("-s", "list").out != b""
        assert run("-E", "a=b", "list", "-E", "a=c").exit_code == 64
        assert run("-E", "a=b", "show", "--", "a.b").exit_code == 64  # two words now


def test_names_with_control_characters(run, path):
    path.write_bytes(build({"a\x1b[2J\nb": b"1"}))
    assert run("list").out == b"a\\x1b[2J\\nb\n"
    assert json.loads(run("list", "--json").out)["names"] == ["a\x1b[2J\nb"]


@pytest.mark.parametrize("words", [["list", "-s"], ["has-passwd", "-s"], ["upgrade", "-s"]])
def test_silence(run, path, words):
    ran = run(*words)
    assert (ran.out, ran.err) == (b"", "")
