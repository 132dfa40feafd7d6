"""One's own account, and accepting an invitation, as a browser does."""

import re

import flask
import pyotp

from tests.support.accounts import OWNER, PASSWORD, join, token_of
from tests.web.calls import submit
from tests.web.console.browser import XSS, Person
from worker.states import AccountRole
from worker.store.tables import account_session

NEW = "copper whale drafts limericks"


def test_the_first_owner_opens_the_printed_link_and_is_in(app, services):
    url = services.accounts.invitations.first_owner(services.keys.workspace())
    client = app.test_client()
    page = client.get("/console/invitation?token=" + token_of(url)).text
    assert "You become the owner" in page
    fields = {"token": token_of(url), "email": "ada@shop.example", "name": "Ada", "password": "short"}
    refused = client.post("/console/invitation", data=fields)
    assert (refused.status_code, 'value="ada@shop.example"' in refused.text) == (422, True)
    assert "short" not in re.findall(r'value="([^"]*)"', refused.text)
    entered = client.post("/console/invitation", data={**fields, "password": PASSWORD})
    assert (entered.status_code, entered.headers["Location"]) == (303, "/console")
    assert "Ada" in client.get("/console").text
    assert client.get("/console/people").status_code == 200
    again = app.test_client().get("/console/invitation?token=" + token_of(url))
    assert (again.status_code, "does not work" in again.text) == (404, True)


def test_who_has_an_account_logs_in_and_accepts(app, person, services):
    agent = person("agent")
    other = services.keys.workspace("other")
    url = services.accounts.invitations.invite(other, email=agent.email, role=AccountRole.EDITOR, by=OWNER).url
    path = "/console/invitation?token=" + token_of(url)
    stranger = app.test_client().get(path).text
    assert "You have an account" in stranger
    assert "/console/login?next=/console/invitation?token%3D" in stranger
    assert "Accept as agent@shop.example" in agent.get(path).text
    assert agent.post("/console/invitation/join", token=token_of(url)).status_code == 303
    assert "other" in agent.get("/console/profile").text
    home = services.keys.workspace()
    assert agent.post("/console/profile/workspace", workspace=home).status_code == 303
    assert agent.post("/console/profile/workspace", workspace=services.keys.workspace("foreign")).status_code == 404


def test_an_invitation_of_somebody_else_is_not_accepted_by_who_is_logged_in(person, services):
    agent = person("agent")
    other = services.keys.workspace("other")
    join(services.accounts, services.keys.workspace(), "bob@shop.example")
    url = services.accounts.invitations.invite(other, email="bob@shop.example", role=AccountRole.OWNER, by=OWNER).url
    assert agent.post("/console/invitation/join", token=token_of(url)).status_code == 404
    assert [found.name for found in services.accounts.sessions.workspaces(account_id(services, agent))] == ["default"]


def account_id(services, person):
    return services.accounts.entrance.by_email(person.email).id


def test_a_password_is_changed_with_the_current_one_and_other_sessions_end(person):
    agent = person("agent")
    elsewhere = Person(agent.client.application, agent.email, PASSWORD)
    elsewhere.log_in()
    wrong = agent.post("/console/profile/password", current="guess", new=NEW)
    assert (wrong.status_code, "current password is wrong" in wrong.text) == (422, True)
    assert NEW not in wrong.text
    assert agent.post("/console/profile/password", current=PASSWORD, new=NEW).status_code == 303
    assert agent.get("/console").status_code == 200
    assert elsewhere.get("/console").status_code == 303


