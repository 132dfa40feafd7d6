"""Slack's events are read for what agents write in threads of the channel, and its refusals come in a 200."""

from dataclasses import replace

import pytest

from tests.support.helpdesks import SECRET, account
from worker.helpdesks.protocol import HelpdeskRefused, Post, Posted, TicketEvent, WebhookRefused, digest, hmac_hex
from worker.helpdesks.slack import Slack
from worker.states import TicketEventKind

CHANNEL, THREAD = "C1", "1763900000.000001"
POST = "POST /api/chat.postMessage"
MESSAGE = {"type": "message", "channel": CHANNEL, "thread_ts": THREAD, "ts": "1763900000.000002", "text": "Hello"}


def read(**change: object) -> list[TicketEvent]:
    payload = {"type": "event_callback", "event_id": "Ev1", "event": {**MESSAGE, **change}}
    return Slack(account(channel=CHANNEL), None).read(payload, {})


def test_the_example_of_slacks_documentation_is_verified():
    """The one of "Verifying requests from Slack"."""
    signed = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
        b"&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
        b"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
        b"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    theirs = replace(account(channel=CHANNEL), webhook_secret="8f742231b10e8888abcd99yyyzzz85a5")
    headers = {
        "x-slack-request-timestamp": "1531420618",
        "x-slack-signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
    }
    Slack(theirs, None).verify(signed, headers, now=1_531_420_620.0)


@pytest.mark.parametrize(
    ("stamp", "given", "accepted"),
    [("1000", "1000", True), ("600", "600", False), ("1000", "1001", False), ("²", "²", False), ("1e3", "1e3", False)],
)
def test_the_signature_covers_the_time_and_the_body(stamp, given, accepted):
    body, connector = b'{"type": "event_callback"}', Slack(account(channel=CHANNEL), None)
    signature = f"v0={hmac_hex(SECRET, b'v0:' + stamp.encode() + b':' + body)}"
    headers = {"x-slack-request-timestamp": given, "x-slack-signature": signature}
    if accepted:
        connector.verify(body, headers, now=1_100.0)
        body += b" "
    with pytest.raises(WebhookRefused):
        connector.verify(body, headers, now=1_100.0)


@pytest.mark.parametrize(
    "change",
    [
        {"bot_id": "B1"},
        {"subtype": "message_changed"},
        {"subtype": "channel_join"},
        {"thread_ts": None},
        {"thread_ts": MESSAGE["ts"]},  # the first message of a thread
        {"channel": "C2"},
        {"type": "reaction_added"},
    ],
)
def test_bots_edits_other_channels_and_what_is_in_no_thread_have_no_effect(change):
    assert read(**change) == []


@pytest.mark.parametrize("kind", [None, "thread_broadcast", "file_share", "me_message"])
def test_every_type_of_message_that_agents_write_is_a_reply(kind):
    (event,) = read(subtype=kind)
    assert (event.kind, event.ticket, event.message_id, event.text) == ("agent", THREAD, MESSAGE["ts"], "Hello")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("!resume", TicketEventKind.RESUME),
        (" !Close\n", TicketEventKind.CLOSED),
        ("!close it?", TicketEventKind.AGENT),
        ("resume", TicketEventKind.AGENT),
    ],
)
def test_a_command_is_a_message_of_its_own(text, kind):
    (event,) = read(text=text)
    assert event.kind is kind


@pytest.mark.parametrize(
    ("marked", "typed"),
    [
        ("See <https://shop.example/a>.", "See https://shop.example/a."),
        ("See <https://shop.example/a|the page>.", "See the page (https://shop.example/a)."),
        ("See <https://shop.example|shop.example>.", "See https://shop.example."),
        ("Mail <mailto:a@shop.example|a@shop.example>", "Mail a@shop.example"),
        ("Mail <mailto:a@shop.example>", "Mail a@shop.example"),
        ("<mailto:a@shop.example?subject=Parcel|Write to us>", "Write to us (a@shop.example)"),
        ("Call <tel:+4930123|+49 30 123> or <tel:+4930456>", "Call +49 30 123 (+4930123) or +4930456"),
        ("In <#C9|returns>", "In #returns"),
        ("Ask in <#C9> or <#C9|>.", "Ask in or."),
        ("<@U1|ada> has it", "@ada has it"),
        ("<@U012AB3CD>: can you look?", "can you look?"),
        ("Thanks, <@W9>, it is done <@U2> now.", "Thanks, it is done now."),
        ("<!subteam^S1|@support> knows", "@support knows"),
        ("<!subteam^S05|eng> knows", "@eng knows"),
        ("<!subteam^S1> we ship today", "we ship today"),
        ("<!here> <!channel|channel> <!everyone>, hello", "hello"),
        ("Due <!date^1392734382^{date}^https://x.example|18 Feb 2014>.", "Due 18 Feb 2014."),
        ("Typed: &lt;@U1&gt; and &lt;mailto:x&gt;", "Typed: <@U1> and <mailto:x>"),
        ("R&amp;D, &amp;copy; and &amp;lt;", "R&D, &copy; and &lt;"),
        ("&copy; stays as it is", "&copy; stays as it is"),
        ("<https://shop.example/?a=1&amp;b=2|the &lt;page&gt;>", "the <page> (https://shop.example/?a=1&b=2)"),
        ("a &lt; b &amp;&amp; c &gt; d", "a < b && c > d"),
        ("&lt;b&gt; &amp;lt;", "<b> &lt;"),
    ],
)
def test_a_reply_is_read_as_it_was_typed(marked, typed):
    (event,) = read(text=marked)
    assert event.text == typed


