"""The laws of fingerprints: what changes them, what does not, and what equal ones mean."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from support import strategies as own

from esfilerealm.drift import Fingerprint, compare
from esfilerealm.formats import ParsedRealm

pytestmark = pytest.mark.property

KEY = b"a key for tests only, of 32 byte"

users = st.dictionaries(own.usernames, st.sampled_from(["h1", "h2", "$x:y"]), max_size=6)
roles = st.dictionaries(
    own.role_names, st.lists(own.usernames, min_size=1, max_size=5, unique=True), max_size=5
)
#: Lines without any meaning to a node.
idle_users = st.sampled_from(["# remark", "#ann:h3", "", "bob", "b\x7fd:x", ":h"])
idle_roles = st.sampled_from(["# remark", "#admin:al", "", "admin", "admin:", "a\x7f:al"])


def lines_of(users, roles):
    return (
        [f"{name}:{text}" for name, text in users.items()],
        [f"{role}:{','.join(names)}" for role, names in roles.items()],
    )


def fingerprint(users_lines, roles_lines, end="\n"):
    files = ((end.join(lines) + end).encode() for lines in (users_lines, roles_lines))
    return Fingerprint.of(ParsedRealm.parse(*files), key=KEY)


def meaning(realm):
    """Everything that a login or look-up can find."""
    names = realm.users
    return {name: (realm.hashes[name], frozenset(realm.roles_of(name))) for name in names}


@given(users, roles, st.data())
def test_order_comments_line_ends_and_skipped_lines_change_nothing(users, roles, data):
    plain = lines_of(users, roles)
    rewritten = [
        data.draw(st.permutations([*lines, *data.draw(st.lists(idle, max_size=3))]))
        for lines, idle in zip(plain, (idle_users, idle_roles), strict=True)
    ]
    end = data.draw(own.line_ends)
    assert fingerprint(*plain) == fingerprint(*rewritten, end)
    assert fingerprint(*plain).label == fingerprint(*rewritten, end).label


@given(users, roles, st.data())
def test_repeated_roles_change_nothing(users, roles, data):
    plain = lines_of(users, roles)
    assume(plain[1])
    again = data.draw(st.sampled_from(plain[1]))
    role, _, names = again.partition(":")
    split = [f"{role}:{name}" for name in names.split(",")]
    assert fingerprint(*plain) == fingerprint(plain[0], [*plain[1], again, *split])


@given(st.lists(st.tuples(own.users_files, own.users_roles_files), min_size=2, max_size=2))
def test_equal_fingerprints_mean_equal_realms(files):
    """And the other way round, whatever stands in the files."""
    realms = [ParsedRealm.parse(*each) for each in files]
    one, two = (Fingerprint.of(realm, key=KEY) for realm in realms)
    is_same = meaning(realms[0]) == meaning(realms[1])
    assert (one == two) == is_same
    assert (one.digest == two.digest) == is_same
    assert compare([one, two]).equal == is_same


#: Realms that are often nearly the same, with parts that could run together.
near_users = st.dictionaries(
    st.sampled_from(["a", "ab", "b"]), st.sampled_from(["h", "bh"]), max_size=2
)
near_roles = st.dictionaries(
    st.sampled_from(["r", "s", "rs"]),
    st.lists(st.sampled_from(["a", "b"]), min_size=1, max_size=2),
    max_size=2,
)


@given(st.lists(st.tuples(near_users, near_roles), min_size=2, max_size=3))
def test_realms_that_are_nearly_the_same(realms):
    files = [
        ["\n".join(lines).encode() + b"\n" for lines in lines_of(users, roles)]
        for users, roles in realms
    ]
    parsed = [ParsedRealm.parse(*each) for each in files]
    made = [Fingerprint.of(realm, key=KEY) for realm in parsed]
    meanings = [meaning(realm) for realm in parsed]
    is_same = all(each == meanings[0] for each in meanings)
    assert (len(set(made)) == 1) == is_same
    assert (len({each.digest for each in made}) == 1) == is_same
    drift = compare(made)
    assert drift.equal == is_same
    assert drift.user_count == len({name for each in meanings for name in each})
    assert {user.username for user in drift.users} == {
        name
        for name in set().union(*meanings)
        if any(each.get(name) != meanings[0].get(name) for each in meanings)
    }


@given(users, roles, st.data())
def test_any_change_that_a_node_would_notice_changes_it(users, roles, data):
    assume(users)
    name = data.draw(st.sampled_from(sorted(users)))
    before = fingerprint(*lines_of(users, roles))
    without = {other: text for other, text in users.items() if other != name}
    has_role = any(name in names for names in roles.values())
    fewer = {role: [n for n in names if n != name] for role, names in roles.items()}
    fewer = {role: names for role, names in fewer.items() if names}
    more = {**roles, "new role": [name]}
    changes = [(without, roles), ({**users, name: "other"}, roles), (users, more)]
    for changed in changes + [(users, fewer)] * has_role:
        assert fingerprint(*lines_of(*changed)) != before


def facts(drift):
    return {
        user.username: [
            {(group.value, frozenset(group.nodes), group.is_majority) for group in groups}
            for groups in (user.presence, user.roles)
        ]
        + [{(frozenset(group.nodes), group.is_majority) for group in user.passwords}]
        for user in drift.users
    }


@given(st.lists(st.tuples(users, roles), min_size=2, max_size=5), st.data())
def test_the_order_of_nodes_does_not_matter(realms, data):
    nodes = [
        fingerprint(*lines_of(*realm)).named(f"n{number}") for number, realm in enumerate(realms)
    ]
    shuffled = data.draw(st.permutations(nodes))
    one, two = compare(nodes), compare(shuffled)
    assert facts(one) == facts(two)
    assert (one.equal, one.user_count) == (two.equal, two.user_count)


@given(own.users_files, own.users_roles_files)
def test_json_there_and_back(users, roles):
    made = Fingerprint.of(ParsedRealm.parse(users, roles), key=KEY, node="a")
    again = Fingerprint.from_json(made.to_json())
    assert (again, again.node, again.skipped) == (made, made.node, made.skipped)


@given(own.users_files, own.users_roles_files, st.data())
def test_damaged_json_is_refused_or_means_the_same(users, roles, data):
    """No damage is a surprise exception; what is not refused says of users what it said before."""
    from esfilerealm.errors import InvalidFingerprintError

    made = Fingerprint.of(ParsedRealm.parse(users, roles), key=KEY)
    text = made.to_json().encode()
    position = data.draw(st.integers(0, len(text) - 1))
    damaged = text[:position] + data.draw(st.binary(max_size=2)) + text[position + 1 :]
    try:
        read = Fingerprint.from_json(damaged)
    except InvalidFingerprintError:
        return
    assert read.records == made.records
