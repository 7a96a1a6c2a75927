"""``compare --html`` in a real browser: what its style and script do, and what they may not."""

from __future__ import annotations

import pytest
from support.browser import PROGRAM, Browser

from esfilerealm.cli.reports.html import page_of
from esfilerealm.drift import DescribedRealm, Fingerprint, Unreadable, compare

pytestmark = [
    pytest.mark.skipif(PROGRAM is None, reason="needs Chromium"),
    pytest.mark.timeout(180),
]

EVIL = "<script>alert(1)</script><img src=//x.example/y onerror=alert(1)>\"' onclick=alert(1) "
HEAD, ROWS = "document.querySelector('thead')", "[...document.querySelectorAll('tbody tr')]"
SHOWN = f"{ROWS}.filter(row => row.offsetHeight).map(row => row.cells[0].textContent)"


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with Browser(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture
def page(browser, tmp_path):
    """Show the comparison of nodes with these users, each ``name: (hash, roles)``."""

    def show(*nodes, **size):
        made = [
            Unreadable(f"node-{number}", users)
            if isinstance(users, str)
            else Fingerprint.of(DescribedRealm(users), node=f"node-{number}")
            for number, users in enumerate(nodes)
        ]
        path = tmp_path / "page.html"
        path.write_text(page_of(compare(made)), "utf-8")
        browser.open(path, **size)
        return browser

    return show


def users(*names, role="viewer"):
    return dict.fromkeys(names, ("h", (role,)))


def style(browser, selector, name):
    return browser.run(f"getComputedStyle(document.querySelector({selector!r})).{name}")


def test_the_page_allows_itself_its_style_and_its_script_and_asks_nobody(page):
    browser = page(users("ann", "bob"), users("ann"), users("ann", "bob", "eve"), "broken")
    assert browser.told("Log.entryAdded") == []
    assert browser.told("Runtime.exceptionThrown") == []
    asked = [values["request"]["url"] for values in browser.told("Network.requestWillBeSent")]
    assert [url.partition(":")[0] for url in asked] == ["file"]
    assert style(browser, "td.news", "backgroundColor") == "rgba(245, 166, 35, 0.2)"
    assert browser.run("document.querySelector('input').offsetHeight") > 0


def test_the_filter(page):
    nodes = [users("ann", "bob"), users("ann") | users("bob", role="admin"), users("Eve-2")]
    browser = page(*nodes)
    assert browser.run(SHOWN) == ["Eve-2", "ann", "bob"]
    browser.run("document.querySelector('input').focus()")
    browser.type("eve-")
    assert browser.run(SHOWN) == ["Eve-2"]
    browser.run("document.querySelector('input').select()")
    browser.type("ADMIN")
    assert browser.run(SHOWN) == ["bob"]
    browser.run("document.querySelector('input').select()")
    browser.type("nobody")
    assert browser.run(SHOWN) == []


def test_nothing_foreign_acts(page):
    browser = page(users(EVIL, "ann"), users("ann", role=EVIL), EVIL)
    browser.run("document.querySelectorAll('body *').forEach(each => each.click())")
    for quiet in ("Page.javascriptDialogOpening", "Log.entryAdded", "Runtime.exceptionThrown"):
        assert browser.told(quiet) == []
    assert len(browser.told("Network.requestWillBeSent")) == 1
    shown = browser.run("document.body.textContent")
    assert shown.count("<script>alert(1)</script>") == 3


def test_names_stay_in_sight_while_the_table_scrolls(page):
    many = [f"user-{number:03}" for number in range(60)]
    nodes = [dict.fromkeys(many, (f"h{number}", ("viewer",))) for number in range(30)]
    browser = page(*nodes)
    inside = "document.querySelector('.scroll')"
    width, window = browser.run(
        "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    )
    assert width <= window  # only the table scrolls to the side
    browser.run(f"{inside}.scrollTo(500, 900)")
    box, head, name = (
        browser.run(f"(({{left, top}}) => [left, top])({each}.getBoundingClientRect())")
        for each in (inside, "document.querySelectorAll('thead th')[0]", f"{ROWS}[40].cells[0]")
    )
    assert browser.run(f"[{inside}.scrollLeft, {inside}.scrollTop]") == [500, 900]
    assert (head, name[0]) == (box, box[0])


def test_a_line_breaks_between_roles_and_not_behind_a_sign(page):
    roles = ("first-role-of-many", "second-role-of-many", "third-role-of-many")
    nodes = [{"ann": ("h", roles)}, {"ann": ("h", roles)}, {"ann": ("h", ())}]
    browser = page(*nodes, width=400)
    heights = browser.run(
        "[...document.querySelectorAll('tbody span')].map(each => each.getClientRects().length)"
    )
    assert set(heights) == {1}
    for cell in ("td.news", "td:nth-child(2)"):
        tops = f"[...document.querySelectorAll('{cell} span')].map(each => each.offsetTop)"
        assert len(set(browser.run(tops))) == 3


def test_a_superuser_who_is_not_everywhere_stands_out(page):
    browser = page(users("ann"), users("ann"), users("ann") | users("eve", role="superuser"))
    assert style(browser, "tr.grave th", "color") == "rgb(179, 38, 30)"
    browser.emulate(prefers_color_scheme="dark")
    assert style(browser, "tr.grave th", "color") == "rgb(255, 154, 144)"
    browser.emulate()


def test_equal_nodes(page):
    browser = page(users("ann"), users("ann"))
    assert "All nodes are equal." in browser.run("document.body.innerText")
    assert browser.told("Log.entryAdded") == []
    assert browser.run("document.querySelectorAll('table, input, script').length") == 0
