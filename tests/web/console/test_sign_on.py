"""Single sign-on through the browser: there, back, and out."""

import dataclasses

import pytest

from tests.support.openid import SECRET, Provider
from tests.web.console.browser import Browser
from web import create_app
from worker.states import AccountRole


@pytest.fixture
def provider():
    claims = {"sub": "7", "email": "grace@shop.example", "email_verified": True, "name": "Grace", "groups": ["support"]}
    with Provider(claims=claims).serving() as serving:
        yield serving


@pytest.fixture
def build(settings, provider):
    """Build the application with the provider."""
    built = []

    def do(**options):
        changed = dataclasses.replace(
            settings,
            oidc_issuer=provider.issuer,
            oidc_client_id="answerback",
            oidc_client_secret=SECRET,
            oidc_name="Example ID",
            oidc_roles=(("support", AccountRole.AGENT),),
            **options,
        )
        app = create_app(changed)
        built.append(app)
        return app

    yield do
    for app in built:
        app.extensions["answerback"].close(timeout_s=0.1)


def come_back(browser, provider, begun):
    return browser.get("/console/sso/callback", query_string=provider.back(begun.headers["Location"]))


def test_a_person_logs_in_by_the_provider_under_their_name_and_out_again(build, provider):
    browser = Browser(build())
    assert "Log in with Example ID" in browser.get("/console/login").text
    begun = browser.get("/console/sso?next=/console/knowledge")
    assert begun.headers["Location"].startswith(f"{provider.issuer}/auth?")
    entered = come_back(browser, provider, begun)
    assert (entered.status_code, entered.headers["Location"]) == (303, "/console/knowledge")
    assert "Grace" in browser.get("/console").text
    assert browser.get("/console/people").status_code == 403
    profile = browser.get("/console/profile").text
    assert "Current password" not in profile
    (entry, *_others) = browser.client.application.extensions["answerback"].audit_log.page(
        browser.client.application.extensions["answerback"].keys.workspace()
    )[0]
    assert (entry["action"], entry["actor"]) == ("console.sign_on", "Grace")
    left = browser.post("/console/logout")
    assert left.headers["Location"] == "/console/login?left=sso"
    assert "/console/sso/logout" in browser.get("/console/login?left=sso").text
    off = browser.get("/console/sso/logout").headers["Location"]
    assert off.startswith(f"{provider.issuer}/end?client_id=answerback&post_logout_redirect_uri=http")


def test_an_answer_that_this_browser_did_not_ask_for_is_refused(build, provider):
    app = build()
    begun = Browser(app).get("/console/sso")
    other = Browser(app)
    refused = come_back(other, provider, begun)
    assert (refused.status_code, "not begun in this browser" in refused.text) == (401, True)
    other.get("/console/sso")  # their own state differs
    assert other.get("/console/sso/callback?code=code&state=guess").status_code == 401
    other.client.set_cookie("answerback_sign_on", "no json", path="/console/sso")
    assert other.get("/console/sso/callback?code=code&state=guess").status_code == 401
    assert other.get("/console").status_code == 303


def test_somebody_without_a_role_is_told_whom_to_ask(build, provider):
    provider.claims["groups"] = []
    browser = Browser(build())
    refused = come_back(browser, provider, browser.get("/console/sso"))
    assert (refused.status_code, "Ask an administrator" in refused.text) == (401, True)
    assert browser.get("/console").status_code == 303


def test_it_leads_to_pages_of_the_console_only(build, provider):
    browser = Browser(build())
    entered = come_back(browser, provider, browser.get("/console/sso?next=https://evil.example/console"))
    assert entered.headers["Location"] == "/console"


def test_passwords_can_be_turned_off(build, provider, settings):
    browser = Browser(build(passwords=False))
    page = browser.get("/console/login").text
    assert 'name="password"' not in page
    login = browser.client.post("/console/login", data={"email": "a@shop.example", "password": "x"})
    assert (login.status_code, "single sign-on" in login.text) == (401, True)
    assert browser.client.post("/console/forgot", data={"email": "a@shop.example"}).status_code == 401
    assert come_back(browser, provider, browser.get("/console/sso")).status_code == 303


def test_a_provider_that_is_down_is_an_error_of_the_page(build, provider):
    browser = Browser(build())
    provider.down = True
    assert browser.get("/console/sso").status_code == 503
    assert browser.get("/console/sso/logout").status_code == 503


def test_without_a_provider_there_is_no_single_sign_on(app):
    client = app.test_client()
    assert "Log in with" not in client.get("/console/login").text.replace("Log in with the key", "")
    for path in ("/console/sso", "/console/sso/callback", "/console/sso/logout"):
        assert client.get(path).status_code == 404
