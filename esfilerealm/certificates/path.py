"""
From a client's certificate to a trusted one: the decision of Java's default trust manager.

Source:
    ``sun.security.validator.PKIXValidator`` and ``EndEntityChecker``,
    ``sun.security.provider.certpath``, of Java 17; RFC 5280, section 6.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .constraints import breaks_constraints
from .facts import is_signed_by
from .policies import breaks_policies

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator, Sequence

    from .facts import Facts

__all__ = ["NO_PATH", "Anchors"]

#: The reason if no certificate of the trust store is reached.
NO_PATH: Final = "no chain leads from it to a certificate of the trust store"
#: How many signatures a search may check. A chain that is meant needs one for each certificate.
_MOST_SIGNATURES: Final = 200
_LONGEST_PATH: Final = 20
#: How many beginnings of paths a search looks at; n authorities that sign one another make n!.
_MOST_STEPS: Final = 1_000


class _RefusedError(Exception):
    """A path that is not valid, with the reason."""


class Anchors:
    """
    The certificates that a node trusts.

    Args:
        certificates: What is known of them.
    """

    def __init__(self, certificates: Iterable[Facts]) -> None:
        self.certificates = tuple(certificates)
        self._ders = {facts.der for facts in self.certificates}
        self._by_subject: dict[object, list[Facts]] = {}
        for facts in self.certificates:
            self._by_subject.setdefault(facts.subject, []).append(facts)

    def refusal(self, chain: Sequence[Facts], now: dt.datetime) -> str | None:
        """
        Return why a chain is not trusted, or None if it is.

        Args:
            chain: The client's certificate, and others.

            now: The time of the decision.
        """
        leaf = chain[0]
        if leaf.der in self._ders:
            return None
        try:
            _Decision(self, now).check(chain)
            _check_leaf(leaf)
        except _RefusedError as error:
            return str(error)
        return None

    def issuers_of(self, facts: Facts) -> list[Facts]:
        """Return the trusted certificates that bear the name of the issuer."""
        return self._by_subject.get(facts.issuer, [])

    def is_trusted(self, facts: Facts) -> bool:
        """Check for a certificate, or for its name and key in another one."""
        return facts.der in self._ders or any(
            anchor.public_key == facts.public_key
            for anchor in self._by_subject.get(facts.subject, ())
        )


class _Decision:
    """One decision, in which no signature is checked twice."""

    def __init__(self, anchors: Anchors, now: dt.datetime) -> None:
        self._anchors = anchors
        self._now = now
        self._signatures: dict[tuple[int, int], bool] = {}
        self._others: dict[object, list[Facts]] = {}
        self._steps = 0

    def check(self, chain: Sequence[Facts]) -> None:
        """Take the chain as it is if it leads to trust in its order, or else build one from it."""
        for number, facts in enumerate(chain[1:], 1):
            if chain[number - 1].issuer != facts.subject:
                break
            if self._anchors.is_trusted(facts):
                self._check_in_order(chain[:number])
                return
        else:
            if self._anchors.issuers_of(chain[-1]):
                self._check_in_order(chain)
                return
        for facts in {facts.der: facts for facts in chain[1:]}.values():
            self._others.setdefault(facts.subject, []).append(facts)
        self._check_any(self._paths([chain[0]]))

    def _check_in_order(self, path: Sequence[Facts]) -> None:
        """Check a path that leads to trusted certificates of one name."""
        anchors = self._anchors.issuers_of(path[-1])
        self._check_any([(path, [each for each in anchors if _is_meant(path[-1], each)])])

    def _check_any(self, paths: Iterable[tuple[Sequence[Facts], list[Facts]]]) -> None:
        """
        Check that one of the paths is valid, with a trusted certificate above it.

        Java takes the first one that is, as it happens to hold them, and tries no other if the
        trusted certificate above it is no authority. So each of them has to be one.
        """
        refusal = _RefusedError(NO_PATH)
        valid = []
        for path, anchors in paths:
            for anchor in anchors:
                try:
                    self._check_path([*path, anchor])
                except _RefusedError as error:
                    refusal = error
                else:
                    valid.append(anchor)
        if not valid:
            raise refusal
        for anchor in valid:
            _check_anchor(anchor)

    def _paths(self, path: list[Facts]) -> Iterator[tuple[list[Facts], list[Facts]]]:
        """Yield each path that goes on from *path*, with the trusted certificates above it."""
        last = path[-1]
        anchors = self._anchors.issuers_of(last)
        if len(path) > 1:  # Java looks at the dates of those above the first one by mistake only
            anchors = [each for each in anchors if each.not_before <= self._now <= each.not_after]
        anchors = [each for each in anchors if each.version == 3 or _is_valid_around(each, last)]  # noqa: PLR2004
        yield path, [each for each in anchors if self._is_signed(last, each)]
        self._steps += 1
        if len(path) > _LONGEST_PATH or self._steps > _MOST_STEPS:
            return
        for issuer in self._others.get(last.issuer, ()):
            is_new = all(facts is not issuer for facts in path)
            is_twice = last.is_self_issued and issuer.is_self_issued  # which Java gives up on
            if is_new and not is_twice and issuer.is_authority and self._is_signed(last, issuer):
                yield from self._paths([*path, issuer])

    def _is_signed(self, facts: Facts, issuer: Facts) -> bool:
        pair = (id(facts), id(issuer))
        if pair not in self._signatures:
            is_allowed = len(self._signatures) < _MOST_SIGNATURES
            self._signatures[pair] = is_allowed and is_signed_by(facts, issuer)
        return self._signatures[pair]

    def _check_path(self, path: Sequence[Facts]) -> None:
        """
        Check a path from a client's certificate to a trusted one, which comes last.

        Raises:
            _RefusedError: If it is not valid.
        """
        if path[-1].weakness:
            raise _RefusedError(f"the trusted certificate is weak: {path[-1].weakness}")
        highest = len(path) - 2
        room = highest + 1
        for number in range(highest, -1, -1):
            facts = path[number]
            _check_certificate(facts, self._now)
            if not self._is_signed(facts, path[number + 1]):
                raise _RefusedError("a signature in the chain is wrong")
            is_checked = number == 0 or not facts.is_self_issued
            if is_checked and any(
                breaks_constraints(facts, above) for above in path[number + 1 : -1]
            ):
                raise _RefusedError("an authority in the chain may not vouch for a name in it")
            if number:
                room = _room_below(facts, room, is_highest=number == highest)
        if breaks_policies(path[:-1]):
            raise _RefusedError("no policy holds for the whole chain, as one has to")


def _is_meant(facts: Facts, anchor: Facts) -> bool:
    """
    Check whether a certificate names the key or number of another one as that of its issuer.

    Source:
        ``AdaptableX509CertSelector``.
    """
    wanted, key_id = facts.extensions.issuer_key_id, anchor.extensions.key_id
    number = facts.extensions.issuer_number
    is_number_meant = number is None or anchor.version < 3 or number == anchor.number  # noqa: PLR2004
    return is_number_meant and (wanted is None or key_id is None or wanted == key_id)


def _is_valid_around(anchor: Facts, facts: Facts) -> bool:
    return anchor.not_before <= facts.not_before and facts.not_after <= anchor.not_after


def _check_anchor(anchor: Facts) -> None:
    if anchor.version == 3 and not anchor.is_authority:  # noqa: PLR2004 -- older ones cannot say it
        raise _RefusedError("the trusted certificate that it leads to is not an authority")
    if not anchor.extensions.may_sign_certificates:
        raise _RefusedError("the trusted certificate that it leads to must not sign certificates")


def _check_certificate(facts: Facts, now: dt.datetime) -> None:
    if facts.weakness:
        raise _RefusedError(f"a certificate in the chain is weak: {facts.weakness}")
    if now > facts.not_after:
        raise _RefusedError(f"a certificate in the chain expired on {facts.not_after:%Y-%m-%d}")
    if now < facts.not_before:
        raise _RefusedError(f"a certificate in the chain is valid from {facts.not_before:%Y-%m-%d}")
    if facts.extensions.not_understood:
        names = ", ".join(facts.extensions.not_understood)
        raise _RefusedError(f"a certificate in the chain has unknown critical extensions: {names}")


def _room_below(facts: Facts, room: int, *, is_highest: bool) -> int:
    """Return how many authorities may follow one; it must be one, and there must be room for it."""
    length = facts.extensions.path_length
    if facts.version < 3 and is_highest and facts.is_self_issued:  # noqa: PLR2004 -- as above
        length = room
    if length < 0:
        raise _RefusedError("an intermediate certificate in the chain is not an authority")
    if not facts.extensions.may_sign_certificates:
        raise _RefusedError("an intermediate certificate in the chain must not sign certificates")
    if not facts.is_self_issued:
        if room <= 0:
            raise _RefusedError("there are more intermediate certificates than one of them allows")
        room -= 1
    return min(room, length)


def _check_leaf(leaf: Facts) -> None:
    """Check whether a certificate may be used by a client."""
    if not leaf.extensions.may_sign_data:
        raise _RefusedError("its key usage does not allow digital signatures")
    if leaf.extensions.is_kept_from_clients:
        raise _RefusedError("its Netscape certificate type does not allow clients of TLS")
    if not leaf.may_authenticate_clients:
        raise _RefusedError("its extended key usage does not allow the authentication of clients")
