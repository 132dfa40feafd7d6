"""A mail server is reached at the address that was checked, and gets no password that others could read."""

import ipaddress
import smtplib
import socket
import ssl
import threading

import pytest

from tests.support.places import Mailbox
from tests.support.tls import server_context
from worker.addresses import AddressRefused, Guard
from worker.mail_servers import NotSafe, open_imap, open_smtp, server_url

LOOPBACK_NETWORK = [ipaddress.ip_network("127.0.0.0/8")]


def leading_to(*addresses: str) -> Guard:
    """Return a guard for which every name has these addresses."""
    return Guard(allow=LOOPBACK_NETWORK, resolve=lambda _host, _port: addresses)


def smtp(url: str, guard: Guard | None) -> smtplib.SMTP:
    return open_smtp(server_url(url), guard, context=ssl.create_default_context, timeout_s=5)


@pytest.fixture
def imap_port():
    """The port of a server that greets as one of IMAP and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def greet() -> None:
            connection, _ = listening.accept()
            with connection, connection.makefile("rwb") as lines:
                lines.write(b"* OK ready\r\n")
                lines.flush()
                tag = lines.readline().split()[0]
                lines.write(b"* CAPABILITY IMAP4rev1\r\n" + tag + b" OK done\r\n")
                lines.flush()

        greeting = threading.Thread(target=greet)
        greeting.start()
        yield listening.getsockname()[1]
        greeting.join(5)


def test_smtp_is_dialled_at_the_address_that_was_checked_and_the_name_is_not_resolved_again():
    with Mailbox().serving() as url, smtp(url.replace("127.0.0.1", "mail.invalid"), leading_to("127.0.0.1")) as server:
        assert server.ehlo()[0] == 250


def test_imap_is_dialled_at_the_address_that_was_checked_and_the_name_is_not_resolved_again(imap_port):
    url = server_url(f"imap://me:secret@mail.invalid:{imap_port}")
    client = open_imap(url, leading_to("127.0.0.1"), context=ssl.create_default_context, timeout_s=5)
    assert client.welcome == b"* OK ready"
    client.shutdown()


@pytest.mark.processes
def test_the_certificate_is_checked_against_the_name_and_not_the_address(tmp_path, monkeypatch):
    context, certificate = server_context(tmp_path)
    with Mailbox(password="secret", tls=context).serving() as url:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        with smtp(url.replace("127.0.0.1", "mail.invalid"), leading_to("127.0.0.1")) as server:
            with pytest.raises(ssl.SSLCertVerificationError, match=r"mail\.invalid"):
                server.starttls(context=ssl.create_default_context())


def test_the_next_address_is_tried_when_nobody_is_at_the_first():
    with Mailbox().serving() as url:
        with smtp(url.replace("127.0.0.1", "mail.invalid"), leading_to("127.0.0.9", "127.0.0.1")) as server:
            assert server.ehlo()[0] == 250
    with pytest.raises(OSError, match="refused"):
        smtp(url, leading_to("127.0.0.9", "127.0.0.1"))


def test_a_name_with_one_private_address_is_not_dialled_at_all():
    with pytest.raises(AddressRefused):
        smtp("smtp://mail.invalid:25", Guard(resolve=lambda _host, _port: ["93.184.215.14", "10.0.0.1"]))


def test_the_parts_of_a_url_are_unquoted_and_each_scheme_has_its_port():
    url = server_url("imaps://me%40desk:p%2Fw@mail.example")
    assert (url.host, url.port, url.encrypted, url.user, url.password) == ("mail.example", 993, True, "me@desk", "p/w")
    assert "p/w" not in repr(url)
    assert [server_url(f"{scheme}://x").port for scheme in ("imap", "smtp", "smtps")] == [143, 25, 465]
    assert server_url("smtp://x:587").port == 587


def test_a_password_that_is_not_safe_is_not_sent():
    with pytest.raises(NotSafe, match="no encryption"):
        server_url("imap://me:secret@mail.example").check_login(encrypted=False)
    with pytest.raises(NotSafe, match="not ASCII") as refused:
        server_url("imap://me:gehe%C3%BCm@mail.example").check_login(encrypted=True)
    assert "ü" not in str(refused.value)
    server_url("imap://me:secret@localhost").check_login(encrypted=False)
    server_url("imap://me:secret@mail.example").check_login(encrypted=True)
