"""What to search for when a message leans on what was said before: "and by express?", "how long does that take?"."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from kb import sentences
from kb.errors import SnapshotMissing
from kb.search import Found, relevance
from worker.answering.question import Question

#: A message with fewer words that carry a subject may not stand alone.
_FEW = 3

#: What goes on with a question keeps its passages about as near as they were; what has nothing to do with it moves away
#: from them. Unless it is of this desk itself. `tests/data/desk/follow_ups.tsv` has what these are chosen on.
_KEPT = 0.9
_OF_THIS_DESK = 0.35

#: A word that stands for something counts as long as nothing in the message that it can stand for came before it.
_STANDS_FOR = re.compile(
    r"\b(?:it|its|that|this|those|these|they|them|their|there|then|one|ones|so|the same|he|she|him|her)\b", re.I
)
_GOES_ON = re.compile(r"\W*(?:and|or|but|also|what about|how about|what if|what happens (?:if|when)|else)\b", re.I)
_SAYS_NOTHING = re.compile(
    r"\b(?:is (?:it|this|that) (?:possible|true|ok(?:ay)?)|that is|there (?:is|are)|it is|it's)\b", re.I
)


def leans(question: Question) -> bool:
    """Whether a message says by its words that it goes on with what was said before."""
    if not any(turn.role == "customer" for turn in question.turns):
        return False
    text = question.content
    if not sentences.content(text) or _GOES_ON.match(text):
        return True
    place = _STANDS_FOR.search(_SAYS_NOTHING.sub("", text))
    return place is not None and len(sentences.content(text[: place.start()])) < _FEW - 1


@dataclass(frozen=True, kw_only=True)
class Query:
    """What to search for, and how near the best passage must be for it to be what is meant.

    `alone` is the message of one that is searched for together with an earlier one, `leaned_on`.
    """

    text: str
    least: float = 0.0
    alone: str | None = None
    leaned_on: str | None = None


def queries(question: Question, *, least: float) -> list[Query]:
    """Return what to search for, in turn; the last one counts however near it is.

    A message that leans on others is searched for together with the one that it leans on; any other by itself first.
    """
    text = question.content
    earlier = [turn.content for turn in question.turns if turn.role == "customer"]
    if not earlier:
        return [Query(text=text)]
    standing = next((one for one in reversed(earlier) if len(sentences.content(one)) >= _FEW - 1), earlier[-1])
    together = Query(text=f"{standing} {text}", alone=text, leaned_on=standing)
    return [together] if leans(question) else [Query(text=text, least=least), together]


def nearest(wanted: Iterable[Query], search: Callable[[str], Found]) -> tuple[str, Found, float]:
    """Return the first query that finds something near enough, else the last one; what it finds, and how near that is.

    A message that has nothing to do with the one before it is taken by itself: together they would find what was
    asked before.
    """
    text, found, near = "", Found(snapshot=None, hits=()), 0.0
    for query in wanted:
        text = query.text
        try:
            found, near = _looked(text, search)
            if query.alone is not None and query.leaned_on is not None:
                before = _looked(query.leaned_on, search)[1]
                by_itself = _looked(query.alone, search)
                if near < _KEPT * before and by_itself[1] < _OF_THIS_DESK:
                    return query.alone, *by_itself
        except SnapshotMissing:
            break
        if near >= query.least:
            break
    return text, found, near


def _looked(text: str, search: Callable[[str], Found]) -> tuple[Found, float]:
    found = search(text)
    return found, relevance(text, found.hits)
