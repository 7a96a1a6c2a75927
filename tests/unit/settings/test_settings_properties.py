"""Any settings and any file are read, or refused with an error of ours."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esfilerealm import RealmSettings
from esfilerealm.errors import InvalidSettingError
from esfilerealm.settings.report import inspect_settings
from esfilerealm.settings.yaml_file import KeyIssue, flat_settings

pytestmark = pytest.mark.property

REALMS = "xpack.security.authc.realms"
KEYS = [
    "xpack.security.authc.password_hashing.algorithm",
    "xpack.security.fips_mode.enabled",
    "xpack.security.authc.reserved_realm.enabled",
    "xpack.security.authc.anonymous.username",
    "xpack.security.authc.native_users.enabled",
    "resource.reload.enabled",
    "resource.reload.interval",
    "resource.reload.interval.high",
    "resource.reload.interval.medium",
    "a",
    "a.0",
    "a.1",
    *(
        f"{REALMS}.{realm}.{key}"
        for realm in ("f", "_g", "file.f", "file.g", "native.f", "ldap._l", "fil.f", "", "file")
        for key in ("type", "order", "enabled", "cache.ttl", "cache.max_users", "cache.hash_algo")
    ),
]
VALUES = [
    *(
        "true",
        "false",
        "yes",
        "",
        "0",
        "1",
        "-1",
        "2147483648",
        "20m",
        "20M",
        "1.5h",
        "file",
        "ldap",
    ),
    *("md5", "bcrypt", "PBKDF2", "sha256", "${a}", "${NOPE}", "${NOPE:}", "${NOPE:true}", "${"),
]

keys = st.one_of(st.sampled_from(KEYS), st.sampled_from(KEYS).map(lambda key: f"force.{key}"))
texts = st.one_of(st.sampled_from(VALUES), st.text(max_size=8))


@given(st.dictionaries(keys, texts, max_size=12), st.one_of(st.none(), st.integers(5, 9)))
def test_any_settings(overrides, version):
    report = inspect_settings(None, options=overrides, environ={}, elasticsearch_version=version)
    try:
        settings = RealmSettings.load(None, overrides, elasticsearch_version=version)
    except InvalidSettingError as error:
        assert report.problems
        assert (error.key, error.value) == (report.problems[0].key, report.problems[0].value)
    else:
        assert not report.problems
        assert len(settings.warnings) == len(report.warnings)
    assert len({setting.key for setting in report.settings}) >= len(report.settings) >= 14


@given(
    st.one_of(
        st.binary(), st.text(alphabet="ab:- \n#&*?[]{},|'\"!~.0$", max_size=40).map(str.encode)
    )
)
def test_any_file(data):
    problems: list[InvalidSettingError] = []
    issues: dict[str, list[KeyIssue]] = {}
    settings = flat_settings(data, "path", problems, issues)
    assert all(issue.rule and issue.effect for found in issues.values() for issue in found)
    assert all(isinstance(value, str | list) and where for value, where in settings.values())
    assert all(str(problem) for problem in problems)
