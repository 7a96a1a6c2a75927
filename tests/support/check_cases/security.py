"""Cases of the rules about security as a whole."""

from __future__ import annotations

from ..settings_cases import about_settings, yml

__all__ = ["CASES"]

OFF = "xpack.security.enabled: false\n"
ON = "xpack.security.enabled: true\n"
ROLES = "xpack.security.authc.anonymous.roles"

CASES = {
    "EFR410": about_settings(
        yml("off", f"a: 1\n{OFF}", line=2, subject="xpack.security.enabled", severity="error"),
        yml("off, nested", "xpack:\n  security:\n    enabled: false\n", line=3),
        yml("off, with 6", OFF, version=6, line=1),
        yml("on", ON),
        yml("not set", ""),
        yml("not set, with 7", "", version=7),
        yml("of another environment", "xpack.security.enabled: ${NO_SUCH_ONE}\n"),
        yml("another switch", "xpack.security.http.ssl.enabled: false\n"),
    ),
    "EFR411": about_settings(
        yml(
            "7",
            "",
            version=7,
            path="elasticsearch.yml",
            line=None,
            severity="warning",
            message="version [7]",
        ),
        yml("6", "xpack.security.authc.realms.f.type: file\n", version=6, message="version [6]"),
        yml("8", "", version=8),
        yml("5", "", version=5),
        yml("the newest", ""),
        yml("7, on", ON, version=7),
        yml("7, off", OFF, version=7),
    ),
    "EFR415": about_settings(
        yml(
            "a role",
            f"a: 1\n{ROLES}: [viewer, monitoring_user]\n",
            line=2,
            subject=ROLES,
            severity="warning",
            message="[viewer, monitoring_user]",
        ),
        yml("with 7, where the license decides", f"{ROLES}: viewer\n", version=7, line=1),
        yml("superuser", f"{ROLES}: [viewer, superuser]\n"),
        yml("no role", f"{ROLES}: []\n"),
        yml("an empty role", f"{ROLES}: ['']\n"),
        yml("a name only", "xpack.security.authc.anonymous.username: guest\n"),
        yml("security off", f"{OFF}{ROLES}: viewer\n"),
    ),
    "EFR416": about_settings(
        yml(
            "among others",
            f"{ON}{ROLES}: viewer, superuser\n",
            line=2,
            subject=ROLES,
            severity="error",
        ),
        yml("another role", f"{ROLES}: superusers\n"),
        yml("security off", f"{OFF}{ROLES}: superuser\n"),
    ),
    "EFR417": about_settings(
        yml("off", "a: 1\nresource.reload.enabled: false\n", line=2, severity="info"),
        yml("on", "resource.reload.enabled: true\n"),
        yml("slow", "resource.reload.interval.high: 1h\n"),
    ),
}
