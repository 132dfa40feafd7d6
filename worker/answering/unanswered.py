"""Name the questions of a message that an answer leaves open, in the reply and in a handoff."""

import re
from collections.abc import Sequence
from dataclasses import replace

from kb.search import Hit
from worker.answering import customer_language
from worker.answering.question import Asked, Draft, Question
from worker.conversations.outcomes import Answer, Citation
from worker.conversations.sessions import Turn
from worker.states import Role
from worker.translations import LANGUAGES, translate

_MAX_NAMED_CHARACTERS = 200
_MARK = re.compile(r"\[(\d[\d, ]*)\]")


def note(unanswered: Sequence[Asked], *, question: Question) -> str:
    """Return the sentence that names the questions without an answer, in the customer's language."""
    return _note(named(unanswered), customer_language.of(question))


def _note(questions: str, language: str) -> str:
    return translate("I found no answer to: {questions}", language, questions=questions)


def named(asks: Sequence[Asked]) -> str:
    """Return questions in quotation marks; none of it can be taken for a citation."""
    return "; ".join(f"“{_shortened(ask.text)}”" for ask in asks)


def left_open(turns: Sequence[Turn]) -> list[str]:
    """Return the sentences of the assistant's turns that name questions without an answer."""
    openings = tuple(_note("", language) for language in LANGUAGES)
    return [
        line
        for turn in turns
        if turn.role == Role.ASSISTANT
        for line in turn.content.splitlines()
        if line.startswith(openings)
    ]


def with_note(answer: Answer, question: Question, draft: Draft, hits: Sequence[Hit], *, is_cut: bool) -> Answer:
    """Return an answer with a sentence that names the questions of the message that it leaves open, if there are any.

    `is_cut` says that the check dropped sentences of the draft, which may have been all that one of them got.
    """
    unanswered = list(draft.unanswered)
    if is_cut:
        unanswered += _without_sources(question.asks, answer.citations, hits)
    left = [ask for ask in question.asks if ask in unanswered]
    if not left:
        return answer
    content = f"{answer.content}\n\n{note(left, question=question)}"
    return replace(answer, content=content, unanswered=tuple(ask.text for ask in left))


def _without_sources(asks: Sequence[Asked], citations: Sequence[Citation], hits: Sequence[Hit]) -> list[Asked]:
    """Return the questions of whose documents none is cited."""
    documents = {hit.record.passage_id: hit.record.document_id for hit in hits}
    cited = {citation.document_id for citation in citations}
    return [ask for ask in asks if not cited & {documents.get(id) for id in ask.passages}]


def _shortened(text: str) -> str:
    text = _MARK.sub(r"(\1)", " ".join(text.split()))
    return text if len(text) <= _MAX_NAMED_CHARACTERS else f"{text[:_MAX_NAMED_CHARACTERS]}…"
