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
from ..realms.file import FileRealm
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
    sources_in_documents,
    sources_in_file,
    sources_in_users_roles,
    unknown_source,
)
from .terminal import VERBOSE
from .whoami_report import for_programs, rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..realms import User
    from ..realms.chain import ChainResult, RealmChain
    from ..role_mapping import RoleMapping
    from .arguments import Arguments
    from .role_sources import Source
    from .target import Target
    from .terminal import Terminal

__all__ = ["run_whoami"]

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
        _warn_of_files(chain, terminal)
    finally:
        chain.close()
    others = list(_not_asked(chain, result))
    sources = _sources(result, target, documents, terminal)
    terminal.result.update(for_programs(result, others, sources))
    is_verbose = terminal.verbosity >= VERBOSE
    terminal.print(*titled(rows(result, others, sources, is_verbose=is_verbose)))
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
    """Print a note if the realm leaves trust to TLS: then nobody has checked the certificate."""
    for realm in chain.realms:
        if realm.name == result.realm and realm.usage_stats().get("has_truststore") is False:
            text = "leaves trust to TLS, which was not spoken: a node may refuse the certificate"
            terminal.note(f"NOTE: realm [{shown(realm.name)}] {text}")


def _warn_of_files(chain: RealmChain, terminal: Terminal) -> None:
    """Print a warning for each file that a realm cannot read."""
    for realm in chain.realms:
        for problem in realm.health.problems if isinstance(realm, FileRealm) else ():
            terminal.warn(f"WARNING: {problem}")


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
        is_ours = kind == "pki"
        why = "the realms that know its roles are missing" if is_ours else "only a node can ask it"
        yield {"realm": name, "type": kind, "reason": why}


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
