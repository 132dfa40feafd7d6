"""The agent: find passages, have an answer written, check it, or hand the conversation off to a human."""

import hashlib
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace

from kb.filters import Filters
from kb.search import Found, Hit
from worker.answering import desk_voice, handoffs, quoted_language, unanswered
from worker.answering.chat_api.errors import ModelError
from worker.answering.chat_api.spending import BudgetSpent
from worker.answering.check import answer_languages, injection_filter
from worker.answering.check.answer_stream import AnswerStream, PieceListener, ignore_piece
from worker.answering.check.confidence import AnswerJudge, with_confidence
from worker.answering.check.judge import Doubt, SupportJudge
from worker.answering.check.support import Entailment, Similarity, languages_of
from worker.answering.drafting import clarifying
from worker.answering.protocols import AttachmentSearch, DraftReviser, KnowledgeSearch, QuestionRewriter
from worker.answering.question import Answerer, Clarification, Draft, Question
from worker.answering.questions import search_record, several_questions
from worker.answering.questions.attachment_search import merged, weighed
from worker.answering.questions.gate import Gate
from worker.answering.triage import escalation, restrictions
from worker.answering.triage.decision import at_once, decide
from worker.answering.triage.recogniser import WorkspaceRecognise, recognise_nothing
from worker.answering.triage.rules import Rule
from worker.caching import Cache
from worker.conversations.outcomes import Answer, Handoff, Outcome, Piece, Retry, Usage, WithheldDraft
from worker.states import HandoffReason, ReplyKind
from worker.telemetry import logs, tracing

log = logs.get(__name__)

#: Passages that the answerer is given.
MAX_PASSAGES = 5

#: Documents that customers may be shown.
_PUBLIC = Filters(audience="public")


