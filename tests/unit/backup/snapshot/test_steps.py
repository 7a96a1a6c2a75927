"""The steps are the documented ones, release by release; and what the index part is."""

from __future__ import annotations

import pytest
from support.reference import cases

from esfilerealm.backup import snapshot as package
from esfilerealm.backup.snapshot import (
    BACKUP_ROLE,
    HOLDS,
    INCIDENTS,
    NOT_IN_SNAPSHOTS,
    NodeCommand,
    NodeLines,
    Release,
    Request,
    SnapshotOrder,
    security_indices,
    steps_to_create,
    steps_to_restore,
    steps_to_verify,
)
from esfilerealm.errors import InvalidSnapshotValueError, InvalidUsernameError

ORDER = SnapshotOrder(
    "my_backup", "snapshot_1", location="my_backup_location", backup_user="snapshot_user"
)
AT = "/_snapshot/my_backup"
BY_NAME = {"indices": ".security", "include_global_state": True}
#: The documentation also has it with `True`, which replaces the settings of the whole cluster.
BY_NAME_BACK = {"indices": ".security-*", "include_global_state": False}
BY_FEATURE = {"indices": "-*", "include_global_state": False, "feature_states": ["security"]}

#: `backup.md`, section 5: from release and step to method, path and body.
REQUESTS = {
    **{
        (release, "register-repository"): (
            *("PUT", AT),
            {"type": "fs", "settings": {"location": "my_backup_location"}},
        )
        for release in ("6.8", "7.6", "8.0", "9.1")
    },
    **{
        (release, "make-snapshot"): ("PUT", f"{AT}/snapshot_1", body)
        for release, body in {
            **dict.fromkeys(("6.8", "7", "7.6", "7.11"), BY_NAME),
            **dict.fromkeys(("7.12", "7.17", "8.0", "8", "9.1"), BY_FEATURE),
        }.items()
    },
    **{
        (release, "make-backup-user"): ("POST", f"{path}/user/snapshot_user", {"roles": [role]})
        for role in ("snapshot_user",)
        for release, path in {
            "6.8": "/_xpack/security",
            "7.6": "/_security",
            "8.0": "/_security",
            "9.1": "/_security",
        }.items()
    },
    **{
        (release, "list-features"): ("GET", "/_features", None)
        for release in ("7.12", "8.0", "9.1")
    },
    **{
        (release, step): ("GET", path, None)
        for release in ("6.8", "7.6", "8.0", "9.1")
        for step, path in {
            "look-at-repository": AT,
            "look-at-snapshot": f"{AT}/snapshot_1",
        }.items()
    },
    **{
        (release, "delete-indices"): ("DELETE", "/.security-*", None)
        for release in ("6.8", "7.6", "7")
    },
    **{
        (release, "restore-snapshot"): ("POST", f"{AT}/snapshot_1/_restore", body)
        for release, body in {
            **dict.fromkeys(("6.8", "7.6", "7"), BY_NAME_BACK),
            **dict.fromkeys(("7.12", "8.0", "9.1"), BY_FEATURE),
        }.items()
    },
    ("8.0", "verify-repository"): ("POST", f"{AT}/_verify", None),
}


def steps_of(release, order=ORDER):
    release = Release.parse(release)
    plans = steps_to_create, steps_to_restore, steps_to_verify
    return [step for plan in plans for step in plan(release, order)]


@pytest.mark.parametrize(("release", "name"), REQUESTS, ids=" ".join)
def test_requests(release, name):
    actions = [step.action for step in steps_of(release) if step.name == name]
    assert actions
    for action in actions:
        assert (action.method, action.path, action.body) == REQUESTS[release, name]


@pytest.mark.parametrize(
    ("release", "name"),
    [
        ("6.8", "list-features"),
        ("7.11", "list-features"),
        ("7.12", "delete-indices"),
        ("8.0", "delete-indices"),
        ("9.1", "define-restricted-role"),
        ("7.13", "define-restricted-role"),
    ],
)
def test_what_a_release_does_not_need(release, name):
    assert name not in [step.name for step in steps_of(release)]


@pytest.mark.parametrize("release", ["6.8", "7", "7.6", "7.12", "8", "9.1"])
class TestEveryPlan:
    def test_every_step_says_why_and_what_it_needs(self, release):
        for step in steps_of(release):
            assert step.why.endswith(".")
            assert not step.title.endswith(".")
            assert isinstance(step.action, Request) == bool(step.privilege)

    def test_a_restore_begins_and_ends_with_emergency_access(self, release):
        steps = steps_to_restore(Release.parse(release), ORDER)
        commands = [step.action.words for step in steps if isinstance(step.action, NodeCommand)]
        assert [words[1] for words in commands] == ["useradd", "userdel"]
        names = [step.name for step in steps]
        requests = [n for n, step in enumerate(steps) if isinstance(step.action, Request)]
        assert names.index("open-emergency-access") < requests[0]
        assert names.index("close-emergency-access") > requests[-1]

    def test_files_and_restart_come_after_the_index(self, release):
        names = [step.name for step in steps_to_restore(Release.parse(release), ORDER)]
        at = [names.index(n) for n in ("restore-snapshot", "restore-files", "restart")]
        assert at == sorted(at)

    def test_no_password_is_in_a_plan(self, release):
        for step in steps_of(release):
            if isinstance(step.action, Request) and step.action.secret:
                assert step.action.secret not in step.action.body


