"""Fingerprints and what is found with them; and their errors, with hashes and a key at hand."""

from __future__ import annotations

import json

from no_secret.planted import HASHES, KEYSTORE

from esfilerealm import UsersTool
from esfilerealm.cli.reports.html import page_of
from esfilerealm.drift import DescribedRealm, Fingerprint, Unreadable, compare
from esfilerealm.provisioning import take_fingerprint

#: The key is a secret too.
KEY = KEYSTORE.encode().ljust(16, b"!")
DESCRIBED = DescribedRealm({name: (text, None) for name, text in HASHES.items()}, skipped=("x",))


def fingerprints(folder):
    realm = UsersTool(folder).listing()
    return [
        Fingerprint.of(realm, key=KEY, node="a"),
        Fingerprint.of(DESCRIBED, key=KEY, node="b"),
        Fingerprint.of(DescribedRealm({"bcrypt": ("other", ())}), key=KEY, node="c"),
        take_fingerprint(folder, key=KEY, node="d"),
    ]


def shown(fingerprint):
    return [fingerprint, fingerprint.to_json(), fingerprint.to_dict(), fingerprint.label]


def drift(folder):
    return compare([*fingerprints(folder), Unreadable("e", "gone")])


def damaged(change):
    def read(folder):
        value = fingerprints(folder)[0].to_dict()
        Fingerprint.from_json(json.dumps({**value, **change}))

    return read


DRIFT_OBJECTS = {
    "DescribedRealm": lambda *_: [DESCRIBED],
    "Drift": lambda _, folder: [found := drift(folder), found.to_dict(), page_of(found)],
    "Fingerprint": lambda _, folder: [
        fact for made in (*fingerprints(folder), Fingerprint.of(DESCRIBED)) for fact in shown(made)
    ],
    "Group": lambda _, folder: [
        group
        for user in drift(folder).users
        for group in (*user.presence, *user.roles, *user.passwords)
    ],
    "Unreadable": lambda *_: [Unreadable("e", "gone")],
    "UserDrift": lambda _, folder: drift(folder).users,
}

DRIFT_ERRORS = {
    "InvalidFingerprintError": [
        lambda _: Fingerprint.of(DESCRIBED, key=KEYSTORE.encode()[:3]),
        lambda folder: compare([*fingerprints(folder), Fingerprint.of(DESCRIBED)]),
        lambda folder: Fingerprint.from_json(fingerprints(folder)[0].to_json()[:-9]),
        lambda _: Fingerprint.from_json(json.dumps(HASHES)),
        lambda _: Fingerprint.from_json("\n".join(HASHES.values())),
        damaged({"version": HASHES["bcrypt"]}),
        damaged({"node": [HASHES["bcrypt"]]}),
        damaged({"users": [HASHES]}),
    ],
}
