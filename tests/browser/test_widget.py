"""The chat widget under failures: lost connections, erased conversations, pages of other origins."""

import http.server
import json
import re
import threading
import time

import pytest
from playwright.sync_api import expect

from tests.browser.test_story import FIRST, SECOND, open_chat
from tests.support.processes import wait_for

ASK = "How do I reset my password?"


@pytest.fixture
def visitor(desk, new_page):
    page = new_page(but="404")  # of the erased conversation
    page.field = open_chat(page, desk)
    return page


def ask(page, text):
    page.field.fill(text)
    page.field.press("Enter")


def conversation_of(page):
    kept = page.evaluate("() => Object.values(localStorage)")
    return next(json.loads(text)["conversation_id"] for text in kept if text.startswith("{"))


def slowly(steer):
    steer(mode="say", text=f"{FIRST} {SECOND} [1].", tokens_per_s=6.0)


def paragraphs(page):
    return [message.inner_text() for message in page.locator(".message p").all()]


def test_an_answer_appears_once_although_the_connection_was_lost(desk, visitor, steer):
    slowly(steer)
    ask(visitor, ASK)
    expect(visitor.locator(".message.assistant").last).to_contain_text(FIRST, timeout=15_000)
    visitor.evaluate("() => document.querySelector('answerback-chat').socket.close()")
    expect(visitor.locator(".message.assistant").last).to_contain_text(SECOND, timeout=15_000)
    assert len(paragraphs(visitor)) == 3  # the greeting, the question, the answer
    assert sum(FIRST in message for message in paragraphs(visitor)) == 1


def test_a_reload_during_an_answer_shows_its_beginning(desk, visitor, steer):
    ask(visitor, "How can I pay?")
    expect(visitor.get_by_role("list", name="Sources")).to_be_visible(timeout=15_000)
    slowly(steer)
    ask(visitor, ASK)
    expect(visitor.locator(".message.assistant").last).to_contain_text(FIRST, timeout=15_000)
    visitor.reload()
    visitor.get_by_role("button", name="Ask the shop").click()
    expect(visitor.locator(".message.assistant").last).to_contain_text(FIRST)
    assert "" not in paragraphs(visitor)
    expect(visitor.locator(".message.assistant").last).to_contain_text(SECOND, timeout=15_000)
    order = [message for message in paragraphs(visitor) if message in ("How can I pay?", ASK) or FIRST in message]
    assert order[:2] == ["How can I pay?", ASK]
    assert len(paragraphs(visitor)) == 5


def test_a_cancelled_answer_disappears(desk, visitor, steer):
    slowly(steer)
    ask(visitor, ASK)
    expect(visitor.locator(".message.assistant").last).to_contain_text(FIRST, timeout=15_000)
    conversation_id = conversation_of(visitor)
    (message,) = desk.call("GET", f"/v1/conversations/{conversation_id}/messages").json["items"]
    desk.call("POST", f"/v1/messages/{message['id']}/cancel")
    expect(visitor.get_by_text("This message was not answered.")).to_be_visible()
    assert len(paragraphs(visitor)) == 2
    steer(mode="answer", tokens_per_s=0.0)
    ask(visitor, "How can I pay?")
    expect(visitor.locator(".message").last).to_contain_text("You can pay", timeout=15_000)


def test_a_new_conversation_replaces_an_erased_one(desk, visitor):
    ask(visitor, "How can I pay?")
    expect(visitor.get_by_role("list", name="Sources")).to_be_visible(timeout=15_000)
    conversation_id = conversation_of(visitor)
    desk.call("DELETE", f"/v1/conversations/{conversation_id}")
    visitor.reload()
    visitor.get_by_role("button", name="Ask the shop").click()
    ask(visitor, "How long does delivery take?")
    expect(visitor.get_by_role("list", name="Sources")).to_be_visible(timeout=20_000)
    assert conversation_of(visitor) != conversation_id
    assert "How can I pay?" not in paragraphs(visitor)


def test_a_message_that_is_too_long_is_rejected_and_not_cut(visitor):
    long = "🙂 y" * 7_000
    ask(visitor, long)
    expect(visitor.get_by_role("status")).to_have_text("The message is too long by 1000 characters.")
    expect(visitor.field).to_have_value(long)
    ask(visitor, f"{ASK} {'y' * 19_972}")  # 20,000 characters
    expect(visitor.locator(".message.customer p")).to_contain_text("yyy")


def test_the_handoff_notice_follows_the_owner_of_the_conversation(desk, visitor):
    notice = visitor.locator(".notice")
    ask(visitor, "I want a human, please!")
    expect(notice).to_be_visible(timeout=15_000)
    conversation_id = conversation_of(visitor)
    desk.call("POST", f"/v1/conversations/{conversation_id}/resume")
    expect(notice).to_have_count(0)
    ask(visitor, "How can I pay?")
    expect(visitor.locator(".message").last).to_contain_text("You can pay", timeout=15_000)
    visitor.reload()
    visitor.get_by_role("button", name="Ask the shop").click()
    expect(visitor.locator(".message").last).to_contain_text("You can pay")
    expect(notice).to_have_count(0)
    desk.call("POST", f"/v1/conversations/{conversation_id}/handoff", {})
    expect(notice).to_be_visible()
    desk.call("POST", f"/v1/conversations/{conversation_id}/close")
    expect(notice).to_have_count(0)


