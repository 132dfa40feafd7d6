"""The agent: find passages, have an answer written, check it, or hand the conversation off to a human."""

import hashlib
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from kb.filters import Filters
from kb.search import Found, Hit, relevance
from worker.answering import escalation, injection_filter, rewriting, rules, small_talk
from worker.answering.answer_stream import AnswerStream, PieceListener, ignore_piece
from worker.answering.escalation import Alarm
from worker.answering.judge import Doubt, SupportJudge
from worker.answering.model_errors import ModelError
from worker.answering.protocols import AttachmentSearch, DraftReviser, KnowledgeSearch, QuestionRewriter
from worker.answering.question import Answerer, Draft, Question
from worker.answering.rules import Rule
from worker.answering.spending import BudgetSpent
from worker.answering.support import Entailment, Similarity
from worker.caching import Cache
from worker.conversations.outcomes import Answer, Handoff, Outcome, Piece, Retry, Usage
from worker.states import HandoffReason
from worker.telemetry import logs, tracing

log = logs.get(__name__)

#: Passages that the answerer is given.
MAX_PASSAGES = 5

#: A lower `kb.search.relevance` counts as nothing found; docs/quality.md says how it was chosen.
MIN_RELEVANCE = 0.48

#: Documents that customers may be shown.
_PUBLIC = Filters(audience="public")


@dataclass(frozen=True, kw_only=True)
class Agent:
    """Answers questions. Stateless: a question brings its conversation with it. Safe to share between threads."""

    knowledge: KnowledgeSearch
    answerer: Answerer
    attachment_search: AttachmentSearch | None = None
    rules: Sequence[Rule] = ()
    answer_cache: Cache[Answer] | None = None
    rewriter: QuestionRewriter | None = None
    reviser: DraftReviser | None = None
    judge: SupportJudge | None = None
    similarity: Similarity | None = None
    entailment: Entailment | None = None
    min_relevance: float = MIN_RELEVANCE
    clock: Callable[[], float] = time.perf_counter

    def answer(
        self, question: Question, *, revoked: Callable[[], bool] = lambda: False, say: PieceListener = ignore_piece
    ) -> Outcome:
        """Return an answer whose every sentence is supported, a handoff, or a request to retry later.

        `say` receives each sentence as soon as it is supported.

        Raises:
            Revoked: `revoked` returned True: nobody waits for the answer any more.
        """
        text = question.content
        if question.subject and not question.turns:  # the subject was written with the first message
            text = f"{question.subject}\n{text}"
        alarm = escalation.assess(text, question.turns) or rules.assess(question, self.rules)
        if alarm is not None:
            return _handoff_of(question, alarm)
        if not question.attachments and (greeting := small_talk.reply_to(question.content)) is not None:
            say(Piece(offset=0, text=greeting))
            return Answer(content=greeting, citations=(), support=1.0, answerer="courtesy")
        return _Turn(agent=self, question=question, revoked=revoked, say=say).run()


def search_for_tool(knowledge: KnowledgeSearch) -> Callable[[Question, str], Found]:
    """Return the function by which the tool `search` finds passages that customers may be shown."""

    def find(question: Question, query: str) -> Found:
        return knowledge.search(question.workspace_id, query, limit=MAX_PASSAGES, filters=_PUBLIC)

    return find


