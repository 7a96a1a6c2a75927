"""Of every public error, ways to raise it with secrets at hand."""

from __future__ import annotations

import base64
import errno
import os
import sys
from datetime import timedelta

import pytest
from no_secret.backup_objects import BACKUP_ERRORS
from no_secret.drift_objects import DRIFT_ERRORS
from no_secret.objects import keystore, planned
from no_secret.planted import (
    CLEAR,
    HALF,
    HASHES,
    HEADER,
    KEYSTORE,
    PASSWORDS,
    SETTING,
    SHORT,
    STRAY,
    VALUE,
    WRONG,
)
from no_secret.rescue_objects import switched_off
from no_secret.role_objects import ROLE_ERRORS
from no_secret.snapshot_errors import SNAPSHOT_ERRORS

from esfilerealm import (
    FileRealm,
    RealmSettings,
    UsernamePasswordToken,
    UsersTool,
    errors,
    hash_password,
    verify_hash,
)
from esfilerealm._ground.moments import now, parse_expiry
from esfilerealm._storage import system
from esfilerealm._storage.lock import write_lock
from esfilerealm.checks import check
from esfilerealm.checks.baseline import Baseline
from esfilerealm.formats import edit_users, parse_users, parse_users_roles
from esfilerealm.hashing import check_hash, locked_hash
from esfilerealm.keystore import Keystore, contents, load_header
from esfilerealm.provisioning import DesiredState, apply, plan
from esfilerealm.realms import TrustedProxy


def locked(folder):
    with write_lock(lambda: str(folder / "users.lock"), 1.0):
        UsersTool(folder, lock_timeout=0.01).passwd("bcrypt", PASSWORDS["new"])


def without_kept_hash(folder):
    UsersTool(folder).lock("ssha")
    UsersTool(folder).useradd("other", password_hash=locked_hash())
    UsersTool(folder).unlock("other")


def with_folder_for_file(folder):
    (folder / "users_roles").unlink()
    (folder / "users_roles").mkdir()
    UsersTool(folder).useradd("other", PASSWORDS["new"])


def with_bytes(data):
    def read(folder):
        (folder / "users").write_bytes((folder / "users").read_bytes() + data)
        UsersTool(folder).useradd("other", PASSWORDS["new"])

    return read


def forbidden(folder):
    def refuse(path, flags, *args):
        if os.fspath(path).endswith("users"):
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return real(path, flags, *args)

    real = system.open
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(system, "open", refuse)
        UsersTool(folder).useradd("other", PASSWORDS["new"])


def written_in_between(folder):
    """By another program, which puts more secrets into it."""

    def link(source, *args, **more):
        with open(source, "a") as file:
            file.write(f"{STRAY}\n")
        real(source, *args, **more)

    real = system.link
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(system, "link", link)
        UsersTool(folder).useradd("other", PASSWORDS["new"])


def with_record_of(version):
    def write(folder):
        record = f"esfilerealm journal {version}\nbcrypt:{HASHES['bcrypt']}\n"
        (folder / "users.journal").write_text(record)
        UsersTool(folder).useradd("other", PASSWORDS["new"])

    return write


def with_settings(*lines):
    def load(folder):
        with (folder / "elasticsearch.yml").open("a") as file:
            file.write("".join(f"{line}\n" for line in lines))
        FileRealm(folder)

    return load


def closed(folder):
    realm = FileRealm(folder)
    realm.close()
    realm.authenticate("bcrypt", PASSWORDS["bcrypt"])


def challenged(_):
    """A realm of a program words it; nothing of this package is in it."""
    raise errors.ChallengeError("not at this hour", ("Negotiate",))


def header_of(text):
    return f"Basic {base64.b64encode(text.encode()).decode()}"


def read_header(value):
    return lambda _: UsernamePasswordToken.from_basic_header(value)


def hand_on(value, kind="xfcc"):
    proxy = TrustedProxy(["10.0.0.7"], header="X-Cert", format=kind)
    return lambda _: proxy.request({"X-Cert": value, "Authorization": HEADER}, "10.0.0.7")