def test_a_message_written_while_the_history_loads_is_shown_last(desk, visitor):
    ask(visitor, "How can I pay?")
    expect(visitor.get_by_role("list", name="Sources")).to_be_visible(timeout=15_000)

    def late(route):
        time.sleep(0.8)
        route.continue_()

    visitor.route("**/messages*", late)
    visitor.reload()
    visitor.get_by_role("button", name="Ask the shop").click()
    ask(visitor, "How long does delivery take?")
    expect(visitor.get_by_role("list", name="Sources")).to_have_count(2, timeout=20_000)
    asked = [message for message in paragraphs(visitor) if message.startswith("How ")]
    assert asked == ["How can I pay?", "How long does delivery take?"]


def test_a_second_script_tag_is_ignored(desk, new_page):
    page = new_page()
    page.goto(f"{desk.url}/demo")
    page.add_script_tag(url=f"{desk.url}/widget.js")
    expect(page.locator("answerback-chat")).to_have_count(1)


class Shop(http.server.ThreadingHTTPServer):
    """A shop's own server: a page with the chat, and the session that it makes with its key."""

    daemon_threads = True

    def __init__(self, desk):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.desk = desk
        self.customer = "4711"  # the customer who is logged in
        self.conversation_ids = []
        self.lang = "en"  # of the page
        self.attributes = ""  # of the script tag
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        lang, attributes = self.server.lang, self.server.attributes
        page = (
            f"<!doctype html><html lang='{lang}'><title>Shop</title>"
            f"<script src='{self.server.desk.url}/widget.js' data-session='/session' {attributes} defer></script>"
        )
        self._send("text/html", page)

    def do_POST(self):
        desk = self.server.desk
        who = self.server.customer
        opened = {"external_id": f"chat-{self.server.server_port}-{who}", "requester": {"id": who}}
        conversation_id = desk.call("POST", "/v1/conversations", opened).json["id"]
        self.server.conversation_ids.append(conversation_id)
        made = desk.call("POST", f"/v1/conversations/{conversation_id}/token", {"origin": self.server.url}).json
        self._send("application/json", json.dumps({"conversation_id": conversation_id, **made}))

    def _send(self, kind, text):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_arguments):
        pass


@pytest.fixture
def shop(desk):
    with Shop(desk) as made:
        yield made
        made.shutdown()


def enter(page):
    """Open the chat on the shop's page."""
    page.get_by_role("button", name="Ask us").click()
    page.field = page.get_by_role("textbox", name="Your message")


def test_a_shop_s_own_server_makes_the_session(desk, shop, new_page):
    page = new_page()
    page.goto(shop.url)
    enter(page)
    ask(page, "How can I pay?")
    expect(page.get_by_role("list", name="Sources")).to_be_visible(timeout=15_000)
    page.get_by_role("button", name="Yes").click()
    wait_for(
        lambda: desk.call("GET", f"/v1/conversations/{shop.conversation_ids[0]}/messages").json["items"][0]["feedback"],
        what="the rating",
    )
    # The token is valid for 15 minutes, and is not requested again at every connection.
    page.evaluate("document.querySelector('answerback-chat').socket.close()")
    ask(page, "How long does delivery take?")
    expect(page.get_by_role("list", name="Sources")).to_have_count(2, timeout=15_000)
    assert len(shop.conversation_ids) == 1
    page.reload()
    enter(page)
    expect(page.get_by_role("list", name="Sources")).to_have_count(2)
    assert set(shop.conversation_ids) == {shop.conversation_ids[0]}


def test_the_next_customer_does_not_continue_the_session_of_the_one_before(shop, new_page):
    page = new_page()
    page.goto(shop.url)
    enter(page)
    ask(page, "How can I pay?")
    expect(page.get_by_role("list", name="Sources")).to_be_visible(timeout=15_000)
    shop.customer = "4712"
    page.reload()
    enter(page)
    ask(page, "How long does delivery take?")
    expect(page.get_by_role("list", name="Sources")).to_have_count(1, timeout=15_000)
    assert "How can I pay?" not in paragraphs(page)
    assert "token" not in page.evaluate("JSON.stringify(localStorage)")


def test_the_chat_speaks_the_language_of_the_page(desk, shop, new_page, picture):
    shop.lang = "de-AT"
    page = new_page(viewport={"width": 700, "height": 760})
    page.goto(shop.url)
    page.get_by_role("button", name="Fragen Sie uns").click()
    page.field = page.get_by_role("textbox", name="Ihre Nachricht")
    ask(page, "How can I pay?")
    expect(page.get_by_role("list", name="Quellen")).to_be_visible(timeout=15_000)
    expect(page.get_by_text("Hat das geholfen?")).to_be_visible()
    page.get_by_role("button", name="Ja", exact=True).click()
    expect(page.get_by_role("status")).to_have_text("Vielen Dank.")
    ask(page, "Ich möchte mit einem Menschen sprechen.")
    expect(page.locator(".notice")).to_have_text(
        re.compile("^Jemand aus unserem Team antwortet Ihnen hier"), timeout=15_000
    )
    picture(page, "widget-german")


