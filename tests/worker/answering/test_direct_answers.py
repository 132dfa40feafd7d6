import pytest

from worker.answering import direct_answers
from worker.conversations.outcomes import Answer, Citation, Handoff, Retry, Usage
from worker.errors import AnswerbackError
from worker.states import CitationStyle, HandoffReason
from worker.voice.voice import Voice


class Scripted:
    """An agent with one outcome, which keeps the questions."""

    def __init__(self, outcome):
        self.outcome, self.asked = outcome, []

    def answer(self, question):
        self.asked.append(question)
        return self.outcome


def answered(outcome, question="Why?"):
    agent = Scripted(outcome)
    answer = direct_answers.answering(
        lambda _workspace_id, _tried: agent, voice=lambda workspace_id: Voice(name=f"voice of {workspace_id}")
    )
    return answer(workspace_id="ws_1", question=question, key_id="key_1", remaining_s=9.0), agent.asked


def test_the_question_is_read_as_a_message_and_charged_to_the_key_and_an_account_of_its_own():
    handoff = Handoff(reason=HandoffReason.NO_ANSWER, summary="Nothing is known.")
    _, (first,) = answered(
        handoff, "How do I pay?\n\nOn Mon, Nov 2, 2026 at 9:12 AM Kim <kim@shop.example> wrote:\n> How do I return it?"
    )
    _, (second,) = answered(handoff)
    assert (first.content, first.key_id, first.remaining_s) == ("How do I pay?", "key_1", 9.0)
    assert first.voice.name == "voice of ws_1"
    assert first.conversation_id == first.message_id != second.message_id


def test_an_answer_has_its_text_as_it_would_be_shown():
    citation = Citation(number=1, document_id="d", title="Pay", url="https://x.example", quote="q", start=0, end=1)
    shown, _ = answered(
        Answer(
            content="By card [1].",
            citations=(citation,),
            support=0.9,
            answerer="llm",
            citation_style=CitationStyle.LINKS,
            usage=Usage(prompt_tokens=5),
            retrieved={"query": "pay"},
        )
    )
    assert shown["state"] == "answered"
    assert shown["answer"]["content"] == "By card [1]."
    assert shown["answer"]["text"] == "By card.\n\nPay: https://x.example"
    assert (shown["usage"]["prompt_tokens"], shown["retrieved"]["query"]) == (5, "pay")


def test_a_handoff_names_no_escalation_since_there_is_none():
    shown, _ = answered(Handoff(reason=HandoffReason.NO_ANSWER, summary="Nothing is known."))
    assert (shown["state"], shown["answer"], shown["handoff"]["summary"]) == ("handed_off", None, "Nothing is known.")
    assert "escalation_id" not in shown["handoff"]


def test_a_model_that_does_not_answer_is_an_error():
    with pytest.raises(AnswerbackError, match="The model is asleep"):
        answered(Retry(error={"message": "The model is asleep."}))
