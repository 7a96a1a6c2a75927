"""The chain asks realms one after another, and says what each of them said."""

from __future__ import annotations

import asyncio
import copy
import dataclasses
import json
import pickle

import pytest
from support.hashes import CHEAP_HASH, PASSWORD
from support.realms import AsyncRealm, ProgramRealm, ScriptedRealm, Token

from esfilerealm import FileRealm, RealmChain, User, UsernamePasswordToken, errors
from esfilerealm.realms import ChainSettings, Request, ResultKind, StepStatus

FIRST = {"al": "first-password", "bob": "first-password"}
SECOND = {"al": "second-password", "jim": "second-password"}
RUN_AS = "es-security-runas-user"


def made(**options):
    return RealmChain([ProgramRealm("first", FIRST), ProgramRealm("second", SECOND)], **options)


def header(username, password):
    return UsernamePasswordToken(username, password).to_basic_header()


@pytest.fixture
def folder(config):
    (config / "users").write_text(f"al:{CHEAP_HASH}\nbob:{CHEAP_HASH}\n")
    (config / "users_roles").write_text("viewer:al,bob\n")
    return config


@pytest.mark.parametrize(
    ("username", "password", "realm", "reasons"),
    [
        ("al", "first-password", "first", [None]),
        ("al", "second-password", "second", ["wrong_password", None]),
        ("jim", "second-password", "second", ["unknown_user", None]),
        ("al", "wrong", None, ["wrong_password", "wrong_password"]),
        ("nobody", "wrong", None, ["unknown_user", "unknown_user"]),
    ],
)
def test_who_authenticates(username, password, realm, reasons):
    ways = {
        "pair": lambda chain: chain.authenticate(username, password),
        "token": lambda chain: chain.authenticate(UsernamePasswordToken(username, password)),
        "headers": lambda chain: chain.authenticate_request(
            {"authorization": header(username, password)}
        ),
        "request": lambda chain: chain.authenticate_request(
            Request({"AUTHORIZATION": [header(username, password)]})
        ),
        "awaited": lambda chain: asyncio.run(chain.authenticate_async(username, password)),
        "awaited request": lambda chain: asyncio.run(
            chain.authenticate_request_async({"Authorization": header(username, password)})
        ),
    }
    for way, log_in in ways.items():
        result = log_in(made())
        assert bool(result) == (realm is not None), way
        assert (result.realm, result.principal) == (realm, username)
        assert [step.reason for step in result.steps] == reasons
        assert result.http_status == (200 if realm else 401)
        assert all(step.seconds >= 0 for step in result.steps)


@pytest.mark.parametrize(
    ("headers", "kind", "status"),
    [
        pytest.param({}, ResultKind.MISSING_CREDENTIALS, 401, id="nothing"),
        pytest.param({"Authorization": ""}, ResultKind.MISSING_CREDENTIALS, 401, id="empty"),
        pytest.param({"Authorization": "Bearer x"}, ResultKind.UNREAD_CREDENTIALS, 401, id="token"),
        pytest.param({"Authorization": "ApiKey x"}, ResultKind.UNREAD_CREDENTIALS, 401, id="key"),
        pytest.param({"Authorization": "Foo x"}, ResultKind.UNREAD_CREDENTIALS, 401, id="other"),
        pytest.param({"Authorization": "Basic %"}, ResultKind.INVALID_REQUEST, 401, id="no base64"),
        pytest.param(
            {"Authorization": [header("al", "a"), header("al", "b")]},
            ResultKind.INVALID_REQUEST,
            400,
            id="two passwords",
        ),
        pytest.param(
            {"Authorization": header("al", "a"), "authorization": header("bob", "b")},
            ResultKind.INVALID_REQUEST,
            400,
            id="two headers that differ by case",
        ),
    ],
)
@pytest.mark.parametrize("roles", [(), ("guest",)], ids=["nobody", "anonymous"])
def test_without_a_name(headers, kind, status, roles):
    """Credentials that nobody can read never make anybody anonymous."""
    chain = made(settings=ChainSettings(anonymous_roles=roles))
    for result in (
        chain.authenticate_request(headers),
        asyncio.run(chain.authenticate_request_async(headers)),
    ):
        if roles and kind is ResultKind.MISSING_CREDENTIALS:
            assert (result.kind, result.http_status) == (ResultKind.ANONYMOUS, 200)
            assert result.user == User("_anonymous", roles, metadata={"_reserved": True})
            assert result.authenticating_user == result.user
            assert result.challenges == ()
        else:
            assert (result.kind, result.http_status, result.user) == (kind, status, None)
            assert bool(result.challenges) == (status == 401)


