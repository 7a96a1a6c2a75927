"""
The Secrets of a manifest as the API server takes them, and the Secrets that a cluster names.

Source:
    ``conversion.go`` and ``validation.go`` of Kubernetes (``pkg/apis/core``), with the strict
    validation that ``kubectl`` asks for, and ``spec.auth`` of Elastic's operator.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ..documents.yaml import kind_of
from ._shared import shown_name
from .k8s_documents import Typed, decode_base64
from .k8s_manifest import LARGEST_SECRET, NAMESPACE, SECRET_NAME
from .losses import Loss

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .k8s_documents import K8sDocument

__all__ = ["Cluster", "Objects", "Secret"]

_KEY: Final = re.compile(r"(?!\.\Z|\.\.)[-._a-zA-Z0-9]{1,253}", re.ASCII)
_FIELDS: Final = frozenset(
    {"apiVersion", "kind", "metadata", "data", "stringData", "type", "immutable"}
)
_METADATA: Final = frozenset(
    {
        "annotations",
        "clusterName",
        "creationTimestamp",
        "deletionGracePeriodSeconds",
        "deletionTimestamp",
        "finalizers",
        "generateName",
        "generation",
        "labels",
        "managedFields",
        "name",
        "namespace",
        "ownerReferences",
        "resourceVersion",
        "selfLink",
        "uid",
    }
)
#: What a Secret of some types needs: at least one of the keys, or all of them.
_NEEDS_ANY: Final = {
    "kubernetes.io/basic-auth": ("username", "password"),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
}
_NEEDS_ALL: Final = {"kubernetes.io/tls": ("tls.crt", "tls.key")}
#: The name of a label or annotation, behind its prefix; also the value of a label.
_WORD: Final = re.compile(r"(?=.{1,63}\Z)([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)", re.ASCII)
_CLUSTER_GROUP: Final = "elasticsearch.k8s.elastic.co/"
#: The kind, and how it is misspelled.
_SECRETS: Final = ("secret", "secrets")
_DEFAULT_NAMESPACE: Final = "default"


class Secret:
    """
    One Secret, with decoded values.

    Attributes:
        label: What it is called in messages.
        identity: Its namespace and name.
        values: From key to value, as far as it can be decoded.
        overridden: The keys of ``data`` that ``stringData`` overrides.
        problems: Why the API server would refuse it.
    """

    def __init__(self, manifest: dict[str, object], line_number: int, problem: str = "") -> None:
        self.problems: list[str] = [problem] if problem else []
        self.overridden: list[str] = []
        self.values: dict[str, bytes] = {}
        metadata = self._mapping(manifest, "metadata")
        name, namespace = metadata.get("name"), metadata.get("namespace")
        self.identity = (_namespace(namespace), name if isinstance(name, str) else "")
        self.label = (
            f"Secret [{shown_name(name)}]"
            if isinstance(name, str) and name
            else f"Secret in line [{line_number}]"
        )
        self._check_fields(manifest, metadata)
        self._read_data(manifest)
        self._read_string_data(manifest)
        self._check_values(manifest.get("type"))

    def __repr__(self) -> str:
        return f"<{self.label}: {len(self.values)} values>"

    @property
    def problem(self) -> str:
        """All problems as one text."""
        return "; ".join(dict.fromkeys(self.problems))

    def _mapping(self, parent: dict[str, object], key: str) -> dict[str, object]:
        value = parent.get(key)
        if isinstance(value, dict):
            return value
        if value is not None:
            self.problems.append(f"[{key}] must be a mapping, not {kind_of(value)}")
        return {}

    def _check_fields(self, manifest: dict[str, object], metadata: dict[str, object]) -> None:
        for parent, known in ((manifest, _FIELDS), (metadata, _METADATA)):
            self.problems += [
                f"[{shown_name(key)}] is not a field of a Secret"
                for key in parent
                if key not in known
            ]
        name = metadata.get("name")
        if name is None and isinstance(metadata.get("generateName"), str):
            pass
        elif not isinstance(name, str) or not SECRET_NAME.fullmatch(name):
            self.problems.append(
                "[metadata.name] must be a name of lower-case letters and digits, with [-] or [.] "
                "between them"
            )
        for kind in ("labels", "annotations"):
            for key, value in self._mapping(metadata, kind).items():
                self._check_label(kind, key, value)
        for parent, key in ((metadata, "namespace"), (manifest, "type")):
            if not isinstance(parent.get(key), str | None):
                self.problems.append(f"[{key}] must be a string, not {kind_of(parent[key])}")
        namespace = metadata.get("namespace")
        if isinstance(namespace, str) and namespace and not NAMESPACE.fullmatch(namespace):
            rule = "must be a name of lower-case letters and digits, with [-] between them"
            self.problems.append(f"[metadata.namespace] {rule}")
        immutable = kind_of(manifest.get("immutable"))
        if immutable not in ("a boolean", "null"):
            self.problems.append(f"[immutable] must be a boolean, not {immutable}")

    def _check_label(self, kind: str, key: str, value: object) -> None:
        """Check one label or annotation."""
        prefix, slash, name = key.rpartition("/")
        is_key = _WORD.fullmatch(name) and (not slash or SECRET_NAME.fullmatch(prefix))
        if not is_key:
            self.problems.append(f"[{shown_name(key)}] is no key for [metadata.{kind}]")
        if value is not None and not isinstance(value, str):
            rule = f"must be a string, not {kind_of(value)}: put it in quotes"
            self.problems.append(f"a value of [metadata.{kind}] {rule}")
        elif kind == "labels" and value and not _WORD.fullmatch(value):
            rule = "must consist of letters, digits, [-], [_] and [.]"
            self.problems.append(f"a value of [metadata.labels] {rule}")

    def _read_data(self, manifest: dict[str, object]) -> None:
        for key, text in self._texts(manifest, "data"):
            decoded = decode_base64(text)
            if decoded is None:
                rule = "is not base64: plain text belongs in [stringData]"
                self.problems.append(f"[data.{shown_name(key)}] {rule}")
            else:
                self.values[key] = decoded

    def _read_string_data(self, manifest: dict[str, object]) -> None:
        for key, text in self._texts(manifest, "stringData"):
            if key in self.values:
                self.overridden.append(key)
            self.values[key] = text.encode("utf-8", "surrogatepass")

    def _texts(self, manifest: dict[str, object], part: str) -> Iterator[tuple[str, str]]:
        for key, value in self._mapping(manifest, part).items():
            if isinstance(value, Typed | bool):
                what = f"[{part}.{shown_name(key)}]"
                rule = f"must be a string, not {kind_of(value)}: put it in quotes"
                self.problems.append(f"{what} {rule}")
            if isinstance(value, str | None):
                yield key, value or ""
            elif isinstance(value, Typed):
                yield key, value.text
            elif not isinstance(value, bool):
                what = f"[{part}.{shown_name(key)}]"
                self.problems.append(f"{what} must be a string, not {kind_of(value)}")

    def _check_values(self, type_: object) -> None:
        for key in self.values:
            if not _KEY.fullmatch(key):
                rule = "must consist of letters, digits, [-], [_] and [.]"
                self.problems.append(f"the key [{shown_name(key)}] {rule}")
        if sum(map(len, self.values.values())) > LARGEST_SECRET:
            self.problems.append(f"Kubernetes accepts up to {LARGEST_SECRET} bytes in one Secret")
        for needs, joint, is_enough in ((_NEEDS_ANY, "or", any), (_NEEDS_ALL, "and", all)):
            keys = needs.get(type_, ()) if isinstance(type_, str) else ()
            if keys and not is_enough(key in self.values for key in keys):
                named = f" {joint} ".join(f"[{key}]" for key in keys)
                self.problems.append(f"a Secret of type [{type_}] needs {named}")


def _namespace(value: object) -> str:
    return value if isinstance(value, str) and value else _DEFAULT_NAMESPACE


class Cluster:
    """
    One ``Elasticsearch``.

    Attributes:
        label: What it is called in messages.
        name: Its name.
        refs: The identities of the Secrets that it names, in order.
    """

    def __init__(self, manifest: dict[str, object]) -> None:
        metadata = manifest.get("metadata")
        name = metadata.get("name") if isinstance(metadata, dict) else None
        self.name = name if isinstance(name, str) else ""
        self.label = f"Elasticsearch [{shown_name(self.name)}]"
        namespace = _namespace(metadata.get("namespace") if isinstance(metadata, dict) else None)
        value: object = manifest
        for key in ("spec", "auth", "fileRealm"):
            value = value.get(key) if isinstance(value, dict) else None
        names = [
            ref.get("secretName")
            for ref in (value if isinstance(value, list) else ())
            if isinstance(ref, dict)
        ]
        self.refs = [(namespace, name) for name in names if isinstance(name, str) and name]


class Objects:
    """
    The objects of a stream that matter, with lists unfolded.

    Attributes:
        secrets: All Secrets, in order.
        clusters: Every ``Elasticsearch``, in order.
        losses: The documents of other kinds, and those that cannot be read.
        problem: The first document that cannot be read, and why, if none can; else None.
    """

    def __init__(self, documents: Iterable[K8sDocument]) -> None:
        self.secrets: list[Secret] = []
        self.clusters: list[Cluster] = []
        self.losses: list[Loss] = []
        self.problem: tuple[int, str] | None = None
        self._kinds: dict[str, int] = {}
        self._is_manifest = False
        for document in documents:
            if document.value is None:
                self._refuse(document.line_number, document.problem)
            else:
                self._add(document.value, document, "")
        if self._is_manifest:
            self.problem = None
        kinds = ", ".join(
            kind if count == 1 else f"{count} {kind}" for kind, count in self._kinds.items()
        )
        if kinds:
            reason = "only Secrets are read, and which of them an Elasticsearch names"
            self.losses.append(Loss("the file", kinds, reason, is_blocking=False, is_note=True))

    def _refuse(self, line_number: int, problem: str) -> None:
        self.problem = self.problem or (line_number, problem)
        where = f"line [{line_number}]"
        self.losses.append(Loss(where, "the document", f"left out: {problem}", is_blocking=False))

    def _add(self, value: object, document: K8sDocument, item_kind: str) -> None:
        """Add a document or an item of a list, which is of *item_kind* if it does not say."""
        line_number = document.line_number
        if not isinstance(value, dict):
            self._refuse(line_number, f"must be a mapping, not {kind_of(value)}")
            return
        kind, version = value.get("kind", item_kind), value.get("apiVersion")
        if not isinstance(kind, str) or not kind:
            self._refuse(line_number, "[kind] is missing: not a manifest")
            return
        self._is_manifest = True
        if kind.endswith("List") and isinstance(value.get("items"), list):
            items = value["items"]
            for item in items if isinstance(items, list) else ():
                self._add(item, document, kind.removesuffix("List"))
        elif kind.lower() in _SECRETS and _is_core(version):
            problem = document.problem or _wrong_type(kind, version, is_item=bool(item_kind))
            self.secrets.append(Secret(value, line_number, problem))
        elif (
            kind == "Elasticsearch"
            and isinstance(version, str)
            and version.startswith(_CLUSTER_GROUP)
        ):
            self.clusters.append(Cluster(value))
        else:
            name = shown_name(kind)
            self._kinds[name] = self._kinds.get(name, 0) + 1


def _is_core(version: object) -> bool:
    """Check whether an API version is none of a group, which has kinds of its own."""
    return not isinstance(version, str) or "/" not in version


def _wrong_type(kind: str, version: object, *, is_item: bool) -> str:
    """Return why the API server knows no such kind in that version; or nothing."""
    if kind != "Secret":
        return f"[kind] must be [Secret], not [{shown_name(kind)}]"
    if version == "v1" or (version is None and is_item):
        return ""
    return "[apiVersion] is missing" if version is None else "[apiVersion] must be [v1]"
