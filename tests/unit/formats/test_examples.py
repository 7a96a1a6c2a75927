"""Examples that are not among the recorded cases."""

from __future__ import annotations

import pytest

from esfilerealm import errors
from esfilerealm.formats import (
    LineIssue,
    edit_users,
    edit_users_roles,
    parse_users,
    parse_users_roles,
)
from esfilerealm.formats.roles_yml import parse_role_names


class TestIssues:
    def test_of_users(self):
        data = b"\n \t\nno colon\n:x\nbob:\nb\xc3\xb6b:x\nelastic:x\nbob:x\n"
        issues = parse_users(data).issues
        kinds = "blank blank malformed malformed malformed invalid-username reserved-username"
        assert [issue.kind for issue in issues] == kinds.split()
        assert [issue.line_number for issue in issues] == [1, 2, 3, 4, 5, 6, 7]

    def test_of_users_roles(self):
        data = b"\nno colon\n:x\nrole:\nr\xc3\xb4le:x\n :x\nrole: ,\nrole:x\n"
        issues = parse_users_roles(data).issues
        kinds = "blank malformed malformed malformed invalid-role-name invalid-role-name no-users"
        assert [issue.kind for issue in issues] == kinds.split()

    def test_never_quote_the_line(self):
        secret = "$2a$04$ZU7"
        parsed = parse_users(f"{secret}\n{secret}é:x\n".encode())
        assert secret not in repr(parsed.issues)
        assert secret not in repr(parse_users(f"bob:{secret}".encode()))
        assert secret not in repr(parse_users_roles(f"{secret}:bob".encode()))

    def test_are_values(self):
        one, same, other = LineIssue(1, "a", "b"), LineIssue(1, "a", "b"), LineIssue(2, "a", "b")
        assert one == same
        assert one != other
        assert one != "a"
        assert len({one, same, other}) == 2


class TestEditUsers:
    @pytest.mark.parametrize(
        ("before", "changes", "after"),
        [
            (b"a:1\nb:2\nc:3\n", {"b": None}, b"a:1\nc:3\n"),
            (b"\t b:2 \t\r\n#b:x\r\n", {"b": "9"}, b"\t b:9 \t\r\n#b:x\r\n"),
            (b"b:1\nx:1\nb:2\n", {"b": "3"}, b"x:1\nb:3\n"),
            (b"b:1\nx:1\nb:2\n", {"b": None}, b"x:1\n"),
            (b"b:1\nx:1\nb:2\n", {"b": "2"}, b"b:1\nx:1\nb:2\n"),
            (b"# remark", {"b": "2"}, b"# remark\nb:2\n"),
            (b"\xef\xbb\xbfb:1\nc:1\n", {"b": "2"}, b"\xef\xbb\xbfb:1\nc:1\nb:2\n"),
            (b"bb:1\nab:1\n", {"b": "2"}, b"bb:1\nab:1\nb:2\n"),
            (b"a:1\rb:2\r", {"c": "3"}, b"a:1\rb:2\rc:3\r"),
            (b"elastic:1\n", {"elastic": None}, b"elastic:1\n"),
        ],
    )
    def test_bytes(self, before, changes, after):
        assert edit_users(before, changes) == after

    def test_reserved_names_with_the_reserved_realm_off(self):
        assert edit_users(b"elastic:1\n", {"elastic": "2"}, allow_reserved=True) == b"elastic:2\n"
        with pytest.raises(errors.InvalidUsernameError, match="reserved"):
            edit_users(b"", {"elastic": "2"})
        with pytest.raises(errors.InvalidUsernameError, match="reserved"):
            edit_users(b"", {"guest": "2"}, anonymous_username="guest")

    @pytest.mark.parametrize("text", ["", "a\nb", "a\rb", "a ", "a\x00", "\x1f", "a\ud800"])
    def test_a_hash_that_would_not_be_read_back(self, text):
        with pytest.raises(errors.InvalidHashError) as caught:
            edit_users(b"", {"bob": text})
        assert text != "a\ud800" or text not in str(caught.value)

    @pytest.mark.parametrize("name", ["a:b", "#a", "a,b", "a ", "", "é", "a\n"])
    def test_a_name_that_would_not_be_read_back(self, name):
        with pytest.raises(errors.InvalidUsernameError):
            edit_users(b"", {name: "x"})
        assert edit_users(b"x:1\n", {name: None}) == b"x:1\n"

    def test_a_file_that_is_not_utf8(self):
        with pytest.raises(errors.FileFormatError, match=r"\[users\], line \[2\], byte \[5\]"):
            edit_users(b"a:1\r\n\xff\n", {"b": "x"})


