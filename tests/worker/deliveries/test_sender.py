"""Deliveries over real HTTP: at least once, on a schedule that lives in SQL, a conversation in order."""

import json
import threading
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from tests.support.deliveries import enqueue_again, got_ids, row_of
from tests.support.fakes import TableClock, accept
from worker.deliveries.sender import SCHEDULE_S, AttemptResult, Sender
from worker.store.tables import attempt, conversation, delivery


@pytest.mark.parametrize("status", [500, 404, 302, None])
def test_a_failure_is_tried_again_under_the_same_id(store, desk, receiver, enqueued, status):
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


def test_a_receiver_that_asks_to_wait_gets_the_next_attempt_later(store, desk, receiver, enqueued):
    receiver.responses = [(429, {"retry-after": "120"})]
    desk.send_due()
    TableClock.advance(store, 60)
    desk.send_due()
    assert len(receiver.got) == 1
    TableClock.advance(store, 61)
    desk.send_due()
    assert len(receiver.got) == 2


@pytest.mark.parametrize(("status", "headers"), [(410, {}), (500, {"webhook-delivery": "abort-message"})])
def test_a_receiver_that_wants_no_more_attempts_gets_none(store, desk, receiver, enqueued, status, headers):
    receiver.responses = [(status, headers)]
    desk.send_due()
    assert row_of(store)["state"] == "exhausted"


def test_an_exhausted_delivery_stays_listed(store, desk, receiver, enqueued):
    receiver.responses = [(500, {})] * 20
    for wait in (0, *SCHEDULE_S):
        TableClock.advance(store, wait + 1)
        desk.send_due()
    assert len(receiver.got) == len(SCHEDULE_S) + 1
    assert row_of(store)["state"] == "exhausted"


def test_two_senders_at_once_send_once(store, desk, receiver, enqueued):
    threads = [threading.Thread(target=desk.send_due) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(receiver.got) == 1


def test_a_sender_that_died_is_followed_by_another(store, desk, receiver, enqueued):
    desk.sender.claim(row_of(store)["destination_id"])  # claimed, then killed
    desk.send_due()
    assert receiver.got == []
    TableClock.advance(store, 61)
    desk.send_due()
    assert row_of(store)["attempts"] == 2
    assert json.loads(receiver.got[0][1])["type"] == "message.answered"


def test_deliveries_of_a_conversation_keep_their_order_when_the_first_fails(store, desk, receiver, subscribed):
    _made, _conversation, ids = subscribed
    receiver.responses = [(500, {})]
    desk.send_due()
    assert got_ids(receiver) == ids[:1], "what comes after a failure waits with it"
    TableClock.advance(store, SCHEDULE_S[0] + 1)
    desk.send_due()
    assert got_ids(receiver) == [ids[0], *ids]


def test_deliveries_after_an_exhausted_one_are_sent(store, desk, receiver, subscribed):
    _made, _conversation, ids = subscribed
    receiver.responses = [(500, {"webhook-delivery": "abort-message"})]
    desk.send_due()
    assert got_ids(receiver) == ids


def test_another_conversation_of_the_destination_does_not_wait(store, workspace_id, desk, receiver, subscribed):
    _made, _conversation, ids = subscribed
    other = accept(store, workspace_id)["conversation_id"]
    enqueue_again(store, other, 1)
    receiver.responses = [(500, {})]
    desk.send_due()
    assert len(receiver.got) == 2
    assert got_ids(receiver)[0] == ids[0]
    assert got_ids(receiver)[1] not in ids


def test_two_senders_keep_the_order(store, receiver, subscribed):
    """While the first is under way nothing else of its conversation is claimed."""
    made, _conversation, ids = subscribed
    sender = Sender(store)
    first = sender.claim(made["id"])
    assert first.delivery.id == ids[0]
    assert sender.claim(made["id"]) is None
    second = sender.finish(first, AttemptResult(status=204), more=True)
    assert second.delivery.id == ids[1]


def test_a_retry_after_may_be_a_date(store, desk, receiver, enqueued):
    with store.read() as connection:
        now = store.now(connection) / 1000
    receiver.responses = [(503, {"retry-after": format_datetime(datetime.fromtimestamp(now + 90, UTC), usegmt=True)})]
    desk.send_due()
    TableClock.advance(store, 80)
    assert desk.send_due() == 0
    TableClock.advance(store, 11)
    assert desk.send_due() == 1


def test_a_bug_in_a_transport_ends_a_delivery_at_once_and_is_logged(store, subscribed):
    class Broken:
        def send(self, _claimed):
            raise RuntimeError("surprise")

        def close(self):
            pass

    made, _conversation, ids = subscribed
    with capture_logs() as logged:
        result = Sender(store).send(made["id"], Broken())
    assert result.error == "Internal error, see the worker's log: RuntimeError: surprise"
    (crash,) = [entry for entry in logged if entry["event"] == "delivery_crashed"]
    assert (crash["log_level"], crash["exc_info"], crash["delivery_id"]) == ("error", True, ids[0])
    with store.read() as connection:
        assert connection.execute(sa.select(attempt.c.error)).scalars().all() == [result.error]
        states = sa.select(delivery.c.state).order_by(delivery.c.event_id)
        assert connection.execute(states).scalars().all() == ["exhausted", "pending", "pending"]


def test_a_delivery_that_is_erased_during_its_attempt_leaves_nothing(store, desk, receiver, subscribed):
    made, conversation_id, _ids = subscribed
    claimed = desk.sender.claim(made["id"])
    with store.begin() as tx:
        tx.execute(conversation.delete().where(conversation.c.id == conversation_id))
    desk.sender.finish(claimed, AttemptResult(status=500, response="secret"))
    with store.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(attempt)).scalar_one() == 0
