"""Clients without a public address poll or stream what happens, and miss nothing."""

import itertools
import threading
import time

import pytest

from tests.web.calls import answer_all, submit
from worker.access.keys import Keys


def _types(page):
    return [item["type"] for item in page["items"]]


def test_a_client_that_keeps_the_cursor_gets_each_event_once(call, services):
    sent = submit(call)
    first = call("GET", "/v1/events").json
    assert (_types(first), first["has_more"]) == (["message.queued"], False)
    answer_all(services)
    rest = call("GET", f"/v1/events?cursor={first['next_cursor']}").json
    assert _types(rest) == ["message.running", "message.answered"]
    assert rest["items"][1]["data"]["message"] == call("GET", f"/v1/messages/{sent['id']}").json
    assert call("GET", rest["items"][1]["links"]["self"]).json == rest["items"][1]
    after_first = call("GET", f"/v1/events?cursor={first['items'][0]['cursor']}&limit=1").json
    assert (_types(after_first), after_first["has_more"]) == (["message.running"], True)
    assert call("GET", "/v1/events?cursor=now").json["items"] == []


def test_filters_are_of_types_a_conversation_and_a_time(call, services):
    one, _other = submit(call), submit(call)
    answer_all(services)
    for query, count in (
        ("type=message.answered", 2),
        ("type=message.answered,message.queued", 4),
        (f"conversation_id={one['conversation_id']}", 3),
        (f"conversation_id={one['conversation_id']}&type=message.queued", 1),
        ("created_after=2100-01-01T00:00:00Z", 0),
        ("created_before=2100-01-01T00:00:00Z", 6),
    ):
        assert len(call("GET", f"/v1/events?{query}").json["items"]) == count, query


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("type=message.answer", "type"),
        ("type=", "type"),
        ("cursor=zzz", "cursor"),
        ("state=open", "state"),
        ("created_after=yesterday", "created_after"),
        ("limit=0", "limit"),
    ],
)
def test_a_wrong_filter_is_refused_by_its_name(call, query, field):
    refused = call("GET", f"/v1/events?{query}")
    assert refused.status_code == 422
    assert refused.json["errors"][0]["field"].startswith(field)


def test_a_poll_waits_until_something_happens_and_no_longer(call, app):
    began = time.monotonic()
    empty = call("GET", "/v1/events", headers={"Prefer": "wait=1"})
    assert (empty.json["items"], empty.headers["Preference-Applied"]) == ([], "wait=1")
    assert time.monotonic() - began >= 1
    timer = threading.Timer(0.3, lambda: call("POST", "/v1/events/test", json={"type": "document.ready"}))
    timer.start()
    found = call("GET", "/v1/events", headers={"Prefer": "wait=30"}).json
    timer.join()
    assert _types(found) == ["document.ready"]
    assert time.monotonic() - began < 20


def test_a_stream_continues_after_the_last_event_and_ends_without_a_thread_to_wait_on(call, app):
    submit(call)
    (event,) = call("GET", "/v1/events").json["items"]
    submit(call)
    free = app.extensions["answerback_waiters"]
    taken = list(itertools.takewhile(bool, iter(lambda: free.acquire(blocking=False), None)))
    stream = call("GET", "/v1/events/stream?type=message.queued", headers={"Last-Event-ID": event["cursor"]})
    frames = [frame for frame in stream.text.split("\n\n") if "data:" in frame]
    assert len(frames) == 1
    assert "event: message.queued" in frames[0]
    now = call("GET", "/v1/events/stream")
    assert "data:" not in now.text
    for _ in taken:
        free.release()
    assert call("GET", "/v1/events/stream", headers={"Last-Event-ID": "zzz"}).status_code == 422


def test_events_of_another_workspace_are_not_there(call, services):
    submit(call)
    (event,) = call("GET", "/v1/events").json["items"]
    keys = Keys(services.store)
    other = {"Authorization": f"Bearer {keys.make(keys.workspace('other'), name='other')}"}
    assert call("GET", "/v1/events", headers=other).json["items"] == []
    assert call("GET", f"/v1/events/{event['id']}", headers=other).status_code == 404


def test_a_test_event_needs_a_known_type_and_the_scope_write(call, services):
    for body, field in (({}, "type"), ({"type": "message.queued"}, "type"), ({"type": 7}, "type")):
        refused = call("POST", "/v1/events/test", json=body)
        assert (refused.status_code, refused.json["errors"][0]["field"]) == (422, field)
    keys = Keys(services.store)
    reader = {"Authorization": f"Bearer {keys.make(keys.workspace(), name='reader', scopes=['read'])}"}
    assert call("POST", "/v1/events/test", json={"type": "message.failed"}, headers=reader).status_code == 403
    assert call("GET", "/v1/events", headers=reader).json["items"] == []
