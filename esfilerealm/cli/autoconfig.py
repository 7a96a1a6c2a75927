"""``autoconfig``: whether a first start would configure security, and why not."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ..checks.autoconfiguration import explain
from ..errors import FileRealmError
from ..keystore import load_header
from ..keystore.file import FILE_NAME
from .exits import NOT_CONFIGURED, OK
from .passwords import KEYSTORE_PROMPT, named_password
from .terminal import VERBOSE

if TYPE_CHECKING:
    from ..checks.autoconfiguration import AutoConfiguration
    from .arguments import Arguments
    from .target import Target
    from .terminal import Terminal

__all__ = ["run_autoconfig"]


def run_autoconfig(arguments: Arguments, target: Target, terminal: Terminal) -> int:
    """Print what a first start would do, and every reason."""
    config_dir = target.config_dir
    password = named_password(arguments, "keystore-password")
    if password is None:
        password = _asked(config_dir, terminal)
    result = explain(
        config_dir,
        home=arguments.value("home"),
        settings=arguments.settings(),
        keystore_password=password,
        enrollment=arguments.has("enrollment"),
    )
    _print(result, terminal)
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        note = "NOTE: you are root, who may do what the user of the node may not"
        terminal.note(note, VERBOSE)
    return OK if result.configured else NOT_CONFIGURED


def _asked(config_dir: str, terminal: Terminal) -> str:
    """Ask for the password of the keystore, if it has one and somebody is there to answer."""
    try:
        needs_password = load_header(os.path.join(config_dir, FILE_NAME)).has_password
    except FileRealmError:  # `explain` says more of it
        return ""
    return terminal.ask_secret(KEYSTORE_PROMPT) if needs_password and terminal.is_console else ""


def _print(result: AutoConfiguration, terminal: Terminal) -> None:
    # Elsewhere, `check` is whether nothing was to be written.
    names = {"check": "rule"}
    terminal.result |= {names.get(key, key): value for key, value in result.to_dict().items()}
    if result.configured:
        terminal.print(_verdict(result))
    else:
        terminal.print_problem(_verdict(result), is_error=True)
    for hit in result.hits:
        terminal.print_problem(f"  {hit.place}{hit.rule}: {hit.message}", is_error=False)
        terminal.print(f"    {hit.advice}")


def _verdict(result: AutoConfiguration) -> str:
    if result.exit == "OK":
        return "A first start would configure security, with certificates and TLS"
    if result.configured:
        return "A first start would go on with its enrollment token: nothing here is against it"
    first = next(hit for hit in result.hits if hit.decides)
    if result.start == "fails":
        return f"A first start would fail because of [{first.rule}]"
    words = "with a message" if result.shown else "without a word"
    # It is decrypted for the node in any case, after this.
    fails = any(hit.rule == "keystore" for hit in result.hits)
    end = "and then fail because of the [keystore]" if fails else "with the settings that are there"
    return (
        f"A first start would not configure security because of [{first.rule}]; it would go on "
        f"{words}, {end}"
    )
