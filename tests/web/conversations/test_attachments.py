"""Attachments: kept, and sent with a message."""

import io

from tests.web.calls import rows
from worker.store.tables import message


def test_an_uploaded_file_is_attached_to_a_message(call, services):
    made = call("POST", "/v1/attachments", data={"file": (io.BytesIO(b"Press the button."), "guide.txt")})
    assert (made.status_code, made.json["name"], made.json["size"]) == (201, "guide.txt", 17)
    ticket = call("POST", "/v1/tickets", json={"body": "What now?", "attachments": [made.json["id"]]})
    assert ticket.status_code == 202, ticket.text
    assert ticket.json["attachments"] == [made.json["id"]]
    attachment = call("GET", made.headers["Location"]).json
    assert attachment["conversation_id"] == ticket.json["conversation_id"]
    refused = call("POST", "/v1/tickets", json={"body": "x", "attachments": ["att_none"]})
    assert (refused.status_code, rows(services, message)) == (422, 1)
    assert call("POST", "/v1/tickets", json={"body": "x", "attachments": ["a"] * 11}).status_code == 422
    assert call("POST", "/v1/attachments", data={"file": (io.BytesIO(b"MZ"), "x.exe")}).status_code == 415
    assert call("POST", "/v1/attachments", data={"file": (io.BytesIO(b"no png"), "x.png")}).status_code == 422
    assert call("GET", "/v1/attachments/none").status_code == 404
