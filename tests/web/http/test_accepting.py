"""The Idempotency-Key header."""

import io

import pytest

from tests.web.calls import answer_all, rows
from worker.store.tables import message


@pytest.mark.parametrize("quote", ["", '"'])
def test_an_idempotency_key_returns_the_first_response(call, services, quote):
    headers = {"Idempotency-Key": f"{quote}order-7{quote}"}
    first = call("POST", "/v1/tickets", json={"body": "Hi"}, headers=headers)
    answer_all(services)
    again = call("POST", "/v1/tickets", json={"body": "Hi"}, headers=headers)
    assert (again.status_code, again.json) == (first.status_code, first.json)
    other = call("POST", "/v1/tickets", json={"body": "Other"}, headers=headers)
    assert (other.status_code, other.json["code"]) == (422, "idempotency_mismatch")
    assert rows(services, message) == 2  # the ticket and its reply


@pytest.mark.parametrize("key", ["", '""', "x" * 256, "ключ"])
def test_an_invalid_idempotency_key_is_rejected(call, key):
    response = call(
        "POST", "/v1/tickets", json={"body": "x"}, headers={"Idempotency-Key": key.encode().decode("latin-1")}
    )
    assert response.status_code == 422


def test_documents_and_imports_are_created_once_per_key(call):
    for path, document, other in (
        ("/v1/documents", {"title": "A", "text": "Text."}, {"title": "A", "text": "Another text."}),
        ("/v1/imports", {"urls": ["https://shop.example/a"]}, {"urls": ["https://shop.example/b"]}),
    ):
        key = {"Idempotency-Key": '"once"' if path.endswith("imports") else "again"}
        first, again = (call("POST", path, json=document, headers=key) for _ in range(2))
        assert (first.status_code, again.status_code) == (202, 202)
        assert first.json["id"] == again.json["id"]
        assert again.headers["Location"] == first.headers["Location"]
        refused = call("POST", path, json=other, headers=key)
        assert (refused.status_code, refused.json["code"]) == (422, "idempotency_mismatch")
        assert len(call("GET", path).json["items"]) == 1
        assert call("POST", path, json=document).json["id"] != first.json["id"]


def test_a_file_is_added_once_per_key(call):
    def add(text):
        headers = {"Idempotency-Key": "file"}
        return call("POST", "/v1/documents", data={"file": (io.BytesIO(text), "a.md")}, headers=headers)

    assert add(b"# A\n\nText.").json["id"] == add(b"# A\n\nText.").json["id"]
    assert add(b"# A\n\nAnother.").status_code == 422
