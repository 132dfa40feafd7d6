"""The console's other pages: knowledge, quality, callbacks, helpdesks, keys, health; and who may do what there."""

import io
import re
from dataclasses import replace

import pytest

from tests.support.fakes import answer
from tests.support.stack import KEY
from tests.web.calls import submit
from tests.web.console.test_console import XSS, Browser
from worker.conversations.outcomes import Handoff
from worker.ids import new_id
from worker.store.tables import document, snapshot, spending

PAGES = (
    "/console/knowledge",
    "/console/search",
    "/console/snapshots",
    "/console/quality",
    "/console/callbacks",
    "/console/helpdesks",
    "/console/keys",
    "/console/audit",
    "/console/health",
    "/console/budgets",
)


@pytest.fixture
def browser(app, services):
    services.keys.make(services.keys.workspace(), name="test", key=KEY)
    made = Browser(app)
    made.log_in()
    return made


@pytest.fixture
def reader(app, services):
    made = Browser(app, services.keys.make(services.keys.workspace(), name="reader", scopes=["read"]))
    made.log_in()
    return made


@pytest.fixture
def writer(app, services):
    made = Browser(app, services.keys.make(services.keys.workspace(), name="writer", scopes=["read", "write"]))
    made.log_in()
    return made


def publish_two(services):
    workspace_id = services.keys.workspace()
    manifest = {"documents": 1, "passages": 2, "model": "m", "format": 2}
    with services.store.begin() as tx:
        for number in (1, 2):
            row = {"workspace_id": workspace_id, "version": f"{number}-a", "revision": number, "manifest": manifest}
            tx.execute(snapshot.insert().values(created_at=number, **row))
    return workspace_id


@pytest.mark.parametrize("path", PAGES)
def test_pages_of_a_new_desk_are_shown(browser, path):
    page = browser.get(path)
    assert page.status_code == 200
    assert page.text.count("<h1>") == 1
    assert 'aria-current="page"' in page.text
    assert not re.search(r"<script>|<style|\son\w+=|\sstyle=", page.text)


def test_only_admins_see_keys_actions_and_the_installation(reader, writer):
    for path in ("/console/keys", "/console/audit", "/console/health", "/console/budgets"):
        for who in (reader, writer):
            page = who.get(path)
            assert page.status_code == 403, path
            assert "lacks the scope" in page.text
            assert path not in who.get("/console").text or path == "/console"


def test_a_file_a_text_and_pages_are_added_and_removed(browser, call):
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


def test_an_upload_says_what_is_wrong_with_a_file(browser):
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


def test_what_was_typed_is_not_lost_when_it_is_refused(browser):
    lines = "https://shop.example/a\nnot a url"
    refused = browser.post("/console/knowledge/pages", urls=lines)
    assert refused.status_code == 422
    assert 'role="alert"' in refused.text
    assert lines in refused.text.replace("\r", "")
    written = browser.post("/console/knowledge/texts", title="", text="Half an article")
    assert (written.status_code, "Half an article" in written.text) == (422, True)
    assert browser.post("/console/knowledge/texts", title="x" * 501, text="y").status_code == 422


def test_a_rollback_says_until_when_it_lasts(browser, services):
    workspace_id = publish_two(services)
    for version, shown in (("1-a", True), ("2-a", False)):
        services.library.activate(workspace_id, version)
        for path in ("/console/snapshots", "/console/knowledge"):
            assert ('class="summary behind"' in browser.get(path).text) is shown


def test_guesses_from_one_address_are_slowed_down(app):
    client = app.test_client()
    codes = [client.post("/console/login", data={"login": f"u{n}", "password": "x"}).status_code for n in range(35)]
    assert codes == [401] * 30 + [429] * 5


def test_an_archive_becomes_an_import(browser, call):
    import zipfile

    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.md", "# A")
    packed.seek(0)
    browser.post("/console/knowledge/files", file=(packed, "Help.ZIP"))
    (imported,) = call("GET", "/v1/imports").json["items"]
    assert (imported["kind"], imported["name"]) == ("archive", "Help.ZIP")


def test_who_may_only_read_adds_nothing(reader, call):
    page = reader.get("/console/knowledge").text
    assert "Upload" not in page
    assert reader.post("/console/knowledge/texts", title="A", text="B").status_code == 403
    assert call("GET", "/v1/documents").json["items"] == []


def test_without_a_worker_the_page_says_so(browser, services):
    services.search_client._timeout_s = 0.1
    for path in ("/console/search?q=parcels", "/console/questions"):
        assert "No worker answered in time" in browser.get(path).text


