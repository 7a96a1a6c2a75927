"""Documents of others, as people import them: the cases of the field, and more of their kinds."""

from __future__ import annotations

import json

import pytest
from support.hashes import CHEAP_HASH

from esfilerealm import UsersTool, errors
from esfilerealm.hashing import resolve
from esfilerealm.provisioning import DesiredState

OTHER_HASH = resolve("bcrypt4").hash("another-horse")

FILES = f"""\
apiVersion: v1
kind: Secret
metadata: {{name: realm}}
stringData:
  users: |
    ann:{CHEAP_HASH}
  users_roles: |
    viewer:ann
"""
CLUSTER = """\
apiVersion: elasticsearch.k8s.elastic.co/v1
kind: Elasticsearch
metadata: {name: es}
spec:
  version: 9.1.0
  nodeSets: &sets
  - {name: default, count: 3}
  auth:
    fileRealm:
    - secretName: realm
"""
POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\n"
ONE_USER = """\
apiVersion: v1
kind: Secret
metadata: {name: joe}
stringData: {username: joe, password: longsecret, roles: viewer}
"""


def import_(run, format_, text, *options):
    return run("import", "--format", format_, "-", *options, stdin=text)


@pytest.mark.parametrize(
    "stream",
    [
        pytest.param(f"{FILES}---\n{CLUSTER}", id="F09"),
        pytest.param(f"{CLUSTER}---\n{FILES}", id="F09-cluster-first"),
        pytest.param(f"{POD}---\n{FILES}---\n{POD}", id="F09-pods"),
        pytest.param(f"a: [\n---\n{FILES}", id="F09-not-yaml"),
        pytest.param(f"{FILES}type: Opaque\nimmutable: true\n", id="F09-alone"),
    ],
)
def test_the_secret_is_taken_and_other_documents_noted(run, tool, stream):
    done = import_(run, "k8s-secret", stream)
    assert done.exit_code == 0
    assert tool.list_users() == {"ann": ("viewer",)}
    if stream != FILES and "Pod" in stream:
        assert "2 Pod: only Secrets are read" in done.err


@pytest.mark.parametrize(
    "type_",
    [
        pytest.param("type: Opaque\n", id="F11"),
        pytest.param("", id="F11-no-type"),
        pytest.param("type: kubernetes.io/basic-auth\n", id="F11-basic-auth"),
        pytest.param("type: example.com/user\n", id="F11-own-type"),
    ],
)
def test_the_keys_of_a_secret_decide_and_not_its_type(run, tool, type_):
    done = import_(run, "k8s-secret", ONE_USER + type_)
    assert (done.exit_code, done.err) == (0, "")
    assert tool.list_users() == {"joe": ("viewer",)}
    assert tool.verify("joe", "longsecret")


class TestReplacedPasswords:
    """F25: whoever is in two sources is named, and ``--strict`` refuses."""

    INTERNAL = "_meta: {type: internalusers, config_version: 2}\n"
    SOURCES = (
        pytest.param("htpasswd", f"ann:{OTHER_HASH}\nbob:{OTHER_HASH}\n", id="F25-htpasswd"),
        pytest.param(
            "opensearch",
            f"{INTERNAL}ann: {{hash: '{OTHER_HASH}'}}\nbob: {{hash: '{OTHER_HASH}'}}\n",
            id="F25",
        ),
        pytest.param(
            "k8s-secret",
            FILES.replace(f"ann:{CHEAP_HASH}", f"ann:{OTHER_HASH}\n    bob:{OTHER_HASH}"),
            id="F25-secret",
        ),
        pytest.param(
            "json",
            json.dumps(
                {"users": [{"name": name, "password": "another-horse"} for name in ("ann", "bob")]}
            ),
            id="F25-json",
        ),
    )

    @pytest.fixture(autouse=True)
    def _ann(self, run, tool):
        import_(run, "htpasswd", f"ann:{CHEAP_HASH}\n")
        assert list(tool.list_users()) == ["ann"]

    @pytest.mark.parametrize(("format_", "text"), SOURCES)
    @pytest.mark.parametrize("check", [[], ["--check"]], ids=["write", "check"])
    def test_are_named(self, run, tool, format_, text, check):
        done = import_(run, format_, text, *check)
        assert done.exit_code == 0
        assert "the import replaces the password of [ann]; --strict refuses that" in done.err
        assert tool.verify("ann", "another-horse") is not bool(check)

    @pytest.mark.parametrize(("format_", "text"), SOURCES)
    @pytest.mark.parametrize("check", [[], ["--check"]], ids=["write", "check"])
    def test_are_refused_by_strict(self, run, tool, config, format_, text, check):
        before = (config / "users").read_bytes()
        done = import_(run, format_, text, "--strict", *check)
        assert (done.exit_code, done.out) == (65, "")
        assert "the import would replace the password of [ann], so nothing was written" in done.err
        assert (config / "users").read_bytes() == before

    def test_are_in_the_json(self, run):
        done = import_(run, "htpasswd", f"ann:{OTHER_HASH}\n", "--json")
        assert json.loads(done.out)["replaced_passwords"] == ["ann"]

    def test_the_same_password_is_no_change(self, run):
        done = import_(run, "htpasswd", f"ann:{CHEAP_HASH}\nbob:{OTHER_HASH}\n", "--strict")
        assert (done.exit_code, done.err) == (0, "")

    def test_a_user_who_comes_in_between_is_not_replaced(self, run, config, monkeypatch):
        """Strict does not plan again: what it promised was about the plan."""
        from esfilerealm.cli import plans

        plan = plans.plan

        def plan_and_lose(*args, **options):
            planned = plan(*args, **options)
            UsersTool(config).useradd("bob", password_hash=CHEAP_HASH)
            return planned

        monkeypatch.setattr(plans, "plan", plan_and_lose)
        done = import_(run, "htpasswd", f"bob:{OTHER_HASH}\n", "--strict")
        assert done.exit_code == 75
        assert UsersTool(config).verify("bob", "another-horse") is False


