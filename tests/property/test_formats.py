"""Rules that hold for every file and every edit."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support import strategies as own

from esfilerealm.errors import (
    FileFormatError,
    InvalidHashError,
    InvalidRoleNameError,
    InvalidUsernameError,
)
from esfilerealm.formats import (
    edit_users,
    edit_users_roles,
    lines,
    parse_users,
    parse_users_roles,
    users,
    users_roles,
)
from esfilerealm.formats.users_editor import UsersEditor
from esfilerealm.formats.users_roles_editor import UsersRolesEditor

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.property

JAVA_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")
JAVA_TRIM = bytes(range(0x21))


def raw_lines(data: bytes) -> list[bytes]:
    return JAVA_LINE.findall(data)


def without_end(line: bytes) -> bytes:
    return line.rstrip(b"\r\n")


def test_the_line_pattern_of_these_tests_loses_nothing():
    data = b"a\r\nb\rc\n\r\n\r\rd"
    assert b"".join(raw_lines(data)) == data
    assert len(raw_lines(data)) == 7


class TestParsing:
    """Any bytes parse or raise ``FileFormatError``; each line is an entry, issue or comment."""

    @given(st.binary(max_size=200))
    def test_any_bytes(self, data):
        for parse in (parse_users, parse_users_roles):
            try:
                parse(data)
            except FileFormatError as error:
                line = 1 + len(re.findall(rb"\r\n|\r|\n", data[: error.offset]))
                assert error.line_number == line

    @given(own.users_files)
    def test_every_line_of_users_is_an_entry_an_issue_or_a_comment(self, data):
        parsed = parse_users(data)
        lines = raw_lines(data)
        skipped = {issue.line_number for issue in parsed.issues}
        entries = {}
        for number, line in enumerate(lines, 1):
            if number not in skipped and not line.startswith(b"#"):
                name, _, value = line.strip(JAVA_TRIM).decode().partition(":")
                entries[name] = value
        assert entries == parsed.users

    @given(own.users_files)
    def test_blank_lines_are_blank_issues(self, data):
        blank = [n for n, line in enumerate(raw_lines(data), 1) if not line.strip(JAVA_TRIM)]
        for parsed in (parse_users(data), parse_users_roles(data)):
            assert [i.line_number for i in parsed.issues if i.kind == "blank"] == blank

    @given(own.users_files, st.lists(own.usernames, min_size=1, max_size=12))
    def test_a_lookup_agrees_with_parsing(self, data, names):
        users = parse_users(data).users
        editor = UsersEditor(data)
        assert [editor.hash_of(n) for n in names] == [users.get(n) for n in names]

    @given(own.users_roles_files, st.lists(own.usernames, min_size=1, max_size=12))
    def test_a_lookup_of_roles_agrees_with_parsing(self, data, names):
        roles = parse_users_roles(data).roles_by_user
        editor = UsersRolesEditor(data)
        assert [editor.roles_of(n) for n in names] == [roles.get(n, ()) for n in names]


@contextmanager
def small_pieces(size: int) -> Iterator[None]:
    """Make pieces so small that the files of a test are cut, too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "_PIECE", size)
        yield


def outcome(parse, data):
    try:
        return parse(data)
    except FileFormatError as error:
        return error.line_number, error.offset


def said(parsed, mapping):
    """Return what a file says, in order."""
    return list(getattr(parsed, mapping).items()), parsed.issues


