"""Callbacks over real HTTP: signed, at least once, on a schedule that lives in SQL."""

import base64
import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
import sqlalchemy as sa
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks import Webhook
from structlog.testing import capture_logs

from tests.support.fakes import LOOPBACK, TableClock, accept, answer
from tests.support.receiver import Receiver
from tests.support.tls import server_context
from worker.access.keys import Keys
from worker.addresses import AddressRefused, Guard
from worker.conversations.events import announce_conversation
from worker.deliveries import listing, signing
from worker.deliveries.destinations import FAILURES
from worker.deliveries.endpoints import GRACE_S, Endpoints
from worker.deliveries.outbox import destination_of, webhook_body
from worker.deliveries.sender import SCHEDULE_S, AttemptResult, ClaimedDelivery, Sender, attempt_of
from worker.deliveries.webhooks import Webhooks
from worker.errors import Conflict, Invalid, NotFound
from worker.states import DeliveryKind, DeliveryState
from worker.store.rows import Delivery
from worker.store.scope import Scope
from worker.store.tables import attempt, conversation, delivery
from worker.turns.mailbox import Mailbox


@pytest.fixture
def receiver():
    server = Receiver()
    yield server
    server.shutdown()
    server.server_close()


class Desk:
    """Sends what is due, one destination after the other."""

    def __init__(self, store, *, guard: Guard = LOOPBACK):
        self.sender = Sender(store, jitter=lambda: 0.5)
        self._guard = guard

    def send_due(self) -> int:
        """Send until nothing is due; return how many attempts that took."""
        count, transport = 0, Webhooks(self._guard)
        for destination in self.sender.due_destinations():
            while self.sender.send(destination, transport) is not None:
                count += 1
        transport.close()
        return count


@pytest.fixture
def desk(store) -> Desk:
    return Desk(store)


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
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
        id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp=1614265330,
        body=b'{"test": 2432232314}',
    )
    assert made["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_receiver_verifies_the_callback_with_the_standard_library_for_it(
    store, workspace_id, desk, receiver, promised, monkeypatch
):
    with store.read() as connection:
        TableClock.advance(store, time.time() - store.now(connection) / 1000)
    # The database's clock signs: this machine's may be an hour off, and receivers refuse what is five minutes off.
    with monkeypatch.context() as wrong:
        wrong.setattr(time, "time", lambda: 0.0)
        desk.send_due()
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
def test_a_failure_is_tried_again_under_the_same_id(store, desk, receiver, promised, status):
    receiver.responses = [(status, {"location": "http://127.0.0.1:1/"})]
    desk.send_due()
    row = row_of(store)
    assert (row["state"], row["attempts"]) == ("pending", 1)
    desk.send_due()
    assert len(receiver.got) == 1, "not before its time"
    TableClock.advance(store, SCHEDULE_S[0] + 1)
    desk.send_due()
    assert row_of(store)["state"] == "delivered"
    assert receiver.got[0][0]["webhook-id"] == receiver.got[1][0]["webhook-id"]
    with store.read() as connection:
        attempts = connection.execute(sa.select(attempt).order_by(attempt.c.number)).mappings().all()
    assert [one["status"] for one in attempts] == [status, 204]
    assert attempts[0]["error"] if status is None else len(attempts[0]["response"]) <= 1024


def test_a_receiver_that_says_wait_is_waited_for(store, desk, receiver, promised):
    receiver.responses = [(429, {"retry-after": "120"})]
    desk.send_due()
    TableClock.advance(store, 60)
    desk.send_due()
    assert len(receiver.got) == 1
    TableClock.advance(store, 61)
    desk.send_due()
    assert len(receiver.got) == 2


@pytest.mark.parametrize(("status", "headers"), [(410, {}), (500, {"webhook-delivery": "abort-message"})])
def test_a_receiver_that_says_never_again_is_left_alone(store, desk, receiver, promised, status, headers):
    receiver.responses = [(status, headers)]
    desk.send_due()
    assert row_of(store)["state"] == "exhausted"


def test_an_exhausted_delivery_stays_to_be_seen(store, desk, receiver, promised):
    receiver.responses = [(500, {})] * 20
    for wait in (0, *SCHEDULE_S):
        TableClock.advance(store, wait + 1)
        desk.send_due()
    assert len(receiver.got) == len(SCHEDULE_S) + 1
    assert row_of(store)["state"] == "exhausted"


