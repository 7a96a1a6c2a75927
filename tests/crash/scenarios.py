"""What is done to a realm while faults happen: every command and every verb that writes."""

from __future__ import annotations

import contextlib
import io
import os
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

from crash.kit import Dead, DieAfterRenames, intercepted
from support.hashes import CHEAP_HASH, SHA_HASH

from esfilerealm import FileRealm, RealmSettings, UsersTool
from esfilerealm._ground import moments
from esfilerealm._storage import Attributes, RealmFolder, Unit, WriteOptions
from esfilerealm.cli import main
from esfilerealm.errors import FileRealmError
from esfilerealm.keystore import Keystore
from esfilerealm.provisioning import DesiredState, apply, plan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

USERS = f"# people\nbob:{CHEAP_HASH}\n\nodd line\nal:{CHEAP_HASH}\njim:{CHEAP_HASH}\n"
NOON = datetime(2100, 1, 1, 12, tzinfo=UTC)  # so that nobody is over by the clock of today
USERS_ROLES = "# roles\r\nviewer: bob, al\r\nodd line\r\nadmin:bob\r\n"


@dataclass(frozen=True)
class Scenario:
    """
    Something that writes.

    Attributes:
        act: Does it, in a folder.
        prepare: Makes that folder what it is before.
        ends: The change that *prepare* leaves unfinished and *act* ends; None if there is none.
        is_quiet: Whether *act* is silent about faults.
    """

    act: Callable[[Path], object]
    prepare: Callable[[Path], object]
    ends: Callable[[Path], object] | None = None
    is_quiet: bool = False


def realm(folder: Path) -> None:
    """Make a realm with lines of every kind."""
    folder.mkdir()
    (folder / "users").write_bytes(USERS.encode())
    (folder / "users_roles").write_bytes(USERS_ROLES.encode())
    for name in ("users", "users_roles"):
        (folder / name).chmod(0o640)


def realm_without_roles(folder: Path) -> None:
    realm(folder)
    (folder / "users_roles").unlink()


def realm_with_versions(folder: Path) -> None:
    realm(folder)
    tool = UsersTool(folder, keep=3)
    for role in ("one", "two", "three"):
        tool.roles("bob", add=[role])


def realm_with_links(folder: Path) -> None:
    """Both files elsewhere, in two folders."""
    realm(folder)
    for name in ("users", "users_roles"):
        (folder / f"{name}.d").mkdir()
        (folder / name).rename(folder / f"{name}.d" / "real")
        (folder / name).symlink_to(f"{name}.d/real")


def realm_with_managed_users(folder: Path) -> None:
    """Some of them go: one by a purge, one long since by hand."""
    realm(folder)
    (folder / "users.managed").write_text('{"version": 1, "users": ["al", "gone"]}\n')
    (folder / "users.managed").chmod(0o640)


def realm_with_other_files(folder: Path) -> None:
    """A realm with ``roles.yml``, but without a keystore."""
    realm(folder)
    (folder / "roles.yml").write_text("old: {cluster: [all]}\n")
    (folder / "roles.yml").chmod(0o640)


def unfinished(
    act: Callable[[Path], object], renames: int, make: Callable[[Path], object] = realm
) -> Callable[[Path], None]:
    """Make a realm whose last writer was killed after so many renames; its journal is the first."""

    def prepare(folder: Path) -> None:
        make(folder)
        with contextlib.suppress(Dead), intercepted(DieAfterRenames(renames)):
            act(folder)

    return prepare


def command(*args: str) -> Callable[[Path], None]:
    """Run the command; its error is raised again, so that it looks like that of the library."""

    def act(folder: Path) -> None:
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            exit_code = main([*args, "-c", str(folder)])
        assert "unexpected" not in err.getvalue()
        if exit_code:
            raise FileRealmError(err.getvalue())

    return act


def several_changes(folder: Path) -> None:
    with UsersTool(folder).transaction() as change:
        change.useradd("new", password_hash=CHEAP_HASH, roles=["viewer", "fresh"])
        change.passwd("bob", password_hash=SHA_HASH)
        change.roles("bob", add=["superuser"], remove=["admin"])
        change.userdel("al")


