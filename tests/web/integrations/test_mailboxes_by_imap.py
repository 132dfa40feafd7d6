"""Mailboxes against a real Dovecot and a real Postfix: what people and servers do there, and what goes wrong."""

import contextlib
import itertools
import threading
import time

import pytest
import sqlalchemy as sa

from tests.support.mails import HELP, MailStory, mail
from worker.mail_servers import GuardedImapClient
from worker.mailboxes.imap import ImapMailbox, MailboxUnavailable
from worker.store.tables import delivery
from worker.store.tables import mail as mail_table

_accounts = itertools.count()


class ImapStory(MailStory):
    """A mailbox on the real servers, with an account of its own and a customer of its own."""

    def __init__(self, call, services, servers, **more):
        number = next(_accounts)
        self.servers = servers
        self.address, self.customer = f"support{number}@desk.example", f"ann{number}@shop.example"
        new = {"address": self.address, "imap_url": servers.imap_url(f"support{number}"), **more}
        super().__init__(call, services, None, servers.smtp_url, **new)

    def arrives(self, text=HELP, **fields):
        """Send a customer's mail by Postfix, and wait until it lies in the inbox."""
        before = len(self.servers.folder(self.address))
        given = {"sender": f"Ann <{self.customer}>", "to": self.address, "id": f"{time.time_ns()}@shop.example"}
        self.servers.send(mail(text, **(given | fields)), to=self.address, sender=self.customer)
        self.servers.wait_for_mail(self.address, before + 1)

    def poll(self):
        """Read the mailbox and take what came; return how many mails were stored."""
        stored = self.services.mailing.watcher.poll(self.id)
        self.work()
        return stored

    def row(self):
        return self.services.mailboxes.get(self.services.keys.workspace(), self.id)


@pytest.fixture
def story(call, services, mail_server):
    story = ImapStory(call, services, mail_server)
    story.poll()
    return story


def headers_of(data: bytes) -> dict[str, str]:
    from email import message_from_bytes, policy

    return dict(message_from_bytes(data, policy=policy.default).items())


def test_a_customers_mail_is_answered_and_read_back_from_both_sides(story):
    story.arrives()
    assert story.poll() == 1
    assert story.answers() == 1
    (answered,) = story.servers.wait_for_mail(story.customer, 1)
    assert headers_of(answered)["Subject"] == "Re: My password"
    (copy,) = story.servers.folder(story.address, "Sent")
    assert headers_of(copy)["Message-ID"] == headers_of(answered)["Message-ID"]
    assert story.poll() == 1, "the copy in the folder of sent mail was not seen"
    assert story.conversations[0]["owner"] == "bot", "the bot's own copy counts as a human's reply"

    id = headers_of(answered)["Message-ID"].strip("<>")
    story.arrives("Thanks. And my address?", answers=id, subject="Re: My password")
    story.poll()
    assert [role for role, _ in story.said()] == ["customer", "assistant", "customer"]
    with story.servers.opened(story.address) as imap:
        imap.select("INBOX", readonly=True)
        assert imap.search(None, "SEEN")[1] == [b""], "reading has left marks"


def test_mail_from_before_the_mailbox_was_connected_is_not_answered(call, services, mail_server):
    early = ImapStory(call, services, mail_server)
    early.arrives("An old question?")
    assert early.poll() == 0
    early.arrives("A new question?")
    assert early.poll() == 1
    assert early.said() == [("customer", "A new question?")]


def test_a_draft_is_sent_by_a_human_who_takes_over(call, services, mail_server):
    story = ImapStory(call, services, mail_server, mode="draft")
    story.poll()
    story.arrives()
    story.poll()
    story.answers()
    (draft,) = story.servers.folder(story.address, "Drafts")
    assert headers_of(draft)["To"] == f"Ann <{story.customer}>"
    assert "Auto-Submitted" not in headers_of(draft)
    assert b"Suggested answer" not in draft
    assert story.servers.folder(story.customer) == []

    sent = mail(
        "Use the link. Best, Ola",
        sender=f"Support <{story.address}>",
        to=story.customer,
        id="by-thunderbird@desk.example",
        answers=headers_of(draft)["In-Reply-To"].strip("<>"),
    )
    story.servers.append(story.address, "Sent", sent)
    story.poll()
    role, text = story.said()[-1]
    assert (role, text.split("\n")[0]) == ("agent", "Use the link. Best, Ola")
    assert story.conversations[0]["owner"] == "human"


def test_an_answer_is_not_sent_again_after_a_crash_behind_the_servers_250(story):
    story.arrives()
    story.poll()
    story.answers()
    story.servers.wait_for_mail(story.customer, 1)
    with story.services.store.begin() as tx:  # as if the process had ended before it could commit
        tx.execute(mail_table.update().where(mail_table.c.direction == "out").values(state="sending"))
        tx.execute(delivery.update().values(state="pending", due_at=1))
    story.send()
    (item,) = story.call("GET", "/v1/deliveries").json["items"]
    assert item["state"] == "delivered"
    assert len(story.servers.folder(story.address, "Sent")) == 1
    assert len(story.servers.folder(story.customer)) == 1


def test_an_answer_that_never_left_is_sent_after_a_crash(story):
    story.arrives()
    story.poll()
    with pytest.MonkeyPatch.context() as patch:

        def crash(_self, _row):
            raise KeyboardInterrupt

        patch.setattr(type(story.services.mailing.mailboxes), "smtp", crash)
        with contextlib.suppress(KeyboardInterrupt):
            story.answers()
    with story.services.store.begin() as tx:
        tx.execute(delivery.update().where(delivery.c.state == "pending").values(due_at=1))
    story.send()
    assert len(story.servers.wait_for_mail(story.customer, 1)) == 1


