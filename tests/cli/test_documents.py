"""``validate`` and ``hash-document``: documents where there is no node."""

from __future__ import annotations

import json
import os

import pytest
from support.hashes import CHEAP_HASH

from esfilerealm.documents import document as documents
from esfilerealm.hashing import verify_hash


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write a document in the working directory."""
    monkeypatch.chdir(tmp_path)

    def write(name, content):
        text = content if isinstance(content, str) else json.dumps(content)
        (tmp_path / name).write_text(text)

    return write


@pytest.fixture
def check(run, tmp_path):
    """Validate, where there is no configuration directory."""
    return lambda *words, **more: run("validate", *words, config_dir=tmp_path / "no node", **more)


class TestValidate:
    def test_all_problems_of_all_files(self, check, write):
        write("a.yml", "users:\n  - {name: 'a:b', roles: x}\n")
        write("b.json", "{")
        write("d.json", {"users": {"al": {"roles": []}}})
        done = check("a.yml", "b.json", "c.json", "d.json")
        assert (done.exit_code, done.out) == (65, "")
        assert done.err == (
            "\nERROR: invalid desired state, 4 issues:\n"
            "  [a.yml], line [2], users[0].name: [a:…] must not contain [:], the field separator\n"
            "  [a.yml], line [2], users[0].roles: must be a list of strings, not a string\n"
            "  [b.json], line [1]: not JSON at column [2]\n"
            "  [c.json] does not exist: check the path, with exit code 65\n"
        )

    def test_no_secret_is_opened(self, check, write, monkeypatch):
        """Neither the files and variables with passwords, nor a node, nor its keystore."""
        users = [
            {"name": "a", "password_file": "pipe"},
            {"name": "b", "password_env": "NO_SUCH_9"},
            {"name": "c", "password_file": "/no/such/file"},
        ]
        settings = [{"name": "a.b", "value_file": "pipe"}, {"name": "a.c", "file": "pipe"}]
        write("d.json", {"users": users, "keystore": settings, "keystore_password_file": "pipe"})
        os.mkfifo("pipe")  # to open it would wait for ever
        opened = []

        def note(path, mode):
            opened.append(path)
            return open(path, mode)

        monkeypatch.setattr(documents, "open", note, raising=False)
        done = check("d.json")
        assert (done.exit_code, done.out, done.err) == (0, "Valid: 1 document, 3 users\n", "")
        assert opened == ["d.json"]

    def test_users_of_several_documents_are_counted_once(self, check, write):
        write("a.json", {"users": {"al": {}, "bob": {}}})
        write("b.toml", '[users.al]\nroles = ["x"]\n')
        done = check("a.json", "b.toml")
        assert done.out == "Valid: 2 documents, 2 users\n"
        assert done.err == "NOTE: [al] from [b.toml] overrides [a.json]\n"
        assert check("a.json", "b.toml", "-s").err == ""

    def test_strict(self, check, write):
        write("a.json", {"users": {"al": {}}, "purge": "all"})
        write("b.json", {"users": {"al": {}}, "purge": "none"})
        done = check("a.json", "b.json", "--strict")
        assert done.exit_code == 65
        assert "2 issues:\n  [al] from [b.json] overrides [a.json]\n  [purge] from" in done.err

    def test_standard_input(self, check, write):
        write("a.json", {"users": []})
        assert check("-", "a.json", stdin="users: {al: {}}").out == "Valid: 2 documents, 1 user\n"
        assert check("-", "-").exit_code == 64
        assert "[standard input]: empty document" in check("-", stdin="").err
        toml = "users = []"
        assert check("-", "--format", "toml", stdin=toml).exit_code == 0
        assert check("-", stdin=toml).exit_code == 65

    def test_json(self, check, write):
        write("a.json", {"users": [{"name": "al", "roles": "x"}]})
        write("b.json", {"users": {"al": {}}})
        done = json.loads(check("a.json", "b.json", "--json").out)
        (problem,) = done["documents"][0]["problems"]
        assert problem == "[a.json], users[0].roles: must be a list of strings, not a string"
        assert done["documents"] == [
            {"path": "a.json", "user_count": None, "problems": [problem]},
            {"path": "b.json", "user_count": 1, "problems": []},
        ]
        assert (done["valid"], done["notes"], done["error"]["exit_code"]) == (False, [], 65)
        done = json.loads(check("b.json", "b.json", "--json").out)
        assert (done["valid"], done["notes"]) == (True, ["[al] from [b.json] overrides [b.json]"])

    @pytest.mark.parametrize("words", [[], ["--format", "xml", "a"]], ids=["none", "format"])
    def test_usage(self, check, words):
        assert check(*words).exit_code == 64

    @pytest.mark.parametrize("more", [[], ["--json"]], ids=["text", "json"])
    @pytest.mark.parametrize("name", [CHEAP_HASH, "a\x1b[31m\u202e"], ids=["hash", "controls"])
    def test_the_name_of_a_file(self, check, write, name, more):
        done = check(name, *more)
        text = done.out + done.err
        assert done.exit_code == 65
        assert CHEAP_HASH[10:30] not in text
        assert all(line.isprintable() for line in text.splitlines())


class TestHashDocument:
    TEXT = "# people\nusers: {al: {password: secret-1}} # all\n"

    @pytest.fixture
    def convert(self, run, tmp_path):
        """Hash with cheap hashes."""
        cheap = ("-E", "xpack.security.authc.password_hashing.algorithm=bcrypt4")

        def convert(*words, **more):
            node = tmp_path / "no node"
            return run("hash-document", *words, *cheap, config_dir=node, **more)

        return convert

    def test_to_standard_output(self, convert, write):
        write("d.yml", self.TEXT)
        done = convert("d.yml")
        before, _, after = done.out.partition('"')
        assert (done.exit_code, done.err) == (0, "NOTE: 1 password hashed [al]\n")
        assert (before, after[60:]) == ("# people\nusers: {al: {password_hash: ", '"}} # all\n')
        assert verify_hash("secret-1", after[:60])

    def test_to_a_file(self, convert, write, tmp_path):
        write("d.yml", self.TEXT)
        done = convert("d.yml", "--output", "d.yml", "--json")
        printed = json.loads(done.out)
        assert (printed["passwords"], printed["warnings"]) == (["al"], [])
        assert "password_hash: " in (tmp_path / "d.yml").read_text()
        assert (tmp_path / "d.yml").stat().st_mode & 0o777 == 0o600

    def test_from_standard_input(self, convert):
        done = convert("-", "--algorithm", "pbkdf2_1000", stdin=self.TEXT)
        assert 'password_hash: "{PBKDF2}1000$' in done.out

    def test_a_file_of_a_password(self, convert, write):
        write("d.json", {"users": [{"name": "al", "password_file": "pw"}]})
        write("pw", "secret-1\n")
        assert "NOTE: 0 passwords hashed\n" in convert("d.json").err
        done = convert("d.json", "--all-sources")
        assert done.out.startswith('{"users": [{"name": "al", "password_hash": "$2a$04$')

    def test_the_settings_of_a_node(self, run, config, write):
        write("d.yml", self.TEXT)
        assert '"$2a$04$' in run("hash-document", "d.yml").out

    def test_silent(self, convert, write):
        write("d.yml", self.TEXT)
        assert convert("d.yml", "-s").err == ""

    @pytest.mark.parametrize(
        ("words", "exit_code"),
        [
            (["d.yml", "--json"], 64),
            (["d.yml", "--algorithm", "md5"], 64),
            (["d.yml", "--jobs", "0"], 64),
            (["d.yml", "d.yml"], 64),
            (["d.yml", "--output", "no/d.yml"], 74),
            (["d.yml", "--format", "json"], 65),
            (["none.yml"], 78),
        ],
        ids=str,
    )
    def test_refusals(self, convert, write, words, exit_code):
        write("d.yml", self.TEXT)
        done = convert(*words)
        assert done.exit_code == exit_code
        assert "secret" not in done.out + done.err

    def test_no_file_of_a_node_is_replaced(self, convert, write, config):
        write("d.yml", self.TEXT)
        before = (config / "users").read_bytes()
        done = convert("d.yml", "--output", str(config / "users"))
        assert (done.exit_code, (config / "users").read_bytes()) == (64, before)

    def test_what_is_made_can_be_applied(self, run, convert, write, config):
        write("d.yml", self.TEXT)
        write("new.yml", convert("d.yml").out)
        assert run("apply", "new.yml").out == "Changed: 1 user added [al]\n"
        assert run("verify", "al", "-p", "secret-1").exit_code == 0
        assert run("apply", "d.yml", "new.yml").out == "Nothing to change\n"
