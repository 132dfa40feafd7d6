"""What a customer reads while an answer is written, with a model that streams over HTTP."""

import pytest

from tests.support.fakes import FakeSearch, hit
from tests.worker.answering.drafting.test_llm import control
from worker.answering.agent import Agent
from worker.answering.chat_api.client import open_client
from worker.answering.drafting.llm import LlmAnswerer
from worker.answering.question import Question
from worker.answering.tools import builtin
from worker.answering.tools.registry import Registry
from worker.conversations.outcomes import Answer, Handoff, Piece
from worker.redaction import Redactor

COOKIES = hit("You can delete cookies in the browser. They come back with the next visit. Write to ada@shop.example.")
TRUE, FALSE = "You can delete cookies in the browser [1].", "Cookies are made of cheese on the moon [1]."
MORE = "They come back with the next visit [1]."


def heard(pieces: list[Piece]) -> str:
    """Return what a client has on its screen in the end."""
    text = ""
    for piece in pieces:
        assert piece.offset <= len(text)
        text = text[: piece.offset] + piece.text
    return text


@pytest.fixture
def answer(model_url):
    """Have a question answered by a model that says `text`; returns the outcome and the pieces."""

    def ask(text, *models, pieces=None, redactor=None, calls=(), found=(COOKIES,)):
        text, _, other = text.partition("|")
        settings = {"text": text, "other": other, "calls": list(calls)}
        control(model_url, mode="say", tokens_per_s=500, latency_s=0, reset=True, **settings)
        search = FakeSearch(list(found))
        answerer = LlmAnswerer(
            client=open_client(api_key=None, base_url=f"{model_url}/v1"),
            models=models or ("good",),
            timeout_s=10,
            registry=Registry(tools=(builtin.search(lambda q, query: search.search(q.workspace_id, query, limit=5)),)),
            redactor=redactor,
        )
        pieces = [] if pieces is None else pieces
        outcome = Agent(knowledge=search, answerer=answerer).answer(
            Question(workspace_id="w", content="How do I delete cookies?"), say=pieces.append
        )
        return outcome, pieces

    yield ask
    control(model_url, mode="answer", text="", other="", then="", calls=[], tokens_per_s=0, reset=True)


@pytest.mark.alone
def test_a_sentence_is_said_while_the_model_still_writes_the_next(answer, model_url):
    class Watching(list):
        def append(self, piece):
            super().append((piece, control(model_url)["counts"]["active"]))

    outcome, pieces = answer(f"{TRUE} {MORE}", pieces=Watching())
    assert [active for _piece, active in pieces] == [1, 0]
    assert [piece.text for piece, _active in pieces] == [TRUE, f" {MORE.replace('[1]', '[2]')}"]
    assert heard([piece for piece, _active in pieces]) == outcome.content
    assert [citation.number for piece, _active in pieces for citation in piece.citations] == [1, 2]


@pytest.mark.parametrize(
    "text", [f"{TRUE} {FALSE} {MORE}", f"{TRUE} {FALSE} {FALSE}", f"{TRUE}\n\n- {FALSE}\n- {MORE}"]
)
def test_what_is_not_supported_is_never_said_and_what_was_said_stays(answer, text):
    outcome, pieces = answer(text)
    assert isinstance(outcome, Answer)
    assert heard(pieces) == outcome.content
    assert not any("cheese" in piece.text for piece in pieces)
    assert [piece.offset for piece in pieces].count(0) == 1


def test_a_draft_that_begins_with_what_is_not_supported_is_held_until_it_is_whole(answer, model_url):
    outcome, pieces = answer(f"{FALSE} {TRUE} {MORE}")
    assert len(pieces) == 1
    assert pieces[0].text == outcome.content
    outcome, pieces = answer(f"{FALSE} {FALSE} {TRUE}")
    assert isinstance(outcome, Handoff)
    assert pieces == []


@pytest.mark.parametrize("text", ["NO_ANSWER", "PERSON", f"{FALSE} {FALSE}"])
def test_of_what_is_handed_off_nothing_is_said(answer, text):
    outcome, pieces = answer(text)
    assert isinstance(outcome, Handoff)
    assert pieces == []


def test_another_model_begins_anew(answer):
    outcome, pieces = answer(f"{TRUE} {MORE}", "break", "good")
    assert outcome.model == "good"
    assert [piece.offset for piece in pieces][:1] == [0]
    assert heard(pieces) == outcome.content == f"{TRUE} {MORE.replace('[1]', '[2]')}"


def test_what_was_said_before_a_tool_was_called_stays(answer):
    outcome, pieces = answer(f"{TRUE} {MORE}", calls=[["search", {"query": "cookies"}]])
    assert outcome.content.startswith(TRUE)
    assert heard(pieces) == outcome.content
    assert [piece.offset for piece in pieces].count(0) == 1


@pytest.mark.parametrize("word", ["PERSON", "NO_ANSWER"])
def test_a_model_that_gives_up_after_a_tool_does(answer, model_url, word):
    control(model_url, then=word)
    outcome, pieces = answer(f"{TRUE} Let me look further.", calls=[["search", {"query": "cookies"}]])
    assert isinstance(outcome, Handoff)
    assert outcome.reason == ("asked_for_person" if word == "PERSON" else "no_answer")
    assert heard(pieces) == TRUE
    assert f"told the customer: {TRUE}" in outcome.summary


def test_a_model_may_say_why_a_human_is_needed(answer):
    outcome, pieces = answer("PERSON safety")
    assert isinstance(outcome, Handoff)
    assert (outcome.reason, outcome.category, outcome.priority) == ("rule", "safety", "urgent")
    assert "The customer reports danger or injury." in outcome.summary
    assert pieces == []


def test_a_person_is_told_what_the_customer_has_read_of_another_models_answer(answer):
    outcome, pieces = answer(f"{TRUE} {MORE}|{FALSE} {FALSE}", "break", "good")
    assert isinstance(outcome, Handoff)
    assert outcome.reason == "low_support"
    assert heard(pieces) == TRUE
    assert f"told the customer: {TRUE}" in outcome.summary


def test_what_was_hidden_from_the_model_is_said_as_it_was(answer, model_url):
    redactor = Redactor()
    hidden = redactor.hidden("ada@shop.example", {})
    outcome, pieces = answer(f"Write to {hidden} [1]. {MORE}", redactor=redactor)
    assert "ada@shop.example" not in str(control(model_url)["seen"])
    assert "ada@shop.example" in pieces[0].text
    assert heard(pieces) == outcome.content
