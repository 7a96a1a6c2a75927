"""What a program learns from a login, and from the health of a realm."""

from __future__ import annotations

import asyncio
import threading

import pytest
from support.hashes import CHEAP_HASH, PASSWORD
from support.threads import PATIENCE, together, wait_until

from esfilerealm import (
    AuthenticationResult,
    AuthenticationStatus,
    FileRealm,
    RealmSettings,
    UsernamePasswordToken,
    UsersTool,
    errors,
    verify_hash,
)
from esfilerealm.realms.file import login

NOT_UTF_8 = b"\xff"
FOREIGN_HASH = "$y$j9T$F5Jx5fExrKuPp53xLKQ..1$tnSYvahCwPBHKZUspmcxMfb0.WiB9W.zEaKlOBL35rC"
NUL = "\0"


@pytest.fixture
def folder(config):
    lines = {"bob": CHEAP_HASH, "al": "swordfish", "eve": "$2a$04$short", "jim": FOREIGN_HASH}
    (config / "users").write_text("".join(f"{name}:{text}\n" for name, text in lines.items()))
    (config / "users_roles").write_text("viewer:bob\n")
    return config


def ask(realm, username, password, way):
    """Log in by one of the four ways."""
    token = UsernamePasswordToken(username, password)
    return {
        "call": lambda: realm.authenticate(username, password),
        "token": lambda: realm.authenticate_token(token),
        "async": lambda: asyncio.run(realm.authenticate_async(username, password)),
        "async token": lambda: asyncio.run(realm.authenticate_token_async(token)),
    }[way]()


@pytest.mark.parametrize("way", ["call", "token", "async", "async token"])
@pytest.mark.parametrize(
    ("username", "password", "settings", "options", "reason", "status"),
    [
        pytest.param("bob", PASSWORD, {}, {}, None, 200, id="right"),
        pytest.param("bob", "wrong", {}, {}, "wrong_password", 401, id="wrong"),
        pytest.param("bob", "", {}, {}, "wrong_password", 401, id="empty-password"),
        pytest.param("nobody", PASSWORD, {}, {}, "unknown_user", 401, id="unknown"),
        pytest.param("", PASSWORD, {}, {}, "unknown_user", 401, id="empty-name"),
        pytest.param(NUL, PASSWORD, {}, {}, "unknown_user", 401, id="no-such-name"),
        pytest.param(
            "nobody", PASSWORD, {}, {"conceal_unknown_users": False}, "unknown_user", 401,
            id="unknown-and-not-concealed",
        ),
        pytest.param("al", "swordfish", {}, {}, "no_usable_hash", 401, id="clear-text"),
        pytest.param("al", "other", {}, {}, "no_usable_hash", 401, id="clear-text-and-wrong"),
        pytest.param(
            "al", "swordfish", {}, {"accept_clear_text": True}, None, 200, id="clear-text-accepted"
        ),
        pytest.param(
            "al", "other", {}, {"accept_clear_text": True}, "wrong_password", 401,
            id="clear-text-accepted-and-wrong",
        ),
        pytest.param("eve", PASSWORD, {}, {}, "no_usable_hash", 401, id="malformed-hash"),
        pytest.param("jim", PASSWORD, {}, {}, "no_usable_hash", 401, id="foreign-hash"),
        pytest.param("bob", "x" * 4096, {}, {}, "wrong_password", 401, id="longest-password"),
        pytest.param("bob", "x" * 4097, {}, {}, "password_too_long", 401, id="too-long"),
        pytest.param("nobody", "x" * 4097, {}, {}, "password_too_long", 401, id="too-long-unknown"),
        pytest.param(
            "bob", PASSWORD, {"authentication_enabled": False}, {}, "realm_disabled", 401,
            id="authentication-disabled",
        ),
        pytest.param("bob", PASSWORD, {"enabled": False}, {}, "realm_disabled", 401, id="disabled"),
        pytest.param("bob", PASSWORD, {"cache_ttl": 0.0}, {}, None, 200, id="right-without-cache"),
    ],
)  # fmt: skip
def test_every_login_has_a_reason(
    folder, way, username, password, settings, options, reason, status
):
    realm = FileRealm(folder, settings=RealmSettings(**settings), **options)
    for _ in range(2):  # the second may be answered from the cache
        result = ask(realm, username, password, way)
        assert (result.reason, result.http_status) == (reason, status)
        assert bool(result) == (reason is None)
        assert (result.user is None) == (reason is not None)
    realm.close()


