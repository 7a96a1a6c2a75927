"""N12: a role that may be misspelled is one line with what was meant, wherever it is given."""

from __future__ import annotations

import json
import pickle
import warnings

import pytest
from support.hashes import CHEAP_HASH

from esfilerealm import RealmSettings, UsersTool
from esfilerealm.errors import InvalidDesiredStateError, UnknownRoleWarning
from esfilerealm.provisioning import DesiredState, apply, plan
from esfilerealm.results import FileResult, Recovery, WriteResult

VARIABLE = "ESFILEREALM_KNOWN_ROLES"
HASH = ("--hash", CHEAP_HASH)


@pytest.fixture
def bob(config):
    """A user to work on."""
    (config / "users").write_text(f"bob:{CHEAP_HASH}\n")
    return "bob"


@pytest.fixture
def document(config):
    """A document that gives a role to a new user."""

    def write(role="vewer", **more):
        user = {"name": "ann", "password_hash": CHEAP_HASH, "roles": [role]}
        path = config / "state.json"
        path.write_text(json.dumps({"users": [user], **more}))
        return str(path)

    return write


def commands(config, role):
    """Every command that gives a role, with its words."""
    user = {"name": "ann", "password_hash": CHEAP_HASH, "roles": [role]}
    (config / "state.json").write_text(json.dumps({"users": [user]}))
    state = str(config / "state.json")
    return {
        "useradd": ["useradd", "ann", *HASH, "-r", role],
        "roles": ["roles", "bob", "-a", role],
        "ensure": ["ensure", "ann", *HASH, "-r", role],
        "plan": ["plan", state],
        "apply": ["apply", state],
        "import": ["import", "--format", "json", state],
    }


COMMANDS = ["useradd", "roles", "ensure", "plan", "apply", "import"]


class TestCommand:
    @pytest.mark.parametrize("command", COMMANDS)
    @pytest.mark.parametrize("silent", [[], ["-s"]], ids=["normal", "silent"])
    def test_n12_one_line(self, run, config, bob, command, silent):
        result = run(*commands(config, "vewer")[command], *silent)
        assert result.exit_code == 0
        warned = [line for line in result.err.splitlines() if "vewer" in line]
        expected = (
            f"WARNING: roles [vewer] are not defined in [{config}/roles.yml]: did you mean "
            "[viewer]? If the role API defines them, pass --known-role (known_roles)"
        )
        assert warned == [expected]
        assert "Known roles" not in result.err

    @pytest.mark.parametrize("command", COMMANDS)
    def test_the_option_silences_it(self, run, config, bob, command):
        words = commands(config, "vewer")[command]
        assert "vewer" not in run(*words, "--known-role", "other", "--known-role", "vewer").err

    @pytest.mark.parametrize("command", COMMANDS)
    @pytest.mark.parametrize("value", ["vewer", "other,vewer", " other , vewer ,"])
    def test_the_variable_silences_it(self, run, config, bob, monkeypatch, command, value):
        monkeypatch.setenv(VARIABLE, value)
        assert "vewer" not in run(*commands(config, "vewer")[command]).err

    @pytest.mark.parametrize("command", ["plan", "apply", "import"])
    def test_the_document_silences_it(self, run, config, bob, document, command):
        words = [command, document(known_roles=["vewer"])]
        assert run(*words, *(["--format", "json"] if command == "import" else [])).err == ""

    def test_roles_of_the_file_and_built_in_ones_need_nothing(self, run, config, bob):
        (config / "roles.yml").write_text("mine:\n  cluster: [all]\n")
        assert run("roles", "bob", "-a", "mine,viewer,superuser").err == ""

    @pytest.mark.parametrize(
        ("roles", "text"),
        [
            ("zzz", "roles [zzz] are not defined in [{0}/roles.yml]; if the role API"),
            ("superusr,zzz", "]: for [superusr] did you mean [superuser]? If the role API"),
            ("mnie", "did you mean [mine]?"),
        ],
    )
    def test_what_was_meant(self, run, config, bob, roles, text):
        (config / "roles.yml").write_text("mine:\n  cluster: [all]\n")
        assert text.format(config) in run("roles", "bob", "-a", roles).err

    def test_verbose_lists_the_known_roles(self, run, bob):
        assert "\nKnown roles: [apm_system, " in run("roles", "bob", "-a", "vewer", "-v").err

    @pytest.mark.parametrize("how", ["option", "variable"])
    def test_list_marks_no_known_role(self, run, config, bob, monkeypatch, how):
        (config / "users_roles").write_text("deploy:bob\n")
        assert run("list").out.startswith("bob            : deploy*\n")
        if how == "variable":
            monkeypatch.setenv(VARIABLE, "deploy")
        option = ["--known-role", "deploy"] if how == "option" else []
        assert run("list", *option).out == "bob            : deploy\n"


