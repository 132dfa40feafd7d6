"""Provisioning people by API."""

import pytest

from tests.support.accounts import PASSWORD, join, token_of
from tests.web.conftest import Client


@pytest.fixture
def ada(services):
    return join(services.accounts, services.keys.workspace(), "ada@shop.example", name="Ada")


def test_a_directory_invites_changes_disables_and_removes_people(call, services, ada):
    made = call("POST", "/v1/accounts", json={"email": "Bob@shop.example", "role": "agent", "name": "Bob"})
    assert made.status_code == 201
    assert made.headers["Location"] == f"/v1/accounts/{made.json['id']}"
    assert (made.json["state"], made.json["email"]) == ("invited", "bob@shop.example")
    path = made.headers["Location"]
    services.accounts.invitations.accept(token_of(made.json["invitation_url"]), name="Bob", password=PASSWORD)
    assert call("GET", path).json["state"] == "active"
    assert "invitation_url" not in call("GET", path).json
    assert call("PATCH", path, json={"role": "editor"}).json["role"] == "editor"
    assert call("PATCH", path, json={"state": "disabled", "revoke_keys": True}).json["state"] == "disabled"
    assert [person["id"] for person in call("GET", "/v1/accounts?state=disabled").json["items"]] == [made.json["id"]]
    assert call("PATCH", path, json={"state": "active"}).json["state"] == "active"
    assert call("DELETE", path).status_code == 204
    assert call("GET", path).status_code == 404
    actions = [item["action"] for item in call("GET", "/v1/audit").json["items"]]
    assert actions[:2] == ["accounts.remove", "accounts.change"]


def test_wrong_input_is_refused_with_its_field(call, ada):
    for body, field in (
        ({"email": "no address", "role": "agent"}, "email"),
        ({"email": "a@shop.example", "role": "king"}, "role"),
        ({"email": "a@shop.example"}, "role"),
    ):
        refused = call("POST", "/v1/accounts", json=body)
        assert (refused.status_code, refused.json["errors"][0]["field"]) == (422, field)
    for body in ({"state": "invited"}, {"revoke_keys": True}, {"name": "x"}):
        assert call("PATCH", f"/v1/accounts/{ada}", json=body).status_code == 422
    assert call("GET", "/v1/accounts?role=king").status_code == 422
    assert call("GET", "/v1/accounts?cursor=x").status_code == 422


def test_the_last_owner_and_a_member_are_conflicts(call, ada):
    for method, options in (("PATCH", {"json": {"role": "agent"}}), ("DELETE", {})):
        refused = call(method, f"/v1/accounts/{ada}", **options)
        assert (refused.status_code, refused.json["code"]) == (409, "last_owner")
    again = call("POST", "/v1/accounts", json={"email": "ada@shop.example", "role": "agent"})
    assert (again.status_code, again.json["code"]) == (409, "conflict")
    assert call("POST", f"/v1/accounts/{ada}/invitation").status_code == 409


def test_people_need_the_scope_admin_and_are_of_one_workspace(app, services, ada):
    workspace_id = services.keys.workspace()
    writer = Client(app.test_client(), services.keys.make(workspace_id, name="w", scopes=["read", "write"]))
    assert writer("GET", "/v1/accounts").status_code == 403
    foreign = Client(app.test_client(), services.keys.make(services.keys.workspace("other"), name="o"))
    assert foreign("GET", "/v1/accounts").json["items"] == []
    for method, options in (("GET", {}), ("PATCH", {"json": {"role": "agent"}}), ("DELETE", {})):
        assert foreign(method, f"/v1/accounts/{ada}", **options).status_code == 404
