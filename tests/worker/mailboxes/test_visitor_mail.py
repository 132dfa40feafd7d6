"""A visitor of the chat who left an address and has gone gets an agent's reply by mail, once, and can answer it."""

import contextlib
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from tests.support.fakes import LOOPBACK, TableClock, answer, conversation_actions
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
from worker.store.tables import conversation, delivery, message, visitor_contact
from worker.store.tables import mail as mail_table
from worker.turns.mailbox import Mailbox as Answering

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
        asked = Submission(content="BUY PILLS at spam.example", deadline_s=60, key_id="key_widget")
        said = self.actions.submit(workspace_id, Opening(channel="widget", **opening), asked)
        self.id = said["conversation_id"]

    def leave(self, email=ANN):
        contacts.leave(self.scope, self.id, email, origin="https://shop.example")

    def reply(self, text="Your parcel left **today**.", **more):
        return self.actions.reply(self.scope.workspace_id, self.id, content=text, author="Grace", **more)

    def answer(self, text):
        answering = Answering(self.store, holder="test")
        answering.finish(answering.claim(self.id), answer(text))

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
    while Sender(store).send(box.id, transport) is not None:
        pass
    transport.close()
    return outbox.mails


def answer_by_mail(intake, box, sent, text="Thank you!", *, id="2@x", **more):
    """Have somebody answer a mail of the desk."""
    intake.spool.add(
        box, mail(text, answers=sent["Message-ID"].strip("<>"), id=id, subject="Re: x", **more), MailFolder.POSTED
    )
    intake.drain(box.id)


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


def test_what_an_agent_sent_from_their_mail_program_is_not_sent_again(store, chat, box, outbox):
    chat.leave()
    chat.reply("One.")
    assert chat.later() == 1
    chat.reply("Two.", via=box.id)
    assert chat.later() == 0
    chat.reply("Three.")
    assert chat.later() == 1
    texts = [sent.get_body(("plain",)).get_content() for sent in deliver(store, box, outbox)]
    assert [text.split()[0] for text in texts] == ["One.", "Three."]


def test_what_an_agent_writes_in_slack_is_sent(chat):
    chat.leave()
    chat.reply(via="hd_slack")
    assert chat.later() == 1


def test_nothing_that_was_typed_in_the_chat_goes_to_an_address_that_only_its_visitor_typed(store, chat, box, outbox):
    chat.leave()
    chat.reply()
    chat.later()
    (sent,) = deliver(store, box, outbox)
    assert "PILLS" not in str(sent)


def test_after_the_move_only_what_came_by_mail_is_answered_and_quoted(store, workspace_id, chat, box, intake, outbox):
    chat.leave()
    chat.reply()
    chat.later()
    (sent,) = deliver(store, box, outbox)
    answer_by_mail(intake, box, sent)
    chat.actions.resume(workspace_id, chat.id)
    typed = Submission(content="MORE PILLS", deadline_s=60, key_id="key_widget")
    chat.actions.accept(workspace_id, chat.id, typed)
    chat.answer("Pills are healthy.")
    assert len(deliver(store, box, outbox)) == 1
    answer_by_mail(intake, box, sent, "And how do I reset my password?", id="3@x")
    chat.answer("By the link.")
    *_, last = deliver(store, box, outbox)
    assert "By the link." in str(last)
    assert "reset my password" in str(last)
    chat.actions.accept(workspace_id, chat.id, typed)
    chat.reply("Goodbye.")
    *_, last = deliver(store, box, outbox)
    assert "Goodbye." in str(last)
    assert "PILLS" not in str(last)


def test_a_corrected_address_gets_what_comes_and_the_earlier_one_nothing(store, chat, box, intake, outbox):
    chat.leave("anne@shop.example")
    chat.reply("One.")
    chat.later()
    (wrong,) = deliver(store, box, outbox)
    chat.reply("Two.")
    chat.later()
    chat.leave()  # while this is on its way
    chat.reply("Three.")
    chat.later()
    assert [sent["To"] for sent in deliver(store, box, outbox)] == ["anne@shop.example", ANN, ANN]
    answer_by_mail(intake, box, wrong, "Wrong person", sender="anne@shop.example")
    assert chat.row().helpdesk_id is None
    answer_by_mail(intake, box, outbox.mails[-1], id="3@x")
    assert chat.row().helpdesk_id == box.id