def apply_desired_state(folder: Path) -> None:
    """Change all three files."""
    users = [
        {"name": "new", "password_hash": CHEAP_HASH, "roles": ["viewer", "fresh"]},
        {"name": "bob", "password_hash": SHA_HASH, "roles": ["superuser"]},
    ]
    desired = DesiredState.from_dict({"users": users, "purge": "managed"})
    apply(plan(folder, desired))


def forget_managed_users(folder: Path) -> None:
    """Change nothing but the list of managed users."""
    users = [{"name": name} for name in ("bob", "al", "jim")]
    apply(plan(folder, DesiredState.from_dict({"users": users, "purge": "managed"})))


def apply_in_place(folder: Path) -> None:
    """Change all three files, two of them in place, and keep what these were."""
    content = {
        "users": [
            {"name": "new", "password_hash": CHEAP_HASH, "roles": ["fresh"]},
            {"name": "bob"},
        ],
        "purge": "managed",
        "attributes": {"mode": "0604"},
    }
    apply(plan(folder, DesiredState.from_dict(content)), strategy="in_place", keep=2)


def restore(folder: Path, **how: object) -> None:
    """Change four files as one unit, two of them beside the realm, as a restored backup does."""
    realm, options = RealmFolder(folder), WriteOptions(**how)
    with realm.locked(options):
        files = realm.read("roles.yml", "elasticsearch.keystore")
        contents = [
            (files.others["roles.yml"], b"restored: {cluster: [monitor]}\n"),
            (files.others["elasticsearch.keystore"], b"keys"),
            (files.users_roles, files.users_roles.data + b"fresh:new\n"),
            (files.users, files.users.data + f"new:{SHA_HASH}\n".encode()),
        ]
        realm.commit(Unit(files, contents), options)


def realm_with_folders(folder: Path) -> None:
    """A realm with a file in a directory beside it."""
    realm(folder)
    (folder / "certs").mkdir(mode=0o750)
    (folder / "certs" / "http.p12").write_bytes(b"old key")
    (folder / "certs" / "http.p12").chmod(0o640)


def restore_folders(folder: Path, **how: object) -> None:
    """Change files anywhere as one unit, one of them in new directories."""
    realm, options = RealmFolder(folder), WriteOptions(**how)
    with realm.locked(options):
        files = realm.read("certs/http.p12", "new/file")
        contents = [
            (files.others["certs/http.p12"], b"new key"),
            (files.others["new/file"], b"new file"),
            (files.users, files.users.data + f"new:{SHA_HASH}\n".encode()),
        ]
        attributes = {str(folder / "certs" / "http.p12"): Attributes.restored(0o604, None, None)}
        folders = {str(folder / "new"): Attributes.restored(0o705, None, None, is_folder=True)}
        links = {str(folder / "new" / "link"): "file"}
        unit = Unit(files, contents, attributes=attributes, folders=folders, links=links)
        realm.commit(unit, options)


def realm_with_keystore(folder: Path) -> None:
    realm(folder)
    change_keystore(folder, Keystore.create())
    (folder / "elasticsearch.keystore").chmod(0o604)


def new_keystore(folder: Path) -> None:
    change_keystore(folder, Keystore.create())


def change_keystore(folder: Path, store: Keystore | None = None, **how: object) -> None:
    """Save a keystore with the same salt each time, so that its content can be compared."""
    path = folder / "elasticsearch.keystore"
    store = store or Keystore.read(path)
    store.set("keystore.seed", "the same each time")
    store.set("a.b", "secret")
    with mock.patch.object(secrets, "token_bytes", bytes):
        store.save(path, **how)


def change_more(folder: Path, **how: object) -> None:
    store = Keystore.read(folder / "elasticsearch.keystore")
    store.set("c.d", "more")
    change_keystore(folder, store, **how)


def apply_with_keystore(folder: Path, **how: object) -> None:
    """Change all three files and the keystore."""
    users = [{"name": "new", "password_hash": CHEAP_HASH, "roles": ["viewer", "fresh"]}]
    document = {"users": users, "purge": "managed", "keystore": {"c.d": {"value": "more"}}}
    with mock.patch.object(secrets, "token_bytes", bytes):
        apply(plan(folder, DesiredState.from_dict(document)), **how)


def realm_with_managed_users_and_keystore(folder: Path) -> None:
    realm_with_managed_users(folder)
    new_keystore(folder)


