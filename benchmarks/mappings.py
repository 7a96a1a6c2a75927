"""
Role mappings: finding the roles of a user should cost little more than reading its name.

The reference parses the distinguished name and looks it up in a dictionary.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from esfilerealm.certificates import DistinguishedName
from esfilerealm.role_mapping import parse_role_mapping, resolve_roles

from .measure import Options, Row, Sides, compare, repeated, spaced

if TYPE_CHECKING:
    from collections.abc import Iterator

_COUNT = 10_000
_AIM = 3.0
_TIMES = 1_000


def rows(options: Options) -> Iterator[Row]:
    """Measure the roles of one user among ten thousand names."""
    lines = (f"  - CN=User {number}, OU=People, O=Acme\n" for number in range(_COUNT))
    mapping = parse_role_mapping(f"viewer:\n{''.join(lines)}".encode())
    name = "cn=user 4711,ou=people,o=acme"
    by_dn = dict(mapping.roles_by_dn)
    sides = Sides(
        f"roles of a user among {spaced(_COUNT)} mapped names",
        repeated(lambda: resolve_roles(mapping, name), _TIMES),
        "parse the name, look it up",
        repeated(lambda: by_dn[DistinguishedName.parse(name).normalized], _TIMES),
    )
    yield compare(sides, rounds=options.rounds(40), aim=_AIM, unit="µs")
