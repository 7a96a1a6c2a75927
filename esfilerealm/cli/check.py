"""``check``: what a person should look at, in a format for people or programs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from .._storage import read_file
from ..admin.known_roles import declared_roles
from ..checks.configuration import FAIL_ON, Configuration, find_configuration
from ..checks.formats import FORMATS, render
from ..checks.formats.text import count_of
from ..checks.guessing import MOST_GUESSES
from ..checks.node import Node
from ..checks.parts import Unreadable
from ..checks.registry import all_rules
from ..checks.run import examine
from ..checks.selection import codes_of, selected
from ..errors import ConfigurationFileMissingError
from .check_baseline import without_known, write_baseline
from .check_fixes import fix, refuse_without_fix
from .exits import DATA, OK, CommandError, UsageError
from .output import counted
from .passwords import named_password
from .terminal import SILENT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ..checks.formats import Format
    from ..checks.registry import Rule
    from ..findings import Finding
    from .arguments import Arguments
    from .target import Target
    from .terminal import Terminal

__all__ = ["run_check"]

_RANKS: Final = {"error": 0, "warning": 1, "info": 2, "never": -1}
_COLOURS: Final = {"error": (1, 31), "warning": (33,), "info": (36,), "path": (1,), "advice": (2,)}
_LARGEST_LIST: Final = 2**24
#: The groups of rules that nobody can follow without the files of the realm.
_OF_REALM: Final = ("EFR1", "EFR2")


def run_check(arguments: Arguments, target: Target, terminal: Terminal) -> int:
    """Print everything that a person should look at; fix what ``--fix`` can."""
    format = _format(arguments)
    terminal.is_for_programs = format == "json"
    _rules(arguments, Configuration())  # a wrong code is the first thing to say
    if arguments.has("list-rules") or arguments.has("explain"):
        return _print_rules(arguments, terminal)
    if not arguments.has("fix"):
        refuse_without_fix(arguments)
    configuration = _configuration(arguments, target)
    rules = _rules(arguments, configuration)
    node = _node(arguments, target, terminal, configuration)
    found = examine(node, rules)
    if arguments.has("write-baseline"):
        return write_baseline(arguments, target, terminal, found)
    findings = without_known(arguments, target, terminal, found)
    _print(format, findings, rules, node, terminal)
    _require_realm(node, rules, target)
    terminal.summary = f"found {count_of(findings)}" if findings else "no problems found"
    fixed = fix(arguments, target, terminal, findings) if arguments.has("fix") else ()
    rank = _RANKS[_fail_on(arguments, configuration)]
    left = [each for each in findings if each not in fixed and _RANKS[each.severity] <= rank]
    return DATA if left else OK


def _format(arguments: Arguments) -> Format:
    format = arguments.choice("format", FORMATS)
    if not arguments.has("json"):
        return format
    if arguments.has("format") and format != "json":
        raise UsageError("options [json] and [format] exclude each other")
    return "json"


def _configuration(arguments: Arguments, target: Target) -> Configuration:
    path = arguments.value("rules")
    return find_configuration(target.config_dir) if path is None else Configuration.load(path)


def _rules(arguments: Arguments, configuration: Configuration) -> list[Rule]:
    """Return the rules to ask; what the command line selects wins over the configuration."""
    select = _codes(arguments, "select") or configuration.select
    ignore = [*_codes(arguments, "ignore"), *configuration.ignore]
    return selected(all_rules(), select, ignore)


def _codes(arguments: Arguments, option: str) -> list[str]:
    """Return the codes of an option, which may be repeated and hold several between commas."""
    return [code for text in arguments.values(option) for code in text.split(",")]


def _node(
    arguments: Arguments, target: Target, terminal: Terminal, configuration: Configuration
) -> Node:
    arguments.elasticsearch_version  # noqa: B018 - refuses what is none
    return Node(
        target.config_dir,
        elasticsearch_version=arguments.value("es-version"),
        overrides=arguments.settings(),
        known_roles=declared_roles([*arguments.known_roles, *configuration.known_roles]),
        keystore_password=_keystore_password(arguments),
        limits=configuration.limits,
        guesses=_guesses(arguments),
        show_progress=not terminal.is_for_programs,
    )


def _keystore_password(arguments: Arguments) -> str:
    option = "keystore-password"
    return arguments.read_once(option, lambda: named_password(arguments, option)) or ""


def _guesses(arguments: Arguments) -> list[str] | None:
    """
    Return the lines of a list of passwords; None without one.

    Raises:
        ConfigurationFileMissingError: If there is no such file.
        CommandError: If it has too many lines.
    """
    path = arguments.value("try-passwords")
    if path is None:
        return None
    file = read_file(path, largest=_LARGEST_LIST)
    if not file.exists:
        raise ConfigurationFileMissingError(path, "check the path of the list")
    guesses = [line for line in file.data.decode("utf-8", "replace").splitlines() if line]
    if len(guesses) > MOST_GUESSES:
        text = f"[{path}] has [{len(guesses)}] lines, and at most [{MOST_GUESSES}] are tried"
        raise CommandError(text, DATA)
    return guesses


def _fail_on(arguments: Arguments, configuration: Configuration) -> str:
    if not arguments.has("fail-on"):
        return configuration.fail_on
    return arguments.choice("fail-on", FAIL_ON)


def _print(
    format: Format,
    findings: Sequence[Finding],
    rules: Sequence[Rule],
    node: Node,
    terminal: Terminal,
) -> None:
    if format == "text":
        _print_text(findings, node, terminal)
    elif format == "json":
        from ..checks.formats.json import object_of

        terminal.result["findings"] = [object_of(finding) for finding in findings]
        terminal.result["user_count"] = _user_count(node)
    else:
        terminal.print_document(render(format, findings, rules).encode("utf-8", "backslashreplace"))


def _print_text(findings: Sequence[Finding], node: Node, terminal: Terminal) -> None:
    from ..checks.formats import text

    if not findings:
        count = _user_count(node)
        users = "" if count is None else f" ({counted(count)})"
        terminal.print(f"No problems found{users}")
        return
    shown = (
        findings if terminal.verbosity > SILENT else [f for f in findings if f.severity != "info"]
    )
    if not shown:
        return
    report = text.render(shown, (), lambda part, role: terminal.painted(part, *_COLOURS[role]))
    terminal.print_report(report)


def _user_count(node: Node) -> int | None:
    try:
        return len(node.realm.hashes)
    except Unreadable:
        return None


def _require_realm(node: Node, rules: Iterable[Rule], target: Target) -> None:
    """
    Raise the error by which the files of the realm cannot be read, if rules are about them.

    Whoever lets a program check a realm wants to know if it could not.
    """
    if not any(rule.group in _OF_REALM for rule in rules):
        return
    try:
        is_there = node.realm_files.users.exists or os.path.exists(node.path("elasticsearch.yml"))
        if is_there and node.realm is not None:
            return
        reason = "there is neither [users] nor [elasticsearch.yml]"
    except Unreadable as unreadable:
        reason = unreadable.reason
    target.tool.listing()  # usually it raises
    raise CommandError(f"the files of the realm were not examined: {reason}", DATA)


def _print_rules(arguments: Arguments, terminal: Terminal) -> int:
    """Print the rules that ``--explain`` names, with their explanations, or a list of all."""
    rules = all_rules()
    codes = [code for text in _codes(arguments, "explain") for code in codes_of(rules, text)]
    chosen = [rules[code] for code in codes or rules]
    terminal.result["rules"] = [
        {
            "code": rule.code,
            "title": rule.title,
            "severity": rule.severity,
            "explanation": rule.explanation,
            "advice": rule.advice,
            "source": rule.source,
        }
        for rule in chosen
    ]
    if codes:
        for rule in chosen:
            terminal.print(*_explained(rule, terminal.columns))
    else:
        terminal.print(*(f"{rule.code}  {rule.severity:<7}  {rule.title}" for rule in chosen))
    return OK


def _explained(rule: Rule, columns: int) -> Iterator[str]:
    from textwrap import wrap

    yield f"{rule.code} {rule.title} ({rule.severity})"
    source = [f"Source: {rule.source}"] if rule.source else []
    for text in (rule.explanation, rule.advice, *source):
        yield from ("", *wrap(text, columns, break_on_hyphens=False, break_long_words=False))
    yield ""
