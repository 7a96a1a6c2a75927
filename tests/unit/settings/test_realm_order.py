"""The order of realms, where the recorded cases of the reference leave questions open."""

from __future__ import annotations

import pytest

from esfilerealm.settings.reader import SettingsReader
from esfilerealm.settings.realm_order import infer_major_version, realm_order
from esfilerealm.settings.sources import Setting

NATIVE_USERS = "xpack.security.authc.native_users.enabled"


def values_of(settings):
    """Settings whose keys begin with the prefix of realms, unless there is a blank before them."""
    return SettingsReader(
        None,
        [
            {
                key.strip() if key[0] == " " else f"xpack.security.authc.realms.{key}": Setting(
                    value, f"line {number}"
                )
                for number, (key, value) in enumerate(settings.items(), 1)
            }
        ],
        {},
    )


def order_of(settings, version):
    values = values_of(settings)
    order = realm_order(values, version)
    problems = [str(p).replace("xpack.security.authc.realms.", "…") for p in values.problems]
    warnings = [w.replace("xpack.security.authc.realms.", "…") for w in values.warnings]
    return [realm.name for realm in order.realms], problems, warnings


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        *(("flie", "file"), ("fil", "file"), ("FILE", "file"), ("files", "file"), ("fule", "file")),
        *(("ldpa", "ldap"), ("activedirectory", "active_directory"), ("natvie", "native")),
        *(("acme_sso", None), ("saml2", None), ("custom", None), ("ad", None), ("f", None)),
        *(("profile", None), ("ldap-x", None), ("openid", None)),
    ],
)
def test_a_near_miss_is_one_letter_away(written, meant):
    _, problems, _ = order_of({f"{written}.x.order": "5"}, 8)
    assert [f"did you mean [{meant}]?" in problem for problem in problems] == [True] * bool(meant)


@pytest.mark.parametrize(
    ("settings", "version"),
    [
        ({}, 8),
        ({"file.f.order": "0"}, 8),
        ({"f.type": "file"}, 6),
        ({"f.order": "0"}, 8),
        ({"file.type.order": "0"}, 8),
        ({"ldap.l.own.type": "x"}, 8),
        ({"file.f.order": "0", "l.type": "ldap"}, 6),
    ],
)
def test_the_inferred_version(settings, version):
    assert infer_major_version(values_of(settings)) == version


def test_one_of_every_type():
    types = ("ldap", "active_directory", "pki", "saml", "kerberos", "oidc", "jwt")
    types += ("native", "file")
    settings = {f"{kind}.r{n}.order": str(-n) for n, kind in enumerate(types)}
    names, problems, warnings = order_of(settings, 8)
    assert names == ["reserved", *(f"r{n}" for n in reversed(range(len(types))))]
    assert (problems, warnings) == ([], [])


class TestSince8:
    def test_orders(self):
        names, problems, _ = order_of(
            {"pki.p.enabled": "true", "ldap.l.order": "2", "saml.s.order": "2", "jwt.j.order": ""},
            8,
        )
        assert names == ["reserved", "default_file", "default_native", "l", "s", "p"]
        assert problems == [
            (
                "setting […pki.p.order] in line 1: is missing; "
                "since Elasticsearch 8, every enabled realm needs one"
            ),
            (
                "setting […saml.s.order] is [2] in line 3: realm [l] in line 2 has the same order; "
                "since Elasticsearch 8, every enabled realm needs its own"
            ),
        ]

    def test_a_second_file_realm_that_is_disabled(self):
        _, problems, _ = order_of({"file.a.order": "1", "file.b.enabled": "false"}, 8)
        assert problems == [
            (
                "setting […file.b] in line 2: only one realm of type file is allowed, "
                "even if it is disabled; the other one is [a] in line 1"
            )
        ]

    @pytest.mark.parametrize(
        ("name", "version"), [("default_native", 8), ("default_file", 9), ("reserved", 8)]
    )
    def test_names_of_implicit_realms(self, name, version):
        _, problems, _ = order_of({f"ldap.{name}.order": "1"}, version)
        assert problems == [
            (f"setting […ldap.{name}] in line 1: has the name of a realm that a node adds itself")
        ]

    @pytest.mark.parametrize("kind", ["file", "native"])
    def test_a_basic_realm_may_be_called_like_the_implicit_one(self, kind):
        assert order_of({f"{kind}.default_{kind}.order": "1"}, 8)[1] == []

    def test_without_native_users(self):
        names, problems, _ = order_of({f" {NATIVE_USERS}": "false"}, 8)
        assert (names, problems) == (["reserved", "default_file"], [])
        names, problems, _ = order_of({f" {NATIVE_USERS}": "false", "native.n.order": "0"}, 8)
        assert problems == [
            (
                f"setting [{NATIVE_USERS}] is [false] in line 1: "
                "must not be false where a native realm is configured"
            )
        ]
        names, problems, _ = order_of({f" {NATIVE_USERS}": "false"}, 7)
        assert (names, problems) == (["reserved", "default_file", "default_native"], [])

    def test_keys_of_other_types_are_not_checked(self):
        assert order_of({"ldap.l.order": "1", "ldap.l.bind_pasword": "x"}, 8)[1] == []
        assert "must be a whole number" in order_of({"ldap.l.order": "x"}, 8)[1][0]
        assert "must be exactly" in order_of({"ldap.l.order": "1", "ldap.l.enabled": "y"}, 8)[1][0]

    def test_a_mistyped_type_is_reported_once(self):
        _, problems, _ = order_of({"flie.c.order": "1", "flie.c.key": "x"}, 8)
        assert problems == [
            "setting […flie.c.order] in line 1: unknown realm type [flie]; did you mean [file]?"
        ]

    def test_a_type_of_a_plugin_is_noted_once(self):
        values = values_of({"custom.c.order": "1", "custom.c.key": "x", "file.f.order": "0"})
        order = realm_order(values, 8)
        assert [realm.name for realm in order.realms][-2:] == ["f", "c"]
        assert values.problems == []
        (note,) = values.notes
        assert (
            "realms.custom.c.order] in line 1: Elasticsearch has no realm of type [custom]" in note
        )

    def test_the_old_spelling(self):
        _, problems, _ = order_of({"f.type": "file"}, 8)
        assert problems[0].endswith("this is the spelling of Elasticsearch 5 and 6")


