"""What verifying proves, in its order, and what it tells."""

from __future__ import annotations

import io
import os
import pickle
import zlib
from dataclasses import replace
from datetime import timedelta

import pytest
from support.backups import (
    IDENTITY,
    NOW,
    SOURCE,
    USERS,
    documents_of,
    make_key,
    make_trust,
    manifest_of,
    member,
    members_of,
    rebuilt_header,
    tar_of,
)

from esfilerealm.backup import (
    Entry,
    Limits,
    SigningKey,
    VerifiedBackup,
    compression,
    create_backup,
    verify_backup,
)
from esfilerealm.backup.compression import compressor
from esfilerealm.errors import (
    BackupContentError,
    BackupError,
    BackupFormatError,
    BackupKeyError,
    BackupLimitError,
    BackupOutdatedError,
    BackupSignatureError,
    BackupVersionError,
)

FILES = {"config/users": USERS, "config/certs/http.key": b"key", "outside/etc/krb5.conf": b"k"}


def verify(data, **how):
    return verify_backup(io.BytesIO(data), **{"now": NOW, **how})


def codes(backup):
    return [finding.code for finding in backup.findings]


@pytest.fixture
def signing(key):
    return SigningKey.read(key)


class TestProven:
    @pytest.mark.parametrize("compression", ["zstd", "gzip"])
    def test_a_whole_backup(self, folder, place, key, trust, compression):
        made = create_backup(folder, place, sign=key, plain=True, compression=compression)
        proven = verify_backup(made.path, trust=trust)
        assert proven.manifest == made.manifest
        assert proven.read("config/users") == USERS
        assert proven.signer.identity == IDENTITY
        assert proven.signer.fingerprint == SigningKey.read(key).fingerprint
        assert (proven.is_signed, proven.is_encrypted, proven.is_older) == (True, False, False)
        assert proven.source == made.path

    def test_only_the_digests_if_that_is_enough(self):
        proven = verify(tar_of(FILES), keep=False)
        assert not proven.has_contents
        with pytest.raises(ValueError, match="keep=True"):
            proven.read("config/users")

    def test_a_file_that_is_not_there(self):
        with pytest.raises(KeyError):
            verify(tar_of(FILES)).read("config/none")

    def test_nobody_else_makes_one(self):
        proven = verify(tar_of(FILES))
        assert "node-1" in repr(proven)
        assert USERS.decode().split(":")[1].strip() not in repr(proven)
        with pytest.raises(TypeError, match="only verify_backup"):
            VerifiedBackup(
                **dict.fromkeys(set(VerifiedBackup.__init__.__annotations__) - {"return"})
            )
        with pytest.raises(TypeError, match="cannot be pickled"):
            pickle.dumps(proven)

    def test_links_that_stay(self):
        link = Entry(path="config/l", form="link", mode=0o777, target="users")
        away = replace(link, path="config/m", target="/etc/passwd")
        manifest = manifest_of(FILES, link, away)
        assert verify(tar_of(FILES, manifest=manifest)).manifest == manifest


class TestWithoutTrust:
    def test_unsigned(self):
        proven = verify(tar_of(FILES))
        assert (proven.signer, proven.is_signed, codes(proven)) == (None, False, ["BACKUP20"])

    def test_signed(self, signing):
        proven = verify(tar_of(FILES, key=signing))
        assert (proven.signer, proven.is_signed, codes(proven)) == (None, True, ["BACKUP20"])