def test_a_realm_that_raises_while_it_reads():
    class Broken(ProgramRealm):
        def token(self, request):
            raise KeyError("secret")

    result = RealmChain([Broken("first")]).authenticate_request({})
    assert (result.kind, result.http_status) == (ResultKind.FAILED, 500)
    (step,) = result.steps
    assert (step.question, step.reason) == ("read", "raised")
    assert "secret" not in repr(result)


class TestRunAs:
    @pytest.fixture
    def asked(self):
        return []

    @pytest.fixture
    def chain(self, asked):
        def may_run_as(user, name):
            asked.append((user.username, name))
            return user.username == "al"

        return made(may_run_as=may_run_as)

    def request(self, chain, name, caller=("al", "first-password"), **headers):
        headers = {"Authorization": header(*caller), RUN_AS: name, **headers}
        result = chain.authenticate_request(headers)
        assert asyncio.run(chain.authenticate_request_async(headers)).kind is result.kind
        return result

    def test_the_user_who_counts_is_the_other_one(self, chain, asked):
        result = self.request(chain, "jim")
        assert result
        assert (result.user.username, result.user.roles) == ("jim", ("second",))
        assert result.authenticating_user.username == "al"
        assert (result.realm, result.lookup_realm) == ("first", "second")
        assert [(step.question, step.realm) for step in result.steps] == [
            ("authenticate", "first"),
            ("look up", "first"),
            ("look up", "second"),
        ]
        assert asked[0] == ("al", "jim")

    def test_whoever_may_not_learns_nothing(self, chain):
        """The answer is the same for a name that exists and for one that does not."""
        caller = ("bob", "first-password")
        answers = [self.request(chain, name, caller) for name in ("jim", "nobody")]
        for result in answers:
            assert (result.kind, result.http_status) == (ResultKind.RUN_AS_DENIED, 403)
            assert result.user is None
            assert not [step for step in result.steps if step.question == "look up"]
        assert answers[0].client_message() == answers[1].client_message()

    def test_a_name_that_nobody_has_is_refused_with_the_same_words(self, chain):
        missing = self.request(chain, "nobody")
        denied = self.request(made(), "nobody")
        assert missing.kind is denied.kind is ResultKind.RUN_AS_DENIED
        assert missing.client_message() == denied.client_message()

    @pytest.mark.parametrize("name", ["", "jim"])
    def test_nobody_may_unless_the_program_says_so(self, name):
        assert self.request(made(), name).kind is ResultKind.RUN_AS_DENIED

    def test_only_what_is_true_is_a_permission(self):
        chain = made(may_run_as=lambda *_: "no")
        assert self.request(chain, "jim").kind is ResultKind.RUN_AS_DENIED

    def test_a_wrong_password_is_refused_first(self, chain, asked):
        result = self.request(chain, "jim", ("al", "wrong"))
        assert (result.kind, asked) == (ResultKind.REFUSED, [])

    def test_two_names(self, chain):
        result = self.request(chain, ["jim", "bob"])
        assert (result.kind, result.http_status) == (ResultKind.INVALID_REQUEST, 400)

    @pytest.mark.parametrize("fallback", [None, User("internal")])
    def test_who_has_not_logged_in_may_not(self, fallback):
        settings = ChainSettings(anonymous_roles=("guest",))
        chain = made(settings=settings, may_run_as=lambda *_: True)
        result = chain.authenticate_request({RUN_AS: "jim"}, fallback_user=fallback)
        assert result.kind is ResultKind.RUN_AS_DENIED

    def test_the_realm_that_knew_the_name_last_is_asked_first(self, chain):
        assert chain.authenticate("jim", "second-password")
        result = self.request(chain, "jim")
        assert [step.realm for step in result.steps if step.question == "look up"] == ["second"]

    def test_a_broken_realm_is_no_answer(self):
        realm = ScriptedRealm("first", lookup_user=KeyError())
        chain = RealmChain([ProgramRealm("zero", FIRST), realm], may_run_as=lambda *_: True)
        result = self.request(chain, "other")
        assert (result.kind, result.steps[-1].status) == (ResultKind.FAILED, StepStatus.FAILED)


