"""A call is sent again where that can do no harm, and never where it could be carried out twice."""

import json
import time
from email.utils import formatdate

import pytest
from answerback_client import Answerback, AsyncAnswerback, _messages, errors

from tests.support.event_loops import run
from tests.support.processes import free_port

MESSAGE = {"id": "msg_1", "state": "queued"}
BUSY = (429, {"code": "rate_limited", "detail": "Slow down."}, {"Retry-After": "0"})
AWAY = (503, {"code": "database_unavailable", "detail": "Later."}, {})
GATEWAY = (502, b"<html>Bad Gateway</html>", {"Content-Type": "text/html"})


@pytest.fixture
def client(scripted):
    with Answerback("key", scripted.url) as made:
        yield made


@pytest.mark.parametrize("failure", [None, BUSY, AWAY, GATEWAY], ids=["dropped", "busy", "away", "gateway"])
def test_a_ticket_that_failed_is_sent_again_with_the_same_key(scripted, client, failure):
    scripted.sends(failure, failure, MESSAGE)
    assert client.tickets.create(body="Help") == MESSAGE
    assert len(scripted.requests) == 3
    assert len(set(scripted.keys)) == 1
    assert scripted.keys[0]
    assert {json.loads(body)["body"] for *_, body in scripted.requests} == {"Help"}


def test_each_ticket_has_a_key_of_its_own_unless_the_caller_gives_one(scripted, client):
    scripted.sends(MESSAGE, MESSAGE, MESSAGE)
    client.tickets.create(body="Help")
    client.tickets.create(body="Help")
    client.tickets.create(body="Help", idempotency_key="order-1001")
    assert len(set(scripted.keys)) == 3
    assert scripted.keys[2] == "order-1001"


def test_what_may_have_been_carried_out_is_not_sent_again_without_a_key(scripted, client):
    scripted.sends(None)
    with pytest.raises(errors.ConnectionFailed, match="Whether it was carried out is not known"):
        client.conversations.close("conv_1")
    scripted.sends(GATEWAY)
    with pytest.raises(errors.ApiError) as raised:
        client.conversations.close("conv_1")
    assert raised.value.code == "http_502"


def test_what_was_surely_not_carried_out_is_sent_again_even_without_a_key(scripted, client):
    scripted.sends(BUSY, AWAY, {"id": "conv_1"})
    assert client.conversations.close("conv_1") == {"id": "conv_1"}
    assert scripted.keys == [None, None, None]


def test_reads_are_repeated_also_where_they_are_posts(scripted, client):
    scripted.sends(None, {"items": []})
    assert client.search.query(query="delivery") == {"items": []}


def test_a_server_that_is_not_there_yet_is_tried_again_and_then_named(monkeypatch):
    pauses = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    url = f"http://127.0.0.1:{free_port()}"
    with Answerback("key", url) as client:
        with pytest.raises(errors.ConnectionFailed, match=f"POST {url}/v1/conversations/conv_1/close"):
            client.conversations.close("conv_1")
    assert len(pauses) == 3
    assert 0.3 < pauses[0] < pauses[1] < pauses[2] < 3


def test_a_deletion_whose_response_was_lost_has_succeeded(scripted, client):
    scripted.sends(None, (404, {"code": "not_found", "detail": "No such document."}, {}))
    assert client.documents.delete("doc_1") is None
    scripted.sends((404, {"code": "not_found", "detail": "No such document."}, {}))
    with pytest.raises(errors.NotFound):
        client.documents.delete("doc_1")


def test_a_server_that_asks_for_minutes_is_not_waited_for(scripted, client):
    scripted.sends((429, {"code": "rate_limited", "detail": "Tomorrow."}, {"Retry-After": "3600"}))
    with pytest.raises(errors.RateLimited) as raised:
        client.documents.retrieve("doc_1")
    assert raised.value.retry_after_s == 3600


def test_a_date_in_retry_after_is_waited_for(scripted, client, monkeypatch):
    pauses = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    scripted.sends((503, AWAY[1], {"Retry-After": formatdate(time.time() + 20, usegmt=True)}), MESSAGE)
    client.messages.retrieve("msg_1")
    assert 15 < pauses[0] <= 20


def test_mistakes_are_not_repeated_and_name_the_fields(scripted, client):
    problem = {
        "code": "invalid",
        "detail": "The request is not valid.",
        "errors": [{"field": "body", "message": "Must be text."}],
        "request_id": "req_1",
        "doc_url": "/docs/errors#invalid",
    }
    scripted.sends((422, problem, {}))
    with pytest.raises(errors.Invalid, match="body: Must be text") as raised:
        client.tickets.create(body="")
    assert raised.value.request_id == "req_1"
    assert raised.value.doc_url == f"{scripted.url}/docs/errors#invalid"
    assert len(scripted.requests) == 1


def test_a_code_of_a_newer_server_is_still_an_api_error(scripted, client):
    scripted.sends((409, {"code": "frozen", "detail": "Frozen."}, {}))
    with pytest.raises(errors.ApiError) as raised:
        client.conversations.close("conv_1")
    assert raised.value.code == "frozen"


def test_waiting_goes_on_until_the_message_has_ended_and_ends_with_a_word_in_time(scripted, client, monkeypatch):
    monkeypatch.setattr(_messages, "_PAUSE_S", 0.001)
    scripted.sends(MESSAGE, {**MESSAGE, "state": "running"}, {**MESSAGE, "state": "answered"})
    assert client.messages.wait("msg_1")["state"] == "answered"
    assert [headers["Prefer"] for _, _, headers, _ in scripted.requests] == ["wait=60"] * 3
    scripted.sends(MESSAGE)
    with pytest.raises(errors.WaitTimeout, match="msg_1 has not ended after 0 s"):
        client.messages.wait("msg_1", timeout_s=0)


def test_tracebacks_name_exceptions_as_they_are_imported():
    assert errors.NotFound.__module__ == errors.ConnectionFailed.__module__ == "answerback_client.errors"


def test_retries_can_be_switched_off(scripted, client):
    scripted.sends(AWAY)
    with pytest.raises(errors.DatabaseUnavailable):
        client.with_options(max_retries=0).tickets.create(body="Help")


def test_coroutines_send_again_as_well(scripted):
    async def story():
        async with AsyncAnswerback("key", scripted.url) as client:
            return await client.tickets.create(body="Help")

    scripted.sends(None, AWAY, MESSAGE)
    assert run(story) == MESSAGE
    assert len(set(scripted.keys)) == 1


def test_ids_stay_one_part_of_the_path(scripted, client):
    scripted.sends({"id": "x"})
    client.conversations.retrieve("../status?x=1#y")
    assert scripted.requests[0][1] == "/v1/conversations/..%2Fstatus%3Fx%3D1%23y"
    with pytest.raises(ValueError, match="no id"):
        client.conversations.delete("")


def test_a_client_without_a_key_or_with_a_wrong_address_says_so(monkeypatch):
    monkeypatch.delenv("ANSWERBACK_API_KEY", raising=False)
    with pytest.raises(ValueError, match="ANSWERBACK_API_KEY"):
        Answerback()
    with pytest.raises(ValueError, match="https://"):
        Answerback("key", "answerback.example")
