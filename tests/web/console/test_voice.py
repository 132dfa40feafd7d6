"""The voice of the workspace: shown, edited row by row, previewed, saved without overwriting others, reset."""

import html
import re

import pytest

from tests.web.console.browser import XSS, Browser
from worker.voice import schema
from worker.voice.voice import DEFAULT_VOICE

MIA = {
    "name": "Mia",
    "tone": "friendly and plain",
    "max_sentences": 2,
    "languages": ["en", "de"],
    "asks_back": False,
    "guidance": "We say parcel.\nName the shortest way first.",
    "avoided_topics": [{"name": "legal advice", "phrases": ["lawyer", "sue"]}],
    "channels": {
        "widget": {"greeting": None, "greets": "first_reply", "signature": None, "citations": "links"},
        "email": {
            "greeting": "Hello {customer},",
            "greets": "every_reply",
            "signature": "{assistant}, your shop",
            "citations": "none",
        },
    },
    "about": {"privacy": "This chat is kept for 90 days."},
}


@pytest.fixture
def workspace_id(services):
    return services.keys.workspace()


@pytest.fixture
def mia(services, workspace_id):
    """A workspace with a voice; returns it as it is stored."""
    services.voices.put(workspace_id, schema.load(MIA))
    return lambda: services.voices.get(workspace_id).to_api()


def filled_in(page):
    """Return the inputs that a browser would send of the form of the voice, as they stand."""
    (form,) = re.findall(r'<form id="voice".*?</form>', page, re.S)
    inputs = dict(re.findall(r'<input [^>]*name="([^"]+)"[^>]* value="([^"]*)"', form))
    inputs |= dict(re.findall(r'<textarea [^>]*name="([^"]+)"[^>]*>\n(.*?)</textarea>', form, re.S))
    for name, options in re.findall(r'<select [^>]*name="([^"]+)"[^>]*>(.*?)</select>', form, re.S):
        inputs[name] = next(iter(re.findall(r'<option value="([^"]*)" selected>', options)), None)
    return {name: html.unescape(text).replace("\n", "\r\n") for name, text in inputs.items() if text is not None}


def problems(page):
    """Return the problems that stand beside inputs, by the input that they describe."""
    found = dict(re.findall(r'<span class="error" id="([\w-]+)-problem">(.*?)</span>', page))
    for name in found:
        assert re.search(rf'name="{name}" aria-invalid="true" aria-describedby="[^"]*{name}-problem"', page), name
        assert f'<a href="#{name}">' in page, name
    return {name: html.unescape(text) for name, text in found.items()}


def preview(page):
    """Return the texts of the previews by channel."""
    samples = re.findall(r"<h3>([^<]*)</h3>\s*<p class=\"author\">.*?<p class=\"content\">(.*?)</p>", page, re.S)
    return {channel: html.unescape(text) for channel, text in samples}


def test_a_voice_is_shown_and_saved_again_as_it_was(browser, mia):
    page = browser.get("/console/voice").text
    inputs = filled_in(page)
    assert (inputs["languages"], inputs["topics-0-phrases"]) == ("en, de", "lawyer\r\nsue")
    assert browser.post("/console/voice", **inputs).headers["Location"] == "/console/voice?saved=1"
    assert mia() == MIA
    assert 'role="status">Saved.' in browser.get("/console/voice?saved=1").text


def test_what_is_typed_becomes_the_voice_of_a_new_workspace(browser, services, workspace_id, call):
    inputs = filled_in(browser.get("/console/voice").text)
    assert inputs["version"] == ""
    inputs |= {"name": " Mia ", "languages": "EN de,fr", "asks_back": "yes", "max_sentences": "3"}
    inputs |= {"topics-4-name": "prices of others", "topics-4-phrases": "Amazon\r\n\r\n price match "}
    inputs |= {"topics-7-name": "", "topics-7-phrases": ""}  # a row that was added and left empty
    inputs |= {"channels-0-channel": "email", "channels-0-greeting": "Hello {customer},\r\nthank you."}
    assert browser.post("/console/voice", **inputs).status_code == 303
    voice = services.voices.get(workspace_id)
    assert (voice.name, voice.languages, voice.asks_back, voice.max_sentences) == ("Mia", ("en", "de", "fr"), True, 3)
    assert voice.to_api()["avoided_topics"] == [{"name": "prices of others", "phrases": ["Amazon", "price match"]}]
    assert voice.form("email").greeting == "Hello {customer},\nthank you."
    assert call("GET", "/v1/audit").json["items"][0]["action"] == "console.save_voice"


