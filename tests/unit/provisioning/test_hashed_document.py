"""Passwords of a document become hashes, and no other byte changes."""

from __future__ import annotations

import json
import re

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from support.hashes import CHEAP_HASH

from esfilerealm import RealmSettings
from esfilerealm.documents import spans
from esfilerealm.errors import InvalidDesiredStateError, UnknownHashAlgorithmError
from esfilerealm.hashing import resolve_from_hash, verify_hash
from esfilerealm.provisioning import DesiredState, hash_document

CHEAP = RealmSettings().with_algorithm("bcrypt4")
HASH = re.compile(r"\$2a\$04\$[./A-Za-z0-9]{53}")


def hashed(text, format_="yaml", **how):
    data = text if isinstance(text, bytes) else text.encode()
    return hash_document(data, source="x", format=format_, settings=CHEAP, **how)


def shape(text, format_="yaml", **how):
    """Return the new text, with H in the place of each hash."""
    return HASH.sub("H", hashed(text, format_, **how).data.decode())


def issues_of(text, format_="yaml", **how):
    with pytest.raises(InvalidDesiredStateError) as caught:
        hashed(text, format_, **how)
    return caught.value.issues


YAML = {
    "comments": (
        "# a\nusers: # b\n  # c\n  - name: al   # d\n    password: secret-1   # e\n# f\n",
        '# a\nusers: # b\n  # c\n  - name: al   # d\n    password_hash: "H"   # e\n# f\n',
    ),
    "line ends": (
        "users:\r\n- name: al\r\n  password: secret-1\r\n  roles: []\r\n",
        'users:\r\n- name: al\r\n  password_hash: "H"\r\n  roles: []\r\n',
    ),
    "byte order mark": (
        "\ufeffusers: {al: {password: secret-1}}",
        '\ufeffusers: {al: {password_hash: "H"}}',
    ),
    "characters of several bytes": (
        "# ä😀\nusers: {al: {password: ä😀-secret, roles: []}} # ä😀\n",
        '# ä😀\nusers: {al: {password_hash: "H", roles: []}} # ä😀\n',
    ),
    "quotes": (
        'users: [{name: al, password: \'it\'\'s #1\'}, {name: b, "password": "a\\"b\\u00e4cd"}]',
        'users: [{name: al, password_hash: "H"}, {name: b, "password_hash": "H"}]',
    ),
    "an escaped key": (
        'users: {al: {"p\\x61ssword": secret-1}}',
        'users: {al: {"password_hash": "H"}}',
    ),
    "a value in the next line": (
        "users:\n  al:\n    password:\n      secret-1\n    roles: []\n",
        'users:\n  al:\n    password_hash:\n      "H"\n    roles: []\n',
    ),
    "a value of several lines": (
        "users:\n  al:\n    password: secret\n      one\n    roles: []\n",
        'users:\n  al:\n    password_hash: "H"\n    roles: []\n',
    ),
    "a block": (
        "users:\n  al:\n    password: |-  # why\n      secret-1\n\n    # more\n    roles: []\n",
        'users:\n  al:\n    password_hash: "H"  # why\n\n    # more\n    roles: []\n',
    ),
    "a folded block at the end": (
        "users:\n  al:\n    password: >2\n        secret-1",
        'users:\n  al:\n    password_hash: "H"',
    ),
    "a tag": (
        "users: {al: {password: !!str secret-1}}",
        'users: {al: {password_hash: "H"}}',
    ),
    "an explicit key": (
        "users:\n  al:\n    ? password\n    : secret-1\n",
        'users:\n  al:\n    ? password_hash\n    : "H"\n',
    ),
    "other things of that name": (
        "users:\n  password: {password: secret-1, roles: [password]}\nprotect: [secret-1]\n",
        'users:\n  password: {password_hash: "H", roles: [password]}\nprotect: [secret-1]\n',
    ),
    "a setting of that name": (
        "users: {al: {password: secret-1}}\nkeystore: {password: {value: secret-1}}\n",
        'users: {al: {password_hash: "H"}}\nkeystore: {password: {value: secret-1}}\n',
    ),
    "absent": (
        "users: [{name: al, state: absent, password: secret-1}]",
        'users: [{name: al, state: absent, password_hash: "H"}]',
    ),
    "a document mark": (
        "%YAML 1.1\n---\nusers: {al: {password: secret-1}}\n...\n",
        '%YAML 1.1\n---\nusers: {al: {password_hash: "H"}}\n...\n',
    ),
    "nothing": ("users: [] # password: secret-1\n", "users: [] # password: secret-1\n"),
}
JSON = {
    "layout": (
        '{"users" :\t[{"name": "al",\r\n "password"\n:  "secret-1" , "roles":[]}]}\n\n',
        '{"users" :\t[{"name": "al",\r\n "password_hash"\n:  "H" , "roles":[]}]}\n\n',
    ),
    "escapes": (
        r'{"users": {"al": {"p\u0061ssword": "a\"bcde\\"}}, "protect": ["\"password\": \"x"]}',
        r'{"users": {"al": {"password_hash": "H"}}, "protect": ["\"password\": \"x"]}',
    ),
    "other things of that name": (
        '{"users": {"password": {"password": "secret-1"}}, "protect": ["password", "x"]}',
        '{"users": {"password": {"password_hash": "H"}}, "protect": ["password", "x"]}',
    ),
}
TOML = {
    "comments": (
        '# password = "x"\n[[users]]\nname = "al" # a\npassword = "secret-1" # b "c"\n# d\n',
        '# password = "x"\n[[users]]\nname = "al" # a\npassword_hash = "H" # b "c"\n# d\n',
    ),
    "tables by name": (
        '[users.al]\r\npassword="secret-1"\r\n[users."b c"]\r\n"password" = \'secret-2\'\r\n',
        '[users.al]\r\npassword_hash="H"\r\n[users."b c"]\r\n"password_hash" = "H"\r\n',
    ),
    "dots": ('users.al.password = "secret-1"\n', 'users.al.password_hash = "H"\n'),
    "inline": (
        'users = [{name = "al", password = "a\\"#b-cd"}, {password=\'se"c#ret\', name="b"}]',
        'users = [{name = "al", password_hash = "H"}, {password_hash="H", name="b"}]',
    ),
    "an escaped key": ('users.al."p\\u0061ssword" = "secret-1"', 'users.al."password_hash" = "H"'),
    "several lines": (
        'users.al.password = """\nsecret\\\n  "" 1"""""\nusers.b.password = \'\'\'a\'b"""c\'\'\'\n',
        'users.al.password_hash = "H"\nusers.b.password_hash = "H"\n',
    ),
    "what looks like a field": (
        "protect = ['password = \"y\"', \"password = 'y'\"]\nusers.password.password = 'secret'\n",
        'protect = [\'password = "y"\', "password = \'y\'"]\nusers.password.password_hash = "H"\n',
    ),
    "a setting of that name": (
        'users.al.password = "secret-1"\n[keystore.password]\nvalue = "secret-1"\n',
        'users.al.password_hash = "H"\n[keystore.password]\nvalue = "secret-1"\n',
    ),
}


