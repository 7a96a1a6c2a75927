"""
Manifests as people write them, many ways of writing each value, beside what they mean.

A number makes a stream of YAML and the values of ``eck_model`` that it stands for.
"""

from __future__ import annotations

import json
from base64 import b64encode
from random import Random

from field.eck_model import Bad, Cluster, Secret

HASHES = (
    "$2a$04$ZtAAAAAAAAAAAAAAAAAAAe9zYFsIGL94BAQK5hdx0MaRDknw.ZjN6",
    "$2a$04$ZtBBBBBBBBBBBBBBBBBBBeW9hqrAotgeaJZ9jtl.qugkdzNzbLrmK",
    "$2y$04$ZtCCCCCCCCCCCCCCCCCCCeqaNQq1SwMvQE7i2GODEgO4Hk5N0N.yq",
    "$2b$04$ZtDDDDDDDDDDDDDDDDDDDevR3EPBKnwVIzNd4YUb3bSA.ZkJIZFs.",
    "{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=",
)
_NO_HASHES = ("", "clear-text", "$2y$05$short", "$apr1$x$aljIkaIVPSarmDMlJUBBP.", " ", "x:y")
_NAMES = ("ann", "bob", "carl", "dora", "a-b", "a.b", "a b", "10", "Ann", "#kim", "a,b", "böb", "")
_EDGES = (" ann", "ann ", "\tbob", "carl\r")
_ROLES = ("viewer", "editor", "superuser", "logs reader", "r1", "a,b", " viewer", "#r", "rölle", "")
_PASSWORDS = (
    *("hunter22", "longer password", "sixsix", "äää", "ÄÖÜß€", "x" * 72, "a:b,c#d", "tab\there"),
    *(
        "five5",
        "",
        "x" * 73,
        "ä" * 37,
        " edge ",
        'quo"te',
        "back\\slash",
        "nl at end\n",
        "'single'",
    ),
)
#: Plain scalars of YAML, and what a string field makes of them.
_SCALARS = (
    *((text, Bad()) for text in ("yes", "no", "Yes", "NO", "y", "n", "Y", "N", "on", "off", "Off")),
    *((text, Bad()) for text in ("true", "False", "12345678", "012345678", "0x123456", "-1234567")),
    *(
        (text, Bad())
        for text in ("1_000_000", "1234567.5", "1e12345678"[:3] + "8", "[a]", "{a: b}")
    ),
    *((text, Bad()) for text in ("0b1010101", "!!int '1234567'", "!!bool 'yes'", "+1234567")),
    *((text, text) for text in ("yEs", "2024-01-01", "1:30:00", "null-ish", "nope-nope", "oN-oN-")),
    *((text, text) for text in ("12345678x", "0x12345g", "1.2.3.4", "=", "a#b-c-d", "http://a.b")),
    ("~", None),
    ("null", None),
    ("", None),
    ("!!str 12345678", "12345678"),
    ("!!str yes", "yes"),
    ("!!binary aHVudGVyMjI=", "hunter22"),
    ("hunter22 # a comment", "hunter22"),
)
_BAD_BASE64 = ("hunter2", "YW5u:", "YQ", "YQ=", "Y Q==", "-_-_", "YQ==YQ==", "é===")
_OTHERS = (
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: s}\ndata:\n  users: |\n    eve:x\n",
    "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: d\nspec: {template: {a: [1, ~]}}\n",
    "apiVersion: kibana.k8s.elastic.co/v1\nkind: Kibana\nmetadata: {name: k}\n",
    "apiVersion: external-secrets.io/v1\nkind: Secret\nmetadata: {name: s}\n",
    "# nothing but a comment\n",
    "",
    "just text\n",
    "a: [not, yaml\n",
)


