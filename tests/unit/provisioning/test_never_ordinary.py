"""
A user who is locked, expires or gives emergency access never becomes an ordinary one by accident.

One table: every way by which users leave a node or come to one, and every kind of such a user.
"""

from __future__ import annotations

import shutil
from datetime import timedelta

import pytest
from support.clocks import START, Clocks
from support.hashes import CHEAP_HASH
from unit.provisioning.kit import NEW_HASH, OLD

from esfilerealm import UsersTool
from esfilerealm._ground import moments
from esfilerealm.errors import InvalidDesiredStateError, PlanOutdatedError
from esfilerealm.exchange import EXPORT_FORMATS, IMPORT_FORMATS, import_users
from esfilerealm.hashing import is_locked, locked_hash
from esfilerealm.provisioning import (
    DesiredState,
    apply,
    apply_all,
    ensure_user,
    plan,
    plan_all,
    take_users,
)

pytestmark = pytest.mark.usefixtures("clocks")

KINDS = ("locked", "expiring", "over", "emergency")
LATER = START + timedelta(days=30)
LATER_TEXT = "2026-07-01T12:00:00Z"


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A node with a user of each kind, and one of none."""
    folder = tmp_path_factory.mktemp("node")
    tool, clocks = UsersTool(folder), Clocks()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(moments, "now", clocks.now)
        tool.init()
        tool.useradd("over", password_hash=CHEAP_HASH, expires=timedelta(minutes=1))
        with tool.transaction() as transaction:
            for name in ("plain", "locked", "expiring"):
                transaction.useradd(name, password_hash=CHEAP_HASH, roles=["viewer"])
            transaction.useradd(
                "emergency",
                password_hash=CHEAP_HASH,
                roles=["superuser"],
                expires=timedelta(minutes=12),
                is_emergency=True,
            )
            transaction.expire("expiring", LATER)
            transaction.lock("locked")
    return folder


@pytest.fixture
def node(template, tmp_path, clocks):
    """That node, two minutes later."""
    shutil.copytree(template, tmp_path / "node")
    clocks.pass_by(minutes=2)
    return UsersTool(tmp_path / "node")


@pytest.fixture
def other(tmp_path):
    """A node without users."""
    tool = UsersTool(tmp_path / "other")
    tool.init()
    return tool


def state_of(tool, name):
    """Return how a user is there: in one word."""
    hashes = tool.listing().hashes
    if name not in hashes:
        return "absent"
    account = tool.accounts().get(name)
    if account is None:
        return "ordinary"
    assert is_locked(hashes[name]) == account.is_locked
    for word in ("over", "emergency", "locked"):
        if getattr(account, f"is_{word}"):
            return word
    return "expiring"


def test_the_node_has_one_of_each_kind(node):
    assert {name: state_of(node, name) for name in KINDS} == {name: name for name in KINDS}


def arrive(format, data, target, source="the.file"):
    """Have users of a file come to a node, as ``import`` and ``copy`` do."""
    if format == "tar":
        state, _ = take_users(source, content=data)
    else:
        state = DesiredState.from_dict(import_users(format, data, source=source).document)
    apply(plan(target.config_dir, state))


#: What becomes of a user that an export has; all others are absent.
CARRIED = {
    **{(format, "locked"): "locked" for format in EXPORT_FORMATS},
    ("json", "expiring"): "expiring",
    ("yaml", "expiring"): "expiring",
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("format", EXPORT_FORMATS)
def test_what_an_export_carries_to_another_node(node, other, format, kind):
    exported = node.export(format)
    arrive(format, exported.data, other)
    assert state_of(other, "plain") == "ordinary"
    assert state_of(other, kind) == CARRIED.get((format, kind), "absent")
    losses = {loss.what: loss for loss in exported.losses}
    is_lost = (format, kind) not in CARRIED
    assert (f"user [{kind}]" in losses) == is_lost
    if is_lost:
        # Somebody would miss a user who expires later; nobody one who should not be there.
        assert losses[f"user [{kind}]"].is_blocking == (kind == "expiring")


@pytest.mark.parametrize("format", ["json", "yaml"])
def test_a_document_has_the_password_of_a_locked_user(node, other, format):
    arrive(format, node.export(format).data, other)
    other.unlock("locked")
    assert other.verify("locked", OLD)
    assert other.accounts()["expiring"].expires == LATER


@pytest.mark.parametrize("format", EXPORT_FORMATS)
def test_without_a_record_it_stays_locked(node, other, tmp_path, format):
    (tmp_path / "node" / "users.accounts").unlink()
    arrive(format, node.export(format).data, other)
    assert state_of(other, "locked") == "locked"


@pytest.mark.parametrize("format", EXPORT_FORMATS)
def test_an_export_without_a_usable_record_says_so(node, tmp_path, format):
    (tmp_path / "node" / "users.accounts").write_text("{}")
    (loss,) = [loss for loss in node.export(format).losses if loss.where == "users.accounts"]
    assert loss.is_blocking
    assert "would become an ordinary one" in str(loss)


#: A file of each format with a locked user.
LOCKED_FILES = {
    "htpasswd": "locked:{}\n",
    "json": '{{"users": [{{"name": "locked", "password_hash": "{}"}}]}}',
    "yaml": 'users: [{{name: locked, password_hash: "{}"}}]',
    "k8s-secret": (
        'apiVersion: v1\nkind: Secret\nmetadata: {{name: x}}\nstringData:\n  users: "locked:{}"\n'
    ),
    "opensearch": ('_meta: {{type: internalusers, config_version: 2}}\nlocked: {{hash: "{}"}}\n'),
}


def test_the_table_has_all_imports():
    assert {*LOCKED_FILES} == {*IMPORT_FORMATS}


@pytest.mark.parametrize("before", ["absent", "open", "locked"])
@pytest.mark.parametrize("prefix", ["$2a$", "$2y$"])
@pytest.mark.parametrize("format", IMPORT_FORMATS)
def test_a_locked_hash_of_any_import_stays_locked(other, format, prefix, before):
    if before != "absent":
        other.useradd("locked", password_hash=CHEAP_HASH)
    if before == "locked":
        other.lock("locked")
    mark = locked_hash().replace("$2a$", prefix if format != "k8s-secret" else "$2a$")
    text = LOCKED_FILES[format].format(mark)
    arrive(format, text.encode(), other)
    assert state_of(other, "locked") == "locked"
    if before != "absent":  # with the password that it has here
        other.unlock("locked")
        assert other.verify("locked", OLD)


HASHES = {"same": CHEAP_HASH, "other": NEW_HASH}


@pytest.mark.parametrize("password", HASHES)
@pytest.mark.parametrize("format", IMPORT_FORMATS)
def test_an_open_user_of_any_import_does_not_unlock(node, format, password):
    text = LOCKED_FILES[format].format(HASHES[password])
    arrive(format, text.encode(), node)
    assert state_of(node, "locked") == "locked"


DOCUMENTS = {
    "roles": {"roles": ["monitoring_user"]},
    "hash": {"password_hash": NEW_HASH},
    "password": {"password": OLD},
    "on-create": {"password_hash": NEW_HASH, "update_password": "on_create"},
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("given", DOCUMENTS.values(), ids=DOCUMENTS)
class TestDocumentsThatSayNothingOfIt:
    """What they say nothing of stays; and whoever is over goes, at least at this write."""

    def expected(self, kind):
        return "absent" if kind == "over" else kind

    def wanted(self, kind, given):
        return DesiredState.from_dict({"users": [{"name": kind, **given}]})

    def test_apply(self, node, kind, given):
        apply(plan(node.config_dir, self.wanted(kind, given), force=True))
        node.sweep()
        assert state_of(node, kind) == self.expected(kind)

    def test_many_nodes(self, node, other, kind, given):
        plans = plan_all([node.config_dir, other.config_dir], self.wanted(kind, given), force=True)
        apply_all(plans)
        node.sweep()
        assert state_of(node, kind) == self.expected(kind)

    def test_ensure(self, node, kind, given):
        ensure_user(node.config_dir, kind, force=True, **given)
        node.sweep()
        assert state_of(node, kind) == self.expected(kind)


@pytest.mark.parametrize("purge", ["all", "managed"])
def test_purge_leaves_emergency_access_and_says_so(node, purge):
    wanted = DesiredState.from_dict(
        {"users": [{"name": "plain", "roles": ["superuser"]}], "purge": purge}
    )
    todo = plan(node.config_dir, wanted)
    apply(todo)
    assert state_of(node, "emergency") == "emergency"
    assert state_of(node, "over") == "absent"
    if purge == "all":
        assert [text for text in todo.warnings if "emergency" in text] == [
            "user [emergency] gives emergency access until [2026-06-01T12:12:00Z]: purge leaves it"
        ]
        assert state_of(node, "locked") == state_of(node, "expiring") == "absent"


def test_it_can_be_removed_on_purpose(node):
    wanted = DesiredState.from_dict({"users": [{"name": "emergency", "state": "absent"}]})
    apply(plan(node.config_dir, wanted))
    assert state_of(node, "emergency") == "absent"


@pytest.mark.parametrize("time", ["never", LATER_TEXT])
def test_no_document_prolongs_emergency_access(node, time):
    wanted = DesiredState.from_dict({"users": [{"name": "emergency", "expires": time}]})
    with pytest.raises(InvalidDesiredStateError, match="whose time no document changes"):
        plan(node.config_dir, wanted)


@pytest.mark.parametrize("change", ["lock", "unlock", "expire"])
def test_an_older_plan_is_refused_if_the_record_has_changed(node, change):
    node.sweep()  # so that what follows changes nothing else
    wanted = DesiredState.from_dict({"users": [{"name": "plain", "password_hash": NEW_HASH}]})
    todo = plan(node.config_dir, wanted)
    match change:
        case "lock":
            node.lock("plain")
        case "unlock":
            node.unlock("locked")
        case "expire":
            node.expire("plain", LATER)
    with pytest.raises(PlanOutdatedError):
        apply(todo)
    apply(todo, replan=True)
    expected = {"lock": "locked", "unlock": "ordinary", "expire": "expiring"}
    assert state_of(node, "plain") == expected[change]


def test_copy_of_a_node(node, other):
    state, losses = take_users(node.config_dir)
    apply(plan(other.config_dir, state))
    assert {name: state_of(other, name) for name in ("plain", *KINDS)} == {
        "plain": "ordinary",
        "locked": "locked",
        "expiring": "expiring",
        "over": "absent",
        "emergency": "absent",
    }
    assert sorted(loss.what for loss in losses) == ["user [emergency]", "user [over]"]
    assert not plan(other.config_dir, state).changed


def test_a_copy_neither_unlocks_nor_prolongs(node, other):
    for name in KINDS:
        if name != "over":
            other.useradd(name, password_hash=NEW_HASH)
    state, _ = take_users(other.config_dir)
    apply(plan(node.config_dir, state, force=True))
    for name in ("locked", "expiring", "emergency"):
        assert state_of(node, name) == name


def test_a_locked_user_is_not_another_password(node, other):
    """The same document for a node where a user is locked and one where it is not."""
    other.useradd("locked", password_hash=CHEAP_HASH)
    wanted = DesiredState.from_dict({"users": [{"name": "locked", "password": OLD}]})
    plans = plan_all([other.config_dir, node.config_dir], wanted)
    assert [[str(change) for change in each.plan.changes] for each in plans.nodes] == [
        [],
        ["- over (its time is over)"],
    ]


def test_a_mark_never_becomes_the_hash_of_another_node(node, other):
    wanted = DesiredState.from_dict({"users": [{"name": "locked", "password": OLD}]})
    apply_all(plan_all([node.config_dir, other.config_dir], wanted))
    assert other.verify("locked", OLD)
    assert state_of(node, "locked") == "locked"


def test_all_ways_one_after_the_other(node, other):
    for format in (*EXPORT_FORMATS, *reversed(EXPORT_FORMATS)):
        arrive(format, node.export(format).data, other)
    assert [state_of(other, name) for name in KINDS] == ["locked", "expiring", "absent", "absent"]
