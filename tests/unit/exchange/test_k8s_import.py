"""Secrets of Kubernetes, read."""

from __future__ import annotations

import base64
import json

import pytest
import yaml

from esfilerealm import errors, hashing
from esfilerealm.exchange.k8s_documents import read_documents
from esfilerealm.exchange.k8s_objects import Objects
from esfilerealm.hashing.bcrypt import bytes_match


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
                "roles": ["ingest_admin", "kibana_admin", "power_user"],
            },
        ]
    }
    assert losses_of(imported) == []


class TestForms:
    def test_data_is_base64_and_may_be_folded(self, read, bcrypt):
        text = encoded(f"bob:{bcrypt}\n")
        folded = "".join(f"\n    {text[at : at + 20]}" for at in range(0, len(text), 20))
        manifest = (
            "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata:\n"
            f"  users: |{folded}\n  users_roles:\n"
        )
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
        items = [files(f"bob:{bcrypt}", "x:bob,al", name="files"), basic()]
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
        assert losses_of(read("k8s-secret", text)) == ["Secret in line [2]: the Secret"]

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


#: In front of a cluster's own Secrets, in this order.
CLUSTER = {
    "apiVersion": "elasticsearch.k8s.elastic.co/v1",
    "kind": "Elasticsearch",
    "metadata": {"name": "es"},
}


def cluster(*names, name="es", **metadata):
    refs = [{"secretName": name} for name in names]
    return CLUSTER | {
        "metadata": {"name": name, **metadata},
        "spec": {"auth": {"fileRealm": refs}},
    }


def names_of(imported):
    return [user["name"] for user in imported.document["users"]]


