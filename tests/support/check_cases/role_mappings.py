"""Cases of the rules about files of role mappings."""

from __future__ import annotations

from ..settings_cases import UNREADABLE, directory, yml
from . import RuleCases

__all__ = ["CASES"]

REALM = "xpack.security.authc.realms.ldap.l"
MAPPING = f"{REALM}.files.role_mapping: own.yml\n"
OFF = f"{MAPPING}{REALM}.enabled: false\n"
BROKEN = {"own.yml": "a: [\n"}

CASES = {
    "EFR438": RuleCases(
        (
            yml(
                "a bad name",
                MAPPING,
                files={"own.yml": "viewer:\n  - cn=a\n  - nonsense\n"},
                path="own.yml",
                line=3,
                severity="error",
            ),
            yml("no YAML", MAPPING, files=BROKEN, path="own.yml", severity="error"),
            yml(
                "a dot",
                MAPPING,
                files={"own.yml": "a.b: [cn=a]\n"},
                path="own.yml",
                line=1,
                severity="warning",
            ),
            yml(
                "JSON",
                MAPPING.replace("yml", "json"),
                files={"own.json": '{"viewer": ["nonsense"]}'},
                path="own.json",
                severity="error",
                message="nonsense",
            ),
            yml(
                "the file that no setting names",
                "",
                files={"role_mapping.yml": "viewer: [nonsense]\n"},
                path="role_mapping.yml",
                line=1,
                severity="warning",
            ),
        ),
        (
            yml("sound", MAPPING, files={"own.yml": "viewer: ['cn=a,dc=b']\n"}),
            yml("missing", MAPPING),
            yml("missing JSON", MAPPING.replace("yml", "json")),
            yml("a file of another use", f"{REALM}.ssl.key: own.yml\n", files=BROKEN),
            yml("as it is shipped", "", files={"role_mapping.yml": "# nothing\n"}),
            yml("of a realm that is off", OFF, files=BROKEN),
            yml("another key", MAPPING.replace("files.role_mapping", "key"), files=BROKEN),
            yml("elsewhere", MAPPING.replace("own", "${NO_SUCH_ONE}"), files=BROKEN),
        ),
        (
            *UNREADABLE,
            directory("role_mapping.yml"),
            yml("outside", MAPPING.replace("own", "../own")),
            yml("elsewhere", MAPPING.replace("own", "/opt/own")),
        ),
    ),
}