def test_two_senders_at_once_send_once(store, desk, receiver, promised):
    threads = [threading.Thread(target=desk.send_due) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(receiver.got) == 1


def test_a_sender_that_died_is_followed_by_another(store, desk, receiver, promised):
    desk.sender.claim(row_of(store)["destination_id"])  # claimed, then killed
    desk.send_due()
    assert receiver.got == []
    TableClock.advance(store, 61)
    desk.send_due()
    assert row_of(store)["attempts"] == 2
    assert json.loads(receiver.got[0][1])["type"] == "message.answered"


def test_a_private_address_is_refused_at_sending_too(store, receiver, promised):
    Desk(store, guard=Guard()).send_due()
    assert receiver.got == []
    with store.read() as connection:
        assert "private" in connection.execute(sa.select(attempt.c.error)).scalar_one()


def promise_again(store, talk, count):
    """Let a conversation be told of `count` times; return the ids of such deliveries."""
    with store.begin() as tx:
        row = tx.execute(sa.select(conversation).where(conversation.c.id == talk)).mappings().one()
        for _ in range(count):
            announce_conversation(tx, row, "conversation.resumed", now=store.now(tx), data={})
        ids = sa.select(delivery.c.id).where(delivery.c.type == "conversation.resumed").order_by(delivery.c.event_id)
        return list(tx.execute(ids).scalars())


@pytest.fixture
def endpoints(store) -> Endpoints:
    return Endpoints(store, LOOPBACK)


@pytest.fixture
def told(store, workspace_id, endpoints, receiver):
    """An endpoint, and the id of a conversation that it will be told of three times."""
    made = endpoints.make(workspace_id, {"url": receiver.url, "events": ["conversation.resumed"]})
    talk = accept(store, workspace_id)["conversation_id"]
    return made, talk, promise_again(store, talk, 3)


def got_ids(receiver) -> list[str]:
    return [headers["webhook-id"] for headers, _body in receiver.got]


def test_a_conversation_is_told_in_order_also_when_the_first_fails(store, desk, receiver, told):
    _made, _talk, ids = told
    receiver.responses = [(500, {})]
    desk.send_due()
    assert got_ids(receiver) == ids[:1], "what comes after a failure waits with it"
    TableClock.advance(store, SCHEDULE_S[0] + 1)
    desk.send_due()
    assert got_ids(receiver) == [ids[0], *ids]


def test_what_comes_after_an_exhausted_one_goes_on(store, desk, receiver, told):
    _made, _talk, ids = told
    receiver.responses = [(500, {"webhook-delivery": "abort-message"})]
    desk.send_due()
    assert got_ids(receiver) == ids


def test_another_conversation_of_the_destination_does_not_wait(store, workspace_id, desk, receiver, told):
    _made, _talk, ids = told
    other = accept(store, workspace_id)["conversation_id"]
    promise_again(store, other, 1)
    receiver.responses = [(500, {})]
    desk.send_due()
    assert len(receiver.got) == 2
    assert got_ids(receiver)[0] == ids[0]
    assert got_ids(receiver)[1] not in ids


def test_two_senders_keep_the_order(store, receiver, told):
    """While the first is under way nothing else of its conversation is claimed."""
    made, _talk, ids = told
    sender = Sender(store)
    first = sender.claim(made["id"])
    assert first.delivery.id == ids[0]
    assert sender.claim(made["id"]) is None
    second = sender.finish(first, AttemptResult(status=204), more=True)
    assert second.delivery.id == ids[1]


def test_a_destination_that_fails_rests_and_is_asked_once_when_it_has(store, workspace_id, desk, receiver, told):
    made, _talk, _ids = told
    for _ in range(9):
        promise_again(store, accept(store, workspace_id)["conversation_id"], 1)
    receiver.responses = [(503, {})] * 50
    desk.send_due()
    assert len(receiver.got) == FAILURES, "five failures in a row, and no sixth"
    TableClock.advance(store, 10)
    assert desk.send_due() == 0
    TableClock.advance(store, 6)
    desk.send_due()
    assert len(receiver.got) == FAILURES + 1
    shown = Endpoints(store, LOOPBACK).show(workspace_id, made["id"])
    assert shown["failures"] == FAILURES + 1
    assert shown["circuit_open_until"] is not None
    receiver.responses = []
    TableClock.advance(store, 400)
    desk.send_due()
    assert Endpoints(store, LOOPBACK).show(workspace_id, made["id"])["failures"] == 0
    assert rows_in(store, "delivered") == 12


def rows_in(store, state) -> int:
    with store.read() as connection:
        return connection.execute(sa.select(sa.func.count()).where(delivery.c.state == state)).scalar_one()


def test_an_endpoint_that_says_wait_makes_its_whole_destination_wait(store, workspace_id, desk, receiver, told):
    promise_again(store, accept(store, workspace_id)["conversation_id"], 1)
    receiver.responses = [(429, {"retry-after": "60"})]
    desk.send_due()
    assert len(receiver.got) == 1
    TableClock.advance(store, 61)
    desk.send_due()
    assert rows_in(store, "delivered") == 4


def test_a_retry_after_may_be_a_date(store, desk, receiver, promised):
    with store.read() as connection:
        now = store.now(connection) / 1000
    receiver.responses = [(503, {"retry-after": format_datetime(datetime.fromtimestamp(now + 90, UTC), usegmt=True)})]
    desk.send_due()
    TableClock.advance(store, 80)
    assert desk.send_due() == 0
    TableClock.advance(store, 11)
    assert desk.send_due() == 1


def test_an_endpoint_that_is_gone_is_disabled_and_the_others_are_told(store, workspace_id, desk, endpoints, told):
    made, _talk, _ids = told
    watcher = Receiver()
    endpoints.make(workspace_id, {"url": watcher.url, "events": ["endpoint.disabled"]})
    desk_receiver = Receiver()
    endpoints.change(workspace_id, made["id"], {"url": desk_receiver.url})
    desk_receiver.responses = [(410, {})]
    desk.send_due()
    desk.send_due()
    shown = endpoints.show(workspace_id, made["id"])
    assert (shown["state"], shown["reason"]) == ("disabled", "It answered 410 Gone.")
    assert len(desk_receiver.got) == 1
    assert rows_in(store, "exhausted") == 3
    told_of = json.loads(watcher.got[0][1])
    assert (told_of["type"], told_of["data"]["endpoint"]["id"]) == ("endpoint.disabled", made["id"])
    with pytest.raises(Conflict):
        endpoints.recover(workspace_id, made["id"], since_ms=0)
    endpoints.change(workspace_id, made["id"], {"state": "enabled"})
    assert endpoints.recover(workspace_id, made["id"], since_ms=0) == 3
    desk.send_due()
    assert len(desk_receiver.got) == 4
    for one in (watcher, desk_receiver):
        one.shutdown()
        one.server_close()


def test_nothing_but_failures_for_five_days_disables(store, workspace_id, desk, endpoints, receiver, told):
    made, _talk, _ids = told
    receiver.responses = [(500, {})] * 100
    for _ in range(140):
        desk.send_due()
        TableClock.advance(store, 3_600)
        if endpoints.show(workspace_id, made["id"])["state"] == "disabled":
            break
    shown = endpoints.show(workspace_id, made["id"])
    assert shown["state"] == "disabled" or rows_in(store, "exhausted") == 1, "its schedule ended before"
    assert shown["failures"] > 5


def test_a_rate_is_kept(store, workspace_id, endpoints, receiver):
    made = endpoints.make(
        workspace_id, {"url": receiver.url, "events": ["conversation.resumed"], "rate_limit": "2/second"}
    )
    for _ in range(8):
        promise_again(store, accept(store, workspace_id)["conversation_id"], 1)
    desk = Desk(store)
    desk.send_due()
    first = len(receiver.got)
    assert first == 3, "a second's worth, and one that was due"
    for _ in range(10):
        TableClock.advance(store, 0.5)
        desk.send_due()
    assert len(receiver.got) == 8
    with store.read() as connection:
        assert connection.execute(sa.select(delivery.c.attempts).distinct()).scalars().all() == [1]
    assert made["rate_limit"] == "2/second"


def test_both_secrets_sign_after_a_rotation_and_the_old_one_for_a_day(store, workspace_id, desk, endpoints, receiver):
    made = endpoints.make(workspace_id, {"url": receiver.url, "events": ["conversation.resumed"]})
    rotated = endpoints.rotate(workspace_id, made["id"])
    assert rotated["secret"] != made["secret"]
    with pytest.raises(Conflict):
        endpoints.rotate(workspace_id, made["id"])
    with store.read() as connection:
        TableClock.advance(store, time.time() - store.now(connection) / 1000)
    endpoints_now = Endpoints(store, LOOPBACK)
    rotated = endpoints_now.rotate(workspace_id, made["id"])
    promise_again(store, accept(store, workspace_id)["conversation_id"], 1)
    desk.send_due()
    headers, body = receiver.got[0]
    sent = {name.lower(): value for name, value in headers.items()}
    assert len(sent["webhook-signature"].split()) == 2
    Webhook(rotated["secret"]).verify(body, sent)
    TableClock.advance(store, GRACE_S + 1)
    promise_again(store, accept(store, workspace_id)["conversation_id"], 1)
    desk.send_due()
    assert len(receiver.got[-1][0]["webhook-signature"].split()) == 1


def test_an_ed25519_signature_is_verified_with_the_public_key(store, workspace_id, desk, endpoints, receiver):
    made = endpoints.make(
        workspace_id, {"url": receiver.url, "events": ["conversation.resumed"], "signature": "ed25519"}
    )
    promise_again(store, accept(store, workspace_id)["conversation_id"], 1)
    desk.send_due()
    headers, body = receiver.got[0]
    version, _, signature = headers["webhook-signature"].partition(",")
    assert version == "v1a"
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(made["public_key"].removeprefix("whpk_")))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key.verify(base64.b64decode(signature), signed)
    with pytest.raises(InvalidSignature):
        key.verify(base64.b64decode(signature), signed + b" ")