def test_two_factor_authentication_is_set_up_on_the_phone_and_turned_off(person):
    agent = person("agent")
    assert agent.get("/console/profile/second-factor").status_code == 303
    refused = agent.post("/console/profile/second-factor", current="guess")
    assert refused.status_code == 422
    assert agent.post("/console/profile/second-factor", current=PASSWORD).status_code == 303
    page = agent.get("/console/profile/second-factor").text
    assert 'src="data:image/svg+xml' in page
    secret = re.search(r'<code class="secret"[^>]*>([A-Z2-7 ]+)<', page)[1].replace(" ", "")
    wrong = agent.post("/console/profile/second-factor/confirm", code="12")
    assert (wrong.status_code, "This code is wrong" in wrong.text) == (422, True)
    on = agent.post("/console/profile/second-factor/confirm", code=pyotp.TOTP(secret).now())
    codes = re.findall(r"<li><code>([a-z0-9]{5}-[a-z0-9]{5})</code>", on.text)
    assert len(codes) == 10
    profile = agent.get("/console/profile").text
    assert "10 of 10 recovery codes are left" in profile
    assert codes[0] not in profile
    assert agent.log_in().headers["Location"].startswith("/console/login/code")
    agent.client.post("/console/login/code", data={"code": codes[0]})
    assert agent.post("/console/profile/second-factor/remove", current="guess").status_code == 422
    assert agent.post("/console/profile/second-factor/remove", current=PASSWORD).status_code == 303
    assert agent.log_in().headers["Location"] == "/console"


def test_who_must_have_a_second_factor_sets_it_up_and_does_nothing_before(app, person, services, call):
    owner, agent, workspace_id = person("owner"), person("agent"), services.keys.workspace()
    conversation_id = submit(call)["conversation_id"]
    required, close = "/console/profile/second-factor/required", f"/console/conversations/{conversation_id}/close"
    csrf = owner.csrf()
    services.workspace_settings.change(workspace_id, {"second_factor": "admins"})
    for path in ("/console", "/console/profile", "/console/people", "/console/quality"):
        assert owner.get(path).headers.get("Location") == required
    for path in (close, "/console/profile", "/console/keys", "/console/profile/workspace"):
        assert owner.client.post(path, data={"csrf": csrf, "name": "Eve"}).headers.get("Location") == required
    assert call("GET", f"/v1/conversations/{conversation_id}").json["owner"] == "bot"
    assert agent.get("/console").status_code == 200
    page = owner.get(required).text
    assert ("is required" in page, "Knowledge" in page) == (True, False)
    wrong = owner.client.post("/console/profile/second-factor", data={"csrf": csrf, "current": "guess"})
    assert (wrong.status_code, "is required" in wrong.text) == (422, True)
    owner.client.post("/console/profile/second-factor", data={"csrf": csrf, "current": PASSWORD})
    page = owner.get("/console/profile/second-factor").text
    secret = re.search(r'<code class="secret"[^>]*>([A-Z2-7 ]+)<', page)[1].replace(" ", "")
    code = pyotp.TOTP(secret).now()
    on = owner.client.post("/console/profile/second-factor/confirm", data={"csrf": csrf, "code": code})
    assert (on.status_code, "recovery" in on.text) == (200, True)
    assert owner.get("/console").status_code == 200
    assert owner.get(required).headers["Location"] == "/console"
    services.workspace_settings.change(workspace_id, {"second_factor": "everybody"})
    assert agent.get("/console").headers["Location"] == required
    agent.log_in()
    assert agent.get("/console").headers["Location"] == required


def test_asking_for_a_second_factor_ends_what_is_open(person, services, call):
    agent, workspace_id = person("agent"), services.keys.workspace()
    conversation_id = submit(call)["conversation_id"]
    with agent.client:
        agent.get(f"/console/conversations/{conversation_id}")
        valid = flask.g.valid
    assert valid(), "streams repeat this check, outside the request"
    services.workspace_settings.change(workspace_id, {"second_factor": "everybody"})
    assert not valid()
    refreshed = agent.client.get(f"/console/conversations/{conversation_id}", headers={"HX-Request": "true"})
    assert (refreshed.status_code, refreshed.text) == (204, ""), "a pane would show the page that it is sent to"
    assert refreshed.headers["HX-Redirect"] == "/console/profile/second-factor/required"


