"""The bodies of webhooks fit the limit, and each origin is a destination of its own."""

import json

from tests.support.fakes import accept, answer
from worker.deliveries.outbox import destination_of, webhook_body
from worker.turns.mailbox import Mailbox


def test_a_long_message_is_left_out_of_the_body_but_not_its_outcome(store, workspace_id, endpoints, receiver, desk):
    endpoints.make(workspace_id, {"url": receiver.url, "events": ["message.answered"]})
    sent = accept(store, workspace_id, "x" * 20_000)
    mailbox = Mailbox(store, holder="one")
    mailbox.finish(mailbox.claim(sent["conversation_id"]), answer("Yes."))
    desk.send_due()
    body = receiver.got[0][1]
    assert len(body) < 20_000
    data = json.loads(body)["data"]
    assert data["truncated"] is True
    assert data["message"]["id"] == sent["id"]
    assert data["message"]["state"] == "answered"
    assert data["message"]["reply"]["content"] == "Yes."
    assert "content" not in data["message"]


def test_quotes_are_left_out_before_the_answer():
    quotes = [
        {"number": n, "document_id": "doc_1", "title": "T", "url": None, "quote": "q" * 900} for n in range(1, 30)
    ]
    reply = {"id": "msg_2", "content": "c" * 5_000, "citations": quotes, "support": 1.0}
    message = {"id": "msg_1", "state": "answered", "content": "asked", "reply": reply, "handoff": None}
    data = json.loads(webhook_body("message.answered", {"message": message}, at=1))["data"]
    assert data["message"]["reply"]["content"] == "c" * 5_000
    assert [citation["number"] for citation in data["message"]["reply"]["citations"]] == list(range(1, 30))
    assert "quote" not in data["message"]["reply"]["citations"][0]
    reply["content"] = "c" * 30_000
    body = webhook_body("message.answered", {"message": message}, at=1)
    assert len(body) < 20_000
    assert json.loads(body)["data"] == {"message": {"id": "msg_1", "state": "answered"}, "truncated": True}


def test_urls_of_one_origin_share_a_destination_and_others_do_not():
    assert destination_of("w", "https://desk.example/a?x=1") == destination_of("w", "https://desk.example/b")
    assert destination_of("w", "https://desk.example/a") != destination_of("w", "https://desk.example:8443/a")
    assert destination_of("w", "https://desk.example/a") != destination_of("v", "https://desk.example/a")
