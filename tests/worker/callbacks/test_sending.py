"""Callbacks over real HTTP: signed, at least once, on a schedule that lives in SQL."""

import http.server
import ipaddress
import json
import threading
import time
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from standardwebhooks import Webhook

from tests.support.fakes import TableClock, accept, answer
from worker.access import Keys
from worker.addresses import Guard
from worker.callbacks import signing
from worker.callbacks.sending import SCHEDULE_S, Sender
from worker.conversations.mailbox import Mailbox
from worker.store.tables import attempt, delivery


class Receiver(http.server.ThreadingHTTPServer):
    """A helpdesk that keeps what it got and answers as it is told."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.got = []
        self.responses = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook"


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.got.append((dict(self.headers), body))
        status, headers = self.server.responses.pop(0) if self.server.responses else (204, {})
        if status is None:  # reset
            self.connection.close()
            return
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if status != 204:
            self.wfile.write(b"thanks" * 2000)

    def log_message(self, *_arguments):
        pass


@pytest.fixture
def receiver():
    server = Receiver()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def sender(store) -> Sender:
    return Sender(store, Guard(allow=[ipaddress.ip_network("127.0.0.0/8")]), jitter=lambda: 0.5)


@pytest.fixture
def promised(store, workspace_id, receiver):
    """The id of a conversation in which a callback is due."""
    sent = accept(store, workspace_id, callback_url=receiver.url)
    mailbox = Mailbox(store, holder="one")
    mailbox.finish(mailbox.claim(sent["conversation_id"]), answer("Yes."))
    return sent["conversation_id"]


def row_of(store):
    with store.read() as connection:
        return connection.execute(sa.select(delivery)).mappings().one()


def test_our_signature_is_the_published_vector():
    made = signing.headers(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp=1614265330,
        body=b'{"test": 2432232314}',
    )
    assert made["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_receiver_verifies_the_callback_with_the_standard_library_for_it(
    store, workspace_id, sender, receiver, promised, monkeypatch
):
    with store.read() as connection:
        TableClock.advance(store, time.time() - store.now(connection) / 1000)
    # The database's clock signs: this machine's may be an hour off, and receivers refuse what is five minutes off.
    monkeypatch.setattr("worker.callbacks.sending.time.time", lambda: 0.0, raising=False)
    sender.deliver(promised)
    ((headers, body),) = receiver.got
    secret = Keys(store).callback_secret(workspace_id)
    told = Webhook(secret).verify(body, {name.lower(): value for name, value in headers.items()})
    assert told["type"] == "message.answered"
    assert told["data"]["message"]["reply"]["content"] == "Yes."
    assert told["data"]["conversation"]["id"] == promised
    assert datetime.fromisoformat(told["timestamp"]).tzinfo == UTC
    assert len(body) < 20_000
    row = row_of(store)
    assert (row["state"], row["attempts"]) == ("delivered", 1)
    assert headers["webhook-id"] == row["id"]


@pytest.mark.parametrize("status", [500, 404, 302, None])
def test_a_failure_is_tried_again_under_the_same_id(store, sender, receiver, promised, status):
    receiver.responses = [(status, {"location": "http://127.0.0.1:1/"})]
    sender.deliver(promised)
    row = row_of(store)
    assert (row["state"], row["attempts"]) == ("pending", 1)
    sender.deliver(promised)
    assert len(receiver.got) == 1, "not before its time"
    TableClock.advance(store, SCHEDULE_S[0] + 1)
    assert sender.sweep() == (promised,)
    sender.deliver(promised)
    assert row_of(store)["state"] == "delivered"
    assert receiver.got[0][0]["webhook-id"] == receiver.got[1][0]["webhook-id"]
    with store.read() as connection:
        attempts = connection.execute(sa.select(attempt).order_by(attempt.c.number)).mappings().all()
    assert [one["status"] for one in attempts] == [status, 204]
    assert attempts[0]["error"] if status is None else len(attempts[0]["response"]) <= 1024


def test_a_receiver_that_says_wait_is_waited_for(store, sender, receiver, promised):
    receiver.responses = [(429, {"retry-after": "120"})]
    sender.deliver(promised)
    TableClock.advance(store, 60)
    sender.deliver(promised)
    assert len(receiver.got) == 1
    TableClock.advance(store, 61)
    sender.deliver(promised)
    assert len(receiver.got) == 2


@pytest.mark.parametrize(("status", "headers"), [(410, {}), (500, {"webhook-delivery": "abort-message"})])
def test_a_receiver_that_says_never_again_is_left_alone(store, sender, receiver, promised, status, headers):
    receiver.responses = [(status, headers)]
    sender.deliver(promised)
    assert row_of(store)["state"] == "exhausted"


def test_an_exhausted_delivery_stays_to_be_seen(store, sender, receiver, promised):
    receiver.responses = [(500, {})] * 20
    for wait in (0, *SCHEDULE_S):
        TableClock.advance(store, wait + 1)
        sender.deliver(promised)
    assert len(receiver.got) == len(SCHEDULE_S) + 1
    assert row_of(store)["state"] == "exhausted"


def test_two_senders_at_once_send_once(store, sender, receiver, promised):
    threads = [threading.Thread(target=sender.deliver, args=(promised,)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(receiver.got) == 1


def test_a_sender_that_died_is_followed_by_another(store, sender, receiver, promised):
    sender._claim(row_of(store)["id"])  # claimed, then killed
    sender.deliver(promised)
    assert receiver.got == []
    TableClock.advance(store, 61)
    sender.deliver(promised)
    assert row_of(store)["attempts"] == 2
    assert json.loads(receiver.got[0][1])["type"] == "message.answered"


def test_a_private_address_is_refused_at_sending_too(store, receiver, promised):
    Sender(store, Guard()).deliver(promised)
    assert receiver.got == []
    with store.read() as connection:
        assert "private" in connection.execute(sa.select(attempt.c.error)).scalar_one()


def test_conversations_that_are_being_sent_do_not_hide_those_that_wait(store, workspace_id, sender, receiver):
    talks = []
    for _ in range(3):
        sent = accept(store, workspace_id, callback_url=receiver.url)
        mailbox = Mailbox(store, holder="one")
        mailbox.finish(mailbox.claim(sent["conversation_id"]), answer())
        talks.append(sent["conversation_id"])
    assert set(sender.sweep(limit=2)) < set(talks)
    assert sender.sweep(limit=2, busy=talks[:2]) == (talks[2],)
