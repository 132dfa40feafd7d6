"""The agent: find passages, have an answer written, check it, or hand over."""

import hashlib
import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from kb.filters import Filters
from kb.search import Found, Hit, relevance
from worker.answering import escalation, injection_filter, rewriting, rules, small_talk
from worker.answering.answer_stream import Say, Speech, to_nobody
from worker.answering.escalation import Alarm
from worker.answering.grounding import Nearness
from worker.answering.llm import ModelError
from worker.answering.question import Answerer, Draft, Question
from worker.answering.rules import Rule
from worker.answering.spending import BudgetSpent
from worker.caching import Cache
from worker.conversations.attachments import Attached
from worker.conversations.outcomes import Answer, Handoff, Outcome, Piece, Retry, Usage
from worker.telemetry import logs, tracing

log = logs.get(__name__)

#: Passages that are shown to the answerer.
SHOWN = 5

#: Below this nothing relevant was found; see `kb.search.relevance`, and docs/quality.md for how it was chosen.
MIN_RELEVANCE = 0.48


#: What customers may be told.
_PUBLIC = Filters(audience="public")


class Searches(Protocol):
    """Whoever finds passages in a workspace's knowledge base."""

    def search(self, workspace_id: str, query: str, *, limit: int, filters: Filters | None = None) -> Found:
        """Return passages, best first, of the snapshot that is active now."""
        ...


class SearchesAttached(Protocol):
    """Whoever finds passages in the files that came with a question."""

    def search(self, query: str, files: Sequence[Attached]) -> list[Hit]:
        """Return the nearest passages, best first."""
        ...


class Rewrites(Protocol):
    """Whoever makes a question stand alone (`LlmAnswerer.rewrite`)."""

    def __call__(self, question: Question, *, revoked: Callable[[], bool]) -> str:
        """Return the question so that it can be understood by itself.

        Raises:
            ModelError, BudgetSpent: it cannot be rewritten now.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Agent:
    """Answers questions. Holds no state of its own: what was said before comes with the question."""

    knowledge: Searches
    answerer: Answerer
    attached: SearchesAttached | None = None
    rules: Sequence[Rule] = ()
    answers: Cache[Answer] | None = None
    rewrites: Rewrites | None = None
    similarity: Nearness | None = None
    min_relevance: float = MIN_RELEVANCE
    clock: Callable[[], float] = time.perf_counter

    def answer(
        self, question: Question, *, revoked: Callable[[], bool] = lambda: False, say: Say = to_nobody
    ) -> Outcome:
        """Return an answer whose every sentence is supported, a handoff, or that it should be tried again.

        `say` is told each sentence as soon as it is supported.

        Raises:
            Revoked: `revoked` said that nobody waits any more.
        """
        said = question.content
        if question.subject and not question.turns:  # the subject was written with the first message
            said = f"{question.subject}\n{said}"
        alarm = escalation.assess(said, question.turns) or rules.assess(question, self.rules)
        if alarm is not None:
            return _raised(question, alarm)
        if not question.attachments and (word := small_talk.returned(question.content)) is not None:
            say(Piece(offset=0, text=word))
            return Answer(content=word, citations=(), support=1.0, answerer="courtesy")
        began = self.clock()
        with tracing.span("search") as searched:
            query, found, near = self._found(question, revoked)
            searched.set_attributes({"passages": len(found.hits), "relevance": near})
        if self.attached is not None and question.attachments:
            found = _with_attached(found, self.attached.search(question.content, question.attachments))
            near = max(near, relevance(question.content, found.hits))
        found = replace(found, hits=tuple(injection_filter.cleaned(found.hits)))
        timings = {"search_ms": _ms(self.clock() - began)}
        outcome = self._answered(question, found, near, timings, revoked, say)
        return outcome if isinstance(outcome, Retry) else replace(outcome, retrieved=_retrieved(query, found, near))

    def _answered(
        self,
        question: Question,
        found: Found,
        near: float,
        timings: dict[str, float],
        revoked: Callable[[], bool],
        say: Say,
    ) -> Outcome:
        """Return what becomes of a question, now that something was found for it or not."""
        if not self.answerer.looks_further(question):
            if not found.hits and found.snapshot is None:
                return _handoff(question, "no_answer", "The knowledge base is empty.")
            if near < self.min_relevance or not found.hits:
                return _handoff(
                    question, "no_answer", "The knowledge base has nothing on this.", found.hits, timings=timings
                )
        key = self._key(question, found)
        if key is not None and self.answers is not None and (kept := self.answers.get(key)) is not None:
            say(Piece(offset=0, text=kept.content, citations=kept.citations))
            return replace(kept, usage=Usage(), timings={**timings, "cached": 1.0})
        began = self.clock()
        speech = Speech(found.hits, similarity=self.similarity, say=say, clock=self.clock)
        try:
            with tracing.span("model", answerer=self.answerer.name) as drafted:
                draft = self.answerer.draft(question, found.hits, revoked=revoked, writing=speech.write)
                tokens = {
                    "prompt_tokens": draft.usage.prompt_tokens,
                    "completion_tokens": draft.usage.completion_tokens,
                }
                drafted.set_attributes({"model": draft.model or "", **tokens})
        except BudgetSpent as error:
            spent = Draft(text=None, tried=_told(speech))
            return _handoff(question, "rule", str(error), found.hits, category="budget", draft=spent, timings=timings)
        except ModelError as error:
            if error.then == "retry":
                return Retry(error={"code": error.code, "message": str(error)}, after_s=error.after_s)
            return Handoff(
                reason="error",
                summary=escalation.summary(question, f"{error}", found.hits, tried=_told(speech)),
                error={"code": error.code, "message": str(error)},
                timings=timings,
            )
        timings["draft_ms"] = _ms(self.clock() - began)
        outcome = self._checked(question, found, draft, speech, timings)
        if draft.ask is not None and isinstance(outcome, Answer):
            say(Piece(offset=0, text=outcome.content))
        plain = isinstance(outcome, Answer) and not draft.tried and draft.ask is None
        if key is not None and self.answers is not None and isinstance(outcome, Answer) and plain:
            self.answers.put(key, outcome)
        return outcome

    def _found(self, question: Question, revoked: Callable[[], bool]) -> tuple[str, Found, float]:
        """Return what was searched for, what was found, and how near it is."""

        def search(query: str) -> Found:
            return self.knowledge.search(question.workspace_id, query, limit=SHOWN, filters=_PUBLIC)

        return rewriting.nearest(self._queries(question, revoked), search)

    def _queries(self, question: Question, revoked: Callable[[], bool]) -> list[rewriting.Query]:
        """Return what to search for; a model rewrites what leans on the conversation before it."""
        queries = rewriting.queries(question, least=self.min_relevance)
        if self.rewrites is None or not rewriting.leans(question):
            return queries
        try:
            rewritten = self.rewrites(question, revoked=revoked)
        except (ModelError, BudgetSpent) as error:
            log.warning("question_not_rewritten", cause=str(error))
            return queries
        first = [rewriting.Query(text=rewritten, least=self.min_relevance)] if rewritten else []
        return [*first, *queries]

    def _key(self, question: Question, found: Found) -> Hashable | None:
        """Return what an answer depends on; None when that is more than the question and what was found for it."""
        if self.answerer.name != "llm" or question.turns or question.attachments or question.known:
            return None
        if self.answerer.looks_further(question):  # what tools know of this customer is for them
            return None
        asked = hashlib.sha256(
            " ".join(f"{question.subject or ''}\n{question.content}".lower().split()).encode()
        ).digest()
        passages = tuple(hit.record.passage_id for hit in found.hits)
        return (question.workspace_id, found.snapshot, self.answerer.version, passages, asked)

    def _checked(
        self, question: Question, found: Found, draft: Draft, speech: Speech, timings: dict[str, float]
    ) -> Outcome:
        if draft.ask is not None:
            return Answer(
                content=draft.ask,
                citations=(),
                support=1.0,
                answerer=self.answerer.name,
                model=draft.model,
                snapshot=found.snapshot,
                usage=draft.usage,
                timings=timings,
            )
        if draft.text is None:
            reason, why = "no_answer", "The articles found do not answer this."
            if draft.wants_person:
                reason, why = "asked_for_person", draft.why or "The model judged that a person is needed."
            draft = replace(draft, tried=[*draft.tried, *_told(speech)])
            return _handoff(question, reason, why, found.hits, draft=draft, timings=timings)
        with tracing.span("grounding") as checked:
            grounded = speech.finish(draft.text, draft.more)
            checked.set_attribute("support", 0.0 if grounded is None else grounded.support)
        timings["check_ms"] = _ms(speech.spent_s)
        if grounded is None:
            why = "An answer was written, but the articles do not support it."
            draft = replace(draft, tried=[*draft.tried, *_told(speech)])
            return _handoff(question, "low_support", why, [*found.hits, *draft.more], draft=draft, timings=timings)
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


def find_more(knowledge: Searches) -> Callable[[Question, str], Found]:
    """Return what a model's own searches are answered with: what customers may be told."""

    def find(question: Question, query: str) -> Found:
        return knowledge.search(question.workspace_id, query, limit=SHOWN, filters=_PUBLIC)

    return find