class EverythingIsWeak:
    """A policy that wants another hash for every password, and always the same."""

    def needs_update(self, _stored: str) -> bool:
        return True

    def hash(self, _password: str) -> str:
        return SHA_HASH


def upgrade(folder: Path) -> None:
    """Log in, and let that replace a hash; no fault of it is a reason not to let somebody in."""
    realm = FileRealm(
        folder,
        settings=RealmSettings(),
        watch_events=False,
        upgrade_hashes=True,
        hash_policy=EverythingIsWeak(),
    )
    realm.authenticate("bob", "test-password")


def useradd(folder: Path, **options: object) -> None:
    UsersTool(folder, **options).useradd("new", password_hash=CHEAP_HASH, roles=["viewer", "fresh"])


@contextlib.contextmanager
def stopped_clock(minutes: int = 0) -> Iterator[None]:
    """Let the same come out each time, of clocks and of what is drawn by lot."""
    moment = moments.Moment(NOON + timedelta(minutes=minutes), "a start", 60.0 * minutes)
    with (
        mock.patch.object(moments, "now", return_value=moment),
        mock.patch.object(secrets, "choice", lambda letters: letters[0]),
    ):
        yield


def lock(folder: Path, **options: object) -> None:
    with stopped_clock():
        UsersTool(folder, **options).lock("bob")


def unlock(folder: Path) -> None:
    with stopped_clock():
        UsersTool(folder).unlock("bob")


def add_for_an_hour(folder: Path) -> None:
    with stopped_clock():
        UsersTool(folder).useradd(
            "new", password_hash=CHEAP_HASH, roles=["viewer", "fresh"], expires=timedelta(hours=1)
        )


def add_for_the_next_hour(folder: Path, **options: object) -> None:
    UsersTool(folder, **options).useradd(
        "new", password_hash=CHEAP_HASH, expires=timedelta(hours=1)
    )


def realm_with_locked_user(folder: Path) -> None:
    realm(folder)
    lock(folder)


def realm_with_expired_user(folder: Path) -> None:
    realm(folder)
    lock(folder)
    add_for_an_hour(folder)


def sweep(folder: Path) -> None:
    with stopped_clock(minutes=60):
        UsersTool(folder).sweep()


def realm_with_expiring_user(folder: Path) -> None:
    realm(folder)
    with stopped_clock():
        UsersTool(folder).expire("bob", timedelta(hours=1))


def expire_never(folder: Path) -> None:
    """Change nothing but the record, which goes."""
    with stopped_clock():
        UsersTool(folder).expire("bob", None)


def recover(folder: Path) -> None:
    UsersTool(folder).recover()


