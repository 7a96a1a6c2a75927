"""Objects of certificates and role mappings; and their errors, with secrets at hand."""

from __future__ import annotations

import json

from no_secret.planted import VALUE
from support.pki import CERTIFICATES
from support.pki_realm import login, made_realm, made_settings, token

from esfilerealm.certificates import (
    DistinguishedName,
    TrustStore,
    UsernamePattern,
    subject_text,
)
from esfilerealm.realms import AuthorizationRealms, RoleMapper
from esfilerealm.role_mapping import (
    RoleTemplate,
    UserData,
    parse_role_mapping,
    parse_role_mappings,
    parse_rule,
    role_sources,
)

USER = UserData("jane", "cn=jane,o=b", ["cn=ops"], {"token": "t"}, "pki1")
HIDDEN = UserData(metadata={"token": VALUE})
TEMPLATE = {"source": "{{username}}", "params": {"token": "t"}}
DOCUMENTS = json.dumps(
    {
        "m": {
            "enabled": True,
            "roles": ["a"],
            "rules": {"field": {"metadata.token": "t"}},
            "metadata": {"token": "t"},
        },
        "t": {
            "enabled": True,
            "role_templates": [{"template": TEMPLATE}],
            "rules": {"field": {"metadata.token": "t"}},
        },
    }
)


def mapping():
    return parse_role_mapping(b"a:\n  - cn=jane,o=b\n  - jane\nb.c: [cn=x]\n")


def documents():
    return parse_role_mappings(DOCUMENTS)


def mapper(folder):
    path = folder / "role_mapping.yml"
    path.write_text("a: [cn=jane, jane]\n")
    one = RoleMapper(path, documents())
    return [one, one.roles_of(USER), one.mapping, one.problem]


def trust_store():
    return TrustStore.load(CERTIFICATES / "bundle-root.pem", VALUE)


def pki_realm(folder):
    realm = made_realm(folder, truststore_password=VALUE)
    return [
        realm,
        realm.settings,
        realm.usage_stats(),
        login(realm, "bob"),
        login(realm, "foreign"),
    ]


ROLE_OBJECTS = {
    "AuthorizationRealms": lambda *_: [AuthorizationRealms([], [], key="k", where="w")],
    "MappedRealm": lambda *_: [made_settings(truststore_password=VALUE)],
    "PkiRealm": lambda _, folder: pki_realm(folder),
    "PkiSettings": lambda *_: [made_settings(truststore_password=VALUE)],
    "X509Token": lambda *_: [token("bob")],
    "TrustStore": lambda *_: [trust_store()],
    "UsernamePattern": lambda *_: [UsernamePattern()],
    "DistinguishedName": lambda *_: [DistinguishedName.parse("cn=jane,o=b")],
    "MappedName": lambda *_: mapping().names,
    "MappingIssue": lambda *_: mapping().issues,
    "ParsedRoleMapping": lambda *_: [mapping()],
    "RoleMapper": lambda _, folder: mapper(folder),
    "RoleMapping": lambda *_: documents(),
    "RoleSource": lambda *_: role_sources(mapping(), USER.dn, USER.groups),
    "RoleTemplate": lambda *_: [*documents()[1].role_templates, RoleTemplate("x", "json")],
    "Rule": lambda *_: [document.rules for document in documents()],
    "UserData": lambda *_: [USER],
}

ROLE_ERRORS = {
    "CertificateNotTrustedError": [
        lambda _: trust_store().verify_client([]),
        lambda _: trust_store().verify_client(
            TrustStore.load(CERTIFICATES / "foreign.pem").certificates
        ),
    ],
    "InvalidCertificateError": [lambda _: subject_text(VALUE.encode())],
    "InvalidTrustStoreError": [
        lambda _, name=name: TrustStore.load(CERTIFICATES / name, VALUE)
        for name in ("trust-root.jks", "trust-root.p12", "trust-legacy.p12", "alice.key.pem")
    ],
    "InvalidUsernamePatternError": [lambda _: UsernamePattern("CN=.*")],
    "InvalidDistinguishedNameError": [lambda _: DistinguishedName.parse("jane")],
    "InvalidRoleMappingError": [
        lambda _: parse_rule(json.dumps({"field": {"metadata.token": [VALUE, {"a": VALUE}]}})),
        lambda _: parse_rule(json.dumps({"field": {"metadata.token": f"/{VALUE}*"}})),
        lambda _: parse_rule(json.dumps({"field": {"metadata.token": f"/{VALUE}(/"}})),
        lambda _: parse_rule(f'{{"field": {{"metadata.token": "{VALUE}'),
        lambda _: (
            parse_role_mappings(DOCUMENTS.replace("{{username}}", "{{#a}}" + VALUE))
            .__getitem__(1)
            .roles_of(USER)
        ),
        lambda _: RoleTemplate(f"[{VALUE}", "json").role_names(USER),
        lambda _: RoleTemplate("{{metadata.token}}", "json").role_names(HIDDEN),
    ],
    "InvalidUserDataError": [
        lambda _: documents()[0].roles_of(UserData(metadata={"token": {"a": VALUE}})),
        lambda _: documents()[0].roles_of(UserData(metadata={"token": VALUE.encode()})),
    ],
}
