"""A visitor of the chat who left an address and has gone gets an agent's reply by mail, once, and can answer it."""

import contextlib

import pytest
import sqlalchemy as sa

from tests.support.fakes import LOOPBACK, TableClock, conversation_actions
from tests.support.mails import mail
from tests.support.places import Mailbox as SmtpServer
from worker.conversations import contacts
from worker.conversations.erasure import erase_conversation
from worker.conversations.intake import Opening, Submission
from worker.deliveries.sender import Sender
from worker.helpdesks.mail import MailRefused, MailServer
from worker.helpdesks.transport import RoutingTransport
from worker.mailboxes.transport import MailboxTransport, Servers
from worker.mailboxes.visitor_mail import VisitorMail
from worker.states import MailFolder, Owner
from worker.store.rows import Conversation
from worker.store.scope import Scope
from worker.store.tables import conversation, message, visitor_contact
from worker.store.tables import mail as mail_table

ANN = "ann@shop.example"


class Mailer:
    """An operator's mail server in memory, which refuses while it is told to."""

    def __init__(self):
        self.sent, self.refuses = [], False

    def send(self, *, to, subject, text):
        if self.refuses:
            raise MailRefused("down")
        self.sent.append((to, subject, text))


class Chat:
    """A conversation in the widget that a human owns."""

    def __init__(self, store, workspace_id, **opening):
        self.store, self.scope = store, Scope(store, workspace_id)
        self.actions = conversation_actions(store)
        self.mailer = Mailer()
        self.mails = VisitorMail(store, self.mailer)
        asked = Submission(content="BUY PILLS at spam.example", deadline_s=60)
        said = self.actions.submit(workspace_id, Opening(channel="widget", **opening), asked)
        self.id = said["conversation_id"]

    def leave(self, email=ANN):
        contacts.leave(self.scope, self.id, email, origin="https://shop.example")

    def reply(self, text="Your parcel left **today**.", **more):
        return self.actions.reply(self.scope.workspace_id, self.id, content=text, author="Grace", **more)

    def later(self, seconds=61):
        TableClock.advance(self.store, seconds)
        return self.mails.send_due()

    def row(self):
        with self.store.read() as tx:
            found = tx.execute(sa.select(conversation).where(conversation.c.id == self.id))
            return Conversation.from_row(found.mappings().one())


@pytest.fixture
def chat(store, workspace_id):
    return Chat(store, workspace_id)


@pytest.fixture
def outbox():
    made = SmtpServer()
    with made.serving() as url:
        made.url = url
        yield made


def deliver(store, box, outbox):
    """Send what is due for a mailbox to a real SMTP server; return the mails that it has."""
    servers = Servers(
        smtp=lambda _row: MailServer(url=outbox.url, sender=box.address),
        imap=lambda _row: contextlib.nullcontext(_NoFolders()),
    )
    transport = RoutingTransport(
        store,
        LOOPBACK,
        None,
        mail=None,
        conversation_url=lambda _id: None,
        open_mailbox=lambda mailbox_id: MailboxTransport(store, mailbox_id, servers, conversation_url=lambda _id: None),
    )
    Sender(store).send(box.id, transport)
    transport.close()
    return outbox.mails


class _NoFolders:
    def append(self, _use, _data):
        return True


def test_a_reply_that_is_not_seen_goes_to_the_address_once(chat):
    chat.leave()
    chat.reply()
    assert chat.later(30) == 0
    assert chat.later(31) == 1
    ((to, _subject, text),) = chat.mailer.sent
    assert to == ANN
    assert "Grace wrote:" in text
    assert "Your parcel left" in text
    assert "https://shop.example" in text
    assert "PILLS" not in text  # the address may be somebody else's
    assert chat.later(600) == 0


def test_a_reply_that_the_chat_showed_is_not_sent(chat):
    chat.leave()
    seen = chat.reply()
    contacts.see(chat.scope, chat.id, seen["seq"])
    assert chat.later() == 0
    chat.reply("And here is the number.")
    assert chat.later() == 1
    assert "today" not in chat.mailer.sent[0][2]


def test_without_an_address_nothing_is_sent(chat):
    chat.reply()
    assert chat.later() == 0
    assert contacts.show(chat.scope, chat.id, has_server=True)["email"] is None


