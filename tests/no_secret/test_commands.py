"""No command prints a secret."""

from __future__ import annotations

import io
import json
import sys
import threading
from queue import SimpleQueue

import pytest
from no_secret.busy_realm import lay_out
from no_secret.planted import (
    CLEAR,
    HASHES,
    LONG,
    PASSWORDS,
    SHORT,
    WRONG,
)
from no_secret.search import assert_clean
from support.threads import wait_until
from support.watching import replace

from esfilerealm import (
    UsersTool,
)
from esfilerealm.cli import main


class TestCommands:
    @pytest.fixture
    def command(self, folder, capsys):
        """Run the command, and return everything that it prints."""

        def command(*words, stdin=""):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(sys, "stdin", io.StringIO(stdin))
                main(["-c", str(folder), *words])
            return "".join(capsys.readouterr())

        return command

    @pytest.mark.parametrize("options", [[], ["--json"], ["-v"], ["-s"]], ids=" ".join)
    @pytest.mark.parametrize(
        "name",
        [
            "list",
            "settings",
            "verify",
            "whoami",
            "useradd",
            "passwd",
            "roles",
            "init",
            "check",
            "recover",
            "undo",
        ],
    )
    def test_output(self, command, folder, name, options):
        words = {
            "verify": [["verify", user, "--password-stdin"] for user in (*HASHES, "nobody")],
            "whoami": [["whoami", user, "--password-stdin"] for user in (*HASHES, "nobody")],
            "useradd": [["useradd", "new", "--password-stdin"]] * 2,
            "passwd": [["passwd", user, "--password-stdin"] for user in ("ssha", "nobody")],
            "roles": [["roles", "ssha", "-a", "x"]],
            "undo": [["userdel", "ssha", "--keep", "1"], ["undo"]],
        }.get(name, [[name]])
        for spoiler in (b"", b"\xff"):
            with (folder / "users").open("ab") as file:
                file.write(spoiler)
            for line in words:
                for password in (PASSWORDS.get(line[len(line) // 2], WRONG), WRONG, SHORT, LONG):
                    assert_clean(name, command(*line, *options, stdin=password))

    @pytest.mark.parametrize("options", [[], ["--json"], ["-v"], ["-s"]], ids=" ".join)
    @pytest.mark.parametrize("name", ["list", "check", "digest", "plan", "apply", "ensure"])
    def test_output_about_several_nodes(self, command, folder, tmp_path, name, options):
        missing, other = tmp_path / "missing", tmp_path / "other"
        other.mkdir()
        lay_out(other)
        document = {"users": [{"name": "new", "password": PASSWORDS["ssha"]}]}
        words = {name: [name, "-"] for name in ("plan", "apply")}
        words["ensure"] = ["ensure", "ssha", "--password-stdin"]
        stdin = PASSWORDS["bcrypt"] if name == "ensure" else json.dumps(document)
        line = [*words.get(name, [name]), "-c", str(other), "-c", str(missing)]
        for spoiler in (b"", b"\xff"):
            with (other / "users").open("ab") as file:
                file.write(spoiler)
            assert_clean(name, command(*line, *options, stdin=stdin))

    @pytest.mark.parametrize("options", [["--diff"], ["--json"], ["-v"], ["-s"]], ids=" ".join)
    @pytest.mark.parametrize("name", ["plan", "apply", "ensure", "validate"])
    def test_output_about_a_desired_state(self, command, name, options):
        options = [word for word in options if name in ("apply", "ensure") or word != "--diff"]
        for password in (PASSWORDS["ssha"], WRONG, SHORT, LONG, HASHES["bcrypt"], CLEAR):
            for user in ("ssha", "new", "elastic"):
                if name == "ensure":
                    for word in (["-p"], ["--hash"]):
                        assert_clean(name, command(name, user, *word, password, *options))
                    continue
                for field in ("password", "password_hash", "pasword"):
                    document = json.dumps({"users": [{"name": user, field: password}]})
                    for text in (document, document + "}", document.replace('": "', '": *')):
                        assert_clean(name, command(name, "-", *options, stdin=text))

    @pytest.mark.parametrize("options", [[], ["--json"], ["-v"]], ids=" ".join)
    def test_output_about_a_hashed_document(self, command, tmp_path, options):
        """What is written holds hashes; what is printed about it holds none."""
        output = ["--output", str(tmp_path / "hashed.yml")]
        for password in (PASSWORDS["ssha"], SHORT, LONG, HASHES["bcrypt"], CLEAR):
            for field in ("password", "password_hash", "password_file", "pasword"):
                document = json.dumps({"users": [{"name": "new", field: password}]})
                for text in (document, document + "}", document.replace('": "', '": *')):
                    words = ["hash-document", "-", "--all-sources", *output, *options]
                    assert_clean("hash-document", command(*words, stdin=text))

    @pytest.mark.parametrize("options", [[], ["--json"], ["-v"], ["--check"]], ids=" ".join)
    @pytest.mark.parametrize("more", [[], ["--partial"]], ids=["whole", "partial"])
    def test_output_about_copies(self, command, folder, tmp_path, options, more):
        nodes = [tmp_path / name for name in ("a", "b")]
        for node in nodes:
            UsersTool(node).init()
        words = ["copy", str(folder), "--yes", "--force", *more, *options]
        assert_clean("copy", command(*words, "-c", str(nodes[0])))
        for source in (folder, nodes[0]):
            words[1] = str(source)
            assert_clean("copy", command(*words))

    @pytest.mark.parametrize("options", [[], ["--json"]], ids=" ".join)
    def test_watch(self, folder, options, monkeypatch):
        happenings = SimpleQueue()
        out, err = io.StringIO(), io.StringIO()
        monkeypatch.setattr("esfilerealm.cli.watch.SimpleQueue", lambda: happenings)
        monkeypatch.setattr(sys, "stdout", out)
        monkeypatch.setattr(sys, "stderr", err)
        interval = "resource.reload.interval.high=20ms"
        words = ["-c", str(folder), "watch", "--no-events", "-E", interval, *options]
        thread = threading.Thread(target=main, args=(words,))
        thread.start()
        try:
            wait_until(lambda: "9" in out.getvalue())
            tool = UsersTool(folder)
            tool.useradd("new", PASSWORDS["new"])
            wait_until(lambda: "new" in out.getvalue())
            tool.passwd("ssha", PASSWORDS["new"])
            tool.userdel("md5")
            wait_until(lambda: "md5" in out.getvalue())
            replace(folder / "users", (folder / "users").read_bytes() + b"\xff")
            wait_until(lambda: "not UTF-8" in err.getvalue())
            lay_out(folder)
            wait_until(lambda: out.getvalue().count("md5") > 1)
        finally:
            happenings.put(self.interrupt)
            thread.join(60)
        assert_clean("watch", out.getvalue() + err.getvalue())

    @staticmethod
    def interrupt():
        raise KeyboardInterrupt
