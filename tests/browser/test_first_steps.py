"""A new owner's first ten minutes, and the report that comes of it."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.test_pages import serious
from tests.support.accounts import PASSWORD
from tests.support.services import build_installation

PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}


@pytest.fixture
def link(desk):
    """The link for the first owner of a workspace without anything."""
    built = build_installation(desk.settings)
    yield built.accounts.invitations.first_owner(built.keys.workspace("ten minutes"))
    built.close()


def looks_well(page, picture, name):
    """Hold a page to being accessible, and to fit a phone as well."""
    assert serious(page) == []
    picture(page, name)
    size = page.viewport_size
    page.set_viewport_size(PHONE["viewport"])
    assert page.evaluate("() => document.documentElement.scrollWidth - window.innerWidth") <= 0
    page.emulate_media(color_scheme="dark")
    assert serious(page) == []
    picture(page, f"{name}-phone")
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(size)


def test_a_new_owners_first_ten_minutes(desk, new_page, picture, link):
    owner = new_page(viewport={"width": 1280, "height": 900})
    owner.goto(f"{desk.url}/console{link.partition('/console')[2]}")
    owner.get_by_label("E-mail address").fill("olga@first.example")
    owner.get_by_label("Your name").fill("Olga First")
    owner.get_by_label("Password").fill(PASSWORD)
    owner.get_by_role("button", name="Create the account").click()
    owner.wait_for_url("**/console")
    steps = owner.get_by_role("region", name="Get started")
    expect(steps).to_contain_text("0 of 4 done")
    looks_well(owner, picture, "console-first-steps")

    steps.get_by_role("link", name="Write an article or upload files").click()
    owner.get_by_text("Write a document or import pages").click()
    owner.get_by_label("Title").fill("Paying")
    owner.get_by_label("Text (Markdown)").fill("# Paying\n\nYou can pay by card, by invoice or on delivery.")
    owner.get_by_role("button", name="Add", exact=True).click()
    expect(owner.get_by_role("row", name=re.compile("Paying"))).to_contain_text("ready", timeout=60_000)

    owner.get_by_role("link", name="Inbox", exact=True).click()
    expect(steps).to_contain_text("1 of 4 done")
    steps.get_by_label("Your question").fill("How can I pay?")
    steps.get_by_role("button", name="Ask", exact=True).click()
    expect(owner.locator(".messages > .assistant")).to_be_visible(timeout=60_000)

    owner.get_by_role("link", name="Inbox", exact=True).click()
    expect(steps).to_contain_text("2 of 4 done")
    steps.get_by_role("link", name="Invite somebody").click()
    owner.get_by_label("E-mail address").fill("gustav@first.example")
    owner.get_by_role("radio", name=re.compile("^agent")).check()
    owner.get_by_role("button", name="Invite").click()
    owner.get_by_role("link", name="Inbox", exact=True).click()
    expect(steps).to_contain_text("3 of 4 done")
    steps.get_by_role("button", name=re.compile("^Skip.*Connect where")).click()
    expect(owner.get_by_role("heading", name="Inbox")).to_be_visible()
    expect(steps).to_have_count(0)

    owner.get_by_role("link", name="Reports", exact=True).click()
    for _ in range(30):  # an answer worker counts the conversation within ten seconds
        if owner.get_by_role("figure").count():
            break
        owner.wait_for_timeout(1_000)
        owner.reload()
    expect(owner.locator(".tiles")).to_contain_text("100 %")
    expect(owner.locator("#topics + div")).to_contain_text("No two conversations ask the same", timeout=30_000)
    looks_well(owner, picture, "console-reports")
