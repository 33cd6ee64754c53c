"""The same promises by https, with a certificate made on the spot."""

import ssl
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from integrations.salesforce.errors import ConfigurationError, TransientError
from integrations.salesforce.session import SalesforceSession

from .conftest import SHORT
from .scripted_server import Answer, ScriptedServer, drip, hang, json_answer, running_server


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a key and a certificate for 127.0.0.1 that nobody has signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "certificate.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + signed.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.fixture
def tls_server(certificate: Path) -> Iterator[ScriptedServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with running_server(context) as script:
        yield script


@pytest.mark.parametrize(
    "answer", [hang, drip(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"), drip(b"")]
)
def test_a_slow_answer_ends_at_the_limit(
    tls_server: ScriptedServer,
    certificate: Path,
    monkeypatch: pytest.MonkeyPatch,
    answer: Answer,
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    tls_server.answers(json_answer({"a": 1}), answer)
    with SalesforceSession(tls_server.url, SHORT) as session:
        assert session.get(tls_server.url + "/fast").json() == {"a": 1}
        started = time.monotonic()
        with pytest.raises(TransientError):
            session.get(tls_server.url + "/slow")
    assert time.monotonic() - started < SHORT.total + 3


def test_a_certificate_that_nobody_knows_is_for_an_admin_to_mend(
    tls_server: ScriptedServer,
) -> None:
    tls_server.answers(json_answer({}))
    with (
        SalesforceSession(tls_server.url, SHORT) as session,
        pytest.raises(ConfigurationError, match="certificate"),
    ):
        session.get(tls_server.url + "/")
    assert tls_server.requests == []
