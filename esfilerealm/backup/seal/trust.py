"""Whose backups are trusted, and which of them was the latest."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from ..._ground.extras import require_extra
from ..._ground.holding import inside
from ..._storage import SingleFile, WriteOptions
from ...errors import BackupKeyError, BackupOutdatedError, BackupSignatureError
from ..manifest import SIGNATURE
from ..verified import Signer
from .keys import read_key_file
from .signers import read_allowed_signers
from .sshsig import NAMESPACE, Signature, fingerprint, message_to_sign, raw_key

if TYPE_CHECKING:
    from ..manifest import Manifest
    from ..verified import VerifiedBackup
    from .signers import AllowedSigner

__all__ = ["Seen", "Trust"]

_VERSION: Final = 1
_LARGEST: Final = 2**22
_PRIVATE: Final = 0o600
_SUFFIX: Final = ".last_seen"
_TIME: Final = "%Y-%m-%dT%H:%M:%SZ"
_SHOWN: Final = "%Y-%m-%d %H:%M:%S UTC"


@dataclass(frozen=True, slots=True)
class Seen:
    """
    The latest backup of a node that was seen.

    Attributes:
        counter: Its counter, or 0 if it was not counted.
        time: When it was made.
        digest: SHA-256 of its ``MANIFEST``, in hexadecimal.
    """

    counter: int
    time: datetime
    digest: str

    def objection(self, manifest: Manifest, digest: str) -> str | None:
        """Return why a backup is not the latest one, nor a later one; None if it is."""
        is_counted = bool(self.counter and manifest.counter)
        is_older = manifest.time < self.time or (is_counted and manifest.counter < self.counter)
        if is_older:
            return (
                f"it is an older backup, of [{manifest.time:{_SHOWN}}] with counter "
                f"[{manifest.counter}]; one of [{self.time:{_SHOWN}}] with counter "
                f"[{self.counter}] was seen before"
            )
        if is_counted and manifest.counter == self.counter and digest != self.digest:
            return f"another backup with the same counter [{self.counter}] was seen before"
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """
    Who may have signed a backup, and of which node it has to be.

    Attributes:
        allowed_signers: The path of a file as ``ssh-keygen -Y verify -f`` reads it.
        identity: Who has to have signed it, as for ``ssh-keygen -Y verify -I``.
        node: The name of the node, or None for any.
        cluster: The name of the cluster, or None for any.
        last_seen: The file that knows the latest backup of each node. By default it is beside
            ``allowed_signers``: not in the backup, and not where backups are kept.
    """

    allowed_signers: str | os.PathLike[str]
    identity: str
    node: str | None = None
    cluster: str | None = None
    last_seen: str | os.PathLike[str] | None = None

    def signer(
        self, signature: bytes | None, checksums: bytes, source: str, now: datetime
    ) -> Signer:
        """
        Return who signed a backup.

        Args:
            signature: Its ``MANIFEST.sig``, or None.

            checksums: Its ``MANIFEST``.

            source: Its name for errors.

            now: When the key has to count.

        Raises:
            MissingExtraError: If the extra ``backup`` is not installed.
            BackupSignatureError: If it is not signed by somebody who is trusted.
            BackupKeyError: If ``allowed_signers`` cannot be used.
            FilePermissionError, FileAccessError: If it cannot be read.
        """
        require_extra("backup", "verifying a signature", "cryptography")
        if signature is None:
            reason = "it is not signed, so nobody knows who made it"
            raise BackupSignatureError(source, reason, SIGNATURE)
        try:
            found = Signature.from_bytes(signature)
        except ValueError:
            reason = "it is no signature by ssh-keygen: the backup was changed"
            raise BackupSignatureError(source, reason, SIGNATURE) from None
        fault = self._refusal(found, now) or _fault(found, checksums)
        if fault is not None:
            raise BackupSignatureError(source, fault, SIGNATURE)
        return Signer(self.identity, fingerprint(found.public_key))

    def require_place(self, manifest: Manifest, source: str) -> None:
        """
        Require that a backup is of the node and cluster that are expected.

        Raises:
            BackupOutdatedError: If it is not.
        """
        for what, wanted in (("node", self.node), ("cluster", self.cluster)):
            found = getattr(manifest, what)
            if wanted is not None and found != wanted:
                reason = f"it is a backup of {what} [{found}], not of [{wanted}]"
                raise BackupOutdatedError(source, reason)

    def seen(self, manifest: Manifest) -> Seen | None:
        """
        Return the latest backup of the same node that ``remember`` was told of; None if there is
        none.

        Raises:
            BackupKeyError: If the file that knows it is malformed.
            FilePermissionError, FileAccessError: If it cannot be read.
        """
        return _parse(self._store.read().data, self._path).get((manifest.cluster, manifest.node))

    def remember(self, verified: VerifiedBackup) -> None:
        """
        Note that a backup was seen, so that an older one in its place is found from now on.

        Raises:
            BackupKeyError: If the file that knows it is malformed.
            LockTimeoutError: If somebody else writes it for too long.
            FilePermissionError, FileAccessError: If it cannot be read or written.
        """
        manifest, store, options = verified.manifest, self._store, WriteOptions()

        def note(_recovery: object) -> None:
            file = store.read()
            known = _parse(file.data, self._path)
            place = manifest.cluster, manifest.node
            before = known.get(place)
            if before is None or before.objection(manifest, verified.digest) is None:
                known[place] = Seen(manifest.counter, manifest.time, verified.digest)
                store.commit(file, _written(known), options)

        inside(store.locked(options), note)

    @property
    def _path(self) -> str:
        return os.fspath(self.last_seen or os.fspath(self.allowed_signers) + _SUFFIX)

    @property
    def _store(self) -> SingleFile:
        return SingleFile(self._path, largest=_LARGEST, new_mode=_PRIVATE)

    def _refusal(self, found: Signature, now: datetime) -> str | None:
        """Return why a signature does not count, whatever was signed; None if it does."""
        if found.namespace != NAMESPACE:
            return f"it was made for [{found.namespace}] and not for [{NAMESPACE}]"
        path = os.fspath(self.allowed_signers)
        signers = read_allowed_signers(read_key_file(path), path)
        return _refusal(signers, found, self.identity, path, now)


def _refusal(
    signers: list[AllowedSigner], found: Signature, identity: str, path: str, now: datetime
) -> str | None:
    reasons = []
    for signer in signers:
        if signer.public_key == found.public_key:
            reason = signer.refusal(identity, found.namespace, now)
            if reason is None:
                return None
            reasons.append(f"line [{signer.line}] {reason}")
    key = f"key [{fingerprint(found.public_key)}]"
    why = "; ".join(reasons) or "it is not there"
    return f"{key} is not trusted for [{identity}] by [{path}]: {why}"


def _fault(found: Signature, checksums: bytes) -> str | None:
    """Return why a signature by a trusted key is not of the backup; None if it is."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    key, signature = raw_key(found.public_key), found.raw
    if key is None or signature is None:
        return "it was made by a key that is not Ed25519, and only those are supported"
    message = message_to_sign(checksums, found.namespace, found.hash_name)
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return "it is not of this backup, which was changed after it was signed"
    return None


def _parse(data: bytes, path: str) -> dict[tuple[str, str], Seen]:
    if not data:
        return {}
    try:
        content = json.loads(data)
        if content["version"] != _VERSION:
            raise ValueError  # noqa: TRY301 - like everything else that is not ours
        return {(each["cluster"], each["node"]): _seen(each) for each in content["nodes"]}
    except (ValueError, TypeError, KeyError, RecursionError):
        pass
    reason = (
        "it is not what esfilerealm writes; if it is removed, an older backup in place of a later "
        "one is not found"
    )
    raise BackupKeyError(path, reason)


def _seen(each: dict[str, str | int]) -> Seen:
    time = datetime.strptime(str(each["time"]), _TIME).replace(tzinfo=UTC)
    return Seen(int(each["counter"]), time, str(each["digest"]))


def _written(known: dict[tuple[str, str], Seen]) -> bytes:
    nodes = [
        {
            "cluster": cluster,
            "node": node,
            "counter": seen.counter,
            "time": seen.time.strftime(_TIME),
            "digest": seen.digest,
        }
        for (cluster, node), seen in sorted(known.items())
    ]
    return json.dumps({"version": _VERSION, "nodes": nodes}, indent=1).encode() + b"\n"
