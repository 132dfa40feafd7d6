"""API keys: workspace, scopes, expiry and revocation."""

import time

from tests.web.calls import submit
from tests.web.conftest import Client


def test_each_key_opens_its_own_workspace_only(call, app, services):
    made = submit(call)
    workspace_id = services.keys.workspace("other")
    other = Client(app.test_client(), services.keys.make(workspace_id, name="other"))
    assert other("GET", f"/v1/messages/{made['id']}").status_code == 404
    assert other("GET", f"/v1/conversations/{made['conversation_id']}").status_code == 404
    assert (
        other("POST", f"/v1/conversations/{made['conversation_id']}/messages", json={"content": "x"}).status_code == 404
    )
    assert other("POST", f"/v1/messages/{made['id']}/cancel").status_code == 404
    assert other("POST", f"/v1/messages/{made['id']}/retry").status_code == 404
    assert other("DELETE", f"/v1/conversations/{made['conversation_id']}").status_code == 404
    assert other("GET", "/v1/conversations").json["items"] == []


def test_a_missing_wrong_expired_or_revoked_key_is_rejected(call, app, services):
    workspace_id = services.keys.workspace()
    expired = services.keys.make(workspace_id, name="expired", expires_in_s=0.001)
    revoked = services.keys.make(workspace_id, name="revoked")
    (id,) = [key["id"] for key in services.keys.all() if key["name"] == "revoked"]
    services.keys.revoke(id)
    time.sleep(0.01)
    for key in ("", "wrong", expired, revoked):
        response = Client(app.test_client(), key)("GET", "/v1/conversations")
        assert response.status_code == 401
        assert "Bearer" in response.headers["WWW-Authenticate"]
    assert app.test_client().get("/v1/conversations").status_code == 401


def test_a_revoked_key_is_rejected_within_a_quarter_of_a_second(app, services):
    key = services.keys.make(services.keys.workspace(), name="soon gone")
    client = Client(app.test_client(), key)
    assert client("GET", "/v1/conversations").status_code == 200
    (id,) = [key["id"] for key in services.keys.all() if key["name"] == "soon gone"]
    services.keys.revoke(id)
    time.sleep(0.3)
    assert client("GET", "/v1/conversations").status_code == 401


def test_scopes_limit_the_routes_of_a_key(app, services):
    workspace_id = services.keys.workspace()
    reader = Client(app.test_client(), services.keys.make(workspace_id, name="r", scopes=["read"]))
    writer = Client(app.test_client(), services.keys.make(workspace_id, name="w", scopes=["read", "write"]))
    assert reader("GET", "/v1/conversations").status_code == 200
    assert reader("POST", "/v1/tickets", json={"body": "x"}).status_code == 403
    assert writer("POST", "/v1/tickets", json={"body": "x"}).status_code == 202
    assert writer("POST", "/v1/snapshots/1/activate").status_code == 403
