"""The inbox, conversations with the actions of agents, and sources of citations."""

import html
import re
import time
from dataclasses import replace

from tests.support.fakes import answer
from tests.web.calls import submit
from tests.web.console.browser import XSS, Browser
from worker.conversations.outcomes import Citation, Handoff, WithheldDraft
from worker.store.tables import document


def test_conversations_of_another_workspace_are_not_found(app, services, call):
    conversation_id = submit(call)["conversation_id"]
    other = Browser(app, services.keys.make(services.keys.workspace("other"), name="other"))
    other.log_in()
    assert "No conversations." in other.get("/console").text
    assert other.get(f"/console/conversations/{conversation_id}").status_code == 404
    assert other.get(f"/console/conversations/{conversation_id}/events").status_code == 404
    assert other.post(f"/console/conversations/{conversation_id}/close").status_code == 404
    assert call("GET", f"/v1/conversations/{conversation_id}").json["owner"] == "bot"


def test_the_inbox_shows_owner_handoff_and_progress(browser, call, services):
    made = submit(call, "I want a person", subject="Parcel", requester={"name": "Ada"})
    submit(call, "How do I reset my password?")
    handoff = Handoff(reason="asked_for_person", summary="!", priority="urgent")
    services.mailbox.finish(services.mailbox.claim(made["conversation_id"]), handoff)
    page = browser.get("/console").text
    assert "Parcel" in page
    assert "Ada" in page
    assert 'class="badge urgent">urgent: asked for a human' in page
    assert ">answering<" in page
    assert re.search(r'<time datetime="([^"]+Z)" title="\1">(now|\d+ seconds? ago)</time>', page)
    people = browser.get("/console?view=waiting").text
    assert "Parcel" in people
    assert "password" not in people
    part = browser.get("/console?view=waiting", headers={"HX-Request": "true"}).text
    assert part.lstrip().startswith('<nav class="views"')
    counts = [int(count) for count in re.findall(r'<span class="count">(\d+)</span>', part)]
    assert counts == [2, 1, 0, 1, 0]


def test_the_inbox_names_the_category_and_a_rule_by_its_name(browser, call, services):
    for number, (category, label) in enumerate(
        (("self_harm", "self-harm"), ("rule:vip", "rule: vip"), ("desk:late_parcels", "late parcels"))
    ):
        made = submit(call, f"Message {number}")
        handoff = Handoff(reason="rule", summary="!", category=category)
        services.mailbox.finish(services.mailbox.claim(made["conversation_id"]), handoff)
        page = browser.get("/console?view=waiting").text
        assert f'<span class="badge normal">{label}</span>' in page


def test_a_newer_and_not_less_urgent_reason_is_shown(browser, call, services):
    made = submit(call, "Who won the world cup?")
    services.mailbox.finish(services.mailbox.claim(made["conversation_id"]), Handoff(reason="no_answer", summary="!"))
    path = f"/v1/conversations/{made['conversation_id']}/messages"
    for said, label in (
        ("I want to talk to a human", "asked for a human"),
        ("I will kill myself", "urgent: self-harm"),
        ("Let me talk to a human", "urgent: self-harm"),
    ):
        assert call("POST", path, json={"content": said}).status_code == 202
        assert f">{label}</span>" in browser.get("/console?view=waiting").text


def test_links_to_the_inbox_lead_back_to_the_view_and_the_search(browser, call):
    conversation_id = submit(call, "Is there a store in Berlin?")["conversation_id"]
    assert 'href="/console?view=bot&amp;q=berlin"' in browser.get("/console?view=bot&q=berlin").text
    page = browser.get(f"/console/conversations/{conversation_id}").text
    assert '<a href="/console?view=bot&amp;q=berlin" aria-current="page">Inbox</a>' in page
    assert 'href="/console?view=closed&amp;q=berlin"' in browser.get("/console?view=bot&q=berlin").text
    browser.get("/console")
    assert '<a href="/console" aria-current="page">Inbox</a>' in browser.get("/console").text


def test_the_inbox_finds_a_customer_a_subject_and_an_id(browser, call):
    zoe = submit(call, requester={"name": "Zoë", "email": "zoe@shop.example"}, subject="Parcel 100%")
    submit(call, requester={"name": "Ada", "email": "ada@shop.example"}, subject="Refund", external_id="order-77")
    for wanted, found in (
        ("zoë", "Parcel"),
        ("ZOE@shop", "Parcel"),
        ("refund", "Refund"),
        ("order-77", "Refund"),
        (zoe["conversation_id"], "Parcel"),
        ("100%", "Parcel"),
    ):
        page = browser.get("/console", query_string={"q": wanted}).text
        assert [item for item in ("Parcel", "Refund") if f">{item}" in page] == [found], wanted
    assert "No conversations." in browser.get("/console?q=1%25").text
    assert "No conversations." in browser.get("/console?q=zoe&view=waiting").text
    assert "Refund" in browser.get("/console?q=").text


