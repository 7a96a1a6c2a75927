"""Which authorities are trusted: those that are named, and no others beside them."""

from __future__ import annotations

import ssl
from typing import Any

from ..._ground.faults import FaultsOf
from ...errors import InvalidSnapshotValueError

__all__ = ["trusting"]


class _Sealed(ssl.SSLContext):
    """
    A context that takes no further authorities once it is sealed.

    The client adds the public ones to whatever context it gets. Certificates and the names in them
    are verified, but not held to the strict rules that Python has from 3.13 on: authorities that
    Elasticsearch has made do not keep all of them.
    """

    is_sealed = False

    def load_verify_locations(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        if not self.is_sealed:
            super().load_verify_locations(*args, **kwargs)


def trusting(ca_file: str | None) -> ssl.SSLContext:
    """
    Return what trusts the authorities of a file in PEM, or those of the system.

    Raises:
        FilePermissionError, FileAccessError: If the file cannot be read.
        InvalidSnapshotValueError: If it has no certificates.
    """
    context = _Sealed(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_file is None:
        context.load_default_certs()
    elif not _loaded(context, ca_file):
        rule = "it must have certificates in PEM"
        raise InvalidSnapshotValueError("file of authorities", ca_file, rule)
    context.is_sealed = True
    return context


def _loaded(context: ssl.SSLContext, path: str) -> bool:
    with FaultsOf(path, "reading"), open(path, "rb"):
        pass
    try:
        context.load_verify_locations(path)
    except ssl.SSLError:
        return False
    return True