def test_custom_headers_go_along_and_are_not_shown(store, workspace_id, desk, endpoints, receiver):
    made = endpoints.make(
        workspace_id,
        {"url": receiver.url, "events": ["conversation.resumed"], "headers": {"X-Desk": "s3cret"}},
    )
    assert made["headers"] == {"X-Desk": "…"}
    promise_again(store, accept(store, workspace_id)["conversation_id"], 1)
    desk.send_due()
    assert receiver.got[0][0]["X-Desk"] == "s3cret"


@pytest.mark.parametrize(
    "headers",
    [{"Webhook-Id": "x"}, {"Host": "x"}, {"X-A": "a\r\nB: c"}, {"X A": "a"}, {"X-A": "é"}, {"X-A": "a" * 5000}],
)
def test_headers_that_may_not_be_set_are_refused(workspace_id, endpoints, receiver, headers):
    with pytest.raises(Invalid):
        endpoints.make(workspace_id, {"url": receiver.url, "headers": headers})


@pytest.mark.parametrize(
    "secret", ["", "whsec_", "whsec_????", "whsec_YWJj", "whsk_YWJj", "plain-text-secret-of-24-bytes!!"]
)
def test_a_secret_that_is_none_is_refused(workspace_id, endpoints, receiver, secret):
    with pytest.raises(Invalid):
        endpoints.make(workspace_id, {"url": receiver.url, "secret": secret})


