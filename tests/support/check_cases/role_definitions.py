"""Cases of the rules about ``roles.yml``."""

from __future__ import annotations

from ..settings_cases import directory
from . import Case, RuleCases

__all__ = ["CASES"]

FILE = "roles.yml"
SOUND = "reader:\n  cluster: [monitor]\n"
UNREADABLE = (directory(FILE),)


def fires(name: str, text: str | bytes, line: int, role: str | None = None, **finds) -> Case:
    about = {"path": FILE, "line": line, "subject": role, "severity": "warning"}
    return Case(name, {FILE: text}, finds={**about, **finds})


def innocent(name: str, text: str | bytes) -> Case:
    return Case(name, {FILE: text})


def indices(entry: str) -> str:
    return f"# roles\nreader:\n  indices:\n    - {entry}\n"


CASES = {
    "EFR480": RuleCases(
        (fires("not UTF-8", b"a:\n  cluster: []\n# \xff\n", 3, severity="error"),),
        (innocent("UTF-8", "# ä\n"), innocent("a broken role", "a: b: c\n"), innocent("none", "")),
        UNREADABLE,
    ),
    "EFR481": RuleCases(
        (
            fires("two colons", f"{SOUND}\nbroken: cluster: a\n", 4, "broken", severity="warning"),
            fires("broken within", "# a\nbroken:\n  cluster: [a\n# b\n  run_as: b\n", 3, "broken"),
            fires("no mapping", "just words\n", 1),
            fires("a list", "- a\n", 1, message="must be a name"),
            fires("a list that is broken", "- [a\n", 1, message="not YAML"),
        ),
        (
            innocent("sound", SOUND),
            innocent("a comment within", "reader:\n# x: [\n  cluster: [monitor]\n"),
            innocent("an alias", "reader:\n  cluster: &a [monitor]\n  run_as: *a\n"),
            innocent("indented before all", f"  x: [\n{SOUND}"),
            innocent("a blank line", f"\n{SOUND}\n  run_as: [a]\n"),
        ),
        UNREADABLE,
    ),
    "EFR482": RuleCases(
        (
            fires(
                "a letter beyond ASCII", f"{SOUND}'rôle':\n  cluster: []\n", 3, severity="warning"
            ),
            fires("a space at the end", "'a ':\n  cluster: []\n", 1),
        ),
        (innocent("with a dot", "team.a:\n  cluster: []\n"), innocent("not YAML", "a: b: c\n")),
        UNREADABLE,
    ),
    "EFR483": RuleCases(
        (
            fires("superuser", f"{SOUND}superuser:\n  cluster: [all]\n", 3, "superuser"),
            fires("for Kibana", "kibana_system:\n  cluster: [all]\n", 1, "kibana_system"),
        ),
        (
            innocent("a similar name", "superusers:\n  cluster: [all]\n"),
            innocent("admin", "admin: {}\n"),
        ),
        UNREADABLE,
    ),
    "EFR484": RuleCases(
        (fires("twice", f"{SOUND}# again\n{SOUND}", 4, "reader", message="line [1]"),),
        (innocent("two names", f"{SOUND}{SOUND.upper().lower().replace('reader', 'writer')}"),),
        UNREADABLE,
    ),
    "EFR485": RuleCases(
        (
            fires("a text", "reader: all\n", 1, "reader", message="mapping"),
            fires(
                "an unknown field",
                "reader:\n  clusters: [all]\n",
                2,
                "reader",
                message="[clusters] is no field of a role; did you mean [cluster]?",
            ),
            fires("for API keys", "reader:\n  restriction: {workflows: [a]}\n", 2, "reader"),
            fires(
                "indices as a mapping",
                "reader:\n  indices: {names: [a]}\n",
                2,
                "reader",
                message="[indices] must be a list",
            ),
            fires(
                "no names",
                indices("privileges: [read]"),
                4,
                "reader",
                message="[indices] needs [names]",
            ),
            fires("no privileges", indices("names: [a]"), 4, "reader", message="[privileges]"),
            fires("empty names", indices("{privileges: [read], names: []}"), 4, "reader"),
            fires("a long description", f"reader:\n  description: {'x' * 1001}\n", 2, "reader"),
        ),
        (
            innocent("all fields", f"{indices('{names: [a], privileges: [read]}')}  run_as: [a]\n"),
            innocent("one name", indices("{names: a, privileges: [read], query: '{}'}")),
            innocent("a description", f"reader:\n  description: {'x' * 1000}\n"),
            innocent("no description", "reader:\n  description:\n"),
            innocent("a long text elsewhere", f"reader:\n  run_as: {'x' * 1001}\n"),
            innocent("a reserved name", "superuser: all\n"),
            innocent("nothing", "reader: {}\n"),
            innocent("metadata", "reader:\n  metadata: {a: {names: []}}\n"),
        ),
        UNREADABLE,
    ),
}
