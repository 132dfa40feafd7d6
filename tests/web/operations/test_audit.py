"""Reading the audit log."""


def test_only_admins_of_the_workspace_read_the_audit_log(call, services, app):
    call("POST", "/v1/documents", json={"title": "A", "text": "B."})
    writer = services.keys.make(services.keys.workspace(), name="writer", scopes=["read", "write"])
    assert call("GET", "/v1/audit", headers={"Authorization": f"Bearer {writer}"}).status_code == 403
    other = services.keys.make(services.keys.workspace("other"), name="other")
    assert call("GET", "/v1/audit", headers={"Authorization": f"Bearer {other}"}).json["items"] == []


def test_the_audit_log_is_paged(call):
    for number in range(3):
        call("POST", "/v1/documents", json={"title": f"A{number}", "text": "B."})
    first = call("GET", "/v1/audit?limit=2").json
    second = call("GET", f"/v1/audit?limit=2&cursor={first['next_cursor']}").json
    assert len({item["id"] for item in first["items"] + second["items"]}) == 3
    assert second["next_cursor"] is None
