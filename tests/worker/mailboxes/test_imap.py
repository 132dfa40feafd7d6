"""A mailbox by IMAP: what is not reached says so, and what is appended is found again."""

import pytest
from imapclient.exceptions import IMAPClientError

from tests.support.fakes import LOOPBACK
from tests.support.mails import mail
from worker.addresses import Guard
from worker.mailboxes.imap import ImapMailbox, MailboxUnavailable, connected


def test_a_server_that_is_not_there_or_may_not_be_reached_is_unavailable():
    for url, guard in (("imap://a:b@127.0.0.1:1", LOOPBACK), ("imaps://a:b@127.0.0.1", Guard())):
        with pytest.raises(MailboxUnavailable), connected(url, guard, folders={}):
            pass


def test_a_password_is_not_sent_unencrypted_to_another_machine(mail_server, monkeypatch):
    monkeypatch.setattr("worker.mail_servers.LOCAL", ())
    with pytest.raises(MailboxUnavailable, match="no encryption"):
        with connected(mail_server.imap_url("crypt"), LOOPBACK, folders={}):
            pass


def test_what_is_appended_is_found_by_its_message_id_and_read_as_it_is(mail_server):
    with connected(mail_server.imap_url("appends"), LOOPBACK, folders={}) as opened:
        assert opened.append("drafts", mail())
        assert opened.has("Drafts", "1@shop.example")
        assert not opened.has("Drafts", "2@shop.example")
        assert not opened.has("Sent", "1@shop.example")
        state = opened.open("Drafts")
        assert opened.uids_after(0) == [1]
        assert opened.uids_after(1) == [], "a server answers 2:* with its last mail"
        assert state.next_uid == 2
        data = opened.read(1)
        assert data is not None
        assert data.replace(b"\r\n", b"\n") == mail()
        assert opened.read(9) is None


def test_of_a_very_large_mail_the_beginning_is_read(mail_server, monkeypatch):
    monkeypatch.setattr("worker.mailboxes.imap._MAX_FETCHED", 1_000)
    monkeypatch.setattr("worker.mailboxes.imap._BEGINNING", 600)
    with connected(mail_server.imap_url("large"), LOOPBACK, folders={}) as opened:
        opened.append("sent", mail("Hello? " + "x" * 50_000))
        opened.open("Sent")
        data = opened.read(1)
        assert data is not None
        assert len(data) == 600
        assert b"Hello?" in data


def test_a_folder_that_is_named_is_not_looked_for(mail_server):
    with connected(mail_server.imap_url("named"), LOOPBACK, folders={"sent": "INBOX"}) as opened:
        assert (opened.folder("inbox"), opened.folder("sent"), opened.folder("drafts")) == ("INBOX", "INBOX", "Drafts")


@pytest.mark.parametrize("url", ["imaps://a:b@xn--.example", "imap://a:b@mail..example", "imap://a:b@" + "x" * 64])
def test_a_host_that_is_no_name_is_unavailable(url):
    with pytest.raises(MailboxUnavailable), connected(url, Guard(), folders={}):
        pass


def test_a_connection_that_breaks_while_a_folder_is_looked_for_is_unavailable():
    class Broken:
        def find_special_folder(self, _use):
            raise self.error

    for error in (OSError("reset"), IMAPClientError("BYE")):
        client = Broken()
        client.error = error
        with pytest.raises(MailboxUnavailable):
            ImapMailbox(client, {}).folder("sent")  # type: ignore[arg-type]


def test_a_password_that_the_protocol_cannot_send_is_told_without_it(mail_server):
    url = mail_server.imap_url("umlaut").replace("umlaut", "%C3%BCmlaut")
    with pytest.raises(MailboxUnavailable, match="not ASCII"), connected(url, LOOPBACK, folders={}):
        pass


@pytest.mark.parametrize(("uids", "next_uid"), [([], 1), ([7], 8)])
def test_a_server_that_does_not_say_the_next_number_has_no_old_mail_answered(uids, next_uid):
    class Client:
        def select_folder(self, _folder, *, readonly):
            return {b"UIDVALIDITY": 1, b"EXISTS": len(uids)}

        def search(self, criteria):
            assert criteria == ["UID", "*"]
            assert uids, "some servers refuse `*` in an empty folder"
            return uids

    assert ImapMailbox(Client(), {}).open("INBOX").next_uid == next_uid