def _retrieved(query: str, found: Found, near: float) -> dict[str, Any]:
    """Return what people are shown of a search: what was found for what, and why."""
    items = [
        {
            "document_id": hit.record.document_id,
            "title": hit.record.title,
            "start": hit.record.start,
            "end": hit.record.end,
            "score": round(hit.score, 4),
            "dense": None if hit.dense is None else round(hit.dense, 4),
            "lexical": None if hit.lexical is None else round(hit.lexical, 4),
        }
        for hit in found.hits
    ]
    return {"query": query[:500], "relevance": round(near, 4), "items": items}


def _told(speech: Speech) -> list[str]:
    """Return what a person should know that the customer has read already."""
    return [f"told the customer: {speech.said}"] if speech.said else []


def _with_attached(found: Found, hits: Sequence[Hit]) -> Found:
    """Return what was found in the knowledge base and in attachments together, nearest first."""
    together = sorted((*found.hits, *hits), key=lambda hit: -(hit.dense or 0.0)) if hits else found.hits
    return Found(snapshot=found.snapshot, hits=tuple(together))


def _handoff(
    question: Question,
    reason: str,
    why: str,
    hits: Sequence[Hit] = (),
    *,
    category: str | None = None,
    draft: Draft | None = None,
    timings: dict[str, float] | None = None,
) -> Handoff:
    summary = escalation.summary(question, why, hits, tried=draft.tried if draft is not None else ())
    usage = draft.usage if draft is not None else Usage()
    return Handoff(reason=reason, summary=summary, category=category, timings=timings or {}, usage=usage)


def _raised(question: Question, alarm: Alarm) -> Handoff:
    """Return the handoff of a message that a person must see at once."""
    category, _, rule = alarm.category.partition(":")
    why = f"The rule “{rule}” says that a person answers." if rule else escalation.CATEGORIES[category]
    return Handoff(
        reason="asked_for_person" if category == "asked_for_person" else "rule",
        summary=escalation.summary(question, why),
        category=alarm.category,
        priority=alarm.priority,
        reasons=alarm.reasons,
    )


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 2)
