"""Cases of the rules about ``elasticsearch.yml`` as a file."""

from __future__ import annotations

from ..settings_cases import SETTINGS, about_settings, directory, yml
from . import Case, RuleCases

__all__ = ["CASES"]

DIRECTORY = (directory(SETTINGS),)

CASES = {
    "EFR401": RuleCases(
        (
            Case(
                "not UTF-8",
                {SETTINGS: b"a: \xff\n"},
                finds={"path": SETTINGS, "line": None, "message": "not UTF-8"},
            ),
            yml("not a mapping", "- a\n", line=1, severity="error"),
            yml("a quote that does not end", 'a: 1\nb: "x\n', severity="error"),
            yml("a second document", "a: 1\n---\nb: 2\n", line=2),
        ),
        (
            yml("nothing", ""),
            yml("a comment", "# nothing\n"),
            yml("one key twice", "a: 1\na: 2\n"),
            yml("a file of another name", "a: 1\n", files={"elasticsearch.yaml": ""}),
        ),
        DIRECTORY,
    ),
    "EFR402": RuleCases(
        (
            yml(
                "the other ending",
                "",
                files={"elasticsearch.yaml": ""},
                path="elasticsearch.yaml",
                severity="warning",
                message="ignores",
            ),
            yml(
                "with 8",
                "",
                version=8,
                files={"elasticsearch.json": "{}"},
                path="elasticsearch.json",
                severity="error",
            ),
        ),
        (yml("a copy", "", files={"elasticsearch.yml.bak": ""}),),
        (Case("a directory that cannot be listed", broken="entries"),),
    ),
    "EFR403": RuleCases(
        (
            yml(
                "no value",
                "a: 1\nb.c:\n",
                line=2,
                subject="b.c",
                severity="error",
                message="[b.c]: has",
            ),
            yml("twice", "a: 1\na: 2\n", line=2, subject="a", severity="error"),
            yml("nothing but null", "null\n", line=1, subject=None, severity="error"),
            yml("as a list, and as its items", "a: 1\na.0: 2\n", line=None, subject="a"),
            yml("with dots and nested", "a.b: 1\na:\n  b: 2\n", line=3, severity="warning"),
            yml("a mapping in a list", "a: [{b: 1}]\n", line=1, severity="error"),
        ),
        (
            yml("an empty text", 'a: ""\n'),
            yml("two keys of one mapping", "a.b: 1\na:\n  c: 2\n"),
        ),
        DIRECTORY,
    ),
    "EFR404": about_settings(
        yml(
            "two of them",
            "a: 1\nnode.name: ${NO_SUCH_ONE}-${NO_SUCH_TWO}\n",
            line=2,
            subject="node.name",
            severity="info",
            message="[node.name] has [NO_SUCH_ONE, NO_SUCH_TWO]",
        ),
        yml("in a list", "path.repo: [/a, '${NO_SUCH_ONE}']\n", subject="path.repo"),
        yml("with a default", "node.name: ${NO_SUCH_ONE:n1}\n"),
        yml("another setting", "a: n1\nnode.name: ${a}\n"),
        yml("a brace that is not closed", "node.name: ${a\n"),
    ),
    "EFR405": about_settings(
        yml(
            "roles of the anonymous user",
            "xpack.security.enabled: false\nxpack.security.authc.anonymous.roles: a\n"
            "xpack.security.http.ssl.enabled: true\n",
            line=2,
            subject="xpack.security.authc.anonymous.roles",
            severity="info",
            message="[1] more",
        ),
        yml("only the switch", "xpack.security.enabled: false\nxpack.ml.enabled: true\n"),
        yml("security on", "xpack.security.authc.anonymous.roles: a\n"),
        yml(
            "by the license",
            "xpack.security.authc.anonymous.roles: a\n",
            version=7,
        ),
    ),
}
