"""The connection: TLS is verified, passwords go to the node alone, and faults are explained."""

from __future__ import annotations

import io
import json
import logging
import pickle
import socket
import sys
from types import SimpleNamespace

import pytest
from support.cluster import FakeCluster, authority_files, serving
from support.making import AUTHORITY, as_pem, make_certificate

from esfilerealm.backup.snapshot import Cluster, Release, Request
from esfilerealm.backup.snapshot import cluster as module
from esfilerealm.errors import (
    ClusterError,
    FileAccessError,
    InvalidSnapshotValueError,
    MissingExtraError,
)

LOOK = Request("GET", "/_snapshot/backup")
MAKE = Request("POST", "/_security/user/saver", {"roles": ["snapshot_user"]}, secret="password")
SECRET = "the-password-of-saver"


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return authority_files(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def secure(files):
    """The address of a cluster that speaks TLS, and its authority."""
    authority, own = files
    with serving(FakeCluster(), own) as url:
        yield url, str(authority)


class TestTls:
    def test_with_its_authority(self, secure):
        url, authority = secure
        with Cluster(url, "admin", "admin-password", ca_file=authority) as cluster:
            assert cluster.release() == Release(8, 19, 3)

    def test_an_unknown_authority_gets_no_password(self, secure):
        with Cluster(secure[0], "admin", "admin-password") as cluster:
            with pytest.raises(ClusterError, match="is not trusted: check --ca") as caught:
                cluster.release()
        assert caught.value.status is None

    def test_other_authorities_are_not_trusted_besides(self, secure, files, tmp_path, monkeypatch):
        """Clients add the public ones, and those of the system, to any that they are given."""
        url, authority = secure
        monkeypatch.setenv("SSL_CERT_FILE", authority)
        node = pytest.importorskip("elastic_transport._node._http_urllib3")
        monkeypatch.setattr(node, "DEFAULT_CA_CERTS", authority)
        other = tmp_path / "other.pem"
        other.write_bytes(as_pem(make_certificate("other", "other", AUTHORITY)))
        with Cluster(url, "admin", "admin-password", ca_file=str(other)) as cluster:
            with pytest.raises(ClusterError, match="is not trusted"):
                cluster.release()
        with Cluster(url, "admin", "admin-password") as cluster:
            assert cluster.release()

    def test_another_name(self, files):
        authority, own = files
        with serving(FakeCluster(), own) as url:
            other = url.replace("127.0.0.1", "127.0.0.2")
            with Cluster(other, "admin", "admin-password", ca_file=str(authority)) as cluster:
                with pytest.raises(ClusterError, match=r"not trusted|cannot be reached"):
                    cluster.release()

    def test_a_missing_file(self, tmp_path):
        with pytest.raises(FileAccessError, match="nothing"):
            Cluster("https://a", "b", "c", ca_file=str(tmp_path / "nothing"))

    def test_a_file_without_certificates(self, tmp_path):
        (tmp_path / "ca").write_text("x")
        with pytest.raises(InvalidSnapshotValueError, match="must have certificates in PEM"):
            Cluster("https://a", "b", "c", ca_file=str(tmp_path / "ca"))


class TestAddresses:
    @pytest.mark.parametrize(
        ("url", "why"),
        [
            ("http://node:9200", "in clear text: use https, or allow it by --allow-http"),
            ("http://192.0.2.1:9200", "in clear text"),
            ("http://localhost", "write it as"),
            ("https://no de:9200", "write it as"),
            ("https://node\n:9200", "write it as"),
            ("node:9200", "write it as https://node:9200"),
            ("ftp://node", "write it as"),
            ("https://", "write it as"),
            ("https://node:x", "write it as"),
            ("https://[::1", "write it as"),
            ("https://node/?a=b", "write it as"),
        ],
    )
    def test_refused(self, url, why):
        with pytest.raises(InvalidSnapshotValueError) as caught:
            Cluster(url, "admin", "x")
        assert why in str(caught.value)

    def test_a_password_in_it_is_not_shown(self):
        with pytest.raises(InvalidSnapshotValueError, match="password apart") as caught:
            Cluster("https://admin:secret-1@node", "admin", "x")
        assert "secret-1" not in repr(vars(caught.value))

    @pytest.mark.parametrize(
        ("url", "more"),
        [
            ("http://localhost:9200", {}),
            ("http://127.0.0.1:9200", {}),
            ("http://[::1]:9200", {}),
            ("http://node:9200", {"allow_http": True}),
            ("https://node/elastic", {}),
        ],
    )
    def test_accepted(self, url, more):
        with Cluster(url, "admin", "x", **more) as cluster:
            assert repr(cluster) == f"<Cluster {url}>"


class TestNoSecret:
    def test_it_cannot_be_pickled_and_shows_nothing(self):
        with Cluster("https://node", "admin", "admin-password") as cluster:
            with pytest.raises(TypeError, match="cannot be pickled"):
                pickle.dumps(cluster)
            assert "admin-password" not in repr(cluster)

    def test_what_the_client_logs(self, connect):
        """It logs bodies where somebody listens; here nothing is logged, and later all is."""
        heard = io.StringIO()
        handler = logging.StreamHandler(heard)
        loggers = [logging.getLogger(name) for name in (*module._LOGGERS, "elastic_transport")]
        before = [logger.level for logger in loggers]
        for logger in loggers:
            logger.addHandler(handler)
            logger.setLevel(logging.DEBUG)
        try:
            connect(FakeCluster()).send(MAKE, secret=SECRET)
            logging.getLogger("elasticsearch").info("later")
        finally:
            for logger, level in zip(loggers, before, strict=True):
                logger.removeHandler(handler)
                logger.setLevel(level)
        text = heard.getvalue()
        assert "later" in text
        assert SECRET not in text
        assert "admin-password" not in text

    def test_an_answer_that_repeats_it(self, connect):
        answer = {"error": {"type": "x", "reason": f"{SECRET} and admin-password are bad"}}
        state = FakeCluster(broken={"POST /_security/user/saver": (400, answer)})
        with pytest.raises(ClusterError) as caught:
            connect(state).send(MAKE, secret=SECRET)
        assert str(caught.value) == (
            "[POST /_security/user/saver] answered with 400: "
            "x: (a password) and (a password) are bad"
        )
        assert caught.value.__context__ is None

    def test_a_wrong_password(self, connect):
        with pytest.raises(ClusterError, match=r"user \[admin\] is refused") as caught:
            connect(FakeCluster(), "admin", "another-password").release()
        assert "another-password" not in str(caught.value)
        assert caught.value.status == 401


class TestFaults:
    def test_nobody_listens(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            port = taken.getsockname()[1]
            with Cluster(f"http://127.0.0.1:{port}", "admin", "x") as cluster:
                with pytest.raises(ClusterError, match="cannot be reached"):
                    cluster.release()

    def test_it_takes_too_long(self):
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", 0))
            silent.listen()
            url = f"http://127.0.0.1:{silent.getsockname()[1]}"
            with Cluster(url, "admin", "x", timeout=0.05) as cluster:
                with pytest.raises(ClusterError, match="took too long; the cluster may go on"):
                    cluster.release()

    def test_the_transport_knows_the_time_limit(self, monkeypatch):
        """It would stop after 10 seconds, since its client tells it for its own methods only."""
        transport = pytest.importorskip("elastic_transport")
        limits = []

        def perform(*_, request_timeout=None, **__):
            limits.append(request_timeout)
            raise transport.ConnectionTimeout("late")

        monkeypatch.setattr(transport.Transport, "perform_request", perform)
        with Cluster("http://localhost:9200", "admin", "x", timeout=77) as cluster:
            with pytest.raises(ClusterError, match="took too long"):
                cluster.release()
        assert limits == [77]

    def test_an_answer_that_is_nested_too_deep(self, monkeypatch):
        transport = pytest.importorskip("elastic_transport")

        def perform(*_, **__):
            return json.loads("[" * 100_000)

        monkeypatch.setattr(transport.Transport, "perform_request", perform)
        with Cluster("http://localhost:9200", "admin", "x") as cluster:
            with pytest.raises(ClusterError, match="nested deeper"):
                cluster.release()

    @pytest.mark.parametrize(
        ("answer", "why"),
        [
            ({"error": "just text"}, "just text"),
            ({}, "does not say why"),
            ({"error": {"reason": "\x1b[31m" * 200}}, "\\x1b[31m"),
        ],
    )
    def test_errors_of_other_forms(self, connect, answer, why):
        state = FakeCluster(broken={"GET /_snapshot/backup": (500, answer)})
        with pytest.raises(ClusterError) as caught:
            connect(state).send(LOOK)
        assert why in str(caught.value)
        assert len(str(caught.value)) < 700

    def test_without_the_extra(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "elasticsearch", None)
        with pytest.raises(MissingExtraError, match="cluster"):
            Cluster("https://node", "admin", "x")


class TestClientOf7:
    """Its transport raises an error where the others give an answer."""

    class TransportError(Exception):
        def __init__(self, status, info):
            super().__init__(status, info)
            self.status_code, self.info = status, info

    class ConnectionTimeout(TransportError):  # noqa: N818 - its name there
        pass

    @pytest.fixture
    def with_answer(self, monkeypatch):
        def give(answer):
            def perform(*_, **__):
                if isinstance(answer, Exception):
                    raise answer
                return answer

            made = []

            def client(hosts, **more):
                made.append((hosts, more))
                transport = SimpleNamespace(perform_request=perform)
                return SimpleNamespace(transport=transport, close=lambda: None)

            kinds = SimpleNamespace(ElasticsearchException=self.TransportError)
            fake = SimpleNamespace(__version__=(7, 17, 13), Elasticsearch=client, exceptions=kinds)
            monkeypatch.setitem(sys.modules, "elasticsearch", fake)
            cluster = Cluster("https://node", "admin", "x", timeout=7)
            ((hosts, more),) = made
            assert (hosts, more["max_retries"], more["timeout"]) == (["https://node"], 0, 7)
            assert more["ssl_context"].check_hostname
            return cluster

        return give

    def test_an_answer(self, with_answer):
        assert with_answer({"a": 1}).send(LOOK).body == {"a": 1}

    def test_a_status(self, with_answer):
        error = self.TransportError(404, {"error": {"type": "x", "reason": "gone"}})
        assert with_answer(error).send(LOOK, accept=(404,)).status == 404
        with pytest.raises(ClusterError, match="gone"):
            with_answer(error).send(LOOK)

    def test_no_answer(self, with_answer):
        with pytest.raises(ClusterError, match="took too long"):
            with_answer(self.ConnectionTimeout("TIMEOUT", None)).send(LOOK)