class TestOldWayInNewReleases:
    """An old snapshot has no features; 7 restores it by name, with a role since 7.14."""

    OLD = SnapshotOrder("my_backup", "snapshot_1", by_index=True)

    def test_the_role(self):
        first, second, *rest = steps_to_restore(Release.parse("7.17"), self.OLD)
        assert isinstance(first.action, NodeLines)
        assert (first.action.file, first.action.lines[-1]) == (
            "roles.yml",
            "      allow_restricted_indices: true",
        )
        assert second.action.words[-1] == "superuser,restore_restricted"
        assert [step.name for step in rest[2:4]] == ["delete-indices", "restore-snapshot"]
        assert rest[-1].name == "remove-restricted-role"

    @pytest.mark.parametrize("release", ["8.0", "9.1"])
    def test_never_from_8_on(self, release):
        with pytest.raises(InvalidSnapshotValueError, match="only be restored as part of a feat"):
            steps_to_restore(Release.parse(release), self.OLD)


@pytest.mark.parametrize(
    ("release", "step", "state"),
    [("8.19", "make-snapshot", True), ("7.6", "restore-snapshot", True)],
)
def test_with_the_state_of_the_cluster(release, step, state):
    order = SnapshotOrder("my_backup", "snapshot_1", global_state=state)
    (action,) = [each.action for each in steps_of(release, order) if each.name == step]
    assert action.body["include_global_state"] is state


class TestCases:
    """Those of the area that concern the index."""

    @pytest.mark.parametrize("case", cases("backup", only=lambda case: "index" in case.expect))
    def test_names_of_the_index(self, case):
        indices = security_indices(Release.parse(case.given["version"]))
        assert indices[case.expect["alias"]] == case.expect["index"]

    @pytest.mark.parametrize("case", cases("backup", only=lambda case: "body" in case.expect))
    def test_the_request_for_a_snapshot(self, case):
        order = SnapshotOrder(**case.given)
        steps = steps_to_create(Release.parse("7.6.0"), order)
        (made,) = [step.action for step in steps if step.name == "make-snapshot"]
        assert made.body == case.expect["body"]

    @pytest.mark.parametrize("case", cases("backup", only=lambda case: "roles" in case.expect))
    def test_the_role_of_the_backup_user(self, case):
        assert case.expect["roles"] == [BACKUP_ROLE]

    @pytest.mark.parametrize(
        "case", cases("backup", only=lambda case: "cluster_privilege" in case.expect)
    )
    def test_the_privilege_for_a_repository(self, case):
        (step,) = [s for s in steps_of("7.6") if s.name == "register-repository"]
        assert step.privilege == case.expect["cluster_privilege"]

    @pytest.mark.parametrize("case", cases("backup", only=lambda case: "holds" in case.expect))
    def test_what_the_index_holds(self, case):
        assert list(HOLDS) == case.expect["holds"]

    @pytest.mark.parametrize("case", cases("backup", only=lambda case: "incident" in case.given))
    def test_after_an_incident(self, case):
        advice = INCIDENTS["read" if "read" in case.given["incident"] else "tampered"]
        assert list(advice.actions) == case.expect["actions"]
        found = case.expect.get("detected_by_restore", False)
        assert advice.is_found_by_restore is found

    @pytest.mark.parametrize(
        "case", cases("backup", only=lambda case: "replaces_file_backup" in case.expect)
    )
    def test_no_snapshot_holds_files(self, case):
        is_enough = not any("files" in what for what in NOT_IN_SNAPSHOTS)
        assert is_enough is case.expect["replaces_file_backup"]


@pytest.mark.parametrize(
    ("release", "names"),
    [
        ("6.8", {".security-6"}),
        ("7.0", {".security-7"}),
        ("7.2", {".security-7", ".security-tokens-7"}),
        ("8.0", {".security-7", ".security-tokens-7", ".security-profile-8"}),
        ("9", {".security-7", ".security-tokens-7", ".security-profile-8"}),
    ],
)
def test_all_indices(release, names):
    known = Release.parse(release if "." in release else f"{release}.0")
    assert set(security_indices(known).values()) == names


@pytest.mark.parametrize(
    ("names", "what"),
    [
        ({"repository": "a/b"}, "repository"),
        ({"repository": ""}, "repository"),
        ({"repository": "_all"}, "repository"),
        ({"repository": ".."}, "repository"),
        ({"repository": "a" * 300}, "repository"),
        ({"snapshot": "Big"}, "snapshot"),
        ({"snapshot": "a b"}, "snapshot"),
        ({"snapshot": "a,b"}, "snapshot"),
        ({"snapshot": "*"}, "snapshot"),
        ({"location": ""}, "location"),
        ({"location": "a\nb"}, "location"),
        ({"backup_user": "a/b"}, "user"),
    ],
)
def test_names_that_are_refused(names, what):
    with pytest.raises(InvalidSnapshotValueError) as caught:
        SnapshotOrder(**{"repository": "r", "snapshot": "s", **names})
    assert caught.value.what == what


def test_users_are_held_to_the_rules_of_users():
    with pytest.raises(InvalidUsernameError):
        SnapshotOrder("r", "s", backup_user=" ")


def test_public_names():
    assert package.__all__ == sorted(package.__all__, key=lambda name: (not name.isupper(), name))
    assert all(hasattr(package, name) for name in package.__all__)