SCENARIOS = {
    **(
        {
            "useradd, owner": Scenario(lambda folder: useradd(folder, owner=4711), realm),
            "init, owner": Scenario(lambda folder: UsersTool(folder).init(owner=4711), Path.mkdir),
        }
        if hasattr(os, "geteuid") and os.geteuid() == 0
        else {}  # only root may give files away
    ),
    "useradd command": Scenario(
        command("useradd", "new", "--hash", CHEAP_HASH, "-r", "viewer,fresh"), realm
    ),
    "useradd command, no users_roles": Scenario(
        command("useradd", "new", "--hash", CHEAP_HASH, "-r", "viewer"), realm_without_roles
    ),
    "useradd command, no roles": Scenario(command("useradd", "new", "--hash", CHEAP_HASH), realm),
    "userdel command": Scenario(command("userdel", "bob"), realm),
    "passwd command": Scenario(command("passwd", "bob", "--hash", SHA_HASH), realm),
    "roles command": Scenario(command("roles", "bob", "-a", "fresh", "-r", "admin"), realm),
    "init command, nothing there": Scenario(command("init"), lambda folder: None),
    "init command, users_roles missing": Scenario(command("init"), realm_without_roles),
    "undo command": Scenario(command("undo"), realm_with_versions),
    "recover, a user added": Scenario(recover, unfinished(useradd, 2), useradd),
    "useradd": Scenario(useradd, realm),
    "useradd, links": Scenario(useradd, realm_with_links),
    "useradd, mode": Scenario(lambda folder: useradd(folder, mode=0o604), realm),
    "passwd, mode": Scenario(
        lambda folder: UsersTool(folder, mode=0o604).passwd("bob", password_hash=SHA_HASH), realm
    ),
    "useradd, in place, mode": Scenario(
        lambda folder: useradd(folder, strategy="in_place", mode=0o604), realm
    ),
    "useradd, in place": Scenario(lambda folder: useradd(folder, strategy="in_place"), realm),
    "useradd, first version": Scenario(lambda folder: useradd(folder, keep=2), realm),
    "useradd, third version": Scenario(useradd, realm_with_versions),
    "useradd, no more versions": Scenario(
        lambda folder: useradd(folder, keep=0), realm_with_versions
    ),
    "several changes": Scenario(several_changes, realm),
    "desired state": Scenario(apply_desired_state, realm_with_managed_users),
    "desired state, nobody managed yet": Scenario(apply_desired_state, realm),
    "desired state, only the managed users": Scenario(
        forget_managed_users, realm_with_managed_users
    ),
    "desired state, in place, versions": Scenario(apply_in_place, realm_with_managed_users),
    "recover, desired state": Scenario(
        recover, unfinished(apply_desired_state, 3), apply_desired_state
    ),
    "four files": Scenario(restore, realm_with_other_files),
    "four files, in place, versions": Scenario(
        lambda folder: restore(folder, strategy="in_place", keep=1), realm_with_other_files
    ),
    "recover, four files": Scenario(
        recover, unfinished(restore, 3, realm_with_other_files), restore
    ),
    "any files": Scenario(restore_folders, realm_with_folders),
    "keystore, new": Scenario(new_keystore, realm),
    "keystore, new, no realm": Scenario(new_keystore, Path.mkdir),
    "keystore": Scenario(change_more, realm_with_keystore),
    "keystore, in place": Scenario(
        lambda folder: change_more(folder, strategy="in_place"), realm_with_keystore
    ),
    "desired state, keystore": Scenario(apply_with_keystore, realm_with_managed_users_and_keystore),
    "lock": Scenario(lock, realm),
    "unlock": Scenario(unlock, realm_with_locked_user),
    "useradd, expires": Scenario(add_for_an_hour, realm),
    "expire, never": Scenario(expire_never, realm_with_expiring_user),
    "sweep": Scenario(sweep, realm_with_expired_user),
    "recover, keystore": Scenario(recover, unfinished(new_keystore, 1)),
    "hash upgraded at login": Scenario(upgrade, realm, is_quiet=True),
    "recover, before the first file": Scenario(
        recover, unfinished(several_changes, 1), several_changes
    ),
    "recover, between two files": Scenario(
        recover, unfinished(several_changes, 2), several_changes
    ),
    "recover, before the last file": Scenario(
        recover, unfinished(several_changes, 3), several_changes
    ),
    "recover, before the record goes": Scenario(
        recover, unfinished(several_changes, 4), several_changes
    ),
}


def audited_realm(folder: Path) -> None:
    """Make a realm, and a log beside it that tells of its latest change."""
    realm(folder)
    UsersTool(folder, audit=log_of(folder)).roles("jim", add=["first"])


def log_of(folder: Path) -> Path:
    return folder.parent / "audit.log"


def audited(act: Callable[..., object], **how: object) -> Callable[[Path], object]:
    """Return what does the same with a log."""
    return lambda folder: act(folder, audit=log_of(folder), **how)


def passwd(folder: Path, **how: object) -> None:
    """Replace one file, without a journal."""
    UsersTool(folder, **how).passwd("bob", password_hash=SHA_HASH)


#: Like ``SCENARIOS``, with a log of the changes.
AUDITED: dict[str, Scenario] = {
    "audited useradd": Scenario(audited(useradd), audited_realm),
    "audited rescue": Scenario(audited(add_for_the_next_hour), audited_realm),
    "audited passwd": Scenario(audited(passwd), audited_realm),
    "audited useradd, in place": Scenario(audited(useradd, strategy="in_place"), audited_realm),
    "audited recovery": Scenario(
        audited(lambda folder, **how: UsersTool(folder, **how).recover()),
        unfinished(audited(useradd), 2, audited_realm),
    ),
}

#: Those that are tried under all faults. The others, under one and under kills, do what one of
#: these does, with less in it.
TYPICAL = [name for name in SCENARIOS if name not in ("lock", "unlock", "useradd, expires")]