class TestLosses:
    def test_of_lines(self, read_all, bcrypt, losses_of):
        users = f"#x:y\nbob:{bcrypt}\nb\x07b:x\nelastic:{bcrypt}\nclear:text\nbob:{bcrypt}\n"
        imported = read_all(files(users, "#y:\n\nx:bob,ghost\na,b:bob\nz:$2a$canary\n"))
        assert imported.document["users"] == [
            {"name": "bob", "password_hash": bcrypt, "roles": ["x"]}
        ]
        assert losses_of(imported) == [
            "Secret [s], users: the row of [#x]",
            "Secret [s], users: the row of [b\\x07b]",
            "Secret [s], users: the row of [elastic]",
            "Secret [s], users_roles: the row of [#y]",
            "Secret [s], users_roles: role [a,b] of user [bob]",
            "Secret [s], users: user [clear]",
            "Secret [s], users_roles: roles of [ghost]",
            "Secret [s], users_roles: roles of [(a hash)]",
        ]

    def test_the_last_secret_with_a_user_counts(self, read_all, bcrypt):
        imported = read_all(
            files(f"al:{bcrypt}", "x:al", name="one"), basic("al", name="two", roles="z")
        )
        assert imported.document["users"] == [
            {"name": "al", "password": "hunter22", "roles": ["x", "z"]}
        ]
        assert imported.losses == ()

    def test_of_reserved_names_names_the_setting(self, read_all, bcrypt):
        for manifest in (basic("elastic"), files(f"elastic:{bcrypt}")):
            imported = read_all(manifest)
            assert imported.document == {"users": []}
            (loss,) = imported.losses
            assert not loss.is_blocking
            assert "[xpack.security.authc.reserved_realm.enabled: false]" in loss.reason

    def test_names_that_settings_allow(self, read_all, bcrypt):
        for manifest in (basic("elastic"), files(f"elastic:{bcrypt}")):
            imported = read_all(manifest, allow_reserved=True)
            assert names_of(imported) == ["elastic"]

    @pytest.mark.parametrize("is_role", [False, True], ids=["user", "role"])
    def test_a_colon_breaks_the_cluster(self, read_all, is_role):
        given = {"roles": "a:b"} if is_role else {"username": "a:b"}
        imported = read_all(basic(**given))
        assert names_of(imported) == (["al"] if is_role else [])
        (loss, *_) = imported.losses
        assert "breaks the cluster" in loss.reason

    def test_a_hash_that_lets_nobody_in_blocks_nothing(self, read_all, losses_of):
        imported = read_all(files("al:$2y$05$short"))
        assert losses_of(imported) == ["Secret [s], users: user [al]"]
        assert imported.document == {"users": []}

    def test_a_user_without_a_hash_at_the_end_is_taken_away(self, read_all, bcrypt, losses_of):
        imported = read_all(files(f"al:{bcrypt}", name="a"), files("al: ", "x:al", name="b"))
        assert imported.document == {"users": [{"name": "al", "state": "absent"}]}
        assert losses_of(imported) == [
            "Secret [b], users: user [al]",
            "Secret [b], users_roles: roles of [al]",
        ]

    def test_a_short_password_of_long_characters_is_kept(self, read_all):
        (user,) = read_all(basic(password="äöü")).document["users"]
        assert hashing.verify_hash("äöü", user["password_hash"])

    def test_a_password_that_is_not_text_is_hashed_as_it_is(self, read_all, losses_of):
        manifest = basic() | {"data": {"password": base64.b64encode(b"\xff" * 8).decode()}}
        del manifest["stringData"]["password"]
        imported = read_all(manifest)
        (user,) = imported.document["users"]
        assert bytes_match(b"\xff" * 8, user["password_hash"])
        assert losses_of(imported) == ["Secret [s], users: user [al]"]
        again = read_all(manifest, existing=f"al:{user['password_hash']}\n".encode())
        assert again.document == imported.document

    @pytest.mark.parametrize("key", ["users", "users_roles"])
    @pytest.mark.parametrize("as_node", [False, True], ids=["operator", "node"])
    def test_bytes_that_are_not_utf_8_shut_everybody_out(self, read_all, key, as_node, bcrypt):
        bad = base64.b64encode(b"# x\n\xff" if as_node else b"x:\xff").decode()
        other = "users_roles" if key == "users" else "users"
        imported = read_all(
            secret(data={key: bad}, stringData={other: "" if as_node else "x:y"}),
            files(f"al:{bcrypt}", "viewer:al", name="b"),
            as_node=as_node,
        )
        assert imported.document["users"] == (
            [] if key == "users" else [{"name": "al", "password_hash": bcrypt, "roles": []}]
        )
        told = [loss for loss in imported.losses if "not UTF-8" in loss.reason]
        (loss,) = told
        assert (loss.where, loss.what) == ("Secret [s]", f"entry [{key}]")
        assert (loss.is_blocking, loss.is_note) == (False, False)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"data": {"users": "hunter2"}}, "[data.users] is not base64"),
        ({"data": {"users": "YQ="}}, "[data.users] is not base64"),
        ({"data": {"users": "Y Q=="}}, "[data.users] is not base64"),
        ({"data": {"users": "YQ==YQ=="}}, "[data.users] is not base64"),
        ({"data": {"users": "é"}}, "[data.users] is not base64"),
        (
            {"data": {"users": 1234}},
            "[data.users] must be a string, not a number: put it in quotes",
        ),
        ({"data": ["users"]}, "[data] must be a mapping, not a list"),
        ({"stringData": {"users": True}}, "[stringData.users] must be a string, not a boolean"),
        ({"stringData": {"users": ["a"]}}, "[stringData.users] must be a string, not a list"),
        ({"stringData": {"users": 0.5}}, "[stringData.users] must be a string, not a number"),
        ({"stringData": {"users.1~": ""}}, "the key [users.1~] must consist of letters"),
        ({"stringData": {"..a": ""}}, "the key [..a] must consist of letters"),
        ({"stringData": {"a": "x" * (1024 * 1024 + 1)}}, "Kubernetes accepts up to 1048576 bytes"),
        ({"stringdata": {"users": ""}}, "[stringdata] is not a field of a Secret"),
        ({"metadata": {"name": "s", "label": {}}}, "[label] is not a field of a Secret"),
        ({"metadata": "x"}, "[metadata] must be a mapping, not a string"),
        ({"metadata": {"name": 1}}, "[metadata.name] must be a name of"),
        ({"metadata": {"name": "A_b"}}, "[metadata.name] must be a name of"),
        ({"metadata": {"name": "s", "labels": {"a": 1}}}, "a value of [metadata.labels] must be"),
        ({"metadata": {"name": "s", "namespace": 1}}, "[namespace] must be a string, not a number"),
        ({"type": 1}, "[type] must be a string, not a number"),
        ({"type": "kubernetes.io/basic-auth"}, "a Secret of type [kubernetes.io/basic-auth] needs"),
        (
            {"type": "kubernetes.io/tls", "stringData": {"tls.key": ""}},
            "a Secret of type [kubernetes.io/tls] needs [tls.crt] and [tls.key]",
        ),
        ({"type": "kubernetes.io/ssh-auth"}, "a Secret of type [kubernetes.io/ssh-auth] needs"),
        ({"immutable": "yes"}, "[immutable] must be a boolean, not a string"),
        ({"metadata": {"name": "s", "namespace": "A"}}, "[metadata.namespace] must be a name of"),
        (
            {"metadata": {"name": "s", "labels": {"a": "b c"}}},
            "a value of [metadata.labels] must consist of",
        ),
        ({"metadata": {"name": "s", "labels": {"a b": ""}}}, "[a b] is no key for [metadata.lab"),
        (
            {"metadata": {"name": "s", "annotations": {"/a": ""}}},
            "[/a] is no key for [metadata.annotations]",
        ),
    ],
    ids=str,
)
def test_what_the_api_server_refuses_is_left_out(read_all, change, reason, bcrypt):
    imported = read_all(secret(**change), files(f"bob:{bcrypt}", name="other"))
    assert names_of(imported) == ["bob"]
    (loss,) = imported.losses
    assert not loss.is_blocking
    assert loss.reason.startswith(f"left out: the API server would refuse it: {reason}")
    assert loss.reason.endswith("; pass --as-node to read it as a node would")
    assert "hunter2" not in str(loss)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"stringData": {"users": "# x"}}, "[users], line [1] must have exactly one colon"),
        ({"stringData": {"users": "a:b:c"}}, "[users], line [1] must have exactly one colon"),
        ({"stringData": {"users": "\n \n"}}, "[users], line [2] must have exactly one colon"),
        ({"stringData": {"users_roles": "x"}}, "[users_roles], line [1] must have exactly one"),
        ({"stringData": {"username": "", "password": "x" * 6}}, "[username] must have 1 to 1024"),
        ({"stringData": {"username": "a", "password": "x"}}, "[password] must have at least 6 byt"),
        (
            {"stringData": {"username": "a", "password": "x" * 73}},
            "[password] must have at most 72",
        ),
        (
            {"stringData": {"username": "a", "password": "x" * 6, "roles": "a, b"}},
            "[roles]: each role must not start or end with a blank",
        ),
        (
            {"stringData": {"username": "ä", "password": "x", "roles": "\n"}},
            (
                "[username] must consist of printable ASCII characters, U+0020 to U+007E; "
                "[roles]: each role must not start or end with a blank or a line end; "
                "[roles]: each role must consist of printable ASCII characters, U+0020 to U+007E; "
                "[password] must have at least 6 bytes"
            ),
        ),
    ],
    ids=str,
)
def test_what_the_operator_skips_is_left_out(read_all, change, reason, bcrypt):
    imported = read_all(secret(**change), files(f"bob:{bcrypt}", name="other"))
    assert names_of(imported) == ["bob"]
    (loss,) = imported.losses
    assert not loss.is_blocking
    assert loss.reason.startswith(f"left out: the operator would not take it: {reason}")


