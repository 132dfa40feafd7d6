"""The agent: find passages, have an answer written, check it, or hand over."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from kb import sentences
from kb.errors import SnapshotMissing
from kb.search import Found, Hit
from worker.answering import escalation, grounding
from worker.answering.llm import ModelError
from worker.answering.question import Answerer, Draft, Question
from worker.conversations.outcomes import Answer, Handoff, Outcome, Retry, Usage

#: Passages that are shown to the answerer.
SHOWN = 5

#: Below this nothing relevant was found; see `relevance`. Chosen on the sample articles with the questions in
#: tests/data/in_scope.txt against CLINC150's (docs/decisions/0012-refusal.md).
LEAST_RELEVANCE = 0.44
WORDS_BONUS = 0.15


class Searches(Protocol):
    """Whoever finds passages in a workspace's knowledge base."""

    def search(self, workspace_id: str, query: str, *, limit: int) -> Found:
        """Return passages, best first, of the snapshot that is active now."""
        ...


@dataclass(frozen=True, kw_only=True)
class Agent:
    """Answers questions. Holds no state of its own: what was said before comes with the question."""

    knowledge: Searches
    answerer: Answerer
    clock: Callable[[], float] = time.perf_counter

    def answer(self, question: Question, *, revoked: Callable[[], bool] = lambda: False) -> Outcome:
        """Return an answer whose every sentence is supported, a handoff, or that it should be tried again.

        Raises:
            Revoked: `revoked` said that nobody waits any more.
        """
        if escalation.asks_for_person(question.content):
            return _handoff(question, "asked_for_person", "The customer asks for a person.")
        began = self.clock()
        query = query_for(question)
        try:
            found = self.knowledge.search(question.workspace_id, query, limit=SHOWN)
        except SnapshotMissing:
            return _handoff(question, "no_answer", "The knowledge base is empty.")
        timings = {"search_ms": _ms(self.clock() - began)}
        if relevance(query, found.hits) < LEAST_RELEVANCE:
            return _handoff(
                question, "no_answer", "The knowledge base has nothing on this.", found.hits, timings=timings
            )
        began = self.clock()
        try:
            draft = self.answerer.draft(question, found.hits, revoked=revoked)
        except ModelError as error:
            if error.then == "retry":
                return Retry(error={"code": error.code, "message": str(error)}, after_s=error.after_s)
            return Handoff(
                reason="error",
                summary=escalation.summary(question, f"{error}", found.hits),
                error={"code": error.code, "message": str(error)},
                timings=timings,
            )
        timings["draft_ms"] = _ms(self.clock() - began)
        return self._checked(question, found, draft, timings)

    def _checked(self, question: Question, found: Found, draft: Draft, timings: dict[str, float]) -> Outcome:
        if draft.text is None:
            reason, why = "no_answer", "The articles found do not answer this."
            if draft.wants_person:
                reason, why = "asked_for_person", "The model judged that a person is needed."
            return _handoff(question, reason, why, found.hits, draft=draft, timings=timings)
        began = self.clock()
        grounded = grounding.check(draft.text, found.hits)
        timings["check_ms"] = _ms(self.clock() - began)
        if grounded is None:
            why = "An answer was written, but the articles do not support it."
            return _handoff(question, "low_support", why, found.hits, draft=draft, timings=timings)
        return Answer(
            content=grounded.content,
            citations=grounded.citations,
            support=grounded.support,
            answerer=self.answerer.name,
            model=draft.model,
            snapshot=found.snapshot,
            usage=draft.usage,
            timings=timings,
        )


def query_for(question: Question) -> str:
    """Return what to search for; a follow-up too short to stand alone brings the customer's last words along."""
    if len(sentences.content(question.content)) >= 3:
        return question.content
    earlier = [turn.content for turn in question.turns if turn.role == "customer"]
    return f"{earlier[-1]} {question.content}" if earlier else question.content


def relevance(query: str, hits: Sequence[Hit]) -> float:
    """Return how near the best passage is: its cosine, and a bonus for the share of the query's words that it has."""
    wanted = sentences.content(query)
    best = 0.0
    for hit in hits:
        if hit.dense is not None:
            record = hit.record
            known = sentences.content(" ".join((record.title, *record.headings, record.text)))
            best = max(best, hit.dense + WORDS_BONUS * (len(wanted & known) / len(wanted) if wanted else 0.0))
    return best


def _handoff(
    question: Question,
    reason: str,
    why: str,
    hits: Sequence[Hit] = (),
    *,
    draft: Draft | None = None,
    timings: dict[str, float] | None = None,
) -> Handoff:
    summary = escalation.summary(question, why, hits)
    usage = draft.usage if draft is not None else Usage()
    return Handoff(reason=reason, summary=summary, timings=timings or {}, usage=usage)


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 2)
