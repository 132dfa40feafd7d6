"""Search for messages that depend on earlier turns: "and by express?", "how long does that take?"."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from kb import sentences
from kb.errors import SnapshotMissing
from kb.relevance import log_odds
from kb.search import Found, Hit
from worker.answering.question import Question
from worker.answering.triage import small_talk
from worker.conversations.sessions import Turn
from worker.states import Role

#: A message with fewer content words may depend on the turns before it.
_MIN_CONTENT_WORDS = 3

#: A passage's score in the search for the message alone has this weight, and its score in the search for the message
#: together with its topic the rest: less where the wording shows that something is left out. Chosen on the `dev` halves
#: of tests/data/dialogues and of the questions in tests/data/drafts, which are 620 changes of topic in pairs.
_WEIGHT_ALONE = 0.8
_WEIGHT_ALONE_OF_ELLIPTIC = 0.5

#: Subtracted from the last score of a search for a passage that it did not find.
_NOT_FOUND = 0.05

#: A message on another subject that is joined to a topic lowers the log-odds of the topic's relevance by more than
#: this; a follow-up does not. Such a message is searched for alone when its own relevance is below _MAX_OTHER_SUBJECT,
#: so that it is found to have no answer. Both are chosen on `tests/data/desk/follow_ups.tsv` and the `dev` half of
#: tests/data/dialogues, and tell all of their 18 changes of subject from all of their 109 follow-ups.
_MAX_FALL = 1.2
_MAX_OTHER_SUBJECT = 0.5

#: Messages of a topic that are joined to a new one, and characters of each: an embedding model reads 256 tokens.
_MAX_TOPIC_MESSAGES = 3
_MAX_TOPIC_CHARACTERS = 400

#: A pronoun or adverb that may refer to an earlier turn, unless the message names a subject before it.
_REFERENCE = re.compile(
    r"\b(?:it|its|that|this|those|these|they|them|their|there|then|one|ones|so|the same|he|she|him|her)\b", re.I
)
_CONTINUATION = re.compile(
    r"\W*(?:and|or|but|also|what about|how about|what if|what happens (?:if|when)|else"
    r"|und|oder|aber|et|mais|y|pero|maar)\b",
    re.I,
)
_EXPLETIVE = re.compile(
    r"\b(?:is (?:it|this|that) (?:possible|true|ok(?:ay)?)|that is|there (?:is|are)|it is|it's)\b", re.I
)


@dataclass(frozen=True, kw_only=True)
class Search:
    """A query, the passages that were found for it, and their relevance, 0 to 1."""

    query: str
    found: Found
    relevance: float


def depends_on_history(question: Question) -> bool:
    """Whether the wording of a message shows that it continues the turns before it."""
    if question.clarified:
        return False
    return any(turn.role == Role.CUSTOMER for turn in question.turns) and _refers(question.content)


def topic(turns: Sequence[Turn]) -> str:
    """Return the customer's messages that a new one may lean on: the last complete question and what continued it."""
    thread: list[str] = []
    for turn in turns:
        if turn.role != Role.CUSTOMER or small_talk.reply_to(turn.content) is not None:
            continue
        if not (thread and is_elliptic(turn.content)):
            thread.clear()
        thread.append(" ".join(turn.content.split())[:_MAX_TOPIC_CHARACTERS])
    return " ".join([*thread[:1], *thread[1:][1 - _MAX_TOPIC_MESSAGES :]])


def search_in_context(question: Question, search: Callable[[str], Found], *, limit: int) -> Search:
    """Find at most `limit` passages for a message; one of a conversation is searched for alone and with its topic.

    The passages that both searches agree on come first. So a follow-up finds the article that it leans on, and a
    message on a new subject its own. `search` should return more passages than `limit`.
    """
    text, before = question.content, topic(question.turns)
    try:
        alone = _searched(text, search)
        if not before:
            return _cut(alone, limit)
        together = _searched(f"{before} {text}", search)
        if _is_other_subject(alone, together, before, search):
            return _cut(alone, limit)
    except SnapshotMissing:
        return _nothing(text)
    weight = _WEIGHT_ALONE_OF_ELLIPTIC if is_elliptic(text) else _WEIGHT_ALONE
    return _mixed(alone, together, weight=weight, limit=limit)


