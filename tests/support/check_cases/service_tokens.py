"""Cases of the rules about ``service_tokens``."""

from __future__ import annotations

from ..hashes import CHEAP_HASH
from ..settings_cases import UNREADABLE as UNREADABLE_SETTINGS
from ..settings_cases import directory
from . import Case, RuleCases

__all__ = ["CASES"]

FILE = "service_tokens"
TOKEN = f"elastic/fleet-server/a:{CHEAP_HASH}\n"
ON = "xpack.security.http.ssl.enabled: true\n"
UNREADABLE = (directory(FILE),)


def fires(name: str, text: str | bytes, line: int | None, **finds) -> Case:
    return Case(name, {FILE: text}, finds={"path": FILE, "line": line, **finds})


def innocent(name: str, text: str | bytes, settings: str = "") -> Case:
    return Case(name, {FILE: text, "elasticsearch.yml": settings})


SOUND = innocent("a comment and a blank line", f"# a\n\n{TOKEN}")

CASES = {
    "EFR490": RuleCases(
        (
            fires(
                "no colon",
                f"{TOKEN}# a\nbroken\n",
                3,
                subject=None,
                severity="error",
                message="there is no [:]",
            ),
            fires("not UTF-8", b"# \n\xff\n", 2, severity="error"),
        ),
        (
            SOUND,
            innocent("no hash", "elastic/fleet-server/a:\n"),
            innocent("indented", f" {TOKEN}"),
        ),
        UNREADABLE,
    ),
    "EFR491": RuleCases(
        (
            fires(
                "a secret in the clear",
                f"{TOKEN}elastic/fleet-server/b:swordfish\n",
                2,
                subject="elastic/fleet-server/b",
                severity="warning",
                message="[elastic/fleet-server/b]: what follows",
            ),
            fires("nothing", "elastic/fleet-server/a:\n", 1),
        ),
        (SOUND, innocent("no colon", "broken\n")),
        UNREADABLE,
    ),
    "EFR492": RuleCases(
        (
            fires(
                "twice",
                f"{TOKEN}\n{TOKEN}",
                3,
                subject="elastic/fleet-server/a",
                severity="warning",
                message="line [1]",
            ),
        ),
        (SOUND, innocent("two names", TOKEN + TOKEN.replace("/a:", "/b:"))),
        UNREADABLE,
    ),
    "EFR493": RuleCases(
        (
            fires("another namespace", TOKEN.replace("elastic", "acme"), 1, severity="warning"),
            fires("two parts", f"elastic/a:{CHEAP_HASH}\n", 1),
            fires("no name", f"elastic/fleet-server/:{CHEAP_HASH}\n", 1),
        ),
        (SOUND, innocent("another account", TOKEN.replace("fleet-server", "kibana"))),
        UNREADABLE,
    ),
    "EFR494": RuleCases(
        (fires("no HTTPS", TOKEN, None, severity="warning", message="[1]"),),
        (
            innocent("HTTPS", TOKEN, ON),
            innocent("no token", "# a\n"),
            innocent("security off", TOKEN, "xpack.security.enabled: false\n"),
        ),
        (
            *UNREADABLE,
            *(Case(c.name, {FILE: TOKEN, **c.files}, c.prepare) for c in UNREADABLE_SETTINGS),
        ),
    ),
}
