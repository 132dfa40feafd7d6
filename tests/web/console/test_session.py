"""Console sessions: cookies, CSRF tokens, scopes and redirects."""

import re

import pytest

from tests.support.services import override
from tests.support.stack import KEY
from tests.web.calls import submit
from tests.web.console.browser import Browser
from web.console.session import COOKIE, PUBLIC
from worker.access.tokens import Logins


def test_an_api_key_logs_in_and_logging_out_ends_the_session(app, browser):
    assert browser.get("/console").status_code == 200
    left = browser.post("/console/logout")
    assert left.headers["Location"] == "/console/login"
    again = browser.get("/console?owner=human")
    assert (again.status_code, again.headers["Location"]) == (303, "/console/login?next=/console?owner%3Dhuman")
    refused = Browser(app, key="wrong").log_in()
    assert refused.status_code == 401
    assert "unknown or revoked" in refused.text


def test_the_session_cookie_is_new_for_each_login_and_hidden_from_scripts(app, browser):
    set_cookie = browser.log_in().headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=Lax", "Path=/console"} <= set(set_cookie.split("; "))
    assert "Secure" in Browser(app).client.post(
        "/console/login", data={"key": KEY}, headers={"X-Forwarded-Proto": "https"}
    ).headers["Set-Cookie"].split("; ")
    fixed = app.test_client()
    fixed.set_cookie(COOKIE, "chosen-by-somebody", path="/console")
    given = fixed.post("/console/login", data={"key": KEY}).headers["Set-Cookie"]
    assert "chosen-by-somebody" not in given
    assert given.split(";")[0] != set_cookie.split(";")[0]


def test_a_session_expires_after_its_lifetime_and_with_its_key(app, browser, services):
    override(app, logins=Logins(services.store, clock=lambda: 10**10))
    assert browser.get("/console").status_code == 303
    override(app, logins=Logins(services.store))
    assert browser.get("/console").status_code == 200
    (key,) = [key for key in services.keys.all() if key["name"] == "test"]
    services.keys.revoke(key["id"])
    assert browser.get("/console").status_code == 303
    part = browser.get("/console", headers={"HX-Request": "true"})
    assert (part.status_code, part.headers["HX-Trigger"]) == (
        204,
        "loggedOut",
    )  # the page shows a notice and keeps its text


@pytest.mark.parametrize(
    ("wanted", "where"),
    [
        ("/console/conversations/x", "/console/conversations/x"),
        ("https://evil.example/console", "/console"),
        ("//evil.example/console", "/console"),
        ("/\\evil.example", "/console"),
        ("/console/\\..\\..", "/console"),
        ("javascript:alert(1)", "/console"),
        ("/v1/keys", "/console"),
        ("/consoleevil", "/console"),
        ("//[", "/console"),
    ],
)
def test_a_login_redirects_only_to_pages_of_the_console(app, browser, wanted, where):
    assert browser.log_in(next=wanted).headers["Location"] == where


def test_forms_of_other_sites_are_refused(browser, call):
    conversation_id = submit(call)["conversation_id"]
    path = f"/console/conversations/{conversation_id}/close"
    assert browser.client.post(path, data={}).status_code == 403
    assert browser.client.post(path, data={"csrf": "guessed"}).status_code == 403
    csrf = re.search(r'name="csrf" value="([^"]+)"', browser.get("/console").text)[1]
    evil = browser.client.post(path, data={"csrf": csrf}, headers={"Origin": "https://evil.example"})
    assert evil.status_code == 403
    assert (
        browser.client.post("/console/login", data={"key": KEY}, headers={"Origin": "https://evil.example"}).status_code
        == 403
    )
    assert call("GET", f"/v1/conversations/{conversation_id}").json["owner"] == "bot"


def test_a_read_only_key_cannot_change_anything(app, services, call):
    conversation_id = submit(call)["conversation_id"]
    reader = Browser(app, services.keys.make(services.keys.workspace(), name="reader", scopes=["read"]))
    reader.log_in()
    page = reader.get(f"/console/conversations/{conversation_id}").text
    assert "Take over" not in page
    assert reader.post(f"/console/conversations/{conversation_id}/handoff").status_code == 403


def test_a_read_only_key_can_log_out(app, services):
    reader = Browser(app, services.keys.make(services.keys.workspace(), name="reader", scopes=["read"]))
    reader.log_in()
    assert reader.post("/console/logout").status_code == 303
    assert reader.get("/console").status_code == 303


def test_every_page_needs_a_login(app):
    client = app.test_client()
    rules = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/console")]
    assert len(rules) >= 9
    for rule in rules:
        if rule.endpoint in PUBLIC:
            continue
        path = re.sub(r"<any\((\w+)[^>]*>", r"\1", rule.rule)
        path = re.sub(r"<[^>]+>", "x", path)
        for method in rule.methods - {"OPTIONS", "HEAD"}:
            answered = client.open(path, method=method)
            assert answered.status_code == 303, f"{method} {rule.rule}"
            assert answered.headers["Location"].startswith("/console/login")


def test_invalid_characters_are_rejected_before_any_query(app, browser, call):
    """PostgreSQL refuses NUL, and would make a 500 of it."""
    conversation_id = submit(call)["conversation_id"]
    for path in (
        "/console?cursor=%00",
        "/console?q=%00",
        "/console/knowledge?cursor=a%00",
        "/console/audit?cursor=%00",
    ):
        assert browser.get(path).status_code == 400, path
    assert browser.post(f"/console/conversations/{conversation_id}/replies", content="a\0b").status_code == 400
    assert app.test_client().post("/console/login", data={"login": "a\0", "password": "x"}).status_code == 400


def test_a_write_only_key_sees_no_data_on_error_pages(app, services, call):
    conversation_id = submit(call, "Secret question")["conversation_id"]
    blind = Browser(app, services.keys.make(services.keys.workspace(), name="blind", scopes=["write"]))
    blind.log_in()
    page = blind.get(f"/console/conversations/{conversation_id}")
    assert page.status_code == 403
    csrf = re.search(r'name="csrf" value="([^"]+)"', page.text)[1]
    for path in (f"/console/conversations/{conversation_id}/replies", "/console/callbacks/none/test"):
        response = blind.client.post(path, data={"csrf": csrf})
        assert response.status_code == 403
        assert "Secret question" not in response.text