class TestSignature:
    def test_missing(self, trust):
        with pytest.raises(BackupSignatureError, match="it is not signed") as caught:
            verify(tar_of(FILES), trust=trust)
        assert caught.value.member == "MANIFEST.sig"

    def test_by_another_key(self, trust, tmp_path):
        other = SigningKey.read(make_key(tmp_path / "other"))
        with pytest.raises(BackupSignatureError, match="it is not there") as caught:
            verify(tar_of(FILES, key=other), trust=trust)
        assert other.fingerprint in str(caught.value)

    def test_of_another_backup(self, trust, signing):
        other = documents_of(manifest_of({"config/users": b"x"}), signing)["MANIFEST.sig"]
        with pytest.raises(BackupSignatureError, match="changed after it was signed"):
            verify(tar_of(FILES, key=signing, **{"MANIFEST.sig": other}), trust=trust)

    def test_for_another_namespace(self, trust, signing, monkeypatch):
        monkeypatch.setattr("esfilerealm.backup.seal.keys.NAMESPACE", "git")
        with pytest.raises(BackupSignatureError, match=r"made for \[git\]"):
            verify(tar_of(FILES, key=signing), trust=trust)

    def test_under_the_name_of_another_namespace(self, trust, signing, monkeypatch):
        """The namespace is signed, too."""
        from esfilerealm.backup.seal import keys, sshsig

        monkeypatch.setattr(keys, "message_to_sign", lambda data: sshsig.message_to_sign(data, "x"))
        with pytest.raises(BackupSignatureError, match="changed after it was signed"):
            verify(tar_of(FILES, key=signing), trust=trust)

    @pytest.mark.parametrize(
        ("line", "message"),
        [
            ("other@example.org {key}", "is of somebody else"),
            ("{identity} cert-authority {key}", "cert-authority"),
            ('{identity} namespaces="git,file" {key}', "only for other namespaces"),
            ('{identity} valid-after="20261201Z" {key}', r"only from \[2026-12-01 00:00:00"),
            ('{identity} valid-before="202611301159Z" {key}', r"only until \[2026-11-30 11:59:00"),
        ],
        ids=["identity", "authority", "namespace", "not yet", "no more"],
    )
    def test_that_does_not_count(self, tmp_path, key, signing, line, message):
        trust = make_trust(tmp_path, key, line)
        with pytest.raises(BackupSignatureError, match=message):
            verify(tar_of(FILES, key=signing), trust=trust)

    @pytest.mark.parametrize(
        "line",
        [
            '*@example.org,!x namespaces="esfilerealm-*" {key} me',
            '"backup@example.org" valid-after="20261130115959Z",valid-before="20261201Z" {key}',
            "other@example.org {key}\nbackup@example.org {key}",
        ],
        ids=["patterns", "times", "second line"],
    )
    def test_that_counts(self, tmp_path, key, signing, line):
        trust = make_trust(tmp_path, key, line)
        assert verify(tar_of(FILES, key=signing), trust=trust).signer.identity == IDENTITY

    @pytest.mark.parametrize("data", [b"", b"x", b"-----BEGIN SSH SIGNATURE-----\n"])
    def test_that_is_none(self, trust, data):
        with pytest.raises(BackupSignatureError, match="no signature by ssh-keygen"):
            verify(tar_of(FILES, **{"MANIFEST.sig": data}), trust=trust)


class TestSet:
    """Files added, removed, renamed, and swapped between two backups."""

    def test_one_is_missing(self, signing, trust):
        data = tar_of(FILES, key=signing, but=("config/users",))
        with pytest.raises(BackupContentError, match="it is missing") as caught:
            verify(data, trust=trust)
        assert caught.value.member == "config/users"

    def test_a_directory_is_missing(self):
        with pytest.raises(BackupContentError, match=r"certs\]: it is missing"):
            verify(tar_of(FILES, but=("config/certs",)))

    def test_one_is_added(self):
        data = member("config/more", b"x", mode=0o600) + tar_of(FILES)
        with pytest.raises(BackupContentError, match=r"more\]: the manifest does not name it"):
            verify(data)

    def test_one_is_renamed(self):
        manifest = manifest_of(FILES)
        renamed = {**FILES, "config/usera": FILES["config/users"]}
        del renamed["config/users"]
        data = members_of(manifest_of(renamed), renamed)
        parts = [member(name, text) for name, text in documents_of(manifest).items()]
        with pytest.raises(BackupContentError, match="it is missing"):
            verify(data + b"".join(parts) + bytes(1024))

    def test_two_are_swapped(self):
        swapped = {**FILES, "config/users": b"k", "outside/etc/krb5.conf": USERS}
        manifest = manifest_of(FILES)
        with pytest.raises(BackupContentError, match="its size is"):
            verify(tar_of(swapped, manifest=manifest))

    @pytest.mark.parametrize("name", ["manifest.json", "MANIFEST", "MANIFEST.sig"])
    def test_a_document_of_another_backup(self, signing, trust, name):
        other = documents_of(manifest_of({"config/users": b"x"}), signing)[name]
        with pytest.raises((BackupContentError, BackupSignatureError)):
            verify(tar_of(FILES, key=signing, **{name: other}), trust=trust)

    @pytest.mark.parametrize("name", ["manifest.json", "MANIFEST"])
    def test_a_document_is_missing(self, name):
        with pytest.raises(BackupContentError, match="this is no backup") as caught:
            verify(tar_of(FILES, but=(name,)))
        assert caught.value.member == name

    def test_a_document_that_is_none(self):
        data = tar_of(FILES, but=("MANIFEST",))[:-1024] + member("MANIFEST", type=b"5")
        with pytest.raises(BackupFormatError, match="it is no file"):
            verify(data + bytes(1024))

    def test_a_later_form(self):
        later = manifest_of(FILES).to_bytes().replace(b'"version": 1', b'"version": 2')
        with pytest.raises(BackupVersionError, match="use a later esfilerealm"):
            verify(tar_of(FILES, **{"manifest.json": later}))


