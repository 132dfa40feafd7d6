"""An agent's day in a real browser: the inbox, a long conversation, and what is being written."""

import re

import pytest
from playwright.sync_api import expect

PHONE = {"width": 390, "height": 844}
KATE = {"name": "Kate", "email": "kate@shop.example"}


@pytest.fixture
def conversation(desk):
    """A conversation that is longer than a screen, by its address."""
    for number in range(8):
        desk.ask(f"How can I pay order {number}?", external_id="long-one", requester={"name": "Zoë Müller"})
    sent = desk.ask("I want to talk to a human, please!", external_id="long-one")
    return f"{desk.url}/console/conversations/{sent['conversation_id']}"


@pytest.mark.parametrize("size", [{"width": 1440, "height": 900}, PHONE], ids=["desktop", "phone"])
def test_a_conversation_opens_at_its_newest_message_with_the_reply_in_reach(operator, conversation, size):
    page = operator(viewport=size)
    page.goto(conversation)
    expect(page.locator(".messages > li").last).to_be_in_viewport()
    expect(page.get_by_role("button", name="Send")).to_be_in_viewport()
    page.evaluate("() => window.scrollTo(0, 0)")
    expect(page.get_by_label("Reply to the customer")).to_be_in_viewport()
    expect(page.locator("h1")).to_be_in_viewport()


def test_what_is_being_written_is_kept_on_leaving_and_gone_once_it_is_sent(operator, conversation):
    page = operator()
    page.goto(conversation)
    page.get_by_label("Your name").fill("Grace")
    page.get_by_label("Reply to the customer").fill("Half a reply")
    page.get_by_role("link", name="Inbox").click()
    page.go_back()
    page.reload()
    expect(page.get_by_label("Reply to the customer")).to_have_value("Half a reply")
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".messages > .agent").last).to_contain_text("Half a reply")
    expect(page.get_by_label("Reply to the customer")).to_have_value("")
    expect(page.get_by_label("Your name")).to_have_value("Grace")
    page.reload()
    expect(page.get_by_label("Reply to the customer")).to_have_value("")


def test_a_reply_that_could_not_be_sent_is_still_there(operator, conversation):
    page = operator(but="403")
    page.goto(conversation)
    page.get_by_label("Reply to the customer").fill("A long reply")
    page.locator("form.reply input[name=csrf]").evaluate("field => { field.value = 'expired'; }")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_label("Reply to the customer")).to_have_count(0)
    page.goto(conversation)
    expect(page.get_by_label("Reply to the customer")).to_have_value("A long reply")


def test_a_reply_to_what_came_while_the_page_was_open_is_sent(operator, desk, conversation):
    page = operator()
    page.goto(conversation)
    desk.ask("Are you still there?", external_id="long-one")
    expect(page.locator(".messages > li").last).to_contain_text("Are you still there?")
    page.get_by_label("Reply to the customer").fill("Yes, I am.")
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".messages > .agent").last).to_contain_text("Yes, I am.")


def test_two_agents_do_not_reply_without_knowing_of_each_other(operator, conversation):
    first, second = operator(), operator(but="409")
    for page, name in ((first, "Grace"), (second, "Ada")):
        page.goto(conversation)
        page.get_by_label("Your name").fill(name)
        page.get_by_label("Reply to the customer").fill(f"Hello, {name} here.")
    first.get_by_role("button", name="Send").click()
    expect(first.locator(".messages > .agent").last).to_contain_text("Grace here")
    second.get_by_role("button", name="Send").click()
    expect(second.get_by_role("alert").first).to_contain_text("Grace replied while you were writing")
    expect(second.get_by_label("Reply to the customer")).to_have_value("Hello, Ada here.")
    second.get_by_role("button", name="Send").click()
    expect(second.locator(".messages > .agent").last).to_contain_text("Ada here")


def test_long_words_do_not_widen_the_inbox(desk, operator):
    desk.ask("x" * 400, external_id="wide")
    page = operator(viewport={"width": 1440, "height": 900})
    expect(page.locator(".list")).to_contain_text("xxxx")
    assert page.evaluate("() => document.documentElement.scrollWidth - window.innerWidth") <= 0


def test_the_inbox_shows_many_rows(desk, operator):
    for number in range(20):
        desk.ask(f"Is there a car park number {number}?", external_id=f"row-{number}")
    page = operator(viewport={"width": 1440, "height": 900})
    rows = page.locator(".list tbody tr")
    shown = sum(box["y"] + box["height"] <= 900 for row in rows.all() if (box := row.bounding_box()))
    assert shown >= 18


def test_a_search_and_the_view_are_kept_on_the_way_to_a_conversation_and_back(operator, conversation):
    page = operator()
    page.get_by_role("searchbox").fill("muller human")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name=re.compile("^Needs reply")).click()
    expect(page.locator(".list tbody tr")).to_have_count(1)
    page.locator(".list tbody a").click()
    page.get_by_role("link", name="Inbox").click()
    expect(page.get_by_role("searchbox")).to_have_value("muller human")
    expect(page.get_by_role("link", name=re.compile("^Needs reply"))).to_have_attribute("aria-current", "true")


def test_an_agent_works_the_list_by_single_keys(desk, operator):
    for number in (1, 2):
        desk.ask(f"I want to talk to a human about parcel {number}", external_id=f"keys-{number}", requester=KATE)
    page = operator(viewport={"width": 1440, "height": 900})
    page.goto(f"{desk.url}/console?view=waiting&q=parcel")
    page.keyboard.down("j")
    page.keyboard.down("j")  # held down
    page.keyboard.up("j")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("parcel 1")
    expect(page.locator("#others [aria-current]")).to_contain_text("parcel 1")
    expect(page.locator("#customer")).to_contain_text("about parcel 2")
    page.keyboard.press("j")
    expect(page.locator("h1")).to_contain_text("parcel 2")
    page.keyboard.press("r")
    page.keyboard.type("just a moment")
    expect(page.get_by_label("Reply to the customer")).to_have_value("just a moment")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    page.get_by_label("Single keys are on").uncheck()
    page.keyboard.press("Escape")
    expect(page.get_by_role("heading", name="Keys")).to_be_hidden()
    page.keyboard.press("k")
    page.keyboard.press("?")
    expect(page.get_by_role("heading", name="Keys")).to_be_visible()
    expect(page.locator("h1")).to_contain_text("parcel 2")


def test_single_keys_act_on_the_conversation_alone_and_close_it_only_with_enter(desk, operator):
    sent = desk.ask("I want to talk to a human about a bicycle", external_id="keys-close", requester=KATE)
    page = operator(viewport={"width": 1440, "height": 900})
    page.goto(f"{desk.url}/console/knowledge/sources")
    # The form of a source that is paused.
    resume = '<form action="/console/knowledge/sources/one/resume"><button>Resume</button></form>'
    page.locator("main").evaluate("(main, form) => main.insertAdjacentHTML('beforeend', form)", resume)
    page.keyboard.press("b")
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    assert "/console#" in page.url
    page.goto(f"{desk.url}/console/conversations/{sent['conversation_id']}")
    close = page.get_by_role("button", name="Close", exact=True)
    page.keyboard.press("e")
    expect(close).to_be_focused()
    expect(page.locator("#conversation .badge.human")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator("#conversation .badge.closed")).to_be_visible()