def test_keys_need_no_second_factor_and_single_sign_on_brings_its_own(browser, person, services, call):
    agent, workspace_id = person("agent"), services.keys.workspace()
    services.workspace_settings.change(workspace_id, {"second_factor": "everybody"})
    assert browser.get("/console").status_code == 200
    assert call("GET", "/v1/conversations").status_code == 200
    with services.store.begin() as tx:
        tx.execute(account_session.update().values(method="sso"))
    assert agent.get("/console").status_code == 200


def test_sessions_are_shown_with_their_browser_and_end_at_once(app, person):
    agent = person("agent")
    phone = Person(app, agent.email, PASSWORD)
    phone.client.post(
        "/console/login",
        data={"email": agent.email, "password": PASSWORD},
        headers={"User-Agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1"},
    )
    page = agent.get("/console/profile").text
    assert "Safari on iPhone" in page
    (id,) = re.findall(r"/console/profile/sessions/(ses_\w+)/end", page)
    assert agent.post(f"/console/profile/sessions/{id}/end").status_code == 303
    assert phone.get("/console").status_code == 303
    phone.log_in()
    assert agent.post("/console/profile/sessions/end").status_code == 303
    assert phone.get("/console").status_code == 303
    assert agent.get("/console").status_code == 200


def test_nobody_ends_the_session_of_somebody_else(person, services):
    agent, viewer = person("agent"), person("viewer")
    (session,) = services.accounts.sessions.all(account_id(services, agent))
    assert viewer.post(f"/console/profile/sessions/{session.id}/end").status_code == 404
    assert agent.get("/console").status_code == 200


def test_a_reply_has_the_name_of_who_is_logged_in_whatever_the_form_says(person, call):
    agent = person("agent", name="Grace Hopper")
    conversation_id = submit(call)["conversation_id"]
    path = f"/console/conversations/{conversation_id}"
    assert 'name="author"' not in agent.get(path).text
    agent.post(f"{path}/replies", content="Hello!", author="The CEO")
    messages = call("GET", f"/v1/conversations/{conversation_id}/messages").json["items"]
    assert messages[-1]["author"] == "Grace Hopper"


def test_a_second_reply_is_refused_with_the_name_of_who_was_first(person, call):
    grace, bob = person("agent", name="Grace Hopper"), person("admin", name="Bob")
    conversation_id = submit(call)["conversation_id"]
    path = f"/console/conversations/{conversation_id}/replies"
    grace.post(path, content="Mine.", seen_seq=1)
    refused = bob.post(path, content="Mine as well.", seen_seq=1)
    assert refused.status_code == 409
    assert "Grace Hopper replied while you were writing" in refused.text
    assert "Mine as well." in refused.text


def test_who_takes_over_is_named(person, call, services):
    conversation_id = submit(call)["conversation_id"]
    person("agent", name="Grace Hopper").post(f"/console/conversations/{conversation_id}/handoff")
    handoff = call("GET", f"/v1/conversations/{conversation_id}").json["handoff"]
    assert handoff["summary"] == "Taken over by Grace Hopper."


def test_the_audit_log_names_people(person, call):
    person("admin", name="Bob Admin").post("/console/keys", name="machine", scopes="read")
    entry = call("GET", "/v1/audit").json["items"][0]
    assert (entry["action"], entry["actor"], entry["key_id"]) == ("console.make_key", "Bob Admin", None)
    assert entry["account_id"].startswith("acc_")
    named = call("GET", f"/v1/audit?account_id={entry['account_id']}").json["items"]
    assert {item["action"] for item in named} == {"console.make_key", "console.enter"}


def test_a_name_is_shown_as_text(person):
    agent = person("agent", name=XSS)
    for path in ("/console", "/console/profile"):
        assert "<script>alert" not in agent.get(path).text
    assert agent.post("/console/profile", name=" ").status_code == 422
    assert agent.post("/console/profile", name="Ada").status_code == 303
    assert "Ada" in agent.get("/console").text