class TestFiles:
    @pytest.mark.parametrize(
        ("change", "what"),
        [
            ({"mode": 0o644}, "mode"),
            ({"uid": 7}, "owner"),
            ({"user": "eve"}, "owner"),
            ({"gid": 7}, "group"),
            ({"group": "eve"}, "group"),
            ({"digest": "ab" * 32}, "SHA-256"),
            ({"size": 4}, "size"),
        ],
        ids=str,
    )
    def test_what_the_archive_says_otherwise(self, change, what):
        """Were the manifest signed, a change of the archive would be found."""
        manifest = manifest_of(FILES)
        entries = tuple(
            replace(each, **change) if each.path == "config/certs/http.key" else each
            for each in manifest.entries
        )
        changed = replace(manifest, entries=entries)
        parts = [member(name, text) for name, text in documents_of(changed).items()]
        data = members_of(manifest, FILES) + b"".join(parts) + bytes(1024)
        with pytest.raises(BackupContentError, match=f"its {what} is") as caught:
            verify(data)
        assert caught.value.member == "config/certs/http.key"

    def test_another_target_of_a_link(self):
        link = Entry(path="config/l", form="link", mode=0o777, target="users")
        manifest, other = (manifest_of(FILES, replace(link, target=to)) for to in ("users", "user"))
        parts = [member(name, text) for name, text in documents_of(manifest).items()]
        with pytest.raises(BackupContentError, match="its target is"):
            verify(members_of(other, FILES) + b"".join(parts) + bytes(1024))

    def test_another_form(self):
        manifest = manifest_of(FILES, Entry(path="config/l", form="directory"))
        data = members_of(manifest, FILES, but=("config/l",)) + member("config/l")
        parts = [member(name, text) for name, text in documents_of(manifest).items()]
        with pytest.raises(BackupContentError, match="its form is"):
            verify(data + b"".join(parts) + bytes(1024))


class TestAge:
    def older(self, signing, trust, *, seen, counter=3, time=NOW, files=FILES, **how):
        seen_time, seen_counter = seen
        before = manifest_of(FILES, time=seen_time, counter=seen_counter)
        trust.remember(verify(tar_of(FILES, key=signing, manifest=before), trust=trust))
        data = tar_of(files, key=signing, manifest=manifest_of(files, time=time, counter=counter))
        return verify(data, trust=trust, **how)

    def test_the_first_one(self, signing, trust):
        assert codes(verify(tar_of(FILES, key=signing), trust=trust)) == ["BACKUP22"]

    @pytest.mark.parametrize("counter", [3, 4])
    def test_the_same_one_and_a_later_one(self, signing, trust, counter):
        later = NOW + timedelta(seconds=counter - 3)
        proven = self.older(signing, trust, seen=(NOW, 3), counter=counter, time=later)
        assert (proven.is_older, codes(proven)) == (False, [])

    @pytest.mark.parametrize(
        ("seen", "message"),
        [
            ((NOW + timedelta(seconds=1), 4), "an older backup, of"),
            ((NOW, 4), r"counter \[4\] was seen before"),
            ((NOW + timedelta(days=1), 0), "an older backup, of"),
            ((NOW - timedelta(seconds=1), 3), "another backup with the same counter"),
        ],
        ids=["both", "counter", "time", "same counter"],
    )
    def test_an_older_one(self, signing, trust, seen, message):
        with pytest.raises(BackupOutdatedError, match=message):
            self.older(signing, trust, seen=seen)
        proven = self.older(signing, trust, seen=seen, allow_older=True)
        assert (proven.is_older, codes(proven)) == (True, ["BACKUP23"])

    def test_one_that_nobody_counted(self, signing, trust):
        proven = self.older(signing, trust, seen=(NOW, 9), counter=0)
        assert not proven.is_older

    def test_remembering_an_older_one_forgets_nothing(self, signing, trust):
        seen = (NOW + timedelta(seconds=1), 4)
        trust.remember(self.older(signing, trust, seen=seen, allow_older=True))
        assert trust.seen(manifest_of(FILES)).counter == 4

    def test_one_of_tomorrow(self):
        proven = verify(tar_of(FILES), now=NOW - timedelta(days=1))
        assert codes(proven) == ["BACKUP20", "BACKUP21"]

    @pytest.mark.parametrize(("what", "name"), [("node", "node-2"), ("cluster", "test")])
    def test_one_of_another_place(self, tmp_path, key, signing, what, name):
        trust = make_trust(tmp_path, key, **{what: name})
        with pytest.raises(BackupOutdatedError, match=rf"not of \[{name}\]"):
            verify(tar_of(FILES, key=signing), trust=trust)

    @pytest.mark.parametrize("data", ["[]", "{", '{"version": 2}', '{"version": 1, "nodes": 7}'])
    def test_a_record_of_somebody_else(self, tmp_path, key, signing, data):
        trust = make_trust(tmp_path, key, last_seen=tmp_path / "seen")
        (tmp_path / "seen").write_text(data)
        with pytest.raises(BackupKeyError, match="if it is removed"):
            verify(tar_of(FILES, key=signing), trust=trust)