class TestLongPasswords:
    """Of more than 72 bytes: bcrypt would ignore the rest."""

    def test_one_that_already_counts_stays(self, read_all, bcrypt):
        long = "x" * 80
        existing = f"al:{hashing.resolve('bcrypt4').hash(long)}\n".encode()
        imported = read_all(basic(password=long), existing=existing)
        assert imported.document["users"] == [{"name": "al", "password": long, "roles": []}]

    @pytest.mark.parametrize(
        "existing",
        [b"", b"\xff", b"al:{h}", b"bob:{h}", b"al:"],
        ids=["none", "not UTF-8", "another password", "another user", "no hash"],
    )
    def test_any_other_is_left_out(self, read_all, bcrypt, existing):
        existing = existing.replace(b"{h}", bcrypt.encode())
        imported = read_all(basic(password="x" * 80), existing=existing)
        assert imported.document == {"users": []}

    def test_nothing_else_may_be_wrong(self, read_all):
        long = "x" * 80
        existing = f"al:{hashing.resolve('bcrypt4').hash(long)}\n".encode()
        imported = read_all(basic(password=long, roles=""), existing=existing)
        assert imported.document == {"users": []}


class TestAsNode:
    """What the operator or the API server would not take."""

    def test_comments_and_blanks_do_no_harm(self, read_all, bcrypt, losses_of):
        manifest = files(f"# x\n  bob:{bcrypt}\r\noops\n", "# y\nx : bob, al \n")
        imported = read_all(manifest, as_node=True)
        assert imported.document["users"] == [
            {"name": "bob", "password_hash": bcrypt, "roles": ["x"]}
        ]
        assert losses_of(imported) == [
            "Secret [s]: the Secret",
            "Secret [s], users, line [3]: the line",
            "Secret [s], users_roles: roles of [al]",
        ]
        assert imported.losses[0].reason.startswith("read as a node would: the operator would not")

    def test_one_user(self, read_all):
        manifest = basic("al\n", "x" * 80, roles="a, b,,\n")
        assert read_all(manifest, as_node=True).document == {
            "users": [{"name": "al", "password": "x" * 80, "roles": ["a", "b"]}]
        }

    def test_values_without_quotes_are_their_text(self, read):
        text = (
            "apiVersion: v1\nkind: Secret\nstringData:\n"
            "  username: al\n  password: 012345678\n  roles: yes\n"
        )
        assert read("k8s-secret", text, as_node=True).document == {
            "users": [{"name": "al", "password": "012345678", "roles": ["yes"]}]
        }

    def test_an_empty_password_lets_nobody_in(self, read_all):
        imported = read_all(basic(password=""), as_node=True)
        assert imported.document == {"users": []}
        assert imported.losses[-1].reason == "the password is empty"
        assert imported.is_complete

    def test_secrets_without_names_are_different_ones(self, read_all, bcrypt):
        manifests = [files(f"{name}:{bcrypt}") for name in ("al", "bob")]
        for manifest in manifests:
            del manifest["metadata"]
        assert names_of(read_all(*manifests, as_node=True)) == ["al", "bob"]

    def test_what_the_operator_takes_is_read_as_it_does(self, read_all, bcrypt):
        manifest = files(f"bob:{bcrypt}", "x:bob,al\r")
        assert read_all(manifest, as_node=True).document == read_all(manifest).document