class TestRemembering:
    def test_a_login_that_is_remembered_is_the_same_object(self, folder):
        with FileRealm(folder) as realm:
            chain = RealmChain([ProgramRealm("first"), realm])
            ways = [
                lambda: chain.authenticate("al", PASSWORD),
                lambda: chain.authenticate(UsernamePasswordToken("al", PASSWORD)),
                lambda: chain.authenticate_request({"Authorization": header("al", PASSWORD)}),
            ]
            for log_in in ways:
                chain.expire_all()
                results = [log_in() for _ in range(3)]
                assert [len(result.steps) for result in results] == [2, 1, 1]
                assert results[1] is results[2]

    def test_a_change_counts_at_once(self, folder):
        with FileRealm(folder) as realm:
            chain = RealmChain([ProgramRealm("first"), realm])
            for _ in range(3):
                assert chain.authenticate("al", PASSWORD).user.roles == ("viewer",)
            (folder / "users_roles").write_text("admin:al\n")
            realm.reload()
            for _ in range(3):
                assert chain.authenticate("al", PASSWORD).user.roles == ("admin",)
            (folder / "users").write_text("")
            realm.reload()
            for log_in in (
                lambda: chain.authenticate("al", PASSWORD),
                lambda: chain.authenticate(UsernamePasswordToken("al", PASSWORD)),
            ):
                result = log_in()
                assert result.kind is ResultKind.REFUSED
                assert [step.realm for step in result.steps] == [realm.name, "first"]

    def test_a_wrong_password_is_verified_once(self, folder):
        with FileRealm(folder) as realm:
            chain = RealmChain([ProgramRealm("first"), realm])
            for _ in range(2):
                chain.authenticate("al", PASSWORD)
            misses = realm.usage_stats()["cache"]["misses"]
            hits = realm.usage_stats()["cache"]["hits"]
            assert not chain.authenticate("al", "wrong-password")
            assert realm.usage_stats()["cache"]["hits"] == hits + 1
            assert realm.usage_stats()["cache"]["misses"] == misses

    def test_a_realm_that_is_closed_meanwhile(self, folder):
        realm = FileRealm(folder)
        chain = RealmChain([realm])
        for _ in range(3):
            assert chain.authenticate("al", PASSWORD)
        realm.close()
        for token in (("al", PASSWORD), (UsernamePasswordToken("al", PASSWORD),)):
            result = chain.authenticate(*token)
            assert isinstance(result.error, errors.RealmClosedError)
            assert result.kind is ResultKind.FAILED

    def test_credentials_of_another_kind_for_the_same_name(self, folder):
        """The realm that knew the name is not asked about what it does not support."""
        with FileRealm(folder) as realm:
            other = ScriptedRealm("other")
            chain = RealmChain([realm, other])
            for _ in range(3):
                assert chain.authenticate("al", PASSWORD)
            assert [step.realm for step in chain.authenticate(Token("al")).steps] == ["other"]

    def test_what_was_forgotten_during_a_login_is_not_remembered(self):
        class Forgetting(ProgramRealm):
            def authenticate(self, token):
                chain.expire(token.principal)
                return super().authenticate(token)

        chain = RealmChain([ProgramRealm("first"), Forgetting("second", SECOND)])
        for _ in range(2):
            steps = chain.authenticate("jim", "second-password").steps
            assert [step.realm for step in steps] == ["first", "second"]

    def test_a_name_that_is_not_used_is_forgotten(self):
        chain = made(settings=ChainSettings(success_cache_expire_after_access=10.0))
        now = [0.0]
        chain._memory._clock = lambda: now[0]
        asked = []
        for moment in (0, 9, 18, 29):
            now[0] = moment
            asked.append(len(chain.authenticate("jim", "second-password").steps))
        assert asked == [2, 1, 1, 2]

    def test_forgetting_reaches_the_realms(self, folder):
        with FileRealm(folder) as realm:
            chain = RealmChain([realm, ProgramRealm("second")])
            chain.authenticate("al", PASSWORD)
            chain.authenticate("bob", PASSWORD)
            chain.expire("al")
            assert (realm.usage_stats()["cache"]["size"], len(chain._memory)) == (1, 1)
            chain.expire_all()
            assert (realm.usage_stats()["cache"]["size"], len(chain._memory)) == (0, 0)


class TestAsync:
    def test_a_realm_that_can_only_be_awaited(self):
        chain = RealmChain([AsyncRealm("first", FIRST), ProgramRealm("second", SECOND)])
        for call in (
            lambda: chain.authenticate("al", "first-password"),
            lambda: chain.authenticate_request({}),
            lambda: chain.lookup_user("al"),
            chain.__enter__,
        ):
            with pytest.raises(TypeError, match=r"the realm \[first\] can only be awaited"):
                call()
        assert not any(realm.asked for realm in chain.realms)

        async def run():
            async with chain:
                for name, password in (("al", "first-password"), ("jim", "second-password")):
                    assert await chain.authenticate_async(name, password)
                assert not await chain.authenticate_async("al", "wrong")

        asyncio.run(run())
        assert [len(realm.asked) for realm in chain.realms] == [3, 2]

    def test_the_file_realm_does_not_block_the_loop(self, folder, monkeypatch):
        """Its own method is awaited, which verifies in a thread."""
        called = []

        async def run():
            async with FileRealm(folder) as realm:
                own = realm.authenticate_async
                monkeypatch.setattr(
                    FileRealm, "authenticate_async", lambda _, *a: called.append(a) or own(*a)
                )
                return await RealmChain([realm]).authenticate_async("al", PASSWORD)

        assert asyncio.run(run())
        assert len(called) == 1

    def test_a_closed_realm_is_the_answer(self, folder):
        realm = FileRealm(folder)
        realm.close()
        result = asyncio.run(RealmChain([realm]).authenticate_async("al", PASSWORD))
        assert isinstance(result.error, errors.RealmClosedError)

    def test_an_error_of_an_awaited_realm(self):
        class Broken(ProgramRealm):
            async def authenticate(self, token):
                raise KeyError("secret")

        result = asyncio.run(RealmChain([Broken("first")]).authenticate_async("al", "p"))
        assert isinstance(result.error, KeyError)
        assert "secret" not in repr(result)


