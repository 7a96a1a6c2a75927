"""Probable mistakes are refused before any write, unless forced."""

from __future__ import annotations

import pytest
from support.hashes import CHEAP_HASH
from support.storing import statuses
from unit.provisioning.kit import NEW, NEW_HASH, check_apply_again, desired

from esfilerealm import UsersTool
from esfilerealm.errors import UnsafePlanError
from esfilerealm.provisioning import apply, ensure_absent, ensure_user, plan, rehearse

NOBODY_LEFT = r"refused: no \[superuser\] could log in any more \(now: \[{}\]\); pass --force"
AL_ABSENT = {"name": "al", "state": "absent"}


@pytest.fixture
def superusers(realm):
    """Superusers: al can log in, root has an unusable hash, the ghost is not a user."""
    with (realm / "users").open("a") as file:
        file.write("root:swordfish\n")
    with (realm / "users_roles").open("a") as file:
        file.write("superuser:al,root,ghost\n")
    return realm


def refused(realm, wanted, message):
    before = statuses(realm)
    planned = plan(realm, wanted)
    assert planned.changed
    assert planned.to_dict()["objections"] == list(planned.objections) != []
    for act in (apply, rehearse):
        with pytest.raises(UnsafePlanError, match=message):
            act(planned)
    assert statuses(realm) == before
    assert plan(realm, wanted, force=True).objections == ()


class TestSuperusers:
    @pytest.mark.parametrize(
        "wanted",
        [
            pytest.param(desired(AL_ABSENT), id="absent"),
            pytest.param(desired({"name": "al", "roles": ["viewer"]}), id="other roles"),
            pytest.param(desired({"name": "al", "roles_remove": ["superuser"]}), id="role removed"),
            pytest.param(desired({"name": "bob"}, purge="all"), id="purged"),
            pytest.param(
                desired({"name": "new", "password": NEW, "roles": ["viewer"]}, AL_ABSENT),
                id="a new user without it",
            ),
            pytest.param(
                desired(AL_ABSENT, {"name": "root", "roles_add": ["viewer"]}),
                id="one with no usable hash stays",
            ),
        ],
    )
    def test_the_last_one_stays(self, superusers, wanted):
        refused(superusers, wanted, NOBODY_LEFT.format("al"))
        check_apply_again(superusers, wanted, force=True)
        assert "superuser" not in UsersTool(superusers).list_users().get("al", ())

    @pytest.mark.parametrize(
        "others",
        [
            pytest.param([{"name": "bob", "roles_add": ["superuser"]}], id="bob gets it"),
            pytest.param(
                [{"name": "new", "password": NEW, "roles": ["superuser"]}], id="a new user"
            ),
            pytest.param(
                [{"name": "ghost", "password_hash": NEW_HASH, "roles": ["superuser"]}],
                id="the ghost becomes a user",
            ),
            pytest.param(
                [{"name": "root", "password": NEW, "roles_add": ["viewer"]}],
                id="root gets a hash and a role",
            ),
        ],
    )
    def test_another_user_may_take_over(self, superusers, others):
        check_apply_again(superusers, desired(*others, AL_ABSENT))

    @pytest.mark.parametrize("secret", [{"password": NEW}, {"password_hash": NEW_HASH}])
    def test_a_superuser_who_gets_a_usable_hash_takes_over(self, superusers, secret):
        check_apply_again(superusers, desired({"name": "root", **secret}, AL_ABSENT))
        assert UsersTool(superusers).verify("root", NEW)

    def test_a_superuser_whose_hash_stays_does_not_take_over(self, superusers):
        root = {"name": "root", "password": NEW, "update_password": "on_create"}
        refused(superusers, desired(root, AL_ABSENT), NOBODY_LEFT.format("al"))

    def test_a_user_who_loses_the_role_does_not_take_over(self, superusers):
        root = {"name": "root", "password": NEW, "roles_remove": ["superuser"]}
        refused(superusers, desired(root, AL_ABSENT), NOBODY_LEFT.format("al"))

    @pytest.mark.parametrize(
        "user",
        [
            {"name": "ghost", "password": NEW},
            {"name": "bob", "roles_add": ["admin"]},
            {"name": "new", "password": NEW, "roles": ["Superuser"]},
        ],
    )
    def test_users_without_the_role_do_not_take_over(self, superusers, user):
        refused(superusers, desired(user, AL_ABSENT), NOBODY_LEFT.format("al"))

    def test_a_new_password_for_the_last_one_is_fine(self, superusers):
        check_apply_again(superusers, desired({"name": "al", "password": NEW}))

    def test_one_of_two_may_be_removed(self, superusers):
        (superusers / "users_roles").write_text("superuser:al,bob\n")
        check_apply_again(superusers, desired(AL_ABSENT))

    def test_a_realm_without_superusers_is_not_guarded(self, realm):
        check_apply_again(realm, desired(AL_ABSENT, {"name": "bob", "state": "absent"}))

    def test_superusers_who_cannot_log_in_are_not_guarded(self, superusers):
        (superusers / "users_roles").write_text("superuser:root,ghost\n")
        check_apply_again(superusers, desired({"name": "root", "state": "absent"}))

    @pytest.mark.parametrize(
        "text", ["swordfish", "$2a$04$short", "$apr1$R3DdqiAZ$aljIkaIVPSarmDMlJUBBP.", "!", "*"]
    )
    def test_unusable_hashes(self, realm, text):
        (realm / "users").write_text(f"al:{CHEAP_HASH}\nroot:{text}\n")
        (realm / "users_roles").write_text("superuser:al,root\n")
        refused(realm, desired(AL_ABSENT), NOBODY_LEFT.format("al"))

    def test_a_few_of_many_are_named(self, realm):
        names = [f"u{number}" for number in range(8)]
        (realm / "users").write_text("".join(f"{name}:{CHEAP_HASH}\n" for name in names))
        (realm / "users_roles").write_text(f"superuser:{','.join(names)}\n")
        absent = [{"name": name, "state": "absent"} for name in names]
        refused(realm, desired(*absent), NOBODY_LEFT.format("u0, u1, u2, u3, u4 and 3 more"))

    def test_one_line_is_guarded_too(self, superusers):
        with pytest.raises(UnsafePlanError):
            ensure_absent(superusers, "al")
        with pytest.raises(UnsafePlanError):
            ensure_user(superusers, "al", roles=["viewer"])
        assert ensure_user(superusers, "al", roles=["viewer"], force=True).changed
        assert ensure_absent(superusers, "al", force=True).changed


