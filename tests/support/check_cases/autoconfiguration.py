"""Cases of the rules about automatic configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import Case, RuleCases
from .keystore import HTTP, keystore

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["CASES"]

YML = "elasticsearch.yml"
SWITCH = "xpack.security.autoconfiguration.enabled"
BEGIN = "#----------------------- BEGIN SECURITY AUTO CONFIGURATION -----------------------\n"
END = "#----------------------- END SECURITY AUTO CONFIGURATION -------------------------\n"
STORE = "xpack.security.http.ssl:\n  keystore.path: certs/http.p12\n"
TRANSPORT = "xpack.security.transport.ssl.keystore.path: certs/t.p12\n"
NOT_UTF8 = Case("settings that are not UTF-8", {YML: b"\xff\n"})
NO_YAML = Case("settings that are broken", {YML: "- a\n"})
UNREADABLE_FOLDER = Case("a directory that cannot be listed", broken="entries")


def settings(name: str, text: str, line: int = 0, **others: object) -> Case:
    """Return a case of a node with these settings, of which a line is found."""
    finds = {"path": YML, "line": line} if line else {}
    return Case(name, {YML: text, "log4j2.properties": ""}, finds=finds, options=others)


def block(name: str, text: str, *, finds: dict[str, object] | None = None, **files: bytes) -> Case:
    """Return a case of a node with a generated block."""
    content = {YML: f"a: 1\n{BEGIN}{text}{END}", "certs/http.p12": b"p12"} | {
        path.replace("_", "."): data for path, data in files.items()
    }
    return Case(name, content, finds=finds or {})


def store(
    name: str, *entries: str, text: str = STORE, finds: dict[str, object] | None = None
) -> Case:
    """Return a case of a node whose generated store is there, and these entries."""
    files = {YML: f"a: 1\n{BEGIN}{text}{END}", "certs/http.p12": b"p12", **keystore(*entries)}
    return Case(name, files, finds=finds or {})


def left(name: str, *, is_directory: bool = False, finds: dict[str, object] | None = None) -> Case:
    """Return a case of a directory in which this is left."""

    def prepare(directory: Path) -> None:
        (directory / name).mkdir() if is_directory else (directory / name).touch()

    return Case(name, prepare=prepare, finds=finds or {"path": name})


CASES = {
    "EFR701": RuleCases(
        (
            settings("switched off", f"a: 1\n{SWITCH}: false\n", 2),
            Case(
                "switched off where security is configured",
                {YML: f"xpack.security.enabled: true\n{SWITCH}: false\n"},
                finds={"severity": "info"},
            ),
            Case(
                "switched off where TLS is configured",
                {YML: f"xpack.security.http.ssl.enabled: true\n{SWITCH}: false\n"},
                finds={"severity": "info"},
            ),
            Case("switched off alone", {YML: f"{SWITCH}: false\n"}, finds={"severity": "warning"}),
        ),
        (
            settings("switched on", f"{SWITCH}: true\n"),
            settings("off before there was any", f"{SWITCH}: false\n", elasticsearch_version=7),
        ),
        (NOT_UTF8, NO_YAML),
    ),
    "EFR702": RuleCases(
        (
            settings("a node that joins others", "a: 1\ndiscovery.seed_hosts: [b]\n", 2),
            settings("a node that cannot be elected", "node.roles: [ingest]\n", 1),
            Case(
                "data of an earlier start",
                {YML: "path.data: [d]\n", "log4j2.properties": ""},
                prepare=lambda directory: (directory.parent / "d" / "nodes").mkdir(parents=True),
                finds={"subject": "path.data", "message": "not empty"},
            ),
        ),
        (
            settings("a fresh node", "cluster.name: blue\n"),
            settings("a node of the host", "node.name: n\ncluster.initial_master_nodes: [n]\n"),
            settings("security by hand", "xpack.security.enabled: true\nnode.roles: [ingest]\n"),
            settings("TLS by hand", "xpack.security.http.ssl.key: a\nnode.roles: [ingest]\n"),
            settings("switched off", f"{SWITCH}: false\nnode.roles: [ingest]\n"),
            settings("an older node", "node.roles: [ingest]\n", elasticsearch_version=7),
            Case("part of a node", {YML: "node.roles: [ingest]\n"}),
            Case("no settings at all", {YML: None, "log4j2.properties": ""}),
        ),
        (NOT_UTF8, Case("data that cannot be looked at", {YML: "a: 1"}, broken="obstacles")),
    ),
    "EFR703": RuleCases(
        (
            store("no entry", finds={"path": YML, "line": 4, "message": f"[{HTTP}]"}),
            block("no keystore", STORE, finds={"path": YML, "line": 4}),
        ),
        (
            store("the entry", HTTP),
            store("a password in the settings", text=f"{STORE}  keystore.password: x\n"),
            store("a store that is not there", text=TRANSPORT),
            Case("a store of somebody else", {YML: STORE, "certs/http.p12": b"p12"}),
            Case(
                "a store of somebody else beside the block",
                {YML: f"{STORE}{BEGIN}{END}", "certs/http.p12": b"p12"},
            ),
        ),
        (
            NOT_UTF8,
            block("a keystore that is damaged", STORE, elasticsearch_keystore=b"damaged"),
        ),
    ),
    "EFR704": RuleCases(
        (
            left("elasticsearch.keystore.1700000000.orig"),
            left("certs.1700000000.tmp", is_directory=True),
        ),
        (left("certs.1700000000.orig", is_directory=True), left("elasticsearch.keystore.orig")),
        (UNREADABLE_FOLDER,),
    ),
    "EFR705": RuleCases(
        (left("certs.1700000000.orig", is_directory=True),),
        (left("certs.orig", is_directory=True), left("certs.1700000000.tmp", is_directory=True)),
        (UNREADABLE_FOLDER,),
    ),
    "EFR706": RuleCases(
        (
            Case("no end", {YML: f"{BEGIN}a: 1\n"}, finds={"path": YML}),
            Case("no beginning", {YML: f"a: 1\n{END}"}, finds={"path": YML}),
            Case("two blocks", {YML: f"{BEGIN}{END}{BEGIN}{END}"}, finds={"path": YML}),
        ),
        (
            block("one block", "http.host: 0.0.0.0\n"),
            Case("no block", {YML: "a: 1\n"}),
            Case("words that are no comment", {YML: f"a: 'x {BEGIN.strip()}'\n"}),
        ),
        (NOT_UTF8,),
    ),
    "EFR707": RuleCases(
        (
            block(
                "a setting of somebody",
                "http.host: 0.0.0.0\npath.repo: /b\n",
                finds={"path": YML, "line": 4, "subject": "path.repo"},
            ),
        ),
        (
            block("what is generated", "http.host: 0.0.0.0\n"),
            block("what an enrollment adds", "discovery.seed_hosts: [a]\ntransport.host: a\n"),
            Case("a setting behind the block", {YML: f"{BEGIN}{END}path.repo: /b\n"}),
        ),
        (NOT_UTF8,),
    ),
}
