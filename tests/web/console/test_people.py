"""The people page: invite, change, disable, remove."""

import re

from tests.support.accounts import PASSWORD
from tests.web.console.browser import XSS, Person


def link(page):
    return re.search(r"/console/invitation\?token=[\w-]+", page.text)[0]


def ids(services):
    people, _cursor = services.accounts.people.page(services.keys.workspace())
    return {person["email"].partition("@")[0]: person["id"] for person in people}


def test_an_owner_invites_an_agent_who_joins_by_the_copied_link(app, person, services):
    owner = person("owner")
    page = owner.post("/console/people", email="grace@shop.example", role="agent")
    assert "grace@shop.example is invited as agent" in page.text
    assert "no mail server is set" in page.text
    assert link(page) not in owner.get("/console/people").text
    client = app.test_client()
    fields = {"token": link(page).partition("=")[2], "name": "Grace Hopper", "password": PASSWORD}
    assert client.post("/console/invitation", data=fields).status_code == 303
    listed = owner.get("/console/people").text
    assert "Grace Hopper" in listed
    assert client.get("/console/people").status_code == 403
    assert ">People<" not in client.get("/console").text


def test_wrong_input_is_refused_and_kept_in_the_form(person):
    owner = person("owner")
    for fields in ({"email": "no address", "role": "agent"}, {"email": "a@shop.example", "role": "king"}):
        refused = owner.post("/console/people", **fields)
        assert (refused.status_code, f'value="{fields["email"]}"' in refused.text) == (422, True)
    assert owner.post("/console/people", email="owner@shop.example", role="agent").status_code == 409


def test_roles_change_and_people_are_disabled_enabled_and_removed(app, person, services):
    owner, agent = person("owner"), person("agent")
    path = f"/console/people/{ids(services)['agent']}"
    owner.post(path, role="editor")
    assert agent.get("/console/knowledge").text.count("Upload")
    owner.post(path, state="disabled")
    assert agent.get("/console").status_code == 303
    refused = agent.log_in()
    assert (refused.status_code, "no access to a workspace" in refused.text) == (401, True)
    owner.post(path, state="active")
    assert agent.log_in().status_code == 303
    owner.post(f"{path}/remove")
    assert agent.get("/console").status_code == 303
    assert "agent" not in ids(services)
    assert owner.post(path, role="viewer").status_code == 404


def test_an_admin_may_not_touch_an_owner_nor_become_one(person, services):
    person("owner")
    admin = person("admin")
    page = admin.get("/console/people").text
    assert f"change-{ids(services)['owner']}" not in page
    assert 'value="owner"' not in page
    for account in ("owner", "admin"):
        refused = admin.post(f"/console/people/{ids(services)[account]}", role="owner")
        assert (refused.status_code, "Only owners" in refused.text) == (403, True)
    assert admin.post(f"/console/people/{ids(services)['owner']}/remove").status_code == 403
    assert admin.post("/console/people", email="x@shop.example", role="owner").status_code == 403


def test_the_key_of_an_admin_makes_no_owner_either(app, person, services):
    person("owner")
    admin = person("admin")
    page = admin.post("/console/keys", name="mine", scopes="admin").text
    key = re.search(r"ab_[A-Za-z0-9_-]{43}", page)[0]
    headers = {"Authorization": f"Bearer {key}"}
    call = app.test_client()
    path = f"/v1/accounts/{ids(services)['admin']}"
    refused = call.patch(path, json={"role": "owner"}, headers=headers)
    assert (refused.status_code, refused.json["code"]) == (403, "role_too_high")


def test_the_last_owner_stays(person, services):
    owner = person("owner")
    path = f"/console/people/{ids(services)['owner']}"
    for form in ({"role": "agent"}, {"state": "disabled"}):
        refused = owner.post(path, **form)
        assert (refused.status_code, "last owner" in refused.text) == (409, True)
    assert owner.post(f"{path}/remove").status_code == 409


def test_a_new_link_ends_the_old_one(app, person, services):
    owner = person("owner")
    old = link(owner.post("/console/people", email="grace@shop.example", role="agent"))
    new = link(owner.post(f"/console/people/{ids(services)['grace']}/invitation"))
    client = app.test_client()
    assert (client.get(old).status_code, client.get(new).status_code) == (404, 200)
    assert owner.post(f"/console/people/{ids(services)['owner']}/invitation").status_code == 409


def test_keys_of_somebody_who_goes_are_revoked_with_them(app, person, services):
    owner, admin = person("owner"), person("admin")
    page = admin.post("/console/keys", name="mine", scopes="read").text
    key = re.search(r"ab_[A-Za-z0-9_-]{43}", page)[0]
    assert "1 API key" in owner.get("/console/people").text
    owner.post(f"/console/people/{ids(services)['admin']}", state="disabled", revoke_keys="1")
    assert Person(app, "x", "x").client.post("/console/login", data={"key": key}).status_code == 401


def test_names_are_shown_as_text(person, services):
    owner = person("owner")
    owner.post("/console/people", email="xss@shop.example", role="agent", name=XSS)
    assert "<script>alert" not in owner.get("/console/people").text


def test_people_of_another_workspace_are_not_found(person, services):
    owner = person("owner")
    from tests.support.accounts import join

    bob = join(services.accounts, services.keys.workspace("other"), "bob@shop.example")
    assert owner.post(f"/console/people/{bob}", role="viewer").status_code == 404
    assert owner.post(f"/console/people/{bob}/remove").status_code == 404
    assert "bob@shop.example" not in owner.get("/console/people").text
