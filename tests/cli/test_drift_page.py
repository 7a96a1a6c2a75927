"""``compare --html``: one page, which needs nothing else, and in which nothing foreign acts."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from html.parser import HTMLParser

import pytest

from esfilerealm.cli.reports.html import page_of
from esfilerealm.drift import DescribedRealm, Fingerprint, Unreadable, compare

EVIL = "<script>alert(1)</script>&\"'<img src=x onerror=alert(1)>\x1b[31m\u202e"


class Page(HTMLParser):
    """Tags with attributes, and the text below each."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.open, self.cells = [], [], []
        self.inside = {"style": "", "script": ""}
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "input", "wbr"):
            self.open.append(tag)
        if tag in ("td", "th"):
            self.cells.append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] in self.inside:
            self.inside[self.open[-1]] += data
        if {"td", "th"} & set(self.open):
            self.cells[-1] += data


def made(node, **users):
    return Fingerprint.of(DescribedRealm(users), node=node)


def drift(evil="x"):
    return compare(
        [
            made("a", ann=("h", ("viewer",)), bob=("h", ())),
            made(evil, ann=("h", (evil,)), bob=("h", ()), **{evil: ("h", ("superuser",))}),
            made("c", ann=("old", ("viewer",)), bob=(None, ())),
            Unreadable("d", evil),
            Fingerprint.of(DescribedRealm({}, skipped=(evil,)), node="e"),
        ]
    )


def test_what_is_in_it():
    page = Page(page_of(drift()))
    assert page.cells[:2] == ["User", "Most nodes"]
    assert "other password" in page.cells
    assert "exists: superuser" in page.cells
    assert page.open == []
    classes = {attrs.get("class") for _, attrs in page.tags}
    assert {"grave", "news", "same", "different"} <= classes


def test_nothing_foreign_acts():
    text = page_of(drift(EVIL))
    page = Page(text)
    plain = Page(page_of(drift()))
    words = ("span", "wbr")  # of which a name may have more or fewer
    tags = [[tag for tag, _ in each.tags if tag not in words] for each in (page, plain)]
    assert tags[0] == tags[1]
    assert "<img" not in text
    assert "alert(1)</script>" not in text
    assert "\x1b" not in text
    assert "\u202e" not in text
    names = {name for _, attrs in page.tags for name in attrs}
    assert not {name for name in names if name.startswith("on")}


def test_nothing_comes_from_elsewhere():
    text = page_of(drift())
    page = Page(text)
    assert "//" not in text.replace("<!DOCTYPE", "")
    assert not {"src", "href", "style"} & {name for _, attrs in page.tags for name in attrs}
    assert "url(" not in text
    assert "@import" not in text
    (policy,) = (attrs["content"] for _, attrs in page.tags if "http-equiv" in attrs)
    assert policy.startswith("default-src 'none';")
    for part in ("style", "script"):
        digest = b64encode(hashlib.sha256(page.inside[part].encode()).digest()).decode()
        assert f"{part}-src 'sha256-{digest}'" in policy


def test_the_same_drift_makes_the_same_page():
    assert page_of(drift()) == page_of(drift())


def test_of_nodes_of_which_one_cannot_be_read():
    nodes = [made("a", ann=("h", ())), made("b", ann=("h", ())), Unreadable("c", "gone")]
    text = page_of(compare(nodes))
    assert "The nodes that could be read are equal." in text
    assert "c: gone" in text


def test_of_equal_nodes():
    nodes = [made("a", ann=("h", ())), made("b", ann=("h", ()))]
    text = page_of(compare(nodes, ignore_hashes=True))
    assert "All nodes are equal." in text
    assert "Passwords were not compared." in text
    assert "<table" not in text
    assert "<script" not in text


@pytest.fixture
def folders(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, users in (("a", "ann:h\n"), ("b", "bob:h\n")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "users").write_text(users)
        (tmp_path / name / "users_roles").write_text("")
    return tmp_path


def test_the_command_writes_it(run, folders):
    result = run("compare", "a", "b", "--html", "report.html", config_dir=None)
    assert result.exit_code == 1
    assert result.out.startswith("2 nodes, 2 users: 2 not")
    text = (folders / "report.html").read_text("utf-8")
    assert re.search("2 of 2 users are not the same everywhere", text)
    assert run("compare", "a", "b", "--html", "report.html", config_dir=None).exit_code == 1


def test_no_file_of_a_realm_is_replaced(run, folders):
    result = run("compare", "a", "b", "--html", "a/users", config_dir=None)
    assert result.exit_code == 64
    assert "option [html]" in result.err
    assert (folders / "a" / "users").read_text() == "ann:h\n"


def test_where_nothing_can_be_written(run, folders):
    result = run("compare", "a", "b", "--html", "none/report.html", config_dir=None)
    assert result.exit_code in (74, 78)