class TestManifests:
    """Of all documents, Secrets count and what an Elasticsearch says of them."""

    def test_only_the_secrets_that_are_named_count(self, read_all, bcrypt, losses_of):
        secrets = [files(f"{name}:{bcrypt}", name=name) for name in ("a", "b", "c")]
        imported = read_all(*secrets, cluster("c", "", "a", "gone"))
        assert names_of(imported) == ["c", "a"]
        assert losses_of(imported) == [
            "Secret [b]: the Secret",
            "Elasticsearch [es]: Secret [gone]",
        ]

    def test_a_cluster_that_names_none_has_none(self, read_all, bcrypt):
        for one in (cluster(), CLUSTER, CLUSTER | {"spec": {"auth": {"fileRealm": "x"}}}):
            assert names_of(read_all(files(f"bob:{bcrypt}"), one)) == []

    def test_a_secret_of_another_namespace_is_not_found(self, read_all, bcrypt, losses_of):
        manifest = files(f"bob:{bcrypt}")
        manifest["metadata"]["namespace"] = "prod"
        assert losses_of(read_all(manifest, cluster("s"))) == [
            "Secret [s]: the Secret",
            "Elasticsearch [es]: Secret [s]",
        ]
        assert names_of(read_all(manifest, cluster("s", namespace="prod"))) == ["bob"]

    def test_of_several_clusters_one_has_to_be_chosen(self, read_all, bcrypt):
        secrets = [files(f"{name}:{bcrypt}", name=name) for name in ("a", "b")]
        manifests = [*secrets, cluster("a", name="one"), cluster("b", name="two")]
        with pytest.raises(errors.FileFormatError, match="choose one with --cluster NAME"):
            read_all(*manifests)
        assert names_of(read_all(*manifests, cluster="two")) == ["b"]
        with pytest.raises(errors.FileFormatError, match=r"no Elasticsearch \[three\]"):
            read_all(*manifests, cluster="three")
        assert names_of(read_all(*secrets, *[cluster("a")] * 2)) == ["a"]

    def test_a_later_secret_of_a_name_replaces_the_earlier(self, read_all, bcrypt, losses_of):
        imported = read_all(files(f"al:{bcrypt}"), files(f"bob:{bcrypt}"))
        assert names_of(imported) == ["bob"]
        assert losses_of(imported) == ["Secret [s]: the Secret"]

    def test_other_kinds_are_counted(self, read_all, bcrypt):
        pods = [{"apiVersion": "v1", "kind": "Pod"}] * 2
        items = [files(f"bob:{bcrypt}"), {"apiVersion": "v1", "kind": "Service"}]
        imported = read_all(*pods, {"apiVersion": "v1", "kind": "List", "items": items})
        (loss,) = imported.losses
        assert (loss.where, loss.what, loss.is_blocking) == ("the file", "2 Pod, Service", False)

    def test_a_secret_with_another_purpose_is_noted(self, read_all, bcrypt, losses_of):
        other = secret("tls", type="Opaque", stringData={"tls.crt": "x"})
        assert losses_of(read_all(other, files(f"bob:{bcrypt}"))) == ["Secret [tls]: the Secret"]

    @pytest.mark.parametrize("half", ["username", "password"])
    def test_half_a_user_is_none(self, read_all, bcrypt, half, losses_of):
        manifest = files(f"bob:{bcrypt}")
        manifest["stringData"][half] = "hunter22"
        imported = read_all(manifest)
        assert names_of(imported) == ["bob"]
        assert losses_of(imported) == [f"Secret [s]: entry [{half}]"]

    @pytest.mark.parametrize(
        "other",
        [
            "a: [",
            "a: *nobody",
            "a: &x {b: *x}",
            "- 1",
            "text",
            "a: b",
            "kind: 12",
            "a: .inf",
            "? [a]\n: b",
            "{a: &a [x], *a : b}",
            "null: a",
            "<<: 1",
            "a: !!binary '*'",
            "a: " + "[" * 2000 + "]" * 2000,
            "\x01",
        ],
        ids=lambda text: text[:12],
    )
    def test_a_document_that_cannot_be_read_stops_no_other(self, read, bcrypt, other):
        text = yaml.safe_dump(files(f"bob:{bcrypt}"))
        imported = read("k8s-secret", f"{other}\n---\n{text}")
        assert names_of(imported) == ["bob"]
        (loss,) = imported.losses
        assert (loss.what, loss.is_blocking) == ("the document", False)

    def test_anchors_and_merge_keys_are_known(self, read, bcrypt):
        text = (
            "base: &base {apiVersion: v1, kind: Pod}\n"
            f"more: &more [{{<<: *base}}, {{kind: Secret}}]\n"
            "name: &name metadata\n"
            "<<: [{kind: Secret}, *base]\n"
            f"*name : {{name: s}}\nstringData: {{users: &users 'bob:{bcrypt}', x: *users}}\n"
        )
        imported = read("k8s-secret", text, as_node=True)
        assert names_of(imported) == ["bob"]

    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ("2024-01-01", "2024-01-01"),
            ("1:30:00", "1:30:00"),
            ("=", "="),
            ("!!str 12345678", "12345678"),
            ("!!binary YWJjZGVm", "abcdef"),
            ("!own 12345678", "12345678"),
            ("'yes'", "yes"),
            ("yEs", "yEs"),
            ("0x", "0x"),
            ("1e999", "1e999"),
            ("._5", "._5"),
            ("|\n    1\n", "1\n"),
            ("~", ""),
            ("!!null x", ""),
        ],
    )
    def test_strings(self, read_one, text, value):
        assert read_one(text) == ([], value)

    @pytest.mark.parametrize(
        "text",
        [
            *("12345678", "012345678", "-1", "+0x1f", "0b1", "0o7", "1_000", "1e3", ".5", "1."),
            *("yes", "No", "ON", "y", "true", "!!int x", "!!float 1", "!!bool x"),
        ],
    )
    def test_what_is_no_string(self, read_one, text):
        problems, value = read_one(text)
        assert len(problems) == 1
        assert value == text.rpartition(" ")[2]

    @pytest.fixture
    def read_one(self):
        def read_one(text):
            manifest = (
                "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n"
                f"  password: {text}\n"
            )
            ((one,)) = Objects(read_documents(manifest)).secrets
            return one.problems, one.values["password"].decode()

        return read_one

    def test_a_stream_of_json(self, read, bcrypt):
        manifests = [files(f"{name}:{bcrypt}", name=name) for name in ("a", "b")]
        text = "\t\n".join(json.dumps(manifest, indent="\t") for manifest in manifests) + "\n"
        assert names_of(read("k8s-secret", text)) == ["a", "b"]

    @pytest.mark.parametrize("value", ["1e3", "1", "true", "[]"])
    def test_json_with_other_values(self, read, value, losses_of):
        text = json.dumps(basic()).replace('"hunter22"', value)
        imported = read("k8s-secret", text)
        assert imported.document == {"users": []}
        assert losses_of(imported) == ["Secret [s]: the Secret"]

    @pytest.mark.parametrize("value", ["-Infinity", "Infinity", "hunter2"])
    def test_what_is_not_json_is_yaml(self, read, value):
        text = json.dumps(basic()).replace('"hunter22"', value)
        assert read("k8s-secret", text).document["users"][0]["password"] == value

    def test_labels_and_annotations_are_accepted(self, read_all, bcrypt):
        metadata = {
            "name": "s",
            "namespace": "elastic-1",
            "labels": {"app.kubernetes.io/name": "es_1.x", "empty": "", "none": None},
            "annotations": {"a/b": "any thing\n", "c": None},
        }
        assert names_of(read_all(files(f"bob:{bcrypt}") | {"metadata": metadata})) == ["bob"]

    def test_a_name_that_the_api_server_makes(self, read_all, bcrypt):
        manifest = files(f"bob:{bcrypt}") | {"metadata": {"generateName": "users-"}}
        assert names_of(read_all(manifest)) == ["bob"]

    def test_a_repr_shows_no_value(self):
        (one,) = Objects(read_documents(yaml.safe_dump(basic(password="canary-pw")))).secrets
        assert repr(one) == "<Secret [s]: 2 values>"


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("hunter2", 1, "must be a mapping, not a string"),
        ("- kind: Secret", 1, "must be a mapping, not a list"),
        ("kind: 12", 1, "[kind] is missing"),
        ("a: b", 1, "[kind] is missing"),
        ("a: b\n---\n\na: [hunter2", 1, "[kind] is missing"),
        ("---\n\na: [hunter2", 3, "not YAML here"),
    ],
)
def test_a_file_that_is_no_manifest_is_refused(read, text, line, reason):
    with pytest.raises(errors.FileFormatError) as caught:
        read("k8s-secret", text)
    assert (caught.value.path, caught.value.line_number) == ("the.file", line)
    assert caught.value.reason.startswith(reason)
    assert "hunter2" not in str(caught.value)
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", []),
        ("---\n---\n", []),
        ("apiVersion: v1\nkind: List\nitems: []\n", []),
        ("\nkind: ConfigMap\ndata: {}", ["the file: ConfigMap"]),
        ("kind: List\nitems:\n- kind: Pod", ["the file: Pod"]),
        ("kind: List", ["the file: List"]),
        ("kind: List\nitems:\n- x", ["line [1]: the document"]),
        ("apiVersion: x.example/v1\nkind: Secret", ["the file: Secret"]),
        ("a: [\n---\nkind: Pod", ["line [1]: the document", "the file: Pod"]),
    ],
)
def test_a_manifest_without_secrets_has_no_users(read, text, told, losses_of):
    imported = read("k8s-secret", text)
    assert imported.document == {"users": []}
    assert losses_of(imported) == [*told, "the file: Secrets"]