class _Turn:
    """One question on its way to an outcome: search, draft, check. `timings` are milliseconds by step."""

    def __init__(self, *, agent: Agent, question: Question, revoked: Callable[[], bool], say: PieceListener) -> None:
        self._agent = agent
        self._question = question
        self._revoked = revoked
        self._say = say
        self._found = Found(snapshot=None, hits=())
        self._timings: dict[str, float] = {}
        self._started = agent.clock()
        self._other_usage = Usage()  # of calls beside the draft that is answered with

    def run(self) -> Outcome:
        """Return the outcome, with the passages that were retrieved."""
        query, score = self._search()
        outcome = self._outcome(score)
        return (
            outcome if isinstance(outcome, Retry) else replace(outcome, retrieved=_retrieved(query, self._found, score))
        )

    def _search(self) -> tuple[str, float]:
        """Find passages in the knowledge base and in attachments; return the query and its relevance, 0 to 1."""
        agent, question = self._agent, self._question
        started = agent.clock()
        with tracing.span("search") as span:
            find = search_for_tool(agent.knowledge)
            query, found, score = rewriting.search_in_turn(self._queries(), lambda text: find(question, text))
            span.set_attributes({"passages": len(found.hits), "relevance": score})
        if agent.attachment_search is not None and question.attachments:
            attached = agent.attachment_search.search(question.content, question.attachments)
            found = _merged(found, attached)
            score = max(score, relevance(question.content, found.hits))
        self._found = replace(found, hits=tuple(injection_filter.cleaned(found.hits)))
        self._timings["search_ms"] = _ms(agent.clock() - started)
        return query, score

    def _queries(self) -> list[rewriting.Query]:
        """Return the queries to try, first that of the rewriter when the message depends on the turns before it."""
        agent, question = self._agent, self._question
        queries = rewriting.queries(question, min_relevance=agent.min_relevance)
        if agent.rewriter is None or not rewriting.depends_on_history(question):
            return queries
        try:
            rewritten = agent.rewriter(question, revoked=self._revoked)
        except (ModelError, BudgetSpent) as error:
            log.warning("question_not_rewritten", cause=str(error))
            return queries
        return [rewriting.Query(text=rewritten, min_relevance=agent.min_relevance), *queries] if rewritten else queries

    def _outcome(self, score: float) -> Outcome:
        agent, question, found = self._agent, self._question, self._found
        if not agent.answerer.may_find_more(question):
            if not found.hits and found.snapshot is None:
                return _handoff(question, HandoffReason.NO_ANSWER, "The knowledge base is empty.")
            if score < agent.min_relevance or not found.hits:
                return self._handoff(HandoffReason.NO_ANSWER, "The knowledge base has nothing on this.")
        key = self._cache_key() if agent.answer_cache is not None else None
        cached = agent.answer_cache.get(key) if agent.answer_cache is not None and key is not None else None
        if cached is not None:
            self._say(Piece(offset=0, text=cached.content, citations=cached.citations))
            return replace(cached, usage=Usage(), timings={**self._timings, "cached": 1.0})
        stream = AnswerStream(
            found.hits,
            question=question.content,
            similarity=agent.similarity,
            entailment=agent.entailment,
            judge=self._judge if agent.judge is not None else None,
            say=self._say,
            clock=agent.clock,
        )
        try:
            draft = self._draft(stream)
        except BudgetSpent as error:
            spent = Draft(text=None, tried=_already_sent(stream))
            return self._handoff(HandoffReason.RULE, str(error), category="budget", draft=spent)
        except ModelError as error:
            return self._failed(error, stream)
        outcome = self._checked(draft, stream)
        if isinstance(outcome, Handoff) and outcome.reason == HandoffReason.LOW_SUPPORT and not stream.sent:
            outcome = self._revised(draft, stream) or outcome
        outcome = self._with_other_usage(outcome)
        if draft.fixed_reply is not None and isinstance(outcome, Answer):
            self._say(Piece(offset=0, text=outcome.content))
        if agent.answer_cache is not None and key is not None and isinstance(outcome, Answer) and _is_cacheable(draft):
            agent.answer_cache.put(key, outcome)
        return outcome

    def _cache_key(self) -> Hashable | None:
        """Return all that an answer depends on; None when it may depend on more than the question and its passages."""
        answerer, question = self._agent.answerer, self._question
        if answerer.name != "llm" or question.turns or question.attachments or question.known:
            return None
        if answerer.may_find_more(question):  # the result of a tool is for one customer
            return None
        text = " ".join(f"{question.subject or ''}\n{question.content}".lower().split())
        passages = tuple(hit.record.passage_id for hit in self._found.hits)
        digest = hashlib.sha256(text.encode()).digest()
        return (question.workspace_id, self._found.snapshot, answerer.version, passages, digest)

    def _draft(self, stream: AnswerStream) -> Draft:
        answerer, started = self._agent.answerer, self._agent.clock()
        with tracing.span("model", answerer=answerer.name) as span:
            draft = answerer.draft(self._question, self._found.hits, revoked=self._revoked, on_text=stream.write)
            tokens = {
                "prompt_tokens": draft.usage.prompt_tokens,
                "completion_tokens": draft.usage.completion_tokens,
            }
            span.set_attributes({"model": draft.model or "", **tokens})
        self._timings["draft_ms"] = _ms(self._agent.clock() - started)
        return draft

    def _judge(self, doubts: Sequence[Doubt], hits: Sequence[Hit]) -> Mapping[Doubt, bool]:
        """Return the judge's verdicts; none when it cannot answer, so that the local ones stand."""
        agent, started = self._agent, self._agent.clock()
        if agent.judge is None:
            return {}
        try:
            with tracing.span("judge", sentences=len(doubts)):
                judgement = agent.judge(self._question_now(), doubts, hits, revoked=self._revoked)
        except (ModelError, BudgetSpent) as error:
            log.warning("draft_not_judged", cause=str(error))
            return {}
        finally:
            self._timings["judge_ms"] = self._timings.get("judge_ms", 0.0) + _ms(agent.clock() - started)
        self._other_usage = self._other_usage.plus(judgement.usage)
        return judgement.verdicts

    def _revised(self, draft: Draft, stream: AnswerStream) -> Outcome | None:
        """Return the outcome of a draft that is written again; None when there is none."""
        agent = self._agent
        if agent.reviser is None or not draft.text or draft.tool_hits:
            return None
        failed = tuple(stream.failed)
        stream.restart()
        try:
            with tracing.span("revision", sentences=len(failed)):
                revised = agent.reviser(
                    self._question_now(),
                    self._found.hits,
                    draft=draft.text,
                    failed=failed,
                    revoked=self._revoked,
                    on_text=stream.write,
                )
        except (ModelError, BudgetSpent) as error:
            log.warning("draft_not_revised", cause=str(error))
            return None
        self._other_usage = self._other_usage.plus(draft.usage)
        return self._checked(replace(revised, tried=draft.tried), stream)

    def _question_now(self) -> Question:
        """Return the question with the time that is left of its deadline."""
        left_s = self._question.remaining_s - (self._agent.clock() - self._started)
        return replace(self._question, remaining_s=max(0.0, left_s))

    def _with_other_usage(self, outcome: Outcome) -> Outcome:
        if isinstance(outcome, Retry):
            return outcome
        return replace(outcome, usage=outcome.usage.plus(self._other_usage))

    def _failed(self, error: ModelError, stream: AnswerStream) -> Retry | Handoff:
        problem = {"code": error.code, "message": str(error)}
        if error.recovery == "retry":
            return Retry(error=problem, after_s=error.after_s)
        summary = escalation.summary(self._question, f"{error}", self._found.hits, tried=_already_sent(stream))
        return Handoff(reason=HandoffReason.ERROR, summary=summary, error=problem, timings=self._timings)

    def _checked(self, draft: Draft, stream: AnswerStream) -> Outcome:
        """Return the answer that the passages support, or a handoff."""
        if draft.fixed_reply is not None:
            return self._answer(draft, draft.fixed_reply)
        if draft.text is None:
            reason, why = HandoffReason.NO_ANSWER, "The articles found do not answer this."
            if draft.wants_human:
                reason, why = (
                    HandoffReason.ASKED_FOR_HUMAN,
                    draft.handoff_reason or "The model judged that a human is needed.",
                )
            draft = replace(draft, tried=[*draft.tried, *_already_sent(stream)])
            return self._handoff(reason, why, draft=draft)
        with tracing.span("grounding") as span:
            grounded = stream.finish(draft.text, draft.tool_hits)
            span.set_attribute("support", 0.0 if grounded is None else grounded.support)
        self._timings["check_ms"] = _ms(stream.check_s)
        if grounded is None:
            why = "An answer was written, but the articles do not support it."
            draft = replace(draft, tried=[*draft.tried, *_already_sent(stream)])
            return self._handoff(
                HandoffReason.LOW_SUPPORT, why, hits=[*self._found.hits, *draft.tool_hits], draft=draft
            )
        return replace(self._answer(draft, grounded.content), citations=grounded.citations, support=grounded.support)

    def _answer(self, draft: Draft, content: str) -> Answer:
        return Answer(
            content=content,
            citations=(),
            support=1.0,
            answerer=self._agent.answerer.name,
            model=draft.model,
            snapshot=self._found.snapshot,
            usage=draft.usage,
            timings=self._timings,
        )

    def _handoff(
        self,
        reason: HandoffReason,
        why: str,
        *,
        hits: Sequence[Hit] | None = None,
        category: str | None = None,
        draft: Draft | None = None,
    ) -> Handoff:
        hits = self._found.hits if hits is None else hits
        handoff = _handoff(self._question, reason, why, hits, tried=draft.tried if draft is not None else ())
        usage = draft.usage if draft is not None else Usage()
        return replace(handoff, category=category, timings=self._timings, usage=usage)


