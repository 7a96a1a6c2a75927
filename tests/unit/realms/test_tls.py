"""The certificates of a client, from Python's ``ssl``."""

from __future__ import annotations

import socket
import ssl
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.pki import CERTIFICATES

from esfilerealm.realms import client_certificates


def der(name: str) -> bytes:
    return ssl.PEM_cert_to_DER_cert((CERTIFICATES / f"{name}.pem").read_text())


@pytest.fixture
def server() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / "server_eku.pem", CERTIFICATES / "server_eku.key.pem")
    context.load_verify_locations(CERTIFICATES / "root.pem")
    context.verify_mode = ssl.CERT_OPTIONAL
    return context


@pytest.fixture
def client(tmp_path) -> ssl.SSLContext:
    """A client that sends its certificate and that of its issuer."""
    chain = tmp_path / "chain.pem"
    names = ("alice", "inter")
    chain.write_text("".join((CERTIFICATES / f"{name}.pem").read_text() for name in names))
    context = anonymous()
    context.load_cert_chain(chain, CERTIFICATES / "alice.key.pem")
    return context


def anonymous() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class Connection:
    """Both sides of a connection in memory, after the handshake."""

    def __init__(
        self,
        server: ssl.SSLContext,
        client: ssl.SSLContext,
        session: ssl.SSLSession | None = None,
    ) -> None:
        up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.server = server.wrap_bio(up, down, server_side=True)
        self.client = client.wrap_bio(down, up, session=session)
        done = set[ssl.SSLObject]()
        while len(done) < 2:
            for side in (self.client, self.server):
                try:
                    side.do_handshake()
                except ssl.SSLWantReadError:
                    continue
                done.add(side)
        self.server.write(b"x")
        self.client.read(1)  # and the tickets of TLS 1.3 before it


def test_the_chain_up_to_the_root_of_the_server(server, client):
    found = client_certificates(Connection(server, client).server)
    assert found == (der("alice"), der("inter"), der("root"))


def test_of_a_socket(server, client):
    ours, theirs = socket.socketpair()
    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(client.wrap_socket, theirs)
        with server.wrap_socket(ours, server_side=True) as connection, other.result():
            assert client_certificates(connection)[:2] == (der("alice"), der("inter"))


def test_before_the_handshake(server):
    connection = server.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_side=True)
    with pytest.raises(ValueError, match="handshake not done"):
        client_certificates(connection)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_of_a_resumed_session_the_leaf_is_left(server, client, version):
    server.maximum_version = version
    first = Connection(server, client)
    second = Connection(server, client, first.client.session)
    assert second.server.session_reused
    assert client_certificates(second.server) == (der("alice"),)


def test_without_tickets_no_session_is_resumed(server, client):
    server.options |= ssl.OP_NO_TICKET
    server.num_tickets = 0
    first = Connection(server, client)
    second = Connection(server, client, first.client.session)
    assert len(client_certificates(second.server)) == 3


def test_a_client_without_a_certificate(server):
    assert client_certificates(Connection(server, anonymous()).server) == ()


def test_a_server_that_does_not_ask(server, client):
    server.verify_mode = ssl.CERT_NONE
    assert client_certificates(Connection(server, client).server) == ()


def test_the_other_side_is_refused(server, client):
    with pytest.raises(ValueError, match="the client's side"):
        client_certificates(Connection(server, client).client)


def test_something_else_is_refused():
    with socket.socket() as plain, pytest.raises(TypeError, match=r"not \[socket\]"):
        client_certificates(plain)


class Older:
    """A connection of a Python without the method, and without the object inside."""

    server_side = True

    def getpeercert(self, binary_form: bool) -> bytes:
        assert binary_form
        return b"leaf"


def test_only_the_leaf_if_python_gives_no_more():
    assert client_certificates(Older()) == (b"leaf",)
