"""Suggestions in the console."""

import pytest

from tests.web.console.browser import XSS
from tests.web.knowledge.test_suggestions import suggested  # noqa: F401 - a fixture
from worker.store.tables import exchange, suggestion

PATH = "/console/suggestions/sug_1"

pytestmark = pytest.mark.usefixtures("suggested")


def test_an_editor_reads_changes_and_publishes(browser, call):
    page = browser.get("/console/suggestions").text
    assert "Do you sell gift cards?" in page
    assert "2×" in page
    page = browser.get(PATH).text
    assert "Gift cards 1?" in page
    assert "/console/conversations/" in page
    saved = browser.post(f"{PATH}/save", title="Gift cards", text="At *every* desk.\r\nAll year.")
    assert saved.status_code == 303
    assert "Saved. It is not published yet." in browser.get(saved.headers["Location"]).text
    assert call("GET", "/v1/documents").json["items"] == []
    assert browser.post(f"{PATH}/publish", title="Gift cards", text="At every desk.").status_code == 303
    (document,) = call("GET", "/v1/documents").json["items"]
    assert document["title"] == "Gift cards"
    page = browser.get(PATH).text
    assert document["id"] in page
    assert "<textarea" not in page
    assert "Gift cards" in browser.get("/console/suggestions?state=accepted").text
    assert "No open suggestions." in browser.get("/console/suggestions").text
    actions = [one["action"] for one in call("GET", "/v1/audit").json["items"]]
    assert actions[:2] == ["console.publish_suggestion", "console.save_suggestion"]


def test_a_refused_suggestion_is_gone_from_the_list_and_may_come_back(browser, call):
    assert browser.post(f"{PATH}/refuse", title="x", text="y").status_code == 303
    assert "Do you sell gift cards?" not in browser.get("/console/suggestions").text
    assert "Do you sell gift cards?" in browser.get("/console/suggestions?state=refused").text
    assert browser.post(f"{PATH}/publish", title="Gift cards", text="At every desk.").status_code == 303
    assert len(call("GET", "/v1/documents").json["items"]) == 1


def test_a_wrong_value_keeps_what_was_typed(browser, call):
    refused = browser.post(f"{PATH}/publish", title="", text="Half an article")
    assert (refused.status_code, "Half an article" in refused.text) == (422, True)
    assert 'role="alert"' in refused.text
    assert call("GET", "/v1/documents").json["items"] == []


def test_published_elsewhere_meanwhile_is_said_and_published_once(browser, call):
    call("POST", "/v1/suggestions/sug_1/accept")
    late = browser.post(f"{PATH}/publish", title="Mine", text="Mine")
    assert late.status_code == 409
    assert "is published" in late.text
    assert len(call("GET", "/v1/documents").json["items"]) == 1


def test_a_read_only_key_may_look_and_not_decide(reader):
    page = reader.get(PATH).text
    assert "At every desk." in page
    assert "Publish" not in page.replace("Published", "")
    assert reader.post(f"{PATH}/publish", title="A", text="B").status_code == 403


def test_what_customers_and_models_write_is_escaped(browser, services):
    with services.store.begin() as tx:
        tx.execute(suggestion.update().values(title=XSS, text=XSS, question=XSS))
        tx.execute(exchange.update().values(question=XSS, reply=XSS))
    for path in ("/console/suggestions", PATH):
        page = browser.get(path).text
        assert "<script>alert" not in page
        assert "<img" not in page
    assert browser.get("/console/suggestions/none").status_code == 404
