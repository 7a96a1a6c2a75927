"""The cases about chains of realms, and about the cache that a node gives to each realm in them."""

from __future__ import annotations

import threading

import pytest
from support.realms import ProgramRealm, ScriptedRealm, Token
from support.reference import cases, cheap_hash
from support.threads import PATIENCE, wait_until

from esfilerealm import (
    AuthenticationResult,
    FileRealm,
    RealmChain,
    RealmSettings,
    User,
    UsernamePasswordToken,
    errors,
)
from esfilerealm.realms import ResultKind, StepStatus
from esfilerealm.realms.chain.reserved import ReservedRealm
from esfilerealm.realms.file import login
from esfilerealm.settings.chain_settings import ChainSettings, read_chain

WHATEVER = ValueError("whatever exception")
KNOWN_AS = User("looked up user", ("r1",))


def is_of_a_cache(case):
    return case.name.startswith(("user cache", "authentication switched off"))


@pytest.mark.parametrize("case", cases("realm-chain", only=lambda case: not is_of_a_cache(case)))
def test_chain(case, tmp_path):
    run = Run(case.given, tmp_path)
    for name, expected in case.expect.items():
        check = getattr(run, f"has_{name}", None)
        if check is None:
            assert getattr(run, name) == expected, name
        else:
            assert check(expected), name


class Run:
    """
    A case that was played: attributes are what came of it, ``has_…`` what is to be checked.

    Args:
        given: The realms, the settings and the request of the case.
        folder: A configuration directory.
    """

    def __init__(self, given, folder):
        self.given = given
        self.overrides = {
            key: str(value).lower() if isinstance(value, bool) else value
            for key, value in given.get("settings", {}).items()
        }
        self.settings, _, _ = read_chain(folder, self.overrides)
        self.realms = list(self.made_realms())
        self.chain = RealmChain(
            self.realms, settings=self.settings, may_run_as=lambda _user, _name: True
        )
        if "remembered" in given:
            realm = next(realm for realm in self.realms if realm.name == given["remembered"])
            self.chain._memory.put("u", realm, self.chain._memory.epoch)
        self.told = []
        self.chain.on_failure(self.told.append)
        self.asked_per_attempt = []
        self.result = self.play()

    def made_realms(self):
        lookup = self.given.get("lookup", {})
        if "source" in self.given:
            yield ScriptedRealm("source", token=Token(), authenticate=WHATEVER)
        elif "realms" not in self.given:
            by = self.given.get("authenticated_by", "second")
            for name in ("first", "second"):
                answers = {"authenticate": success("lookup user")} if name == by else {}
                if name in lookup:
                    answers["lookup_user"] = looked_up(lookup[name])
                token = Token() if "header" in self.given or lookup else None
                yield ScriptedRealm(name, token=token, **answers)
        for realm in self.given.get("realms", ()):
            if realm["name"] == "reserved":
                yield ReservedRealm("_anonymous")
            elif "user" in realm:
                yield ProgramRealm(realm["name"], {realm["user"]: realm.get("password", "p")})
            else:
                yield ScriptedRealm(realm["name"], **answers_of(realm))

    def play(self):
        fallback = self.given.get("fallback_user")
        if self.given.get("credentials"):
            return self.chain.authenticate(*self.given["credentials"])
        headers = dict(self.given.get("header", {}))
        if "authorization" in self.given:
            headers["Authorization"] = self.given["authorization"]
        if "context_header" in self.given or "context" in self.given:
            headers["_xpack_security_authentication"] = "_signed_auth"
        if "lookup" in self.given:
            headers.setdefault("es-security-runas-user", "run_as")
        for _ in range(self.given.get("attempts", 1)):
            for realm in self.realms:
                realm.asked = []
            result = self.chain.authenticate_request(
                headers, fallback_user=None if fallback is None else User(fallback)
            )
            self.asked_per_attempt.append([step.realm for step in result.steps])
        return result

    @property
    def authenticated(self):
        return bool(self.result)

    @property
    def authenticated_by(self):
        return self.result.realm

    @property
    def authenticated_as(self):
        known = {self.settings.anonymous_username: "anonymous"}
        return known.get(self.result.user.username, self.result.user.username)

    @property
    def type(self):
        return {ResultKind.FALLBACK: "internal"}.get(self.result.kind, self.result.kind.value)

    @property
    def kind(self):
        return {ResultKind.TERMINATED: "terminate"}.get(self.result.kind, self.result.kind.value)

    @property
    def audited_failures(self):
        if not self.result:
            assert self.told == [self.result], "the overall failure, once"
        refusals = (StepStatus.CONTINUE, StepStatus.TERMINATE)
        return [step.realm for step in self.result.steps if step.status in refusals]

    @property
    def authenticate_calls(self):
        return {realm.name: realm.asked.count("authenticate") for realm in self.realms}

    @property
    def warn_messages_for(self):
        return [step.realm for step in self.result.steps if step.message is not None]

    @property
    def asked(self):
        return [step.realm for step in self.result.steps]

    @property
    def status(self):
        return self.result.http_status

    @property
    def message(self):
        action = self.given.get("action")
        return self.result.client_message(f"action [{action}]" if action else "")

    @property
    def www_authenticate(self):
        return list(self.result.challenges)

    @property
    def effective_user(self):
        return self.result.user.username

    @property
    def authenticating_user(self):
        return self.result.authenticating_user.username

    @property
    def lookup_realm(self):
        return self.result.lookup_realm

    @property
    def realms_asked(self):
        return self.asked

    def has_message_contains(self, text):
        return text in self.result.client_message()

    def has_error_in_result(self, error):
        assert self.result.kind is ResultKind.FAILED
        assert self.result.steps[-1].status is StepStatus.FAILED
        return error in str(self.result.error)

    def has_audited(self, _):
        """The audit log of a node words it; here, a listener gets the whole answer."""
        return self.told == [self.result]

    def has_denied(self, what):
        return what == "run-as" and self.result.kind is ResultKind.RUN_AS_DENIED

    def has_remembered_afterwards(self, name):
        return self.chain._memory.get("u").realm.name == name

    def has_memory_cleared_by(self, method):
        self.chain._memory.put("u", self.realms[0], self.chain._memory.epoch)
        getattr(self.chain, method)()
        return not len(self.chain._memory)

    def __getattr__(self, name):
        """A setting by its key."""
        fields = {
            "xpack.security.authc.success_cache.enabled": self.settings.success_cache_enabled,
            "xpack.security.authc.success_cache.size": self.settings.success_cache_size,
            "xpack.security.authc.success_cache.expire_after_access": (
                f"{self.settings.success_cache_expire_after_access / 3600:.0f}h"
            ),
        }
        if name not in fields:
            raise AttributeError(name)
        return fields[name]


