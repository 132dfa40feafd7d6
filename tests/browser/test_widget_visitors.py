"""What a visitor of the chat can do beside asking: leave an address, add files, begin anew, rate the end."""

import json

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.test_story import open_chat
from tests.browser.test_widget import ask, conversation_of, shop

__all__ = ["shop"]

PHONE = {"width": 360, "height": 720}
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 100


@pytest.fixture
def mailbox(desk):
    """A mailbox of the desk, so that an address is asked for."""
    new = {"name": "visitors", "address": "help@visitors.example", "mode": "reply"}
    new["smtp_url"] = "smtp://127.0.0.1:1"  # nobody is there
    made = desk.call("POST", "/v1/mailboxes", new)
    assert made.status == 201, made.body
    yield made.json
    desk.call("DELETE", f"/v1/mailboxes/{made.json['id']}")


def check(page):
    found = Axe().run(
        page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
    )
    assert not found.response["violations"], found.generate_report()


def chat(desk, new_page, **options):
    page = new_page(**options)
    page.field = open_chat(page, desk)
    return page


def test_a_visitor_leaves_an_address_at_the_handoff_and_rates_the_end(desk, mailbox, new_page, picture):
    page = chat(desk, new_page, viewport=PHONE)
    ask(page, "I want a human, please!")
    address = page.get_by_role("textbox", name="E-mail address")
    expect(address).to_be_visible(timeout=15_000)
    check(page)
    picture(page, "widget-handoff-phone")
    address.fill("ann@shop.example")
    address.press("Enter")
    expect(page.get_by_text("If you leave, the answer goes to ann@shop.example.")).to_be_visible()
    expect(page.field).to_be_focused()
    conversation_id = conversation_of(page)
    who = desk.call("GET", f"/v1/conversations/{conversation_id}").json["requester"]
    assert who == {"unverified_email": "ann@shop.example"}
    page.evaluate("() => Answerback.identify({email: 'Ann.Example@work.example'})")  # the visitor chose
    page.reload()
    page.evaluate("() => Answerback.identify({email: 'Ann.Example@work.example'})")
    page.get_by_role("button", name="Ask the shop").click()
    expect(page.get_by_text("If you leave, the answer goes to ann@shop.example.")).to_be_visible()
    seen = page.expect_response("**/seen")
    with seen as response:
        desk.call("POST", f"/v1/conversations/{conversation_id}/replies", {"content": "Hello!", "author": "Grace"})
    assert response.value.status == 200  # so it does not go by mail
    desk.call("POST", f"/v1/conversations/{conversation_id}/close")
    expect(page.get_by_text("This conversation has ended.")).to_be_visible()
    check(page)
    picture(page, "widget-end-phone")
    page.get_by_role("button", name="Yes").click()
    expect(page.get_by_role("status")).to_have_text("Thank you.")
    (asked, _reply) = desk.call("GET", f"/v1/conversations/{conversation_id}/messages").json["items"]
    assert asked["feedback"]["rating"] == "good"


def test_files_are_chosen_pasted_and_dropped_and_reach_the_agent(desk, new_page, operator, picture):
    page = chat(desk, new_page, but="422")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Attach files").click()
    chooser.value.set_files([{"name": "shoe.png", "mimeType": "image/png", "buffer": PNG}])
    expect(page.get_by_role("button", name="Remove shoe.png")).to_be_visible()
    give = """(field, how) => {
      const data = new DataTransfer();
      data.items.add(new File(["It is broken."], how + ".txt", {type: "text/plain"}));
      const target = how === "paste" ? field : field.closest(".panel");
      const event = how === "paste"
        ? new ClipboardEvent("paste", {clipboardData: data, bubbles: true})
        : new DragEvent("drop", {dataTransfer: data, bubbles: true});
      target.dispatchEvent(event);
    }"""
    for how in ("paste", "drop"):
        page.field.evaluate(give, how)
        expect(page.get_by_role("button", name=f"Remove {how}.txt")).to_be_visible()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Attach files").click()
    chooser.value.set_files([{"name": "fake.png", "mimeType": "image/png", "buffer": b"<script>"}])
    expect(page.get_by_role("status")).to_contain_text("fake.png was not added")
    check(page)
    picture(page, "widget-files")
    page.get_by_role("button", name="Remove drop.txt").click()
    ask(page, "I want a human: these shoes are broken.")
    expect(page.locator(".message.customer .files li")).to_have_text(["shoe.png", "paste.txt"])
    expect(page.locator(".notice")).to_be_visible(timeout=15_000)  # so the message has arrived
    page.reload()
    page.get_by_role("button", name="Ask the shop").click()
    expect(page.locator(".message.customer .files li")).to_have_text(["shoe.png", "paste.txt"])
    agent = operator()
    agent.goto(f"{desk.url}/console/conversations/{conversation_of(page)}")
    with agent.expect_download() as download:
        agent.get_by_role("link", name="paste.txt").click()
    assert download.value.suggested_filename == "paste.txt"