class TestPieces:
    """Large files are read in pieces; where a piece begins and ends changes nothing."""

    @given(st.lists(st.binary(max_size=20)), st.integers(0, 8))
    def test_are_whole_lines_and_add_up_to_the_file(self, blocks, size):
        with small_pieces(size):
            pieces = list(lines.pieces(blocks))
        assert b"".join(pieces) == b"".join(blocks)
        assert all(piece.endswith(b"\n") for piece in pieces[:-1])
        assert all(b"\n" not in piece[size:-1] for piece in pieces)
        assert all(len(piece) > size for piece in pieces[:-1])

    @given(st.one_of(own.users_files, st.binary(max_size=100)), st.integers(0, 8))
    def test_users(self, data, size):
        self.check(data, size, lambda data: said(parse_users(data), "users"))

    @given(st.one_of(own.users_roles_files, st.binary(max_size=100)), st.integers(0, 8))
    def test_users_roles(self, data, size):
        self.check(data, size, lambda data: said(parse_users_roles(data), "roles_by_user"))

    def check(self, data, size, parse):
        whole = outcome(parse, data)
        with small_pieces(size):
            assert outcome(parse, data) == whole

    @given(own.users_roles_files, st.lists(own.usernames))
    def test_known_names_change_no_roles(self, data, names):
        roles = parse_users_roles(data).roles_by_user
        reader = users_roles.UsersRolesReader("users_roles", names)
        reader.read(data)
        assert reader.finish().roles_by_user == roles

    @given(own.users_files, st.integers(0, 8))
    def test_lines_are_counted(self, data, size):
        reader = users.UsersReader("users", allow_reserved=False, anonymous_username="_anonymous")
        with small_pieces(size):
            for piece in lines.pieces([data]):
                reader.read(piece)
        assert reader.line_count == len(raw_lines(data))

    @given(own.users_files)
    def test_plain_entries_are_read_as_line_by_line(self, data):
        parsed = parse_users(data)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(users, "_plain_entries", lambda *_: None)
            each = parse_users(data)
        assert said(parsed, "users") == said(each, "users")


class TestGrants:
    @given(
        st.lists(st.tuples(st.sampled_from("abcde"), st.lists(st.sampled_from("xyz"), min_size=1))),
        st.integers(1, 5),
    )
    def test_a_user_may_have_any_number_of_roles(self, grants, many):
        """The form in which many roles are kept changes nothing."""
        data = "".join(f"{role}:{','.join(names)}\n" for role, names in grants).encode()
        roles: dict[str, dict[str, None]] = {}
        for role, names in grants:
            for name in names:
                roles.setdefault(name, {})[role] = None
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(users_roles, "_MANY", many)
            parsed = parse_users_roles(data).roles_by_user
        assert list(parsed.items()) == [(name, tuple(each)) for name, each in roles.items()]


class TestEditingUsers:
    """An edit results in exactly the requested mapping, and keeps all other lines."""

    @given(own.users_files)
    def test_no_change_is_the_same_bytes(self, data):
        assert edit_users(data, {}) is data
        assert edit_users(data, dict(parse_users(data).users)) is data
        assert edit_users(data, {"nobody here": None}) is data

    @settings(max_examples=500)
    @given(
        own.users_files,
        st.dictionaries(own.usernames, st.one_of(st.none(), own.hashes), max_size=12),
    )
    @example(b"c:1\rbob:h\n\n", {"bob": None})
    @example(b"c:1\rbob:h\nal:h\n\n", {"bob": None, "al": None})
    def test_mapping_and_lines(self, data, changes):
        before = parse_users(data).users
        after = edit_users(data, changes)
        expected = {**before, **{n: h for n, h in changes.items() if h is not None}}
        for name in [n for n, h in changes.items() if h is None]:
            expected.pop(name, None)
        assert parse_users(after).users == expected
        changed = {n for n, h in changes.items() if before.get(n) != h}
        assert_kept(other_users_lines(data, changed), other_users_lines(after, changed))

    @given(own.users_files, st.dictionaries(own.usernames, own.hashes, min_size=1, max_size=3))
    def test_editing_twice_changes_nothing_more(self, data, changes):
        once = edit_users(data, changes)
        assert edit_users(once, changes) is once

    @given(own.line_ends, st.integers(1, 5))
    def test_the_file_keeps_its_line_ends(self, end, count):
        data = "".join(f"user{n}:h{end}" for n in range(count)).encode()
        assert edit_users(data, {"new": "h"}) == data + b"new:h" + end.encode()


def assert_kept(before: list[bytes], after: list[bytes]) -> None:
    """Check that each line of *before* is there, in order; the last may have got a line end."""
    rest = iter(after)
    for number, line in enumerate(before, 1):
        for candidate in rest:
            if candidate == line or (number == len(before) and without_end(candidate) == line):
                break
            assert candidate == b"#\n", "only the comment that a removal leaves may come in between"
        else:
            pytest.fail("a line is lost")
    assert set(rest) <= {b"#\n"}


