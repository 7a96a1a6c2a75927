"""A chain of realms and what it answers, with secrets at hand."""

from __future__ import annotations

from no_secret.planted import CLEAR, HALF, HASHES, HEADER, LONG, PASSWORDS, WRONG

from esfilerealm import RealmChain, UsernamePasswordToken
from esfilerealm.realms import ChainSettings, DelegatedBy, Request, ResultKind, StepStatus


class Failing:
    """A realm of a program whose error tells the password that it got."""

    name, type, order = "failing", "program", 0

    def token(self, request):
        return UsernamePasswordToken.from_basic_header(request.values("Authorization"))

    def supports(self, token):
        return isinstance(token, UsernamePasswordToken) and token.principal == "nobody"

    def authenticate(self, token):
        raise ValueError(f"{token.principal}:{token.credentials}")

    def lookup_user(self, username):
        raise ValueError(WRONG)

    def usage_stats(self):
        return {}


def results(realm):
    """What a chain answers to everybody: rightly, wrongly, and where a realm fails."""
    told = []
    chain = RealmChain([realm, Failing()], may_run_as=lambda *_: True)
    chain.on_failure(told.append)
    answers = [chain]
    for name in (*HASHES, "nobody"):
        tried = (PASSWORDS.get(name, CLEAR), WRONG, HALF, LONG, HASHES.get(name, ""))
        for password in tried:
            answers += [chain.authenticate(name, password) for _ in range(2)]
    headers = {"Authorization": HEADER, "es-security-runas-user": "nobody"}
    answers += [chain.authenticate_request(headers), *told]
    answers += [chain.authenticate_request({"Authorization": f"{HEADER}%"})]
    return answers


def steps(realm):
    return [step for result in results(realm)[1:] for step in result.steps]


CHAIN_OBJECTS = {
    "ChainResult": lambda realm, _: [
        fact for result in results(realm)[1:] for fact in (result, result.client_message("it"))
    ],
    "ChainSettings": lambda *_: [ChainSettings()],
    "DelegatedBy": lambda *_: [DelegatedBy("proxy", "pki1")],
    "RealmChain": lambda realm, _: [results(realm)[0], results(realm)[0].usage_stats()],
    "Request": lambda *_: [Request({"Authorization": HEADER, "Cookie": [WRONG, CLEAR]})],
    "ResultKind": lambda *_: list(ResultKind),
    "Step": lambda realm, _: steps(realm),
    "StepStatus": lambda *_: list(StepStatus),
}
