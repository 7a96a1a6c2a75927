"""What kind of file says who the users of a node are, by its content."""

from __future__ import annotations

import re
from typing import Final, Literal

from ..drift.document import KIND

__all__ = ["SourceKind", "kind_of"]

SourceKind = Literal["fingerprint", "archive", "manifest", "document"]

#: A line of YAML or JSON by which a manifest of Kubernetes is recognized.
_MANIFEST: Final = re.compile(
    rb"""(?:^|[{,])[\s-]*["']?kind["']?\s*:\s*["']?(?:Secret|SecretList|List|Elasticsearch)\b""",
    re.MULTILINE,
)
_FINGERPRINT: Final = re.compile(rb""""kind"\s*:\s*"%b\"""" % KIND.encode())
#: How the output of ``digest --json`` begins.
_DIGEST: Final = re.compile(rb"""\s*\{\s*"command"\s*:\s*"digest\"""")
#: Bytes at the start of a file in which its kind stands.
_START: Final = 512


def kind_of(data: bytes) -> SourceKind:
    """Return the kind of a file; what is nothing else is a document, a desired state."""
    from ..exchange.archive import is_archive

    if _FINGERPRINT.search(data[:_START]) or _DIGEST.match(data):
        return "fingerprint"
    if is_archive(data):
        return "archive"
    return "manifest" if _MANIFEST.search(data) else "document"
