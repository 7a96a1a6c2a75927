"""A realm that has seen much, and what becomes of it."""

from __future__ import annotations

import asyncio

from no_secret.planted import (
    CLEAR,
    HALF,
    HASHES,
    HEADER,
    LONG,
    PASSWORDS,
    SETTING,
    STRAY,
    WRONG,
)

from esfilerealm import (
    UsernamePasswordToken,
    UsersTool,
)


def lay_out(folder):
    lines = [f"{name}:{text}" for name, text in HASHES.items()]
    (folder / "users").write_text("\n".join(["# people", STRAY, *lines, ""]))
    (folder / "users_roles").write_text(f"viewer:{','.join(HASHES)}\nadmin:ssha\n")
    (folder / "elasticsearch.yml").write_text(
        "xpack.security.authc.password_hashing.algorithm: bcrypt5\n"
        "xpack.security.authc.realms.file.mine:\n  order: 1\n  cache.max_users: 3\n"
        f"xpack.security.authc.realms.ldap.other:\n  order: 2\n  bind_password: {SETTING}\n"
    )


def log_everyone_in(realm):
    """Rightly, wrongly, as nobody, with too much, and with what stands in the file."""
    results = []
    for name in (*HASHES, "nobody", "new"):
        tried = (PASSWORDS.get(name, CLEAR), WRONG, HALF, LONG, HASHES.get(name, ""))
        results += [realm.authenticate(name, password) for password in tried]
        results.append(asyncio.run(realm.authenticate_async(name, PASSWORDS.get(name, WRONG))))
    results.append(realm.authenticate_token(UsernamePasswordToken.from_basic_header(HEADER)))
    assert any(results)
    assert not all(results)
    return results


def changed(realm, folder):
    """Make many changes, and return what the realm calls back with."""
    told = []
    realm.on_change(told.append)
    tool = UsersTool(folder)
    tool.useradd("new", PASSWORDS["new"], roles=["viewer"])
    tool.userdel("md5")
    tool.passwd("bcrypt", PASSWORDS["new"])
    tool.roles("ssha", remove=["admin"])
    assert realm.reload()
    tool.passwd("bcrypt", password_hash=HASHES["bcrypt"])
    assert realm.reload()
    return told


def spoilt(realm, folder):
    with (folder / "users").open("ab") as file:
        file.write(b"\xff\n")
    realm.reload()
    assert not realm.health
    return realm.health
