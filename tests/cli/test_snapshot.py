"""``snapshot``: what is asked of a person, what is printed, and what comes of it."""

from __future__ import annotations

import json

import pytest
from support.cluster import FakeCluster, authority_files, serving

from esfilerealm.cli import exits

pytest.importorskip("elasticsearch")

FOUND = "SUCCESS, made by 8.19.3, with the feature of security"
NAMES = ["--repository", "backup", "--snapshot", "first"]


@pytest.fixture
def state():
    return FakeCluster()


@pytest.fixture
def url(state):
    with serving(state) as url:
        yield url


@pytest.fixture
def snapshot(run, url, tmp_path):
    """Run a command on the cluster, as its admin."""
    (tmp_path / "secret").write_text("admin-password\n")

    def snapshot(verb, *words, version="8.19.3", user="admin", **more):
        secret = ["--password-file", str(tmp_path / "secret")]
        who = ["--url", url, "--user", user, *(secret if user == "admin" else ())]
        line = ["snapshot", verb, "--es-version", version, *NAMES, *who, *words]
        return run(*line, config_dir=None, **more)

    return snapshot


def saved(state):
    state.repositories["backup"] = {"type": "fs", "settings": {"location": "x"}}
    state.add_snapshot("first")


class TestPlan:
    def plan(self, run, *words):
        return run("snapshot", "plan", *words, config_dir=None)

    def test_all_of_them(self, run):
        result = self.plan(run, "--es-version", "8.19")
        assert (result.exit_code, result.err) == (0, "")
        titles = [line for line in result.out.splitlines() if line.startswith("# To ")]
        assert titles == ["# To create:", "# To restore:", "# To verify:"]
        assert "\n\n\n" not in result.out

    @pytest.mark.parametrize("what", ["create", "restore", "verify"])
    @pytest.mark.parametrize("form", ["console", "curl", "python"])
    def test_one(self, run, what, form):
        result = self.plan(run, what, "--es-version", "9.1", "--format", form)
        assert result.exit_code == 0
        assert "# To " not in result.out
        assert "my_backup" in result.out

    def test_with_names_of_ones_own(self, run):
        words = ["create", "--es-version", "8", *NAMES, "--location", "there", "--by-index"]
        assert self.plan(run, *words).exit_code == exits.DATA
        result = self.plan(run, *words[:-1])
        assert "PUT /_snapshot/backup/first" in result.out
        assert '"location": "there"' in result.out

    def test_how_a_script_gets_in(self, run, config):
        (config / "certs").mkdir()
        (config / "certs/http_ca.crt").touch()
        words = ["verify", "--es-version", "8.19", "--format", "curl", "-c", str(config)]
        words += ["--url", "https://node:9201", "--netrc-file", "my netrc"]
        result = self.plan(run, *words)
        assert "\nurl=https://node:9201\n" in result.out
        assert f"--cacert {config}/certs/http_ca.crt --netrc-file 'my netrc'" in result.out

    @pytest.mark.parametrize(
        ("words", "exit_code", "text"),
        [
            ([], 64, "option [es-version] is missing"),
            (["--es-version", "x"], 65, "invalid release [x]: write it as 8.19.3"),
            (["--es-version", "5.6"], 65, "the major releases 6 to 9"),
            (["other", "--es-version", "8"], 64, "WHAT is one of [create, restore, verify]"),
            (["--es-version", "8", "--url", "x"], 65, "write it as https://node:9200"),
            (["--es-version", "8", "--index-created", "7"], 64, "needs [made-by], too"),
            (["--es-version", "8.1", "--made-by", "8.2"], 65, "cannot restore security data"),
            (["--es-version", "8", "--format", "x"], 64, "option [format] is one of"),
        ],
    )
    def test_refused(self, run, words, exit_code, text):
        result = self.plan(run, *words)
        assert (result.exit_code, result.out) == (exit_code, "")
        assert text in result.err

    def test_an_assumption_is_a_warning(self, run):
        words = ["restore", "--es-version", "9.1", "--made-by", "8.19"]
        assert "WARNING: nobody has said in which release" in self.plan(run, *words).err
        result = self.plan(run, *words, "--index-created", "8.0")
        assert (result.exit_code, result.err) == (0, "")

    def test_why_not_for_programs(self, run):
        words = ["restore", "--es-version", "9.1", "--made-by", "7.17", "--json"]
        printed = json.loads(self.plan(run, *words).out)
        assert printed["compatibility"]["allowed"] is False
        assert printed["error"]["type"] == "SnapshotNotCompatibleError"
        assert printed["plans"][0]["steps"][0]["words"][:2] == ["esfilerealm", "useradd"]