class TestRolesMapping:
    """F26: ``roles_mapping.yml`` says what the backend roles mean."""

    USERS = (
        "_meta: {type: internalusers, config_version: 2}\n"
        f"ann: {{hash: '{CHEAP_HASH}', backend_roles: [admin, team]}}\n"
        f"bob: {{hash: '{CHEAP_HASH}', backend_roles: [kibanauser]}}\n"
        f"carl: {{hash: '{CHEAP_HASH}'}}\n"
    )

    @pytest.fixture
    def mapped(self, run, tmp_path):
        def mapped(text, *options, users=self.USERS):
            path = tmp_path / "roles_mapping.yml"
            path.write_text(f"_meta: {{type: rolesmapping, config_version: 2}}\n{text}")
            return import_(run, "opensearch", users, "--roles-mapping", str(path), *options)

        return mapped

    def test_f26(self, mapped, tool):
        done = mapped(
            "all_access: {reserved: false, backend_roles: [admin], description: x}\n"
            "kibana_user: {backend_roles: [kibanauser]}\n"
            "own_index: {users: ['*']}\n"
            "viewer: {users: [carl]}\n"
        )
        assert done.exit_code == 0
        assert tool.list_users() == {
            "ann": ("superuser",),
            "bob": ("kibana_user",),
            "carl": ("viewer",),
        }
        assert "role [team] of user [ann]: roles_mapping.yml gives it no role" in done.err
        assert "role [own_index] of user [carl]: it has no counterpart" in done.err

    def test_the_map_of_the_command_line_counts_too(self, mapped, tool):
        done = mapped(
            "readall: {backend_roles: [team]}\n",
            *("--map-role", "readall=viewer", "--map-role", "admin=editor"),
        )
        assert done.exit_code == 0
        assert tool.list_users() == {"ann": ("editor", "viewer"), "bob": (), "carl": ()}

    def test_a_role_without_a_counterpart_blocks(self, mapped):
        done = mapped("readall: {backend_roles: [admin]}\n")
        assert done.exit_code == 65
        assert "role [readall] of user [ann]: it has no counterpart" in done.err

    @pytest.mark.parametrize(
        ("entry", "names"),
        [
            ("{users: ['?ar*']}", ["carl"]),
            ("{backend_roles: ['a*n']}", ["ann"]),
            ("{and_backend_roles: [admin, 't*']}", ["ann"]),
            ("{and_backend_roles: [admin, x]}", []),
            ("{users: ['[a-c]nn']}", []),
            ("{hosts: ['*']}", []),
            ("", []),
        ],
    )
    def test_who_has_a_role(self, mapped, tool, entry, names):
        assert mapped(f"viewer: {entry}\n").exit_code == 0
        assert [name for name, roles in tool.list_users().items() if roles] == names

    @pytest.mark.parametrize(
        ("entry", "told"),
        [
            ("{hosts: [a.example]}", "a file realm knows no hosts"),
            ("{group: [x]}", "[group] of role [viewer]: OpenSearch does not know this key"),
        ],
    )
    def test_what_has_no_counterpart_is_noted(self, mapped, entry, told):
        done = mapped(f"viewer: {entry}\n")
        assert done.exit_code == 0
        assert told in done.err

    @pytest.mark.parametrize("key", ["users", "and_backend_roles"])
    def test_a_regular_expression_blocks(self, mapped, tool, key):
        entry = f"viewer: {{{key}: [admin, '/a.*/']}}\n"
        done = mapped(entry)
        assert done.exit_code == 65
        assert "a regular expression is not read" in done.err
        assert mapped(entry, "--partial").exit_code == 0
        assert not any(tool.list_users().values())

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("", "the file is empty"),
            ("a: {}\n", "[_meta] with [type: rolesmapping] is missing"),
            ("_meta: {type: internalusers}\n", "[_meta] with [type: rolesmapping] is missing"),
            ("_meta: {type: rolesmapping}\na: {users: x}\n", "a.users: must be a list"),
        ],
    )
    def test_other_files_are_refused(self, run, tmp_path, text, reason):
        path = tmp_path / "roles_mapping.yml"
        path.write_text(text)
        done = import_(run, "opensearch", self.USERS, "--roles-mapping", str(path))
        assert done.exit_code == 65
        assert str(path) in done.err
        assert reason in done.err


