"""How likely it is that an answer answers what was asked.

The check of support says that its sentences are true of their sources; a true sentence about something near is still no
answer.
"""

import re
from dataclasses import replace
from typing import Protocol

from kb import links
from kb.languages import other_language_of
from kb.records import Record
from worker.answering.question import Draft, Question
from worker.conversations.outcomes import Answer
from worker.telemetry import tracing

#: An extractive answer is sent from this probability on; docs/quality.md says how it was chosen.
MIN_CONFIDENCE = 0.35

#: The language that the model reads.
_MODEL_LANGUAGE = "en"

_MARK = re.compile(r"\s?\[\d[\d, ]*\]")


class AnswerJudge(Protocol):
    """Tells how probable it is that a text answers a question (`AnswerModel.probability`)."""

    def __call__(self, question: str, passage: str, title: str, /, *, cosine: float | None = None) -> float:
        """Return the probability, 0 to 1; `cosine` is that of a search which found the text, if one did."""


def title_of(record: Record) -> str:
    """Return the title of a passage with its headings."""
    return " > ".join(dict.fromkeys(filter(None, (record.title, *record.headings))))


def is_readable(asked: str) -> bool:
    """Whether a question is in the language that the model reads."""
    return other_language_of(asked, (_MODEL_LANGUAGE,)) is None


def with_confidence(
    answer: Answer, content: str, question: Question, draft: Draft, judge: AnswerJudge | None
) -> Answer:
    """Return an answer with its confidence: that of the draft, or else the judge's of `content`, the text that answers.

    Of several questions that it answers, the least certain one counts.
    """
    confidence = draft.confidence
    if confidence is None and judge is not None:
        asked = [ask.query for ask in question.asks if ask.text not in answer.unanswered]
        asked = asked or [question.standalone or question.asked]
        titles = {citation.title for citation in answer.citations}
        title = titles.pop() if len(titles) == 1 else ""
        text = links.without_addresses(_MARK.sub("", content))
        if all(map(is_readable, asked)):
            with tracing.span("confidence", questions=len(asked)):
                confidence = min(judge(query, text, title) for query in asked)
    return replace(answer, confidence=None if confidence is None else round(confidence, 3))