def test_conversations_that_wait_come_by_how_long_and_those_replied_to_by_their_last_change(
    browser, call, services, monkeypatch
):
    from web.console import conversations

    conversation_ids = []
    for number in range(4):
        conversation_ids.append(submit(call, f"Question {number}")["conversation_id"])
        services.actions.take_over(services.keys.workspace(), conversation_ids[-1], summary="!")
        time.sleep(0.002)
    call("POST", f"/v1/conversations/{conversation_ids[1]}/messages", json={"content": "Are you at it?"})
    monkeypatch.setattr(conversations, "_PAGE", 3)

    def seen(view):
        first = browser.get(f"/console?view={view}").text
        rest = browser.get(html.unescape(re.search(r'href="([^"]+cursor[^"]+)"', first)[1])).text
        return [re.findall(r'id="conversation-(conv_\w+)"', page) for page in (first, rest)]

    assert seen("waiting") == [conversation_ids[:3], conversation_ids[3:]]
    for position in (2, 0, 3, 1):
        reply = {"content": "So.", "author": "Grace"}
        call("POST", f"/v1/conversations/{conversation_ids[position]}/replies", json=reply)
        time.sleep(0.002)
    assert seen("replied") == [[conversation_ids[position] for position in (1, 3, 0)], [conversation_ids[2]]]
    for view in ("waiting", "replied"):
        assert browser.get(f"/console?view={view}&cursor=nonsense").status_code == 200
    assert browser.get("/console?view=nonsense").status_code == 200


def test_an_agent_takes_over_replies_returns_and_closes_a_conversation(browser, call, services):
    made = submit(call, subject="Password")
    conversation_id = made["conversation_id"]
    citation = Citation(number=1, document_id="doc_x", title="Reset", url=None, quote="Use the link.", start=4, end=17)
    file = Citation(number=2, document_id="att_x", title="Your file", url=None, quote="It says so.", start=0, end=11)
    services.mailbox.finish(
        services.mailbox.claim(conversation_id),
        replace(answer("Use the link [1]. Not a source: [9]."), citations=(citation, file)),
    )
    page = browser.get(f"/console/conversations/{conversation_id}").text
    (reply,) = [
        message
        for message in call("GET", f"/v1/conversations/{conversation_id}/messages").json["items"]
        if message["role"] == "assistant"
    ]
    assert f'<a class="mark" href="#source-{reply["id"]}-1">[1]</a>. Not a source: [9].' in page
    assert "<summary>How it was made</summary>" in page
    assert "/console/documents/doc_x?start=4&amp;end=17#quote" in page
    assert "Your file: <q>It says so.</q>" in page  # an attachment has no page, so there is no link
    assert "Support 1.00" in page
    for what, owner in (("handoff", "human"), ("resume", "bot")):
        assert browser.post(f"/console/conversations/{conversation_id}/{what}").status_code == 303
        assert call("GET", f"/v1/conversations/{conversation_id}").json["owner"] == owner
    browser.post(f"/console/conversations/{conversation_id}/replies", content="I am Grace.\r\nHello.", author="Grace")
    said = call("GET", f"/v1/conversations/{conversation_id}/messages").json["items"][-1]
    assert (said["role"], said["author"], said["content"]) == ("agent", "Grace", "I am Grace.\nHello.")
    browser.post(f"/console/conversations/{conversation_id}/close")
    assert call("GET", f"/v1/conversations/{conversation_id}").json["owner"] == "closed"
    late = browser.post(f"/console/conversations/{conversation_id}/replies", content="Late")
    assert late.status_code == 409
    assert "The conversation is closed." in late.text
    assert ">Late</textarea>" in late.text  # the text of the form is kept


def test_messages_are_cancelled_and_retried(browser, call, services):
    made = submit(call)
    browser.post(f"/console/messages/{made['id']}/cancel")
    assert call("GET", made["links"]["self"]).json["state"] == "cancelled"
    again = browser.post(f"/console/messages/{made['id']}/retry")
    assert again.status_code == 409
    assert "Only a message that was handed off" in again.text
    other = submit(call)
    services.mailbox.finish(services.mailbox.claim(other["conversation_id"]), Handoff(reason="error", summary="?"))
    browser.post(f"/console/messages/{other['id']}/retry")
    assert call("GET", other["links"]["self"]).json["state"] == "queued"


