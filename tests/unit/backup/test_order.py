"""The order of a restore: nobody holds more in between than before or after."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esfilerealm.backup.order import WATCHED, definitions, ordered, parsed

NAMES = ("al", "bob", "eve")
ROLES = ("admin", "viewer")

EMPTY = dict.fromkeys(WATCHED, b"")


def state(**contents):
    """Return the contents of all five files; ``_`` stands for the dot of a name."""
    names = {name.replace("_yml", ".yml"): data for name, data in contents.items()}
    return {**EMPTY, **names}


def rights(contents):
    """Return what each user with each hash may do, what each token and each mapping gives."""
    realm = parsed(contents["users"], contents["users_roles"])
    defined = definitions(contents["roles.yml"])
    held = {
        ("user", name, stored): {(role, defined.get(role)) for role in realm.roles_of(name)}
        for name, stored in realm.hashes.items()
    }
    for line in contents["service_tokens"].splitlines():
        held["token", line] = {"token"}
    for line in contents["role_mapping.yml"].splitlines():
        role = line.split(b":")[0].decode()
        held["mapped", line] = {(role, defined.get(role))}
    return {who: {pair for pair in pairs if "[]" not in str(pair)} for who, pairs in held.items()}


def steps_of(before, after, *, others_change=False):
    first, last = ordered(before, after, others_change=others_change)
    states = [before]
    for name, data in (*first, *last):
        states.append({**states[-1], name: data})
    return states, first, last


def assert_nobody_gains(now, before, after):
    for who, held in now.items():
        assert any(held <= given_by.get(who, set()) for given_by in (before, after)), (who, held)


HASHES = st.sampled_from(("$2a$04$one", "$2a$04$two"))
ROLES_OF = st.dictionaries(st.sampled_from(ROLES), st.lists(st.sampled_from(NAMES), unique=True))
USERS = st.dictionaries(st.sampled_from(NAMES), HASHES)
DEFINITIONS = st.dictionaries(st.sampled_from(ROLES), st.sampled_from(("all", "monitor")))
MAPPINGS = st.dictionaries(st.sampled_from(ROLES), st.sampled_from(("cn=a", "cn=b")))
TOKENS = st.lists(st.sampled_from(("a/b/c:x", "a/b/d:y")), unique=True)


@st.composite
def states(draw):
    return state(
        users="".join(f"{n}:{h}\n" for n, h in draw(USERS).items()).encode(),
        users_roles="".join(f"{r}:{','.join(n)}\n" for r, n in draw(ROLES_OF).items()).encode(),
        roles_yml="".join(
            f"{role}: {{cluster: [{privilege}]}}\n" for role, privilege in draw(DEFINITIONS).items()
        ).encode(),
        role_mapping_yml="".join(f"{r}: [{dn}]\n" for r, dn in draw(MAPPINGS).items()).encode(),
        service_tokens="".join(f"{token}\n" for token in draw(TOKENS)).encode(),
    )


class TestProperty:
    @given(states(), states(), st.booleans())
    def test_nobody_gains_at_any_moment(self, before, after, others_change):
        seen, _, _ = steps_of(before, after, others_change=others_change)
        assert seen[-1] == after
        ends = rights(before), rights(after)
        for now in seen:
            assert_nobody_gains(rights(now), *ends)

    @given(states(), states())
    def test_no_write_changes_nothing(self, before, after):
        seen, _, _ = steps_of(before, after)
        assert all(one != other for one, other in pairwise(seen))

    @given(states(), states())
    def test_only_what_both_have_is_left_while_other_files_change(self, before, after):
        _, first, _ = steps_of(before, after, others_change=True)
        now = {**before, **dict(first)}
        assert now["role_mapping.yml"] == b""
        ends = rights(before), rights(after)
        for who, held in rights(now).items():
            assert all(held <= given_by.get(who, held) for given_by in ends)


class TestSteps:
    def test_nothing_to_do(self):
        assert ordered(EMPTY, EMPTY, others_change=False) == ([], [])

    def test_a_new_user_comes_before_its_roles(self):
        after = state(users=b"al:$2a$x\n", users_roles=b"admin:al\n")
        assert ordered(EMPTY, after, others_change=False) == (
            [("users", after["users"])],
            [("users_roles", after["users_roles"])],
        )

    def test_the_roles_of_a_removed_user_go_first(self):
        before = state(users=b"al:$2a$x\n", users_roles=b"admin:al\n")
        first, last = ordered(before, EMPTY, others_change=False)
        assert [name for name, _ in first] == ["users_roles", "users"]
        assert last == []

    def test_a_role_that_is_defined_anew_is_nobody_s_for_a_while(self):
        before = state(roles_yml=b"a:\n  cluster: [all]\nb: {}\n")
        after = state(roles_yml=b"# kept\na: {}\nb: {}\n")
        first, last = ordered(before, after, others_change=False)
        assert first == [("roles.yml", b'"a":\n  cluster: []\nb: {}\n')]
        assert last == [("roles.yml", after["roles.yml"])]

    def test_a_comment_in_roles_needs_one_write(self):
        after = state(roles_yml=b"# new\na: {}\n")
        first, last = ordered(state(roles_yml=b"a: {}\n"), after, others_change=False)
        assert (first, last) == ([], [("roles.yml", after["roles.yml"])])

    def test_a_mapping_is_empty_while_other_files_change(self):
        both = state(role_mapping_yml=b"a: [cn=x]\n")
        assert ordered(both, both, others_change=True) == (
            [("role_mapping.yml", b"")],
            [("role_mapping.yml", b"a: [cn=x]\n")],
        )

    @pytest.mark.parametrize("data", [b"\xff", b"al:\xff\n"])
    def test_a_file_that_is_not_utf_8_gives_nobody_anything(self, data):
        before = state(users=data, users_roles=b"admin:al\n", roles_yml=data)
        after = state(users=b"al:$2a$x\n", users_roles=b"admin:al\n")
        seen, _, _ = steps_of(before, after)
        assert seen[-1] == after
        assert seen[1]["users_roles"] == b""