def search_clarified(question: Question, search: Callable[[str], Found], *, limit: int) -> Search:
    """Find at most `limit` passages for an answer to a question back, together with all that it clarifies."""
    text = question.content
    before = " ".join(text for texts in question.clarified for text in texts)
    try:
        together = _searched(f"{before} {text}", search)
        if len(sentences.content(text)) < _MIN_CONTENT_WORDS:  # "the second one" finds nothing alone
            return _cut(together, limit)
        alone = _searched(text, search)
        return _cut(alone if _is_other_subject(alone, together, before, search) else together, limit)
    except SnapshotMissing:
        return _nothing(text)


def search_alone(text: str, search: Callable[[str], Found], *, limit: int) -> Search:
    """Find at most `limit` passages for a text that can be understood by itself."""
    try:
        return _cut(_searched(text, search), limit)
    except SnapshotMissing:
        return _nothing(text)


def is_elliptic(text: str) -> bool:
    """Whether a message leaves something out, by its wording: "and to Norway?", "how much is it?", "for how long?"."""
    return len(sentences.content(text)) < _MIN_CONTENT_WORDS - 1 or _refers(text)


def _refers(text: str) -> bool:
    """Whether a message begins as a continuation, or refers to something that it has not named."""
    if not sentences.content(text) or _CONTINUATION.match(text):
        return True
    reference = _REFERENCE.search(_EXPLETIVE.sub("", text))
    return reference is not None and len(sentences.content(text[: reference.start()])) < _MIN_CONTENT_WORDS - 1


def _searched(text: str, search: Callable[[str], Found]) -> Search:
    found = search(text)
    return Search(query=text, found=found, relevance=found.relevance)


def _is_other_subject(alone: Search, together: Search, before: str, search: Callable[[str], Found]) -> bool:
    """Whether a message has nothing to do with what was asked before it, nor with any article."""
    if alone.relevance >= _MAX_OTHER_SUBJECT:
        return False
    return log_odds(_searched(before, search).relevance) - log_odds(together.relevance) > _MAX_FALL


def _nothing(text: str) -> Search:
    return Search(query=text, found=Found(snapshot=None, hits=()), relevance=0.0)


def _cut(searched: Search, limit: int) -> Search:
    found = replace(searched.found, hits=searched.found.hits[:limit])
    return Search(query=searched.query, found=found, relevance=found.relevance)


def _mixed(alone: Search, together: Search, *, weight: float, limit: int) -> Search:
    """Return the passages of two searches by their weighted scores, and the higher relevance of the best one."""
    hits = {hit.record.passage_id: hit for hit in (*alone.found.hits, *together.found.hits)}
    if not hits:
        return together
    first, second = _scores(alone), _scores(together)
    unfound = _last(first) - _NOT_FOUND, _last(second) - _NOT_FOUND

    def score(id: str) -> float:
        return weight * first.get(id, unfound[0]) + (1 - weight) * second.get(id, unfound[1])

    ranked = sorted(hits, key=lambda passage_id: -score(passage_id))[:limit]
    best = hits[ranked[0]]
    near_alone, near_together = _relevance_of(best, alone), _relevance_of(best, together)
    leads_alone = near_alone > near_together
    return Search(
        query=alone.query if leads_alone else together.query,
        found=replace(together.found, hits=tuple(hits[id] for id in ranked)),
        relevance=max(near_alone, near_together),
    )


def _scores(searched: Search) -> dict[str, float]:
    return {hit.record.passage_id: hit.score for hit in searched.found.hits}


def _last(scores: dict[str, float]) -> float:
    return min(scores.values(), default=0.0)


def _relevance_of(best: Hit, searched: Search) -> float:
    """Return the relevance of a passage in a search; 0 when it was not found."""
    return max(
        (hit.relevance for hit in searched.found.hits if hit.record.passage_id == best.record.passage_id), default=0.0
    )
