"""A real mail server on this machine, which takes mail through STARTTLS alone."""

import datetime as dt
import ipaddress
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


@dataclass
class Postbox:
    """What the server took. `says`: an answer instead of taking; `refuses`: the answer to an
    address; `parts`: its last word; `when_taken`: is called before the server says yes."""

    port: int = 0
    authority: str = ""
    letters: list = field(default_factory=list)
    says: str = ""
    parts: str = "221 bye"
    refuses: dict = field(default_factory=dict)
    when_taken: Callable = lambda: None

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        if address in self.refuses:
            return self.refuses[address]
        envelope.rcpt_tos.append(address)
        return "250 known"

    async def handle_QUIT(self, server, session, envelope):  # noqa: N802
        return self.parts

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - the server's own name
        if self.says:
            return self.says
        self.letters.append((envelope.rcpt_tos, envelope.content.decode(), session.ssl is not None))
        self.when_taken()
        return "250 taken"


def write_certificate(folder):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    places = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    begin = dt.datetime.now(dt.UTC) - dt.timedelta(days=1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(begin)
        .not_valid_after(begin + dt.timedelta(days=7))
        .add_extension(x509.SubjectAlternativeName(places), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "server.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "server.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return str(folder / "server.pem"), str(folder / "server.key")


def check_password(server, session, envelope, mechanism, data):
    return AuthResult(success=data.password == b"kuuralehto", handled=False)


def find_free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def postbox(tmp_path):
    folder = tmp_path / "mail-server"
    folder.mkdir()
    certificate, key = write_certificate(folder)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    box = Postbox(authority=certificate)
    controller = Controller(
        box,
        hostname="127.0.0.1",
        port=find_free_port(),
        tls_context=context,
        require_starttls=True,
        authenticator=check_password,
        auth_required=True,
    )
    controller.start()
    box.port = controller.server.sockets[0].getsockname()[1]
    yield box
    controller.stop()
