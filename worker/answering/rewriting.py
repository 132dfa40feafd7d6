"""Search queries for messages that depend on earlier turns: "and by express?", "how long does that take?"."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from kb import sentences
from kb.errors import SnapshotMissing
from kb.search import Found, relevance
from worker.answering.question import Question
from worker.states import Role

#: A message with fewer content words may depend on the turns before it.
_MIN_CONTENT_WORDS = 3

#: A follow-up that is joined to the earlier question keeps at least this share of the earlier question's relevance; a
#: message on another subject lowers it. Such a message is searched for alone when its own relevance is below
#: _MAX_OTHER_SUBJECT, so that it is found to have no answer. Both are chosen on `tests/data/desk/follow_ups.tsv`.
_MIN_RELEVANCE_KEPT = 0.9
_MAX_OTHER_SUBJECT = 0.35

#: A pronoun or adverb that may refer to an earlier turn, unless the message names a subject before it.
_REFERENCE = re.compile(
    r"\b(?:it|its|that|this|those|these|they|them|their|there|then|one|ones|so|the same|he|she|him|her)\b", re.I
)
_CONTINUATION = re.compile(r"\W*(?:and|or|but|also|what about|how about|what if|what happens (?:if|when)|else)\b", re.I)
_EXPLETIVE = re.compile(
    r"\b(?:is (?:it|this|that) (?:possible|true|ok(?:ay)?)|that is|there (?:is|are)|it is|it's)\b", re.I
)


def depends_on_history(question: Question) -> bool:
    """Whether the wording of a message shows that it continues the turns before it."""
    if not any(turn.role == Role.CUSTOMER for turn in question.turns):
        return False
    text = question.content
    if not sentences.content(text) or _CONTINUATION.match(text):
        return True
    reference = _REFERENCE.search(_EXPLETIVE.sub("", text))
    return reference is not None and len(sentences.content(text[: reference.start()])) < _MIN_CONTENT_WORDS - 1


@dataclass(frozen=True, kw_only=True)
class Query:
    """A search query and the relevance that its best passage needs for the search to stop at it.

    `alone` and `previous` are set when the text joins a message (`alone`) to an earlier one (`previous`).
    """

    text: str
    min_relevance: float = 0.0
    alone: str | None = None
    previous: str | None = None


def queries(question: Question, *, min_relevance: float) -> list[Query]:
    """Return the queries to try in turn; the last one has no minimum relevance.

    A message that depends on history is joined to the earlier message it continues; any other is tried alone first.
    """
    text = question.content
    earlier = [turn.content for turn in question.turns if turn.role == Role.CUSTOMER]
    if not earlier:
        return [Query(text=text)]
    previous = next(
        (text for text in reversed(earlier) if len(sentences.content(text)) >= _MIN_CONTENT_WORDS - 1), earlier[-1]
    )
    together = Query(text=f"{previous} {text}", alone=text, previous=previous)
    return [together] if depends_on_history(question) else [Query(text=text, min_relevance=min_relevance), together]


def search_in_turn(queries: Iterable[Query], search: Callable[[str], Found]) -> tuple[str, Found, float]:
    """Search until a query reaches its minimum relevance; return the last query's text, its passages and relevance.

    A message that has nothing to do with the earlier one it is joined to is searched for alone: together they would
    find the passages of the earlier question.
    """
    text, found, score = "", Found(snapshot=None, hits=()), 0.0
    for query in queries:
        text = query.text
        try:
            found, score = _scored(text, search)
            if query.alone is not None and query.previous is not None:
                _, previous_score = _scored(query.previous, search)
                found_alone, score_alone = _scored(query.alone, search)
                if score < _MIN_RELEVANCE_KEPT * previous_score and score_alone < _MAX_OTHER_SUBJECT:
                    return query.alone, found_alone, score_alone
        except SnapshotMissing:
            break
        if score >= query.min_relevance:
            break
    return text, found, score


def _scored(text: str, search: Callable[[str], Found]) -> tuple[Found, float]:
    found = search(text)
    return found, relevance(text, found.hits)