def other_users_lines(data: bytes, names: set[str]) -> list[bytes]:
    """Return every line except those of *names*."""
    parsed = parse_users(data)
    skipped = {issue.line_number for issue in parsed.issues}
    kept = []
    for number, line in enumerate(raw_lines(data), 1):
        is_entry = number not in skipped and not line.startswith(b"#")
        if is_entry and line.strip(JAVA_TRIM).decode().partition(":")[0] in names:
            continue
        kept.append(line)
    return kept


#: Texts of which about half can be written.
nearly_valid = st.one_of(own.usernames, own.hostile, st.text(own.printable, max_size=6), st.text())


class TestWriting:
    """What is accepted for writing is read back unchanged; everything else is refused."""

    @settings(max_examples=500)
    @given(own.users_files, nearly_valid, st.one_of(own.hashes, nearly_valid))
    def test_users(self, data, name, password_hash):
        try:
            after = edit_users(data, {name: password_hash})
        except (InvalidUsernameError, InvalidHashError):
            return
        assert parse_users(after).users == {**parse_users(data).users, name: password_hash}

    @settings(max_examples=500)
    @given(own.users_roles_files, nearly_valid, nearly_valid)
    def test_users_roles(self, data, name, role):
        try:
            after = edit_users_roles(data, {name: [role]})
        except (InvalidUsernameError, InvalidRoleNameError):
            return
        assert parse_users_roles(after).roles_by_user[name] == (role,)

    @given(own.usernames, own.role_names, own.hashes)
    def test_nothing_valid_is_refused(self, name, role, password_hash):
        assert edit_users(b"", {name: password_hash}) == f"{name}:{password_hash}\n".encode()
        assert edit_users_roles(b"", {name: [role]}) == f"{role}:{name}\n".encode()


class TestEditingRoles:
    """An edit results in exactly the requested roles, and keeps the lines of other roles."""

    @given(own.users_roles_files)
    def test_no_change_is_the_same_bytes(self, data):
        assert edit_users_roles(data, {}) is data
        assert edit_users_roles(data, dict(parse_users_roles(data).roles_by_user)) is data
        assert edit_users_roles(data, {"nobody here": None}) is data

    @settings(max_examples=500)
    @given(
        own.users_roles_files,
        st.dictionaries(
            own.usernames, st.one_of(st.none(), st.lists(own.role_names, max_size=4)), max_size=12
        ),
    )
    @example(b"r:bob,\x01x,al\n", {"bob": None})
    @example(b"r:al,x\x01,bob\n", {"bob": None})
    @example(b"r:,bob\n", {"bob": None})
    @example(b"q:z\rr:bob\n\n", {"bob": None})
    def test_mapping_and_lines(self, data, changes):
        before = parse_users_roles(data).roles_by_user
        after = edit_users_roles(data, changes)
        expected = {n: set(r) for n, r in before.items()}
        for name, roles in changes.items():
            expected[name] = set(roles or ())
        assert nonempty(parse_users_roles(after).roles_by_user) == nonempty(expected)
        touched = {
            role
            for name, roles in changes.items()
            for role in set(roles or ()) ^ set(before.get(name, ()))
        }
        assert_kept(other_roles_lines(data, touched), other_roles_lines(after, touched))

    @given(
        own.users_roles_files,
        st.dictionaries(own.usernames, st.lists(own.role_names, max_size=4), max_size=3),
    )
    def test_editing_twice_changes_nothing_more(self, data, changes):
        once = edit_users_roles(data, changes)
        assert edit_users_roles(once, changes) is once


def nonempty(roles_by_user) -> dict[str, set[str]]:
    """Drop users without roles, and the empty name that a stray comma makes."""
    return {name: set(roles) for name, roles in roles_by_user.items() if name and roles}


def other_roles_lines(data: bytes, roles: set[str]) -> list[bytes]:
    skipped = {issue.line_number for issue in parse_users_roles(data).issues}
    kept = []
    for number, line in enumerate(raw_lines(data), 1):
        role = line.partition(b":")[0].strip(JAVA_TRIM).decode()
        if number not in skipped and not line.startswith(b"#") and role in roles:
            continue
        kept.append(line)
    return kept
