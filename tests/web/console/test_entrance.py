"""Logging in, by password, code and key; and forgotten passwords."""

from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest

from tests.support.accounts import PASSWORD, Outbox
from tests.support.services import override
from tests.web.console.browser import Person
from worker.accounts.links import digest
from worker.services.accounts import build_accounts, build_secret_box
from worker.store.tables import login_delay

NEW = "copper whale drafts limericks"


@pytest.fixture
def outbox(app, services):
    """A mail server for the application, with `deliver` for the part of a worker."""
    made = Outbox()
    accounts = build_accounts(services.settings, services.store, made, build_secret_box(services.settings))
    override(app, accounts=accounts)
    made.deliver = accounts.mails.send_due
    return made


def test_login_attempts_from_one_address_are_limited(app):
    client = app.test_client()
    tries = [client.post("/console/login", data={"email": f"u{n}@x.example", "password": "x"}) for n in range(35)]
    assert [answer.status_code for answer in tries] == [401] * 30 + [429] * 5


def test_failures_with_one_address_delay_the_next_attempt_and_say_for_how_long(app, person):
    person("agent")
    client = app.test_client()
    for email in ("agent@shop.example", "nobody@shop.example"):
        answers = [client.post("/console/login", data={"email": email, "password": "guess"}) for _ in range(6)]
        assert [answer.status_code for answer in answers] == [401] * 5 + [429]
        assert int(answers[-1].headers["Retry-After"]) >= 1
        assert "Try again in" in answers[-1].text


def test_a_wrong_password_and_an_unknown_address_get_the_same_page(app, person):
    person("agent")
    client = app.test_client()

    def page(email):
        answer = client.post("/console/login", data={"email": email, "password": "guess"})
        assert answer.status_code == 401
        assert "guess" not in answer.text
        return answer.text.replace(email, "")

    assert page("agent@shop.example") == page("nobody@shop.example")


def test_a_person_logs_in_goes_where_they_wanted_and_out_for_good(app, person):
    agent = person("agent")
    assert agent.log_in(next="/console/knowledge").headers["Location"] == "/console/knowledge"
    cookie = agent.client.get_cookie("answerback_console", path="/console").value
    assert "Agent" in agent.get("/console").text
    assert agent.post("/console/logout").status_code == 303
    stolen = app.test_client()
    stolen.set_cookie("answerback_console", cookie, path="/console")
    assert stolen.get("/console").status_code == 303


def test_a_login_rotates_the_session_and_the_csrf_token(app, person):
    agent = person("agent")
    before = (agent.client.get_cookie("answerback_console", path="/console").value, agent.csrf())
    agent.log_in()
    after = (agent.client.get_cookie("answerback_console", path="/console").value, agent.csrf())
    assert not set(before) & set(after)


def test_a_second_factor_is_asked_for_on_a_page_of_its_own(app, person, services):
    agent = person("agent")
    account_id = services.accounts.entrance.by_email(agent.email).id
    url = services.accounts.second_factor.begin(account_id)
    app_on_phone = pyotp.TOTP(parse_qs(urlsplit(url).query)["secret"][0])
    recovery = services.accounts.second_factor.confirm(account_id, app_on_phone.now())
    again = Person(app, agent.email, PASSWORD)
    asked = again.log_in(next="/console/knowledge")
    assert asked.headers["Location"] == "/console/login/code?next=/console/knowledge"
    assert again.get("/console").status_code == 303  # not in yet
    assert "one-time-code" in again.get("/console/login/code").text
    wrong = again.client.post("/console/login/code", data={"code": "000-000"})
    assert (wrong.status_code, "wrong or was used" in wrong.text) == (401, True)
    right = again.client.post("/console/login/code", data={"code": recovery[0], "next": "/console/knowledge"})
    assert right.headers["Location"] == "/console/knowledge"
    assert again.get("/console").status_code == 200
    late = app.test_client().post("/console/login/code", data={"code": recovery[1]})
    assert (late.status_code, "took too long" in late.text) == (401, True)
    assert app.test_client().get("/console/login/code").status_code == 303


