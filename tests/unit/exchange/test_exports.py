"""JSON, YAML and tar, as their own libraries read them."""

from __future__ import annotations

import io
import json
import tarfile

import pytest
import yaml

FORMATS = {"json": json.loads, "yaml": yaml.safe_load}

#: Names that YAML, of one version or another, reads as something else than text.
ODD = ["123", "0o17", "1e3", "yes", "null", "~", "- x", "{x}", "&a", "*a", "x y", "'", '"', "\\n"]
ODD += ["0x1F", "1_000", "12:30:45", "2001-01-01", "<<", "=", ".inf", "!x", "%x", "@x", "`x`", "?"]


@pytest.mark.parametrize("format", FORMATS)
class TestDocuments:
    def test_it_reads_back(self, format, write, hashes):
        users = "".join(f"{name}:{text}\n" for name, text in hashes.items())
        exported = write(format, users, "viewer:md5,bcrypt4\nadmin:md5\n")
        roles = {"md5": ["viewer", "admin"], "bcrypt4": ["viewer"]}
        assert FORMATS[format](exported.data) == {
            "users": [
                {"name": name, "password_hash": text, "roles": roles.get(name, [])}
                for name, text in hashes.items()
            ]
        }
        assert exported.losses == ()

    def test_unusual_names_stay_strings(self, format, write, bcrypt):
        names = [name for name in ODD if ":" not in name]
        users = "".join(f"{name}:{bcrypt}\n" for name in names)
        exported = write(format, users, "".join(f"{role}:{','.join(names)}\n" for role in names))
        document = FORMATS[format](exported.data)
        assert [user["name"] for user in document["users"]] == names
        assert all(user["roles"] == names for user in document["users"])
        assert exported.losses == ()

    def test_of_nothing(self, format, write):
        assert FORMATS[format](write(format, "").data) == {"users": []}

    def test_names_that_no_line_can_contain(self, format, write, bcrypt, losses_of):
        exported = write(
            format, f" #al:{bcrypt}\na,b:{bcrypt}\nbob:{bcrypt}\n", "a,b:bob\n #x:bob\nok:bob"
        )
        assert FORMATS[format](exported.data)["users"] == [
            {"name": "bob", "password_hash": bcrypt, "roles": ["ok"]}
        ]
        assert losses_of(exported) == [
            "! users: user [#al]",
            "! users: user [a,b]",
            "! users_roles: role [a,b] of user [bob]",
            "! users_roles: role [#x] of user [bob]",
        ]


def test_json_is_indented_by_two(write, bcrypt):
    assert write("json", f"al:{bcrypt}\n", "x:al").data.decode() == (
        f'{{\n  "users": [\n    {{\n      "name": "al",\n      "password_hash": "{bcrypt}",\n'
        '      "roles": [\n        "x"\n      ]\n    }\n  ]\n}\n'
    )


def test_yaml_is_in_blocks(write, bcrypt):
    exported = write("yaml", f"al:{bcrypt}\nbob:{bcrypt}\n", "x:al\ny z:al")
    assert exported.data.decode() == (
        f'users:\n  - name: "al"\n    password_hash: "{bcrypt}"\n    roles:\n'
        f'      - "x"\n      - "y z"\n  - name: "bob"\n    password_hash: "{bcrypt}"\n'
        "    roles: []\n"
    )


class TestTar:
    def test_it_has_both_files_byte_for_byte(self, write):
        users, roles = "# x\r\nbob:clear\n\n", "x:ghost"
        exported = write("tar", users, roles)
        with tarfile.open(fileobj=io.BytesIO(exported.data)) as archive:
            members = archive.getmembers()
            contents = [archive.extractfile(member).read() for member in members]
        assert contents == [users.encode(), roles.encode()]
        assert exported.losses == ()
        assert [member.name for member in members] == ["users", "users_roles"]
        for member in members:
            assert member.isreg()
            assert (member.mode, member.mtime) == (0o660, 0)
            assert (member.uid, member.gid, member.uname, member.gname) == (0, 0, "", "")

    def test_it_is_stable_and_takes_any_bytes(self):
        from esfilerealm.exchange import export_realm

        one, two = (export_realm("tar", b"\xff\0", b"\xfe").data for _ in range(2))
        assert one == two
        assert b"\xff\0" in one
        assert one[257:263] == b"ustar\0"