@pytest.mark.parametrize(("before", "after"), YAML.values(), ids=YAML)
def test_yaml(before, after, yaml_loader):
    assert shape(before) == after


@pytest.mark.parametrize(("before", "after"), JSON.values(), ids=JSON)
@pytest.mark.parametrize("format_", ["json", "yaml"])
def test_json(before, after, format_):
    if format_ == "yaml" and "\t" in before:
        pytest.skip("YAML has no such blanks")
    assert shape(before, format_) == after


@pytest.mark.parametrize(("before", "after"), TOML.values(), ids=TOML)
def test_toml(before, after):
    assert shape(before, "toml") == after


@pytest.mark.parametrize("text", ["users: []\n", "purge: all # x\r\n", "users: {al: {roles: []}}"])
def test_without_a_password_the_bytes_stay(text):
    done = hashed(text)
    assert (done.data, done.usernames, done.warnings) == (text.encode(), (), ())


def test_the_hash_is_one_of_the_password():
    done = hashed("users: [{name: al, password: secret-1}, {name: b, password: secret-1}]")
    al, bob = DesiredState.parse(done.data, source="x").users
    assert done.usernames == ("al", "b")
    assert al.password_hash != bob.password_hash  # each has a salt of its own
    for user in (al, bob):
        assert user.password is None
        assert verify_hash("secret-1", user.password_hash.reveal())


#: Passwords with all that quoting is about.
PASSWORDS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp"])
    | st.sampled_from("\"'\\#:{}|> "),
    min_size=6,
    max_size=12,
)


def dumped_toml(users):
    def quoted(text):
        return json.dumps(text, ensure_ascii=False)

    return "".join(
        f"[[users]] # {name}\nname = {quoted(name)}\npassword = {quoted(password)}\n"
        for name, password in ((user["name"], user["password"]) for user in users)
    )


DUMPERS = {
    "plain yaml": lambda users: yaml.safe_dump({"users": users}, allow_unicode=True),
    "quoted yaml": lambda users: yaml.safe_dump({"users": users}, default_style='"'),
    "flow yaml": lambda users: yaml.safe_dump({"users": users}, default_flow_style=True, width=20),
    "block yaml": lambda users: yaml.safe_dump({"users": users}, default_style="|"),
    "json": lambda users: json.dumps({"users": users}, indent=1),
    "toml": dumped_toml,
}


@pytest.mark.parametrize("name", DUMPERS)
@settings(max_examples=20)
@given(passwords=st.lists(PASSWORDS, min_size=1, max_size=3))
def test_whatever_the_password_is(name, passwords):
    """The rest is the same: with names in place of the fields, both texts are equal."""
    users = [{"name": f"u{n}", "password": text} for n, text in enumerate(passwords)]
    text = DUMPERS[name](users)
    format_ = name.split()[-1]
    before = DesiredState.parse(text.encode(), source="x", format=format_).users
    done = hashed(text, format_)
    after = DesiredState.parse(done.data, source="x", format=format_).users
    assert len(done.usernames) == len(passwords)
    for old, new, password in zip(before, after, passwords, strict=True):
        assert old.password.reveal() == password
        assert verify_hash(password, new.password_hash.reveal())


