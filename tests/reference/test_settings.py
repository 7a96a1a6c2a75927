"""The cases of the area settings, and those of the area watcher that are about intervals."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from support.hashes import CHEAP_HASH
from support.reference import cases

import esfilerealm
from esfilerealm import RealmSettings
from esfilerealm._storage.read import read_file
from esfilerealm.errors import InvalidSettingError
from esfilerealm.formats import parse_users, parse_users_roles
from esfilerealm.formats.roles_yml import parse_role_names
from esfilerealm.formats.service_tokens import parse_service_tokens
from esfilerealm.settings.reader import SettingsReader
from esfilerealm.settings.realm_order import realm_order
from esfilerealm.settings.sources import Setting
from esfilerealm.settings.time_value import nanoseconds

VERSIONS = {
    "5/6": (5, 6),
    "7": (7,),
    "7 and later": (7, 8, 9),
    "8+": (8, 9),
    "any": (5, 6, 7, 8, 9),
}

#: What our message says where the reference has words of Elasticsearch's.
MESSAGES = {
    "missing realm type": "realms.foo.type] in the overrides: is missing",
    "unknown realm type [nosuch]": "[nosuch]",
    "multiple [file] realms are configured": "only one realm of type file is allowed",
    "multiple realms configured with the same name": "has the same name",
    "can only have one such realm configured": "only one realm of type kerberos is allowed",
    "'order' is a mandatory parameter": "ldap.x.order] in the overrides: is missing",
    "configured with the same order": "has the same order",
    "name clashing": "has the name of a realm that a node adds itself",
    "unknown setting [xpack.security.authc.realms.file.file2.not-valid]": (
        "setting [xpack.security.authc.realms.file.file2.not-valid] in the overrides: unknown"
    ),
    "can't contain values for": "also given as [foobar.0] in",
    "foobar": "setting [foobar] in",
    "null-valued setting": "has no value",
    "[foo]": "setting [foo] in",
    "line number [1]": "line 1",
    "column number [5]": "column 5",
    "malformed": "behind the end of the document",
    "only value lists are allowed": "must hold plain values only",
    "Could not resolve placeholder": "[NOPE] is neither in the environment nor a setting",
    "Circular placeholder reference": "refers to itself",
}
WARNINGS = {
    "Found realms without order config": "ldap.a.order] in the overrides: is missing",
    "configured with the same order": "realm [b] has the same order; an error since 8",
    "explicitly disabled basic realm": "the realm is used anyway, because no realm is enabled",
    "implicitly disabled basic realm": "there is no realm of type file, because others are enabled",
    "reserved prefix": "names that start with [_] are reserved",
}

SETTINGS = cases("settings")


def of(*kinds):
    """The cases that give something of these kinds, and none of the others do."""
    return [param for param in SETTINGS if kind(param.values[0]) in kinds]


def kind(case):
    given = case.given
    if "unread" in case.expect:
        return "unread"
    if "file" in given:
        return given["file"]
    return next(key for key in ("yml", "files", "declared", "realm", "generation") if key in given)


def test_every_case_is_tried_here():
    kinds = {kind(param.values[0]) for param in SETTINGS}
    assert kinds == {
        *("yml", "files", "declared", "realm", "generation", "unread"),
        *("users", "users_roles", "roles.yml", "service_tokens"),
    }
    assert len(SETTINGS) == 91


def overrides_of(case):
    texts = {
        key: json.dumps(value) if isinstance(value, bool) else value
        for key, value in case.given["settings"].items()
    }
    return {key: v if isinstance(v, list) else str(v) for key, v in texts.items()}


def chain_of(case, version):
    layer = {key: Setting(value, "the overrides") for key, value in overrides_of(case).items()}
    values = SettingsReader(None, [layer], {})
    reserved = values.boolean("xpack.security.authc.reserved_realm.enabled", "true")
    return values, realm_order(values, version, reserved_realm_enabled=reserved)


@pytest.mark.parametrize("case", of("generation"))
def test_realm_chain(case):
    expect = case.expect
    for version in VERSIONS[case.given["generation"]]:
        values, chain = chain_of(case, version)
        names = [realm.name for realm in chain.realms]
        if "error_contains" in expect:
            with pytest.raises(InvalidSettingError) as caught:
                RealmSettings.load(None, overrides_of(case), elasticsearch_version=version)
            assert MESSAGES[expect["error_contains"]] in str(caught.value)
            continue
        assert not values.problems
        if expect.get("ok"):
            RealmSettings.load(None, overrides_of(case), elasticsearch_version=version)
        if "chain" in expect:
            assert names == expect["chain"]
        if "chain_lacks" in expect:
            assert expect["chain_lacks"] not in names
        if "warning_contains" in expect:
            assert WARNINGS[expect["warning_contains"]] in "\n".join(values.warnings)
        if "warning_about_order" in expect:
            assert (
                any("order" in warning for warning in values.warnings)
                == (expect["warning_about_order"])
            )


@pytest.mark.parametrize("case", of("realm"))
def test_file_realm_defaults(case):
    settings = RealmSettings.load(None, case.given["settings"])
    assert case.expect == {
        "enabled": settings.enabled,
        "cache.ttl": "20m" if settings.cache_ttl == seconds("20m") else settings.cache_ttl,
        "cache.max_users": settings.cache_max_users,
        "cache.hash_algo": settings.cache_hash_algo,
        "authentication.enabled": settings.authentication_enabled,
    }


@pytest.mark.parametrize("case", of("yml"))
def test_yml(case, tmp_path):
    (tmp_path / "elasticsearch.yml").write_text(case.given["yml"], encoding="utf-8")
    values = SettingsReader(tmp_path, [], case.given.get("env", {}))
    read = values.strings if "list" in case.expect else values.string
    settings = {key: read(key) for key in values.keys_below("")}
    values.claim_below("")  # as if all of them were about the file realm
    fragments = case.expect.get("error_contains", ())
    messages = "\n".join(map(str, values.problems))
    for fragment in [fragments] if isinstance(fragments, str) else fragments:
        assert MESSAGES[fragment] in messages
    assert bool(messages) == bool({"error", "error_contains"} & set(case.expect))
    expected = case.expect.get("settings", case.expect.get("list", {}))
    assert {key: settings.get(key) for key in expected} == expected
    if expected == {} and not messages:
        assert settings == {}


@pytest.mark.parametrize("case", of("files"))
def test_other_files(case, tmp_path):
    for name in case.given["files"]:
        (tmp_path / name).touch()
    for check_realm in (True, False):
        with pytest.raises(InvalidSettingError, match="a node does not start with this file"):
            RealmSettings.load(tmp_path, check_realm=check_realm)


@pytest.mark.parametrize("case", of("declared"))
def test_settings_of_others(case):
    """Which of them are secure is not known here."""
    assert case.expect == {"ok": True}
    RealmSettings.load(None, case.given["settings"])


@pytest.mark.parametrize("case", of("users"))
def test_users(case, tmp_path):
    if case.given.get("missing"):
        assert not read_file(str(tmp_path / "users")).exists
        assert parse_users(b"").users == case.expect["lenient"]
        return
    parsed = parse_users(case.given["text"].encode())
    assert list(parsed.users) == case.expect["users"]
    assert len(parsed.issues) == case.expect.get("errors", len(parsed.issues))
    if "debug_contains" in case.expect:
        assert case.expect["debug_contains"] == f"parsed [{len(parsed.users)}] users"


@pytest.mark.parametrize("case", of("users_roles"))
def test_users_roles(case):
    roles = parse_users_roles(case.given.get("text", "").encode()).roles_by_user
    if "ask" in case.given:
        assert list(roles.get(case.given["ask"], ())) == case.expect["roles"]
    else:
        assert {name: list(own) for name, own in roles.items()} == case.expect["roles"]


@pytest.mark.parametrize("case", of("roles.yml"))
def test_role_names(case):
    """Only the names are read here, so what a node logs about them has no counterpart."""
    text = case.given.get("text") or (
        "role_fields:\n  indices:\n    - names: [i]\n      privileges: [READ]\n"
        "      field_security: {grant: [a]}\n"
    )
    names = case.expect.get("names", case.expect.get("roles"))
    assert parse_role_names(text.encode()) == set(names)


@pytest.mark.parametrize("case", of("service_tokens"))
def test_service_tokens(case):
    """With hashes in the place of their beginnings, of which nobody could use a token."""
    text = re.sub(r"\$2a\$10\$[xy]$", CHEAP_HASH, case.given["text"], flags=re.MULTILINE)
    parsed = parse_service_tokens(text.encode())
    assert list(parsed.names) == list(case.expect.get("tokens", ()))
    found = [f"line #{issue.line_number}" for issue in parsed.issues]
    if "strict_error_contains" in case.expect:
        assert found == [case.expect["strict_error_contains"]]
    else:
        assert len(found) == case.expect.get("warnings", 0)


@pytest.mark.parametrize("case", of("unread"))
def test_what_is_not_read(case):
    """Once it is, this difference is none any more."""
    package = Path(esfilerealm.__file__).parent
    assert not [
        path
        for path in package.rglob("*.py")
        if case.expect["unread"] in path.read_text(encoding="utf-8")
    ]


INTERVALS = [case for case in cases("watcher") if "interval" in case.values[0].name]


def test_every_case_of_intervals_is_tried_here():
    assert [param.id for param in INTERVALS] == [
        "watcher/default intervals",
        "watcher/legacy interval moves only medium",
        "watcher/explicit intervals",
        "watcher/explicit medium beats the legacy interval",
    ]


@pytest.mark.parametrize("case", INTERVALS)
def test_intervals(case):
    settings = RealmSettings.load(None, case.given["settings"])
    expect = dict(case.expect)
    assert settings.reload_enabled == expect.pop("enabled", True)
    for frequency, text in expect.items():
        assert getattr(settings, f"reload_interval_{frequency}") == seconds(text)


def seconds(text):
    return nanoseconds(text) / 10**9