def test_a_citation_opens_its_document_with_the_quote_highlighted(browser, call, services):
    made = call(
        "POST", "/v1/documents", json={"title": XSS, "text": f"One. {XSS} Two.", "url": "https://shop.example/a"}
    )
    assert made.status_code == 202

    with services.store.begin() as tx:
        tx.execute(document.update().values(text="One. Use the link. Two.", url="javascript:alert(1)"))
    page = browser.get(f"/console/documents/{made.json['id']}?start=5&end=18").text
    assert '<mark id="quote" tabindex="-1">Use the link.</mark>' in page
    assert 'href="javascript' not in page
    assert "<script>alert" not in page
    for query in ("", "?start=-5&end=99999", "?start=9&end=2", "?start=x&end=y"):
        assert browser.get(f"/console/documents/{made.json['id']}{query}").status_code == 200


def test_the_retrieved_passages_of_a_message_are_shown(browser, call, services):
    made = submit(call)
    item = {"document_id": "doc_x", "title": XSS, "start": 1, "end": 2, "score": 0.75, "dense": 0.5, "lexical": None}
    retrieved = {"query": XSS, "relevance": 0.625, "items": [item]}
    services.mailbox.finish(services.mailbox.claim(made["conversation_id"]), replace(answer(), retrieved=retrieved))
    page = browser.get(f"/console/conversations/{made['conversation_id']}").text
    assert "1 passage found, relevance 0.62" in page
    assert "score 0.750, dense 0.500" in page
    assert "<script>alert" not in page
    assert "retrieved" not in call("GET", made["links"]["self"]).json


def test_text_of_customers_is_escaped(browser, call, services):
    made = submit(call, XSS, subject=XSS, requester={"name": XSS, "email": XSS}, channel=XSS[:60])
    conversation_id = made["conversation_id"]
    citation = Citation(number=1, document_id=XSS, title=XSS, url=XSS, quote=XSS, start=0, end=1)
    services.mailbox.finish(
        services.mailbox.claim(conversation_id), replace(answer(f"{XSS} [1]."), citations=(citation,))
    )
    call("PUT", f"{made['links']['self']}/feedback", json={"rating": "bad", "comment": XSS})
    services.actions.take_over(services.keys.workspace(), conversation_id, summary=XSS)
    browser.post(f"/console/conversations/{conversation_id}/replies", content=XSS, author=XSS)
    for path in ("/console", f"/console?q={XSS}", f"/console/conversations/{conversation_id}"):
        text = browser.get(path).text
        assert "<script>alert" not in text
        assert "<img" not in text
        assert "49" not in re.sub(r"[0-9a-f]{8,}|\d{4}-\d\d-\d\d[^<\"]*", "", text)


def test_a_reply_that_is_too_long_is_rejected_and_not_cut(browser, call):
    conversation_id = submit(call)["conversation_id"]
    long = "y" * 20_001
    response = browser.post(f"/console/conversations/{conversation_id}/replies", content=long)
    assert response.status_code == 422
    assert "at most 20,000 characters" in response.text
    assert f">{long}</textarea>" in response.text
    assert (
        "maxlength"
        not in re.search(r"<textarea[^>]*>", browser.get(f"/console/conversations/{conversation_id}").text)[0]
    )


def test_a_blank_reply_is_rejected_and_not_audited(browser, call):
    conversation_id = submit(call)["conversation_id"]
    assert browser.post(f"/console/conversations/{conversation_id}/replies", content="  ").status_code == 422
    assert [entry["action"] for entry in call("GET", "/v1/audit").json["items"]] == ["console.enter"]


def test_what_was_not_read_is_folded_and_automatic_mail_can_be_answered(browser, call):
    text = "Where is it?\n\nOn 1 May 2026 at 10:00, Shop <s@shop.example> wrote:\n> It is on its way."
    made = submit(call, text)
    page = browser.get(f"/console/conversations/{made['conversation_id']}").text
    assert '<p class="content">Where is it?</p>' in page
    assert "<summary>Not read: quoted</summary>" in page
    assert "&gt; It is on its way." in page
    made = submit(call, "Noted.", email_headers={"Auto-Submitted": "auto-replied"})
    page = browser.get(f"/console/conversations/{made['conversation_id']}").text
    assert "cancelled: automatic mail" in page
    assert "Auto-Submitted: auto-replied" in page
    assert ">Answer it<" in page
    browser.post(f"/console/messages/{made['id']}/retry")
    assert call("GET", f"/v1/messages/{made['id']}").json["state"] == "queued"