class TestBusy:
    @pytest.fixture
    def realm(self, folder, monkeypatch):
        """A realm whose first verification lasts until eight logins were refused."""
        realm = FileRealm(folder, max_concurrent_hashing=1, hashing_timeout=0.05)

        def slow(password, stored_hash):
            wait_until(lambda: realm.usage_stats()["cache"]["busy"] >= 8)
            return verify_hash(password, stored_hash)

        monkeypatch.setattr(login, "verify_hash", slow)
        yield realm
        realm.close()

    def test_n08_nine_logins_at_once(self, realm):
        results = together([lambda i=i: realm.authenticate("bob", f"wrong-{i}") for i in range(9)])
        found = sorted((result.reason, result.http_status) for result in results)
        assert found == [("busy", 503)] * 8 + [("wrong_password", 401)]

    @pytest.mark.parametrize("names", [["bob"], ["nobody"], ["al"], ["bob", "nobody", "al"]])
    def test_n08_whoever_asks(self, realm, names):
        """Unknown users wait for their turn as known ones do, and are refused alike."""

        async def run():
            calls = [
                realm.authenticate_async(name, f"wrong-{i}") for i in range(9) for name in names
            ]
            return await asyncio.gather(*calls)

        results = asyncio.run(run())
        assert {result.http_status for result in results if result.reason == "busy"} == {503}
        assert sum(result.reason == "busy" for result in results) >= 8

    def test_n08_identical_logins(self, realm):
        results = together([lambda: realm.authenticate("bob", PASSWORD) for _ in range(9)])
        assert sorted(str(result.reason) for result in results) == ["None"] + ["busy"] * 8

    def test_a_slow_cache(self, folder):
        settings = RealmSettings(cache_hash_algo="bcrypt4")
        realm = FileRealm(folder, settings=settings, max_concurrent_hashing=1, hashing_timeout=0.05)
        assert realm.authenticate("bob", PASSWORD)
        with realm._authenticator._slots:
            result = realm.authenticate("bob", PASSWORD)
        assert (result.reason, result.http_status) == ("busy", 503)
        realm.close()


def test_a_user_who_changes_again_and_again(folder, monkeypatch):
    realm = FileRealm(folder)
    monkeypatch.setattr(realm._store.snapshot.__class__, "hash_of", lambda *_: object())
    monkeypatch.setattr(
        realm._authenticator, "_verdict", lambda *_: login._Verdict("wrong_password", None)
    )
    result = realm.authenticate("bob", PASSWORD)
    assert (result.reason, result.http_status) == ("user_changing", 503)
    assert result.message == "too many changes during a login for [bob]"


class TestUnreadableFiles:
    """Nobody is known then, which says nothing about the user."""

    def test_from_the_start(self, folder):
        (folder / "users").write_bytes(NOT_UTF_8)
        realm = FileRealm(folder)
        result = realm.authenticate("bob", PASSWORD)
        assert (result.reason, result.http_status) == ("files_unreadable", 503)
        assert result.status is AuthenticationStatus.CONTINUE
        assert result.message is None

    def test_as_a_node(self, folder):
        realm = FileRealm(folder, on_unreadable="node")
        assert realm.authenticate("bob", PASSWORD)
        (folder / "users").write_bytes(NOT_UTF_8)
        realm.reload()
        assert realm.authenticate("bob", PASSWORD).reason == "files_unreadable"

    def test_as_a_node_without_roles(self, folder):
        (folder / "users_roles").write_bytes(NOT_UTF_8)
        realm = FileRealm(folder, on_unreadable="node")
        assert realm.authenticate("bob", PASSWORD)
        assert realm.authenticate("nobody", PASSWORD).reason == "unknown_user"

    def test_the_last_good_state_still_counts(self, folder):
        realm = FileRealm(folder)
        assert realm.authenticate("bob", PASSWORD)
        (folder / "users").write_bytes(NOT_UTF_8)
        realm.reload()
        assert realm.authenticate("bob", PASSWORD)
        assert realm.authenticate("nobody", PASSWORD).reason == "unknown_user"

    def test_an_empty_file_can_be_read(self, folder):
        (folder / "users").write_text("")
        assert FileRealm(folder).authenticate("bob", PASSWORD).reason == "unknown_user"


def test_results_of_other_realms():
    assert AuthenticationResult.terminate("no").reason == "wrong_password"
    assert AuthenticationResult.unsuccessful("no", "busy").http_status == 503
    assert AuthenticationResult.not_handled("realm_disabled").reason == "realm_disabled"
    assert AuthenticationResult(AuthenticationStatus.CONTINUE).http_status == 401


