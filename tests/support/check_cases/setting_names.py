"""Cases of the rules about settings that a version does not know."""

from __future__ import annotations

from ..settings_cases import about_settings, yml

__all__ = ["CASES"]

#: A removed setting, the last version that takes it, and what a message names in its place.
REMOVED = [
    ("shield.enabled: true", None, "[xpack.security]"),
    ("bootstrap.mlockall: true", None, "[bootstrap.memory_lock]"),
    ("http.enabled: false", 6, "version [7] has removed [http.enabled]"),
    ("xpack.ssl.key: a", 6, "xpack.security.http.ssl"),
    ("bootstrap.system_call_filter: false", 7, "version [8]"),
    ("cluster.join.timeout: 1m", 7, "version [8]"),
    ("discovery.zen.minimum_master_nodes: 2", 7, "discovery.seed_hosts"),
    ("http.content_type.required: true", 7, "version [8]"),
    ("http.tcp_no_delay: true", 7, "http.tcp.no_delay"),
    ("network.tcp.connect_timeout: 1s", 7, "transport.connect_timeout"),
    ("node.max_local_storage_nodes: 1", 7, "version [8]"),
    ("node.master: true", 7, "[node.roles]"),
    ("node.data: true", 7, "[node.roles]"),
    ("node.ingest: true", 7, "[node.roles]"),
    ("node.ml: true", 7, "[node.roles]"),
    ("node.voting_only: true", 7, "[node.roles]"),
    ("transport.profiles.a.xpack.security.type: node", 7, "version [8]"),
    ("xpack.security.authc.accept_default_password: true", 7, "version [8]"),
    ("xpack.security.authz.store.roles.index.cache.ttl: 1m", 7, "version [8]"),
]
REALMS = "xpack.security.authc.realms"
REALM = f"{REALMS}.file.f"
SWITCH = "xpack.security.http.ssl.enabled"

CASES = {
    "EFR470": about_settings(
        *(
            yml(f"{text} since", f"a: 1\n{text}\n", line=2, severity="error", message=instead)
            for text, _, instead in REMOVED
        ),
        *(
            yml(f"{text} with {(last or 4) + 1}", f"{text}\n", version=(last or 4) + 1, line=1)
            for text, last, _ in REMOVED
        ),
        *(
            yml(f"{text} with {last}", f"{text}\n", version=last)
            for text, last, _ in REMOVED
            if last is not None
        ),
        yml("what there is now", "node.roles: [master]\n"),
        yml("an attribute", "node.attr.data: a\n"),
    ),
    "EFR471": about_settings(
        yml(
            "shards",
            "a: 1\nindex.number_of_shards: 1\n",
            line=2,
            subject="index.number_of_shards",
            severity="error",
        ),
        yml("of all indices", "indices.query.bool.max_clause_count: 1\n"),
    ),
    "EFR472": about_settings(
        yml(
            "a letter is missing",
            "a: 1\nxpack.security.enable: true\n",
            line=2,
            severity="error",
            message="did you mean [xpack.security.enabled]?",
        ),
        yml("a reload", "resource.reload.interval.hihg: 1s\n", line=1, message="interval.high]?"),
        yml("an exchange", "xpack.security.http.ssl.keystore.paht: a\n", line=1),
        yml("one that is known", "xpack.security.enabled: true\n"),
        yml("one of a plugin", "acme.security.enabled: true\n"),
        yml("one that is only similar", "xpack.security.audit.enabled: true\n"),
        yml("one of another level", "xpack.security.http.ssl.enabled.a: true\n"),
        yml("what few people set", "xpack.security.authc.token.passphrase: a\n"),
    ),
    "EFR473": about_settings(
        yml(
            "yes",
            f"a: 1\n{SWITCH}: yes\n",
            line=2,
            subject=SWITCH,
            severity="error",
            message=f"[{SWITCH}] is [yes], and must be exactly [true] or [false]; did",
        ),
        yml("a capital", "xpack.security.enabled: 'False'\n", line=1, message="[false]?"),
        yml("a number", "xpack.security.authc.realms.file.f.enabled: 1\n", line=1),
        yml("nonsense", f"{SWITCH}: never\n", line=1, message="must be exactly [true] or [false]"),
        yml("with 5", f"{SWITCH}: yes\n", version=5, severity="warning"),
        yml("with 6", "xpack.security.authc.realms.f.enabled: on\n", version=6, severity="error"),
        yml("another switch", "resource.reload.enabled: on\n", line=1),
        yml("true", f"{SWITCH}: true\n"),
        yml("false", f"{SWITCH}: 'false'\n"),
        yml("of another environment", f"{SWITCH}: ${{NO_SUCH_ONE}}\n"),
        yml("a setting of another kind", "xpack.security.http.ssl.verification_mode: yes\n"),
    ),
    "EFR474": about_settings(
        yml(
            "an order that is a word",
            f"a: 1\n{REALM}.order: first\n",
            line=2,
            subject=f"{REALM}.order",
            severity="error",
            message=f"[{REALM}.order] is [first]",
        ),
        yml("a large number", f"{REALM}.cache.max_users: 9999999999\n", line=1),
        yml("a time without a unit", f"{REALM}.cache.ttl: 20\n", line=1),
        yml("an interval", "resource.reload.interval.high: soon\n", line=1),
        yml("an old interval", "resource.reload.interval: soon\n", line=1),
        yml("in the spelling of 6", f"{REALMS}.f.order: 1.5\n", version=6, line=1),
        yml("right ones", f"{REALM}: {{order: -5, cache.ttl: 20m, cache.max_users: 10}}\n"),
        yml("no time", f"{REALM}.cache.ttl: 0\n"),
        yml("of another environment", f"{REALM}: {{order: '${{NO}}', cache.ttl: '${{NO}}'}}\n"),
        yml("another key", f"{REALM}.url: first\n"),
    ),
}