def test_replies_that_come_together_are_one_mail(chat):
    chat.leave()
    chat.reply("One.")
    chat.reply("Two.")
    assert chat.later() == 1
    text = chat.mailer.sent[0][2]
    assert text.index("One.") < text.index("Two.")


def test_a_server_that_is_down_is_tried_again(chat):
    chat.leave()
    chat.reply()
    chat.mailer.refuses = True
    assert chat.later() == 0
    chat.mailer.refuses = False
    assert chat.later() == 1
    assert len(chat.mailer.sent) == 1


def test_a_reply_that_is_written_while_the_mail_leaves_is_sent_too(chat):
    chat.leave()
    chat.reply("One.")
    send = chat.mailer.send

    def slow(**mail):
        chat.reply("Two.")
        chat.mailer.send = send
        send(**mail)

    chat.mailer.send = slow
    assert chat.later() == 1
    assert chat.later() == 1
    assert ["One." in sent[2] for sent in chat.mailer.sent] == [True, False]
    assert "Two." in chat.mailer.sent[1][2]


def test_with_a_mailbox_the_conversation_goes_on_by_mail(store, chat, box, intake, outbox):
    chat.leave()
    chat.reply()
    assert chat.later() == 1
    assert chat.mailer.sent == []
    (sent,) = deliver(store, box, outbox)
    assert sent["To"] == ANN
    assert sent["From"] == box.address
    assert "today" in sent.get_body(("plain",)).get_content()

    answer = mail("Thank you! Which number?", answers=sent["Message-ID"].strip("<>"), id="2@x", subject="Re: x")
    intake.spool.add(box, answer, MailFolder.POSTED)
    intake.drain(box.id)
    with store.read() as tx:
        said = tx.execute(sa.select(message.c.content, message.c.conversation_id).order_by(message.c.seq)).all()
    assert said[-1].content == "Thank you! Which number?"
    assert {row.conversation_id for row in said} == {chat.id}
    assert (chat.row().helpdesk_id, chat.row().owner) == (box.id, Owner.HUMAN)

    chat.reply("It is 4711.")  # at once, as in any conversation by mail, and once
    assert len(deliver(store, box, outbox)) == 2
    assert chat.later() == 0
    assert outbox.mails[-1]["In-Reply-To"] == "<2@x>"


def test_a_stranger_who_knows_the_thread_gets_a_conversation_of_their_own(store, chat, box, intake, outbox):
    chat.leave()
    chat.reply()
    chat.later()
    (sent,) = deliver(store, box, outbox)
    forged = mail("Hi", sender="eve@evil.example", answers=sent["Message-ID"].strip("<>"), id="3@x", subject="Re: x")
    intake.spool.add(box, forged, MailFolder.POSTED)
    intake.drain(box.id)
    with store.read() as tx:
        where = tx.execute(sa.select(message.c.conversation_id).where(message.c.content == "Hi")).scalar_one()
    assert where != chat.id


def test_the_chat_of_an_identified_customer_keeps_its_id(store, workspace_id, box, intake, outbox):
    chat = Chat(store, workspace_id, external_id="chat-4711")
    chat.leave()
    chat.reply()
    chat.later()
    (sent,) = deliver(store, box, outbox)
    intake.spool.add(box, mail("Thanks", answers=sent["Message-ID"].strip("<>"), id="2@x"), MailFolder.POSTED)
    intake.drain(box.id)
    with store.read() as tx:
        where = tx.execute(sa.select(message.c.conversation_id).where(message.c.content == "Thanks")).scalar_one()
    assert (where, chat.row().external_id) == (chat.id, "chat-4711")


def test_what_an_agent_sent_from_their_mail_program_is_not_sent_again(chat, box):
    chat.leave()
    chat.reply(via=box.id)
    assert chat.later() == 0


def test_the_address_is_no_key_to_a_customer_and_goes_with_the_conversation(store, chat, box):
    chat.leave()
    chat.reply()
    chat.later()
    assert chat.row().requester == {"unverified_email": ANN}
    erase_conversation(chat.scope, _Sessions(), _Sessions(), chat.id)
    with store.read() as tx:
        assert tx.execute(sa.select(visitor_contact)).all() == []
        assert [row.sender for row in tx.execute(sa.select(mail_table)).all()] == [None]


class _Sessions:
    def delete(self, _id):
        pass

    def forget(self, _id):
        pass
