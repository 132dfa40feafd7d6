"""API keys, passwords and the audit log."""

import re

from tests.web.console.browser import Browser


def test_only_admins_see_keys_audit_log_health_and_budgets(reader, writer):
    for path in ("/console/keys", "/console/audit", "/console/health", "/console/budgets"):
        for who in (reader, writer):
            page = who.get(path)
            assert page.status_code == 403, path
            assert "lacks the scope" in page.text
            assert path not in who.get("/console").text or path == "/console"


def test_keys_are_created_and_revoked(app, browser, services):
    assert browser.post("/console/keys", name="", scopes="read").status_code == 422
    refused = browser.post("/console/keys", name="half done", scopes="read", days="soon")
    assert (refused.status_code, 'value="half done"' in refused.text) == (422, True)
    made = browser.post("/console/keys", name="desk", scopes="read", days="1")
    key = re.search(r"ab_[A-Za-z0-9_-]{43}", made.text)[0]
    assert key not in browser.get("/console/keys").text
    desk = Browser(app, key)
    assert desk.log_in().status_code == 303
    id = next(key["id"] for key in services.keys.all() if key["name"] == "desk")
    browser.post(f"/console/keys/{id}/revoke")
    assert desk.get("/console").status_code == 303
    assert desk.log_in().status_code == 401


def test_a_key_belongs_to_the_person_who_makes_it(app, person):
    ada = person("owner", name="Ada Lovelace")
    ada.post("/console/keys", name="nightly import", scopes="write")
    page = ada.get("/console/keys").text
    assert re.search(r"nightly import.*?<td>Ada Lovelace</td>", page, re.DOTALL)