class TestEditUsersRoles:
    @pytest.mark.parametrize(
        ("before", "changes", "after"),
        [
            (b"r:a,b,c\n", {"b": None}, b"r:a,c\n"),
            (b"r: a , b ,c \n", {"a": ()}, b"r: b ,c \n"),
            (b"r: a, b, c\n", {"c": ()}, b"r: a, b\n"),
            (b"r: a, b\n", {"c": ["r"]}, b"r: a, b, c\n"),
            (b"r:a,b,\n", {"c": ["r"]}, b"r:a,b,c,\n"),
            (b"r:a\nr:b\n", {"c": ["r"]}, b"r:a,c\nr:b\n"),
            (b"r:a\nr:a,b\n", {"a": None}, b"r:b\n"),
            (b"r:a\n", {"a": ["q"]}, b"q:a\n"),
            (b"r:a\n", {"a": None, "b": ["r"]}, b"r:b\n"),
            (b"r:\n#r:x\n", {"a": ["r"]}, b"r:\n#r:x\nr:a\n"),
            (b"", {"a": ["x", "y"], "b": ["y"]}, b"x:a\ny:a,b\n"),
            (b"r:a:b\n", {"a:b": None}, b""),
            (b"r:,a\n", {"": None}, b"r:a\n"),
        ],
    )
    def test_bytes(self, before, changes, after):
        assert edit_users_roles(before, changes) == after

    @pytest.mark.parametrize("name", ["", " a", "a\t", "a,b", "a\nb", "a\rb", "\x00", "a\ud800b"])
    def test_a_name_that_would_not_be_read_back(self, name):
        with pytest.raises(errors.InvalidUsernameError):
            edit_users_roles(b"r:x\n", {name: ["r"]})

    @pytest.mark.parametrize("role", ["a:b", "#a", "a,b", "a ", "", "é"])
    def test_a_role_that_would_not_be_read_back(self, role):
        with pytest.raises(errors.InvalidRoleNameError):
            edit_users_roles(b"r:x\n", {"a": [role]})

    def test_an_existing_role_with_an_unwritable_name_can_be_granted(self):
        assert edit_users_roles(b" #odd:x\n", {"a": ["#odd"]}) == b" #odd:x,a\n"


class TestRolesYml:
    @pytest.mark.parametrize(
        ("text", "names"),
        [
            ("a:\n  cluster: [all]\nb: {}\n", {"a", "b"}),
            ("# a:\n\n  indented: x\na:\n", {"a"}),
            ("a: [\nb: {}\n", {"a", "b"}),
            ("[a]\nb:\n", {"b"}),
            ("just text\nb:\n", {"b"}),
            ("? [a]\n: x\nb:\n", {"b"}),
            ("a\tb: x\n'quoted name': x\n123: x\n", {"quoted name", "123"}),
            ("superuser: {}\nrôle: {}\nmine: {}\n", {"mine"}),
            ("a: *unknown\n&x b: x\n*x : y\n", {"a", "b"}),
            ("a:\r\n  x: y\r\nb:\rc:\r", {"a", "b", "c"}),
            ("%bad\nb:\n", {"b"}),
            ("", set()),
        ],
    )
    def test_names(self, text, names):
        assert parse_role_names(text.encode()) == names

    def test_a_file_that_is_not_utf8_defines_nothing(self):
        assert parse_role_names(b"a: {}\n# \xff\n") == set()
