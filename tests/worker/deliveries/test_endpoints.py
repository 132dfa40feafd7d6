"""Endpoints and the replay of what they missed."""

import pytest

from tests.support.deliveries import enqueue_again, got_ids, row_of, rows_in
from tests.support.fakes import TableClock, accept
from worker.deliveries.sender import SCHEDULE_S
from worker.errors import Conflict, Invalid
from worker.store.tables import delivery


def test_custom_headers_are_sent_and_not_shown(store, workspace_id, desk, endpoints, receiver):
    made = endpoints.make(
        workspace_id,
        {"url": receiver.url, "events": ["conversation.resumed"], "headers": {"X-DueSender": "s3cret"}},
    )
    assert made["headers"] == {"X-DueSender": "…"}
    enqueue_again(store, accept(store, workspace_id)["conversation_id"], 1)
    desk.send_due()
    assert receiver.got[0][0]["X-DueSender"] == "s3cret"


@pytest.mark.parametrize(
    "headers",
    [{"Webhook-Id": "x"}, {"Host": "x"}, {"X-A": "a\r\nB: c"}, {"X A": "a"}, {"X-A": "é"}, {"X-A": "a" * 5000}],
)
def test_headers_that_may_not_be_set_are_refused(workspace_id, endpoints, receiver, headers):
    with pytest.raises(Invalid):
        endpoints.make(workspace_id, {"url": receiver.url, "headers": headers})


def test_a_replayed_delivery_starts_its_schedule_again(store, workspace_id, desk, endpoints, receiver, enqueued):
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


def test_deliveries_of_a_removed_endpoint_are_sent_nowhere(store, workspace_id, endpoints, desk, receiver, subscribed):
    made, _conversation, ids = subscribed
    endpoints.remove(workspace_id, made["id"])
    assert endpoints.replay_all(workspace_id, {"since_ms": 0}) == 0
    with pytest.raises(Conflict):
        endpoints.replay(workspace_id, ids[0])
    with store.begin() as tx:  # enqueued at the very moment
        tx.execute(delivery.update().values(state="pending", due_at=1))
    desk.send_due()
    assert receiver.got == []
    assert rows_in(store, "exhausted") == 3