def test_an_automatic_reply_neither_ends_the_chat_nor_shows_there(store, chat, box, intake, outbox):
    chat.leave()
    chat.reply()
    chat.later()
    (sent,) = deliver(store, box, outbox)
    answer_by_mail(intake, box, sent, "I am on holiday.", Auto_Submitted="auto-replied")
    assert chat.row().helpdesk_id is None
    with store.read() as tx:
        where = tx.execute(sa.select(message.c.conversation_id).where(message.c.content.contains("holiday")))
        assert where.scalar_one() != chat.id
    answer_by_mail(intake, box, sent, "Here I am.", id="3@x")
    assert chat.row().helpdesk_id == box.id


def test_all_replies_are_sent_also_when_they_are_more_than_are_sent_at_once(store, chat, box):
    chat.leave()
    for number in range(21):
        chat.reply(f"Reply {number}.")
    assert [chat.later() for _ in range(3)] == [1, 1, 0]
    with store.read() as tx:
        enqueued = tx.execute(sa.select(sa.func.count()).where(delivery.c.destination_id == box.id))
        assert enqueued.scalar_one() == 21


def test_replies_wait_while_nothing_can_send(store, chat, mailboxes, workspace_id, box):
    chat.mails = VisitorMail(store, None)
    mailboxes.change(workspace_id, box.id, {"mode": "shadow"})
    chat.leave()
    chat.reply()
    assert [chat.later(), chat.later()] == [0, 0]
    mailboxes.change(workspace_id, box.id, {"mode": "reply"})
    assert chat.later(120) == 1


def test_what_never_can_be_sent_is_given_up(store, chat):
    chat.mails = VisitorMail(store, None)
    chat.leave()
    chat.reply()
    waits = []
    with capture_logs() as lines:
        for _ in range(7):
            assert chat.later(7_200) == 0
            with store.read() as tx:
                waits.append(tx.execute(sa.select(visitor_contact.c.due_at)).scalar_one() is not None)
    assert waits == [True] * 5 + [False] * 2
    assert [line["event"] for line in lines].count("visitor_mail_lost") == 1


def test_a_reply_that_is_being_written_while_another_is_sent_is_sent_too(store, chat):
    if store.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer at a time")
    chat.leave()
    chat.reply("One.")
    TableClock.advance(store, 61)
    with ThreadPoolExecutor(1) as pool, store.begin() as tx:
        locked = chat.scope.lock(tx, conversation, chat.id)
        written = {"id": "msg_two", "seq": locked["next_seq"], "role": "agent", "state": "answered", "content": "Two."}
        tx.execute(
            message.insert().values(
                **written, workspace_id=chat.scope.workspace_id, conversation_id=chat.id, attempts=0, created_at=1
            )
        )
        contacts.schedule(tx, chat.id, now=store.now(tx))
        sending = pool.submit(chat.mails.send_due)
        time.sleep(0.5)  # it is at work, or waits for this transaction
        tx.commit()
        sending.result(timeout=20)
    chat.later()
    assert "Two." in "".join(text for _to, _subject, text in chat.mailer.sent)


def test_the_address_is_no_key_to_a_customer_and_goes_with_the_conversation(store, chat, box):
    chat.leave()
    chat.reply()
    chat.later()
    assert chat.row().requester == {"unverified_email": ANN}
    with store.begin() as tx:
        tx.execute(visitor_contact.delete())  # as the move does
    erase_conversation(chat.scope, _Sessions(), _Sessions(), chat.id)
    with store.read() as tx:
        assert tx.execute(sa.select(visitor_contact)).all() == []
        assert [row.sender for row in tx.execute(sa.select(mail_table)).all()] == [None]


class _Sessions:
    def delete(self, _id):
        pass

    def forget(self, _id):
        pass
