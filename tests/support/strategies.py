"""What hypothesis draws: names, hashes, whole files, hostile lines."""

from __future__ import annotations

from hypothesis import strategies as st

from esfilerealm.names import DEFAULT_ANONYMOUS_USERNAME, RESERVED_USERNAMES

#: Few names, so that lines of one file meet.
NAMES = ["al", "bob", "b", "bob smith", "c#d", "ann", "guest"]
ROLES = ["admin", "a", "read only", "superuser", "bob"]

printable = st.characters(min_codepoint=0x20, max_codepoint=0x7E)

#: Reserved ones are left out: hypothesis also tries what it finds in the source.
usernames = st.one_of(
    st.sampled_from(NAMES),
    st.text(printable, min_size=1, max_size=8).filter(
        lambda s: (
            s == s.strip(" ")
            and not s.startswith("#")
            and not set(s) & set(":,")
            and s not in RESERVED_USERNAMES | {DEFAULT_ANONYMOUS_USERNAME}
        )
    ),
)
role_names = st.one_of(
    st.sampled_from(ROLES),
    st.text(printable, min_size=1, max_size=8).filter(
        lambda s: s == s.strip(" ") and not s.startswith("#") and not set(s) & set(":,")
    ),
)

_trimmed = "".join(map(chr, range(0x21)))
hashes = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"), min_size=1
).filter(lambda s: s == s.rstrip(_trimmed))

line_ends = st.sampled_from(["\n", "\r\n", "\r"])
blanks = st.sampled_from(["", "", " ", "\t", "  ", "\x01", "\x0b"])

#: Characters that mean something to one of the formats, and some that nearly do.
hostile = st.text(
    st.sampled_from(list("ab#:, \t\n\r\x00\x01\x0b\x0c\x85\xa0\u2028\ufeffé")), max_size=12
)

users_lines = st.one_of(
    st.builds(
        lambda a, n, h, z: f"{a}{n}:{h}{z}",
        blanks,
        usernames,
        st.sampled_from(["h1", "h2", "$x:y"]),
        blanks,
    ),
    hostile,
    st.sampled_from(
        ["", "# remark", "#bob:x", " #al:x", "elastic:h", "bob:", "bob", "\ufeffbob:h"]
    ),
)
_user_lists = st.lists(st.one_of(usernames, hostile.map(lambda s: s.replace(",", ""))), max_size=4)
users_roles_lines = st.one_of(
    st.builds(
        lambda a, r, b, comma, names: f"{a}{r}:{b}{comma.join(names)}",
        blanks,
        role_names,
        blanks,
        st.sampled_from([",", ", ", " ,", ",,"]),
        _user_lists,
    ),
    hostile,
    st.sampled_from(["", "# remark", "admin:", "admin: , ", "admin:,bob", "röle:bob", "a:bob,bob"]),
)


def files(lines: st.SearchStrategy[str]) -> st.SearchStrategy[bytes]:
    """Whole files of *lines*, each with some line end, the last one perhaps with none."""

    def join(pairs: list[tuple[str, str]], last: str) -> bytes:
        return ("".join(line + end for line, end in pairs) + last).encode()

    same = line_ends.flatmap(lambda end: st.lists(st.tuples(lines, st.just(end)), max_size=8))
    mixed = st.lists(st.tuples(lines, line_ends), max_size=8)
    return st.builds(join, st.one_of(same, mixed), st.one_of(st.just(""), lines))


users_files = files(users_lines)
users_roles_files = files(users_roles_lines)
