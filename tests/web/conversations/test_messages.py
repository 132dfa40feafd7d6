"""Messages: poll, wait, stream, cancel, retry and feedback."""

import json
import time

import pytest

from tests.support.fakes import answer
from tests.web.calls import answer_all, submit
from worker.conversations.outcomes import Handoff
from worker.store.tables import event


@pytest.mark.alone
def test_waiting_returns_as_soon_as_the_message_has_ended(call, services):
    import threading

    made = submit(call)

    def later():
        time.sleep(0.4)
        answer_all(services)
        services.wakeups.send(made["conversation_id"])

    threading.Thread(target=later).start()
    began = time.monotonic()
    response = call("GET", f"/v1/messages/{made['id']}", headers={"Prefer": "wait=20"})
    assert response.json["state"] == "answered"
    assert response.headers["Preference-Applied"] == "wait=20"
    for spelled in ('Wait="20"', "respond-async;WAIT = 20"):
        again = call("GET", f"/v1/messages/{made['id']}", headers={"Prefer": spelled})
        assert again.headers["Preference-Applied"] == "wait=20"
    assert time.monotonic() - began < 3


def test_waiting_ends_after_the_requested_time(call):
    made = submit(call)
    response = call("GET", f"/v1/messages/{made['id']}", headers={"Prefer": "respond-async, wait=1"})
    assert response.json["state"] == "queued"


@pytest.mark.alone
def test_waiting_requests_leave_threads_for_others(call, app):
    made = submit(call)
    waiters = app.extensions["answerback_waiters"]
    while waiters.acquire(blocking=False):
        pass
    began = time.monotonic()
    response = call("GET", f"/v1/messages/{made['id']}", headers={"Prefer": "wait=20"})
    assert "Preference-Applied" not in response.headers
    assert "event: queued" in call("GET", made["links"]["events"]).text
    assert time.monotonic() - began < 2


def test_the_stream_sends_the_events_and_resumes(call, services):
    made = submit(call)
    answer_all(services)
    stream = call("GET", made["links"]["events"])
    assert stream.mimetype == "text/event-stream"
    events = [line.removeprefix("event: ") for line in stream.text.splitlines() if line.startswith("event: ")]
    assert events == ["queued", "running", "answered"]
    ids = [line.removeprefix("id: ") for line in stream.text.splitlines() if line.startswith("id: ")]
    rest = call("GET", made["links"]["events"], headers={"Last-Event-ID": ids[1]}).text
    assert "event: answered" in rest
    assert "event: running" not in rest
    data = next(line for line in rest.splitlines() if line.startswith("data: "))
    assert json.loads(data.removeprefix("data: "))["reply"]["content"] == "Yes."


def test_cancelling_and_rating(call, services):
    made = submit(call)
    assert call("PUT", f"/v1/messages/{made['id']}/feedback", json={"rating": "good"}).status_code == 409
    assert call("POST", made["links"]["cancel"]).json["state"] == "cancelled"
    assert call("POST", made["links"]["cancel"]).status_code == 409
    rated = call("PUT", f"/v1/messages/{made['id']}/feedback", json={"rating": "bad", "comment": "slow"})
    assert rated.json["feedback"] == {"rating": "bad", "comment": "slow"}


def test_a_message_that_was_handed_off_after_an_error_can_be_retried(call, services):

    made = call("POST", "/v1/tickets", json={"body": "How do I reset my password?"}).json
    assert call("POST", f"/v1/messages/{made['id']}/retry").status_code == 409
    claim = services.mailbox.claim(made["conversation_id"])
    services.mailbox.finish(claim, Handoff(reason="error", summary="?", error={"code": "x", "message": "x"}))
    again = call("POST", f"/v1/messages/{made['id']}/retry")
    assert (again.status_code, again.json["state"], again.json["handoff"]) == (202, "queued", None)
    assert again.headers["Location"] == made["links"]["self"]
    assert call("GET", f"/v1/conversations/{made['conversation_id']}").json["owner"] == "bot"
    services.mailbox.finish(services.mailbox.claim(made["conversation_id"]), answer())
    streamed = call("GET", f"/v1/messages/{made['id']}/events").text
    types = [line.removeprefix("event: ") for line in streamed.splitlines() if line.startswith("event: ")]
    assert types == ["queued", "running", "handed_off", "queued", "running", "answered"]


def test_the_stream_of_a_message_without_events_sends_its_outcome(call, services):
    made = submit(call)
    answer_all(services)
    with services.store.begin() as tx:
        tx.execute(event.delete())
    stream = call("GET", made["links"]["events"])
    assert [line for line in stream.text.splitlines() if line.startswith("event: ")] == ["event: answered"]
