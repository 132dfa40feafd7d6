"""The matrix of roles, scopes and routes: every route states what it asks for, and gives it to nobody else."""

import functools
import re

import pytest

from tests.support.accounts import PASSWORD, join
from tests.web.console.browser import Browser, Person
from web.console.session import PERSONAL, PUBLIC
from web.http.auth import permission_of
from worker.access.permissions import Permission, includes
from worker.accounts.sessions import Client
from worker.states import AccountRole

#: Each route of the console by the permission that it asks for; `act` stands for replying, taking over and the like.
CONSOLE = {
    "read": {
        *(
            "attachment",
            "callbacks",
            "conversation",
            "delivery",
            "documents",
            "events",
            "helpdesks",
            "inbox",
            "others",
            "mailbox",
            "mailboxes",
            "quality",
        ),
        *("report_csv", "report_topics", "reports"),
        *("questions", "search", "snapshots", "source", "source_runs", "sources", "suggestion", "suggestions"),
        "voice",
    },
    "converse": {"act", "act_on_message"},
    "edit_knowledge": {
        *("change_source", "fetch", "make_source", "publish_suggestion", "refuse_suggestion", "remove_document"),
        *("save_suggestion", "upload", "write"),
    },
    "publish_knowledge": {"activate"},
    "operate": {"replay", "try_endpoint"},
    "administer": {
        *("ask_first", "skip_step"),
        *("audit", "budgets", "change_endpoint", "change_helpdesk", "check_helpdesk", "check_model", "edit_voice"),
        *("health", "keys", "make_endpoint", "make_key", "model", "reset_voice", "revoke", "save_voice"),
        *("allow_address", "change_mailbox", "check_mailbox", "connect_mailbox", "new_mailbox", "remove_mailbox"),
        *("connect_helpdesk", "edit_helpdesk", "new_helpdesk", "remove_helpdesk", "save_helpdesk", "setup_helpdesk"),
        *("review_settings", "save_settings", "settings", "settings_area", "settings_history", "settings_in_file"),
    },
    "manage_people": {"change_person", "invite", "people", "remove_person", "renew_invitation"},
}

#: Routes of everybody who is logged in, about themselves.
OWN = {
    *("begin_second_factor", "change_password", "confirm_second_factor", "end_other_sessions", "end_session", "join"),
    *(
        "leave",
        "mail_reports",
        "profile",
        "remove_second_factor",
        "rename",
        "second_factor",
        "second_factor_required",
        "switch_workspace",
    ),
}

#: Routes that need no login.
OPEN = {
    *("accept", "begin_sign_on", "code", "enter", "enter_code", "forgot", "invitation", "login", "reset"),
    *("send_reset", "set_new_password", "sign_off", "sign_on", "static"),
}


@pytest.fixture
def stubbed(app):
    """The application with views that only say that they were reached."""
    for endpoint, view in list(app.view_functions.items()):
        if endpoint not in ("console.inbox", "openapi"):  # which tests read the CSRF token and the errors from

            @functools.wraps(view)
            def reached(*_arguments, **_named):
                return "reached", 299

            app.view_functions[endpoint] = reached
    return app


def routes(app, prefix):
    """Yield the endpoint, method and an address of each route below a prefix."""
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith(prefix):
            path = re.sub(r"<any\((\w+)[^>]*>", r"\1", rule.rule)
            for method in rule.methods - {"OPTIONS", "HEAD"}:
                yield rule.endpoint, method, re.sub(r"<[^>]+>", "x", path), rule.websocket


def test_every_route_of_the_console_is_in_the_matrix(app):
    found = {
        endpoint.removeprefix("console."): app.view_functions[endpoint] for endpoint, *_ in routes(app, "/console")
    }
    stated = {name: view for name, view in found.items() if name not in OWN | OPEN}
    for permission, names in CONSOLE.items():
        assert {name for name, view in stated.items() if permission_of(view) == permission} == names, permission
    assert all(hasattr(view, "permission") for view in stated.values())
    assert {f"console.{name}" for name in OWN} == PERSONAL
    assert {f"console.{name}" for name in OPEN} == PUBLIC