def test_what_searches_find_is_shown_with_the_score_of_each_leg(browser, services, monkeypatch):
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
    assert asked == [("1-a", "2-a")]  # what is no version is never asked about
    assert writer.post("/console/snapshots/1-a/activate").status_code == 403
    assert browser.post("/console/snapshots/1-a/activate").status_code == 303
    assert [version["active"] for version in services.library.snapshots(workspace_id)] == [False, True]
    assert browser.post("/console/snapshots/9-z/activate").status_code == 404


def test_questions_without_an_answer_are_listed(browser, services, monkeypatch):
    question = {"content": XSS, "message_id": "msg_x", "conversation_id": "conv_x"}
    groups = [{"count": 3, "last_at": "2026-01-01T00:00:00.000Z", "questions": [question]}]
    monkeypatch.setattr(services.search_client, "gaps", lambda *_a, **_k: groups)
    page = browser.get("/console/questions").text
    assert "3×" in page
    assert "<script>alert" not in page


def test_endpoints_are_made_tried_and_removed_and_secrets_shown_once(browser, writer, call):
    refused = browser.post("/console/callbacks", url="http://127.0.0.1/x")
    assert refused.status_code == 422
    assert 'role="alert"' in refused.text
    made = browser.post("/console/callbacks", url="https://shop.example/hook", events="message.answered")
    assert re.search(r"whsec_[A-Za-z0-9+/=]+", made.text)
    (endpoint,) = call("GET", "/v1/endpoints").json["items"]
    assert endpoint["events"] == ["message.answered"]
    page = browser.get("/console/callbacks").text
    assert "https://shop.example/hook" in page
    assert "whsec_" not in page
    tried = browser.post(f"/console/callbacks/{endpoint['id']}/test")
    page = browser.get(tried.headers["Location"]).text
    assert "message.answered" in page
    assert "&#34;example&#34;: true" in page
    again = browser.post(tried.headers["Location"] + "/replay")
    assert again.status_code == 409
    assert "waits for its first attempt" in again.text
    assert browser.post(f"/console/callbacks/{endpoint['id']}/disable").status_code == 303
    assert browser.post(f"/console/callbacks/{endpoint['id']}/test").status_code == 409
    assert "whsec_" in browser.post(f"/console/callbacks/{endpoint['id']}/rotate").text
    assert browser.post(f"/console/callbacks/{endpoint['id']}/rotate").status_code == 409
    assert writer.post(f"/console/callbacks/{endpoint['id']}/remove").status_code == 403
    browser.post(f"/console/callbacks/{endpoint['id']}/remove")
    assert call("GET", "/v1/endpoints").json["items"] == []


def test_a_helpdesk_is_switched_and_checked(browser, writer, services):
    workspace_id = services.keys.workspace()
    new = {"name": XSS[:90], "kind": "zendesk", "url": "https://a.zendesk.com", "token": "t", "mode": "draft"}
    made = services.connections.make(workspace_id, {**new, "options": {"email": "a@b.example", "bot_id": "1"}})
    page = browser.get("/console/helpdesks").text
    assert "<script>alert" not in page
    assert "none yet" in page
    browser.post(f"/console/helpdesks/{made['id']}/change", mode="shadow", state="disabled")
    helpdesk = services.connections.show(workspace_id, made["id"])
    assert (helpdesk["mode"], helpdesk["state"]) == ("shadow", "disabled")
    assert writer.post(f"/console/helpdesks/{made['id']}/change", mode="reply").status_code == 403
    services.connections.__dict__["_guard"] = services.guard
    checked = browser.post(f"/console/helpdesks/{made['id']}/check")
    assert checked.status_code == 200
    assert 'class="failed"' in checked.text


def test_keys_are_made_given_a_password_and_revoked(app, browser, services):
    assert browser.post("/console/keys", name="", scopes="read").status_code == 422
    refused = browser.post("/console/keys", name="half done", scopes="read", days="soon")
    assert (refused.status_code, 'value="half done"' in refused.text) == (422, True)
    made = browser.post("/console/keys", name="desk", scopes="read", days="1")
    key = re.search(r"ab_[A-Za-z0-9_-]{43}", made.text)[0]
    assert key not in browser.get("/console/keys").text
    id = next(key["id"] for key in services.keys.all() if key["name"] == "desk")
    assert browser.post(f"/console/keys/{id}/password", login="grace", password="short").status_code == 422
    assert browser.post(f"/console/keys/{id}/password", login="grace", password="correct horse").status_code == 303
    grace = app.test_client()
    fields = {"login": "grace", "password": "correct horse"}
    assert grace.post("/console/login", data=fields).status_code == 303
    assert grace.get("/console").status_code == 200
    wrong = grace.post("/console/login", data={**fields, "password": "wrong horse"})
    assert (wrong.status_code, "Incorrect login or password" in wrong.text) == (401, True)
    browser.post(f"/console/keys/{id}/revoke")
    assert grace.get("/console").status_code == 303
    assert grace.post("/console/login", data=fields).status_code == 401


