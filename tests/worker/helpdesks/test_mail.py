"""The operator's mail server is logged in to over TLS, and its refusals are told by their status."""

import socket

import pytest

from tests.support.places import Mailbox
from tests.support.tls import server_context
from worker.helpdesks.mail import MailRefused, MailServer

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")  # on loopback


def server(url: str) -> MailServer:
    return MailServer(url=url, sender="bot@shop.example")


def refusal_of(url: str) -> MailRefused:
    with pytest.raises(MailRefused) as refused, server(url).connected():
        pass
    return refused.value


@pytest.mark.processes
def test_a_server_that_offers_tls_is_used_only_with_a_valid_certificate(tmp_path, monkeypatch):
    context, certificate = server_context(tmp_path)
    with Mailbox(password="secret", tls=context).serving() as url:
        assert "CERTIFICATE_VERIFY_FAILED" in str(refusal_of(url))
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        with server(url).connected() as connection:
            assert isinstance(connection.sock, socket.socket)
            assert connection.sock.version().startswith("TLS")  # type: ignore[attr-defined]


def test_a_password_is_not_sent_unencrypted_to_another_machine(monkeypatch):
    with Mailbox().serving() as url:
        monkeypatch.setattr("worker.mail_servers.LOCAL", ())
        assert "no encryption" in str(refusal_of(url.replace("smtp://", "smtp://desk:secret@")))


def test_a_password_may_have_any_characters_and_a_wrong_one_is_refused():
    with Mailbox(password="p@ss/w:rd").serving() as url:
        known = url.replace("p@ss/w:rd", "p%40ss%2Fw%3Ard")
        with server(known).connected() as connection:
            assert connection.noop()[0] == 250
        assert refusal_of(known.replace("%40", "%41")).status == 535


def test_refused_recipients_are_told_with_the_gravest_status():
    mailbox = Mailbox()
    mailbox.refused = "gone@shop.example"
    with mailbox.serving() as url, pytest.raises(MailRefused, match=r"gone@shop\.example") as refused:
        with server(url).connected() as connection:
            connection.sendmail("bot@shop.example", ["gone@shop.example"], "Subject: X\r\n\r\nHello")
    assert refused.value.status == 550


def test_a_server_that_is_not_there_has_no_status():
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        refused = refusal_of(f"smtp://127.0.0.1:{nobody.getsockname()[1]}")
    assert (refused.status, str(refused).split(":")[0]) == (None, "ConnectionRefusedError")


def test_a_mail_that_was_accepted_stays_so_although_quit_fails():
    mailbox = Mailbox()
    mailbox.parting = "421 busy"
    with mailbox.serving() as url, server(url).connected() as connection:
        connection.sendmail("bot@shop.example", ["ada@shop.example"], "Subject: X\r\n\r\nHello")
    assert len(mailbox.mails) == 1


def test_a_mail_arrives_as_it_was_written_and_a_refusal_is_told():
    mailbox = Mailbox()
    with mailbox.serving() as url:
        server(url).send(
            to="ada@shop.example", subject="Übergabe – jetzt", text="Hello\n\nhttps://desk.example/x?token=abc_-1\n"
        )
        mailbox.refusals = ["451 later"]
        with pytest.raises(MailRefused) as refused:
            server(url).send(to="ada@shop.example", subject="x", text="x")
    (mail,) = mailbox.mails
    assert (mail["To"], mail["From"], mail["Subject"]) == ("ada@shop.example", "bot@shop.example", "Übergabe – jetzt")
    assert mail["Auto-Submitted"] == "auto-generated"
    assert "https://desk.example/x?token=abc_-1" in mail.get_content()
    assert refused.value.status == 451


def test_a_host_that_is_no_name_and_a_password_that_cannot_be_sent_are_refusals():
    assert "UnicodeError" in str(refusal_of("smtp://mail..example"))
    with Mailbox().serving() as url:
        assert "not ASCII" in str(refusal_of(url.replace("smtp://", "smtp://desk:gehe%C3%BCm@")))


def test_mailboxes_send_from_the_operators_domains_and_no_other():
    server = MailServer(url="smtp://127.0.0.1:1", sender="Desk <bot@Shop.example>", domains=("b.example",))
    for address in ("help@shop.example", "help@SHOP.example", "help@b.example"):
        assert server.may_send_from(address)
    for address in ("ceo@bank.example", "x@evil.shop.example", "x@shop.example.evil.example", "x@example"):
        assert not server.may_send_from(address)
