"""Which users differ on which nodes, what the majority says, and what is refused."""

from __future__ import annotations

import json
import random

import pytest

from esfilerealm.drift import DescribedRealm, Fingerprint, Unreadable, compare
from esfilerealm.errors import InvalidFingerprintError

KEY = b"a key for tests only, of 32 byte"
OTHER_KEY = b"another key for tests, as long. "
ANN, BOB = ("h1", ["viewer"]), ("h2", ["admin"])


def told(groups):
    """What groups say: value, nodes, whether they are the majority."""
    return [(group.value, group.nodes, group.is_majority) for group in groups]


def test_equal(fingerprint):
    drift = compare(fingerprint(node, ann=ANN, bob=BOB) for node in "abc")
    assert drift.equal
    assert not drift
    assert (drift.nodes, drift.users, drift.user_count) == (("a", "b", "c"), (), 2)


def test_a_lost_role(fingerprint):
    nodes = [fingerprint("a", ann=ANN), fingerprint("b", ann=("h1", [])), fingerprint("c", ann=ANN)]
    (user,) = compare(nodes).users
    assert told(user.roles) == [(("viewer",), ("a", "c"), True), ((), ("b",), False)]
    assert (user.username, user.presence, user.passwords, user.missing_on) == ("ann", (), (), ())


def test_equal_comparisons_are_equal(fingerprint):
    nodes = [fingerprint("a", ann=ANN), fingerprint("b", ann=("h1", [])), fingerprint("c", ann=ANN)]
    assert compare(nodes) == compare(nodes)
    assert hash(compare(nodes).users) == hash(compare(nodes).users)
    assert compare(nodes) != compare(nodes[:2])
    ((viewers, others),) = (user.roles for user in compare(nodes).users)
    assert viewers != others
    assert viewers != "viewers"


def test_an_old_password(fingerprint):
    nodes = [fingerprint(node, ann=(text, [])) for node, text in zip("abc", "xyy", strict=True)]
    (user,) = compare(nodes).users
    assert told(user.passwords) == [(2, ("b", "c"), True), (1, ("a",), False)]
    assert (user.presence, user.roles, user.agreed_roles) == ((), (), ())
    assert compare(nodes, ignore_hashes=True).equal


def test_an_extra_user(fingerprint):
    nodes = [fingerprint("a", ann=ANN), fingerprint("b", ann=ANN, eve=("h", ["superuser"]))]
    (user,) = compare(nodes).users
    assert told(user.presence) == [(False, ("a",), False), (True, ("b",), False)]
    assert user.missing_on == ("a",)
    assert user.agreed_roles == ("superuser",)
    assert (user.roles, user.passwords) == ((), ())


def test_no_majority_is_named_where_there_is_none(fingerprint):
    nodes = [fingerprint(node, ann=(node, [])) for node in "abcd"]
    (user,) = compare(nodes).users
    assert not any(group.is_majority for group in user.passwords)
    assert len(user.passwords) == 4


def test_everything_at_once_for_one_user(fingerprint):
    nodes = [
        fingerprint("a", ann=("x", ["viewer"])),
        fingerprint("b", ann=("x", ["admin"])),
        fingerprint("c", ann=("y", ["viewer"])),
        fingerprint("d", bob=BOB),
    ]
    ann, bob = compare(nodes).users
    assert told(ann.presence) == [(True, ("a", "b", "c"), True), (False, ("d",), False)]
    assert told(ann.roles) == [(("viewer",), ("a", "c"), True), (("admin",), ("b",), False)]
    assert told(ann.passwords) == [(1, ("a", "b"), True), (2, ("c",), False)]
    assert told(bob.presence) == [(False, ("a", "b", "c"), True), (True, ("d",), False)]


def test_what_cannot_be_read_or_is_skipped(fingerprint):
    broken = fingerprint("b", **{"ann": ANN, "bad/name\x7f": ("h", [])})
    drift = compare([fingerprint("a", ann=ANN), Unreadable("c", "not UTF-8"), broken])
    assert not drift.equal
    assert drift.users == ()
    assert drift.unreadable == {"c": "not UTF-8"}
    assert list(drift.skipped) == ["b"]
    assert drift.nodes == ("a", "c", "b")


def test_nothing_but_unreadable_nodes():
    drift = compare([Unreadable("a", "gone")])
    assert (drift.equal, drift.user_count) == (False, 0)


def test_what_is_unsaid_is_not_compared(fingerprint):
    document = DescribedRealm({"ann": (None, ("viewer",)), "bob": ("h2", None)})
    nodes = [fingerprint("a", ann=ANN, bob=BOB), Fingerprint.of(document, key=KEY, node="doc")]
    drift = compare(nodes)
    assert drift.equal
    assert drift.unsaid == {"doc": 2}
    assert compare(nodes, ignore_hashes=True).unsaid == {"doc": 1}
    other = DescribedRealm({"ann": (None, ("admin",)), "bob": ("h9", None)})
    ann, bob = compare([nodes[0], Fingerprint.of(other, key=KEY, node="doc")]).users
    assert [group.value for group in ann.roles] == [("viewer",), ("admin",)]
    assert len(bob.passwords) == 2
    assert (ann.passwords, bob.roles) == ((), ())


