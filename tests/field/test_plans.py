"""Plans that show first and refuse after, and questions in the right order (N09, N15, N18, N22)."""

from __future__ import annotations

import json

import pytest
from support.hashes import CHEAP_HASH
from support.storing import statuses

from esfilerealm import UsersTool
from esfilerealm.cli import main
from esfilerealm.errors import InvalidDesiredStateError, UnsafePlanError
from esfilerealm.exchange import EXPORT_FORMATS, export_realm, import_users
from esfilerealm.provisioning import DesiredState, apply, ensure_user, plan

OBJECTION = "no [superuser] could log in any more (now: [al])"


@pytest.fixture
def al(config):
    """The last superuser."""
    (config / "users").write_text(f"al:{CHEAP_HASH}\nbob:{CHEAP_HASH}\n")
    (config / "users_roles").write_text("superuser:al\nviewer:bob\n")
    return config


@pytest.fixture
def document(tmp_path):
    def write(**content):
        path = tmp_path / "state.json"
        path.write_text(json.dumps(content))
        return str(path)

    return write


DEMOTED = {"users": [{"name": "al", "roles": ["viewer"]}, {"name": "bob", "roles_add": ["x"]}]}


class TestN09:
    @pytest.mark.parametrize("command", ["plan", "apply"])
    def test_n09_the_plan_then_the_objection(self, run, al, document, command):
        before = statuses(al)
        result = run(command, document(**DEMOTED))
        assert result.exit_code == 65
        assert result.out.splitlines() == [
            "~ al: roles +viewer",
            "~ al: roles -superuser",
            "~ bob: roles +x",
        ]
        assert result.err.splitlines()[-1].startswith(f"ERROR: refused: {OBJECTION}; pass --force")
        assert statuses(al) == before

    @pytest.mark.parametrize("words", [["ensure", "al", "--absent"], ["ensure", "al", "-r", "x"]])
    def test_ensure_shows_it_too(self, run, al, words):
        result = run(*words)
        assert (result.exit_code, "al" in result.out) == (65, True)
        assert OBJECTION in result.err

    def test_all_objections_at_once_for_programs(self, run, al, document):
        result = run("plan", document(users=[], purge="all"), "--json")
        found = json.loads(result.out)
        assert [change["username"] for change in found["changes"]] == ["al", "bob"]
        assert found["objections"] == [
            "the document keeps no user and would purge [al, bob]",
            OBJECTION,
        ]
        assert found["error"]["type"] == "UnsafePlanError"

    def test_in_a_program(self, al):
        planned = plan(al, DesiredState.from_dict(DEMOTED))
        assert planned.objections == (OBJECTION,)
        with pytest.raises(UnsafePlanError, match="pass --force"):
            apply(planned)
        forced = plan(al, DesiredState.from_dict(DEMOTED), force=True)
        assert (forced.objections, forced.changes) == ((), planned.changes)


class TestN15:
    @pytest.mark.parametrize("format", EXPORT_FORMATS)
    def test_n15_one_state_of_both_files(self, al, format):
        files = [(al / name).read_bytes() for name in ("users", "users_roles")]
        exported = UsersTool(al).export(format, secret_name="mine", namespace="here")
        same = export_realm(format, *files, secret_name="mine", namespace="here")
        assert exported.data == same.data

    def test_while_a_write_is_interrupted(self, al, monkeypatch):
        """It is the state before the change, as every other reader sees it."""
        before = UsersTool(al).export("json").data
        users = (al / "users").read_bytes()

        def die(*_):
            raise KeyboardInterrupt

        monkeypatch.setattr("esfilerealm._storage.commit._Unit._roll_back", lambda *_: None)
        monkeypatch.setattr("esfilerealm._storage.system.fsync", die)
        with pytest.raises(KeyboardInterrupt):
            UsersTool(al).roles("bob", add=["superuser"])
        monkeypatch.undo()
        assert UsersTool(al).export("json").data == before
        assert (al / "users").read_bytes() == users

    @pytest.mark.parametrize("format", ["json", "yaml"])
    def test_what_is_exported_can_be_imported(self, al, tmp_path, format):
        imported = import_users(format, UsersTool(al).export(format).data, source="export")
        assert [user["name"] for user in imported.document["users"]] == ["al", "bob"]
        UsersTool(tmp_path / "other").init()
        apply(plan(tmp_path / "other", DesiredState.from_dict(imported.document)))
        assert UsersTool(tmp_path / "other").list_users() == UsersTool(al).list_users()

    @pytest.mark.parametrize(
        "data", [b"", b"[]", b"{}", b'{"users": 1}', b"{", b'{"a": 1, "a": 2}']
    )
    def test_what_is_not_a_desired_state(self, data):
        with pytest.raises(InvalidDesiredStateError, match="here"):
            import_users("json", data, source="here")