def test_a_bounce_of_postfix_is_read_back(story):
    story.customer = f"nobody{story.id}@gone.example"
    story.arrives()
    story.poll()
    story.answers()
    story.servers.wait_for_mail(story.address, 2)
    story.poll()
    (item,) = story.call("GET", "/v1/deliveries").json["items"]
    assert (item["state"], "5.1.1" in item["last_attempt"]["error"]) == ("exhausted", True)
    suppressed = story.call("GET", f"/v1/mailboxes/{story.id}/suppressions").json["items"]
    assert [row["address"] for row in suppressed] == [story.customer.lower()]
    assert len(story.conversations) == 1


def test_an_address_that_the_server_refuses_at_once_is_not_tried_again(story):
    story.customer = f"nobody{story.id}@outside.example"
    story.arrives()
    story.poll()
    story.answers()
    (item,) = story.call("GET", "/v1/deliveries").json["items"]
    assert (item["state"], item["last_attempt"]["status"]) == ("exhausted", 550)
    assert len(story.call("GET", f"/v1/mailboxes/{story.id}/suppressions").json["items"]) == 1


def test_each_mail_is_stored_once_when_the_connection_drops_in_the_middle(story, monkeypatch):
    for number in range(4):
        story.arrives(f"Question number {number}?", subject=f"Question {number}")
    real, left = ImapMailbox.read, [2]

    def dropping(self, uid):
        if not left[0]:
            raise MailboxUnavailable("dropped")
        left[0] -= 1
        return real(self, uid)

    monkeypatch.setattr(ImapMailbox, "read", dropping)
    with pytest.raises(MailboxUnavailable):
        story.poll()
    monkeypatch.setattr(ImapMailbox, "read", real)
    assert story.poll() == 2
    story.work()
    assert sorted(row["subject"] for row in story.conversations) == [f"Question {number}" for number in range(4)]


def test_a_folder_that_was_numbered_anew_loses_and_doubles_nothing(story):
    story.arrives("Before?", subject="Before")
    story.poll()
    for file in (story.servers.home / "mail" / story.address).glob("dovecot[.-]*"):
        file.unlink()
    story.arrives("After?", subject="After")
    story.poll()
    assert [row["subject"] for row in story.conversations] == ["Before", "After"]
    assert story.poll() == 0


def test_news_come_at_once_while_the_mailbox_is_watched_and_it_is_given_back_at_the_end(story):
    watcher = story.services.mailing.watcher
    thread = threading.Thread(target=watcher.watch, args=[story.id])
    thread.start()
    try:
        while story.row().watcher is None:
            time.sleep(0.05)
        time.sleep(1)  # until it waits
        assert watcher.due(limit=9) == []
        story.arrives()
        ends = time.monotonic() + 15
        while not story.mails and time.monotonic() < ends:
            time.sleep(0.1)
        assert story.mails == {"received": 1}
    finally:
        with story.services.store.begin() as tx:  # switched off: the watch ends by itself
            tx.execute(sa.text("UPDATE helpdesk SET state = 'disabled'"))
        story.arrives("Something that wakes it?")
        thread.join(30)
    assert not thread.is_alive()
    assert story.row().watcher is None


def test_the_check_finds_the_folders_and_names_what_is_wrong(story):
    found = dict(story.services.mailboxes.check(story.row()))
    assert set(found) == {
        *("imap login", "folder inbox (INBOX)", "folder sent (Sent)", "folder drafts (Drafts)", "smtp"),
    }
    assert set(found.values()) == {None}
    path = f"/v1/mailboxes/{story.id}"
    wrong = story.servers.imap_url("support").replace("secret", "wrong")
    story.call("PATCH", path, json={"imap_url": wrong, "smtp_url": "smtp://127.0.0.1:1"})
    found = dict(story.services.mailboxes.check(story.row()))
    assert "LoginError" in found["imap login"]
    assert found["smtp"] is not None
    with pytest.raises(MailboxUnavailable):
        story.services.mailing.watcher.poll(story.id)


@pytest.mark.parametrize("mechanism", ["oauthbearer", "xoauth2"])
def test_a_mailbox_without_passwords_is_read_and_answered_by_consent(
    call, services, mail_server, monkeypatch, mechanism
):
    provider = mail_server.provider
    if mechanism == "xoauth2":  # as Microsoft's servers, which have no other
        has = GuardedImapClient.has_capability
        monkeypatch.setattr(
            GuardedImapClient, "has_capability", lambda self, name: name != "AUTH=OAUTHBEARER" and has(self, name)
        )
    story = ImapStory(call, services, mail_server)
    user = story.address.replace("@", "%40")
    oauth = {
        "provider": "other",
        "client_id": "desk",
        "token_url": f"{provider.url}/token",
        "refresh_token": provider.consent(story.address),
    }
    urls = {
        "imap_url": f"imap://{user}@127.0.0.1:{mail_server.imap_port}",
        "smtp_url": f"smtp://{user}@127.0.0.1:{mail_server.smtp_port}",
    }
    assert call("PATCH", f"/v1/mailboxes/{story.id}", json={**urls, "oauth": oauth}).status_code == 200
    story.poll()
    story.arrives()
    assert story.poll() == 1
    assert story.answers() == 1
    (answered,) = story.servers.wait_for_mail(story.customer, 1)
    assert headers_of(answered)["Subject"] == "Re: My password"
    before = len(provider.asked)
    provider.access_tokens.clear()  # the provider ends all sessions
    with pytest.raises(MailboxUnavailable):
        story.poll()
    story.poll()
    assert len(provider.asked) == before + 1
    assert dict(services.mailboxes.check(story.row()))["smtp"] is None