class TestCreate:
    def test_what_is_printed(self, snapshot, state):
        result = snapshot("create", "--location", "x")
        assert result.exit_code == 0
        assert result.out.splitlines() == [
            "done       Register the repository [backup]: registered",
            "found      List the features that can be saved: [security] is among them",
            "found      Find out in which release the index was created: in 8",
            "done       Make the snapshot [first]: made",
            "found      Look at the repository [backup]: it is there",
            f"found      Look at the snapshot [first]: {FOUND}",
        ]
        assert "Back up the files of every node, too" in result.err
        again = snapshot("create", "--location", "x")
        assert "unchanged  Make the snapshot [first]: it is there already" in again.out
        assert len(state.changes()) == 2

    def test_a_user_for_later(self, snapshot, state, tmp_path):
        (tmp_path / "new").write_text("saver-password\n")
        words = ["--location", "x", "--backup-user", "saver"]
        result = snapshot("create", *words, "--new-password-file", str(tmp_path / "new"))
        assert result.exit_code == 0
        assert state.users["saver"].password == "saver-password"
        assert "saver-password" not in result.out + result.err

    def test_its_password_is_asked_for_where_it_is_needed(self, snapshot, state):
        words = ["--location", "x", "--backup-user", "saver"]
        result = snapshot("create", *words, stdin="saver-password\nsaver-password\n")
        assert result.exit_code == 0
        assert "Enter new password: " in result.err
        again = snapshot("create", *words)
        assert (again.exit_code, "password: " in again.err) == (0, False)

    def test_for_programs(self, snapshot):
        printed = json.loads(snapshot("create", "--location", "x", "--json").out)
        assert printed["snapshot"]["index_created"] == "8"
        assert printed["restorable"] is True

    def test_tls_with_the_authority_of_the_node(self, run, config, tmp_path):
        """That of ``-c``, unless another is named."""
        authority, own = authority_files(tmp_path)
        (config / "certs").mkdir()
        (config / "certs/http_ca.crt").write_bytes(authority.read_bytes())
        words = ["snapshot", "create", "--es-version", "8", *NAMES, "--location", "x"]
        words += ["--user", "admin", "--password-stdin"]
        with serving(FakeCluster(), own) as url:
            known, unknown = (
                run(*words, "--url", url, *more, stdin="admin-password", config_dir=None)
                for more in (["-c", str(config)], [])
            )
        assert known.exit_code == 0
        assert (unknown.exit_code, unknown.out) == (exits.IO, "")
        assert "is not trusted: check --ca" in unknown.err