@pytest.mark.parametrize(
    ("head", "problem"),
    [
        ("kind: Secret", "[apiVersion] is missing"),
        ("apiVersion: v2\nkind: Secret", "[apiVersion] must be [v1]"),
        ("apiVersion: 1\nkind: Secret", "[apiVersion] must be [v1]"),
        ("apiVersion: v1\nkind: secret", "[kind] must be [Secret], not [secret]"),
        ("apiVersion: v1\nkind: Secrets", "[kind] must be [Secret], not [Secrets]"),
        (
            "apiVersion: v1\nkind: Secret\nimmutable: .inf",
            "line [3]: not JSON here: a number that JSON does not have",
        ),
    ],
)
def test_a_secret_that_the_api_server_does_not_know_is_left_out(read, bcrypt, head, problem):
    text = f"{head}\nmetadata: {{name: s}}\nstringData: {{users: 'al:{bcrypt}'}}\n"
    imported = read("k8s-secret", text)
    assert imported.document == {"users": []}
    (loss,) = imported.losses
    assert loss.reason.startswith(f"left out: the API server would refuse it: {problem}")
    assert names_of(read("k8s-secret", text, as_node=True)) == ["al"]


class TestShortPasswords:
    """Of six bytes and fewer characters: the operator takes them."""

    def test_the_hash_that_is_there_stays(self, read_all):
        existing = hashing.resolve("bcrypt4").hash("äöü")
        imported = read_all(basic(password="äöü"), existing=f"al:{existing}\n".encode())
        assert imported.document["users"] == [
            {"name": "al", "password_hash": existing, "roles": []}
        ]