def test_a_delivery_can_be_replayed_and_begins_its_schedule_anew(
    store, workspace_id, desk, endpoints, receiver, promised
):
    receiver.responses = [(500, {"webhook-delivery": "abort-message"})]
    desk.send_due()
    row = row_of(store)
    assert row["state"] == "exhausted"
    endpoints.replay(workspace_id, row["id"])
    with pytest.raises(Conflict):
        endpoints.replay(workspace_id, row["id"])
    receiver.responses = [(500, {})]
    desk.send_due()
    assert row_of(store)["state"] == "pending"
    TableClock.advance(store, SCHEDULE_S[0] * 1.3)
    desk.send_due()
    row = row_of(store)
    assert (row["state"], row["attempts"]) == ("delivered", 3)
    assert len(set(got_ids(receiver))) == 1
    endpoints.replay(workspace_id, row["id"])
    desk.send_due()
    assert len(receiver.got) == 4
    assert endpoints.replay_all(workspace_id, {"state": "delivered", "since_ms": 0}) == 1
    assert endpoints.replay_all("ws_other", {"state": "delivered", "since_ms": 0}) == 0


def test_what_is_long_is_told_thin(store, workspace_id, endpoints, receiver, desk):
    endpoints.make(workspace_id, {"url": receiver.url, "events": ["message.answered"]})
    sent = accept(store, workspace_id, "x" * 20_000)
    mailbox = Mailbox(store, holder="one")
    mailbox.finish(mailbox.claim(sent["conversation_id"]), answer("Yes."))
    desk.send_due()
    body = receiver.got[0][1]
    assert len(body) < 20_000
    told = json.loads(body)["data"]
    assert told["truncated"] is True
    assert told["message"]["id"] == sent["id"]
    assert told["message"]["state"] == "answered"
    assert told["message"]["reply"]["content"] == "Yes."
    assert "content" not in told["message"]