@pytest.fixture
def nobody_is_asked(monkeypatch):
    def asked(*_):
        pytest.fail("somebody was asked for a password")

    monkeypatch.setattr("esfilerealm.cli.terminal.Terminal.ask_secret", asked)
    monkeypatch.setattr("esfilerealm.cli.terminal.Terminal.read_secret", asked)


@pytest.fixture
def in_tmp_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("nobody_is_asked")
class TestN18:
    @pytest.mark.parametrize(
        ("words", "exit_code", "message"),
        [
            pytest.param(["useradd", "jim", "-c", "nowhere"], 78, "nowhere", id="N18-directory"),
            pytest.param(["useradd", "al"], 70, "al", id="N18-exists"),
            pytest.param(["passwd", "nobody"], 67, "nobody", id="N18-no-user"),
            (["passwd", "jim", "-c", "nowhere"], 78, "nowhere"),
            (["useradd", "a:b"], 65, "must not contain"),
            (["useradd", "jim", "-r", "a:b"], 65, "must not contain"),
            (["useradd", "elastic"], 65, "reserved"),
            (["useradd", "al", "--password-stdin"], 70, "al"),
            (["verify", "nobody"], 67, "nobody"),
            (["export", "--format", "k8s-secret", "--basic-auth", "nobody"], 67, "nobody"),
            (["ensure", "jim", "--password-stdin", "-c", "nowhere"], 78, "nowhere"),
        ],
    )
    def test_the_error_comes_at_once(self, run, al, in_tmp_path, words, exit_code, message):
        result = run(*words)
        assert result.exit_code == exit_code
        assert message in result.err
        assert not (in_tmp_path / "nowhere").exists()


class TestInterrupt:
    @pytest.fixture(autouse=True)
    def _here(self, al, monkeypatch):
        monkeypatch.setenv("ES_PATH_CONF", str(al))

    def interrupt(self, *_):
        raise KeyboardInterrupt

    @pytest.mark.parametrize("words", [["useradd", "jim"], ["passwd", "al"]])
    def test_at_a_prompt(self, al, capsys, monkeypatch, words):
        before = statuses(al)
        monkeypatch.setattr("esfilerealm.cli.terminal.Terminal.ask_secret", self.interrupt)
        assert main(words) == 130
        assert capsys.readouterr().err == "\nInterrupted: nothing was written\n"
        assert statuses(al) == before

    def test_before_anything_was_read(self, capsys, monkeypatch):
        monkeypatch.setattr("esfilerealm.cli.users.run_userdel", self.interrupt)
        assert main(["userdel", "al"]) == 130
        assert "Interrupted: nothing was written" in capsys.readouterr().err

    def test_after_the_write(self, al, capsys, monkeypatch):
        monkeypatch.setattr("esfilerealm.cli.users.print_written", self.interrupt)
        assert main(["roles", "bob", "-a", "x"]) == 130
        err = capsys.readouterr().err
        assert "Interrupted: both files may have changed" in err
        assert "nothing was written" not in err

    def test_of_a_command_that_never_writes(self, capsys, monkeypatch):
        monkeypatch.setattr("esfilerealm.cli.listing.run_list", self.interrupt)
        assert main(["list"]) == 130
        assert capsys.readouterr().err == "\n"


class TestN22:
    def test_n22_the_options_that_give_a_password(self, run, al):
        result = run("ensure", "new1", "-r", "viewer")
        assert result.exit_code == 65
        assert (
            "ERROR: new user [new1] needs a password: give one of --password-stdin, "
            "--password-file, --password-env, --password, --hash, with exit code 65"
        ) in result.err

    def test_each_of_them_is_an_option_of_ensure(self):
        from esfilerealm.cli.commands import find_command
        from esfilerealm.cli.user_options import _PASSWORD_KEYS

        command = find_command("ensure")
        assert set(_PASSWORD_KEYS) <= {option.key for option in command.options}

    def test_a_document_names_its_fields(self, run, al, document):
        result = run("apply", document(users=[{"name": "new1"}]))
        assert "needs a password: give one of password, password_file, " in result.err


