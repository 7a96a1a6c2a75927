"""The cases about the PKI realm: its settings, tokens, cache, delegation, authorization realms."""

from __future__ import annotations

import logging
import os
import re

import pytest
from support.pki_realm import (
    ALICE,
    BOB,
    PROXY,
    chain,
    login,
    made_realm,
    made_settings,
    request,
    trust,
)
from support.reference import cases

from esfilerealm import PkiRealm, User
from esfilerealm.errors import InvalidSettingError
from esfilerealm.realms import AuthorizationRealms, DelegatedBy, PkiSettings, Request, RoleMapper

PREFIX = "xpack.security.authc.realms.pki.p."


def answer(result):
    return {
        "status": result.status.value,
        "message": result.message or "",
        "metadata": result.user and dict(result.user.metadata),
    }


def refusal(act) -> dict[str, str]:
    with pytest.raises(InvalidSettingError) as caught:
        act()
    return {"error": str(caught.value)}


def configured(folder, given):
    """Make a realm from an `elasticsearch.yml` with the settings of a case."""
    names = {"truststore": "truststore.path", "order": "order"}
    lines = [f"{PREFIX}order: 1"]
    for key, value in given.items():
        if value is not None:
            whole = key if key.startswith("xpack.") else PREFIX + names.get(key, key)
            lines.append(f"{whole}: {str(value).lower() if value in (True, False) else value}")
    (folder / "elasticsearch.yml").write_text("\n".join(lines))
    return PkiRealm(folder)


def start_fails(folder, given, _):
    return refusal(lambda: configured(folder, given))


class Counting(RoleMapper):
    """Counts how often roles are looked for."""

    count = 0

    def roles_of(self, user):
        self.count += 1
        return super().roles_of(user)


class Directory:
    """A realm that knows the users of the vectors, each with one role."""

    def __init__(self, name, others=()):
        self.name = name
        self.lookups = 0
        self.knows = True
        self.has_authorization_realms = bool(others)

    def lookup_user(self, username):
        self.lookups += 1
        return User(username, (f"role_{self.name}",)) if self.knows else None


def token(folder, _given, _):
    return {"token": made_realm(folder).token(Request())}


def one_login(folder, given, _):
    settings = {"delegation_enabled": given.get("delegation.enabled", False)}
    if given.get("truststore", "") is None:
        settings["authorities"] = ()
    by = given.get("delegated_by")
    proxy = (
        DelegatedBy(by["user"], by["realm"]) if by else PROXY if given.get("delegated") else None
    )
    return answer(login(made_realm(folder, **settings), "bob", delegated_by=proxy))


def role_resolutions(folder, given, _):
    made_realm(folder)
    mapper = Counting(folder / "role_mapping.yml")
    realm = PkiRealm(folder, settings=made_settings(), role_mapper=mapper)
    for operation in given.get("operations", ["authenticate"] * given.get("attempts", 0)):
        if operation == "authenticate":
            assert login(realm, "bob")
        else:
            (folder / "role_mapping.yml").write_text("")
            mapper.reload()
    return {"role_resolutions": mapper.count}


def expire(folder, given, _):
    realm = made_realm(folder)
    clients = {"a": ("bob",), "b": ("alice", "inter")}
    names = {"a": BOB, "b": ALICE}
    for user in given["cached"]:
        login(realm, *clients[user])
    realm.expire(names[given["expire"]])
    left = {realm.token(request(*clients[user])).key for user in given["cached"]}
    kept = left & set(realm._cache._entries)
    known = {user: realm.token(request(*clients[user])).key for user in clients}
    return {"cached_afterwards": [user for user, key in known.items() if key in kept]}


def lookups(folder, given, _):
    directory = Directory("other")
    realm = made_realm(
        folder, [directory], authorization_realms=tuple(given["authorization_realms"])
    )
    for _attempt in range(given["attempts"]):
        assert login(realm, "bob")
    return {"lookups": directory.lookups}


def lookup(folder, given, _):
    return {"user": made_realm(folder).lookup_user(given["lookup"])}


def fingerprints(folder, *_):
    metadata = login(made_realm(folder), "bob").user.metadata
    is_hex = all(re.fullmatch("[0-9a-f]{64}", metadata[key]) for key in metadata if "print" in key)
    return {"metadata": dict(metadata), "form": "sha-256 hex" if is_hex else ""}


def change(folder, *names):
    trust(folder, *names, file="new")
    os.replace(folder / "new", folder / "ca.pem")


