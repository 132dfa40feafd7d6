"""The agent: find passages, have an answer written, check it, or hand over."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from kb import sentences
from kb.search import Found, Hit
from worker.answering import escalation, grounding
from worker.answering.llm import ModelError
from worker.answering.question import Answerer, Draft, Question
from worker.conversations.outcomes import Answer, Handoff, Outcome, Retry

#: Passages that are shown to the answerer.
SHOWN = 5

#: The best passage's cosine below which nothing relevant was found, and the cosine from which no shared word is
#: needed. Chosen on the sample articles against CLINC150's questions (docs/decisions/0012-refusal.md).
LEAST_COSINE = 0.38
SURE_COSINE = 0.55


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
        found = self.knowledge.search(question.workspace_id, query_for(question), limit=SHOWN)
        timings = {"search_ms": _ms(self.clock() - began)}
        if not is_relevant(question.content, found.hits):
            return _handoff(question, "no_answer", "The knowledge base has nothing on this.", found.hits, timings=timings)
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


def is_relevant(query: str, hits: Sequence[Hit]) -> bool:
    """Whether the best passage by meaning is near enough to be worth an answer."""
    nearest = max((hit for hit in hits if hit.dense is not None), key=lambda hit: hit.dense or 0.0, default=None)
    if nearest is None or (nearest.dense or 0.0) < LEAST_COSINE:
        return False
    if (nearest.dense or 0.0) >= SURE_COSINE:
        return True
    record = nearest.record
    return bool(sentences.content(query) & sentences.content(" ".join((record.title, *record.headings, record.text))))


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
    return Handoff(reason=reason, summary=summary, timings=timings or {}, **({"usage": draft.usage} if draft else {}))


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 2)