def success(name, *, enabled=True):
    return AuthenticationResult.success(User(name, enabled=enabled))


def looked_up(answer):
    if answer == "raises":
        return WHATEVER
    if isinstance(answer, dict):
        return User(answer["user"], enabled=answer["enabled"])
    return None if answer is None else User(answer)


def answers_of(realm):
    """What a realm of a case says, as the answers of a scripted realm."""
    cause = realm.get("cause")
    error = None
    if cause is not None:
        challenges = (cause["www_authenticate"],) if "www_authenticate" in cause else ()
        security = errors.ChallengeError(cause.get("message", ""), challenges)
        error = security if cause["kind"] == "security" else WHATEVER
    results = {
        "continue": AuthenticationResult.unsuccessful("no"),
        "terminate": AuthenticationResult.terminate("no", cause=error),
        "success": success("u", enabled=realm.get("user_enabled", True)),
        "raises": WHATEVER,
    }
    answers = {"token": Token()}
    if "token" in realm:
        tokens = {"t": Token(), "raises": WHATEVER}
        answers["token"] = tokens.get(realm["token"])
    if "supports" in realm:
        answers["supports"] = WHATEVER if realm["supports"] == "raises" else realm["supports"]
    if "result" in realm:
        answers["authenticate"] = results[realm["result"]]
    return answers


PASSWORDS = dict.fromkeys(("a", "b", "c", "u"), "pass")


class CachedRealm:
    """A file realm whose verifications and look-ups are counted, as far as its cache lets them."""

    def __init__(self, folder, monkeypatch, **settings):
        self.folder = folder
        self.verifications = 0
        monkeypatch.setattr(login, "verify_hash", self.verify)
        self.while_verifying = lambda: None
        self.write("pass")
        self.realm = FileRealm(folder, settings=RealmSettings(**settings))
        self.lookups = 0

    def write(self, password):
        lines = [f"{name}:{cheap_hash(password)}\n" for name in PASSWORDS]
        (self.folder / "users").write_text("".join(lines))

    def verify(self, password, stored_hash):
        self.verifications += 1
        self.while_verifying()
        return stored_hash == cheap_hash(password)

    def lookup(self, name):
        before = self.realm.usage_stats()["cache"]["misses"]
        user = self.realm.lookup_user(name)
        self.lookups += self.realm.usage_stats()["cache"]["misses"] - before
        return user

    def authenticate(self, name, password="pass"):
        return self.realm.authenticate(name, password)


