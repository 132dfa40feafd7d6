"""The whole turn with a model that calls tools: a real model server, a real back office, the real mailbox."""

from dataclasses import replace

import pytest

from tests.support.desk import COOKIES
from tests.support.fakes import hit
from tests.worker.answering.test_llm import control
from worker.answering import prompts
from worker.answering.chat import Chat
from worker.answering.question import Question
from worker.budgets import Budget
from worker.redaction import Redactor
from worker.store.tables import spending, tool_call


def test_a_result_is_cited_and_its_quote_stands_in_it(desk, model_url):
    mine = desk()
    control(model_url, calls=[["look_up_order", {"order_id": "1001"}]])
    answered = mine.ask("Where is my order 1001?")
    assert answered["state"] == "answered", answered
    assert "status shipped" in answered["said"]
    (call,) = mine.rows(tool_call)
    (citation,) = answered["citations"]
    assert (citation["document_id"], citation["title"]) == (call["id"], "Order look-up")
    assert call["result"][citation["start"] : citation["end"]] == citation["quote"]
    assert (call["state"], call["arguments"]) == ("done", {"order_id": "1001"})


def test_a_failure_is_told_to_the_model_and_never_to_the_customer(desk, model_url, shop):
    mine = desk()
    shop.failures = [500, 500]
    control(model_url, calls=[["look_up_order", {"order_id": "1001"}]])
    answered = mine.ask("How do I delete cookies?")
    assert answered["state"] == "handed_off"
    told = control(model_url)["seen"][-1]["messages"][-1]
    assert (told["role"], told["content"]) == ("tool", "The service does not answer at the moment.")
    assert "service" not in str(answered["said"])
    assert "look_up_order, which failed" in answered["handoff"]["summary"]
    assert mine.rows(tool_call)[0]["state"] == "failed"


def test_an_order_is_cancelled_when_the_customer_has_said_yes_and_once(desk, model_url, shop):
    mine = desk()
    control(model_url, calls=[["cancel_order", {"order_id": "1002"}]])
    asked = mine.ask("Please cancel order 1002")
    assert asked["said"] == "Shall I cancel your order 1002? Please answer yes or no."
    assert shop.cancelled == []
    assert [call["state"] for call in mine.rows(tool_call)] == ["waiting"]
    requests = control(model_url)["counts"]["requests"]
    done = mine.ask("Yes, please")
    assert done["said"] == "Your order 1002 has been cancelled."
    assert shop.cancelled == ["1002"]
    assert control(model_url)["counts"]["requests"] == requests  # a word needs no model
    (call,) = mine.rows(tool_call)
    assert call["state"] == "done"
    assert shop.calls[-1][2] == call["id"]


@pytest.mark.parametrize(("word", "state"), [("No", "refused"), ("How do I delete cookies?", "lapsed")])
def test_nothing_happens_without_a_yes(desk, model_url, shop, word, state):
    mine = desk()
    control(model_url, calls=[["cancel_order", {"order_id": "1002"}]])
    mine.ask("Please cancel order 1002")
    control(model_url, calls=[])
    mine.ask(word)
    mine.ask("yes")
    assert [call["state"] for call in mine.rows(tool_call)] == [state]
    assert shop.cancelled == []


def test_a_confirmed_call_that_fails_goes_to_a_person(desk, model_url, shop):
    mine = desk()
    control(model_url, calls=[["cancel_order", {"order_id": "1001"}]])
    mine.ask("Please cancel order 1001")
    done = mine.ask("yes")
    assert done["state"] == "handed_off"
    assert "confirmed Order cancellation, and it failed" in done["handoff"]["summary"]
    assert shop.cancelled == []


def test_another_customers_word_confirms_nothing(desk, model_url, shop):
    mine = desk()
    control(model_url, calls=[["cancel_order", {"order_id": "1002"}]])
    mine.ask("Please cancel order 1002")
    mine.ask("yes", talk="y", requester={"email": "grace@shop.example"})
    assert shop.cancelled == []


