"""htpasswd, both ways."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esfilerealm import errors, verify_hash
from esfilerealm.exchange import import_users
from esfilerealm.formats import parse_users


def users_of(imported):
    return {user["name"]: user["password_hash"] for user in imported.document["users"]}


TYPES_IT = "a node lets in whoever types the text itself: it is"


class TestImport:
    def test_of_a_file_that_htpasswd_wrote(self, read, vector, losses_of):
        imported = read("htpasswd", vector("htpasswd"))
        carried = users_of(imported)
        assert list(carried) == ["bcrypt", "default"]
        for password_hash in carried.values():
            assert password_hash.startswith("$2a$")
            assert verify_hash("correct-horse", password_hash)
            assert not verify_hash("battery-staple", password_hash)
        assert losses_of(imported) == [
            "! line [3]: user [alg-s]",
            "! line [4]: user [alg-m]",
            "! line [5]: user [alg-2]",
            "! line [6]: user [alg-5]",
            "! line [7]: user [alg-d]",
            "! line [8]: user [plain]",
            "! line [9]: user [costly]",
        ]

    @pytest.mark.parametrize(
        ("number", "reason"),
        [
            (3, "{SHA} is SHA-1 without a salt, which is cracked quickly: set a new password, or "),
            (4, f"{TYPES_IT} Apache's MD5-crypt, which a node does not know"),
            (5, f"{TYPES_IT} SHA-256-crypt"),
            (6, f"{TYPES_IT} SHA-512-crypt"),
            (7, "neither bcrypt nor another known hash: probably crypt(3) or clear text"),
            (8, "neither bcrypt nor another known hash: probably crypt(3) or clear text"),
            (9, "unknown hash function [bcrypt15]: a node reads bcrypt costs from 4 to 14"),
        ],
    )
    def test_reasons(self, read, vector, number, reason):
        by_line = {loss.where: loss.reason for loss in read("htpasswd", vector("htpasswd")).losses}
        assert by_line[f"line [{number}]"].startswith(reason)

    def test_sha_has_a_way_in(self, read):
        (loss,) = read("htpasswd", "al:{SHA}NstYn3QVe0WBGmkMWLQ0CV9I6fo=").losses
        assert "esfilerealm useradd --hash" in loss.reason

    @pytest.mark.parametrize("revision", ["$2a$", "$2b$", "$2y$"])
    def test_every_revision_becomes_the_one_that_all_nodes_know(self, read, bcrypt, revision):
        imported = read("htpasswd", f"al:{revision}{bcrypt[4:]}\n")
        assert imported.document == {"users": [{"name": "al", "password_hash": bcrypt}]}
        assert imported.losses == ()

    def test_it_reads_lines_as_apache_does(self, read, bcrypt, losses_of):
        text = f"\ufeffal:{bcrypt}\r\n\n  # one\n#two\n \tbob:{bcrypt} \nann:{bcrypt}:Ann:x"
        imported = read("htpasswd", text)
        assert list(users_of(imported)) == ["al", "bob", "ann"]
        assert losses_of(imported) == [
            "the file: 2 comments",
            "line [6]: the text after the hash of user [ann]",
        ]
        assert losses_of(read("htpasswd", "#\n")) == ["the file: 1 comment"]

    def test_the_first_line_of_a_name_counts(self, read, bcrypt, losses_of):
        other = bcrypt[:7] + bcrypt[29:51] + bcrypt[29:]
        imported = read("htpasswd", f"al:{bcrypt}\nal:{other}\nbob:clear\nbob:{bcrypt}\n")
        assert users_of(imported) == {"al": bcrypt}
        assert losses_of(imported) == [
            "line [2]: user [al]",
            "! line [3]: user [bob]",
            "line [4]: user [bob]",
        ]
        assert imported.losses[0].reason == "Apache uses line [1], which has the same name"

    @pytest.mark.parametrize("line", ["bob", "bob:", ":{h}", ":", "bob::{h}"])
    def test_malformed_lines(self, read, bcrypt, line, losses_of):
        imported = read("htpasswd", f"{line}\nbob:{bcrypt}\n".replace("{h}", bcrypt))
        assert losses_of(imported)[0] == "line [1]: the line"
        assert ("bob" in users_of(imported)) == (not line.startswith("bob"))

    @pytest.mark.parametrize("text", ["bob\n", "# x\n\n:x\nbob:\n"])
    def test_a_file_without_an_entry_is_of_something_else(self, read, text):
        with pytest.raises(errors.FileFormatError, match="expected name:hash: not of htpasswd"):
            read("htpasswd", text)

    @pytest.mark.parametrize(
        ("name", "reason"),
        [
            ("elastic", "invalid username: must not be a name that is reserved by Elasticsearch"),
            ("_anonymous", "invalid username: must not be a name that is reserved"),
            ("böb", "invalid username: must consist of printable ASCII"),
            ("a,b", "invalid username: must not contain [,]"),
            ("a" * 1025, "invalid username: must have 1 to 1024 characters"),
            ("bob ", "invalid username: must not start or end with a space"),
        ],
    )
    def test_names(self, read, bcrypt, name, reason):
        (loss,) = read("htpasswd", f"{name}:{bcrypt}").losses
        assert loss.reason.startswith(reason)
        assert loss.is_blocking
        is_name = name in ("elastic", "_anonymous", "a,b")  # of some node, though not of ours
        assert loss.what == (f"user [{name}]" if is_name else "the line")

    def test_names_that_settings_allow_or_reserve(self, read, bcrypt):
        line = f"elastic:{bcrypt}"
        assert users_of(read("htpasswd", line, allow_reserved=True)) == {"elastic": bcrypt}
        line = f"guest:{bcrypt}"
        assert users_of(read("htpasswd", line, anonymous_username="guest")) == {}

    def test_continued_lines_have_no_user(self, read, bcrypt, losses_of):
        text = f"# x \\\nal:{bcrypt}\nann:{bcrypt}\\\n\nbob:{bcrypt}\n"
        imported = read("htpasswd", text)
        assert list(users_of(imported)) == ["bob"]
        assert losses_of(imported) == [f"! line [{n}]: the line" for n in (1, 2, 3)]

    @pytest.mark.parametrize("name", ["pbkdf2_1000", "ssha256", "md5"])
    def test_hashes_that_only_a_node_knows_are_not_from_apache(self, read, hashes, name):
        (loss,) = read("htpasswd", f"al:{hashes[name]}").losses
        assert "not a file of htpasswd" in loss.reason

    @pytest.mark.parametrize(
        ("data", "place", "reason"),
        [(b"a:b\n\xff", (2, 4), "not UTF-8"), (b"\n\na\0b", (3, 3), "a byte 0")],
    )
    def test_a_binary_file_is_refused(self, read, data, place, reason):
        with pytest.raises(errors.FileFormatError) as caught:
            read("htpasswd", data)
        assert (caught.value.path, caught.value.line_number) == ("the.file", place[0])
        assert caught.value.offset == place[1]
        assert caught.value.reason.startswith(reason)
        assert caught.value.__context__ is None

    def test_of_nothing(self, read):
        imported = read("htpasswd", b"")
        assert (imported.document, imported.losses) == ({"users": []}, ())

    @pytest.mark.property
    @given(st.text(st.sampled_from("al:#\\\n\r \t{}$2y0\x0b\u2028é")))
    def test_every_line_is_a_user_a_loss_a_comment_or_blank(self, text):
        try:
            imported = import_users("htpasswd", text.encode(), source="x")
        except errors.FileFormatError:
            return
        numbers = {loss.where for loss in imported.losses if not loss.is_note}
        lines = text.split("\n")
        kept = [n for n, line in enumerate(lines, 1) if f"line [{n}]" not in numbers]
        rest = [line.strip(" \t\n\v\f\r") for n, line in enumerate(lines, 1) if n in kept]
        said = [line for line in rest if line and not line.startswith("#")]
        assert len(said) == len(imported.document["users"])


class TestExport:
    def test_bcrypt_and_sha_are_converted(self, write, hashes, losses_of):
        exported = write(
            "htpasswd", "".join(f"{name}:{text}\n" for name, text in hashes.items()), "viewer:sha1"
        )
        assert exported.data.decode().splitlines() == [
            f"bcrypt4:$2y${hashes['bcrypt4'][4:]}",
            f"sha1:{hashes['sha1']}",
        ]
        assert losses_of(exported) == [
            "! users: user [pbkdf2_1000]",
            "! users: user [pbkdf2_stretch_1000]",
            "! users: user [ssha256]",
            "! users: user [md5]",
            "users_roles: roles of 1 user",
        ]
        assert exported.losses[0].reason.startswith("Apache does not know pbkdf2_1000:")

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("hello-world", "a node lets in whoever types the text itself: it is not a known hash"),
            ("$2a$10$short", "a bcrypt hash has 60 characters, not [12]"),
            ("{SHA}short", "the sha1 digest is not base64 of 20 bytes"),
        ],
    )
    def test_a_user_without_a_usable_hash_is_lost(self, write, text, reason):
        exported = write("htpasswd", f"al:{text}\n")
        assert exported.data == b""
        assert [loss.reason for loss in exported.losses] == [reason]

    def test_names_that_apache_cannot_read(self, write, bcrypt, losses_of):
        longest = "a" * 255
        exported = write("htpasswd", f" #al:{bcrypt}\n{longest}a:{bcrypt}\n{longest}:{bcrypt}\n")
        assert exported.data.decode() == f"{longest}:$2y${bcrypt[4:]}\n"
        assert [line[:17] for line in losses_of(exported)] == [
            "! users: user [#a",
            "! users: user [aa",
        ]


def test_there_and_back(read, write, bcrypt):
    users = f"bob:{bcrypt}\na b:{bcrypt}\n$x:{bcrypt}\n"
    imported = read("htpasswd", write("htpasswd", users).data)
    assert users_of(imported) == parse_users(users.encode()).users
    assert all("roles" not in user for user in imported.document["users"])


@pytest.mark.skipif(shutil.which("htpasswd") is None, reason="needs Apache's htpasswd")
class TestTheProgram:
    def test_what_it_writes_verifies_here(self, read, tmp_path):
        file = tmp_path / "htpasswd"
        subprocess.run(
            ["htpasswd", "-cbB", "-C", "4", file, "al", "correct-horse"],
            check=True,
            capture_output=True,
        )
        carried = users_of(read("htpasswd", file.read_bytes()))
        assert verify_hash("correct-horse", carried["al"])

    @pytest.mark.parametrize("name", ["bcrypt4", "sha1"])
    def test_what_is_written_here_verifies_there(self, write, hashes, tmp_path, name):
        file = tmp_path / "htpasswd"
        file.write_bytes(write("htpasswd", f"al:{hashes[name]}\n").data)
        for password, code in (("correct-horse", 0), ("battery-staple", 3)):
            done = subprocess.run(
                ["htpasswd", "-vb", file, "al", password], check=False, capture_output=True
            )
            assert done.returncode == code
