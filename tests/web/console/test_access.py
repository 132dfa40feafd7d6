"""API keys, passwords and the audit log."""

import re


def test_only_admins_see_keys_audit_log_health_and_budgets(reader, writer):
    for path in ("/console/keys", "/console/audit", "/console/health", "/console/budgets"):
        for who in (reader, writer):
            page = who.get(path)
            assert page.status_code == 403, path
            assert "lacks the scope" in page.text
            assert path not in who.get("/console").text or path == "/console"


def test_keys_are_created_get_a_password_and_are_revoked(app, browser, services):
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
