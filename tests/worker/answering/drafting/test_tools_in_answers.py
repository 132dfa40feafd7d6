"""The whole turn with a model that calls tools: a real model server, a real back office, the real mailbox."""

from dataclasses import replace

import pytest

from tests.support.desk import COOKIES
from tests.support.fakes import hit
from tests.worker.answering.drafting.test_llm import control
from worker.answering import prompts
from worker.answering.chat_api.chat import Chat
from worker.answering.question import Question
from worker.budgets import Budget
from worker.redaction import Redactor
from worker.store.tables import spending, tool_call


def test_a_result_is_cited_and_its_quote_stands_in_it(open_desk, model_url):
    desk = open_desk()
    control(model_url, calls=[["look_up_order", {"order_id": "1001"}]])
    answered = desk.ask("Where is my order 1001?")
    assert answered["state"] == "answered", answered
    assert "status shipped" in answered["reply"]
    (call,) = desk.rows(tool_call)
    (citation,) = answered["citations"]
    assert (citation["document_id"], citation["title"]) == (call["id"], "Order look-up")
    assert call["result"][citation["start"] : citation["end"]] == citation["quote"]
    assert (call["state"], call["arguments"]) == ("done", {"order_id": "1001"})


def test_a_failure_is_told_to_the_model_and_never_to_the_customer(open_desk, model_url, shop):
    desk = open_desk()
    shop.failures = [500, 500]
    control(model_url, calls=[["look_up_order", {"order_id": "1001"}]])
    answered = desk.ask("How do I delete cookies?")
    assert answered["state"] == "handed_off"
    told = control(model_url)["seen"][-1]["messages"][-1]
    assert (told["role"], told["content"]) == ("tool", "The service does not answer at the moment.")
    assert "service" not in str(answered["reply"])
    assert "look_up_order, which failed" in answered["handoff"]["summary"]
    assert desk.rows(tool_call)[0]["state"] == "failed"


def test_an_order_is_cancelled_when_the_customer_has_said_yes_and_once(open_desk, model_url, shop):
    desk = open_desk()
    control(model_url, calls=[["cancel_order", {"order_id": "1002"}]])
    asked = desk.ask("Please cancel order 1002")
    assert asked["reply"] == "Shall I cancel your order 1002? Please answer yes or no."
    assert shop.cancelled == []
    assert [call["state"] for call in desk.rows(tool_call)] == ["waiting"]
    requests = control(model_url)["counts"]["requests"]
    done = desk.ask("Yes, please")
    assert done["reply"] == "Your order 1002 has been cancelled."
    assert shop.cancelled == ["1002"]
    assert control(model_url)["counts"]["requests"] == requests  # a word needs no model
    (call,) = desk.rows(tool_call)
    assert call["state"] == "done"
    assert shop.calls[-1][2] == call["id"]


@pytest.mark.parametrize(("word", "state"), [("No", "refused"), ("How do I delete cookies?", "lapsed")])
def test_nothing_happens_without_a_yes(open_desk, model_url, shop, word, state):
    desk = open_desk()
    control(model_url, calls=[["cancel_order", {"order_id": "1002"}]])
    desk.ask("Please cancel order 1002")
    control(model_url, calls=[])
    desk.ask(word)
    desk.ask("yes")
    assert [call["state"] for call in desk.rows(tool_call)] == [state]
    assert shop.cancelled == []


def test_a_confirmed_call_that_fails_goes_to_a_person(open_desk, model_url, shop):
    desk = open_desk()
    control(model_url, calls=[["cancel_order", {"order_id": "1001"}]])
    desk.ask("Please cancel order 1001")
    done = desk.ask("yes")
    assert done["state"] == "handed_off"
    assert "confirmed Order cancellation, and it failed" in done["handoff"]["summary"]
    assert shop.cancelled == []


def test_another_customers_word_confirms_nothing(open_desk, model_url, shop):
    desk = open_desk()
    control(model_url, calls=[["cancel_order", {"order_id": "1002"}]])
    desk.ask("Please cancel order 1002")
    desk.ask("yes", external_id="y", requester={"email": "grace@shop.example"})
    assert shop.cancelled == []