def test_unsaid_is_counted_for_each_of_many(fingerprint):
    names = [f"u{n}" for n in range(100)]
    some = {name: (None if n % 2 else "h", ()) for n, name in enumerate(names)}
    fewer = {**some, "u1": ("h", ()), "u2": (None, None), "extra": (None, ())}
    del fewer["u3"]
    nodes = [
        Fingerprint.of(DescribedRealm(users), key=KEY, node=node)
        for node, users in (("a", some), ("b", fewer), ("c", some))
    ]
    assert compare(nodes).unsaid == {"a": 50, "b": 50, "c": 50}


def test_names_for_those_without(fingerprint):
    assert compare([fingerprint(ann=ANN), fingerprint(ann=ANN)]).nodes == ("#1", "#2")


def test_a_name_twice(fingerprint):
    with pytest.raises(InvalidFingerprintError, match=r"\[a\] has a name that another has"):
        compare([fingerprint("a"), fingerprint("b"), fingerprint("a")])


def test_other_keys(fingerprint):
    with pytest.raises(InvalidFingerprintError, match=r"\[b\] was made with another key .*\[a\]"):
        compare([fingerprint("a"), fingerprint("b", key=OTHER_KEY)])


@pytest.mark.parametrize("keys", [(None, KEY), (KEY, None)], ids=["first", "last"])
def test_one_without_the_key(fingerprint, keys):
    nodes = [fingerprint("with" if key else "without", key=key, ann=ANN) for key in keys]
    with pytest.raises(InvalidFingerprintError, match=r"\[without\] was made without .*\[with\]"):
        compare(nodes)


def test_none_at_all():
    with pytest.raises(ValueError, match="nothing to compare"):
        compare([])


def test_without_a_key_in_one_process(fingerprint):
    nodes = [fingerprint(node, key=None, ann=(text, [])) for node, text in ("ax", "by")]
    assert len(compare(nodes).users) == 1
    read = Fingerprint.from_json(nodes[1].to_json())
    drift = compare([nodes[0], read])
    assert drift.equal
    assert drift.unsaid == {"b": 1}


def test_as_json(fingerprint):
    nodes = [fingerprint("a", ann=ANN), fingerprint("b", ann=("h9", [])), Unreadable("c", "gone")]
    drift = compare(nodes)
    value = json.loads(json.dumps(drift.to_dict()))
    (user,) = value["differing"]
    assert value["equal"] is False
    assert user["roles"] is None
    assert user["role_groups"] == [
        {"roles": ["viewer"], "nodes": ["a"], "is_majority": False},
        {"roles": [], "nodes": ["b"], "is_majority": False},
    ]
    assert user["password_groups"][1] == {"number": 2, "nodes": ["b"], "is_majority": False}
    assert "h9" not in json.dumps(value)
    assert repr(drift.users[0].roles[0]) == "<Group: ('viewer',) on 1 nodes>"


def naive(nodes):
    """What differs, found by looking at every user on every node."""
    found = {}
    for name in sorted({name for users in nodes.values() for name in users}):
        has = {node: name in users for node, users in nodes.items()}
        facts = [
            has,
            {n: tuple(sorted(u[name][1])) for n, u in nodes.items() if has[n]},
            {n: u[name][0] for n, u in nodes.items() if has[n]},
        ]
        split = [partition(fact) if len(set(fact.values())) > 1 else set() for fact in facts]
        if any(split):
            found[name] = split
    return found


def facts(drift):
    """What a comparison finds, whatever the order of nodes: numbers of passwords depend on it."""
    return {
        user.username: [
            {
                (number and group.value, frozenset(group.nodes), group.is_majority)
                for group in groups
            }
            for number, groups in ((1, user.presence), (1, user.roles), (0, user.passwords))
        ]
        for user in drift.users
    }


def partition(values):
    groups = {}
    for node, value in values.items():
        groups.setdefault(value, set()).add(node)
    return {frozenset(group) for group in groups.values()}


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("change", [1, 30, 100], ids=["few", "many", "all"])
def test_it_finds_what_a_simple_comparison_finds(fingerprint, seed, change):
    """Also where several fingerprints resemble no other, and more than are kept whole."""
    draw = random.Random(seed)
    nodes = {}
    for number in range(14):
        users = {f"u{n}": ("h", ["a"]) for n in range(100)}
        for _ in range(draw.randrange(change)):
            name, what = f"u{draw.randrange(100)}", draw.randrange(4)
            if what:
                users[name] = (draw.choice("hij"), draw.choice((["a"], ["b", "a"], [])))
            else:
                users.pop(name, None)
        nodes[f"n{number}"] = users
    made = [fingerprint(node, **users) for node, users in nodes.items()]
    drift = compare(made)
    split = {
        user.username: [
            {frozenset(group.nodes) for group in groups}
            for groups in (user.presence, user.roles, user.passwords)
        ]
        for user in drift.users
    }
    assert split == naive(nodes)
    draw.shuffle(made)
    assert facts(compare(made)) == facts(drift)
    assert all(len(group) == len(group.nodes) for user in drift.users for group in user.presence)


@pytest.mark.parametrize("first", [{"u0": ("h0", ["a"])}, {}], ids=["like-others", "empty"])
def test_only_what_differs_is_kept(fingerprint, first):
    """Of forty nodes with five hundred users, one node and the differences remain."""
    import tracemalloc

    users = {f"u{n}": (f"h{n}", ["a"]) for n in range(500)}

    def node(number):
        own = {**users, **first, f"u{number}": ("other", [])}
        return fingerprint(f"n{number}", **(own if number or first else {}))

    def peak(count):
        tracemalloc.start()
        compare(node(number) for number in range(count))
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size

    assert peak(40) < 3 * peak(3)
