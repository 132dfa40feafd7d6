"""Documents: as JSON or as files, with their metadata, and files that cannot be read."""

import io

import pytest

from tests.web.calls import rows
from worker.store.tables import document


def upload(call, name: str, data: bytes, **form):
    return call("POST", "/v1/documents", data={"file": (io.BytesIO(data), name), **form})


def test_documents_are_added_as_json_or_as_files(call, services):
    made = call("POST", "/v1/documents", json={"title": "T", "text": "Body.", "url": "https://shop.example/t"})
    assert (made.status_code, made.json["state"]) == (202, "queued")
    assert upload(call, "guide.md", b"# The guide\n\nText.").json["title"] == "The guide"
    assert upload(call, "x.html", b"<h1>Page</h1><p>Text", title="Mine").json["title"] == "Mine"
    assert upload(call, "faq.csv", b"question,answer\nA?,B.\n").json["media_type"] == "text/csv"
    services.indexer.index(services.keys.workspace())
    listed = call("GET", "/v1/documents").json["items"]
    assert [document["state"] for document in listed] == ["ready"] * 4
    assert "text" not in listed[0]
    document = call("GET", f"/v1/documents/{made.json['id']}").json
    assert document["text"] == "Body."
    changed = call("PUT", f"/v1/documents/{made.json['id']}", json={"title": "T", "text": "New body."})
    assert (changed.status_code, changed.json["state"]) == (202, "queued")
    assert call("DELETE", f"/v1/documents/{made.json['id']}").status_code == 204
    assert call("GET", f"/v1/documents/{made.json['id']}").status_code == 404


@pytest.mark.parametrize(
    ("name", "data", "status"),
    [
        ("x.gif", b"GIF89a", 415),
        ("x.png", b"\x89PNG", 415),
        ("x.exe", b"text", 415),
        ("x", bytes(range(256)), 422),
        ("x.epub", b"no book", 422),
        ("x.pdf", b"no PDF", 422),
        ("x.docx", b"PK\x03\x04 but damaged", 422),
        ("x.md", b"%PDF-1.7 mislabelled", 422),
        ("bomb.txt", b"PK\x03\x04" + b"\x00" * 1000, 422),
        ("x.md", b"", 422),
        ("x.md", b"  \n", 422),
        ("x.csv", b"a,b\n1,2\n", 422),
        ("big.csv", b"question,answer\n" + b"a,b\n" * 100_000, 413),
        ("big.txt", b"x" * (10 * 1024 * 1024 + 1), 413),
    ],
)
def test_an_unreadable_file_is_rejected_with_the_reason(call, services, name, data, status):
    response = upload(call, name, data)
    assert response.status_code == status, response.text
    assert response.json["detail"]
    assert rows(services, document) == 0


def test_control_characters_and_odd_charsets_refuse_nothing_and_are_told(call, services):
    text = r'{"title": "Codes\u0000", "text": "A\u0000b \u001b[1mc\f d \ud83d"}'
    made = call("POST", "/v1/documents", data=text, content_type="application/json")
    assert (made.status_code, made.json["title"], made.json["reading"]) == (202, "Codes", None)
    file = upload(call, "README", "Возврат товара в течение 30 дней.".encode("cp1251"))
    assert (file.status_code, file.json["media_type"]) == (202, "text/plain")
    services.indexer.index(services.keys.workspace())
    document = call("GET", f"/v1/documents/{made.json['id']}").json
    assert document["text"] == "Ab c\n\nd"
    cleaned = document["reading"]["cleaned"]
    assert (cleaned["control_characters"], cleaned["form_feeds"]) == (2, 1)
    read = call("GET", f"/v1/documents/{file.json['id']}").json
    assert (read["text"], read["reading"]["charset"]) == ("Возврат товара в течение 30 дней.", "cp1251")


def test_an_upload_without_a_file_is_rejected(call):
    assert call("POST", "/v1/documents", data={"title": "x"}, content_type="multipart/form-data").status_code == 422
    assert call("POST", "/v1/documents", data=b"x", headers={"Content-Type": "text/plain"}).status_code == 415


def test_documents_have_metadata_and_search_filters_are_validated(call):
    made = call(
        "POST",
        "/v1/documents",
        json={"title": "T", "text": "B.", "source": "wiki", "tags": ["a", "b", "a"], "audience": "internal"},
    ).json
    assert (made["source"], made["tags"], made["audience"], made["language"]) == ("wiki", ["a", "b"], "internal", None)
    file = upload(call, "guide.md", b"# G\n\nText.", tags="x, y", language="de").json
    assert (file["tags"], file["language"], file["audience"]) == (["x", "y"], "de", "public")
    assert upload(call, "guide.md", b"# G\n\nText.", audience="everyone").status_code == 422
    assert upload(call, "guide.md", b"# G\n\nText.", colour="red").status_code == 422
    assert call("POST", "/v1/search", json={"query": "x", "filters": {"languages": ["german"]}}).status_code == 422


def test_documents_are_deleted_by_filters_once_they_were_counted(call):
    for title, source in (("One", "old"), ("Two", "old"), ("Three", "new")):
        call("POST", "/v1/documents", json={"title": title, "text": "Text.", "source": source})
    which = {"source": "old", "created_before": "2100-01-01T00:00:00Z"}
    counted = call("POST", "/v1/documents/delete", json={**which, "dry_run": True})
    assert counted.json == {"matched": 2, "deleted": 0}
    assert len(call("GET", "/v1/documents").json["items"]) == 3
    assert call("POST", "/v1/documents/delete", json=which).json == {"matched": 2, "deleted": 2}
    assert [item["title"] for item in call("GET", "/v1/documents").json["items"]] == ["Three"]
    assert call("POST", "/v1/documents/delete", json=which).json == {"matched": 0, "deleted": 0}


def test_no_request_without_a_filter_empties_the_knowledge_base(call):
    call("POST", "/v1/documents", json={"title": "One", "text": "Text."})
    for body in ({}, {"dry_run": False}, {"sauce": "x"}, {"state": "gone"}, {"source": ""}, {"dry_run": "yes"}):
        assert call("POST", "/v1/documents/delete", json=body).status_code == 422, body
    assert len(call("GET", "/v1/documents").json["items"]) == 1
