"""Deliveries are listed by how they and their attempts went."""

import pytest

from worker.deliveries import listing
from worker.errors import NotFound
from worker.store.scope import Scope


@pytest.fixture
def scope(store, workspace_id):
    return Scope(store, workspace_id)


def test_the_deliveries_of_a_removed_endpoint_stay_listed(workspace_id, endpoints, desk, scope, subscribed):
    made, _conversation, ids = subscribed
    endpoints.remove(workspace_id, made["id"])
    assert desk.send_due() == 0
    found, _cursor = listing.page(scope, {})
    assert sorted(each["id"] for each in found) == sorted(ids)
    with pytest.raises(NotFound):
        endpoints.show(workspace_id, made["id"])


def test_deliveries_are_found_by_what_an_attempt_got(store, scope, desk, receiver, subscribed):
    _made, conversation_id, ids = subscribed
    receiver.responses = [(500, {"webhook-delivery": "abort-message"})]
    desk.send_due()
    for which, count in (
        ({}, 3),
        ({"status": "5xx"}, 1),
        ({"status": "2xx"}, 2),
        ({"status": "none"}, 0),
        ({"state": "delivered", "conversation_id": conversation_id}, 2),
        ({"conversation_id": "conv_other"}, 0),
    ):
        assert len(listing.page(scope, which)[0]) == count, which
    assert listing.page(Scope(store, "ws_other"), {})[0] == []
    shown = listing.show(scope, ids[0])
    assert [each["number"] for each in shown["all_attempts"]] == [1]
    assert shown["last_attempt"] == shown["all_attempts"][-1]
    with pytest.raises(NotFound):
        listing.show(Scope(store, "ws_other"), ids[0])


def test_pages_follow_each_other_newest_first(scope, subscribed):
    _made, _conversation, ids = subscribed
    first, cursor = listing.page(scope, {}, limit=2)
    rest, end = listing.page(scope, {}, after=cursor, limit=2)
    assert [each["id"] for each in first + rest] == sorted(ids, reverse=True)
    assert end is None
