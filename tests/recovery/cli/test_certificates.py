"""A server with a certificate of one's own authority: refused with the variable that mends it, then used."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from threading import Thread
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from drs_recovery.settings import settings
from tests.recovery.cli.cli_surroundings import document, recovery

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Quiet(BaseHTTPRequestHandler):
    """Answers, as a server that is no Airflow."""

    def do_GET(self) -> None:
        self.send_error(404)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a file with a certificate for 127.0.0.1, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("certificates") / "authority.pem"
    plain = serialization.NoEncryption()
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    file.write_bytes(made.public_bytes(pem) + secret)
    return file


@pytest.fixture(scope="module")
def server(authority: Path) -> Iterator[str]:
    """Give the address of a server with that certificate."""
    listening = ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority)
    listening.socket = context.wrap_socket(listening.socket, server_side=True)
    listening.handle_error = lambda *_: None  # type: ignore[method-assign] # clients that do not trust it hang up
    Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield f"https://127.0.0.1:{listening.server_port}"
    listening.shutdown()
    listening.server_close()


def test_airflow_behind_an_unknown_authority_names_the_variable(
    server: str, authority: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With it, the server is reached, also on this machine, where proxies are not followed."""
    monkeypatch.setenv("RECOVERY_AIRFLOW_URL", server)
    monkeypatch.setenv("RECOVERY_AIRFLOW_TOKEN", "token")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    settings.cache_clear()
    refused = document("whoami")["error"]
    assert (refused["kind"], refused["exitCode"]) == ("AirflowUnreachable", 4)
    assert "is named in SSL_CERT_FILE" in refused["message"]
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    reached = document("whoami")["error"]
    assert (reached["kind"], reached["exitCode"]) == ("AirflowRefused", 3)
    assert "404" in reached["message"]


def test_dynamodb_behind_an_unknown_authority_names_the_variable(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That of botocore is another one."""
    for name, value in {
        "AWS_ENDPOINT_URL": server,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "eu-west-1",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    for name in ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "no_proxy", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    result = recovery("list")
    assert result.exit_code == 4
    assert "is named in AWS_CA_BUNDLE" in result.stderr