class TestUsersByName:
    """F27: ``users`` may be a mapping from name to fields."""

    def test_f27(self, run, config, tool):
        text = (
            "users:\n  ann: {password: correct-horse, roles: [viewer]}\n"
            "  bob:\n    state: absent\n  carl:\n"
        )
        UsersTool(config).useradd("carl", password_hash=CHEAP_HASH)
        assert run("apply", "-", stdin=text).exit_code == 0
        assert tool.list_users() == {"carl": (), "ann": ("viewer",)}

    @pytest.mark.parametrize("format_", ["yaml", "json", "toml"])
    def test_in_every_format(self, format_):
        users = {"ann": {"roles": ["viewer"]}, "bob": {"name": "bob"}}
        text = {
            "yaml": "users: {ann: {roles: [viewer]}, bob: {name: bob}}",
            "json": json.dumps({"users": users}),
            "toml": "[users.ann]\nroles = ['viewer']\n[users.bob]\nname = 'bob'\n",
        }[format_]
        state = DesiredState.parse(text.encode(), source="x", format=format_)
        assert state.users == DesiredState.from_dict({"users": users}, source="x").users
        assert [user.name for user in state.users] == ["ann", "bob"]

    @pytest.mark.parametrize(
        ("users", "issue"),
        [
            ({"a:b": {}}, "[x], users.(a key): [a:…] must not contain [:], the field separator"),
            ({"ann": {"name": "bob"}}, "users.ann.name: differs from the name before these fields"),
            ({"ann": {"name": 1}}, "users.ann.name: must be a string"),
            ({"ann": "hunter2"}, "users.ann: must be a mapping, not a string"),
            ({"ann": {"paswword": "hunter2"}}, "users.ann.paswword: unknown field; did you mean"),
            ({"ann": {"roles": "x"}}, "users.ann.roles: must be a list of strings"),
            ({12: {}}, "must be a string, not int"),
        ],
    )
    def test_what_is_wrong(self, users, issue):
        with pytest.raises(errors.InvalidDesiredStateError) as caught:
            DesiredState.from_dict({"users": users}, source="x")
        assert issue in str(caught.value)
        assert "hunter2" not in str(caught.value)

    def test_a_name_twice(self):
        text = b"users:\n  ann: {}\n  ann: {}\n"
        with pytest.raises(errors.InvalidDesiredStateError, match="duplicate key"):
            DesiredState.parse(text, source="x", format="yaml")


class TestRolesOfTheCommand:
    """``--roles`` is for users to whom the source gives none."""

    def test_for_a_source_without_roles(self, run, tool):
        assert (
            import_(run, "htpasswd", f"ann:{CHEAP_HASH}\n", "--roles", "viewer,a b").exit_code == 0
        )
        assert tool.list_users() == {"ann": ("viewer", "a b")}

    def test_not_for_those_who_have_some(self, run, tool):
        text = f"{FILES}---\n{ONE_USER.replace(', roles: viewer', '')}"
        assert import_(run, "k8s-secret", text, "-r", "editor").exit_code == 0
        assert tool.list_users() == {"ann": ("viewer",), "joe": ("editor",)}

    @pytest.mark.parametrize("format_", ["json", "yaml"])
    def test_of_a_document(self, run, tool, format_):
        fields = ({}, {"roles": []}, {"roles_add": ["x"]})
        users = [
            {"name": f"user{number}", "password_hash": CHEAP_HASH, **one}
            for number, one in enumerate(fields)
        ]
        text = json.dumps({"users": [*users, {"name": "gone", "state": "absent"}]})
        assert import_(run, format_, text, "--roles", "viewer").exit_code == 0
        assert tool.list_users() == {"user0": ("viewer",), "user1": (), "user2": ("x",)}

    def test_an_invalid_role(self, run):
        assert import_(run, "htpasswd", f"ann:{CHEAP_HASH}\n", "--roles", "a:b").exit_code == 65