def test_each_wrong_value_is_named_beside_its_field_and_nothing_that_was_typed_is_lost(browser, mia):
    inputs = filled_in(browser.get("/console/voice").text)
    inputs |= {"name": "x" * 61, "languages": "en, English", "max_sentences": "0", "guidance": f"{XSS}\r\nx"}
    inputs |= {"topics-0-name": "", "topics-0-phrases": f"lawyer\r\n{'y' * 101}"}
    inputs |= {"channels-1-greeting": "Hello {first_name},", "channels-0-citations": "footnotes"}
    inputs |= {"channels-2-channel": "widget", "channels-3-signature": "Your shop", "about-bot": "z" * 1_001}
    refused = browser.post("/console/voice", **inputs)
    assert refused.status_code == 422
    found = problems(refused.text)
    assert set(found) == {
        "name",
        "languages",
        "max_sentences",
        "topics-0-name",
        "topics-0-phrases",
        "channels-0-citations",
        "channels-1-greeting",
        "channels-2-channel",
        "channels-3-channel",
        "about-bot",
    }
    assert found["languages"] == "“english”: Must be an ISO 639-1 code such as en."
    assert found["topics-0-phrases"].startswith("“" + "y" * 40 + "…”: ")
    assert found["channels-2-channel"] == "This channel is listed above already."
    assert "10 values need a correction" in refused.text
    assert "Channel 2, greeting</a>: Braces may only hold a name" in refused.text
    typed = {
        name: text for name, text in inputs.items() if name not in ("csrf", "channels-0-citations", "max_sentences")
    }
    assert typed.items() <= filled_in(refused.text).items()  # a select shows no value that it does not offer
    assert "<script>alert" not in refused.text
    assert mia() == MIA


def test_rows_are_added_and_removed_without_scripts_and_nothing_is_saved(browser, mia, call):
    inputs = filled_in(browser.get("/console/voice").text) | {"name": "Max"}
    page = browser.post("/console/voice/draft", **inputs, change="add-topics").text
    assert re.search(r'<input id="topics-1-name" name="topics-1-name" autofocus', page)
    assert "Not saved yet." in page
    inputs = filled_in(page) | {"topics-1-name": "refunds of others"}
    page = browser.post("/console/voice/draft", **inputs, change="remove-topics-0").text
    assert re.search(r'<button [^>]*autofocus id="add-topics"', page)
    inputs = filled_in(page)
    assert [text for name, text in inputs.items() if name.startswith("topics")] == ["refunds of others", ""]
    inputs = filled_in(browser.post("/console/voice/draft", **inputs, change="add-channels").text)
    assert inputs["channels-2-citations"] == "numbers"
    inputs = filled_in(browser.post("/console/voice/draft", **inputs, change="remove-channels-0").text)
    assert (inputs["name"], inputs["channels-0-channel"]) == ("Max", "email")
    for nonsense in ("remove-topics", "remove-topics-99", "add-secrets", "remove-texts-0", ""):
        assert filled_in(browser.post("/console/voice/draft", **inputs, change=nonsense).text) == inputs
    assert mia() == MIA
    assert [entry["action"] for entry in call("GET", "/v1/audit").json["items"]] == ["console.enter"]
    inputs |= {"channels-1-channel": ""}
    assert browser.post("/console/voice", **inputs).status_code == 303
    assert list(mia()["channels"]) == ["email"]
    assert mia()["avoided_topics"] == [{"name": "refunds of others", "phrases": []}]


def test_a_row_more_than_allowed_cannot_be_added_and_is_refused(browser, mia):
    inputs = filled_in(browser.get("/console/voice").text)
    inputs |= {f"topics-{number}-name": f"topic {number}" for number in range(30)}
    assert 'id="add-topics"' not in browser.post("/console/voice/draft", **inputs).text
    refused = browser.post("/console/voice", **inputs, **{"topics-30-name": "one more"})
    assert refused.status_code == 422
    assert 'id="topics-problem">' in refused.text
    assert mia() == MIA


def test_the_preview_shows_the_reply_of_each_channel_as_typed(browser, mia):
    inputs = filled_in(browser.get("/console/voice").text)
    assert list(preview(browser.get("/console/voice").text)) == ["widget", "email", "All other channels"]
    inputs |= {"name": "Max", "channels-0-channel": "api", "channels-0-greeting": "Hi!"}
    page = browser.post("/console/voice/draft", **inputs).text
    shown = preview(page)
    answer = (
        "You can return an item within 30 days of delivery. Print the label in your account and hand the parcel in at "
        "any post office."
    )
    assert shown["email"] == f"Hello Ada Fischer,\n\n{answer}\n\nMax, your shop"
    assert shown["api"] == f"Hi!\n\n{answer}\n\nReturn an item: https://shop.example/returns"
    assert "[2] Return an item: https://shop.example/returns#label" in shown["All other channels"]
    assert "“Hello,”" in page
    assert page.count("Later replies come without the greeting.") == 1
    assert "I am Max, an automated assistant, not a human." in page
    assert "This chat is kept for 90 days." in page


def test_a_preview_leaves_out_what_is_wrong_and_says_so(browser, mia):
    inputs = filled_in(browser.get("/console/voice").text) | {"channels-1-greeting": "Hello {who},", "name": "x" * 61}
    page = browser.post("/console/voice/draft", **inputs).text
    assert preview(page)["email"].endswith("post office.\n\n, your shop")
    assert "Left out: Braces may only hold a name" in page
    assert "values need a correction" not in page  # nobody pressed Save yet