def useradd(*args, **kwargs):
    return lambda folder: UsersTool(folder).useradd(*args, **kwargs)


def want(*users, **more):
    """Plan it; a policy that no given hash meets is a fault of what is given, too."""

    def cause(folder):
        policy = {"algorithm": "pbkdf2"} if "password_hash" in str(users) else {}
        document = {"users": list(users), "hash_policy": policy, **more}
        apply(plan(folder, DesiredState.from_dict(document, folder=str(folder))))

    return cause


def parse(text, format, encoding="utf-8"):
    return lambda _: DesiredState.parse(text.encode(encoding), source="file", format=format)


def outdated(folder):
    plan = planned(folder)
    UsersTool(folder).roles("ssha", add=["y"])
    apply(plan)


def reopened(folder, password=KEYSTORE):
    store = keystore(folder)
    return Keystore.read(store.to_bytes(), password)


def without_cryptography(folder):
    data = keystore(folder).to_bytes()
    with pytest.MonkeyPatch.context() as patch:
        for name in ("cryptography", "cryptography.hazmat.primitives.ciphers.aead"):
            patch.setitem(sys.modules, name, None)
        load_header(data).open(KEYSTORE)


def unreadable(folder):
    """A keystore whose decrypted content, which holds a value, is malformed."""
    store = keystore(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(contents, "write_settings", lambda *_: VALUE.encode() * 9)
        data = store.to_bytes()
    Keystore.read(data, KEYSTORE)


REALM = "xpack.security.authc.realms.file.mine"


#: Ways to each error, all of them with a secret at hand.
ERRORS = {
    **ROLE_ERRORS,
    **BACKUP_ERRORS,
    **DRIFT_ERRORS,
    **SNAPSHOT_ERRORS,
    "AuditLogError": [
        lambda folder: UsersTool(folder, audit=folder / "users").useradd("other", PASSWORDS["new"]),
        lambda folder: UsersTool(folder, audit="/dev/null").passwd("bcrypt", PASSWORDS["new"]),
        lambda folder: UsersTool(folder, audit="audit.log", audit_key=SHORT.encode()[:15]),
    ],
    "ChallengeError": [challenged],
    "ConfigurationFileMissingError": [
        lambda folder: UsersTool(folder / "none").useradd("other", PASSWORDS["new"]),
        lambda folder: FileRealm(folder / "none").authenticate("bcrypt", PASSWORDS["bcrypt"]),
    ],
    "FileAccessError": [with_folder_for_file],
    "FileChangedError": [written_in_between],
    "FileFormatError": [
        with_bytes(b"\xff\n"),
        lambda _: parse_users(f"bob:{HASHES['bcrypt']}\xff".encode("latin-1")),
        lambda _: parse_users_roles(f"bob:{HASHES['bcrypt']}\xff".encode("latin-1")),
        lambda _: edit_users(b"a:\xff", {"bob": HASHES["bcrypt"]}),
    ],
    "FilePermissionError": [forbidden],
    "InvalidExpiryError": [
        lambda folder: UsersTool(folder).expire("bcrypt", timedelta(0)),
        lambda _: parse_expiry(HASHES["bcrypt"], now()),
    ],
    "InvalidAttributeError": [
        lambda folder: UsersTool(folder).init(owner="nobody here"),
        lambda folder: UsersTool(folder, group="nobody here"),
    ],
    "InvalidAuthorizationHeaderError": [
        read_header(f"{HEADER}!"),
        read_header(f"{HEADER} {HEADER}"),
        read_header(f"Basic bcrypt:{PASSWORDS['bcrypt']}"),
        read_header(header_of(PASSWORDS["bcrypt"])),
        read_header([HEADER, header_of(f"bob:{WRONG}")]),
    ],
    "InvalidProxyHeaderError": [
        hand_on(HEADER),
        hand_on([HEADER, HEADER]),
        hand_on(f"Cert={WRONG}"),
        hand_on(f"{WRONG}=a;{WRONG}=b"),
        hand_on(HEADER, "rfc9440"),
        hand_on(PASSWORDS["bcrypt"], "url-encoded-pem"),
    ],
    "InvalidDesiredStateError": [
        want({"name": "new", "password": SHORT}),
        want({"name": "new", "password": HALF}),
        want({"name": "new", "password": [WRONG]}),
        want({"name": "new", "password": WRONG, "password_hash": HASHES["bcrypt"]}),
        want({"name": "new", "pasword": WRONG, "roles": WRONG}),
        *(want({"name": "new", "password_hash": text}) for text in list(HASHES.values())[4:]),
        want({"name": "new", "password_file": "users"}),
        want(keystore={"a": {"value": VALUE, "file": "users"}}),
        want(keystore=[{"name": "a", "value": [VALUE]}, {"name": "b", f"value:{VALUE}": None}]),
        want(keystore=[{"name": "a", "state": HASHES["ssha"]}, VALUE]),
        want(keystore={"a": {"value_file": "none"}}, keystore_password=[KEYSTORE]),
        want(keystore={"a": {"value": VALUE}}, keystore_password_env="NONE"),
        want({"name": "new", f"password:{WRONG}": None}),
        want({"name": "new", f"password {WRONG}": None}),
        want({"name": "new", "state": HASHES["bcrypt"], "update_password": HASHES["ssha"]}),
        want({"name": f"new:{HASHES['bcrypt']}"}, {"name": f"new:{WRONG}"}),
        want({"name": "new", "roles_add": [f"{HASHES['bcrypt']}:x", f"x:{WRONG}"]}),
        parse(f"users:\n- {{name: new, password: x, {WRONG}}}\n", "yaml"),
        parse(f"users:\n- {{name: new, password:{WRONG}}}\n", "yaml"),
        parse(f"users:\n- name: new\n  password:{WRONG}\n", "yaml"),
        want({"name": "new", "password_hash": HASHES["md5"]}),
        parse(f"users:\n- name: new\n  password: {WRONG}: {WRONG}\n", "yaml"),
        parse(f"users:\n- name: new\n  password: *{WRONG}\n", "yaml"),
        parse(f"users:\n- name: new\n  password: !vault {WRONG}\n  \t{WRONG}", "yaml"),
        parse(f'{{"users": [{{"name": "new", "password": "{WRONG}"x}}]}}', "json"),
        parse(f'{{"users": [{{"name": "a", "password": "{WRONG}", "name": "b"}}]}}', "json"),
        parse(f'[[users]]\nname = "new"\npassword = "{WRONG}"{WRONG}', "toml"),
        parse(f'[[users]]\npassword = "{WRONG}"\npassword = "{WRONG}"', "toml"),
        parse(f"users:\n- password: {WRONG}\xff", "yaml", "latin-1"),
    ],
    "InvalidHashError": [
        *(useradd("other", password_hash=text) for text in (*list(HASHES.values())[4:], STRAY)),
        *(lambda _, text=text: check_hash(text) for text in list(HASHES.values())[4:]),
        lambda _: verify_hash(WRONG, HASHES["odd"]),
        lambda _: verify_hash(WRONG, HASHES["costly"].replace("15", "99")),
        lambda _: verify_hash(PASSWORDS["pbkdf2"], HASHES["pbkdf2"].replace("=", "%")),
        lambda _: edit_users(b"", {"bob": f"{CLEAR}\n"}),
        useradd("other", password_hash=HASHES["ssha"] + "\n"),
        useradd("other", password_hash=HASHES["bcrypt"].encode()),
    ],
    "InvalidPasswordError": [
        useradd("other", SHORT),
        useradd("other", HALF),
        useradd("other", WRONG.encode()),
        lambda folder: UsersTool(folder).verify("bcrypt", WRONG.encode()),
        lambda folder: FileRealm(folder).authenticate("bcrypt", WRONG.encode()),
    ],
    "InvalidRoleNameError": [useradd("other", PASSWORDS["new"], roles=["a:b"])],
    "InvalidSettingError": [
        with_settings(f"{REALM}.cache.ttl: 20M"),
        with_settings(f"{REALM}.pasword: {SETTING}"),
        with_settings(f"resource.reload.bind_password: {SETTING}"),
        with_settings(f"a: [{SETTING}"),
        with_settings(f"{REALM}.cache.ttl: [{SETTING}, {{b: {SETTING}}}]"),
        with_settings(f"other: {SETTING}", f"{REALM}.cache.ttl: ${{other}}"),
        with_settings(f"other: {SETTING}", f"{REALM}.cache.ttl: ${{${{other}}}}"),
        lambda folder: UsersTool(
            folder, settings=RealmSettings(fips_mode_enabled=True, password_hashing_algorithm="x")
        ).useradd("other", PASSWORDS["new"]),
    ],
    "InvalidRuleCodeError": [lambda folder: check(folder, select=["EFR9"])],
    "InvalidRulesFileError": [
        lambda folder, data=data: Baseline.read(data, "known.json", str(folder))
        for data in (f'{{"{WRONG}": 1}}'.encode(), WRONG.encode(), f'["{CLEAR}"]'.encode())
    ],
    "InvalidUsernameError": [
        useradd("a:b", PASSWORDS["new"]),
        useradd("other\n", password_hash=HASHES["bcrypt"]),
        lambda _: UsernamePasswordToken("a:b", PASSWORDS["new"]).to_basic_header(),
        lambda folder: FileRealm(folder).authenticate(7, PASSWORDS["new"]),
    ],
    "InvalidSecureSettingError": [
        lambda folder: reopened(folder).set("a b", VALUE),
        lambda folder: reopened(folder).set("a", [VALUE]),
        lambda folder: reopened(folder).set("a", VALUE * 2**23),
        lambda folder: reopened(folder).rename("a.b", "ä"),
    ],
    "KeystoreCorruptedError": [
        unreadable,
        lambda folder: load_header(keystore(folder).to_bytes()[:-1]),
        lambda _: load_header(VALUE.encode()),
    ],
    "KeystoreExistsError": [lambda folder: reopened(folder).save(folder / "users")],
    "KeystorePasswordError": [
        lambda folder: reopened(folder, WRONG),
        lambda folder: reopened(folder, ""),
    ],
    "KeystoreVersionError": [lambda folder: reopened(folder).upgrade(8)],
    "MissingExtraError": [without_cryptography],
    "SecureSettingExistsError": [lambda folder: reopened(folder).rename("a.b", "c.d")],
    "SecureSettingNotFoundError": [lambda folder: reopened(folder).string("e.f")],
    "JournalVersionError": [with_record_of(999)],
    "LockTimeoutError": [locked],
    "NoEarlierVersionError": [lambda folder: UsersTool(folder).undo()],
    "NoKeptHashError": [without_kept_hash],
    "PlanOutdatedError": [outdated],
    "RealmClosedError": [closed],
    "RescueRefusedError": [
        lambda folder: UsersTool(switched_off(folder)).rescue().__enter__(),
    ],
    "UnknownHashAlgorithmError": [
        lambda _: hash_password(PASSWORDS["new"], "rot13"),
        lambda folder: FileRealm(folder, settings=RealmSettings(cache_hash_algo="rot13")),
        lambda folder: UsersTool(
            folder, settings=RealmSettings(password_hashing_algorithm="md5")
        ).useradd("other", PASSWORDS["new"]),
    ],
    "UnsafePlanError": [want(purge="all")],
    "UserExistsError": [useradd("bcrypt", PASSWORDS["new"])],
    "UserNotFoundError": [
        lambda folder: UsersTool(folder).passwd("nobody", PASSWORDS["new"]),
        lambda folder: UsersTool(folder).verify("nobody", PASSWORDS["new"]),
    ],
}