@pytest.mark.parametrize("text", ["<@U1>", "<!here> <@U1>:", "<!subteam^S1>"])
def test_a_message_that_only_calls_a_colleague_is_no_reply(text):
    assert read(text=text) == []


def test_a_reply_says_which_files_it_has():
    files = [{"id": "F1", "name": "label.pdf", "mimetype": "application/pdf"}, {"id": "F2", "name": "a.png"}]
    (event,) = read(text="", subtype="file_share", files=files)
    assert (event.kind, event.text, event.files) == (TicketEventKind.AGENT, "", ("label.pdf", "a.png"))


def test_slacks_challenge_is_returned():
    connector = Slack(account(channel=CHANNEL), None)
    (event,) = connector.read({"type": "url_verification", "challenge": "abc"}, {})
    assert (event.kind, event.text) == (TicketEventKind.CHALLENGE, "abc")


def test_a_post_starts_a_thread_or_goes_into_one(canned, connect):
    canned.answers = {POST: {"ok": True, "ts": THREAD}}
    connector = connect(Slack, channel=CHANNEL)
    assert connector.post(Post(ticket="", text='<!channel> & "x"', public=False)) == THREAD
    body = canned.bodies[POST]
    assert (body["channel"], body["text"]) == (CHANNEL, '&lt;!channel&gt; &amp; "x"')
    assert "thread_ts" not in body
    connector.post(Post(ticket=THREAD, text="Hello", public=False, loud=True))
    assert (canned.bodies[POST]["thread_ts"], canned.bodies[POST]["reply_broadcast"]) == (THREAD, True)


def test_a_long_post_is_cut_to_what_slack_takes_and_still_found_by_the_whole_of_it(canned, connect):
    canned.answers = {POST: {"ok": True, "ts": THREAD}}
    text = "word " * 4_000
    connect(Slack, channel=CHANNEL).post(Post(ticket="", text=text, public=False))
    assert len(canned.bodies[POST]["text"]) == 12_000
    assert canned.bodies[POST]["metadata"]["event_payload"] == {"digest": digest(text)}


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"ok": False, "error": "missing_scope", "needed": "chat:write"}, "missing_scope, needs chat:write"),
        ({"ok": False, "error": "is_archived"}, "chat.postMessage: is_archived"),
        ([], "chat.postMessage"),
    ],
)
def test_a_200_that_says_that_it_failed_is_a_refusal(canned, connect, answer, said):
    canned.answers = {POST: answer}
    with pytest.raises(HelpdeskRefused, match=said):
        connect(Slack, channel=CHANNEL).post(Post(ticket="", text="Hello", public=False))


def test_only_the_bots_own_messages_are_found_again(canned, connect, monkeypatch):
    monkeypatch.setattr("time.time", lambda: 1_763_986_400.0)
    own = {"event_type": "answerback", "event_payload": {"digest": "d"}}
    messages = [
        {"ts": "1", "text": "Hello"},
        {"ts": "2", "text": "Yes.", "metadata": own},
        {"ts": "3", "text": "Deployed", "metadata": {"event_type": "deploy"}},
    ]
    common = f"channel={CHANNEL}&limit=900&include_all_metadata=true&oldest=1763900000.000000"
    canned.answers = {
        f"GET /api/conversations.history?{common}": {"ok": True, "messages": messages},
        f"GET /api/conversations.replies?{common}&ts={THREAD}": {"ok": True, "messages": []},
    }
    connector = connect(Slack, channel=CHANNEL)
    assert connector.find("") == [Posted(id="2", text="Yes.", digest="d")]
    assert connector.find(THREAD) == []


def test_a_check_of_a_channel_that_the_bot_does_not_see_says_so(canned, connect):
    canned.answers = {
        "POST /api/auth.test": {"ok": True, "team": "Shop", "user": "answerback"},
        f"GET /api/conversations.info?channel={CHANNEL}": {"ok": False, "error": "channel_not_found"},
    }
    assert connect(Slack, channel=CHANNEL).check() == [
        ("credentials (Shop, answerback)", None),
        ("channel", "conversations.info: channel_not_found"),
    ]
