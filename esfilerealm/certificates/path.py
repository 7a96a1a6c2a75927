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
from .policies import lacks_policy

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator, Sequence

    from .facts import Facts

__all__ = ["Anchors"]

_NO_PATH: Final = "no chain leads from it to a certificate of the trust store"
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
        if self.is_trusted(leaf):
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
        for number, facts in enumerate(chain):
            if number and chain[number - 1].issuer != facts.subject:
                break
            if self._anchors.is_trusted(facts):
                self._check_any(
                    [*chain[:number], anchor] for anchor in self._issuers(chain[number - 1])
                )
                return
        else:
            issuers = self._issuers(chain[-1])
            if any(self._is_signed(chain[-1], anchor) for anchor in issuers):
                self._check_any([*chain, anchor] for anchor in issuers)
                return
        for facts in {facts.der: facts for facts in chain[1:]}.values():
            self._others.setdefault(facts.subject, []).append(facts)
        self._check_any(self._paths([chain[0]]))

    def _check_any(self, paths: Iterable[Sequence[Facts]]) -> None:
        """Check that one of the paths is valid."""
        refusal = _RefusedError(_NO_PATH)
        for path in paths:
            try:
                self._check_path(path)
            except _RefusedError as error:
                refusal = error
            else:
                # Of the first path; Java tries no other then. It depends on the order in which it
                # holds them which of several with one name it takes, so each of them has to do.
                for anchor in self._issuers(path[-2]):
                    _check_anchor(anchor)
                return
        raise refusal

    def _paths(self, path: list[Facts]) -> Iterator[list[Facts]]:
        """Yield each path that goes on from *path* to a trusted certificate."""
        last = path[-1]
        for anchor in self._issuers(last):
            is_valid = anchor.not_before <= self._now <= anchor.not_after
            if is_valid and self._is_signed(last, anchor):
                yield [*path, anchor]
        self._steps += 1
        if len(path) > _LONGEST_PATH or self._steps > _MOST_STEPS:
            return
        for issuer in self._others.get(last.issuer, ()):
            is_new = all(facts is not issuer for facts in path)
            if is_new and issuer.is_authority and self._is_signed(last, issuer):
                yield from self._paths([*path, issuer])

    def _issuers(self, facts: Facts) -> list[Facts]:
        return self._anchors.issuers_of(facts)

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
            if any(breaks_constraints(facts, above) for above in path[number + 1 : -1]):
                raise _RefusedError("an authority in the chain may not vouch for a name in it")
            if number:
                room = _room_below(facts, room, is_highest=number == highest)
        if lacks_policy(path[:-1]):
            raise _RefusedError("a policy is required, and none holds for the whole chain")


def _check_anchor(anchor: Facts) -> None:
    if anchor.version == 3 and not anchor.is_authority:  # noqa: PLR2004 -- older ones cannot say it
        raise _RefusedError("the trusted certificate that it leads to is not an authority")
    if not anchor.may("certificates"):
        raise _RefusedError("the trusted certificate that it leads to must not sign certificates")


def _check_certificate(facts: Facts, now: dt.datetime) -> None:
    if facts.weakness:
        raise _RefusedError(f"a certificate in the chain is weak: {facts.weakness}")
    if now > facts.not_after:
        raise _RefusedError(f"a certificate in the chain expired on {facts.not_after:%Y-%m-%d}")
    if now < facts.not_before:
        raise _RefusedError(f"a certificate in the chain is valid from {facts.not_before:%Y-%m-%d}")
    if facts.not_understood:
        names = ", ".join(facts.not_understood)
        raise _RefusedError(f"a certificate in the chain has unknown critical extensions: {names}")


def _room_below(facts: Facts, room: int, *, is_highest: bool) -> int:
    """Return how many authorities may follow one; it must be one, and there must be room for it."""
    length = facts.path_length
    if facts.version < 3 and is_highest and facts.is_self_issued:  # noqa: PLR2004 -- as above
        length = room
    if length < 0:
        raise _RefusedError("an intermediate certificate in the chain is not an authority")
    if not facts.may("certificates"):
        raise _RefusedError("an intermediate certificate in the chain must not sign certificates")
    if not facts.is_self_issued:
        if room <= 0:
            raise _RefusedError("there are more intermediate certificates than one of them allows")
        room -= 1
    return min(room, length)


def _check_leaf(leaf: Facts) -> None:
    """Check whether a certificate may be used by a client."""
    if not leaf.may("data"):
        raise _RefusedError("its key usage does not allow digital signatures")
    if leaf.is_kept_from_clients:
        raise _RefusedError("its Netscape certificate type does not allow clients of TLS")
    if not leaf.may_authenticate_clients:
        raise _RefusedError("its extended key usage does not allow the authentication of clients")