def good_reload(folder, *_):
    with made_realm(folder) as realm:
        login(realm, "bob")
        change(folder, "foreign_root")
        realm._service.notify_now()
        is_empty = realm.usage_stats()["cache"]["size"] == 0
        return {"new_trust": bool(login(realm, "foreign")), "cache_cleared": is_empty}


def bad_reload(folder, _given, caplog):
    caplog.set_level(logging.WARNING)
    with made_realm(folder) as realm:
        (folder / "ca.pem").write_text("broken")
        realm._service.notify_now()
        return {"previous_trust_kept": bool(login(realm, "bob")), "log": caplog.text}


def recreated(folder, *_):
    with made_realm(folder) as realm:
        (folder / "ca.pem").unlink()
        realm._service.notify_now()
        kept = login(realm, "bob") and not login(realm, "foreign")
        change(folder, "foreign_root")
        realm._service.notify_now()
        new = login(realm, "foreign") and not login(realm, "bob")
    return {
        "trust_after_delete": "previous" if kept else "",
        "trust_after_recreate": "new" if new else "",
    }


def closed(folder, *_):
    realm = made_realm(folder).__enter__()
    services = [realm._service, realm._mapper._service]
    realm.close()
    realm.close()
    stopped = all(service._runner is None for service in services)
    return {"raises": False, "watchers_stopped": stopped}


def usage(folder, *_):
    return {"keys": list(made_realm(folder).usage_stats())}


def authorized(_folder, given, _):
    names = given.get("authorization_realms", ["a"])
    realms = [
        Directory(name, given.get(f"{name}.authorization_realms", ()))
        for name in ("a", "b", "lookup-1", "lookup-2")
    ]
    for realm in realms:
        realm.knows = given.get("both_know_user", "license_allows" in given)
    make = lambda: AuthorizationRealms(names, realms, key="authorization_realms", where="here")  # noqa: E731
    try:
        result = make().authorize(given.get("user", BOB))
    except InvalidSettingError as error:
        return {"error": str(error)}
    return {**answer(result), "roles": list(result.user.roles) if result.user else None}


#: Each case of the realm, and what it comes to: from the folder, what is given, and the log.
CASES = {
    "authorisation realms are asked on every hit": lookups,
    "authorisation realms: chains are refused": authorized,
    "authorisation realms: license": authorized,
    "authorisation realms: listed order decides": authorized,
    "authorisation realms: nobody found": authorized,
    "authorisation realms: none configured": authorized,
    "authorisation realms: unknown name": authorized,
    "both name extraction settings": start_fails,
    "closing twice is harmless": closed,
    "delegated chain records the delegator": one_login,
    "delegated chain while delegation is off": one_login,
    "delegation without token service": start_fails,
    "delegation without trust configuration": start_fails,
    "expire one user name": expire,
    "fingerprints in metadata, newest": fingerprints,
    "lookup by name finds nobody": lookup,
    "no certificate gives no token": token,
    "no trust configuration accepts what TLS accepted": one_login,
    "no trust configuration rejects delegated chains": one_login,
    "role mapping change empties the cache": role_resolutions,
    "second authentication comes from the cache": role_resolutions,
    "trusted certificate succeeds": one_login,
    "truststore and certificate authorities together": start_fails,
    "truststore deleted and recreated": recreated,
    "truststore reload with a bad file": bad_reload,
    "truststore reload with a good file": good_reload,
    "usage statistics": usage,
}


def _holds(found, key, wanted) -> bool:
    """Check one expectation: of a text, its parts; of anything else, the value."""
    if key == "error":
        return bool(found["error"])
    of = {"error_contains": "error", "message_contains": "message", "log_contains": "log"}
    if key in of:
        return all(
            part in found[of[key]] for part in ([wanted] if isinstance(wanted, str) else wanted)
        )
    if key == "metadata_has":
        names = {wanted} if isinstance(wanted, str) else set(wanted)
        return names <= set(found["metadata"])
    if key == "metadata":
        return wanted.items() <= found["metadata"].items()
    if key == "keys":
        return set(wanted) <= set(found["keys"])
    return found[key] == wanted


@pytest.mark.parametrize("case", cases("pki", only=lambda case: case.name in CASES))
def test_a_pki_realm_does_as_that_of_a_node(case, tmp_path, caplog):
    found = CASES[case.name](tmp_path, case.given, caplog)
    for key, wanted in case.expect.items():
        assert _holds(found, key, wanted), key


def test_the_names_are_those_of_cases():
    assert set(CASES) <= {case.values[0].name for case in cases("pki")}
    assert chain("bob")


def test_settings_of_a_program_have_a_nodes_defaults():
    assert (PkiSettings().cache_ttl, PkiSettings().cache_max_users) == (1200.0, 100_000)
