"""Request bodies and paging, over all resources."""

import pytest

from tests.web.calls import rows, submit
from worker.store.tables import conversation


@pytest.mark.parametrize(
    ("data", "content_type", "status"),
    [
        (b"{", "application/json", 400),
        (b"", "application/json", 400),
        (b'{"body": NaN}', "application/json", 400),
        (b'{"body": "\\ud800"}', "application/json", 422),
        (b'{"body": "\xff"}', "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b'{"body": "x", "metadata": {"a": ' + b"[" * 900 + b"]" * 900 + b"}}", "application/json", 400),
        (b'{"body": "x"}', "text/plain", 415),
        (b"body=x", "application/x-www-form-urlencoded", 415),
        (b'{"body": "' + b"x" * 12 * 1024 * 1024 + b'"}', "application/json", 413),
    ],
)
def test_a_malformed_body_is_rejected(call, services, data, content_type, status):
    response = call("POST", "/v1/tickets", data=data, headers={"Content-Type": content_type})
    assert response.status_code == status, response.text
    assert response.mimetype == "application/problem+json"
    assert rows(services, conversation) == 0


def test_every_list_refuses_what_is_no_cursor_and_filters_that_it_does_not_have(call):
    conversation_id = submit(call)["conversation_id"]
    paged = [
        *("conversations", "documents", "imports", "sources", "suggestions", "endpoints", "deliveries", "escalations"),
        *("memories", "usage", "audit", f"conversations/{conversation_id}/messages"),
        f"conversations/{conversation_id}/tool-calls",
    ]
    for path in paged:
        refused = call("GET", f"/v1/{path}?cursor=zzz")
        assert (refused.status_code, refused.json["code"]) == (422, "invalid"), path
        assert [error["field"] for error in refused.json["errors"]] == ["cursor"], path
    for path in (*paged, "helpdesks", "snapshots", "workspace/categories"):
        refused = call("GET", f"/v1/{path}?colour=red")
        assert [error["field"] for error in refused.json["errors"]] == ["colour"], path


def test_an_empty_cursor_or_body_counts_as_absent(call):
    assert call("GET", "/v1/conversations?cursor=").status_code == 200
    assert call("GET", "/v1/deliveries?cursor=&limit=5").status_code == 200
    assert call("GET", "/v1/helpdesks").json == {"items": [], "next_cursor": None}
    for query in ("type=message.answered", "type=ticket.changed", "kind=agent_reply", "kind=notification"):
        assert call("GET", f"/v1/deliveries?{query}").status_code == 200
    conversation_id = call("POST", "/v1/conversations", json={}).json["id"]
    for what in ("handoff", "resume", "close"):
        done = call("POST", f"/v1/conversations/{conversation_id}/{what}", headers={"Content-Type": "application/json"})
        assert done.status_code == 200, what