def test_a_message_that_is_tried_again_does_not_confirm_its_own_request(open_desk, model_url, shop, monkeypatch):
    desk = open_desk()
    desk.ask("How do I delete cookies?")
    control(model_url, calls=[["cancel_order", {"order_id": "1002"}]])
    desk.fail_once("finish")
    asked = desk.ask("ok, cancel order 1002", again=True)
    assert asked["reply"].startswith("Shall I cancel")
    assert shop.cancelled == []


def test_a_word_that_was_written_before_the_question_was_shown_is_none(open_desk, model_url, shop):
    desk = open_desk()
    control(model_url, calls=[["cancel_order", {"order_id": "1002"}]])
    conversation_id = desk.write("Please cancel order 1002")
    claim = desk.drainer.mailbox.claim(conversation_id)
    early = desk.write("sure")  # in the box before the question is asked
    desk.drainer._take_turn(claim)
    control(model_url, calls=[])
    desk.drainer.drain(early)
    assert shop.cancelled == []


def test_what_was_done_before_its_worker_was_lost_is_told_and_not_asked_again(open_desk, model_url, shop):
    desk = open_desk()
    control(model_url, calls=[["cancel_order", {"order_id": "1002"}]])
    desk.ask("Please cancel order 1002")
    desk.fail_once("finish")
    done = desk.ask("yes please", again=True)
    assert done["reply"] == "Your order 1002 has been cancelled."
    assert shop.cancelled == ["1002"]
    assert sum("/cancel" in path for _method, path, _key in shop.calls) == 1


def test_a_failed_write_keeps_its_key_when_it_is_asked_for_again(open_desk, model_url, shop):
    desk = open_desk()
    question = desk.question("Please cancel order 1002")
    shop.failures = [503, 503]
    desk.unconfirmed("cancel_order", question, {"order_id": "1002"})
    desk.unconfirmed("cancel_order", question, {"order_id": "1002"})
    assert shop.cancelled == ["1002"]
    assert len({key for _method, _path, key in shop.calls}) == 1


def test_a_question_of_confirmation_is_for_one_customer_and_never_cached(open_desk, model_url, shop):
    desk = open_desk()
    control(model_url, calls=[["cancel_order", {"order_id": "1002"}]])
    desk.ask("Please cancel order 1002")
    control(model_url, calls=[])
    other = desk.ask("Please cancel order 1002", external_id="y", requester=None)
    assert "Shall I" not in str(other["reply"])


def test_whoever_else_writes_in_a_conversation_gets_nothing_of_its_customer(open_desk, model_url, shop):
    desk = open_desk()
    desk.ask("How do I delete cookies?")
    control(model_url, calls=[["look_up_order", {"order_id": "1001"}]])
    desk.ask("Where is order 1001 now?", requester={"name": "Mallory", "email": "mallory@x.example"})
    assert shop.calls == []
    desk.ask("Where is order 1001 now?", external_id="y")
    assert shop.calls


def test_what_is_remembered_is_known_in_the_next_conversation_and_by_nobody_else(open_desk, model_url):
    desk = open_desk()
    control(model_url, calls=[["remember", {"name": "browser", "value": "I use Firefox"}]])
    desk.ask("I use Firefox. How do I delete cookies?")
    control(model_url, calls=[])
    desk.ask("How do I delete cookies?", external_id="y")
    assert "browser: I use Firefox" in control(model_url)["seen"][-1]["messages"][-1]["content"]
    desk.ask("How do I delete cookies?", external_id="z", requester={"email": "grace@shop.example"})
    assert "Firefox" not in control(model_url)["seen"][-1]["messages"][-1]["content"]


def test_a_model_that_searches_again_cites_what_it_found(open_desk, model_url):
    desk = open_desk()
    other = hit("Parcels arrive within two working days.", title="Delivery", number=2)
    control(model_url, calls=[["search", {"query": "delivery time"}]])

    def find(workspace_id, query, *, limit, filters=None):
        found = original(workspace_id, query, limit=limit, filters=filters)
        return replace(found, hits=(other,)) if query == "delivery time" else found

    original, desk.knowledge.search = desk.knowledge.search, find
    answered = desk.ask("How do I delete cookies?")
    assert answered["reply"].startswith("Parcels arrive within two working days [1]")
    assert answered["citations"][0]["document_id"] == "doc_2"