def test_a_message_that_is_tried_again_does_not_confirm_its_own_request(desk, model_url, shop, monkeypatch):
    mine = desk()
    mine.ask("How do I delete cookies?")
    control(model_url, calls=[["cancel_order", {"order_id": "1002"}]])
    mine.fail_once("finish")
    asked = mine.ask("ok, cancel order 1002", again=True)
    assert asked["said"].startswith("Shall I cancel")
    assert shop.cancelled == []


def test_a_word_that_was_written_before_the_question_was_shown_is_none(desk, model_url, shop):
    mine = desk()
    control(model_url, calls=[["cancel_order", {"order_id": "1002"}]])
    talk = mine.write("Please cancel order 1002")
    claim = mine.drainer.mailbox.claim(talk)
    early = mine.write("sure")  # in the box before the question is asked
    mine.drainer._take_turn(claim)
    control(model_url, calls=[])
    mine.drainer.drain(early)
    assert shop.cancelled == []


def test_what_was_done_before_its_worker_was_lost_is_told_and_not_asked_again(desk, model_url, shop):
    mine = desk()
    control(model_url, calls=[["cancel_order", {"order_id": "1002"}]])
    mine.ask("Please cancel order 1002")
    mine.fail_once("finish")
    done = mine.ask("yes please", again=True)
    assert done["said"] == "Your order 1002 has been cancelled."
    assert shop.cancelled == ["1002"]
    assert sum("/cancel" in path for _method, path, _key in shop.calls) == 1


def test_a_failed_write_keeps_its_key_when_it_is_asked_for_again(desk, model_url, shop):
    mine = desk()
    question = mine.question("Please cancel order 1002")
    shop.failures = [503, 503]
    mine.unconfirmed("cancel_order", question, {"order_id": "1002"})
    mine.unconfirmed("cancel_order", question, {"order_id": "1002"})
    assert shop.cancelled == ["1002"]
    assert len({key for _method, _path, key in shop.calls}) == 1


def test_a_question_of_confirmation_is_for_one_customer_and_never_cached(desk, model_url, shop):
    mine = desk()
    control(model_url, calls=[["cancel_order", {"order_id": "1002"}]])
    mine.ask("Please cancel order 1002")
    control(model_url, calls=[])
    other = mine.ask("Please cancel order 1002", talk="y", requester=None)
    assert "Shall I" not in str(other["said"])


def test_whoever_else_writes_in_a_conversation_gets_nothing_of_its_customer(desk, model_url, shop):
    mine = desk()
    mine.ask("How do I delete cookies?")
    control(model_url, calls=[["look_up_order", {"order_id": "1001"}]])
    mine.ask("Where is order 1001 now?", requester={"name": "Mallory", "email": "mallory@x.example"})
    assert shop.calls == []
    mine.ask("Where is order 1001 now?", talk="y")
    assert shop.calls


def test_what_is_remembered_is_known_in_the_next_conversation_and_by_nobody_else(desk, model_url):
    mine = desk()
    control(model_url, calls=[["remember", {"name": "browser", "value": "I use Firefox"}]])
    mine.ask("I use Firefox. How do I delete cookies?")
    control(model_url, calls=[])
    mine.ask("How do I delete cookies?", talk="y")
    assert "browser: I use Firefox" in control(model_url)["seen"][-1]["messages"][-1]["content"]
    mine.ask("How do I delete cookies?", talk="z", requester={"email": "grace@shop.example"})
    assert "Firefox" not in control(model_url)["seen"][-1]["messages"][-1]["content"]


def test_a_model_that_searches_again_cites_what_it_found(desk, model_url):
    mine = desk()
    other = hit("Parcels arrive within two working days.", title="Delivery", number=2)
    control(model_url, calls=[["search", {"query": "delivery time"}]])

    def find(workspace_id, query, *, limit, filters=None):
        found = original(workspace_id, query, limit=limit, filters=filters)
        return replace(found, hits=(other,)) if query == "delivery time" else found

    original, mine.knowledge.search = mine.knowledge.search, find
    answered = mine.ask("How do I delete cookies?")
    assert answered["said"].startswith("Parcels arrive within two working days [1]")
    assert answered["citations"][0]["document_id"] == "doc_2"