class TestSource:
    def test_no_file(self, tmp_path):
        with pytest.raises(BackupError, match="no such file"):
            verify_backup(tmp_path / "none")

    @pytest.mark.parametrize("kind", ["path", "stream"])
    def test_too_large(self, tmp_path, kind):
        path = tmp_path / SOURCE
        path.write_bytes(bytes(101))
        source = path if kind == "path" else io.BytesIO(bytes(101))
        with pytest.raises(BackupLimitError, match=r"more than \[100\] bytes"):
            verify_backup(source, limits=Limits(archive_size=100))

    @pytest.mark.parametrize("data", [b"", b"PK\3\4", bytes(1024), USERS], ids=repr)
    def test_no_archive(self, data):
        with pytest.raises(BackupFormatError, match="it is no tar archive"):
            verify(data)


def packed(data, kind):
    made = compressor(kind)
    return made.compress(data) + made.flush()


@pytest.mark.parametrize("kind", ["zstd", "gzip"])
class TestCompressed:
    """One stream, whole, and nothing behind it."""

    def test_cut_off_anywhere(self, kind):
        data = packed(tar_of(FILES), kind)
        for end in range(len(data)):
            with pytest.raises(BackupFormatError):
                verify(data[:end])

    @pytest.mark.parametrize("more", [b"\0", b"x" * 200_000], ids=len)
    def test_something_behind(self, kind, more):
        with pytest.raises(BackupFormatError, match="followed by something else"):
            verify(packed(tar_of(FILES), kind) + more)

    def test_two_of_them(self, kind):
        data = tar_of(FILES)
        with pytest.raises(BackupFormatError, match="followed by something else"):
            verify(packed(data[:1024], kind) + packed(data[1024:], kind))

    def test_two_in_different_reads(self, kind):
        data = tar_of({"config/users": os.urandom(2**17)})
        with pytest.raises(BackupFormatError, match="followed by something else"):
            verify(packed(data, kind)[:-1] + packed(data, kind)[-1:] + packed(b"", kind))

    def test_a_bomb_of_one_ratio(self, kind, monkeypatch):
        monkeypatch.setattr(compression, "_GRACE", 2**20)
        bomb = packed(member("config/zeros", bytes(5 * 2**20)), kind)
        with pytest.raises(BackupLimitError, match="come out of one of it"):
            verify(bomb, keep=False)


class TestBombs:
    """Refused before memory is used: what is counted is what would be kept."""

    @pytest.mark.parametrize(
        ("limits", "message"),
        [
            ({"total_size": 4096}, r"unpacked, it has more than \[4096\]"),
            ({"file_size": 2}, r"at most \[2\] are read"),
            ({"manifest_size": 10}, r"manifest.json\]: it has \[\d+\] bytes"),
            ({"members": 3}, r"more than \[3\] files and directories"),
        ],
        ids=str,
    )
    def test_each_limit(self, limits, message):
        data = zlib.compress(tar_of(FILES), wbits=31)
        with pytest.raises(BackupLimitError, match=message):
            verify(data, limits=Limits(**limits))

    def test_a_size_that_is_only_claimed(self):
        header = member("config/huge", b"", mode=0o600)
        data = rebuilt_header(header, 0, slice(124, 136), b"77777777777\0") + bytes(1024)
        with pytest.raises(BackupLimitError, match=r"it has \[8589934591\] bytes"):
            verify(data)