@dataclass(frozen=True, kw_only=True)
class Agent:
    """Answers questions. Stateless: a question brings its conversation with it. Safe to share between threads.

    `revision` tells apart the agents that one workspace has after each other, for `answer_cache`.
    """

    knowledge: KnowledgeSearch
    answerer: Answerer
    attachment_search: AttachmentSearch | None = None
    rules: Sequence[Rule] = ()
    recognise: WorkspaceRecognise = recognise_nothing
    answer_cache: Cache[Answer] | None = None
    rewriter: QuestionRewriter | None = None
    reviser: DraftReviser | None = None
    judge: SupportJudge | None = None
    similarity: Similarity | None = None
    entailment: Entailment | None = None
    answer_judge: AnswerJudge | None = None
    gate: Gate = Gate()
    revision: Hashable = 0
    keeps_pleasantries: bool = False
    quotes_other_languages: bool = True
    clock: Callable[[], float] = time.perf_counter

    def answer(
        self, question: Question, *, revoked: Callable[[], bool] = lambda: False, say: PieceListener = ignore_piece
    ) -> Outcome:
        """Return an answer whose every sentence is supported, a handoff, or a request to retry later.

        `say` receives each sentence as soon as it is supported.

        Raises:
            Revoked: `revoked` returned True: nobody waits for the answer any more.
        """
        outcome = self._outcome(question, revoked, say)
        return desk_voice.in_form(question, outcome) if isinstance(outcome, Answer) else outcome

    def _outcome(self, question: Question, revoked: Callable[[], bool], say: PieceListener) -> Outcome:
        decided = decide(
            question,
            recognise=self.recognise,
            rules_of_desk=self.rules,
            similarity=self.similarity,
            has_model=self.answerer.name == "llm",
        )
        if decided is None:
            return _Turn(agent=self, question=question, revoked=revoked, say=say).run()
        if isinstance(decided, Answer):
            say(Piece(offset=0, text=decided.content))
        return decided


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
            outcome
            if isinstance(outcome, Retry)
            else replace(outcome, retrieved=search_record.of(query, self._found, score))
        )

    def _search(self) -> tuple[str, float]:
        """Find passages in the knowledge base and in attachments; return the query and its relevance, 0 to 1."""
        agent, question = self._agent, self._question
        started = agent.clock()
        with tracing.span("search") as span:
            named = self._named_questions()
            asked = several_questions.read(question, named, self._find, limit=MAX_PASSAGES, gate=agent.gate)
            self._question = question = replace(question, standalone=asked.standalone, asks=asked.asks)
            found, score = asked.found, asked.relevance
            span.set_attributes({"passages": len(found.hits), "relevance": score, "questions": len(asked.asks) or 1})
        if agent.attachment_search is not None and question.attachments:
            attached = agent.attachment_search.search(question.content, question.attachments)
            attached = weighed(attached, question.content, found.scale)
            score = max([score, *(hit.relevance for hit in attached)])
            found = merged(found, attached)
        self._found = replace(found, hits=tuple(injection_filter.cleaned(found.hits)))
        self._timings["search_ms"] = _ms(agent.clock() - started)
        return asked.query, score

    def _find(self, text: str) -> Found:
        """Search the knowledge base for more passages than are needed, so that two searches can be compared."""
        limit = 2 * MAX_PASSAGES
        return self._agent.knowledge.search(self._question.workspace_id, text, limit=limit, filters=_PUBLIC)

    def _named_questions(self) -> Sequence[str]:
        """Return the questions as the model names them, where the message leans on turns or may hold several."""
        agent, question = self._agent, self._question
        if agent.rewriter is None or not several_questions.needs_model(question):
            return ()
        try:
            return agent.rewriter(question, revoked=self._revoked)
        except (ModelError, BudgetSpent) as error:
            log.warning("question_not_rewritten", cause=str(error))
            return ()

    def _outcome(self, score: float) -> Outcome:
        agent, question, found = self._agent, self._question, self._found
        if not agent.answerer.may_find_more(question):
            if not found.hits and found.snapshot is None:
                return handoffs.handoff(question, HandoffReason.NO_ANSWER, "The knowledge base is empty.")
            if not (agent.gate.admits(score, found.scale) and found.hits):
                restriction = restrictions.by_meaning(question, agent.similarity)
                if restriction is not None:
                    return replace(restrictions.handoff(question, restriction), timings=self._timings)
                return self._handoff(HandoffReason.NO_ANSWER, "The knowledge base has nothing on this.")
        key = self._cache_key() if agent.answer_cache is not None else None
        cached = agent.answer_cache.get(key) if agent.answer_cache is not None and key is not None else None
        if cached is not None:
            self._say(Piece(offset=0, text=cached.content, citations=cached.citations))
            return replace(cached, usage=Usage(), timings={**self._timings, "cached": 1.0})
        stream = AnswerStream(
            found.hits,
            question=question.asked,
            avoided=restrictions.avoided_words(question),
            keeps_pleasantries=agent.keeps_pleasantries,
            similarity=agent.similarity,
            entailment=agent.entailment,
            judge=self._judge if agent.judge is not None else None,
            say=self._say,
            clock=agent.clock,
        )
        try:
            draft = self._draft(stream)
        except BudgetSpent as error:
            spent = Draft(text=None, tried=stream.already_sent)
            return self._handoff(HandoffReason.RULE, str(error), category="budget", draft=spent)
        except ModelError as error:
            return self._failed(error, stream)
        outcome = self._checked(draft, stream)
        if isinstance(outcome, Handoff) and outcome.reason == HandoffReason.LOW_SUPPORT and not stream.sent:
            outcome = self._revised(draft, stream) or outcome
        outcome = self._with_other_usage(outcome)
        if isinstance(outcome, Answer) and (draft.fixed_reply is not None or outcome.kind == ReplyKind.CLARIFICATION):
            self._say(Piece(offset=0, text=outcome.content))
        if agent.answer_cache is not None and key is not None and isinstance(outcome, Answer) and _is_cacheable(draft):
            agent.answer_cache.put(key, outcome)
        return outcome

    def _cache_key(self) -> Hashable | None:
        """Return all that an answer depends on; None when it may depend on more than the question and its passages."""
        answerer, question = self._agent.answerer, self._question
        if answerer.name != "llm" or question.turns or question.attachments or question.known or question.quoted:
            return None
        if answerer.may_find_more(question):  # the result of a tool is for one customer
            return None
        text = " ".join(f"{question.subject or ''}\n{question.content}".lower().split())
        passages = tuple(hit.record.passage_id for hit in self._found.hits)
        digest = hashlib.sha256(f"{text}\n{question.voice!r}".encode()).digest()
        return (question.workspace_id, self._found.snapshot, self._agent.revision, answerer.version, passages, digest)

    def _draft(self, stream: AnswerStream) -> Draft:
        answerer, started = self._agent.answerer, self._agent.clock()
        with tracing.span("model", answerer=answerer.name) as span:
            draft = answerer.draft(self._question, self._found.hits, revoked=self._revoked, on_text=stream.write)
            usage = draft.usage
            tokens = {"prompt_tokens": usage.prompt_tokens, "completion_tokens": usage.completion_tokens}
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
        summary = handoffs.summary(self._question, f"{error}", self._found.hits, tried=stream.already_sent)
        return Handoff(reason=HandoffReason.ERROR, summary=summary, error=problem, timings=self._timings)

    def _checked(self, draft: Draft, stream: AnswerStream) -> Outcome:
        """Return the answer that the passages support, a question back, or a handoff."""
        if draft.fixed_reply is not None:
            return self._answer(draft, draft.fixed_reply)
        if draft.clarification is not None:
            return self._clarified(draft, draft.clarification, stream)
        if draft.avoided_topic is not None:
            restricted = restrictions.handoff(
                self._question, restrictions.by_model(self._question, draft.avoided_topic)
            )
            return replace(restricted, timings=self._timings, usage=draft.usage)
        if draft.text is None:
            draft = replace(draft, tried=[*draft.tried, *stream.already_sent])
            if draft.wants_human:
                return self._wanted_human(draft)
            return self._handoff(HandoffReason.NO_ANSWER, "The articles found do not answer this.", draft=draft)
        if self._agent.answerer.name == "extractive" and quoted_language.differs(self._question, draft.text):
            if not self._agent.quotes_other_languages:
                why = "The articles found are in another language than the customer writes in."
                return self._handoff(HandoffReason.LANGUAGE, why, draft=draft)
            stream.opening = quoted_language.opening(self._question)
        with tracing.span("grounding") as span:
            grounded = stream.finish(draft.text, draft.tool_hits)
            span.set_attribute("support", 0.0 if grounded is None else grounded.support)
        self._timings["check_ms"] = _ms(stream.check_s)
        if grounded is None:
            return self._unsupported(draft, draft.text, stream)
        content = stream.opening + grounded.content
        answer = replace(self._answer(draft, content), citations=grounded.citations, support=grounded.support)
        is_cut = grounded.dropped > 0
        noted = unanswered.with_note(answer, self._question, draft, self._found.hits, is_cut=is_cut)
        if noted.unanswered:
            self._say(Piece(offset=len(answer.content), text=noted.content[len(answer.content) :]))
        return with_confidence(noted, grounded.content, self._question, draft, self._agent.answer_judge)

    def _wanted_human(self, draft: Draft) -> Handoff:
        """Return the handoff of a message that the answerer leaves to a human, by its category where it names one."""
        if draft.category not in (None, HandoffReason.ASKED_FOR_HUMAN):
            escalated = at_once(self._question, escalation.alarm_of(draft.category), tried=draft.tried)
            return replace(escalated, timings=self._timings, usage=draft.usage)
        why = draft.handoff_reason or "The model judged that a human is needed."
        return self._handoff(HandoffReason.ASKED_FOR_HUMAN, why, draft=draft)

    def _unsupported(self, draft: Draft, text: str, stream: AnswerStream) -> Handoff:
        hits = [*self._found.hits, *draft.tool_hits]
        reason, why = HandoffReason.LOW_SUPPORT, "An answer was written, but the articles do not support it."
        gap = answer_languages.gap(text, hits, reads=languages_of(self._agent.entailment))
        if gap is not None and not stream.was_judged:
            reason, why = HandoffReason.LANGUAGE, gap
        draft = replace(draft, tried=[*draft.tried, *stream.already_sent])
        withheld = WithheldDraft(text=text, failed=tuple(stream.failed))
        return replace(self._handoff(reason, why, hits=hits, draft=draft), draft=withheld)

    def _clarified(self, draft: Draft, clarification: Clarification, stream: AnswerStream) -> Outcome:
        """Return a question back whose options the passages have, or a handoff."""
        question = self._question
        hits = [*self._found.hits, *draft.tool_hits]
        found = None
        if question.may_be_clarified(by_default=True) and not stream.sent:
            found = clarifying.checked(clarification, hits, question)
        if found is None:
            draft = replace(draft, tried=[*draft.tried, *stream.already_sent])
            why = "It is not clear which article the customer means, and the assistant could not ask."
            return self._handoff(HandoffReason.NO_ANSWER, why, hits=hits, draft=draft)
        asked, options = found
        answer = self._answer(draft, clarifying.content(asked, options))
        return replace(answer, kind=ReplyKind.CLARIFICATION, options=options)

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
        if len(self._question.asks) > 1:
            why = f"{why} None of these is answered: {unanswered.named(self._question.asks)}."
        handoff = handoffs.handoff(self._question, reason, why, hits, tried=draft.tried if draft is not None else ())
        usage = draft.usage if draft is not None else Usage()
        return replace(handoff, category=category, timings=self._timings, usage=usage)


def _is_cacheable(draft: Draft) -> bool:
    return not draft.tried and draft.fixed_reply is None


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 2)