def test_the_script_tag_names_another_language_than_the_page(shop, new_page):
    shop.attributes = "data-language='pl' data-title='Sklep'"
    page = new_page()
    page.goto(shop.url)
    page.get_by_role("button", name="Sklep").click()
    expect(page.get_by_role("button", name="Wyślij")).to_be_visible()
    expect(page.locator("answerback-chat")).to_have_attribute("lang", "pl")


def test_without_its_texts_the_chat_is_english(shop, new_page):
    shop.lang = "fr"
    page = new_page(but="503")
    page.route("**/widget/texts/*", lambda route: route.fulfill(status=503))
    page.goto(shop.url)
    enter(page)
    expect(page.get_by_role("button", name="Send")).to_be_visible()


def test_a_reply_that_comes_while_the_chat_is_closed_is_announced(desk, visitor):
    ask(visitor, "I want a human, please!")
    expect(visitor.locator(".notice")).to_be_visible(timeout=15_000)
    path = f"/v1/conversations/{conversation_of(visitor)}/replies"
    title = visitor.title()
    visitor.get_by_role("button", name="Close the chat").click()
    desk.call("POST", path, {"content": "Hello!", "author": "Grace"})
    opener = visitor.get_by_role("button", name="Ask the shop: 1 unread")
    expect(opener).to_be_visible()
    expect(visitor).to_have_title(f"(1) {title}")
    visitor.reload()  # the visitor comes back later
    expect(opener).to_be_visible()
    desk.call("POST", path, {"content": "Are you there?", "author": "Grace"})
    visitor.get_by_role("button", name="Ask the shop: 2 unread").click()
    expect(visitor.locator(".message.agent").last).to_contain_text("Are you there?")
    expect(visitor).to_have_title(title)
    visitor.get_by_role("button", name="Close the chat").click()
    expect(visitor.get_by_role("button", name="Ask the shop", exact=True)).to_be_visible()


def test_the_chat_is_back_soon_after_the_server_is(desk, new_page):
    visitor = new_page(but="ERR_INTERNET_DISCONNECTED")
    visitor.field = open_chat(visitor, desk)
    ask(visitor, ASK)
    expect(visitor.get_by_role("list", name="Sources")).to_be_visible(timeout=15_000)
    visitor.context.set_offline(True)
    visitor.evaluate("() => document.querySelector('answerback-chat').socket.close()")
    expect(visitor.get_by_role("status")).to_contain_text("Connection lost")
    visitor.wait_for_timeout(5_000)
    visitor.context.set_offline(False)
    expect(visitor.get_by_role("status")).to_have_text("", timeout=5_500)


def test_the_number_of_a_source_shows_what_it_says(visitor):
    ask(visitor, ASK)
    number = visitor.get_by_role("button", name="[1]").first
    number.click(timeout=15_000)
    quote = visitor.locator(".quote")
    expect(quote).to_contain_text("You can set a new password yourself at any time.")
    expect(number).to_have_attribute("aria-expanded", "true")
    number.click()
    expect(quote).to_have_count(0)


def test_an_agent_s_table_link_code_and_italics_are_formatted(desk, visitor):
    ask(visitor, "I want a human, please!")
    expect(visitor.locator(".notice")).to_be_visible(timeout=15_000)
    written = (
        "See [our *shop*](https://shop.example/a) and *this*, `rm *` or 2*3*4.\n\n"
        "| Size | Price |\n|:---|---:|\n| small | 4 € |\n\n```\n<b>let</b> x = *1*\n  y\n```\nBye"
    )
    desk.call("POST", f"/v1/conversations/{conversation_of(visitor)}/replies", {"content": written, "author": "Grace"})
    reply = visitor.locator(".message.agent")
    expect(reply.get_by_role("columnheader")).to_have_text(["Size", "Price"])
    expect(reply.get_by_role("row")).to_have_count(2)
    expect(reply.get_by_role("link")).to_have_attribute("href", "https://shop.example/a")
    expect(reply.locator("em")).to_have_text("this")
    expect(reply.locator("p code")).to_have_text("rm *")
    assert reply.locator("pre code").inner_text() == "<b>let</b> x = *1*\n  y"
    expect(reply.locator("p").first).to_contain_text("or 2*3*4.")
    expect(reply.locator("p").last).to_have_text("Bye")


def test_an_answer_that_did_not_help_leads_to_a_human(visitor):
    ask(visitor, "How can I pay?")
    visitor.get_by_role("button", name="No", exact=True).click(timeout=15_000)
    visitor.get_by_role("button", name="Talk to a human").click()
    expect(visitor.locator(".notice")).to_be_visible(timeout=15_000)
    expect(visitor.locator(".message.customer p").last).to_have_text("I want to talk to a human.")


def test_writing_on_a_phone_does_not_zoom_the_page(visitor):
    assert visitor.field.evaluate("field => getComputedStyle(field).fontSize") == "16px"
