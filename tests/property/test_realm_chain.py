"""Any chain of realms answers as a small model does, attempt by attempt."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.realms import ScriptedRealm, Token

from esfilerealm import AuthenticationResult, RealmChain, User, errors
from esfilerealm.realms import ChainSettings

pytestmark = pytest.mark.property

BROKEN = errors.RealmClosedError("a test")
NAMES = ("al", "bob", "jim")
#: What a realm says to credentials, by the word that the model knows.
ANSWERS = {
    "unknown": AuthenticationResult.not_handled(),
    "wrong": AuthenticationResult.unsuccessful("wrong password"),
    "stop": AuthenticationResult.terminate("no"),
    "raises": BROKEN,
    "nonsense": "yes",
    "nobody": AuthenticationResult(AuthenticationResult.success(User("x")).status),
}
WORDS = (*ANSWERS, "accepts", "accepts disabled", "is not concerned", "cannot tell")


@dataclass
class Model:
    """
    The order of the realms, and which of them accepted a name last.

    It is written from the table of rules, and shares nothing with the chain.
    """

    realms: tuple[str, ...]
    remembers: bool
    last: dict[str, str] = field(default_factory=dict)

    def attempt(self, name, words):
        """Return how an attempt ends, who let it in, and who was asked and said what."""
        order = list(self.realms)
        if self.remembers and name in self.last:
            order.remove(self.last[name])
            order.insert(0, self.last[name])
        said = []
        for realm in order:
            word = words[self.realms.index(realm)]
            if word == "is not concerned":
                continue
            said.append((realm, word))
            if word in ("raises", "nonsense", "nobody", "cannot tell"):
                return "failed", None, said
            if word == "stop":
                return "terminated", None, said
            if word == "accepts disabled":
                return "user_disabled", None, said
            if word == "accepts":
                self.last[name] = realm
                return "authenticated", realm, said
        return "refused", None, said


#: By what the model says, the status of the step.
STATUSES = {
    "unknown": "continue",
    "wrong": "continue",
    "stop": "terminate",
    "accepts": "success",
    "accepts disabled": "success",
}


def prepare(realm, word, name, kept):
    """Make a realm answer by a word; who is accepted again is the same object, as from a cache."""
    realm.answers = {"authenticate": ANSWERS.get(word), "supports": word != "is not concerned"}
    if word == "cannot tell":
        realm.answers["supports"] = BROKEN
    if word.startswith("accepts"):
        user = User(name, (realm.name,), enabled=word == "accepts")
        success = AuthenticationResult.success(user)
        realm.answers["authenticate"] = kept.setdefault((realm.name, name, word), success)


attempts = st.lists(
    st.tuples(
        st.sampled_from(NAMES),
        st.lists(st.sampled_from(WORDS), min_size=4, max_size=4),
        st.sampled_from(["", "", "", "forget one", "forget all"]),
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=50, deadline=None)
@given(attempts, st.integers(0, 4), st.booleans(), st.booleans())
def test_a_chain_and_its_model(attempts, count, remembers, is_prompt):
    realms = [ScriptedRealm(f"realm{i}", is_prompt=is_prompt) for i in range(count)]
    chain = RealmChain(realms, settings=ChainSettings(success_cache_enabled=remembers))
    model = Model(tuple(realm.name for realm in realms), remembers)
    told, kept = [], {}
    chain.on_failure(told.append)
    for name, words, after in attempts:
        for realm, word in zip(realms, words, strict=False):
            prepare(realm, word, name, kept)
        result = chain.authenticate(Token(name))
        kind, by, said = model.attempt(name, words)
        assert (result.kind.value, result.realm) == (kind, by)
        assert bool(result) == (kind == "authenticated") == (result.user is not None)
        assert [(step.realm, step.status.value) for step in result.steps] == [
            (realm, STATUSES.get(word, "failed")) for realm, word in said
        ]
        assert (result in told) == (not result)
        if after == "forget one":
            chain.expire(name)
            model.last.pop(name, None)
        elif after == "forget all":
            chain.expire_all()
            model.last.clear()
        told.clear()


#: What a realm knows of a name that somebody wants to run as.
KNOWLEDGE = {
    "nobody": None,
    "a user": User("other", ("role",)),
    "a disabled user": User("other", enabled=False),
    "raises": BROKEN,
    "nonsense": "other",
}


def running_as(words, *, may):
    """Return how a request ends that names another user, and which realm knew that name."""
    if not may:
        return "run_as_denied", None
    for number, word in enumerate(words):
        if word in ("raises", "nonsense"):
            return "failed", None
        if word == "a disabled user":
            return "user_disabled", None
        if word == "a user":
            return "authenticated", f"realm{number}"
    return "run_as_denied", None


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from(list(KNOWLEDGE)), min_size=1, max_size=4), st.booleans())
def test_who_runs_as_another_user_and_the_model(words, may):
    caller = AuthenticationResult.success(User("caller"))
    realms = [
        ScriptedRealm(f"realm{i}", is_prompt=True, lookup_user=KNOWLEDGE[word])
        for i, word in enumerate(words)
    ]
    realms[-1].answers |= {"token": Token("caller"), "authenticate": caller}
    chain = RealmChain(realms, may_run_as=lambda _user, _name: may)
    result = chain.authenticate_request({"ES-Security-RunAs-User": "other"})
    assert (result.kind.value, result.lookup_realm) == running_as(words, may=may)
    assert (result.user is KNOWLEDGE["a user"]) == bool(result)
    asked = sum("lookup_user" in realm.asked for realm in realms)
    assert may or not asked