def test_a_message_is_not_sent_without_its_file_and_outlives_a_reload(desk, new_page):
    page = chat(desk, new_page, but="422")
    uploads, sockets = [], []
    page.route("**/v1/attachments", lambda route: uploads.append(route))
    with page.expect_request("**/v1/attachments"), page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Attach files").click()
        chooser.value.set_files([{"name": "shoe.png", "mimeType": "image/png", "buffer": PNG}])
    ask(page, "These shoes are broken.")
    expect(page.get_by_role("button", name="Remove shoe.png")).to_be_visible()
    uploads[0].fulfill(status=422, json={"detail": "It is no picture."})
    expect(page.get_by_role("status")).to_have_text("shoe.png was not added: It is no picture.")
    expect(page.field).to_have_value("These shoes are broken.")
    page.unroute("**/v1/attachments")

    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Attach files").click()
    with page.expect_response("**/v1/attachments"):
        chooser.value.set_files([{"name": "foot.png", "mimeType": "image/png", "buffer": PNG}])
    with page.expect_response("**/files/*") as removed:
        page.get_by_role("button", name="Remove foot.png").click()
    assert removed.value.status == 200

    def answers_from_the_second_on(socket):
        sockets.append(socket)
        if len(sockets) > 1:
            socket.connect_to_server()

    page.route_web_socket("**/ws?*", answers_from_the_second_on)
    page.field.press("Enter")
    expect(page.locator(".message.customer")).to_have_text("These shoes are broken.")
    page.reload()
    page.get_by_role("button", name="Ask the shop").click()
    expect(page.locator(".message.customer")).to_have_text("These shoes are broken.")
    expect(page.get_by_role("list", name="Sources").or_(page.locator(".notice")).first).to_be_visible(timeout=15_000)
    page.reload()
    page.get_by_role("button", name="Ask the shop").click()
    expect(page.locator(".message.customer")).to_have_count(1)


def test_a_new_conversation_leaves_the_earlier_one_in_reach(desk, new_page, picture):
    page = chat(desk, new_page)
    ask(page, "How can I pay?")
    expect(page.get_by_role("list", name="Sources")).to_be_visible(timeout=15_000)
    first = conversation_of(page)
    menu = page.get_by_role("button", name="Menu")
    menu.click()
    check(page)
    page.get_by_role("button", name="New conversation").click()
    expect(page.locator(".message.customer")).to_have_count(0)
    ask(page, "How long does delivery take?")
    expect(page.get_by_role("list", name="Sources")).to_be_visible(timeout=15_000)
    assert conversation_of(page) != first
    menu.click()
    picture(page, "widget-menu")
    page.get_by_role("button", name="How can I pay?").click()
    expect(page.locator(".message.customer")).to_have_text("How can I pay?")
    expect(page.get_by_role("list", name="Sources")).to_be_visible()
    menu.click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save the conversation").click()
    assert "How can I pay?" in download.value.path().read_text()


def test_a_page_themes_and_drives_the_chat(shop, new_page, picture):
    shop.attributes = "data-language='ar' data-color='#ffd400' data-position='left' data-title='Ask'"
    page = new_page(viewport={"width": 700, "height": 760}, color_scheme="dark")
    page.goto(shop.url)
    expect(page.get_by_role("button", name="Ask")).to_be_visible()
    page.evaluate("""() => { window.told = []; for (const event of ["open", "close", "message"])
      Answerback.on(event, (detail) => told.push([event, detail.role])); Answerback.open(); }""")
    page.field = page.get_by_role("textbox", name="Your message")
    ask(page, "How can I pay?")
    expect(page.get_by_role("list", name="Sources")).to_be_visible(timeout=15_000)
    box = page.locator(".panel").bounding_box()
    assert box["x"] < 100  # at the left, although the page reads from the right
    check(page)
    picture(page, "widget-themed")
    page.emulate_media(color_scheme="light")
    check(page)
    page.set_viewport_size({"width": 640, "height": 360})  # as 1280 × 720 is at 200 %
    expect(page.get_by_role("button", name="Send")).to_be_in_viewport(ratio=1)
    expect(page.get_by_role("button", name="Close the chat")).to_be_in_viewport(ratio=1)
    picture(page, "widget-zoomed")
    page.evaluate("() => Answerback.close()")
    expect(page.get_by_role("button", name="Ask")).to_be_focused()
    assert json.loads(page.evaluate("JSON.stringify(told)")) == [
        ["open", None],
        ["message", "assistant"],
        ["close", None],
    ]


def test_on_a_phone_the_focus_stays_in_the_chat_that_covers_the_page(desk, new_page):
    page = chat(desk, new_page, viewport=PHONE)
    page.get_by_role("button", name="Send").focus()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Menu")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    expect(page.get_by_role("button", name="Send")).to_be_focused()