class Generator:
    """Writes one stream."""

    def __init__(self, number: int) -> None:
        self.random = Random(number)
        self.documents: list[Secret | Cluster] = []
        #: For ``--cluster``, if there are several.
        self.chosen: str | None = None
        self._sloppiness = self.random.choice((5, 20, 60, 100))
        self._anchors = 0

    def chance(self, percent: int) -> bool:
        return self.random.randrange(100) < percent

    def slip(self, percent: int) -> bool:
        """Return whether something odd is written here; some people make few slips."""
        return self.chance(percent * self._sloppiness // 100)

    def stream(self) -> str:
        """Return the text; ``documents`` has what it means."""
        parts = [self._secret_or_list() for _ in range(self.random.randint(1, 4))]
        if self.chance(55):
            parts.insert(self.random.randint(0, len(parts)), self._cluster("es"))
            if self.chance(20):
                parts.append(self._cluster("two"))
                self.chosen = self.random.choice(("es", "two"))
        while self.chance(30):
            parts.insert(self.random.randint(0, len(parts)), self.random.choice(_OTHERS))
        # The order of the documents decides, and clusters come where their text is.
        separator = self.random.choice(("---\n", "--- \n", "---\n---\n", "---\n# x\n"))
        text = separator.join(
            part if part.endswith("\n") or not part else f"{part}\n" for part in parts
        )
        if self.chance(30):
            text = f"---\n{text}"
        if self.chance(8):
            text = text.replace("\n", "\r\n")
        return text

    def _secret_or_list(self) -> str:
        if self.chance(12):
            items = [self._json_secret() for _ in range(self.random.randint(0, 3))]
            kind = self.random.choice(("List", "SecretList"))
            head = {"apiVersion": "v1", "kind": kind, "items": items}
            return json.dumps(head, indent=self.random.choice((None, 2, 4)))
        return self._secret()

    def _json_secret(self) -> dict[str, object]:
        secret = self._new_secret()
        manifest: dict[str, object] = {"apiVersion": "v1", "kind": "Secret"}
        manifest["metadata"] = {"name": secret.name, "namespace": secret.namespace}
        manifest["data"] = data = {}
        for key, text in self._fields().items():
            secret.data[key] = text.encode()
            data[key] = b64encode(text.encode()).decode()
        return manifest

    def _new_secret(self) -> Secret:
        secret = Secret(self.random.choice(("a", "b", "c", "team.one", "one-user")))
        self.documents.append(secret)
        return secret

    def _fields(self) -> dict[str, str]:
        """Return keys with texts."""
        form = self.random.choices(("files", "user", "both", "half", "other"), (45, 35, 5, 5, 10))[
            0
        ]
        fields: dict[str, str] = {}
        if form in ("files", "both"):
            for key, make in (("users", self._users), ("users_roles", self._users_roles)):
                if self.chance(85):
                    fields[key] = make()
        if form in ("user", "both"):
            fields["username"] = self._pick(_NAMES, usual=3, more=_EDGES)
            fields["password"] = self._pick(_PASSWORDS, usual=8)
            if self.chance(75):
                fields["roles"] = self._roles()
        if form == "half":
            fields[self.random.choice(("username", "password"))] = "hunter22"
            fields["users"] = self._users()
        if form == "other" or self.chance(10):
            key = self.random.choice(
                ("roles.yml", "tls.crt", "Users", "USERNAME", "service_tokens")
            )
            fields[key] = "x: y\n"
        if self.slip(3):
            fields[self.random.choice(("users.1~", "a b", "..x", "é"))] = ""
        pairs = list(fields.items())
        self.random.shuffle(pairs)
        return dict(pairs)

    def _pick(self, values: tuple[str, ...], *, usual: int, more: tuple[str, ...] = ()) -> str:
        """Return mostly one of the first *usual* values."""
        return self.random.choice((*values, *more) if self.slip(30) else values[:usual])

    def _users(self) -> str:
        rows = []
        for _ in range(self.random.randint(0, 4)):
            name = self._pick(_NAMES, usual=6, more=_EDGES)
            text = self._pick((*HASHES, *_NO_HASHES), usual=len(HASHES))
            rows.append(f"{name}:{text}")
        return self._file(rows)

    def _users_roles(self) -> str:
        rows = []
        for _ in range(self.random.randint(0, 4)):
            names = [
                self._pick(_NAMES, usual=6, more=_EDGES) for _ in range(self.random.randint(0, 3))
            ]
            separator = ", " if self.slip(6) else ","
            rows.append(f"{self._pick(_ROLES, usual=5)}:{separator.join(names)}")
        return self._file(rows)

    def _roles(self) -> str:
        names = [self._pick(_ROLES, usual=5) for _ in range(self.random.randint(1, 3))]
        return (", " if self.slip(8) else ",").join(names) + ("\n" if self.slip(4) else "")

    def _file(self, rows: list[str]) -> str:
        """Join the rows of a file, now and then with what is no row."""
        for odd, percent in (("# comment", 4), ("", 12), (" ", 2), ("oops", 2), ("#a:b", 4)):
            if self.slip(percent):
                rows.insert(self.random.randint(0, len(rows)), odd)
        end = "\r\n" if self.slip(5) else "\n"
        text = end.join(rows)
        return text + end if self.chance(80) and rows else text

    def _secret(self) -> str:
        secret = self._new_secret()
        self._anchors = 0
        lines = ["apiVersion: v1", self._kind(secret), *self._metadata(secret)]
        if self.chance(50):
            secret.type = self.random.choice(
                ("Opaque", "kubernetes.io/basic-auth", "example.com/own", "Opaque")
            )
            lines.append(f"type: {secret.type}")
        if self.chance(10):
            lines.append(f"immutable: {self.random.choice(('true', 'no', 'yes'))}")
        parts = {"data": [], "stringData": []}
        for key, text in self._fields().items():
            part = "stringData" if self.chance(60) else "data"
            parts[part].append(self._entry(secret, part, key, text))
            if self.slip(4):  # in both
                other = "data" if part == "stringData" else "stringData"
                parts[other].append(self._entry(secret, other, key, "ann:"))
        names = list(parts)
        self.random.shuffle(names)
        for part in names:
            if parts[part]:
                lines += [f"{part}:", *parts[part]]
            elif self.chance(10):
                lines.append(self.random.choice((f"{part}:", f"{part}: {{}}")))
        if self.slip(3):
            secret.is_refused = True
            lines.append(self.random.choice(("stringdata: {}", "datas: {}", "spec: 1")))
        if self.chance(15):
            lines.insert(self.random.randint(0, 2), "# a comment")
        return "\n".join(lines) + "\n"

    def _kind(self, secret: Secret) -> str:
        if self.slip(3):
            secret.is_refused = True
            return self.random.choice(("kind: secret", "kind: SECRET"))
        return self.random.choice(("kind: Secret", "kind: 'Secret'", 'kind: "Secret"'))

    def _metadata(self, secret: Secret) -> list[str]:
        lines = ["metadata:"]
        if self.slip(3):
            secret.name = None
            lines.append("  creationTimestamp: null")
        elif self.slip(3):
            secret.name = self.random.choice(("A", "a_b", "-a", "a-"))
            lines.append(f"  name: {secret.name}")
        else:
            lines.append(f"  name: {secret.name}")
        if self.chance(20):
            secret.namespace = self.random.choice(("default", "elastic"))
            lines.append(f"  namespace: {secret.namespace}")
        if self.chance(15):
            value = self.random.choice(
                ("'true'", "x", "''", "yes", "1")[: 5 if self.slip(30) else 3]
            )
            secret.is_refused |= value in ("yes", "1")
            lines += ["  labels:", f"    eck.k8s.elastic.co/watched: {value}"]
        return lines

    def _entry(self, secret: Secret, part: str, key: str, text: str) -> str:
        """Write an entry in one of many ways, and note in *secret* what it means."""
        shown = json.dumps(key) if key != key.strip() or not key.isascii() else key
        if part == "data":
            value, written = self._base64(text)
            secret.data[key] = value
        elif key in ("username", "password", "roles") and self.slip(20):
            written, value = self.random.choice(_SCALARS)
            secret.string_data[key] = value
        else:
            written, secret.string_data[key] = self._string(text)
        return f"  {shown}: {written}"

    def _base64(self, text: str) -> tuple[object, str]:
        if self.slip(4):
            return Bad(), self.random.choice(_BAD_BASE64)
        raw = text.encode()
        if self.slip(3):
            raw = self.random.choice((b"ann:\xff\n", b"\xff\xfe", b"hunter22\xff"))
        encoded = b64encode(raw).decode()
        style = self.random.randrange(5) if self.slip(100) else self.random.choice((0, 1, 3))
        if not encoded:
            return raw, self.random.choice(("", '""', "~", "''"))
        if style == 0:
            return raw, f'"{encoded}"'
        folded = "".join(f"\n    {encoded[at : at + 20]}" for at in range(0, len(encoded), 20))
        if style == 1:
            return raw, f"|{folded}"
        if style == 2:
            has_blank = len(encoded) > 20
            return Bad() if has_blank else raw, f">-{folded}"
        return (raw, f"!!str {encoded}") if encoded.isdigit() else (raw, encoded)

    def _string(self, text: str) -> tuple[str, str]:
        """Return a string in some style, and what the style makes of it."""
        style = self.random.randrange(4)
        if style == 0 and "\n" not in text and "\r" not in text and "\t" not in text:
            return "'" + text.replace("'", "''") + "'", text
        is_block = text.strip() and "\r" not in text and text[0] not in " \t\n"
        if style in (1, 2) and is_block and not text.endswith("\n\n"):
            body = "".join(
                f"\n    {line}" if line else "\n" for line in text.removesuffix("\n").split("\n")
            )
            if text.endswith("\n"):
                return f"|{body}", text
            return f"|-{body}", text
        written = json.dumps(text, ensure_ascii=self.chance(50))
        if self.chance(6):
            self._anchors += 1
            return f"&text{self._anchors} {written}", text
        return written, text

    def _cluster(self, name: str) -> str:
        refs = [
            self.random.choice(("a", "b", "c", "team.one", "one-user", "gone", ""))
            for _ in range(self.random.randint(0, 5))
        ]
        cluster = Cluster(refs, name, namespace=self.random.choice(("default",) * 5 + ("elastic",)))
        self.documents.append(cluster)
        version = self.random.choice(("v1", "v1", "v1beta1"))
        lines = [
            f"apiVersion: elasticsearch.k8s.elastic.co/{version}",
            "kind: Elasticsearch",
            f"metadata: {{name: {name}, namespace: {cluster.namespace}}}",
            "spec:",
            "  version: 9.1.0",
            "  nodeSets: [{name: default, count: 3, config: {node.store.allow_mmap: false}}]",
            "  auth:",
            "    roles: [{secretName: roles}]",
        ]
        if not refs and self.chance(50):
            return "\n".join(lines) + "\n"
        lines.append("    fileRealm:" + ("" if refs else " []"))
        lines += [f"    - secretName: {json.dumps(name)}" for name in refs]
        return "\n".join(lines) + "\n"