def test_guessing_passwords_ends_soon(app):
    client = app.test_client()
    for _ in range(10):
        assert client.post("/console/login", data={"login": "x", "password": "guess"}).status_code == 401
    assert client.post("/console/login", data={"login": "x", "password": "guess"}).status_code == 429


def test_another_workspace_s_things_are_not_there(app, services, browser, call):
    other = Browser(app, services.keys.make(services.keys.workspace("other"), name="other"))
    other.log_in()
    browser.post("/console/knowledge/texts", title="Secret plan", text="Of ours.")
    browser.post("/console/callbacks", url="https://shop.example/hook")
    (doc,) = call("GET", "/v1/documents").json["items"]
    (endpoint,) = call("GET", "/v1/endpoints").json["items"]
    key_id = next(key["id"] for key in services.keys.all() if key["name"] == "test")
    for path in PAGES:
        text = other.get(path).text
        assert "Secret plan" not in text
        assert "shop.example" not in text
        assert key_id not in text
    assert other.get(f"/console/documents/{doc['id']}").status_code == 404
    for path in (
        f"/console/knowledge/{doc['id']}/remove",
        f"/console/callbacks/{endpoint['id']}/remove",
        f"/console/callbacks/{endpoint['id']}/test",
        f"/console/keys/{key_id}/revoke",
        f"/console/keys/{key_id}/password",
    ):
        assert other.post(path, login="me", password="correct horse").status_code in (404, 409, 422), path
    assert browser.get("/console").status_code == 200
    assert call("GET", f"/v1/documents/{doc['id']}").status_code == 200


def test_quality_is_told_in_numbers_plots_and_a_table(browser, call, services):
    for outcome in (answer(), replace(answer(), support=0.5), Handoff(reason="no_answer", summary="?")):
        made = submit(call)
        services.mailbox.finish(services.mailbox.claim(made["conversation_id"]), outcome)
        if not isinstance(outcome, Handoff):
            browser.post(f"/console/messages/{made['id']}/{'good' if outcome.support == 1 else 'bad'}")
    page = browser.get("/console/quality?days=7").text
    assert "<dd>67%</dd>" in page
    assert page.count('<svg class="plot"') == 6
    assert "answered 2</title>" in page
    assert "no answer found 1</title>" in page
    assert "67% answered, 50% rejected of 2 rated" in page
    assert "rejected 1</title>" in page
    assert browser.get("/console/quality?days=x").status_code == 200


def test_budgets_tell_what_was_spent(browser, services):
    today = __import__("datetime").datetime.now(__import__("datetime").UTC).date()
    with services.store.begin() as tx:
        row = {"id": new_id("acc"), "workspace_id": services.keys.workspace(), "scope": "day", "subject": "all"}
        booked = {"calls": 3, "prompt_tokens": 900, "completion_tokens": 100, "cost_usd": 0.5, "updated_at": 1}
        tx.execute(spending.insert().values(day=str(today), **row, **booked))
        keys = [row | {"id": new_id("acc"), "scope": "key", "subject": f"key_{number}"} for number in range(60)]
        costs = [booked | {"cost_usd": 9.0 if number == 0 else 0.01} for number in range(60)]
        tx.execute(spending.insert(), [{"day": str(today), **a, **b} for a, b in zip(keys, costs, strict=True)])
    page = browser.get("/console/budgets").text
    assert "1000" in page
    assert "$0.5000" in page
    assert page.index("$9.0000") < page.index("$0.0100")  # the key that spent most, however many there are


def test_what_was_found_for_a_message_is_shown(browser, call, services):
    made = submit(call)
    item = {"document_id": "doc_x", "title": XSS, "start": 1, "end": 2, "score": 0.75, "dense": 0.5, "lexical": None}
    retrieved = {"query": XSS, "relevance": 0.625, "items": [item]}
    services.mailbox.finish(services.mailbox.claim(made["conversation_id"]), replace(answer(), retrieved=retrieved))
    page = browser.get(f"/console/conversations/{made['conversation_id']}").text
    assert "1 passage found, relevance 0.62" in page
    assert "score 0.750, dense 0.500" in page
    assert "<script>alert" not in page
    assert "retrieved" not in call("GET", made["links"]["self"]).json


def test_titles_of_documents_are_text(browser, services, call):
    call("POST", "/v1/documents", json={"title": XSS, "text": "x", "tags": [XSS], "source": XSS})
    with services.store.begin() as tx:
        tx.execute(document.update().values(state="failed", error=XSS))
    page = browser.get("/console/knowledge").text
    assert "<script>alert" not in page
    assert "<img" not in page
