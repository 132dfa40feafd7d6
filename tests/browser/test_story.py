"""A whole story in a real browser: a customer asks in the chat, an agent takes over, both see it at once."""

import re
import time

from playwright.sync_api import expect

from tests.support.stack import KEY

FIRST = "You can set a new password yourself at any time [1]."
SECOND = "After the reset you are signed out on all other devices"


def open_chat(page, desk):
    page.goto(f"{desk.url}/demo")
    page.get_by_role("button", name="Ask the shop").click()
    return page.get_by_role("textbox", name="Your message")


def see(page):
    """Wait for the first paint of a page: earlier key presses may get lost.

    The page's policy forbids `wait_for_function`, which compiles its text again each time it looks.
    """
    page.evaluate(
        "() => new Promise(painted => new PerformanceObserver(painted).observe({type: 'paint', buffered: true}))"
        ".then(() => true)"
    )


def tab_to(wanted):
    for _ in range(40):
        wanted.page.keyboard.press("Tab")
        if wanted.evaluate("element => element.getRootNode().activeElement === element"):
            return
    raise AssertionError(f"the keyboard does not reach {wanted}")


def test_a_customer_asks_and_an_agent_takes_over_and_returns_the_conversation(desk, new_page, operator, steer, picture):
    visitor = new_page(viewport={"width": 1100, "height": 760})
    steer(mode="say", text=f"{FIRST} {SECOND} [1].", tokens_per_s=10.0)
    field = open_chat(visitor, desk)
    field.fill("How do I reset my password?")
    field.press("Enter")
    last = visitor.locator(".message.assistant p").last
    expect(last).to_have_text(re.compile(rf"^{re.escape(FIRST)}\s*$"), timeout=15_000)  # before the second sentence
    expect(last).to_contain_text(SECOND, timeout=15_000)
    source = visitor.get_by_role("list", name="Sources").get_by_role("link")
    expect(source.first).to_have_attribute("href", re.compile("^https://shop.example/help/reset-your-password"))
    visitor.get_by_role("button", name="Yes").click()
    expect(visitor.get_by_text("Thank you.")).to_be_visible()
    picture(visitor, "widget")

    desk_side = operator(viewport={"width": 1200, "height": 800})
    desk_side.get_by_role("link", name="How do I reset my password?").first.click()
    expect(desk_side.get_by_text("Rated good")).to_be_visible()
    desk_side.locator(".sources a").first.click()
    expect(desk_side.locator("mark")).to_have_text("You can set a new password yourself at any time.")
    picture(desk_side, "console-source")
    desk_side.go_back()

    steer(mode="answer", tokens_per_s=0.0)
    field.fill("I want to talk to a human, please.")
    field.press("Enter")
    expect(visitor.locator(".notice")).to_contain_text("A member of our team will answer here")
    desk_side.get_by_role("link", name="Inbox").click()
    desk_side.get_by_role("link", name=re.compile("^Needs reply")).click()
    row = desk_side.get_by_role("row", name=re.compile("reset my password"))
    expect(row).to_contain_text("asked for a human")
    picture(desk_side, "console-inbox")
    row.get_by_role("link").click()
    expect(desk_side.locator(".summary")).to_contain_text("I want to talk to a human")
    desk_side.get_by_label("Reply to the customer").fill("Hello, Grace here. What is your order number?")
    desk_side.get_by_label("Your name").fill("Grace")
    desk_side.get_by_role("button", name="Send").click()
    reply = visitor.locator(".message.agent")
    expect(reply).to_contain_text("Grace here. What is your order number?")
    expect(visitor.locator(".notice")).to_have_count(0)

    field.fill("It is 1234.")
    field.press("Enter")
    expect(desk_side.locator("#conversation")).to_contain_text("It is 1234.")  # without a reload
    picture(desk_side, "console-conversation")
    desk_side.get_by_role("button", name="Return to bot").click()
    expect(desk_side.get_by_role("button", name="Take over")).to_be_visible()
    field.fill("How can I pay?")
    field.press("Enter")
    expect(visitor.locator(".message.assistant p").last).to_contain_text("You can pay by credit card", timeout=15_000)


def test_the_chat_is_restored_after_a_reload(desk, new_page):
    visitor = new_page()
    field = open_chat(visitor, desk)
    field.fill("How can I pay?")
    field.press("Enter")
    expect(visitor.locator(".message.assistant p").last).to_contain_text("You can pay", timeout=15_000)
    visitor.reload()
    visitor.get_by_role("button", name="Ask the shop").click()
    expect(visitor.locator(".message.customer p")).to_have_text("How can I pay?")
    expect(visitor.locator(".message.assistant p").last).to_contain_text("You can pay")
    expect(visitor.locator(".message")).to_have_count(3)  # the greeting, the question and the answer, each once


def test_text_of_customers_never_becomes_markup(desk, new_page, operator):
    hostile = """<img src=x onerror="alert(1)"><script>alert(2)</script><b>bold</b> How can I pay?"""
    visitor = new_page()
    field = open_chat(visitor, desk)
    field.fill(hostile)
    field.press("Enter")
    expect(visitor.locator(".message.customer p")).to_have_text(hostile)
    assert visitor.locator(".message img, .message b, .message script").count() == 0
    desk_side = operator()
    desk_side.get_by_role("link", name=re.compile("<img src=x")).first.click()
    expect(desk_side.locator("#conversation")).to_contain_text(hostile)
    assert desk_side.locator("#conversation img, #conversation b, #conversation script").count() == 0