def test_a_browser_is_known_after_the_code_and_not_before(app, person, services):
    agent = person("agent")
    account_id = services.accounts.entrance.by_email(agent.email).id
    url = services.accounts.second_factor.begin(account_id)
    app_on_phone = pyotp.TOTP(parse_qs(urlsplit(url).query)["secret"][0])
    recovery = services.accounts.second_factor.confirm(account_id, app_on_phone.now())
    again = Person(app, agent.email, PASSWORD)
    again.log_in()
    again.client.post("/console/login/code", data={"code": "000-000"})
    assert again.client.get_cookie("answerback_device", path="/console") is None
    again.client.post("/console/login/code", data={"code": recovery[0]})
    assert again.client.get_cookie("answerback_device", path="/console") is not None
    with services.store.begin() as tx:  # as after many failures elsewhere
        for subject in ("code", "current"):
            row = {"key": digest(f"\n{subject} {account_id}"), "failures": 20}
            tx.execute(login_delay.insert().values(**row, until_at=2**52, expires_at=2**52))
    elsewhere = Person(app, agent.email, PASSWORD)
    elsewhere.log_in()
    assert elsewhere.client.post("/console/login/code", data={"code": recovery[1]}).status_code == 429
    again.log_in()
    assert again.client.post("/console/login/code", data={"code": recovery[1]}).status_code == 303
    assert again.post("/console/profile/password", current=PASSWORD, new=NEW).status_code == 303
    assert again.post("/console/profile/second-factor/remove", current=NEW).status_code == 303


def test_a_forgotten_password_is_replaced_by_a_mailed_link_that_works_once(app, person, outbox, services):
    agent = person("agent")
    for email in (agent.email, "nobody@shop.example"):
        page = app.test_client().post("/console/forgot", data={"email": email})
        assert (page.status_code, "If somebody has an account" in page.text) == (200, True)
    outbox.deliver()
    assert [to for to, subject, _text in outbox.sent if "new password" in subject] == [agent.email]
    path = "/console/reset?token=" + outbox.token()
    client = app.test_client()
    assert "Choose a new password" in client.get(path).text
    weak = client.post("/console/reset", data={"token": outbox.token(), "password": "short"})
    assert (weak.status_code, outbox.token() in weak.text) == (422, True)
    done = client.post("/console/reset", data={"token": outbox.token(), "password": NEW})
    assert "Your password is changed" in done.text
    assert agent.get("/console").status_code == 303  # all sessions ended
    assert agent.log_in().status_code == 401
    agent.password = NEW
    assert agent.log_in().status_code == 303
    assert client.get(path).status_code == 404
    assert client.post("/console/reset", data={"token": outbox.token(), "password": PASSWORD}).status_code == 404


def test_without_a_mail_server_the_page_says_who_can_help(app):
    page = app.test_client().get("/console/forgot").text
    assert "answerback account reset" in page
    assert "<form" not in page


def test_links_in_mail_are_those_of_the_settings_whatever_host_a_request_names(app, person, outbox, services):
    agent = person("agent")
    app.test_client().post("/console/forgot", data={"email": agent.email}, headers={"Host": "evil.example"})
    outbox.deliver()
    assert outbox.link().startswith(services.settings.console_address + "/reset?token=")


def test_secrets_are_in_no_log_line(app, person, outbox, services):
    from structlog.testing import capture_logs

    agent = person("agent")
    app.test_client().post("/console/forgot", data={"email": agent.email})
    outbox.deliver()
    with capture_logs() as lines:
        app.test_client().get(f"/console/reset?token={outbox.token()}")
        agent.log_in()
        app.test_client().post("/console/login", data={"email": agent.email, "password": "a wrong password"})
    text = str(lines)
    assert "request" in text
    for secret in (outbox.token(), PASSWORD, "a wrong password"):
        assert secret not in text


def test_failed_logins_are_logged(app):
    from structlog.testing import capture_logs

    with capture_logs() as lines:
        app.test_client().post("/console/login", data={"email": "eve@x.example", "password": "guess"})
    assert {"login_refused"} <= {line["event"] for line in lines}