class TestLife:
    def test_a_child_process_remembers_nobody(self):
        """Its threads are not those whose locks it has inherited."""
        chain = made()
        chain.authenticate("jim", "second-password")
        chain._memory._lock._lock.acquire()
        chain.after_fork()
        assert [step.realm for step in chain.authenticate("jim", "second-password").steps] == [
            "first",
            "second",
        ]

    def test_two_realms_of_one_name(self):
        with pytest.raises(ValueError, match=r"the name \[first\]"):
            RealmChain([ProgramRealm("first"), ProgramRealm("first")])

    def test_after_its_end(self):
        chain = made()
        with chain:
            assert chain.authenticate("al", "first-password")
        chain.close()
        for call in (
            lambda: chain.authenticate("al", "first-password"),
            lambda: chain.authenticate(UsernamePasswordToken("al", "first-password")),
            lambda: chain.authenticate_request({}),
            lambda: chain.lookup_user("al"),
            lambda: asyncio.run(chain.authenticate_async("al", "first-password")),
            chain.__enter__,
        ):
            with pytest.raises(errors.RealmClosedError):
                call()

    def test_an_entry_that_fails_leaves_nothing_open(self, folder):
        chain = RealmChain.from_settings(folder)
        folder.rename(folder.with_name("moved"))
        with pytest.raises(errors.ConfigurationFileMissingError):
            chain.__enter__()
        with pytest.raises(errors.RealmClosedError):
            chain.authenticate("al", PASSWORD)

    @pytest.mark.parametrize(
        ("credentials", "error"),
        [
            ((7, "password"), errors.InvalidUsernameError),
            ((["al"], "password"), errors.InvalidUsernameError),
            (("al", 7), errors.InvalidPasswordError),
            (("al", b"password"), errors.InvalidPasswordError),
        ],
    )
    def test_what_is_no_name_or_password(self, credentials, error):
        chain = made()
        chain.authenticate("al", "first-password")
        with pytest.raises(error):
            chain.authenticate(*credentials)
        with pytest.raises(error):
            asyncio.run(chain.authenticate_async(*credentials))

    def test_figures(self):
        stats = made().usage_stats()
        assert [realm["name"] for realm in stats["realms"]] == ["first", "second"]
        assert stats["success_cache"] == {"size": 0}

    def test_lookup(self):
        chain = made()
        assert chain.lookup_user("jim").roles == ("second",)
        assert chain.lookup_user("nobody") is None

    def test_results_are_values(self):
        result = made().authenticate("al", "wrong")
        assert pickle.loads(pickle.dumps(result)) == copy.deepcopy(result) == result
        assert "wrong-secret" not in repr(made().authenticate("al", "wrong-secret"))
        with pytest.raises(AttributeError):
            result.user = User("al")

    def test_an_error_is_in_no_copy_of_a_result(self):
        """Its words are those of a realm of the program."""
        broken = ScriptedRealm("first", authenticate=KeyError("secret"))
        result = RealmChain([broken]).authenticate(Token())
        assert isinstance(result.error, KeyError)
        assert "secret" not in json.dumps(dataclasses.asdict(result), default=repr)
        assert pickle.loads(pickle.dumps(result)).error is None
        assert copy.deepcopy(result).error is result.error

    def test_repr(self):
        assert repr(made()) == "<RealmChain of a program: first, second>"
        assert repr(RealmChain([])) == "<RealmChain of a program: no realm>"


def test_a_file_realm_is_a_realm_of_the_chain(folder):
    realm = FileRealm(folder)
    token = UsernamePasswordToken("al", PASSWORD)
    assert realm.authenticate(token).user is realm.authenticate("al", PASSWORD).user
    assert asyncio.run(realm.authenticate_async(token))
    request = Request({"Authorization": token.to_basic_header()})
    assert realm.token(request) == token
    with pytest.raises(TypeError, match="a token has a password"):
        realm.authenticate(token, PASSWORD)
    with pytest.raises(errors.InvalidPasswordError):
        realm.authenticate("al")
