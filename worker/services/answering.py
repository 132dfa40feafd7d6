"""The parts of a worker that consumes the queue `answer`."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from worker import caching
from worker.answering import direct_answers
from worker.answering.agent import Agent
from worker.answering.chat_api.run_budget import RunBudget
from worker.answering.check.embedders import similarity_of
from worker.answering.triage.learned_examples import checks_to_api
from worker.caching import MemoryCache
from worker.conversations.deltas import Deltas
from worker.conversations.outcomes import Answer, Piece
from worker.customers.known_facts import KnownFacts, no_facts
from worker.knowledge import changes, search_service, unanswered_questions
from worker.knowledge.search_service import (
    ANSWER_THREADS,
    ANSWERS,
    QUESTION_THREADS,
    QUESTIONS,
    SEARCH_THREADS,
    SEARCHES,
    Responder,
)
from worker.reports import topics
from worker.reports.collecting import FactCollector
from worker.runtime.duties import AnswerReady, CountForReports, DraftSuggestions, Duty
from worker.runtime.sweeper import WorkerPool
from worker.runtime.watchdog import Watchdog
from worker.services.agent import (
    Knowledge,
    build_agent,
    build_answer_cache,
    build_drafter,
    build_knowledge,
    without_effects,
)
from worker.services.common import Common
from worker.services.workspaces import PerWorkspace
from worker.settings import Settings
from worker.suggestions.collecting import Collector
from worker.turns.drainer import Drainer, WorkspaceParts
from worker.turns.history import History
from worker.turns.leases import Leases
from worker.turns.loops import LoopGuard
from worker.turns.mailbox import Claim, Mailbox
from worker.turns.slots import Slots


@dataclass(frozen=True, kw_only=True)
class Answering:
    """Answers messages, and the searches of the web server beside them."""

    knowledge: Knowledge
    answer_cache: MemoryCache[Answer]
    drainer: Drainer
    leases: Leases
    pools: tuple[WorkerPool, ...]
    responders: tuple[Responder, ...]
    duties: tuple[Duty, ...]

    @property
    def lexical_only(self) -> bool:
        """Whether it answers by words alone."""
        return self.knowledge.snapshot_cache.lexical_only

    def start(self) -> None:
        """Load what the first question needs, and start the threads."""
        self.knowledge.recognisers.shipped().recognise("warm-up")
        self.leases.start()
        for responder in self.responders:
            responder.start()

    def stop(self) -> None:
        """Take up nothing more and give back the conversations that are held."""
        for pool in self.pools:
            pool.stop()
        for responder in self.responders:
            responder.stop()
        self.leases.release_all()
        self.leases.stop()

    def cache_statistics(self) -> list[dict[str, Any]]:
        """Return the statistics of the caches."""
        return caching.to_api((self.knowledge.vectors, self.answer_cache))


def build_answering(common: Common, mailbox: Mailbox, watchdog: Watchdog, stopping: threading.Event) -> Answering:
    """Build the role; `watchdog` sees that leases are renewed."""
    settings = common.settings
    knowledge = build_knowledge(common)
    answer_cache = build_answer_cache(common)
    leases = Leases(mailbox, beat=partial(watchdog.beat, "lease renewal"))
    parts = _build_parts(common, knowledge, answer_cache)
    slots = Slots(settings.answer_concurrency)
    pool = WorkerPool(settings.answer_concurrency, name="swept-answer")
    drainer = Drainer(
        mailbox=mailbox,
        leases=leases,
        history=History(sessions=common.sessions, store=common.store, window=settings.session_history),
        parts_of=parts.of,
        attachments=common.attachments.read,
        hints=common.delivery_hints,
        wake=common.wakeups.send,
        say=partial(_publish_piece, common.deltas),
        voice=common.voices.get,
        slots=slots,
        stopping=stopping,
        meter=common.counters,
    )
    drafting = WorkerPool(1, name="suggestions")
    suggesting = DraftSuggestions(
        collector=Collector(common.store),
        drafter=build_drafter(common.store, knowledge, lambda workspace_id: cast(Agent, parts.of(workspace_id).agent)),
        workspaces=partial(common.workspace_settings.where_on, "suggestions"),
        pool=drafting,
    )
    counting = CountForReports(collector=FactCollector(common.store), stopping=stopping)
    ready = AnswerReady(
        mailbox=mailbox, drain=drainer.drain, pool=pool, slots=slots, stopping=stopping, meter=common.counters
    )
    return Answering(
        knowledge=knowledge,
        answer_cache=answer_cache,
        drainer=drainer,
        leases=leases,
        pools=(pool, drafting),
        responders=_build_responders(common, knowledge, answer_cache),
        duties=(ready, suggesting, counting),
    )


def _publish_piece(deltas: Deltas, claim: Claim, piece: Piece) -> None:
    deltas.add(claim.conversation_id, [message.id for message in claim.messages], take=claim.token, piece=piece)


def _build_parts(
    common: Common, knowledge: Knowledge, answer_cache: MemoryCache[Answer]
) -> PerWorkspace[WorkspaceParts]:
    """Build what of a turn depends on the settings of its workspace."""
    known_facts = KnownFacts(
        memories=common.memories,
        similarity=lambda: None if knowledge.snapshot_cache.lexical_only else similarity_of(knowledge.embedder),
    )

    def build(settings: Settings, version: int) -> WorkspaceParts:
        return WorkspaceParts(
            agent=build_agent(common, knowledge, answer_cache, settings, revision=version),
            loops=LoopGuard(store=common.store, max_replies=settings.max_replies_per_hour),
            known=known_facts if settings.chosen_answerer == "llm" else no_facts,
        )

    return PerWorkspace(common.workspace_settings, build)


def _build_responders(common: Common, knowledge: Knowledge, answer_cache: MemoryCache[Answer]) -> tuple[Responder, ...]:
    """Return the responders for the web server: searches, and on threads of their own direct answers and reports."""
    settings = common.settings
    searches = {"search": search_service.searching(knowledge.snapshot_cache)}
    others = {
        "topics": topics.answering(common.store, knowledge.embedder),
        "unanswered_questions": unanswered_questions.answering(common.store, knowledge.embedder),
        "changes": changes.answering(settings.snapshots_folder),
        "category_checks": lambda workspace_id: {"items": checks_to_api(knowledge.recognisers.checks(workspace_id))},
    }

    def build_direct(settings: Settings, version: int) -> Agent:
        agent = build_agent(common, knowledge, answer_cache, settings, revision=version)
        return without_effects(common, knowledge, agent, RunBudget(), settings)

    direct, workspace_settings = PerWorkspace(common.workspace_settings, build_direct), common.workspace_settings

    def direct_agent(workspace_id: str, tried: Mapping[str, Any]) -> Agent:
        if not tried:
            return direct.of(workspace_id)
        settings, _changes = workspace_settings.preview(workspace_id, workspace_settings.opened(workspace_id, tried))
        agent = build_agent(common, knowledge, None, settings)
        return without_effects(common, knowledge, agent, RunBudget(), settings)

    answers = {"answer": direct_answers.answering(direct_agent, voice=common.voices.get)}
    return tuple(
        Responder(common.waiting_redis, kinds, queue=queue, prefix=settings.redis_prefix, threads=threads)
        for kinds, queue, threads in (
            (searches, SEARCHES, SEARCH_THREADS),
            (others, QUESTIONS, QUESTION_THREADS),
            (answers, ANSWERS, ANSWER_THREADS),
        )
    )
