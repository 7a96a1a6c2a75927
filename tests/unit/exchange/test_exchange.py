"""What all formats have in common: the API, its results, what they weigh."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys

import pytest

from esfilerealm import errors, exchange
from esfilerealm.exchange import EXPORT_FORMATS, IMPORT_FORMATS, Exported, Imported, Loss
from esfilerealm.exchange._realm import UsableRealm


def test_a_loss_is_one_line():
    loss = Loss("line [3]", "user [bob]", "the user has no hash", is_blocking=True)
    assert str(loss) == "line [3]: user [bob]: the user has no hash"
    assert loss == Loss("line [3]", "user [bob]", "the user has no hash", is_blocking=True)


@pytest.mark.parametrize("is_blocking", [True, False])
def test_an_outcome_is_complete_if_nothing_blocks(is_blocking):
    losses = (Loss("", "", "", is_blocking),)
    assert Exported(b"", losses).is_complete is not is_blocking
    assert Imported({"users": []}, ()).is_complete


@pytest.mark.parametrize(
    "outcome",
    [
        Exported(b"canary", ()),
        Imported({"users": [{"name": "bob", "password_hash": "canary"}]}, ()),
        UsableRealm({"bob": "canary"}, {"bob": ()}, ()),
    ],
    ids=lambda outcome: type(outcome).__name__,
)
def test_values_with_secrets_are_neither_shown_nor_pickled(outcome):
    assert "canary" not in repr(outcome)
    assert "canary" not in str([outcome])
    for duplicate in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="cannot be pickled"):
            duplicate(outcome)


def test_the_formats():
    assert IMPORT_FORMATS == ("htpasswd", "json", "k8s-secret", "opensearch", "yaml")
    assert EXPORT_FORMATS == ("htpasswd", "json", "k8s-secret", "tar", "yaml")
    with pytest.raises(ValueError, match=r"\[tar\]: use one of htpasswd, json"):
        exchange.import_users("tar", b"", source="x")
    with pytest.raises(ValueError, match=r"\[opensearch\]: use one of htpasswd, json"):
        exchange.export_realm("opensearch", b"", b"")


def loaded_by(code):
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


def test_importing_it_is_light():
    modules = loaded_by("import esfilerealm.exchange")
    heavy = {"yaml", "tarfile", "bcrypt", "passlib"}
    if "coverage" not in modules:
        heavy.add("json")
    assert not modules & heavy
    assert {m for m in modules if m.startswith("esfilerealm.exchange.")} == {
        "esfilerealm.exchange.accounts",
        "esfilerealm.exchange.losses",
    }


@pytest.mark.parametrize("format", EXPORT_FORMATS)
def test_an_export_loads_its_own_format_only(format):
    modules = loaded_by(
        f"from esfilerealm.exchange import *\nexport_realm({format!r}, b'a:b\\n', b'')"
    )
    assert "yaml" not in modules
    assert ("tarfile" in modules) == (format == "tar")


@pytest.mark.parametrize("format", [f for f in EXPORT_FORMATS if f != "tar"])
class TestEveryExportButTar:
    USERS = "# people\nbob:{h}\n#x\noops\nal:{h}\nelastic:{h}\nbob:{h}\n\nclear:text\n"
    ROLES = "# roles\nviewer:bob,ghost\n:x\n$2a$04$canary:bob\nadmin:,al\nadmin:$2y$canary\n"

    def test_reports_what_it_leaves_out(self, format, write, losses_of, bcrypt):
        exported = write(format, self.USERS.replace("{h}", bcrypt), self.ROLES)
        expected = [
            "users: 2 comments",
            "users, line [4]: the line",
            "users, line [6]: the line",
            "users, line [2]: a line of user [bob]",
            "! users: user [clear]",
            "users_roles: 1 comment",
            "users_roles, line [3]: the line",
            "users_roles: roles of [ghost]",
            "users_roles: roles of [(a hash)]",
        ]
        if format == "htpasswd":
            expected.append("users_roles: roles of 2 users")
        assert losses_of(exported) == expected
        assert not exported.is_complete

    def test_of_nothing_loses_nothing(self, format, write):
        assert write(format, "\n \n", "\n").losses == ()

    def test_obeys_the_rules_for_names(self, format, write, bcrypt, losses_of):
        users = f"elastic:{bcrypt}\nnobody:{bcrypt}\n"
        assert losses_of(write(format, users)) == ["users, line [1]: the line"]
        assert losses_of(write(format, users, anonymous_username="nobody")) == [
            "users, line [1]: the line",
            "users, line [2]: the line",
        ]
        assert losses_of(write(format, users, allow_reserved=True)) == []

    def test_is_stable(self, format, write, bcrypt):
        users, roles = f"bob:{bcrypt}\nal:{bcrypt}\n", "viewer:bob\nadmin:bob,al\n"
        assert write(format, users, roles).data == write(format, users, roles).data

    @pytest.mark.parametrize("files", [("\udcff", ""), ("", "\udcff")], ids=["users", "roles"])
    def test_of_files_that_are_not_utf_8_is_an_error(self, format, files):
        users, roles = (text.encode("utf-8", "surrogateescape") for text in files)
        with pytest.raises(errors.FileFormatError, match="not UTF-8"):
            exchange.export_realm(format, users, roles)
