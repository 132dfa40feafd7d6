"""Documents, imports, search, versions and unanswered questions."""

import io
import re

from kb.manifest import FORMAT
from tests.web.console.browser import XSS
from worker.store.tables import document, snapshot


def publish_two(services):
    workspace_id = services.keys.workspace()
    manifest = {"documents": 1, "passages": 2, "model": "m", "format": FORMAT}
    with services.store.begin() as tx:
        for number in (1, 2):
            row = {"workspace_id": workspace_id, "version": f"{number}-a", "revision": number, "manifest": manifest}
            tx.execute(snapshot.insert().values(created_at=number, **row))
    return workspace_id


def test_files_texts_and_pages_are_added_and_deleted(browser, call):
    sent = browser.post("/console/knowledge/files", file=(io.BytesIO(b"# Parcels\n\nThey arrive."), "parcels.md"))
    assert sent.status_code == 303
    browser.post("/console/knowledge/texts", title="Coupons", text="They end in May.")
    browser.post("/console/knowledge/pages", urls="https://shop.example/a\nhttps://shop.example/b")
    listed = call("GET", "/v1/documents").json["items"]
    assert [document["title"] for document in listed] == ["Coupons", "Parcels"]
    (imported,) = call("GET", "/v1/imports").json["items"]
    assert (imported["kind"], imported["name"]) == ("urls", "2 URLs")
    page = browser.get("/console/knowledge").text
    assert "Parcels" in page
    assert "Import of 2 URLs" in page
    assert "Parcels" in browser.get("/console/knowledge?state=waiting").text
    assert "No documents." in browser.get("/console/knowledge?state=failed").text
    browser.post(f"/console/knowledge/{listed[0]['id']}/remove")
    assert "Coupons" not in browser.get("/console/knowledge").text


def test_what_a_reader_left_out_is_shown_where_documents_are(browser, call, services):
    data = b"Subject: Hours\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nNine to five.\x00\n--b\n"
    data += b"Content-Type: application/pdf\nContent-Disposition: attachment\n\n%PDF\n--b--\n"
    browser.post("/console/knowledge/files", file=(io.BytesIO(data), "hours.eml"))
    services.indexer.index(services.keys.workspace())
    (listed,) = call("GET", "/v1/documents").json["items"]
    assert listed["reading"]["left_out"] == {"attachments": 1}
    for page in ("/console/knowledge", f"/console/documents/{listed['id']}"):
        assert "Not read: attachments (1)." in browser.get(page).text
        assert "Cleaned: control characters (1)." in browser.get(page).text


def test_a_rejected_upload_reports_the_reason(browser):
    csrf = re.search(r'name="csrf" value="([^"]+)"', browser.get("/console").text)[1]

    def send(name, data):
        fields = {"csrf": csrf, "file": (io.BytesIO(data), name)}
        return browser.client.post("/console/knowledge/files", data=fields, headers={"Accept": "application/json"})

    assert send("fine.md", b"# Fine\n\nThis can be read.").status_code == 202
    for name, data, status in (("a.exe", b"MZ", 415), ("b.zip", b"no archive", 422), ("c.pdf", b"no pdf", 422)):
        refused = send(name, data)
        assert refused.status_code == status, name
        assert refused.json["detail"]
    assert "lacks" not in browser.get("/console/knowledge").text


def test_a_rejected_form_keeps_its_values(browser):
    lines = "https://shop.example/a\nnot a url"
    refused = browser.post("/console/knowledge/pages", urls=lines)
    assert refused.status_code == 422
    assert 'role="alert"' in refused.text
    assert lines in refused.text.replace("\r", "")
    written = browser.post("/console/knowledge/texts", title="", text="Half an article")
    assert (written.status_code, "Half an article" in written.text) == (422, True)
    assert browser.post("/console/knowledge/texts", title="x" * 501, text="y").status_code == 422