def test_what_is_too_long_is_left_out_in_the_order_of_its_worth():
    quotes = [
        {"number": n, "document_id": "doc_1", "title": "T", "url": None, "quote": "q" * 900} for n in range(1, 30)
    ]
    reply = {"id": "msg_2", "content": "c" * 5_000, "citations": quotes, "support": 1.0}
    message = {"id": "msg_1", "state": "answered", "content": "asked", "reply": reply, "handoff": None}
    told = json.loads(webhook_body("message.answered", {"message": message}, at=1))["data"]
    assert told["message"]["reply"]["content"] == "c" * 5_000
    assert [one["number"] for one in told["message"]["reply"]["citations"]] == list(range(1, 30))
    assert "quote" not in told["message"]["reply"]["citations"][0]
    reply["content"] = "c" * 30_000
    body = webhook_body("message.answered", {"message": message}, at=1)
    assert len(body) < 20_000
    assert json.loads(body)["data"] == {"message": {"id": "msg_1", "state": "answered"}, "truncated": True}


def test_urls_of_one_origin_share_a_destination_and_others_do_not():
    assert destination_of("w", "https://desk.example/a?x=1") == destination_of("w", "https://desk.example/b")
    assert destination_of("w", "https://desk.example/a") != destination_of("w", "https://desk.example:8443/a")
    assert destination_of("w", "https://desk.example/a") != destination_of("v", "https://desk.example/a")


def test_a_removed_endpoint_leaves_what_it_was_sent(store, workspace_id, endpoints, desk, receiver, told):
    made, _talk, ids = told
    endpoints.remove(workspace_id, made["id"])
    assert desk.send_due() == 0
    found, _cursor = listing.page(Scope(store, workspace_id), {})
    assert sorted(one["id"] for one in found) == sorted(ids)
    with pytest.raises(NotFound):
        endpoints.show(workspace_id, made["id"])