class TestPurge:
    @pytest.mark.parametrize(
        "wanted",
        [
            pytest.param(desired(purge="all"), id="no users"),
            pytest.param(
                desired({"name": "bob", "state": "absent"}, purge="all"), id="absent ones"
            ),
        ],
    )
    def test_by_a_document_that_keeps_nobody(self, realm, wanted):
        rule = r"refused: the document keeps no user and would purge \[al,.*ops-1\]; pass --force"
        refused(realm, wanted, rule)
        check_apply_again(realm, wanted, force=True)
        assert UsersTool(realm).list_users() == {}

    def test_of_managed_users_by_a_document_that_keeps_nobody(self, realm, set_managed):
        set_managed("al")
        refused(realm, desired(purge="managed"), r"would purge \[al\]")

    @pytest.mark.parametrize(
        "more",
        [{"purge": "none"}, {"purge": "managed"}, {"purge": "all", "protect": ["*"]}, {}],
        ids=str,
    )
    def test_that_removes_nobody_is_fine(self, realm, more):
        assert check_apply_again(realm, desired(**more)).changes == ()

    def test_of_an_empty_realm_is_fine(self, config):
        assert check_apply_again(config, desired(purge="all")).changes == ()

    def test_the_message_names_force(self, realm):
        with pytest.raises(UnsafePlanError) as caught:
            apply(plan(realm, desired(purge="all")))
        assert "pass --force (force=True)" in str(caught.value)
        assert str(caught.value) == f"refused: {caught.value.reason}"