class TestIn7:
    def test_warnings(self):
        names, problems, warnings = order_of(
            {"ldap._l.enabled": "true", "pki.b.order": "1", "saml.a.order": "1"}, 7
        )
        assert (names, problems) == (["reserved", "a", "b", "_l"], [])
        assert warnings == [
            "setting […ldap._l] in line 1: names that start with [_] are reserved",
            (
                "setting […ldap._l.order] in line 1: is missing, so the realm sorts last; "
                "an error since 8"
            ),
            ("setting […saml.a.order] in line 3: realm [b] has the same order; an error since 8"),
            *(
                f"there is no realm of type {kind}, because others are enabled and no setting "
                "mentions it: it is not in the chain, and its users cannot log in; since 8, "
                "it exists unless it is disabled"
                for kind in ("file", "native")
            ),
        ]

    def test_a_disabled_file_realm_is_mentioned(self):
        names, _, warnings = order_of({"ldap.l.order": "0", "file.f.enabled": "false"}, 7)
        assert names == ["reserved", "l"]
        assert len(warnings) == 1
        assert "type native" in warnings[0]

    def test_a_disabled_kerberos_realm_does_not_count(self):
        settings = {"kerberos.a.order": "0", "kerberos.b.enabled": "false"}
        assert order_of(settings, 7)[1] == []
        assert "one realm of type kerberos" in order_of(settings, 8)[1][0]

    def test_names_of_disabled_realms_may_repeat(self):
        settings = {"ldap.x.order": "0", "pki.x.enabled": "false"}
        assert order_of(settings, 7)[1] == []

    def test_nothing_to_warn_of(self):
        settings = {"file.f.order": "0", "native.n.order": "1", "ldap.l.order": "2"}
        for given in ({}, settings, {"ldap.l.enabled": "false"}):
            assert order_of(given, 7)[1:] == ([], [])

    def test_default_names_are_free(self):
        assert order_of({"ldap.default_file.order": "0"}, 7)[1] == []


class TestIn5And6:
    def test_own_keys(self):
        _, problems, _ = order_of({"f.type": "file", "f.cache.tll": "1s", "g.order": "1"}, 6)
        assert problems == [
            (
                "setting […f.cache.tll] in line 2: unknown setting of a realm of type file; "
                "did you mean [cache.ttl]?"
            ),
            (
                "setting […g.type] in line 3: is missing: "
                "in Elasticsearch 5 and 6, every realm has one"
            ),
        ]

    def test_types(self):
        _, problems, _ = order_of({"f.order": "1", "f.type": "fiel", "type": "file"}, 6)
        assert problems == [
            "setting […f.type] is [fiel] in line 2: unknown realm type; did you mean [file]?",
            "setting […type] in line 3: must be […<name>.<key>]",
        ]

    @pytest.mark.parametrize("version", [5, 6])
    def test_a_plugin_realm_alone_displaces_the_file_realm(self, version):
        names, problems, warnings = order_of({"a.type": "acme_sso"}, version)
        assert (names, problems) == (["reserved", "a"], [])
        assert warnings[0].startswith("there is no realm of type file, because others are enabled")

    def test_two_kerberos_realms_are_left_to_a_node(self):
        assert order_of({"a.type": "kerberos", "b.type": "kerberos"}, 6)[1] == []