@pytest.fixture
def plain_listener():
    """A port that takes bytes and sends what it is told to, as it is told."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        served: list[Callable[[socket.socket], None]] = []

        def serve():
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection, contextlib.suppress(OSError):
                    connection.recv(65_536)
                    served[0](connection)

        threading.Thread(target=serve, daemon=True).start()
        yield f"127.0.0.1:{server.getsockname()[1]}", served.append


def attempt_at(url: str, *, total_s: float = 3.0) -> AttemptResult:
    transport = Webhooks(LOOPBACK, total_s=total_s)
    sent = Delivery(
        id="whd_1",
        workspace_id="ws_1",
        kind=DeliveryKind.CALLBACK,
        destination_id="org_1",
        type="message.answered",
        url=url,
        payload="{}",
        state=DeliveryState.PENDING,
        attempts=1,
        round=0,
        lease_token=1,
        created_at=0,
    )
    claimed = ClaimedDelivery(
        delivery=sent, signers=(signing.new_secret(),), headers={}, at=int(time.time()), destination_known=False
    )
    try:
        return attempt_of(transport, claimed)
    finally:
        transport.close()


def test_a_receiver_without_tls_is_not_spoken_to_in_plain_text(plain_listener):
    place, serve = plain_listener
    serve(lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n"))
    result = attempt_at(f"https://{place}/")
    assert result.status is None
    assert "SSL" in result.error


@pytest.mark.processes
def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path):
    context, _certificate = server_context(tmp_path)
    server = Receiver()
    server.socket = context.wrap_socket(server.socket, server_side=True)
    result = attempt_at(server.url.replace("http:", "https:"))
    server.shutdown()
    server.server_close()
    assert result.status is None
    assert "CERTIFICATE_VERIFY_FAILED" in result.error


def test_ten_megabytes_of_answer_are_not_read(plain_listener):
    place, serve = plain_listener
    sent = []

    def answer_long(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 10000000\r\n\r\n")
        for _ in range(10_000):
            sent.append(connection.send(b"x" * 1_000))

    serve(answer_long)
    result = attempt_at(f"http://{place}/")
    assert result.delivered
    assert len(result.response) == 1_024
    assert sum(sent) < 9_000_000


def test_an_answer_that_drips_ends_with_the_time_and_counts_by_its_status(plain_listener):
    place, serve = plain_listener

    def drip(connection):
        connection.sendall(b"HTTP/1.1 202 Accepted\r\ncontent-length: 100\r\n\r\n")
        for _ in range(100):
            connection.sendall(b"x")
            time.sleep(0.1)

    serve(drip)
    began = time.monotonic()
    result = attempt_at(f"http://{place}/", total_s=1.0)
    assert time.monotonic() - began < 3
    assert result.status == 202


def test_headers_that_drip_end_with_the_time(plain_listener):
    place, serve = plain_listener

    def drip(connection):
        for _ in range(100):
            connection.sendall(b"H")
            time.sleep(0.1)

    serve(drip)
    result = attempt_at(f"http://{place}/", total_s=1.0)
    assert result.status is None
    assert result.duration_ms < 3_000


def test_what_a_removed_endpoint_did_not_get_is_sent_nowhere(store, workspace_id, endpoints, desk, receiver, told):
    made, _talk, ids = told
    endpoints.remove(workspace_id, made["id"])
    assert endpoints.replay_all(workspace_id, {"since_ms": 0}) == 0
    with pytest.raises(Conflict):
        endpoints.replay(workspace_id, ids[0])
    with store.begin() as tx:  # promised at the very moment
        tx.execute(delivery.update().values(state="pending", due_at=1))
    desk.send_due()
    assert receiver.got == []
    assert rows_in(store, "exhausted") == 3


@pytest.mark.parametrize("url", ["https://1.2.3.999/x", "https://[v1.a]/x"])
def test_a_url_that_no_client_can_read_is_refused(url):
    with pytest.raises(AddressRefused):
        LOOPBACK.check_url(url)


def test_a_bug_of_ours_ends_a_delivery_at_once_and_is_logged(store, told):
    class Broken:
        def send(self, _claimed):
            raise RuntimeError("surprise")

        def close(self):
            pass

    made, _talk, ids = told
    with capture_logs() as logged:
        result = Sender(store).send(made["id"], Broken())
    assert result.error == "Internal error, see the worker's log: RuntimeError: surprise"
    (crash,) = [entry for entry in logged if entry["event"] == "delivery_crashed"]
    assert (crash["log_level"], crash["exc_info"], crash["delivery_id"]) == ("error", True, ids[0])
    with store.read() as connection:
        assert connection.execute(sa.select(attempt.c.error)).scalars().all() == [result.error]
        states = sa.select(delivery.c.state).order_by(delivery.c.event_id)
        assert connection.execute(states).scalars().all() == ["exhausted", "pending", "pending"]


def test_a_destination_that_has_rested_is_asked_with_one_delivery(store, workspace_id, desk, receiver, told):
    made, _talk, _ids = told
    for _ in range(9):
        promise_again(store, accept(store, workspace_id)["conversation_id"], 1)
    receiver.responses = [(503, {})] * 50
    desk.send_due()
    TableClock.advance(store, 60)
    probe = desk.sender.claim(made["id"])
    assert probe is not None
    assert desk.sender.claim(made["id"]) is None, "one finds out"
    desk.sender.finish(probe, AttemptResult(status=204))
    assert desk.sender.claim(made["id"]) is not None


def test_what_was_erased_during_its_attempt_leaves_nothing(store, desk, receiver, told):
    made, talk, _ids = told
    claimed = desk.sender.claim(made["id"])
    with store.begin() as tx:
        tx.execute(conversation.delete().where(conversation.c.id == talk))
    desk.sender.finish(claimed, AttemptResult(status=500, response="secret"))
    with store.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(attempt)).scalar_one() == 0