class TestOpening:
    """`async with`."""

    def test_opens_and_closes(self, folder):
        async def run():
            async with FileRealm(folder) as realm:
                assert await realm.authenticate_async("bob", PASSWORD)
                assert realm._is_entered
                return realm

        realm = asyncio.run(run())
        with pytest.raises(errors.RealmClosedError):
            realm.authenticate("bob", PASSWORD)

    def test_follows_the_files(self, folder):
        async def run():
            async with FileRealm(folder) as realm:
                changed = asyncio.Event()
                loop = asyncio.get_running_loop()
                realm.on_change(lambda _: loop.call_soon_threadsafe(changed.set))
                UsersTool(folder).useradd("ann", password_hash=CHEAP_HASH)
                await asyncio.wait_for(changed.wait(), PATIENCE)
                return await realm.authenticate_async("ann", PASSWORD)

        assert asyncio.run(run())

    def test_reads_beside_the_loop(self, folder, monkeypatch):
        threads = []
        reload = FileRealm.reload
        monkeypatch.setattr(
            FileRealm,
            "reload",
            lambda realm: threads.append(threading.current_thread()) or reload(realm),
        )

        async def run():
            async with FileRealm(folder):
                pass

        asyncio.run(run())
        assert len(threads) == 1
        assert threads[0] is not threading.main_thread()

    def test_raises_what_with_raises(self, config):
        async def run(realm):
            async with realm:
                pytest.fail("it opened")

        with pytest.raises(errors.ConfigurationFileMissingError):
            asyncio.run(run(FileRealm(config / "nowhere", settings=RealmSettings())))

    def test_a_cancelled_one_does_not_stay_open(self, folder, monkeypatch):
        started, may_end = threading.Event(), threading.Event()
        reload = FileRealm.reload

        def slow(realm):
            started.set()
            assert may_end.wait(PATIENCE)
            return reload(realm)

        monkeypatch.setattr(FileRealm, "reload", slow)
        realm = FileRealm(folder)

        async def run():
            opening = asyncio.create_task(realm.__aenter__())
            await asyncio.to_thread(started.wait, PATIENCE)
            opening.cancel()
            await asyncio.wait([opening])
            assert opening.cancelled()

        closed = threading.Event()
        close = realm.close
        monkeypatch.setattr(realm, "close", lambda: (close(), closed.set()))
        asyncio.run(run())
        may_end.set()
        assert closed.wait(PATIENCE)
        with pytest.raises(errors.RealmClosedError):
            realm.authenticate("bob", PASSWORD)


class TestHealth:
    def test_n31_skipped_lines_and_clear_text(self, folder):
        (folder / "users").write_text(f"bob:{CHEAP_HASH}\nbad\nal:swordfish\n\n# a comment\n")
        (folder / "users_roles").write_text("viewer:bob\nadmin\n")
        with FileRealm(folder) as realm:
            health = realm.health
            assert realm.authenticate("bob", PASSWORD)
        assert health
        assert health.status == "issues"
        assert health.problems == ()
        assert [(i.code, i.path, i.line, i.subject) for i in health.issues] == [
            ("EFR101", str(folder / "users"), 2, None),
            ("EFR201", str(folder / "users"), 3, "al"),
            ("EFR101", str(folder / "users_roles"), 2, None),
        ]
        assert "swordfish" not in repr(health)
        check = UsersTool(folder).check()
        assert health.issues == check

    @pytest.mark.parametrize(
        ("users", "users_roles", "codes"),
        [
            pytest.param("", "", [], id="empty"),
            pytest.param("\n \n#x\n", "\n#\n", [], id="blank-lines-and-comments"),
            pytest.param(f"bob:{CHEAP_HASH}\n", "viewer:ghost\n", [], id="role-without-user"),
            pytest.param(f"bäb:{CHEAP_HASH}\n", "", ["EFR102"], id="invalid-name"),
            pytest.param(f"elastic:{CHEAP_HASH}\n", "", ["EFR103"], id="reserved-name"),
            pytest.param("", "rôle:bob\n", ["EFR104"], id="invalid-role"),
            pytest.param("", "viewer:,\n", ["EFR105"], id="role-without-names"),
            pytest.param(f"jim:{FOREIGN_HASH}\n", "", ["EFR202"], id="foreign-hash"),
            pytest.param("eve:$2a$04$short\n", "", ["EFR203"], id="malformed-hash"),
        ],
    )
    def test_n31_each_kind(self, folder, users, users_roles, codes):
        (folder / "users").write_text(users)
        (folder / "users_roles").write_text(users_roles)
        health = FileRealm(folder).health
        assert [issue.code for issue in health.issues] == codes
        assert health.status == ("issues" if codes else "ok")
        assert health

    def test_a_new_issue_is_a_change_of_health(self, folder):
        (folder / "users").write_text(f"bob:{CHEAP_HASH}\n")
        realm = FileRealm(folder)
        seen = []
        realm.on_change(lambda change: seen.append((change.health.status, change.names)))
        realm.reload()
        (folder / "users").write_text(f"bob:{CHEAP_HASH}\nbad\n")
        assert not realm.reload()
        realm.reload()
        (folder / "users").write_text(f"bob:{CHEAP_HASH}\n")
        realm.reload()
        assert [status for status, _ in seen] == ["ok", "issues", "ok"]
        assert seen[1][1] == frozenset()

    def test_the_issues_of_the_last_good_state_stay(self, folder):
        (folder / "users").write_text("bad\n")
        realm = FileRealm(folder)
        issues = realm.health.issues
        (folder / "users").write_bytes(NOT_UTF_8)
        realm.reload()
        assert not realm.health
        assert (realm.health.status, realm.health.issues) == ("stale", issues)
        assert len(realm.health.problems) == 1

    def test_an_accepted_clear_text_is_still_an_issue(self, folder):
        (folder / "users").write_text("al:swordfish\n")
        realm = FileRealm(folder, accept_clear_text=True)
        assert realm.authenticate("al", "swordfish")
        assert [issue.subject for issue in realm.health.issues] == ["al"]