class TestNames:
    def test_apply_names_whom_it_changed(self, run, al, document):
        users = [{"name": "jim", "password_hash": CHEAP_HASH}, {"name": "bob", "roles": []}]
        result = run("apply", document(users=users))
        assert result.out == "Changed: 1 user added [jim], 1 user with fewer roles [bob]\n"

    def test_of_many_the_first_ones(self, run, al, document):
        users = [{"name": f"u{n}", "password_hash": CHEAP_HASH} for n in range(30)]
        out = run("apply", document(users=users)).out
        assert out.startswith("Changed: 30 users added [u0, u1, ")
        assert out.endswith("u19 and 10 more]\n")


JIM = {"users": [{"name": "jim", "password_hash": CHEAP_HASH, "roles": ["viewer"]}]}


class TestCreate:
    def paths(self, folder):
        return [str(folder), str(folder / "users"), str(folder / "users_roles")]

    def test_plan_then_apply(self, run, tmp_path, document):
        folder, path = tmp_path / "new" / "config", document(**JIM)
        assert run("plan", path, config_dir=folder).exit_code == 78
        planned = run("plan", path, "--create", config_dir=folder)
        assert planned.exit_code == 0
        assert planned.out.splitlines()[:4] == [
            *(f"+ [{each}]" for each in self.paths(folder)),
            "+ jim: viewer",
        ]
        assert not folder.parent.exists()
        found = json.loads(run("apply", path, "--create", "--json", config_dir=folder).out)
        assert found["result"]["created"] == self.paths(folder)
        assert UsersTool(folder).list_users() == {"jim": ("viewer",)}
        assert run("apply", path, "--create", config_dir=folder).out == "Nothing to change\n"

    def test_ensure(self, run, tmp_path):
        folder = tmp_path / "new"
        result = run("ensure", "jim", "--hash", CHEAP_HASH, "--create", config_dir=folder)
        assert result.out == ("Changed: 3 files and directories created, 1 user added [jim]\n")
        assert ensure_user(folder, "jim", create=True).changed is False

    def test_without_users_but_with_roles(self, tmp_path):
        (tmp_path / "users_roles").write_text("superuser:jim\n")
        apply(plan(tmp_path, DesiredState.from_dict(JIM), create=True), replan=True)
        assert UsersTool(tmp_path).list_users() == {"jim": ("viewer",)}

    def test_attributes_and_the_list_of_managed_users(self, tmp_path):
        wanted = DesiredState.from_dict({**JIM, "purge": "managed", "attributes": {"mode": "0604"}})
        folder = tmp_path / "new"
        done = apply(plan(folder, wanted, create=True))
        assert done.result is not None
        assert (folder / "users").stat().st_mode & 0o777 == 0o604
        assert not plan(folder, wanted, create=True).changed

    def test_nothing_is_created_if_a_guard_objects_or_a_password_is_missing(self, tmp_path):
        wanted = DesiredState.from_dict({"users": [{"name": "jim"}]})
        with pytest.raises(InvalidDesiredStateError, match="needs a password"):
            plan(tmp_path / "new", wanted, create=True)
        assert list(tmp_path.iterdir()) == []


class TestReload:
    @pytest.mark.parametrize("words", [["roles", "bob", "-a", "x"], ["ensure", "bob", "-a", "x"]])
    @pytest.mark.parametrize(
        ("setting", "when"),
        [
            ("", "at its next poll, within 5 seconds"),
            ("resource.reload.interval.high: 1m", "at its next poll, within 60 seconds"),
            ("resource.reload.enabled: false", "when it is restarted, since "),
            ("resource.reload.interval.high: soon", "once it starts, which its settings prevent"),
        ],
    )
    def test_when_a_node_sees_it(self, run, al, words, setting, when):
        with (al / "elasticsearch.yml").open("a") as file:
            file.write(f"{setting}\n")
        assert f"The node of [{al}] sees this {when}" in run(*words, "-v").out
        assert "sees this" not in run(*words, "-v").out  # nothing changed
        assert "sees this" not in run("roles", "bob", "-a", "y").out


def test_undo_names_the_option(run, al):
    result = run("undo")
    assert result.exit_code == 66
    assert "would have kept the version before it with --keep 1" in result.err
