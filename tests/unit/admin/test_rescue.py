"""A rescue: one user for a short time, who is gone afterwards whatever happens."""

from __future__ import annotations

import pickle
import threading
from datetime import UTC, datetime, timedelta

import pytest

from esfilerealm import UsersTool
from esfilerealm._ground import moments
from esfilerealm.admin import rescue as module
from esfilerealm.admin.rescue import Rescue
from esfilerealm.errors import (
    ConfigurationFileMissingError,
    FileAccessError,
    InvalidExpiryError,
    LockTimeoutError,
    RescueRefusedError,
    UserNotFoundError,
)

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


class Clocks:
    """Both clocks of the system, and the one of the process, as a test sets them."""

    def __init__(self):
        self.wall, self.uptime, self.monotonic, self.boot = NOON, 1000.0, 50.0, "boot-1"

    def now(self):
        return moments.Moment(self.wall, self.boot, self.uptime)

    def pass_by(self, seconds):
        self.wall += timedelta(seconds=seconds)
        self.uptime += seconds
        self.monotonic += seconds


@pytest.fixture
def tool(config):
    """The tool of a realm without users."""
    return UsersTool(config)


@pytest.fixture
def clocks(monkeypatch):
    clocks = Clocks()
    monkeypatch.setattr(moments, "now", clocks.now)
    monkeypatch.setattr(module.time, "monotonic", lambda: clocks.monotonic)
    return clocks


def files_of(folder):
    kept = (path for path in folder.iterdir() if not path.name.endswith(".lock"))
    return {path.name: path.read_bytes() for path in kept}


class TestTheUser:
    def test_is_there_inside_and_gone_after(self, tool, config):
        before = files_of(config)
        with tool.rescue() as user:
            assert tool.list_users() == {user.username: ("superuser",)}
            assert tool.verify(user.username, user.password)
            assert tool.accounts()[user.username].is_emergency
        assert files_of(config) == before

    def test_has_the_roles_and_the_time_that_are_asked_for(self, tool, clocks):
        with tool.rescue(timedelta(hours=2), ["viewer", "editor"]) as user:
            assert tool.list_users()[user.username] == ("viewer", "editor")
            assert user.expires == NOON + timedelta(hours=2)
            assert tool.accounts()[user.username].expires == user.expires

    def test_is_random(self, tool):
        with tool.rescue() as one, tool.rescue() as other:
            assert len(one.password) == len(other.password) == 22
            assert one.password != other.password
            assert one.username != other.username
            assert one.username.startswith("rescue-")

    def test_shows_no_password(self, tool):
        rescue = tool.rescue()
        with rescue as user:
            assert user.password not in f"{user!r} {rescue!r} {rescue.result!r}"
            with pytest.raises(TypeError, match="password"):
                pickle.dumps(user)

    def test_is_removed_after_an_exception(self, tool):
        with pytest.raises(ZeroDivisionError), tool.rescue():
            1 / 0  # noqa: B018
        assert tool.list_users() == {}

    def test_may_be_kept(self, tool, clocks):
        rescue = tool.rescue(timedelta(minutes=1))
        with rescue as user:
            rescue.keep()
        assert user.username in tool.list_users()
        clocks.pass_by(61)
        assert tool.sweep().changes.expired == (user.username,)
        assert tool.list_users() == {}

    def test_that_somebody_has_removed_is_no_error(self, tool):
        with tool.rescue() as user:
            tool.userdel(user.username)
        assert tool.list_users() == {}

    def test_that_is_removed_at_the_last_moment_is_no_error(self, tool, monkeypatch):
        with tool.rescue():

            def userdel(_, name):
                raise UserNotFoundError(name, "users")

            monkeypatch.setattr(UsersTool, "userdel", userdel)

    def test_is_removed_after_its_time_too(self, tool, clocks, config):
        before = files_of(config)
        with tool.rescue():
            clocks.pass_by(3600)
        assert files_of(config) == before

    def test_leaves_other_users_alone(self, tool, config):
        tool.useradd("jane", "correct-horse", roles=["superuser"], expires=timedelta(hours=1))
        before = files_of(config)
        with tool.rescue():
            pass
        assert files_of(config) == before


class TestUndo:
    def test_brings_no_user_back_whose_time_is_over(self, config, clocks):
        tool = UsersTool(config, keep=2)
        with tool.rescue(timedelta(minutes=1)) as user:
            pass
        assert user.username in tool.undo().changes.added
        tool.undo()
        clocks.pass_by(61)
        tool.undo()
        assert tool.list_users() == {}

    def test_lets_a_user_that_it_brings_back_end_in_time(self, config, clocks):
        tool = UsersTool(config, keep=2)
        with tool.rescue(timedelta(minutes=1)) as user:
            pass
        tool.undo()
        clocks.pass_by(61)
        assert tool.sweep().changes.expired == (user.username,)