def _handoff(
    question: Question, reason: HandoffReason, why: str, hits: Sequence[Hit] = (), *, tried: Sequence[str] = ()
) -> Handoff:
    return Handoff(reason=reason, summary=escalation.summary(question, why, hits, tried=tried))


def _handoff_of(question: Question, alarm: Alarm) -> Handoff:
    """Return the handoff of a message that a human must see at once."""
    category, _, rule = alarm.category.partition(":")
    why = f"The rule “{rule}” says that a human answers." if rule else escalation.CATEGORIES[category]
    asks = category == HandoffReason.ASKED_FOR_HUMAN
    return replace(
        _handoff(question, HandoffReason.ASKED_FOR_HUMAN if asks else HandoffReason.RULE, why),
        category=alarm.category,
        priority=alarm.priority,
        reasons=alarm.reasons,
    )


def _is_cacheable(draft: Draft) -> bool:
    return not draft.tried and draft.fixed_reply is None


def _retrieved(query: str, found: Found, score: float) -> dict[str, Any]:
    """Return the record of a search as agents are shown it: the query, its relevance and the passages with scores."""
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
    return {"query": query[:500], "relevance": round(score, 4), "items": items}


def _already_sent(stream: AnswerStream) -> list[str]:
    """Return a note for the human who takes over on what the customer has already received, if anything."""
    return [f"told the customer: {stream.sent}"] if stream.sent else []


def _merged(found: Found, hits: Sequence[Hit]) -> Found:
    """Return the passages of the knowledge base and of attachments together, most similar first."""
    merged = sorted((*found.hits, *hits), key=lambda hit: -(hit.dense or 0.0)) if hits else found.hits
    return Found(snapshot=found.snapshot, hits=tuple(merged))


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 2)
