"""Secrets of Kubernetes, read."""

from __future__ import annotations

import base64
import json

import pytest
import yaml

from esfilerealm import errors


def encoded(text):
    return base64.b64encode(text.encode()).decode()


def secret(name="s", **fields):
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, **fields}


def files(users="", users_roles="", name="s"):
    return secret(name, stringData={"users": users, "users_roles": users_roles})


def basic(username="al", password="hunter22", name="s", **more):
    values = {"username": username, "password": password, **more}
    return secret(name, type="kubernetes.io/basic-auth", stringData=values)


@pytest.fixture
def read_all(read):
    """Import manifests that are given as plain values."""

    def read_all(*manifests, **options):
        return read("k8s-secret", yaml.safe_dump_all(manifests), **options)

    return read_all


def test_both_forms_in_one_file(read, vector, losses_of):
    imported = read("k8s-secret", vector("manifests.yaml"))
    tail = "04$5zQUs3WRRuT4StzLvfz9G.oBoDBujx/.HU3io31Rx86XVexwBEufu"
    assert imported.document == {
        "users": [
            {"name": "rdeniro", "password_hash": f"$2a${tail}", "roles": ["admin"]},
            {"name": "alpacino", "password_hash": f"$2y${tail}", "roles": ["power_user"]},
            {
                "name": "jacknich",
                "password": "mypassword",
                "roles": ["power_user", "kibana_admin", "ingest_admin"],
            },
        ]
    }
    assert losses_of(imported) == []


class TestForms:
    def test_data_is_base64_and_may_be_folded(self, read, bcrypt):
        text = encoded(f"bob:{bcrypt}\n")
        folded = "".join(f"\n    {text[at : at + 20]}" for at in range(0, len(text), 20))
        manifest = f"apiVersion: v1\nkind: Secret\ndata:\n  users: |{folded}\n  users_roles:\n"
        assert read("k8s-secret", manifest).document == {
            "users": [{"name": "bob", "password_hash": bcrypt, "roles": []}]
        }

    def test_string_data_counts_before_data(self, read_all, bcrypt, losses_of):
        manifest = files(f"bob:{bcrypt}\n") | {"data": {"users": encoded("al:clear\n")}}
        imported = read_all(manifest)
        assert [user["name"] for user in imported.document["users"]] == ["bob"]
        assert losses_of(imported) == ["Secret [s]: [data.users]"]

    @pytest.mark.parametrize("kind", ["List", "SecretList"])
    def test_a_list_as_kubectl_prints_it(self, read, bcrypt, kind):
        items = [files(f"bob:{bcrypt}", "x:bob,al"), basic()]
        text = json.dumps({"apiVersion": "v1", "kind": kind, "items": items}, indent=4)
        imported = read("k8s-secret", text)
        assert [(user["name"], user["roles"]) for user in imported.document["users"]] == [
            ("bob", ["x"]),
            ("al", ["x"]),
        ]
        assert imported.losses == ()

    def test_empty_documents_are_passed_over(self, read_all, bcrypt):
        assert len(read_all(None, files(f"bob:{bcrypt}"), None).document["users"]) == 1

    def test_one_file_is_enough(self, read_all, bcrypt):
        users = secret("a", stringData={"users": f"bob:{bcrypt}\n"})
        roles = secret("b", stringData={"users_roles": "x:bob\n"})
        for manifests in ((users, roles), (roles, users)):
            imported = read_all(*manifests)
            assert imported.document["users"][0]["roles"] == ["x"]
            assert imported.losses == ()

    def test_other_entries_are_reported(self, read_all, losses_of):
        manifest = files() | {"data": {"roles.yml": ""}}
        assert losses_of(read_all(manifest)) == ["Secret [s]: entry [roles.yml]"]
        assert losses_of(read_all(basic(users="x"))) == ["Secret [s]: entry [users]"]

    def test_a_secret_without_a_name_has_a_line(self, read, losses_of):
        text = "# x\napiVersion: v1\nkind: Secret\nstringData:\n  users: oops\n"
        assert losses_of(read("k8s-secret", text)) == [
            "! Secret in line [2], users, line [1]: the line"
        ]

    def test_the_export_comes_back(self, read, write, hashes):
        users = "".join(f"{name}:{text}\n" for name, text in sorted(hashes.items()))
        exported = write("k8s-secret", users, "x:md5,sha1\ny z:md5\n")
        imported = read("k8s-secret", exported.data)
        roles = {"md5": ["x", "y z"], "sha1": ["x"]}
        assert imported.document == {
            "users": [
                {"name": name, "password_hash": text, "roles": roles.get(name, [])}
                for name, text in sorted(hashes.items())
            ]
        }
        assert imported.losses == ()