class TestSources:
    DOCUMENT = "users: {al: {password_file: pw}, b: {password_env: SECRET}, c: {password: sec-33}}"

    @pytest.fixture(autouse=True)
    def _sources(self, tmp_path, monkeypatch):
        (tmp_path / "pw").write_text("secret-1\n")
        monkeypatch.setenv("SECRET", "secret-2")

    def test_they_stay_by_default(self, tmp_path):
        done = hashed(self.DOCUMENT, folder=str(tmp_path))
        assert b"{password_file: pw}, b: {password_env: SECRET}" in done.data
        assert done.usernames == ("c",)
        (warning,) = done.warnings
        assert warning.startswith("the passwords of [al, b] stay in their files and variables")

    def test_or_are_hashed_too(self, tmp_path):
        done = hashed(self.DOCUMENT, folder=str(tmp_path), reads_sources=True)
        assert HASH.sub("H", done.data.decode()) == (
            'users: {al: {password_hash: "H"}, b: {password_hash: "H"}, c: {password_hash: "H"}}'
        )
        assert (done.usernames, done.warnings) == (("al", "b", "c"), ())
        users = DesiredState.parse(done.data, source="x").users
        for user, password in zip(users, ("secret-1", "secret-2", "sec-33"), strict=True):
            assert verify_hash(password, user.password_hash.reveal())

    def test_all_that_cannot_be_read_is_told(self, tmp_path):
        text = "users: {al: {password_file: none}, b: {password_env: NOT_SET_9}}"
        first, second = issues_of(text, folder=str(tmp_path), reads_sources=True)
        assert "users.al.password_file: cannot use" in first
        assert "users.b.password_env: environment variable [NOT_SET_9] is not set" in second

    def test_one_that_breaks_a_rule(self, tmp_path):
        (tmp_path / "pw").write_text("short")
        (issue,) = issues_of(self.DOCUMENT, folder=str(tmp_path), reads_sources=True)
        assert issue.endswith("users.al.password_file: must have at least 6 characters")


class TestAlgorithms:
    USERS = "users: {al: {password: secret-1}}\n"

    def algorithm_of(self, text, **how):
        (user,) = DesiredState.parse(hashed(text, **how).data, source="x").users
        return resolve_from_hash(user.password_hash.reveal()).name

    def test_that_of_the_settings(self):
        assert self.algorithm_of(self.USERS) == "bcrypt4"

    def test_that_of_the_document(self):
        text = self.USERS + "hash_policy: {algorithm: pbkdf2_1000}"
        assert self.algorithm_of(text) == "pbkdf2_1000"

    def test_a_given_one(self):
        assert self.algorithm_of(self.USERS, algorithm="pbkdf2_1000") == "pbkdf2_1000"
        text = self.USERS + "hash_policy: {algorithm: bcrypt4}"
        assert self.algorithm_of(text, algorithm="bcrypt5") == "bcrypt5"

    @pytest.mark.parametrize(
        ("policy", "algorithm"),
        [
            ("algorithm: bcrypt5", "bcrypt4"),
            ("algorithm: bcrypt5", "pbkdf2_1000"),
            ("minimum_cost: 6", None),
        ],
    )
    def test_one_that_the_document_would_refuse(self, policy, algorithm):
        text = f"{self.USERS}hash_policy: {{{policy}}}"
        (issue,) = issues_of(text, algorithm=algorithm)
        assert "hash_policy: the new hashes would not meet it: [bcrypt" in issue

    def test_an_unknown_one(self):
        with pytest.raises(UnknownHashAlgorithmError):
            hashed(self.USERS, algorithm="bcrypt3")


class TestRefusals:
    def test_all_issues_of_the_document(self):
        assert len(issues_of("users: [{name: 'a:b', password: x}]")) == 2

    def test_a_place_that_is_wrong_changes_nothing(self, monkeypatch):
        """Whatever is made is read again: it must say the same."""
        text = "users: {al: {password: secret-1, roles: []}}"
        right = spans.find_strings(text, "yaml", ("password",))
        monkeypatch.setattr(
            "esfilerealm.provisioning.hashed_document.find_strings", lambda *_: right[1:]
        )
        (issue,) = issues_of(text)
        assert "written too oddly to be replaced" in issue
        assert "secret" not in issue


def test_warnings():
    long = "x" * 80
    done = hashed(f"users: {{al: {{password: {long}}}}}\nkeystore: {{a: {{value: b}}}}")
    cut, stays = done.warnings
    assert cut.startswith("user [al]: the password has [80] bytes, and bcrypt ignores all after")
    assert stays.startswith("secrets of the keystore stay in clear text")
    assert hashed("users: []\nkeystore_password: x").warnings == (stays,)


def test_no_secret_in_the_repr():
    done = hashed("users: {al: {password: secret-1}}")
    assert repr(done) == "HashedDocument(usernames=('al',), warnings=())"


def test_hashes_that_are_there_stay():
    text = f'users: {{al: {{password_hash: "{CHEAP_HASH}"}}}}'
    assert hashed(text).data == text.encode()