def test_a_model_that_hands_off_says_why(open_desk, model_url):
    desk = open_desk()
    control(model_url, calls=[["escalate", {"reason": "The customer wants a special contract."}]])
    handed = desk.ask("How do I delete cookies?")
    assert handed["handoff"]["reason"] == "asked_for_person"
    assert "special contract" in handed["handoff"]["summary"]


def test_a_model_that_calls_for_ever_is_ended(open_desk, model_url):
    desk = open_desk()
    control(model_url, calls=[["search", {"query": f"query {number}"}] for number in range(50)])
    desk.ask("How do I delete cookies?")
    assert control(model_url)["counts"]["requests"] == 5
    assert [request["tool_choice"] for request in control(model_url)["seen"]] == [None] * 4 + ["none"]


def test_a_spent_budget_hands_off_before_another_call(open_desk, model_url):
    desk = open_desk()
    tools = [tool.to_openai() for tool in desk.agent.answerer.registry.offered(desk.question("x"))]
    first = Question(workspace_id="w", content="How do I delete cookies?")
    chat = Chat(prompts.messages(first, [COOKIES], tools=True), None)
    most = chat.max_prompt_tokens(tools) + 700  # the maximum of the first call; its cost leaves too little for a second
    desk = open_desk(budgets=[Budget.parse(f"conversation={most + 50}tokens")])
    assert desk.ask("How do I delete cookies?")["state"] == "answered"
    before = control(model_url)["counts"]["requests"]
    states = [desk.ask(f"How do I delete the {word} cookies?") for word in ("old", "new", "last", "first", "other")]
    spent = [one for one in states if one["state"] == "handed_off" and one["handoff"]["category"] == "budget"]
    assert spent
    assert "budget of this conversation" in spent[0]["handoff"]["summary"]
    assert control(model_url)["counts"]["requests"] - before < 5
    account = next(row for row in desk.rows(spending) if row["scope"] == "conversation")
    assert account["prompt_tokens"] + account["completion_tokens"] <= most + 50
    assert account["cost_usd"] > 0


def test_the_same_first_question_is_answered_from_the_cache_and_costs_nothing(open_desk, model_url):
    desk = open_desk()
    first = desk.ask("How do I delete cookies?", external_id="a", requester=None)
    again = desk.ask("  how do I  delete cookies?", external_id="b", requester=None)
    assert (again["reply"], again["cost_usd"]) == (first["reply"], 0.0)
    assert first["cost_usd"] > 0
    assert control(model_url)["counts"]["requests"] == 1
    desk.ask("And how do I delete cookies?", external_id="b", requester=None)  # something was said before
    assert control(model_url)["counts"]["requests"] > 1


def test_a_question_that_leans_on_another_is_rewritten_before_the_search(open_desk, model_url):
    desk = open_desk()
    desk.ask("How do I delete cookies?")
    control(model_url, rewritten="How do I delete cookies on a phone?")
    desk.ask("And on a phone?")
    assert desk.knowledge.queries[-1] == "How do I delete cookies on a phone?"
    asked = control(model_url)["seen"][-2]["messages"]
    assert "customer: How do I delete cookies?" in asked[1]["content"]


def test_what_is_private_does_not_reach_the_model_and_comes_back_in_the_answer(open_desk, model_url):
    desk = open_desk(redactor=Redactor())
    desk.knowledge.hits = [hit("You can delete cookies in the browser. Questions go to help@shop.example.")]
    control(model_url, mode="answer")
    answered = desk.ask("How do I delete cookies? My mail is ada@home.example, my card 4111 1111 1111 1111.")
    sent = str(control(model_url)["seen"])
    assert "ada@home" not in sent
    assert "4111" not in sent
    assert "help@shop" not in sent
    assert answered["state"] == "answered"
    desk.knowledge.hits = [hit("For cookies, write to help@shop.example.")]
    answered = desk.ask("How do I delete cookies in a browser?", external_id="y")
    assert "help@shop.example" in answered["reply"]
