"""``backup create``, ``verify``, ``show`` and ``list``: what they print, and their exit codes."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from support.backups import age_by_passphrase, make_key
from support.hashes import CHEAP_HASH

from esfilerealm.cli.backup import _sized

pytest.importorskip("cryptography")
pytest.importorskip("pyrage")

SECRET = "opensesame"


@pytest.fixture(scope="session")
def keys(tmp_path_factory):
    """A key that signs, one that decrypts, one with a passphrase, and who is trusted."""
    folder = tmp_path_factory.mktemp("keys")
    for name in ("sign", "ops", "stranger"):
        make_key(folder / name)
    make_key(folder / "locked", SECRET.encode())
    (folder / "allowed_signers").write_text(f"sign@acme {(folder / 'sign.pub').read_text()}")
    return folder


@pytest.fixture
def signers(keys, tmp_path):
    """Who is trusted, where what was seen last may be noted."""
    path = tmp_path / "allowed_signers"
    path.write_bytes((keys / "allowed_signers").read_bytes())
    return ["--allowed-signers", str(path), "--identity", "sign@acme"]


@pytest.fixture
def backups(tmp_path):
    folder = tmp_path / "backups"
    folder.mkdir()
    return folder


@pytest.fixture
def create(run, backups, bob):
    """Make a backup; return the run and the file."""

    def create(*words):
        done = run("backup", "create", str(backups), "--node", "node-a", *words)
        found = sorted(backups.glob("node-a-*"))
        return done, found[-1] if found else None

    return create


@pytest.fixture
def plain(create):
    """The path of a backup without encryption and signature."""
    done, path = create("--plain", "--gzip")
    assert done.exit_code == 0
    return str(path)


@pytest.fixture
def sealed(create, keys):
    """The path of a signed and encrypted backup."""
    words = ["--sign", str(keys / "sign"), "--recipients-file", str(keys / "ops.pub")]
    done, path = create(*words)
    assert done.exit_code == 0
    return str(path)


class TestCreate:
    def test_what_is_printed(self, create, keys, config):
        words = ["--sign", str(keys / "sign"), "--recipients-file", str(keys / "ops.pub")]
        done, path = create(*words, "--cluster", "prod")
        assert (done.exit_code, done.err) == (0, "")
        lines = dict(line.split(" : ", 1) for line in done.out.splitlines())
        lines = {key.strip(): value for key, value in lines.items()}
        assert lines["backup"] == str(path)
        assert lines["node"] == "node-a, cluster prod"
        assert lines["made"].endswith("UTC, number 1")
        assert lines["directory"] == str(config)
        assert lines["files"].startswith("3, of them 1 confidential, ")
        assert lines["protected"] == "encrypted, signed"

    def test_without_protection_it_says_so(self, create):
        done, _ = create("--plain")
        assert "not encrypted, not signed: nobody can tell who made it" in done.out

    def test_for_programs(self, create):
        told = json.loads(create("--plain", "--json")[0].out)
        assert (told["node"], told["counter"], told["file_count"]) == ("node-a", 1, 3)
        assert told["confidential"] == ["config/users"]
        assert (told["is_signed"], told["is_encrypted"], told["findings"]) == (False, False, [])

    def test_confidential_files_need_a_decision(self, create, backups):
        done, path = create()
        assert done.exit_code == 65
        assert path is None
        assert "--plain" in done.err
        assert "--recipient" in done.err

    def test_the_names_are_those_of_the_settings(self, run, bob, backups, give_settings):
        give_settings("node.name: node-b", "cluster.name: prod")
        done = run("backup", "create", str(backups), "--plain")
        assert "node       : node-b, cluster prod\n" in done.out

    def test_files_that_are_missing_in_it(self, create, config):
        (config / "pipe").symlink_to("pipe")
        done, path = create("--plain")
        assert done.exit_code == 1
        assert path is not None
        assert f"WARNING: [{config}/pipe]: it is missing in the backup: " in done.err

    def test_what_is_worth_knowing_is_told_to_whom_asks(self, create, config):
        (config / "alias").symlink_to("users")
        assert create("--plain")[0].err == ""
        assert "NOTE: " in create("--plain", "--verbose")[0].err

    def test_rotation(self, create, backups):
        for _ in range(3):
            done, _ = create("--plain", "--keep-last", "2")
        assert len(list(backups.glob("node-a-*"))) == 2
        assert done.out.count("removed    : ") == 1

    def test_not_to_standard_output(self, run, bob):
        done = run("backup", "create", "-", "--plain")
        assert (done.exit_code, Path("-").exists()) == (64, False)

    def test_a_file_is_not_counted(self, run, bob, tmp_path):
        done = run("backup", "create", str(tmp_path / "one"), "--plain")
        assert "number" not in done.out

    def test_only_those_in_a_directory_are_counted(self, run, bob, tmp_path):
        done = run("backup", "create", str(tmp_path / "one"), "--plain", "--keep-last", "2")
        assert (done.exit_code, (tmp_path / "one").exists()) == (64, False)
        assert "option [keep-last] counts the backups in a directory" in done.err

    @pytest.mark.parametrize(
        ("words", "reason"),
        [
            (["--keep-last", "0"], "keeps at least the new backup"),
            (["--keep-last", "x"], "needs a number of backups"),
            (["--plain", "--passphrase"], "only one of"),
            (["--plain", "--recipient", "age1x"], "only one of"),
            (["--recipient", ""], "needs a key such as age1"),
        ],
        ids=["none kept", "no number", "two ways", "two ways with a key", "empty"],
    )
    def test_usage(self, create, words, reason):
        done, path = create(*words)
        assert (done.exit_code, path) == (64, None)
        assert reason in done.err

    @pytest.mark.parametrize(
        ("words", "exit_code", "reason"),
        [
            (["--sign", "nothing", "--plain"], 66, "option [sign]: file [nothing] does not exist"),
            (["--recipients-file", "nothing"], 66, "file [nothing] does not exist"),
            (["--recipient", "age1nonsense"], 65, "is no recipient"),
            (["--passphrase-file", "nothing"], 66, "option [passphrase-file]: there is no such"),
            (["--plain", "--sign", "{key}", "--sign-passphrase-file", "nothing"], 66, "no such"),
        ],
        ids=["key", "recipients", "recipient", "passphrase", "passphrase of the key"],
    )
    def test_what_is_not_there_or_no_key(self, create, keys, words, exit_code, reason):
        done, path = create(*(word.format(key=keys / "locked") for word in words))
        assert (done.exit_code, path) == (exit_code, None)
        assert reason in done.err

    def test_the_passphrase_of_the_key_is_asked_for(self, run, bob, backups, keys):
        words = ["backup", "create", str(backups), "--plain", "--sign", str(keys / "locked")]
        done = run(*words, stdin=f"{SECRET}\n")
        assert done.exit_code == 0
        assert f"Enter passphrase of [{keys}/locked]: " in done.err
        assert SECRET not in done.err + done.out
        assert run(*words, stdin="wrong\n").exit_code == 65

    def test_the_passphrase_of_the_key_in_a_file(self, create, keys, tmp_path):
        (tmp_path / "secret").write_text(f"{SECRET}\n")
        words = ["--sign", str(keys / "locked"), "--sign-passphrase-file", str(tmp_path / "secret")]
        assert create("--plain", *words)[0].exit_code == 0

    def test_a_key_of_another_program_signs(self, create, keys):
        reader, writer = os.pipe()
        os.write(writer, (keys / "sign").read_bytes())
        os.close(writer)
        done, _ = create("--plain", "--sign", f"/dev/fd/{reader}")
        os.close(reader)
        assert "not encrypted, signed\n" in done.out

    @pytest.mark.parametrize(
        ("typed", "reason"),
        [("a\nb\n", "the two passphrases differ"), ("\n", "the passphrase is empty")],
        ids=["two", "empty"],
    )
    def test_a_typed_passphrase_is_checked(self, run, bob, backups, typed, reason):
        done = run("backup", "create", str(backups), "--passphrase", stdin=typed)
        assert done.exit_code == 65
        assert f"{reason}, so nothing was written" in done.err
        assert list(backups.iterdir()) == []

    @pytest.mark.slow
    def test_a_passphrase_opens_what_it_closed(self, run, bob, backups):
        words = ["backup", "create", str(backups / "one"), "--passphrase"]
        assert run(*words, stdin=f"{SECRET}\n{SECRET}\n").exit_code == 0
        done = run("backup", "verify", str(backups / "one"), stdin=f"{SECRET}\n")
        assert done.exit_code == 0
        assert "Enter passphrase of the backup: " in done.err

    def test_a_bar_where_somebody_watches(self, create, monkeypatch, capsys):
        monkeypatch.setattr("sys.stderr.isatty", lambda: True)
        monkeypatch.setattr("esfilerealm.cli.progress._PATIENCE", 0)
        done, _ = create("--plain")
        assert "Reading" in done.err
        assert "5/5" in done.err or "files" in done.err


class TestVerify:
    def test_signed_and_encrypted(self, run, sealed, signers, keys):
        done = run("backup", "verify", sealed, *signers, "--age-identity", str(keys / "ops"))
        assert (done.exit_code, done.err) == (0, "")
        assert "signed by  : sign@acme, key SHA256:" in done.out
        assert "Every file is as the manifest says.\n" in done.out

    def test_for_programs(self, run, sealed, signers, keys):
        words = [*signers, "--age-identity", str(keys / "ops"), "--json"]
        told = json.loads(run("backup", "verify", sealed, *words).out)
        assert told["signer"]["identity"] == "sign@acme"
        assert (told["is_signed"], told["is_encrypted"], told["is_older"]) == (True, True, False)

    def test_without_trust_the_signer_is_not_known(self, run, sealed, keys):
        done = run("backup", "verify", sealed, "--age-identity", str(keys / "ops"))
        assert done.exit_code == 0
        assert "signed by  : not checked" in done.out
        assert "nobody was named whose signature counts" in done.err

    def test_unsigned(self, run, plain):
        done = run("backup", "verify", plain)
        assert "signed by  : nobody" in done.out
        assert "nobody knows who made it" in done.err

    def test_an_unsigned_one_is_refused_with_trust(self, run, plain, signers):
        assert run("backup", "verify", plain, *signers).exit_code == 65

    def test_changed(self, run, plain):
        data = bytearray(Path(plain).read_bytes())
        data[len(data) // 2] ^= 1
        Path(plain).write_bytes(data)
        assert run("backup", "verify", plain).exit_code == 65

    @pytest.mark.parametrize(
        ("words", "reason"),
        [
            (["--allowed-signers", "x"], "option [identity] is missing"),
            (["--identity", "x"], "option [allowed-signers] is missing"),
            (["--node", "a"], "option [node] needs --allowed-signers and --identity"),
            (["--allow-older"], "option [allow-older] needs --allowed-signers"),
        ],
        ids=["identity", "signers", "node", "older"],
    )
    def test_usage(self, run, plain, words, reason):
        done = run("backup", "verify", plain, *words)
        assert done.exit_code == 64
        assert reason in done.err

    def test_of_another_node(self, run, sealed, signers, keys):
        words = [*signers, "--age-identity", str(keys / "ops"), "--node", "node-b"]
        done = run("backup", "verify", sealed, *words)
        assert done.exit_code == 65
        assert "it is a backup of node [node-a], not of [node-b]" in done.err

    def test_an_older_one_after_a_later_one(self, run, create, signers, keys):
        words = ["--sign", str(keys / "sign"), "--plain"]
        old, new = (str(create(*words)[1]) for _ in range(2))
        assert run("backup", "verify", new, *signers).exit_code == 0
        assert run("backup", "verify", old, *signers).exit_code == 65
        allowed = run("backup", "verify", old, *signers, "--allow-older")
        assert allowed.exit_code == 0
        assert "WARNING: " in allowed.err

    def test_what_was_seen_cannot_be_noted(self, run, create, signers, keys, monkeypatch):
        _, path = create("--sign", str(keys / "sign"), "--plain")
        os.mkdir(f"{signers[1]}.last_seen.lock")
        done = run("backup", "verify", str(path), *signers)
        assert done.exit_code == 0
        assert "an older backup in the place of this one would not be found: " in done.err

    @pytest.mark.parametrize(
        ("words", "reason"),
        [
            (["nothing"], "file [nothing] does not exist"),
            (["{plain}", "--age-identity", "nothing"], "option [age-identity]: file [nothing]"),
            (
                ["{plain}", "--allowed-signers", "nothing", "--identity", "x"],
                "option [allowed-signers]: file [nothing]",
            ),
        ],
        ids=["backup", "key", "signers"],
    )
    def test_what_is_not_there(self, run, plain, words, reason):
        done = run("backup", "verify", *(word.format(plain=plain) for word in words))
        assert done.exit_code == 66
        assert reason in done.err

    @pytest.mark.parametrize(
        ("words", "reason"),
        [
            ([], "it is encrypted to recipients: give the private key of one"),
            (["--age-identity", "{keys}/stranger"], "none of the identities opens it"),
            (["--age-identity", "{keys}/ops.pub"], "it is a public key: give the private key"),
        ],
        ids=["no key", "key of somebody else", "public key"],
    )
    def test_a_key_that_does_not_open_it(self, run, sealed, keys, words, reason):
        done = run("backup", "verify", sealed, *(word.format(keys=keys) for word in words))
        assert done.exit_code == 65
        assert reason in done.err

    def test_a_key_from_another_program(self, run, sealed, keys):
        """As ``--age-identity <(pass show ops)`` of a shell gives it."""
        reader, writer = os.pipe()
        os.write(writer, (keys / "ops").read_bytes())
        os.close(writer)
        done = run("backup", "verify", sealed, "--age-identity", f"/dev/fd/{reader}")
        os.close(reader)
        assert done.exit_code == 0

    def test_a_key_in_place_of_its_file_is_not_shown(self, run, sealed):
        done = run("backup", "verify", sealed, "--age-identity", "AGE-SECRET-KEY-1QQPQ")
        assert done.exit_code == 64
        assert "QQPQ" not in done.err

    def test_a_public_key_in_place_of_who_is_trusted(self, run, plain, keys, create):
        _, path = create("--plain", "--sign", str(keys / "sign"))
        words = ["--allowed-signers", str(keys / "sign.pub"), "--identity", "sign@acme"]
        done = run("backup", "verify", str(path), *words)
        assert done.exit_code == 65
        assert "line [1]: it has a key without an identity in front of it" in done.err

    def test_a_passphrase_is_asked_for_where_one_is_needed(self, run, plain, tmp_path):
        path = tmp_path / "backup.age"
        path.write_bytes(age_by_passphrase(Path(plain).read_bytes(), SECRET))
        wrong = run("backup", "verify", str(path), stdin="wrong\n")
        assert wrong.exit_code == 65
        assert "Enter passphrase of the backup: " in wrong.err
        assert "the passphrase is wrong" in wrong.err
        assert run("backup", "verify", str(path), stdin=f"{SECRET}\n").exit_code == 0
        (tmp_path / "secret").write_text(SECRET)
        given = run("backup", "verify", str(path), "--passphrase-file", str(tmp_path / "secret"))
        assert (given.exit_code, "Enter" in given.err) == (0, False)

    def test_what_is_no_file(self, run, backups):
        done = run("backup", "verify", str(backups))
        assert done.exit_code == 65
        assert "is a directory: name a backup in it" in done.err
        os.mkfifo(backups / "pipe")
        assert run("backup", "verify", str(backups / "pipe")).exit_code == 74


class TestShow:
    def test_every_entry(self, run, config, plain):
        done = run("backup", "show", plain)
        assert done.exit_code == 0
        lines = [line.split() for line in done.out.splitlines() if " config" in line]
        assert [line[-1] for line in lines] == [
            *("config", "config/elasticsearch.yml", "config/users", "config/users_roles")
        ]
        assert [line[0] for line in lines] == ["d", "-", "-C", "-"]

    def test_a_link(self, run, config, create):
        (config / "alias").symlink_to("users")
        _, path = create("--plain")
        assert "config/alias > users\n" in run("backup", "show", str(path)).out

    def test_for_programs(self, run, plain):
        told = json.loads(run("backup", "show", plain, "--json").out)
        users = next(each for each in told["entries"] if each["path"] == "config/users")
        assert (users["kind"], users["is_confidential"]) == ("users", True)

    def test_no_hash_is_printed(self, run, plain):
        for options in ([], ["--json"], ["--verbose"]):
            done = run("backup", "show", plain, *options)
            assert CHEAP_HASH not in done.out + done.err


class TestList:
    def test_the_latest_first(self, run, create, backups, keys):
        create("--plain")
        create("--recipients-file", str(keys / "ops.pub"))
        done = run("backup", "list", str(backups))
        first, second = done.out.splitlines()
        assert first.split()[4:] == ["kB", "encrypted", max(os.listdir(backups))]
        assert " plain " in second

    def test_for_programs(self, run, backups, plain):
        told = json.loads(run("backup", "list", str(backups), "--json").out)
        (backup,) = told["backups"]
        assert (backup["path"], backup["counter"]) == (plain, 1)

    def test_none(self, run, backups):
        assert run("backup", "list", str(backups)).out == "No backups found\n"

    def test_no_directory(self, run):
        assert run("backup", "list", "nothing").exit_code == 66


@pytest.mark.parametrize(
    ("size", "text"),
    [(999, "999 bytes"), (1500, "1.5 kB"), (2_500_000, "2.5 MB"), (3_200_000_000, "3.2 GB")],
)
def test_sizes(size, text):
    assert _sized(size) == text