def test_the_chat_formats_lists_tables_and_links(desk, new_page, operator):
    visitor = new_page()
    field = open_chat(visitor, desk)
    field.fill("I want to talk to a human about lists.")
    field.press("Enter")
    expect(visitor.locator(".notice")).to_be_visible()
    desk_side = operator()
    desk_side.get_by_role("link", name=re.compile("about lists")).first.click()
    written = (
        "Two ways:\nas you like.\n\n- **by post**\n- by courier\n3. third\n4. fourth\n"
        "Standard | 4.95 €\nExpress | 9.95 €\nSee https://shop.example/help?a=1&b=<i>2</i>, javascript:alert(1) "
        '[x](javascript:alert(1)) https://x"onmouseover=alert(1).'
    )
    desk_side.get_by_label("Reply to the customer").fill(written)
    desk_side.get_by_label("Your name").fill("Grace")
    desk_side.get_by_role("button", name="Send").click()
    reply = visitor.locator(".message.agent")
    expect(reply.get_by_role("listitem")).to_have_text(["by post", "by courier", "third", "fourth"])
    expect(reply.locator("ul strong")).to_have_text("by post")
    expect(reply.locator("ol")).to_have_attribute("start", "3")
    expect(reply.get_by_role("rowheader")).to_have_text(["Standard", "Express"])
    expect(reply.get_by_role("cell")).to_have_text(["4.95 €", "9.95 €"])
    links = [link.get_attribute("href") for link in reply.get_by_role("link").all()]
    assert links == ["https://shop.example/help?a=1&b=", "https://x"]
    first, last = (reply.locator("p").nth(index).inner_text() for index in (0, 1))
    assert first == "Two ways:\nas you like."
    assert last == written.rpartition("\n")[2]
    assert reply.locator("i").count() == 0


def test_the_keyboard_alone_is_enough(desk, new_page):
    """A visitor asks, an operator logs in, finds the conversation and answers; nobody touches a mouse."""
    visitor = new_page()
    visitor.goto(f"{desk.url}/demo")
    opener = visitor.get_by_role("button", name="Ask the shop")
    tab_to(opener)
    visitor.keyboard.press("Enter")
    expect(visitor.get_by_role("textbox", name="Your message")).to_be_focused()
    visitor.keyboard.type("Somebody must help me with order 77, I want a human!")
    visitor.keyboard.press("Enter")
    expect(visitor.locator(".notice")).to_be_visible()

    page = new_page()
    page.goto(f"{desk.url}/console")
    see(page)
    expect(page.get_by_label("E-mail address")).to_be_focused()
    tab_to(page.get_by_text("Use an API key instead"))
    page.keyboard.press("Enter")
    tab_to(page.get_by_label("API key"))
    page.keyboard.type(KEY)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Inbox")).to_be_visible()
    see(page)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    tab_to(page.get_by_role("link", name=re.compile("order 77")))
    page.keyboard.press("Enter")
    tab_to(page.get_by_label("Reply to the customer"))
    page.keyboard.type("I am on it.")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Your name")).to_be_focused()
    page.keyboard.type("Ada")
    page.keyboard.press("Enter")
    expect(page.locator("#conversation")).to_contain_text("I am on it.")
    expect(visitor.locator(".message.agent")).to_contain_text("I am on it.")
    visitor.keyboard.press("Escape")
    expect(opener).to_be_focused()


def test_a_message_that_arrives_before_the_stream_starts_is_shown(desk, operator):
    conversation_id = desk.ask("Who won the world cup?")["conversation_id"]
    page = operator()
    meanwhile = ["Are you there?"]

    def late(route):
        if meanwhile:  # the page was rendered before this message
            desk.call("POST", f"/v1/conversations/{conversation_id}/messages", {"content": meanwhile.pop()})
        route.continue_()

    page.route("**/events", late)
    page.goto(f"{desk.url}/console/conversations/{conversation_id}")
    expect(page.locator("#conversation")).to_contain_text("Are you there?")


def test_a_double_click_on_send_sends_one_reply(desk, operator):
    conversation_id = desk.ask("Who won the world cup?")["conversation_id"]
    page = operator()
    page.goto(f"{desk.url}/console/conversations/{conversation_id}")

    def slow(route):  # the request has arrived, and the response is delayed
        answer = route.fetch(max_redirects=0)
        time.sleep(0.6)
        route.fulfill(response=answer)

    page.route("**/replies", slow)
    page.get_by_label("Reply to the customer").fill("Nobody knows.")
    twice = "send => { send.click(); setTimeout(() => send.click(), 300); }"
    page.get_by_role("button", name="Send").evaluate(twice)
    expect(page.locator("#conversation")).to_contain_text("Nobody knows.")
    page.get_by_label("Reply to the customer").fill("Sorry.")
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#conversation")).to_contain_text("Sorry.")
    messages = desk.call("GET", f"/v1/conversations/{conversation_id}/messages").json["items"]
    assert [message["content"] for message in messages if message["role"] == "agent"] == ["Nobody knows.", "Sorry."]