@pytest.mark.parametrize("role", list(AccountRole))
def test_each_role_reaches_the_routes_of_its_permissions_and_no_others(stubbed, services, role):
    join(services.accounts, services.keys.workspace(), "p@shop.example", role)
    person = Person(stubbed, "p@shop.example", PASSWORD)
    token = services.accounts.entrance.enter(person.email, PASSWORD, client=Client()).token
    person.client.set_cookie("answerback_console", token, path="/console")
    csrf = person.csrf()
    seen = 0
    for endpoint, method, path, _socket in routes(stubbed, "/console"):
        name = endpoint.removeprefix("console.")
        if name in OPEN | {"inbox"}:
            continue
        allowed = name in OWN or includes(role, permission_of(stubbed.view_functions[endpoint]).role)
        answer = person.client.open(path, method=method, data={"csrf": csrf} if method == "POST" else None)
        assert answer.status_code == (299 if allowed else 403), f"{role} {method} {path}"
        seen += 1
    assert seen > 50


@pytest.mark.parametrize("scopes", [(), ("read",), ("write",), ("read", "write"), ("admin",)])
def test_each_scope_of_a_key_reaches_the_routes_that_ask_for_it_and_no_others(stubbed, services, scopes):
    key = services.keys.make(services.keys.workspace(), name="key", scopes=scopes)
    client, seen = stubbed.test_client(), 0
    for endpoint, method, path, socket in routes(stubbed, "/v1/"):
        view = stubbed.view_functions[endpoint]
        if getattr(view, "is_public", False):  # signed by a helpdesk or mail provider: tests/test_house.py lists them
            continue
        assert hasattr(view, "permission"), f"{endpoint} states no permission"
        allowed = bool({permission_of(view).scope, "admin"} & set(scopes))
        headers = {"Authorization": f"Bearer {key}"}
        headers |= {"Connection": "Upgrade", "Upgrade": "websocket"} if socket else {}
        answer = client.open(path, method=method, headers=headers)
        assert answer.status_code == (299 if allowed else 403), f"{scopes} {method} {path}"
        seen += 1
    assert seen > 70


def test_a_console_session_opens_no_route_of_the_api(stubbed, services):
    join(services.accounts, services.keys.workspace(), "p@shop.example", AccountRole.OWNER)
    token = services.accounts.entrance.enter("p@shop.example", PASSWORD, client=Client()).token
    client = stubbed.test_client()
    client.set_cookie("answerback_console", token, path="/")
    for header in ({}, {"Authorization": f"Bearer {token}"}):
        assert client.get("/v1/accounts", headers=header).status_code == 401


def test_a_view_that_states_nothing_is_for_administrators():
    assert permission_of(lambda: None) == Permission.ADMINISTER


@pytest.mark.parametrize(("role", "sees"), [("agent", False), ("viewer", False), ("editor", True)])
def test_only_editors_see_buttons_that_change_the_knowledge(app, services, role, sees):
    library, workspace_id = services.library, services.keys.workspace()
    from worker.knowledge.library import NewDocument

    library.add(workspace_id, NewDocument(title="Returns", data=b"Within 30 days.", media_type="text/plain"))
    join(services.accounts, workspace_id, "p@shop.example", AccountRole(role))
    person = Person(app, "p@shop.example", PASSWORD)
    person.log_in()
    page = person.get("/console/knowledge").text
    assert "Returns" in page
    assert ("Delete" in page) is sees
    assert ("Upload" in page) is sees


def test_a_key_still_opens_the_console_with_its_scopes(app, services):
    reader = Browser(app, services.keys.make(services.keys.workspace(), name="r", scopes=["read"]))
    assert reader.log_in().status_code == 303
    assert reader.get("/console").status_code == 200
    assert reader.get("/console/people").status_code == 403
    assert "API key" in reader.get("/console/profile").text
    assert reader.post("/console/profile", name="Nobody").status_code == 403
