"""Links are followed one by one: whose they are, where they lead, what their change changes."""

from __future__ import annotations

import os

from support.storing import STRANGER, posix, root

from esfilerealm._storage.target import follow, link_chain

pytestmark = posix


def names(path, above):
    return sorted(name.removeprefix(f"{above}/") for name in link_chain(str(path)))


def test_no_link(tmp_path):
    assert names(tmp_path / "users", tmp_path) == ["users"]
    assert follow(str(tmp_path / "users")) == ([], str(tmp_path / "users"))


def test_each_in_its_order_and_the_end(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "first").symlink_to("second")
    (tmp_path / "second").symlink_to("data/users")
    links, end = follow(str(tmp_path / "first"))
    assert [(link.path, link.target) for link in links] == [
        (str(tmp_path / "first"), "second"),
        (str(tmp_path / "second"), "data/users"),
    ]
    assert end == str(tmp_path / "data" / "users")


@root
def test_the_owner_is_that_of_the_link_itself(tmp_path):
    (tmp_path / "real").touch()
    (tmp_path / "users").symlink_to("real")
    os.lchown(tmp_path / "users", STRANGER, STRANGER)
    [link], _ = follow(str(tmp_path / "users"))
    assert link.status.st_uid == STRANGER


def test_a_chain_with_a_full_path(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "data").symlink_to(tmp_path / "real")
    (tmp_path / "users").symlink_to(tmp_path / "data" / "." / "gone")
    assert names(tmp_path / "users", tmp_path) == ["data", "real/gone", "users"]


def test_a_link_to_a_folder_above(tmp_path):
    for folder in ("config", "real", "real/deep"):
        (tmp_path / folder).mkdir()
    (tmp_path / "config" / "data").symlink_to("../real/deep")
    (tmp_path / "config" / "users").symlink_to("data/../users")
    assert names(tmp_path / "config" / "users", tmp_path) == [
        "config/data",
        "config/users",
        "real/users",
    ]


def test_a_loop(tmp_path):
    (tmp_path / "one").symlink_to("two")
    (tmp_path / "two").symlink_to("one")
    assert names(tmp_path / "one", tmp_path) == ["one", "two"]


def test_links_above_its_folder_are_left_out(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "config").symlink_to("real")
    assert names(tmp_path / "config" / "users", tmp_path) == ["real/users"]


@posix
class TestLinkChain:
    def test_of_a_loop_is_the_path_alone(self, tmp_path):
        (tmp_path / "users").symlink_to("users")
        assert link_chain(str(tmp_path / "users")) == {str(tmp_path / "users")}

    def test_where_links_cannot_be_opened(self, tmp_path, monkeypatch):
        monkeypatch.delattr(os, "O_PATH", raising=False)
        (tmp_path / "users").symlink_to("real")
        names = {str(tmp_path / "users"), str(tmp_path / "real")}
        assert names <= link_chain(str(tmp_path / "users"))