class TestLosses:
    def test_of_lines(self, read_all, bcrypt, losses_of):
        users = f"# x\nbob:{bcrypt}\noops\nelastic:{bcrypt}\nclear:text\nbob:{bcrypt}\n"
        imported = read_all(files(users, "# y\n\nx:bob,ghost\noops\na,b:bob\nz:$2a$canary\n"))
        assert imported.document["users"] == [
            {"name": "bob", "password_hash": bcrypt, "roles": ["x"]}
        ]
        assert losses_of(imported) == [
            "Secret [s], users: 1 comment",
            "! Secret [s], users, line [3]: the line",
            "! Secret [s], users, line [4]: the line",
            "Secret [s], users, line [2]: a line of user [bob]",
            "Secret [s], users_roles: 1 comment",
            "! Secret [s], users_roles, line [4]: the line",
            "! Secret [s], users_roles: role [a,b] of user [bob]",
            "! Secret [s], users: user [clear]",
            "! Secret [s], users_roles: roles of [ghost]",
            "! Secret [s], users_roles: roles of [(a hash)]",
        ]

    def test_the_last_secret_with_a_user_counts(self, read_all, bcrypt, losses_of):
        imported = read_all(
            files(f"al:{bcrypt}", "x:al", name="one"), basic("al", name="two", roles="y")
        )
        assert imported.document["users"] == [
            {"name": "al", "password": "hunter22", "roles": ["x", "y"]}
        ]
        assert losses_of(imported) == ["! Secret [one], users: user [al]"]
        assert "Secret [two] has the same user" in imported.losses[0].reason

    @pytest.mark.parametrize(
        ("fields", "reason"),
        [
            ({"username": "elastic"}, "invalid username: must not be a name that is reserved"),
            ({"username": "a:b"}, "invalid username: must not contain [:]"),
            ({"username": ""}, "invalid username: must have 1"),
            ({"password": "canar"}, "the password must have at least 6 characters"),
        ],
        ids=str,
    )
    def test_of_a_user(self, read_all, fields, reason):
        imported = read_all(basic(**fields))
        assert imported.document == {"users": []}
        (loss,) = imported.losses
        assert (loss.where, loss.is_blocking) == ("Secret [s]", True)
        assert loss.reason.startswith(reason)

    def test_of_a_role(self, read_all, losses_of):
        imported = read_all(basic(roles="ok,, böse ,"))
        assert imported.document["users"][0]["roles"] == ["ok"]
        assert losses_of(imported) == ["! Secret [s]: role [böse] of user [al]"]

    def test_names_that_settings_allow(self, read_all, bcrypt):
        for manifest in (basic("elastic"), files(f"elastic:{bcrypt}")):
            imported = read_all(manifest, allow_reserved=True)
            assert [user["name"] for user in imported.document["users"]] == ["elastic"]


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("", 1, "no Secret found"),
        ("---\n---\n", 1, "no Secret found"),
        ("kind: List\nitems:\n", 1, "no Secret found"),
        ("hunter2", 1, "must be a mapping, not a string"),
        ("- kind: Secret", 1, "must be a mapping, not a list"),
        ("\nkind: ConfigMap\ndata: {}", 2, "kind [ConfigMap] cannot be imported, only Secrets"),
        ("kind: List\nitems:\n- kind: Pod", 3, "kind [Pod] cannot be imported, only Secrets"),
        ("kind: List", 1, "[items] is missing"),
        ("kind: List\nitems:\n- x", 3, "items[0]: must be a mapping"),
        ("kind: 12", 1, "kind: must be a string, not a number: put it in quotes"),
        ("a: b", 1, "[kind] is missing"),
        ("kind: Secret", 1, "[apiVersion] is missing"),
        ("kind: Secret\napiVersion: v2", 1, "[apiVersion] must be [v1]"),
        ("kind: Secret\napiVersion: v1", 1, "the data of this Secret has neither [users]"),
        ("{S}data:\n  username: YQ==\n", 1, "the data of this Secret has neither [users]"),
        ("{S}data:\n- users", 4, "data: must be a mapping, not a list"),
        ("{S}data:\n  users: hunter2", 4, "[data.users] is not base64"),
        ("{S}data:\n  users: YQ=", 4, "[data.users] is not base64"),
        ("{S}data:\n  users: 'Y Q=='", 4, "[data.users] is not base64"),
        ("{S}data:\n  users: é", 4, "[data.users] is not base64"),
        ("{S}data:\n  users: 1234", 4, "data.users: must be a string, not a number"),
        ("{S}stringData:\n  users: true", 4, "stringData.users: must be a string"),
        ("{S}stringData:\n  users: [a]", 4, "stringData.users: must be a string, not a list"),
        ("{S}metadata: x\ndata:\n", 3, "metadata: must be a mapping"),
        ("{S}metadata: {name: 1}\n", 3, "metadata.name: must be a string"),
        ("{S}type: 1\n", 3, "type: must be a string"),
        ("{S}type: {B}\ndata:\n  password: YQ==", 1, "[username] is missing in the data of this"),
        ("{S}type: {B}\ndata:\n  username: YQ==", 1, "[password] is missing in the data of this"),
    ],
)
def test_other_manifests_are_refused(read, text, line, reason):
    text = text.replace("{S}", "kind: Secret\napiVersion: v1\n")
    text = text.replace("{B}", "kubernetes.io/basic-auth")
    with pytest.raises(errors.FileFormatError) as caught:
        read("k8s-secret", text)
    assert (caught.value.path, caught.value.line_number) == ("the.file", line)
    assert caught.value.reason.startswith(reason)
    assert "hunter2" not in str(caught.value)
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    ("key", "type_"),
    [
        ("users", "Opaque"),
        ("users_roles", "Opaque"),
        ("username", "kubernetes.io/basic-auth"),
        ("password", "kubernetes.io/basic-auth"),
        ("roles", "kubernetes.io/basic-auth"),
    ],
)
def test_values_that_are_not_utf_8(read_all, key, type_):
    data = {"username": encoded("al"), "password": encoded("hunter22")} if "/" in type_ else {}
    bad = base64.b64encode(b"x\n\xff").decode()
    with pytest.raises(errors.FileFormatError, match="not UTF-8") as caught:
        read_all(secret(type=type_, data=data | {key: bad}))
    assert caught.value.path == f"the.file: Secret [s], {key}"
    assert caught.value.line_number == 2
    assert caught.value.__context__ is None


def test_a_secret_without_a_name_is_named_by_its_line(read_all):
    manifest = files(users="al:x\n")
    manifest["metadata"] = {"labels": {"a": "b"}}
    (loss, *_) = read_all(manifest).losses
    assert "Secret in line [" in loss.where
