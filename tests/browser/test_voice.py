"""The voice in a real browser: edited with a live preview and the keyboard, without scripts, and beside a colleague."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import enter_key
from tests.browser.test_pages import serious
from tests.browser.test_story import tab_to

MIA = {
    "name": "Mia",
    "tone": "friendly and plain; no exclamation marks",
    "max_sentences": 2,
    "languages": ["en", "de"],
    "guidance": "We say parcel, never package. Name the shortest way first.",
    "avoided_topics": [{"name": "other shops and their prices", "phrases": ["Amazon", "price match"]}],
    "channels": {
        "email": {
            "greeting": "Hello {customer},",
            "greets": "every_reply",
            "signature": "{assistant}, the assistant of Example Shop",
            "citations": "none",
        },
        "widget": {"citations": "links"},
    },
}


@pytest.fixture
def voice(desk):
    """Set the voice of the desk, or return it; it has none afterwards."""

    def do(values=None):
        if values is not None:
            assert desk.call("PUT", "/v1/workspace/voice", values).status == 200
        return desk.call("GET", "/v1/workspace/voice").json

    yield do
    do({})


def test_an_administrator_gives_the_desk_a_voice_and_sees_its_replies_while_typing(desk, operator, voice, picture):
    voice(MIA)
    page = operator(but="42", viewport={"width": 1200, "height": 1000})  # 422, for a wrong value
    page.get_by_role("link", name="Voice").click()
    picture(page, "console-voice")
    preview = page.locator("#preview")
    assistant = page.get_by_label("Name", exact=True).first
    assistant.fill("Max")
    expect(preview).to_contain_text("Max, the assistant of Example Shop")
    expect(page.locator("#unsaved")).to_have_text("Not saved yet.")
    tab_to(page.get_by_role("button", name="Add channel"))
    page.keyboard.press("Enter")
    channel = page.get_by_role("group", name="Channel 3")
    expect(channel.get_by_label("Channel", exact=True)).to_be_focused()
    page.keyboard.type("default")
    channel.get_by_label("Greeting", exact=True).fill("Hi {nickname}!")
    expect(preview).to_contain_text("Left out: Braces may only hold a name")
    assert serious(page) == []
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("link", name="Channel 3, greeting").click()
    wrong = page.get_by_role("textbox", name="Greeting").last
    expect(wrong).to_be_focused()
    expect(wrong).to_have_value("Hi {nickname}!")
    expect(wrong).to_have_accessible_description("Braces may only hold a name: {customer} or {assistant}.")
    assert serious(page) == []
    wrong.fill("Hi {customer}!")
    expect(preview).to_contain_text("Hi Ada Fischer!")
    page.get_by_role("button", name="Remove topic 1").click()
    expect(page.get_by_role("button", name="Add topic")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    page.get_by_label("Tone").focus()
    page.keyboard.press("Enter")  # saves, and does not press one of the other buttons
    expect(page.get_by_role("status")).to_contain_text("Saved.")
    saved = voice()
    assert (saved["name"], saved["avoided_topics"]) == ("Max", [])
    assert saved["channels"]["default"]["greeting"] == "Hi {customer}!"
    assert saved["channels"]["email"] == MIA["channels"]["email"]


def test_a_colleague_s_change_is_told_at_once_and_never_lost(desk, operator, voice):
    voice(MIA)
    page = operator(but="409")
    page.goto(f"{desk.url}/console/voice")
    page.get_by_label("Tone").fill("terse")
    voice({**MIA, "name": "Moa"})
    page.evaluate("() => window.dispatchEvent(new Event('focus'))")
    expect(page.get_by_text("Somebody changed the voice")).to_be_visible()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("alert").filter(has_text="changed while you edited")).to_be_visible()
    expect(page.get_by_role("row", name="Name Moa Mia")).to_be_visible()
    assert serious(page) == []
    assert voice()["name"] == "Moa"
    page.get_by_label("Name", exact=True).first.fill("Moa")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("Saved.")
    assert (voice()["name"], voice()["tone"]) == ("Moa", "terse")
    page.get_by_role("button", name="Reset to defaults").click()
    expect(page.get_by_label("Tone")).to_have_value("")
    assert voice()["name"] is None


def test_the_form_works_without_scripts(desk, new_page, voice):
    page = new_page(java_script_enabled=False)
    page.goto(f"{desk.url}/console/login")
    enter_key(page)
    page.goto(f"{desk.url}/console/voice")
    page.get_by_label("Tone").fill("plain")
    page.get_by_role("button", name="Add topic").click()
    page.get_by_label("Phrases").fill("lawyer\nsue")
    page.get_by_role("group", name="Topic 1").get_by_label("Name").fill("legal advice")
    page.get_by_role("button", name="Add channel").click()
    page.get_by_label("Channel", exact=True).fill("email")
    page.get_by_label("Signature").fill("Your shop")
    page.get_by_role("button", name="Update preview").click()
    expect(page.locator("#preview")).to_contain_text("Your shop")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("Saved.")
    saved = voice()
    assert (saved["tone"], saved["channels"]["email"]["signature"]) == ("plain", "Your shop")
    assert saved["avoided_topics"] == [{"name": "legal advice", "phrases": ["lawyer", "sue"]}]
