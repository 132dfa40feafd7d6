"""A question back in the chat: its options are buttons that the keyboard reaches, and the console says what it was."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.test_story import open_chat, tab_to

ASKED = "Do you want to return or exchange your shoes?"
OPTIONS = ["Return an item", "Exchange for another size"]
CLARIFY = f"CLARIFY\n{ASKED}\n- {OPTIONS[0]} [{{}}]\n- {OPTIONS[1]} [{{}}]"


@pytest.fixture
def voice(desk):
    """Set the voice of the desk; it has none afterwards."""

    def put(**values):
        done = desk.call("PUT", "/v1/workspace/voice", values)
        assert done.status == 200, done
        return done.json

    yield put
    put()


@pytest.fixture
def numbers(desk) -> list[int]:
    """The numbers under which the model is given the two articles."""
    found = desk.call("POST", "/v1/search", {"query": "I want to return my shoes", "limit": 5}).json["items"]
    titles = [item["title"] for item in found]
    return [titles.index(option) + 1 for option in OPTIONS]


def test_a_customer_chooses_an_option_with_the_keyboard(desk, new_page, operator, steer, voice, numbers, picture):
    voice(channels={"widget": {"greeting": "Hi there!", "signature": "Mia of Example Shop", "citations": "links"}})
    visitor = new_page(viewport={"width": 1100, "height": 760})
    steer(mode="say", text=CLARIFY.format(*numbers))
    field = open_chat(visitor, desk)
    field.fill("I want to return my shoes")
    field.press("Enter")
    choices = visitor.get_by_role("group", name="Choose one, or write your own answer")
    expect(choices.get_by_role("button")).to_have_text(OPTIONS, timeout=15_000)
    asked = visitor.locator(".message.assistant").last
    expect(asked.locator("p")).to_have_text(["Hi there!", ASKED, "Mia of Example Shop"])
    expect(asked.get_by_text("Did this help?")).to_have_count(0)
    picture(visitor, "widget-clarification")

    steer(mode="answer")
    tab_to(choices.get_by_role("button", name=OPTIONS[0]))
    visitor.keyboard.press("Enter")
    expect(visitor.locator(".message.customer").last).to_have_text(OPTIONS[0])
    expect(visitor.get_by_role("textbox", name="Your message")).to_be_focused()
    answer = visitor.locator(".message.assistant").last
    expect(answer).to_contain_text("Did this help?", timeout=15_000)
    expect(choices).to_have_count(0)
    expect(answer.get_by_text("Hi there!")).to_have_count(0)  # a chat is greeted once
    expect(answer.locator("p").last).to_have_text("Mia of Example Shop")
    expect(answer).not_to_contain_text(re.compile(r"\[\d\]"))
    expect(answer.get_by_role("list", name="Sources").get_by_role("link").first).to_be_visible()
    expect(visitor.locator(".message li").filter(has_text=OPTIONS[1])).to_be_visible()  # stays readable

    desk_side = operator(viewport={"width": 1200, "height": 900})
    desk_side.get_by_role("link", name="I want to return my shoes").first.click()
    expect(desk_side.get_by_text("question back", exact=True)).to_be_visible()
    expect(desk_side.get_by_text(ASKED)).to_be_visible()


def test_options_are_gone_after_a_reload_once_the_customer_wrote_something_else(desk, new_page, steer, numbers):
    visitor = new_page()
    steer(mode="say", text=CLARIFY.format(*numbers))
    field = open_chat(visitor, desk)
    field.fill("I want to return my shoes")
    field.press("Enter")
    expect(visitor.get_by_role("button", name=OPTIONS[0])).to_be_visible(timeout=15_000)
    visitor.reload()
    field = open_chat(visitor, desk)
    expect(visitor.get_by_role("button", name=OPTIONS[0])).to_be_visible()
    steer(mode="answer")
    field.fill("How can I pay?")
    field.press("Enter")
    expect(visitor.locator(".message.assistant").last).to_contain_text("Did this help?", timeout=15_000)
    visitor.reload()
    open_chat(visitor, desk)
    expect(visitor.locator(".message.assistant").last).to_contain_text("Did this help?")
    expect(visitor.get_by_role("button", name=OPTIONS[0])).to_have_count(0)