class TestLibrary:
    @pytest.mark.parametrize("method", ["useradd", "roles", "transaction"])
    def test_a_warning_for_the_caller(self, tool, bob, method):
        with pytest.warns(UnknownRoleWarning, match=r"did you mean \[viewer\]") as caught:
            if method == "useradd":
                tool.useradd("ann", password_hash=CHEAP_HASH, roles=["vewer"])
            elif method == "roles":
                tool.roles("bob", add=["vewer"])
            else:
                with tool.transaction() as change:
                    change.roles("bob", add=["vewer"])
        assert [warning.filename for warning in caught] == [__file__]
        assert caught[0].message.roles == ("vewer",)

    @pytest.mark.parametrize("how", ["argument", "variable"])
    def test_known_roles_are_silent(self, config, bob, monkeypatch, how):
        if how == "variable":
            monkeypatch.setenv(VARIABLE, "vewer")
        tool = UsersTool(config, known_roles=["vewer"] if how == "argument" else [])
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            tool.roles("bob", add=["vewer", "viewer"])
            tool.roles("bob", remove=["vewer", "nothing"])
        assert "vewer" in tool.known_roles()

    def test_a_plan_warns_and_its_application_does_not_repeat_it(self, config, bob, document):
        planned = plan(config, DesiredState.load(document()))
        assert planned.unknown_roles == ("vewer",)
        assert [text for text in planned.warnings if "did you mean [viewer]?" in text]
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert apply(planned).changed

    def test_documents_are_united(self):
        states = [DesiredState.from_dict({"users": [], "known_roles": [r]}) for r in ("a", "b")]
        assert DesiredState.merged(states).known_roles == ("a", "b")

    def test_a_name_that_cannot_be_a_role_is_refused(self):
        with pytest.raises(InvalidDesiredStateError, match="known_roles"):
            DesiredState.from_dict({"users": [], "known_roles": ["a,b"]})

    def test_the_warning_pickles(self):
        warning = UnknownRoleWarning("text", ("a",))
        copy = pickle.loads(pickle.dumps(warning))
        assert (str(copy), copy.roles) == ("text", ("a",))


class TestResult:
    """What a write returns says the same, so that a program need not catch Python's warnings."""

    pytestmark = pytest.mark.filterwarnings("ignore::esfilerealm.errors.UnknownRoleWarning")

    @pytest.mark.parametrize("dry_run", [False, True], ids=["write", "dry run"])
    def test_of_a_new_user(self, config, dry_run):
        tool = UsersTool(config, dry_run=dry_run)
        result = tool.useradd("ann", password_hash=CHEAP_HASH, roles=["vewer", "viewer"])
        (warning,) = result.warnings
        assert "roles [vewer] are not defined" in warning
        assert "did you mean [viewer]?" in warning
        assert result.remarks == result.warnings
        assert result.to_dict()["warnings"] == [warning]
        assert "remarks" not in result.to_dict()

    def test_of_added_roles(self, config, bob):
        assert len(UsersTool(config).roles(bob, add=["vewer"]).write.warnings) == 1

    def test_of_several_changes(self, config, bob):
        with UsersTool(config).transaction() as change:
            change.useradd("ann", password_hash=CHEAP_HASH, roles=["vewer"])
            change.roles(bob, add=["vewer"])
            change.roles(bob, add=["editro"])
        assert [warning[:15] for warning in change.result.warnings] == [
            "roles [vewer] a",
            "roles [editro] ",
        ]

    def test_the_next_use_of_a_transaction_begins_anew(self, config, bob):
        transaction = UsersTool(config).transaction()
        with transaction:
            transaction.roles(bob, add=["vewer"])
        with transaction:
            transaction.roles(bob, add=["viewer"])
        assert transaction.result.warnings == ()

    def test_of_known_roles_there_is_none(self, config):
        tool = UsersTool(config, known_roles=["vewer"])
        assert tool.useradd("ann", password_hash=CHEAP_HASH, roles=["vewer"]).warnings == ()

    @pytest.mark.filterwarnings("ignore::esfilerealm.errors.PasswordTruncatedWarning")
    @pytest.mark.parametrize("algorithm", ["bcrypt4", "BCRYPT4", "pbkdf2_1000"])
    def test_of_a_password_that_bcrypt_cuts(self, config, bob, algorithm):
        settings = RealmSettings(password_hashing_algorithm=algorithm)
        tool = UsersTool(config, settings=settings)
        results = [tool.useradd("ann", "x" * 73), tool.passwd(bob, "x" * 73)]
        cut = "the password has [73] bytes, and bcrypt ignores all after the first 72"
        for result in results:
            assert [warning[: len(cut)] for warning in result.warnings] == [cut] * (
                algorithm != "pbkdf2_1000"
            )
        assert tool.passwd(bob, "x" * 72).warnings == ()

    def test_the_journal_of_another_write_comes_first(self):
        lost = FileResult("/x/users", "rename", None, None, 0, 0, 0o660, ("a label is lost",))
        result = WriteResult((lost,), recovery=Recovery("rolled_back", "/x/j"), remarks=("a role",))
        assert result.warnings == (
            "an interrupted write was rolled back [/x/j]",
            "[/x/users]: a label is lost",
            "a role",
        )

    @pytest.mark.parametrize("command", ["useradd", "roles"])
    def test_of_a_command_that_prints_json(self, run, config, bob, command):
        printed = json.loads(run(*commands(config, "vewer")[command], "--json").out)
        (warning,) = printed["warnings"]
        assert "roles [vewer] are not defined" in warning