def test_a_change_by_somebody_else_is_shown_and_not_overwritten_unseen(browser, mia, services, workspace_id):
    inputs = filled_in(browser.get("/console/voice").text)
    inputs |= {"name": "Max", "channels-1-citations": "links", "topics-0-phrases": "attorney"}
    theirs = {**MIA, "name": "Moa", "tone": "terse", "channels": {"email": MIA["channels"]["email"]}}
    services.voices.put(workspace_id, schema.load(theirs))
    refused = browser.post("/console/voice", **inputs)
    assert refused.status_code == 409
    assert mia() == theirs
    rows = re.findall(
        r'<th scope="row">(.*?)</th><td class="text">(.*?)</td><td class="text">(.*?)</td>', refused.text, re.S
    )
    assert ("Name", "Moa", "Max") in rows
    assert ("Tone", "terse", "friendly and plain") in rows
    assert ("Channel “email”, sources", "None", "Links at the end") in rows
    assert ("Channel “widget”, sources", "–", "Links at the end") in rows
    assert ("Topic “legal advice”", "lawyer\nsue", "attorney") in [tuple(map(html.unescape, row)) for row in rows]
    again = filled_in(refused.text)
    assert (again["name"], again["version"] != inputs["version"]) == ("Max", True)
    assert browser.post("/console/voice", **again).status_code == 303
    assert (mia()["name"], mia()["tone"]) == ("Max", "friendly and plain")


def test_two_first_voices_do_not_overwrite_each_other(browser, services, workspace_id):
    inputs = filled_in(browser.get("/console/voice").text) | {"name": "Mia"}
    assert browser.post("/console/voice", **inputs).status_code == 303
    for version in ("", "1", "nonsense", "9" * 30):
        assert browser.post("/console/voice", **{**inputs, "name": "Max", "version": version}).status_code == 409
    assert services.voices.get(workspace_id).name == "Mia"


def test_an_open_page_learns_of_a_change_and_keeps_its_form_valid(browser, mia, services, workspace_id):
    version = filled_in(browser.get("/console/voice").text)["version"]
    same = browser.get(f"/console/voice?version={version}", headers={"HX-Request": "true"}).text
    assert "Somebody changed the voice" not in same
    assert 'name="csrf"' in same
    services.voices.put(workspace_id, DEFAULT_VOICE)
    changed = browser.get(f"/console/voice?version={version}", headers={"HX-Request": "true"}).text
    assert "Somebody changed the voice" in changed


def test_the_voice_is_reset_to_its_defaults_unless_it_was_changed_meanwhile(browser, mia, services, workspace_id, call):
    version = filled_in(browser.get("/console/voice").text)["version"]
    services.voices.put(workspace_id, schema.load({**MIA, "name": "Moa"}))
    refused = browser.post("/console/voice/reset", version=version)
    assert (refused.status_code, filled_in(refused.text)["name"]) == (409, "Moa")
    assert "changed after it was read" in refused.text
    assert mia()["name"] == "Moa"
    version = filled_in(refused.text)["version"]
    assert browser.post("/console/voice/reset", version=version).status_code == 303
    assert mia() == DEFAULT_VOICE.to_api()
    assert call("GET", "/v1/audit").json["items"][0]["action"] == "console.reset_voice"


def test_others_than_administrators_read_the_voice_and_cannot_change_it(reader, writer, mia):
    for who in (reader, writer):
        page = who.get("/console/voice").text
        assert "<form id=" not in page
        for text in ("Mia", "friendly and plain", "legal advice", "lawyer, sue", "Hello {customer},", "90 days"):
            assert text in page, text
        assert "Hello Ada Fischer," in preview(page)["email"]
        for path in ("", "/draft", "/reset"):
            assert who.post(f"/console/voice{path}", name="Max").status_code == 403
    assert mia() == MIA


def test_the_voice_of_another_workspace_is_neither_shown_nor_changed(app, services, mia):
    other = Browser(app, services.keys.make(services.keys.workspace("other"), name="other"))
    other.log_in()
    page = other.get("/console/voice").text
    assert "legal advice" not in page
    assert other.post("/console/voice", **(filled_in(page) | {"name": "Max"})).status_code == 303
    assert mia() == MIA


def test_text_of_the_voice_is_escaped(browser, reader, services, workspace_id):
    texts = {"name": XSS[:60], "tone": XSS, "guidance": XSS, "about": {"bot": XSS}}
    topics = [{"name": XSS, "phrases": [XSS]}]
    form = {"signature": XSS.replace("{", "").replace("}", "")}
    services.voices.put(workspace_id, schema.load({**texts, "avoided_topics": topics, "channels": {XSS[:60]: form}}))
    for who in (browser, reader):
        page = who.get("/console/voice").text
        assert "<script>alert" not in page
        assert "<img" not in page
        assert ">49<" not in page


def test_a_form_with_a_wrong_token_changes_nothing(browser, mia):
    for path in ("", "/draft", "/reset"):
        assert browser.client.post(f"/console/voice{path}", data={"csrf": "guessed", "name": "Max"}).status_code == 403
    assert mia() == MIA
