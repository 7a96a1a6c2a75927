"""``whoami``: tries credentials as a node would, and shows what each realm says."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from .._ground.showing import shown
from .._storage import read_file
from ..certificates.pem import read_client_certificates
from ..certificates.trust import LARGEST_FILE, is_store
from ..errors import FileRealmError, InvalidCertificateError, KeystorePasswordError
from ..realms.base import UsernamePasswordToken
from ..realms.chain import ResultKind, StepStatus
from ..realms.chain.run_as import RUN_AS_HEADER
from ..realms.request import Request
from ..role_mapping import UserData
from .exits import DATA, NO_INPUT, OK, WRONG_PASSWORD, CommandError, UsageError
from .output import titled
from .passwords import (
    KEYSTORE_PROMPT,
    PASSWORD_KEYS,
    check_one_source,
    current_password,
    named_password,
    refuse_two_sources,
)
from .role_sources import (
    MappingFile,
    read_documents,
    read_mapping,
    source_lines,
    sources_in_documents,
    sources_in_file,
    sources_in_users_roles,
    unknown_source,
)
from .terminal import VERBOSE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any

    from ..realms import User
    from ..realms.chain import ChainResult, RealmChain, Step
    from ..role_mapping import RoleMapping
    from .arguments import Arguments
    from .role_sources import Source
    from .target import Target
    from .terminal import Terminal

__all__ = ["run_whoami"]

_SAID: Final = {
    StepStatus.SUCCESS: "accepted",
    StepStatus.CONTINUE: "not accepted",
    StepStatus.TERMINATE: "refused, and no other realm is asked",
    StepStatus.FOUND: "knows the user to run as",
    StepStatus.NOT_FOUND: "does not know the user to run as",
    StepStatus.FAILED: "did not answer",
}
#: Of a value of metadata: a fingerprint has 64 characters, and a name of a certificate often more.
_LONGEST: Final = 300
_ENDING: Final = (StepStatus.SUCCESS, StepStatus.TERMINATE, StepStatus.FAILED)


def run_whoami(arguments: Arguments, target: Target, terminal: Terminal) -> int:
    """Print what each realm says to credentials, and who they are."""
    _check_options(arguments)
    documents = read_documents(arguments, "role-mappings", terminal)
    certificates = _certificates(arguments.value("certificate"))
    chain = _chain(arguments, target, documents, terminal)
    _warn_of_settings(chain, target, terminal)
    try:
        headers = _headers(arguments, terminal)
        result = chain.authenticate_request(Request(headers, certificates))
        _note_trust(chain, result, terminal)
    finally:
        chain.close()
    others = list(_not_asked(chain, result))
    sources = _sources(result, target, documents, terminal)
    terminal.result.update(_for_programs(result, others, sources))
    is_verbose = terminal.verbosity >= VERBOSE
    terminal.print(*titled(_rows(result, others, sources, is_verbose=is_verbose)))
    if result.kind is ResultKind.FAILED and isinstance(result.error, FileRealmError):
        raise result.error
    return OK if result else WRONG_PASSWORD


def _check_options(arguments: Arguments) -> None:
    """Refuse options that make no sense, before anything is read or asked for."""
    check_one_source(arguments)
    refuse_two_sources(arguments, "keystore-password")
    if arguments.value("certificate") == "":
        raise UsageError("option [certificate] needs a file, not an empty string")
    if arguments.optional is not None:
        return
    if not arguments.has("certificate"):
        raise UsageError("credentials are missing: give a USERNAME, --certificate FILE, or both")
    if any(map(arguments.has, PASSWORD_KEYS)):
        raise UsageError("whose password is it? Give a USERNAME, too")


def _chain(
    arguments: Arguments, target: Target, documents: Sequence[RoleMapping], terminal: Terminal
) -> RealmChain:
    """Return the realms of the node; its keystore may hold the passwords of trust stores."""
    password = named_password(arguments, "keystore-password")
    try:
        return target.realm_chain(documents, password)
    except KeystorePasswordError as error:
        if password is not None:
            raise
        if not terminal.is_console:
            options = "--keystore-password-file or --keystore-password-env"
            message = f"keystore [{error.source}] has a password: give it by {options}"
            raise CommandError(message, DATA) from None
    return target.realm_chain(documents, terminal.ask_secret(KEYSTORE_PROMPT))


def _warn_of_settings(chain: RealmChain, target: Target, terminal: Terminal) -> None:
    """Print what a node says about the settings, of which the tool prints a part itself."""
    settings = target.tool.settings
    known = {*settings.warnings, *settings.notes}
    for finding in chain.findings:
        if finding.message in known or finding.subject in chain.unavailable:
            continue
        if finding.severity == "info":
            terminal.note(f"NOTE: {finding.message}", VERBOSE)
        else:
            terminal.warn(f"WARNING: {finding.message}")


def _headers(arguments: Arguments, terminal: Terminal) -> dict[str, str]:
    """Return what a client with these credentials would send; a password may be asked for."""
    headers = {}
    if arguments.optional is not None:
        token = UsernamePasswordToken(arguments.optional, current_password(arguments, terminal))
        headers["Authorization"] = token.to_basic_header()
    if (run_as := arguments.value("run-as")) is not None:
        headers[RUN_AS_HEADER] = run_as
    return headers


def _certificates(path: str | None) -> tuple[bytes, ...]:
    if path is None:
        return ()
    content = read_file(os.path.abspath(path), largest=LARGEST_FILE)
    if not content.exists:
        raise CommandError(f"file [{path}] of --certificate does not exist", NO_INPUT)
    if is_store(content.data):
        advice = "give its certificates in PEM; 'openssl pkcs12 -nokeys' extracts them"
        raise CommandError(f"[{path}] is a keystore: {advice}", DATA)
    try:
        return tuple(read_client_certificates(content.data))
    except InvalidCertificateError as error:
        raise CommandError(f"[{path}] is not a certificate: {error.rule}", DATA) from None


def _note_trust(chain: RealmChain, result: ChainResult, terminal: Terminal) -> None:
    """Say it if nobody has decided about trust: the node leaves that to TLS."""
    for realm in chain.realms:
        if realm.name == result.realm and realm.usage_stats().get("has_truststore") is False:
            text = "leaves trust to TLS, which was not spoken: a node may refuse the certificate"
            terminal.note(f"NOTE: realm [{shown(realm.name)}] {text}")


def _not_asked(chain: RealmChain, result: ChainResult) -> Iterator[dict[str, str]]:
    """Yield the realms that said nothing, and why."""
    asked = [step.realm for step in result.steps]
    ended = next((step.realm for step in result.steps if step.status in _ENDING), None)
    is_behind = False
    for realm in chain.realms:
        if realm.name not in asked:
            why = "the answer came before" if is_behind else "it takes other credentials"
            yield {"realm": realm.name, "type": realm.type, "reason": why}
        is_behind = is_behind or realm.name == ended
    for name, kind in chain.unavailable.items():
        yield {"realm": name, "type": kind, "reason": "only a node can ask it"}


def _sources(
    result: ChainResult, target: Target, documents: Sequence[RoleMapping], terminal: Terminal
) -> list[Source]:
    """Return where the roles of the user come from: those of a certificate from mappings."""
    user, realm = result.user, result.lookup_realm or result.realm
    if user is None or realm is None:
        return []
    dn = user.metadata.get("pki_dn")
    if isinstance(dn, str):
        found = list(_from_mappings(user, dn, realm, target, documents, terminal))
    else:
        found = list(sources_in_users_roles(target.tool.paths.users_roles, user.username, realm))
    return [
        source
        for role in user.roles
        for source in [each for each in found if each["role"] == role] or [unknown_source(role)]
    ]


def _from_mappings(
    user: User,
    dn: str,
    realm: str,
    target: Target,
    documents: Sequence[RoleMapping],
    terminal: Terminal,
) -> Iterator[Source]:
    data = UserData(user.username, dn, (), dict(user.metadata), realm)
    for mapped in (each for each in target.mapped_realms() if each.name == realm):
        as_roles = mapped.unmapped_groups_as_roles
        file = MappingFile(mapped.mapping_file, as_roles=as_roles, realms=[realm])
        mapping = read_mapping(file.path, terminal, is_required=False)
        yield from sources_in_file(data, mapping, file)
    yield from sources_in_documents(data, documents)


def _rows(
    result: ChainResult,
    others: Sequence[dict[str, str]],
    sources: Sequence[Source],
    *,
    is_verbose: bool,
) -> Iterator[tuple[str, Iterable[str]]]:
    yield "Asked", [_step_text(step, is_verbose=is_verbose) for step in result.steps]
    yield (
        "Not asked",
        [f"{_named(each['realm'], each['type'])}: {each['reason']}" for each in others],
    )
    yield "Result", [_verdict(result)]
    user = result.user
    if user is not None:
        yield "User", [_user_text(result, user)]
        yield (
            "Metadata",
            [f"{key}: {shown(value, _LONGEST)}" for key, value in user.metadata.items()],
        )
        yield "Roles", source_lines(sources) or ["none"]


def _step_text(step: Step, *, is_verbose: bool) -> str:
    said = _SAID[step.status]
    if step.question == "read":
        said = "cannot read the credentials"
    elif step.reason == "unknown_user" and step.message is None:
        said = "does not know the user"
    why = f": {step.message}" if step.message else ""
    took = f" ({step.seconds * 1000:.1f} ms)" if is_verbose else ""
    return f"{_named(step.realm, step.type)}: {said}{why}{took}"


def _named(realm: str, kind: str) -> str:
    return f"realm [{shown(realm)}] ({shown(kind)})"


def _verdict(result: ChainResult) -> str:
    if result:
        return "let in" if result.realm is None else f"let in by realm [{shown(result.realm)}]"
    return f"refused: {result.reason}, HTTP status {result.http_status}"


def _user_text(result: ChainResult, user: User) -> str:
    caller = result.authenticating_user
    if caller is None or result.lookup_realm is None:
        return shown(user.username)
    known = f", known to realm [{shown(result.lookup_realm)}]"
    return f"{shown(user.username)}, as whom [{shown(caller.username)}] runs{known}"


def _for_programs(
    result: ChainResult, others: Sequence[dict[str, str]], sources: Sequence[Source]
) -> dict[str, Any]:
    user, caller = result.user, result.authenticating_user
    return {
        "authenticated": bool(result),
        "kind": result.kind.value,
        "reason": result.reason,
        "http_status": result.http_status,
        "steps": [
            {
                "realm": step.realm,
                "type": step.type,
                "question": step.question,
                "status": step.status.value,
                "reason": step.reason,
                "message": step.message,
                "seconds": round(step.seconds, 6),
            }
            for step in result.steps
        ],
        "not_asked": list(others),
        "realm": result.realm,
        "authenticating_user": None if caller is None else caller.username,
        "lookup_realm": result.lookup_realm,
        "user": None if user is None else user.username,
        "roles": [] if user is None else list(user.roles),
        "sources": list(sources),
        "metadata": {} if user is None else dict(user.metadata),
    }
