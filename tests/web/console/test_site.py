"""All pages: headers, size, error pages, and isolation of workspaces."""

import re

import pytest

from tests.support.stack import KEY
from tests.web.calls import submit
from tests.web.console.browser import Browser
from web.console import site

PAGES = (
    "/console/knowledge",
    "/console/search",
    "/console/voice",
    "/console/snapshots",
    "/console/quality",
    "/console/callbacks",
    "/console/helpdesks",
    "/console/keys",
    "/console/audit",
    "/console/health",
    "/console/budgets",
)


@pytest.mark.parametrize("path", PAGES)
def test_every_page_renders_for_a_new_desk(browser, path):
    page = browser.get(path)
    assert page.status_code == 200
    assert page.text.count("<h1>") == 1
    assert 'aria-current="page"' in page.text
    assert not re.search(r"<script>|<style|\son\w+=|\sstyle=", page.text)


def test_pages_have_security_headers_and_are_small(browser, call):
    submit(call)
    for path in ("/console", "/console/login", "/console/static/console.js"):
        headers = browser.get(path).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["X-Content-Type-Options"] == "nosniff"
    page = browser.get("/console").text
    assert not re.search(r"<script>|<style|\son\w+=|\sstyle=", page)
    parts = ["/console", *re.findall(r'(?:src|href)="(/console/static/[^"]+)"', page)]
    assert len(parts) == 4
    assert sum(len(browser.get(part).data) for part in parts) < 200_000


def test_actions_and_reasons_are_told_in_words():
    assert site.action("console.bad") == "Rated an answer bad"
    assert site.action("console.delete_document") == "Delete document"
    assert site.action("endpoints.rotate_secret") == "Rotate secret (endpoints)"
    for category, label in (
        ("self_harm", "self-harm"),
        ("topic:prices", "topic: prices"),
        ("language:fi", "language: fi"),
        ("desk:late_parcels", "late parcels"),
        ("rule", "escalation rule"),
        (None, "escalation rule"),
    ):
        assert site.reason({"reason": "rule", "category": category}) == label


def test_errors_are_shown_on_a_page(app, browser):
    for path, method, status in (
        ("/console/nope", "GET", 404),
        ("/console/callbacks/x/remove", "GET", 405),
        ("/console/conversations/none", "GET", 404),
    ):
        response = browser.client.open(path, method=method)
        assert (response.status_code, response.mimetype) == (status, "text/html"), path
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    for origin in ("https://evil.example", "http://[x", "null"):
        response = app.test_client().post("/console/login", data={"key": KEY}, headers={"Origin": origin})
        assert (response.status_code, response.mimetype) == (403, "text/html")
    assert app.test_client().get("/v1/nope").mimetype == "application/problem+json"


def test_objects_of_another_workspace_are_not_found(app, services, browser, call):
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
        assert "shop.example/hook" not in text
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