def test_a_model_that_hands_off_says_why(desk, model_url):
    mine = desk()
    control(model_url, calls=[["escalate", {"reason": "The customer wants a special contract."}]])
    handed = mine.ask("How do I delete cookies?")
    assert handed["handoff"]["reason"] == "asked_for_human"
    assert "special contract" in handed["handoff"]["summary"]


def test_a_model_that_calls_for_ever_is_ended(desk, model_url):
    mine = desk()
    control(model_url, calls=[["search", {"query": f"query {number}"}] for number in range(50)])
    mine.ask("How do I delete cookies?")
    assert control(model_url)["counts"]["requests"] == 5
    assert control(model_url)["seen"][-1]["tools"] == []


def test_a_spent_budget_hands_off_before_another_call(desk, model_url):
    mine = desk()
    tools = [tool.to_openai() for tool in mine.agent.answerer.registry.offered(mine.question("x"))]
    first = Question(workspace_id="w", content="How do I delete cookies?")
    chat = Chat(prompts.messages(first, [COOKIES], tools=True), None)
    most = chat.max_prompt_tokens(tools) + 700  # the maximum of the first call; its cost leaves too little for a second
    mine = desk(budgets=[Budget.parse(f"conversation={most + 50}tokens")])
    assert mine.ask("How do I delete cookies?")["state"] == "answered"
    before = control(model_url)["counts"]["requests"]
    states = [mine.ask(f"How do I delete the {word} cookies?") for word in ("old", "new", "last", "first", "other")]
    spent = [one for one in states if one["state"] == "handed_off" and one["handoff"]["category"] == "budget"]
    assert spent
    assert "budget of this conversation" in spent[0]["handoff"]["summary"]
    assert control(model_url)["counts"]["requests"] - before < 5
    account = next(row for row in mine.rows(spending) if row["scope"] == "conversation")
    assert account["prompt_tokens"] + account["completion_tokens"] <= most + 50
    assert account["cost_usd"] > 0


def test_the_same_first_question_is_answered_from_the_cache_and_costs_nothing(desk, model_url):
    mine = desk()
    first = mine.ask("How do I delete cookies?", talk="a", requester=None)
    again = mine.ask("  how do I  delete cookies?", talk="b", requester=None)
    assert (again["said"], again["cost_usd"]) == (first["said"], 0.0)
    assert first["cost_usd"] > 0
    assert control(model_url)["counts"]["requests"] == 1
    mine.ask("And how do I delete cookies?", talk="b", requester=None)  # something was said before
    assert control(model_url)["counts"]["requests"] > 1


def test_a_question_that_leans_on_another_is_rewritten_before_the_search(desk, model_url):
    mine = desk()
    mine.ask("How do I delete cookies?")
    control(model_url, rewritten="How do I delete cookies on a phone?")
    mine.ask("And on a phone?")
    assert mine.knowledge.queries[-1] == "How do I delete cookies on a phone?"
    asked = control(model_url)["seen"][-2]["messages"]
    assert "customer: How do I delete cookies?" in asked[1]["content"]


def test_what_is_private_does_not_reach_the_model_and_comes_back_in_the_answer(desk, model_url):
    mine = desk(redactor=Redactor())
    mine.knowledge.hits = [hit("You can delete cookies in the browser. Questions go to help@shop.example.")]
    control(model_url, mode="answer")
    answered = mine.ask("How do I delete cookies? My mail is ada@home.example, my card 4111 1111 1111 1111.")
    sent = str(control(model_url)["seen"])
    assert "ada@home" not in sent
    assert "4111" not in sent
    assert "help@shop" not in sent
    assert answered["state"] == "answered"
    mine.knowledge.hits = [hit("For cookies, write to help@shop.example.")]
    answered = mine.ask("How do I delete cookies in a browser?", talk="y")
    assert "help@shop.example" in answered["said"]