@pytest.mark.parametrize(
    ("format_", "option", "only"),
    [
        ("htpasswd", ["--roles-mapping", "x"], "opensearch"),
        ("opensearch", ["--as-node"], "k8s-secret"),
        ("json", ["--cluster", "x"], "k8s-secret"),
    ],
)
def test_an_option_is_for_its_format(run, config, format_, option, only):
    done = import_(run, format_, "", *option)
    assert done.exit_code == 64
    assert f"option [{option[0][2:]}] is for the format [{only}] only" in done.err


class TestAsNode:
    TEXT = FILES.replace("  users: |\n", "  users: |\n    # people\n")

    def test_without_it_the_secret_is_left_out(self, run, tool):
        done = import_(run, "k8s-secret", self.TEXT)
        assert (done.exit_code, done.out) == (0, "Nothing to change\n")
        assert (
            "Secret [realm]: the Secret: left out: the operator would not take it: [users],"
            in done.err
        )
        assert "pass --as-node to read it as a node would" in done.err
        assert tool.list_users() == {}

    def test_with_it_it_is_read(self, run, tool):
        done = import_(run, "k8s-secret", self.TEXT, "--as-node")
        assert done.exit_code == 0
        assert tool.list_users() == {"ann": ("viewer",)}

    def test_a_user_whose_last_entry_is_empty_is_taken_away(self, run, tool):
        import_(run, "k8s-secret", FILES)
        empty = FILES.replace(CHEAP_HASH, "").replace("name: realm", "name: last")
        done = import_(run, "k8s-secret", f"{FILES}---\n{empty}", "--force")
        assert done.exit_code == 0
        assert tool.list_users() == {}

    def test_a_user_who_is_taken_away_by_two_spellings_is_so_once(self, run, tool):
        import_(run, "k8s-secret", FILES)
        text = FILES.replace(f"ann:{CHEAP_HASH}", "'x':\n    ann:\n    ann :")
        assert import_(run, "k8s-secret", text, "--force", "--as-node").exit_code == 0

    def test_a_directory_without_a_realm(self, run, tmp_path):
        done = run("import", "--format", "k8s-secret", "-", stdin=FILES, config_dir=tmp_path / "no")
        assert done.exit_code == 78

    def test_a_cluster_is_chosen(self, run, tool):
        stream = "---\n".join(
            (
                *(FILES, FILES.replace("realm", "other").replace("ann", "bob")),
                *(CLUSTER, CLUSTER.replace("name: es", "name: two").replace("realm", "other")),
            )
        )
        assert import_(run, "k8s-secret", stream).exit_code == 65
        assert import_(run, "k8s-secret", stream, "--cluster", "two").exit_code == 0
        assert tool.list_users() == {"bob": ("viewer",)}


@pytest.mark.parametrize("name", ["plain", "empty"])
def test_what_is_exported_the_operator_takes(run, tool, name):
    from esfilerealm.exchange.eck import basic_auth, provided_by_files
    from esfilerealm.exchange.k8s_documents import read_documents
    from esfilerealm.exchange.k8s_objects import Objects

    tool.useradd(name, "correct-horse", roles=["viewer"] if name == "plain" else [])
    whole = run("export", "--format", "k8s-secret").out
    words = ("--basic-auth", name, "-p", "correct-horse")
    one = run("export", "--format", "k8s-secret", *words).out
    files, user = Objects(read_documents(f"{whole}---\n{one}")).secrets
    assert files.problems == user.problems == []
    assert list(provided_by_files(files.values).hashes) == [name.encode()]
    assert basic_auth(user.values).name == name.encode()


def test_a_password_over_72_bytes_is_not_exported(run, tool):
    tool.useradd("ann", password_hash=resolve("pbkdf2_1000").hash("x" * 73))
    done = run("export", "--format", "k8s-secret", "--basic-auth", "ann", "-p", "x" * 73)
    assert (done.exit_code, done.out) == (65, "")
    assert "at most 72 bytes" in done.err