@pytest.fixture
def cached(tmp_path, monkeypatch):
    return lambda **settings: CachedRealm(tmp_path, monkeypatch, **settings)


@pytest.mark.parametrize("case", cases("realm-chain", only=is_of_a_cache))
def test_cache(case, cached):
    given, expect = case.given, case.expect
    play = PLAYS[next(key for key in given if key in PLAYS)]
    found = play(cached, given)
    for key, expected in expect.items():
        if key == "source_authenticate_calls_greater_than":
            assert found["source_authenticate_calls"] > expected
        else:
            assert found[key] == expected, key


def attempts(cached, given):
    """Credentials, of which a new password is first written into the file."""
    if isinstance(given["attempts"][0], str):
        return disabled(given["attempts"])
    source = cached()
    written = "pass"
    for name, password in given["attempts"]:
        if password != written:
            source.write(password)
            source.realm.reload()
            written = password
        assert source.authenticate(name, password)
    size = source.realm.usage_stats()["cache"]["size"]
    return {"source_authenticate_calls": source.verifications, "cache_size": size}


def disabled(states):
    """No file realm has disabled users, so a realm of a program has them."""
    realm = ScriptedRealm("source")
    chain = RealmChain([realm])
    for state in states:
        realm.answers["authenticate"] = success("u", enabled=state == "enabled")
        assert bool(chain.authenticate(Token())) == (state == "enabled")
    return {"source_authenticate_calls": realm.asked.count("authenticate")}


def lookups(cached, given):
    source = cached()
    assert all(source.lookup(name) for name in given["lookups"])
    return {"source_lookup_calls": source.lookups}


def operations(cached, given):
    source, users = cached(), []
    for operation in given["operations"]:
        verb, name = operation.split()
        user = source.lookup(name) if verb == "lookup" else source.authenticate(name).user
        users.append(user)
    return {
        "source_lookup_calls": source.lookups,
        "source_authenticate_calls": source.verifications,
        "same_object": users[0] is users[1],
    }


def time_to_live(cached, given):
    if "reads_at_ms" not in given:
        source = cached(cache_ttl=float(given["cache.ttl"]))
        return {"cache_size": source.realm.usage_stats()["cache"]["size"]}
    source, now = cached(cache_ttl=0.25), [0.0]
    source.realm._cache._clock = lambda: now[0]
    for moment in (0, *given["reads_at_ms"]):
        now[0] = moment / 1000
        assert source.authenticate("u")
    return {"source_authenticate_calls": source.verifications}


def threads(cached, given):
    source, results, most = cached(), [], 8
    password = "pass" if given["credentials"] == "same, right" else "wrong"
    flights = source.realm._authenticator.flights
    source.while_verifying = lambda: wait_until(lambda: flights.waits == most - 1)
    source.realm.lookup_user("u")  # the realm is ready
    running = [
        threading.Thread(target=lambda: results.append(source.authenticate("u", password)))
        for _ in range(most)
    ]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join(PATIENCE)
    messages = {result.message for result in results}
    return {
        "source_authenticate_calls": source.verifications,
        "all_get_same_message": len(results) == most and len(messages) == 1,
    }


def switched_off(cached, given):
    assert given["settings"] == {"authentication.enabled": False}
    realm = cached(authentication_enabled=False).realm
    token = UsernamePasswordToken("u", "pass")
    return {
        "token": realm.token(token.to_basic_header()),
        "supports": realm.supports(token),
        "result": realm.authenticate(token).status.value,
        "lookup_works": realm.lookup_user("u") is not None,
    }


PLAYS = {
    "attempts": attempts,
    "lookups": lookups,
    "operations": operations,
    "cache.ttl": time_to_live,
    "threads": threads,
    "settings": switched_off,
}


def test_every_realm_may_answer_first():
    """The cases of smart ordering know two realms; here the order is that of the chain again."""
    realms = [ProgramRealm(name, {name: "p"}) for name in "abc"]
    chain = RealmChain(realms, settings=ChainSettings(success_cache_size=1))
    assert [step.realm for step in chain.authenticate("c", "p").steps] == ["a", "b", "c"]
    assert [step.realm for step in chain.authenticate("c", "p").steps] == ["c"]
    assert chain.authenticate("a", "p")  # takes the only place
    assert [step.realm for step in chain.authenticate("c", "p").steps] == ["a", "b", "c"]
