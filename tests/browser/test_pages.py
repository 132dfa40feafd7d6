"""Every page in a real browser: accessibility, size, phone, dark mode; and what only scripts do."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.conftest import enter_key
from tests.support.mails import HELP, mail
from tests.support.stack import services
from worker.mailboxes.bounces import suppress

PAGES = {
    "inbox": "/console",
    "knowledge": "/console/knowledge",
    "sources": "/console/knowledge/sources",
    "search": "/console/search?q=how+can+I+pay",
    "versions": "/console/snapshots",
    "questions": "/console/questions",
    "voice": "/console/voice",
    "quality": "/console/quality",
    "reports": "/console/reports",
    "callbacks": "/console/callbacks",
    "helpdesks": "/console/helpdesks",
    "helpdesk-form": "/console/helpdesks/new/zendesk",
    "helpdesk-setup": "/console/helpdesks/support/setup",
    "mailboxes": "/console/mailboxes",
    "mailbox": "/console/mailboxes/MAILBOX",
    "mailbox-form": "/console/mailboxes/new",
    "people": "/console/people",
    "settings": "/console/settings/model",
    "settings-checks": "/console/settings/checks",
    "settings-costs": "/console/settings/costs",
    "settings-history": "/console/settings/history",
    "keys": "/console/keys",
    "audit": "/console/audit",
    "health": "/console/health",
    "budgets": "/console/budgets",
}
_PICTURED = ("knowledge", "search", "quality", "callbacks", "health", "questions", "settings")
_MAX_BYTES = 200_000


@pytest.fixture(scope="module", autouse=True)
def used(desk):
    """A desk with answered and unanswered questions, ratings, an endpoint, a helpdesk and a mailbox."""
    for number, (body, rating) in enumerate(
        (
            ("How can I pay?", "good"),
            ("How long does delivery take?", "good"),
            ("Do you have children bicycles?", None),
            ("Are there bicycles for children?", None),
            ("Is there a car park for camper vans?", None),
            ("How do I return an item?", "bad"),
        )
    ):
        ended = desk.ask(body, requester={"name": "Ada", "email": f"ada{number}@shop.example"})
        if rating and ended["state"] == "answered":
            desk.call("PUT", f"/v1/messages/{ended['id']}/feedback", {"rating": rating})
    desk.call("POST", "/v1/endpoints", {"url": "https://shop.example/hook", "description": "The shop's desk"})
    zendesk = {"name": "support", "kind": "zendesk", "url": "https://shop.zendesk.example", "token": "secret"}
    desk.call("POST", "/v1/helpdesks", {**zendesk, "options": {"email": "bot@shop.example", "bot_id": "1"}})
    box = {"name": "orders", "address": "orders@shop.example", "smtp_url": "smtp://127.0.0.1:9", "mode": "reply"}
    made = desk.call("POST", "/v1/mailboxes", box)
    assert made.status == 201, made.body
    headers = {"Content-Type": "message/rfc822"}
    for data in (mail(HELP), mail(id="2@shop.example", sender="orders@shop.example", subject="A note to ourselves")):
        desk.call("POST", f"/v1/mailboxes/{made.json['id']}/inbound", data=data, headers=headers)
    PAGES["mailbox"] = PAGES["mailbox"].replace("MAILBOX", made.json["id"])
    with services(desk.env) as built:
        row = built.mailboxes.get(built.keys.workspace(), made.json["id"])
        with built.store.begin() as tx:
            suppress(built.store, tx, row, "gone@shop.example", "gone@shop.example: 5.1.1 no such user")


def serious(page):
    found = Axe().run(page).response["violations"]
    return [
        f"{item['id']}: {node['target']} {node['failureSummary']}"
        for item in found
        if item["impact"] in ("serious", "critical")
        for node in item["nodes"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_accessible(desk, operator, picture, scheme):
    page = operator(color_scheme=scheme, viewport={"width": 1200, "height": 800})
    for name, path in PAGES.items():
        page.goto(desk.url + path)
        assert serious(page) == [], path
        if scheme == "light" and name in _PICTURED:
            picture(page, f"console-{name}")
    page.goto(f"{desk.url}/console")
    page.get_by_role("link", name="How can I pay?").first.click()
    for item in page.locator("details").all():
        item.evaluate("details => { details.open = true; }")
    assert serious(page) == []
    page.locator(".sources a").first.click()
    assert serious(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_login_and_the_chat_are_accessible(desk, new_page, scheme):
    page = new_page(color_scheme=scheme)
    page.goto(f"{desk.url}/console/login")
    page.get_by_text("Use an API key instead").click()
    assert serious(page) == []
    page.goto(f"{desk.url}/demo")
    assert serious(page) == []
    page.get_by_role("button", name="Ask the shop").click()
    page.get_by_role("textbox", name="Your message").fill("How can I pay?")
    page.keyboard.press("Enter")
    expect(page.get_by_role("list", name="Sources")).to_be_visible(timeout=15_000)
    assert serious(page) == []


def test_a_missing_object_gets_an_error_page(desk, operator):
    page = operator(but="404")
    page.goto(f"{desk.url}/console/conversations/none")
    expect(page.get_by_role("alert")).to_contain_text("There is no conversation")
    assert serious(page) == []


def test_pages_fit_a_phone(desk, operator):
    page = operator(viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    for path in PAGES.values():
        page.goto(desk.url + path)
        wide = page.evaluate("() => document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0, f"{path} is {wide} px too wide"


def test_pages_are_small(desk, operator):
    page = operator()
    for path in PAGES.values():
        received: list[int] = []
        page.on("response", lambda response, sizes=received: sizes.append(len(response.body())))
        page.goto(desk.url + path)
        page.wait_for_load_state("networkidle")
        assert 0 < sum(received) < _MAX_BYTES, path


def test_open_details_and_the_focus_survive_a_refresh(desk, operator):
    page = operator()
    conversation_id = desk.ask("How can I pay?", external_id="stays-open")["conversation_id"]
    page.goto(f"{desk.url}/console/conversations/{conversation_id}")
    page.get_by_text("How it was made").click()
    page.get_by_role("button", name="Good answer").focus()
    desk.ask("How long does delivery take?", external_id="stays-open")
    expect(page.locator(".messages > .customer")).to_have_count(2)
    expect(page.locator("details[open]")).to_have_count(1)
    expect(page.get_by_role("button", name="Good answer").first).to_be_focused()


def test_an_expired_session_costs_no_text_that_is_being_written(desk, operator):
    page = operator()
    conversation_id = desk.ask("I want a human, please!", external_id="login-ends")["conversation_id"]
    page.goto(f"{desk.url}/console/conversations/{conversation_id}")
    page.get_by_label("Reply to the customer").fill("Half a reply")
    page.context.clear_cookies()
    page.evaluate("() => window.htmx.trigger('#conversation', 'changed')")
    expect(page.locator("#session-expired")).to_be_visible()
    again = page.context.new_page()
    again.goto(f"{desk.url}/console/login")
    enter_key(again)
    expect(again.get_by_role("heading", name="Inbox")).to_be_visible()
    page.evaluate("() => window.htmx.trigger('#conversation', 'changed')")
    expect(page.locator("#session-expired")).to_be_hidden()
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#conversation")).to_contain_text("Half a reply")


def test_files_are_uploaded_by_drag_and_drop_with_progress(desk, operator, tmp_path):
    page = operator(but="422")
    page.goto(f"{desk.url}/console/knowledge")
    good = tmp_path / "bicycles.md"
    good.write_text("# Bicycles\n\nWe sell bicycles for children from 12 to 20 inches.")
    bad = tmp_path / "broken.pdf"
    bad.write_bytes(b"this is no PDF")
    page.get_by_label("Files or zip archives").set_input_files([good, bad])
    page.get_by_role("button", name="Upload").click()
    lines = page.locator("#uploads li")
    expect(lines.nth(0)).to_have_text("bicycles.md uploaded.")
    expect(lines.nth(1)).to_contain_text("broken.pdf: ")
    row = page.get_by_role("row", name=re.compile("Bicycles"))
    expect(row).to_contain_text("ready", timeout=30_000)  # the list refreshes by itself
    page.evaluate(
        """() => {
            const data = new DataTransfer();
            data.items.add(new File(["# Helmets\\n\\nEvery bicycle comes with a helmet."], "helmets.md"));
            document.getElementById("upload").dispatchEvent(new DragEvent("drop", {dataTransfer: data, bubbles: true}));
        }"""
    )
    expect(lines.nth(2)).to_have_text("helmets.md uploaded.")
    expect(page.get_by_role("row", name=re.compile("Helmets"))).to_contain_text("ready", timeout=30_000)
    page.goto(f"{desk.url}/console/snapshots")
    page.get_by_role("link", name="Show changes").first.click()
    expect(page.get_by_role("heading", name="Added: 1")).to_be_visible()
    expect(page.get_by_role("link", name="Helmets")).to_be_visible()
    page.get_by_role("button", name="Activate").first.click()
    expect(page.locator(".badge", has_text="active")).to_have_count(1)
    page.get_by_role("button", name="Activate").first.click()  # activate the newest again


def test_unanswered_questions_are_grouped(desk, operator):
    page = operator()
    page.goto(f"{desk.url}/console/questions")
    groups = page.locator(".groups > li")
    expect(groups.filter(has_text="bicycles").locator(".badge")).to_have_text("2×")
    expect(groups.filter(has_text="camper").locator(".badge")).to_have_text("1×")