class TestRestore:
    def test_what_is_printed(self, snapshot, state):
        saved(state)
        result = snapshot("restore")
        assert result.exit_code == 0
        assert result.out.splitlines()[-1] == "done       Restore the snapshot [first]: restored"
        notes = [line for line in result.err.splitlines() if line.startswith("Next: ")]
        assert [note.split(".")[0] for note in notes] == [
            "Next: Copy the files of the configuration directory back, on every node",
            "Next: Restart the whole cluster",
            "Next: Remove the user of the file realm",
        ]

    def test_with_emergency_access(self, run, state, url, config):
        """The node of the directory gets a user for the time of the restore."""
        saved(state)
        state.config = config
        words = ["restore", "--es-version", "8", *NAMES, "--url", url]
        result = run("snapshot", *words)
        assert result.exit_code == 0
        first, *_, last = result.out.splitlines()
        assert first.startswith("done       Add a user of the file realm on the node that gets")
        assert "is removed" in last
        assert (config / "users").read_bytes() == b""
        assert "Next: Remove the user" not in result.err

    @pytest.mark.parametrize("verb", ["create", "restore"])
    def test_an_interrupt_says_what_may_go_on(self, snapshot, state, verb, monkeypatch):
        def interrupted(*_, **__):
            raise KeyboardInterrupt

        saved(state)
        monkeypatch.setattr(f"esfilerealm.cli.snapshot.{verb}_snapshot", interrupted)
        done = snapshot(verb)
        assert done.exit_code == 130
        assert "Interrupted: the cluster may go on with the last request" in done.err

    def test_a_password_without_a_user(self, run):
        words = ["restore", "--es-version", "8", *NAMES, "--password-stdin"]
        assert "whose password is it?" in run("snapshot", *words).err

    def test_no_directory(self, run, state, url):
        """Then a user of that node has to be there, and is asked for."""
        saved(state)
        words = ["restore", "--es-version", "8", *NAMES, "--url", url]
        result = run("snapshot", *words, stdin="admin\nadmin-password\n", config_dir=None)
        assert result.exit_code == 0
        assert "name a user of the file realm of that node\nName of the user: " in result.err

    def test_a_user_who_may_be_locked_out(self, snapshot, state):
        saved(state)
        result = snapshot("restore", user="native", stdin="native-password\n")
        assert (result.exit_code, state.changes()) == (exits.IO, [])
        assert "`esfilerealm rescue`, or go on by --any-user" in result.err
        more = snapshot("restore", "--any-user", user="native", stdin="native-password\n")
        assert more.exit_code == 0

    def test_releases_that_do_not_fit(self, snapshot, state):
        state.version = "9.1.0"
        saved(state)
        result = snapshot("restore", "--index-created", "7.17", version="9.1")
        assert result.exit_code == exits.DATA
        result = snapshot("restore", "--index-created", "9.0", version="9.1")
        assert result.exit_code == 0

    def test_everything_of_the_cluster(self, snapshot, state):
        saved(state)
        state.snapshots["first"]["include_global_state"] = True
        assert snapshot("restore", "--global-state").exit_code == 0
        assert state.calls[-1].body["include_global_state"] is True


class TestVerify:
    def test_what_is_printed(self, snapshot, state):
        saved(state)
        result = snapshot("verify")
        assert result.exit_code == 0
        assert result.out.endswith("[8.19.3] can restore security data of [8.19.3]\n")
        assert "nothing shows whether somebody changed it" in result.err

    def test_what_cannot_be_restored(self, snapshot, state):
        saved(state)
        state.snapshots["first"]["state"] = "PARTIAL"
        result = snapshot("verify", "--silent")
        assert result.exit_code == exits.NOT_RESTORABLE
        assert "It cannot be restored: the snapshot is not complete" in result.out

    def test_releases_that_do_not_fit(self, snapshot, state):
        saved(state)
        state.snapshots["first"]["version"] = "8.20.0"
        result = snapshot("verify")
        assert result.exit_code == exits.NOT_RESTORABLE
        assert "[8.20.0] is later than [8.19.3]" in result.out


@pytest.mark.parametrize("verb", ["create", "restore", "verify"])
class TestEveryVerb:
    @pytest.mark.parametrize(
        ("words", "exit_code", "text"),
        [
            (["--es-version", "8", "--snapshot", "s"], 64, "option [repository] is missing"),
            (["--es-version", "8", "--repository", "r"], 64, "option [snapshot] is missing"),
            (["--es-version", "8", *NAMES], 64, "option [user] is missing: who"),
            (NAMES, 64, "option [es-version] is missing"),
            (
                ["--es-version", "8", *NAMES, "--user", "a", "--timeout", "0"],
                *(64, "option [timeout] is between 1 and 86400 seconds"),
            ),
            (
                ["--es-version", "8", *NAMES, "--user", "a", "--url", "http://node:9200"],
                *(65, "allow it by --allow-http"),
            ),
        ],
    )
    def test_refused_before_anything_is_sent(self, run, verb, words, exit_code, text):
        answer = "\n" if "[user]" in text else "secret-1\n"
        result = run("snapshot", verb, *words, config_dir=None, stdin=answer)
        assert (result.exit_code, result.out) == (exit_code, "")
        assert text in result.err

    def test_a_wrong_password(self, run, url, state, verb):
        words = ["--es-version", "8", *NAMES, "--url", url, "--user", "admin", "--timeout", "9"]
        result = run("snapshot", verb, *words, stdin="wrong-password\n", config_dir=None)
        assert (result.exit_code, state.changes()) == (exits.IO, [])
        assert "wrong-password" not in result.err