def test_a_rollback_is_shown_until_the_newest_version_is_active(browser, services):
    workspace_id = publish_two(services)
    for version, shown in (("1-a", True), ("2-a", False)):
        services.library.activate(workspace_id, version)
        for path in ("/console/snapshots", "/console/knowledge"):
            assert ('class="summary behind"' in browser.get(path).text) is shown


def test_an_archive_becomes_an_import(browser, call):
    import zipfile

    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.md", "# A")
    packed.seek(0)
    browser.post("/console/knowledge/files", file=(packed, "Help.ZIP"))
    (imported,) = call("GET", "/v1/imports").json["items"]
    assert (imported["kind"], imported["name"]) == ("archive", "Help.ZIP")


def test_a_read_only_key_cannot_add_documents(reader, call):
    page = reader.get("/console/knowledge").text
    assert "Upload" not in page
    assert reader.post("/console/knowledge/texts", title="A", text="B").status_code == 403
    assert call("GET", "/v1/documents").json["items"] == []


def test_pages_report_that_no_worker_responds(browser, services):
    services.search_client._timeout_s = 0.1
    for path in ("/console/search?q=parcels", "/console/questions"):
        assert "No worker answered in time" in browser.get(path).text


def test_search_results_show_the_scores_of_both_indexes(browser, services, monkeypatch):
    hit = {"document_id": "doc_x", "title": XSS, "headings": [XSS], "text": XSS, "start": 3, "end": 9}
    hit |= {"score": 0.5, "scores": {"dense": 0.25, "lexical": None}}
    monkeypatch.setattr(services.search_client, "search", lambda *_a, **_k: {"snapshot": "1-a", "items": [hit]})
    page = browser.get(f"/console/search?q={XSS}").text
    assert "<script>alert" not in page
    assert "0.500" in page
    assert "0.250" in page
    assert "/console/documents/doc_x?start=3&amp;end=9#quote" in page


def test_versions_are_compared_and_activated_by_admins(browser, writer, services, monkeypatch):
    workspace_id = publish_two(services)
    services.library.activate(workspace_id, "2-a")
    asked = []

    def changes(*_given, before, after):
        asked.append((before, after))
        document = {"document_id": "doc_x", "title": XSS}
        return {"added": [document], "removed": [], "changed": [], "counts": {"added": 1, "removed": 0, "changed": 0}}

    monkeypatch.setattr(services.search_client, "changes", changes)
    page = browser.get("/console/snapshots?before=1-a&after=2-a").text
    assert "Added: 1" in page
    assert "<script>alert" not in page
    browser.get("/console/snapshots?before=../../etc&after=2-a")
    assert asked == [("1-a", "2-a")]  # an invalid version causes no request
    assert writer.post("/console/snapshots/1-a/activate").status_code == 403
    assert browser.post("/console/snapshots/1-a/activate").status_code == 303
    assert [version["active"] for version in services.library.snapshots(workspace_id)] == [False, True]
    assert browser.post("/console/snapshots/9-z/activate").status_code == 404


def test_unanswered_questions_are_listed(browser, services, monkeypatch):
    question = {"content": XSS, "message_id": "msg_x", "conversation_id": "conv_x"}
    groups = [{"count": 3, "last_at": "2026-01-01T00:00:00.000Z", "questions": [question]}]
    monkeypatch.setattr(services.search_client, "unanswered_questions", lambda *_a, **_k: groups)
    page = browser.get("/console/questions").text
    assert "3×" in page
    assert "<script>alert" not in page


def test_titles_of_documents_are_escaped(browser, services, call):
    call("POST", "/v1/documents", json={"title": XSS, "text": "x", "tags": [XSS], "source": XSS})
    with services.store.begin() as tx:
        tx.execute(document.update().values(state="failed", error=XSS))
    page = browser.get("/console/knowledge").text
    assert "<script>alert" not in page
    assert "<img" not in page
