"""Secrets of Kubernetes, written."""

from __future__ import annotations

import base64

import pytest
import yaml

from esfilerealm import errors
from esfilerealm.exchange import basic_auth_secret


def data_of(manifest):
    secret = yaml.safe_load(manifest)
    return {key: base64.b64decode(value, validate=True) for key, value in secret["data"].items()}


class TestFiles:
    def test_the_manifest(self, write):
        exported = write("k8s-secret", "", secret_name="my.users", namespace="prod")
        assert exported.data.decode() == (
            'apiVersion: v1\nkind: Secret\nmetadata:\n  name: "my.users"\n  namespace: "prod"\n'
            'type: Opaque\ndata:\n  users: ""\n  users_roles: ""\n'
        )

    def test_by_default_the_name_is_ours_and_there_is_no_namespace(self, write):
        metadata = yaml.safe_load(write("k8s-secret", "").data)["metadata"]
        assert metadata == {"name": "esfilerealm-users"}

    def test_a_canonical_realm_comes_back_byte_for_byte(self, write, hashes):
        names = sorted(hashes)
        users = "".join(sorted(f"{name}:{hashes[name]}\n" for name in names))
        roles = f"admin:{names[0]}\nread only:{','.join(names)}\nviewer:{names[1]},{names[2]}\n"
        exported = write("k8s-secret", users, roles)
        assert data_of(exported.data) == {"users": users.encode(), "users_roles": roles.encode()}
        assert exported.losses == ()

    def test_rows_are_sorted_as_the_operator_sorts_them(self, write, bcrypt):
        users = f"bob:{bcrypt}\nB:{bcrypt}\nal:{bcrypt}\nal x:{bcrypt}\n"
        exported = write("k8s-secret", users, "z:bob,al\nb:bob\nb:al,bob\nb c:B\nz:B\n")
        assert data_of(exported.data) == {
            # A blank is before a colon, and capital letters are before small ones.
            "users": f"B:{bcrypt}\nal x:{bcrypt}\nal:{bcrypt}\nbob:{bcrypt}\n".encode(),
            "users_roles": b"b c:B\nb:al,bob\nz:B,al,bob\n",
        }

    def test_lines_that_the_operator_would_reject_are_not_written(self, write, bcrypt, losses_of):
        exported = write(
            "k8s-secret", f" #al:{bcrypt}\nbob:{bcrypt}\n", "#x:bob\n #x:bob\nr:a:b,bob\n"
        )
        assert data_of(exported.data) == {
            "users": f"bob:{bcrypt}\n".encode(),
            "users_roles": b"r:bob\n",
        }
        assert losses_of(exported) == [
            "users_roles: 1 comment",
            "users_roles: roles of [a:…]",
            "! users: user [#al]",
            "! users_roles: role [#x] of user [bob]",
        ]

    def test_more_bytes_than_kubernetes_accepts_are_a_loss(self, write, bcrypt, losses_of):
        users = "".join(f"user{number}:{bcrypt}\n" for number in range(15_500))
        assert losses_of(write("k8s-secret", users)) == ["! users: the Secret"]
        assert write("k8s-secret", users[: 1024 * 1024 // 2].rpartition("\n")[0]).is_complete

    @pytest.mark.parametrize("name", ["", "A", "a_b", "-a", "a-", "a..b", "a\n", "a" * 254, "a b"])
    def test_names_that_kubernetes_rejects(self, write, name):
        with pytest.raises(errors.InvalidSettingError) as caught:
            write("k8s-secret", "", secret_name=name)
        assert caught.value.key == "secret_name"

    @pytest.mark.parametrize("namespace", ["", "A", "a.b", "a" * 64])
    def test_namespaces_that_kubernetes_rejects(self, write, namespace):
        with pytest.raises(errors.InvalidSettingError) as caught:
            write("k8s-secret", "", namespace=namespace)
        assert caught.value.key == "namespace"

    @pytest.mark.parametrize("name", ["a", "0", "a-b.c-d", "a" * 253, "null", "1e3"])
    def test_names_that_kubernetes_accepts(self, write, name):
        manifest = yaml.safe_load(write("k8s-secret", "", secret_name=name).data)
        assert manifest["metadata"]["name"] == name


class TestBasicAuth:
    def test_the_manifest(self):
        manifest = basic_auth_secret(
            "al", "påss: word\n", ["viewer", "x y"], secret_name="al", namespace="prod"
        )
        assert yaml.safe_load(manifest) | {"data": None} == {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "al", "namespace": "prod"},
            "type": "kubernetes.io/basic-auth",
            "data": None,
        }
        assert data_of(manifest) == {
            "username": b"al",
            "password": "påss: word\n".encode(),
            "roles": b"viewer,x y",
        }

    def test_it_comes_back(self, read):
        manifest = basic_auth_secret("al", " påss: word\n", ["viewer", "x y"], secret_name="al")
        assert read("k8s-secret", manifest).document == {
            "users": [{"name": "al", "password": " påss: word\n", "roles": ["viewer", "x y"]}]
        }

    def test_the_operator_takes_built_in_users(self):
        assert data_of(basic_auth_secret("elastic", "hunter22", (), secret_name="x")) == {
            "username": b"elastic",
            "password": b"hunter22",
        }

    @pytest.mark.parametrize(
        ("change", "error"),
        [
            ({"username": "a:b"}, errors.InvalidUsernameError),
            ({"username": ""}, errors.InvalidUsernameError),
            ({"password": "canar"}, errors.InvalidPasswordError),
            ({"password": "canary" * 12 + "x"}, errors.InvalidPasswordError),
            ({"password": "canar" + "ä" * 34}, errors.InvalidPasswordError),
            ({"username": "a,b"}, errors.InvalidUsernameError),
            ({"roles": ["a,b"]}, errors.InvalidRoleNameError),
            ({"roles": [""]}, errors.InvalidRoleNameError),
            ({"secret_name": "X"}, errors.InvalidSettingError),
            ({"namespace": "X"}, errors.InvalidSettingError),
        ],
        ids=lambda value: str(value) if isinstance(value, dict) else "",
    )
    def test_what_is_refused(self, change, error):
        given = {"username": "al", "password": "canary-pw", "roles": (), "secret_name": "x"}
        with pytest.raises(error) as caught:
            basic_auth_secret(**given | change)
        assert "canar" not in str(caught.value)
