"""People in a real browser: the first owner, a colleague, two factors; each page is accessible and fits a phone."""

import re

import pyotp
import pytest
from playwright.sync_api import expect

from tests.browser.test_pages import serious
from tests.support.accounts import OWNER, PASSWORD, join
from tests.support.services import build_installation
from worker.states import AccountRole

PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}


@pytest.fixture(scope="module")
def installation(desk):
    built = build_installation(desk.settings)
    yield built
    built.close()


def fits(page):
    return page.evaluate("() => document.documentElement.scrollWidth - window.innerWidth") <= 0


def log_in(page, desk, email):
    page.goto(f"{desk.url}/console/login")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in", exact=True).click()


@pytest.mark.parametrize("options", [{"viewport": {"width": 1200, "height": 800}}, {**PHONE, "color_scheme": "dark"}])
def test_pages_without_a_login_are_accessible_and_fit(desk, new_page, picture, installation, options):
    page, phone = new_page(but="404", **options), "is_mobile" in options
    workspace_id = installation.keys.workspace("empty")
    first = installation.accounts.invitations.first_owner(workspace_id)
    invited = installation.accounts.invitations.invite(
        workspace_id, email=f"new{phone}@shop.example", role=AccountRole.AGENT, by=OWNER
    ).url
    addresses = {
        "login": "/login",
        "forgot": "/forgot",
        "first-owner": "/invitation" + first.partition("/invitation")[2],
        "invitation": "/invitation" + invited.partition("/invitation")[2],
        "link-invalid": "/reset?token=used",
    }
    for name, path in addresses.items():
        page.goto(f"{desk.url}/console{path}")
        assert serious(page) == [], path
        assert fits(page), path
        picture(page, f"accounts-{name}{'-phone' if phone else ''}")


def test_an_owner_and_a_colleague_begin_and_work_under_their_names(desk, new_page, picture, installation):
    workspace_id = installation.keys.workspace()
    path = installation.accounts.invitations.first_owner(workspace_id).partition("/console")[2]
    owner = new_page(viewport={"width": 1200, "height": 800}, permissions=["clipboard-read", "clipboard-write"])
    owner.goto(f"{desk.url}/console{path}")
    owner.get_by_label("E-mail address").fill("ada@shop.example")
    owner.get_by_label("Your name").fill("Ada Lovelace")
    owner.get_by_label("Password").fill(PASSWORD)
    owner.get_by_role("button", name="Create the account").click()
    owner.wait_for_url("**/console")
    owner.get_by_role("link", name="People", exact=True).click()
    owner.get_by_label("E-mail address").fill("grace@shop.example")
    owner.get_by_role("radio", name=re.compile("^agent")).check()
    owner.get_by_role("button", name="Invite").click()
    assert serious(owner) == []
    picture(owner, "accounts-invited")
    owner.get_by_role("button", name="Copy").click()
    expect(owner.get_by_role("button", name="Copied")).to_be_visible()
    link = owner.evaluate("() => navigator.clipboard.readText()")
    grace = new_page(viewport={"width": 1200, "height": 800})
    grace.goto(re.sub(r"^.*?/console", f"{desk.url}/console", link))
    grace.get_by_label("Your name").fill("Grace Hopper")
    grace.get_by_label("Password").fill(PASSWORD)
    grace.get_by_role("button", name="Accept").click()
    grace.wait_for_url("**/console")
    expect(grace.get_by_role("link", name="People", exact=True)).to_have_count(0)
    conversation_id = desk.ask("I want a human, please!")["conversation_id"]
    grace.goto(f"{desk.url}/console/conversations/{conversation_id}")
    grace.get_by_label("Reply to the customer").fill("Hello, I am here.")
    picture(grace, "accounts-reply")
    grace.get_by_role("button", name="Send").click()
    expect(grace.locator(".messages > .agent .author")).to_contain_text("Grace Hopper")
    owner.get_by_role("link", name="People", exact=True).click()
    expect(owner.get_by_role("table")).to_contain_text("Grace Hopper")
    owner.get_by_text("Change Grace Hopper").click()
    assert serious(owner) == []
    picture(owner, "accounts-people")
    owner.get_by_role("button", name="Disable").click()
    expect(owner.get_by_role("table")).to_contain_text("disabled")
    grace.reload()
    expect(grace.get_by_role("heading", name="Log in")).to_be_visible()


@pytest.mark.parametrize("options", [{"viewport": {"width": 1200, "height": 900}}, {**PHONE, "color_scheme": "dark"}])
def test_two_factors_are_set_up_and_asked_for(desk, new_page, picture, installation, options):
    phone = "is_mobile" in options
    email = f"two{'-phone' if phone else ''}@shop.example"
    join(installation.accounts, installation.keys.workspace(), email, AccountRole.AGENT, name="Two Factors")
    page, suffix = new_page(but="401", **options), "-phone" if phone else ""
    log_in(page, desk, email)
    page.get_by_role("link", name="Two Factors").click()
    page.wait_for_url("**/profile")
    assert serious(page) == []
    assert fits(page)
    picture(page, f"accounts-profile{suffix}")
    page.locator("#current-2").fill(PASSWORD)
    page.get_by_role("button", name="Set up").click()
    page.get_by_text("Or type the secret").click()
    assert serious(page) == []
    assert fits(page)
    picture(page, f"accounts-two-factor{suffix}")
    secret = page.locator(".setup code").inner_text().replace(" ", "")
    page.get_by_label("Code", exact=True).fill(pyotp.TOTP(secret).now())
    page.get_by_role("button", name="Turn on").click()
    expect(page.locator(".codes li")).to_have_count(10)
    assert serious(page) == []
    picture(page, f"accounts-recovery-codes{suffix}")
    recovery = page.locator(".codes li").first.inner_text()
    page.get_by_role("button", name="Log out").click()
    log_in(page, desk, email)
    page.get_by_label("Code of your authenticator app").fill("123-456")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert serious(page) == []
    picture(page, f"accounts-code{suffix}")
    page.get_by_label("Code of your authenticator app").fill(recovery)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Inbox")).to_be_visible()
