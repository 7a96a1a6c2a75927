"""How the cases of rules about settings are written: the text of ``elasticsearch.yml`` first."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from esfilerealm.keystore import Keystore

from .check_cases import Case, RuleCases

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["KEYSTORE", "about_keystore", "about_settings", "directory", "keystore_with", "yml"]

SETTINGS = "elasticsearch.yml"
KEYSTORE = "elasticsearch.keystore"
#: Its keys are made fast.
_FORMAT = 4


def yml(
    name: str,
    text: str,
    *,
    version: int | None = None,
    files: Mapping[str, str | bytes | None] | None = None,
    password: str | None = None,
    **finds: object,
) -> Case:
    """Return a case of these settings; *finds* is about the finding, whose file is the default."""
    options: dict[str, object] = {}
    if version is not None:
        options["elasticsearch_version"] = version
    if password is not None:
        options["keystore_password"] = password
    return Case(name, {SETTINGS: text, **(files or {})}, options=options, finds=finds)


def directory(name: str) -> Case:
    """Return a case in which a file is a directory, which nobody can read."""

    def make(config: Path) -> None:
        (config / name).mkdir()

    return Case(f"{name} that is a directory", {name: None}, make)


UNREADABLE = (
    Case("settings that are not UTF-8", {SETTINGS: b"a: \xff\n"}),
    directory(SETTINGS),
)


def about_settings(*cases: Case) -> RuleCases:
    """Return the cases of a rule that asks for settings; those with *finds* fire."""
    return RuleCases(*_divided(cases), UNREADABLE)


def about_keystore(*cases: Case, unreadable: str = "") -> RuleCases:
    """Likewise, for a rule that asks for the keystore too; *unreadable* are its settings then."""
    locked = yml(
        "a locked keystore", unreadable, files={KEYSTORE: keystore_with(password="locked")}
    )
    damaged = yml("a damaged keystore", unreadable, files={KEYSTORE: b"damaged"})
    return RuleCases(*_divided(cases), (*UNREADABLE, locked, damaged))


def _divided(cases: tuple[Case, ...]) -> tuple[tuple[Case, ...], tuple[Case, ...]]:
    return (
        tuple(case for case in cases if case.finds),
        tuple(case for case in cases if not case.finds),
    )


@cache
def keystore_with(*names: str, password: str = "") -> bytes:
    """Return a keystore that has these settings."""
    keystore = Keystore.create(format_version=_FORMAT)
    for name in names:
        keystore.set(name, "a secret")
    if password:
        keystore.change_password(password)
    return keystore.to_bytes()
