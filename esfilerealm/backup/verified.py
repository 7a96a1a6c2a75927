"""A backup that is proven."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Final

    from ..findings import Finding
    from .manifest import Manifest

__all__ = ["MADE_BY_VERIFY", "Signer", "VerifiedBackup"]

MADE_BY_VERIFY: Final = object()
"""What ``verify_backup`` shows to the constructor of ``VerifiedBackup``."""


@dataclass(frozen=True, slots=True)
class Signer:
    """
    Who signed a backup.

    Attributes:
        identity: The identity that was asked for and found in ``allowed_signers``.
        fingerprint: Of the key, as ``ssh-keygen -l`` prints it: ``SHA256:…``.
    """

    identity: str
    fingerprint: str


class VerifiedBackup:
    """
    A backup that ``verify_backup`` has proven whole; nothing else can make one.

    It holds the bytes whose digests were checked, so that nothing is read twice.

    Attributes:
        source: The backup, normally its path.
        manifest: What it holds.
        digest: SHA-256 of ``MANIFEST``, in hexadecimal: one value for all its files.
        signer: Who signed it; None if nobody, or if nobody was asked for.
        is_signed: Whether it has a signature, checked or not.
        is_encrypted: Whether it was encrypted.
        is_older: Whether a later backup of the node was seen before.
        findings: What a person should know about it.
    """

    def __init__(
        self,
        proof: object,
        *,
        source: str,
        manifest: Manifest,
        digest: str,
        signer: Signer | None,
        is_signed: bool,
        is_encrypted: bool,
        is_older: bool,
        findings: tuple[Finding, ...],
        contents: Mapping[str, bytes] | None,
    ) -> None:
        if proof is not MADE_BY_VERIFY:
            raise TypeError("only verify_backup makes a VerifiedBackup")
        self.source = source
        self.manifest = manifest
        self.digest = digest
        self.signer = signer
        self.is_signed = is_signed
        self.is_encrypted = is_encrypted
        self.is_older = is_older
        self.findings = findings
        self._contents = contents

    @property
    def has_contents(self) -> bool:
        """Whether it holds the files; not if it was verified with ``keep=False``."""
        return self._contents is not None

    def read(self, path: str) -> bytes:
        """
        Return the content of a file.

        Args:
            path: In the backup, as in ``manifest.by_path``.

        Raises:
            KeyError: If the backup has no such file.
            ValueError: If it was verified with ``keep=False``.
        """
        if self._contents is None:
            raise ValueError("the files were not kept: verify the backup with keep=True")
        return self._contents[path]

    def __repr__(self) -> str:
        node, counter = self.manifest.node, self.manifest.counter
        return f"VerifiedBackup(source={self.source!r}, node={node!r}, counter={counter})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a verified backup cannot be pickled: its files may be secret")
