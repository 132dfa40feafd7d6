"""Connected helpdesks."""

from tests.web.console.browser import XSS


def test_a_helpdesk_is_changed_and_checked(browser, writer, services):
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
    checked = browser.post(f"/console/helpdesks/{made['id']}/check")
    assert checked.status_code == 200
    assert 'class="failed"' in checked.text