def test_a_question_that_is_left_open_is_shown(browser, call, services):
    made = submit(call)
    outcome = replace(answer(), unanswered=("Do you sell <b>bicycles</b>?",))
    services.mailbox.finish(services.mailbox.claim(made["conversation_id"]), outcome)
    page = browser.get(f"/console/conversations/{made['conversation_id']}").text
    assert "<dt>Unanswered</dt><dd>Do you sell &lt;b&gt;bicycles&lt;/b&gt;?</dd>" in page
    assert "partly answered" in page
    assert call("GET", f"/v1/messages/{made['id']}").json["reply"]["unanswered"] == ["Do you sell <b>bicycles</b>?"]


def test_a_file_of_a_customer_can_be_downloaded_and_not_opened(browser, call, services, reader):
    file = services.attachments.add(
        services.keys.workspace(), name='bill "1".html', media_type="text/html", data=b"<p>Total: 12 EUR</p>" * 100
    )
    made = submit(call, "See this", attachments=[file["id"]], metadata={"order": "4711", "tags": ["a"]})
    page = reader.get(f"/console/conversations/{made['conversation_id']}").text
    assert f'href="/console/attachments/{file["id"]}"' in page
    assert "bill &#34;1&#34;.html" in page
    assert "2.0 kB" in page
    assert "<dt>order</dt><dd>4711</dd>" in page
    assert '<dt>tags</dt><dd>["a"]</dd>' in page
    sent = reader.get(f"/console/attachments/{file['id']}")
    assert sent.data == b"<p>Total: 12 EUR</p>" * 100
    assert sent.headers["Content-Disposition"].startswith("attachment;")
    assert (sent.mimetype, sent.headers["X-Content-Type-Options"]) == ("application/octet-stream", "nosniff")
    other = Browser(browser.client.application, services.keys.make(services.keys.workspace("other"), name="other"))
    other.log_in()
    assert other.get(f"/console/attachments/{file['id']}").status_code == 404


def test_an_agent_learns_before_writing_that_nothing_carries_the_reply(browser, call):
    for channel, warned in (("email", True), ("widget", False)):
        made = submit(call, channel=channel)
        page = browser.get(f"/console/conversations/{made['conversation_id']}").text
        assert ("The customer will not get this reply." in page) == warned


def test_a_draft_that_failed_the_check_is_offered_until_somebody_replied(browser, call, services):
    made = submit(call, "Do vouchers expire?")
    draft = WithheldDraft(
        text=f"All stores take them [1]. They <b>never</b> expire [2]. {XSS}", failed=("They <b>never</b> expire.",)
    )
    handoff = Handoff(reason="low_support", summary="!", draft=draft)
    services.mailbox.finish(services.mailbox.claim(made["conversation_id"]), handoff)
    path = f"/console/conversations/{made['conversation_id']}"
    page = browser.get(path).text
    assert "<mark>They &lt;b&gt;never&lt;/b&gt; expire [2].</mark>" in page
    assert "<script>alert" not in page
    used = browser.get(f"{path}?draft=1").text
    assert ">All stores take them. They &lt;b&gt;never&lt;/b&gt; expire." in used
    assert "never" not in call("GET", made["links"]["self"]).text
    browser.post(f"{path}/replies", content="No.", author="Grace")
    assert "failed the check" not in browser.get(path).text


def test_a_second_reply_is_held_back_until_the_agent_saw_the_first(browser, call):
    conversation_id = submit(call)["conversation_id"]
    path = f"/console/conversations/{conversation_id}"
    call("POST", f"/v1/conversations/{conversation_id}/replies", json={"content": "Hello!", "author": "Grace"})
    late = browser.post(f"{path}/replies", content="Good day!", author="Ada", seen_seq="1")
    assert late.status_code == 409
    assert "Grace replied while you were writing." in late.text
    assert ">Good day!</textarea>" in late.text
    seen = re.search(r'name="seen_seq" value="(\d+)"', late.text)[1]
    call("POST", f"/v1/conversations/{conversation_id}/messages", json={"content": "Thanks"})
    assert browser.post(f"{path}/replies", content="Good day!", author="Ada", seen_seq=seen).status_code == 303


def test_a_conversation_is_titled_by_its_first_words(browser, call):
    made = submit(call, "Hello,\n\nwhere is my parcel?")
    assert (
        "<title>where is my parcel? · Answerback</title>"
        in browser.get(f"/console/conversations/{made['conversation_id']}").text
    )


def test_a_conversation_that_the_bot_has_again_has_no_handoff(browser, call):
    conversation_id = submit(call)["conversation_id"]
    browser.post(f"/console/conversations/{conversation_id}/handoff")
    assert call("GET", f"/v1/conversations/{conversation_id}").json["handoff"]["reason"] == "owned_by_person"
    browser.post(f"/console/conversations/{conversation_id}/resume")
    found = call("GET", f"/v1/conversations/{conversation_id}").json
    assert (found["owner"], found["handoff"]) == ("bot", None)