class TestTwoAtOnce:
    def test_each_removes_its_own(self, tool, config):
        with tool.rescue() as one:
            with UsersTool(config).rescue() as other:
                assert set(tool.list_users()) == {one.username, other.username}
            assert set(tool.list_users()) == {one.username}

    def test_in_threads(self, config):
        seen, all_there = [], threading.Barrier(3, timeout=30)

        def rescue():
            with UsersTool(config).rescue() as user:
                all_there.wait()
                seen.append(user.username in UsersTool(config).list_users())
                all_there.wait()

        threads = [threading.Thread(target=rescue) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert seen == [True] * 3
        assert UsersTool(config).list_users() == {}

    def test_one_removes_the_user_of_another_that_was_killed(self, tool, clocks):
        tool.rescue(timedelta(minutes=1)).__enter__()
        clocks.pass_by(61)
        with tool.rescue() as user:
            assert list(tool.list_users()) == [user.username]


class TestInterrupts:
    def test_while_the_user_is_made(self, tool, monkeypatch):
        """It is on disk already, and nobody has heard of it."""

        def interrupt(*_):
            raise KeyboardInterrupt

        monkeypatch.setattr(module, "RescueUser", interrupt)
        with pytest.raises(KeyboardInterrupt), tool.rescue():
            pytest.fail("it was interrupted")
        assert tool.list_users() == {}

    def test_while_the_user_is_removed(self, tool, monkeypatch):
        remove, calls = UsersTool.userdel, []

        def userdel(self, name):
            calls.append(name)
            if len(calls) == 1:
                raise KeyboardInterrupt
            return remove(self, name)

        monkeypatch.setattr(UsersTool, "userdel", userdel)
        with pytest.raises(KeyboardInterrupt), tool.rescue():
            pass
        assert tool.list_users() == {}

    def test_in_the_block(self, tool):
        with pytest.raises(KeyboardInterrupt), tool.rescue():
            raise KeyboardInterrupt
        assert tool.list_users() == {}


class TestFailures:
    def test_to_add_leaves_nothing_and_does_not_try_to_remove(self, tool, monkeypatch):
        def fail(*_, **__):
            raise LockTimeoutError("users.lock", 1.0)

        monkeypatch.setattr(UsersTool, "transaction", fail)
        monkeypatch.setattr(UsersTool, "userdel", lambda *_: pytest.fail("nothing is there"))
        with pytest.raises(LockTimeoutError), tool.rescue():
            pytest.fail("there is no user")

    def test_of_a_realm_that_cannot_be_read(self, tool, config):
        (config / "users").write_bytes(b"\xff")
        with pytest.raises(RescueRefusedError, match="UTF-8"), tool.rescue():
            pytest.fail("there is no user")

    def test_of_a_realm_that_is_not_there(self, tool, config):
        (config / "users").unlink()
        with pytest.raises(ConfigurationFileMissingError), tool.rescue():
            pytest.fail("there is no user")
        assert "users" not in files_of(config)

    def test_to_look_is_no_reason_not_to_remove(self, tool, monkeypatch):
        rescue, look = tool.rescue(), UsersTool.list_users

        def fail(_):
            raise FileAccessError("users", 5, "it cannot be read")

        with rescue:
            monkeypatch.setattr(UsersTool, "list_users", fail)
        monkeypatch.setattr(UsersTool, "list_users", look)
        assert tool.list_users() == {}

    def test_to_remove_is_told(self, tool, monkeypatch):
        def fail(*_):
            raise LockTimeoutError("users.lock", 1.0)

        with pytest.raises(LockTimeoutError), tool.rescue():
            monkeypatch.setattr(UsersTool, "userdel", fail)

    @pytest.mark.parametrize("ttl", [timedelta(), timedelta(seconds=-1), timedelta.max])
    def test_a_time_that_is_none(self, tool, ttl):
        with pytest.raises(InvalidExpiryError):
            tool.rescue(ttl)

    def test_a_node_that_would_not_let_it_in(self, tool, config):
        (config / "elasticsearch.yml").write_text("xpack.security.enabled: false\n")
        with pytest.raises(RescueRefusedError, match="security is switched off"), tool.rescue():
            pytest.fail("there is no user")
        with tool.rescue(check=False) as user:
            assert user.username in tool.list_users()


@pytest.mark.parametrize(
    ("jump", "left"),
    [
        pytest.param({}, 600, id="no_time"),
        pytest.param({"wall": 100}, 500, id="wall_clock_forward"),
        pytest.param({"wall": -5000}, 600 + 5000, id="wall_clock_back"),
        pytest.param({"uptime": 200}, 400, id="asleep"),
        pytest.param({"monotonic": 300}, 300, id="process"),
        pytest.param({"wall": -5000, "uptime": 601, "monotonic": 601}, -1, id="back_and_over"),
    ],
)
def test_the_clock_that_says_the_least_counts(tool, clocks, jump, left):
    rescue = Rescue(tool, timedelta(minutes=10), ["viewer"])
    with rescue:
        for name, seconds in jump.items():
            by = timedelta(seconds=seconds) if name == "wall" else seconds
            setattr(clocks, name, getattr(clocks, name) + by)
        assert rescue.seconds_left() == min(left, 600)


def test_a_system_with_one_clock(tool, clocks):
    clocks.uptime = clocks.boot = None
    rescue = Rescue(tool, timedelta(minutes=10), ["viewer"])
    with rescue:
        clocks.wall += timedelta(minutes=4)
        assert rescue.seconds_left() == 360
