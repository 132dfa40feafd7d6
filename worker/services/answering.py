"""The parts of a worker that consumes the queue `answer`."""

import threading
from dataclasses import dataclass
from functools import partial
from typing import Any

from worker import caching
from worker.answering.embedders import similarity_of
from worker.caching import MemoryCache
from worker.conversations.deltas import Deltas
from worker.conversations.outcomes import Answer, Piece
from worker.customers.known_facts import KnownFacts, no_facts
from worker.knowledge import changes, search_service, unanswered_questions
from worker.knowledge.search_service import QUESTION_THREADS, QUESTIONS, SEARCH_THREADS, SEARCHES, Responder
from worker.runtime.duties import AnswerReady, Duty
from worker.runtime.sweeper import WorkerPool
from worker.runtime.watchdog import Watchdog
from worker.services.agent import Knowledge, build_agent, build_answer_cache, build_knowledge
from worker.services.common import Common
from worker.turns.drainer import Drainer
from worker.turns.history import History
from worker.turns.leases import Leases
from worker.turns.mailbox import Claim, Mailbox
from worker.turns.slots import Slots


@dataclass(frozen=True, kw_only=True)
class Answering:
    """Answers messages, and the searches of the web server beside them."""

    knowledge: Knowledge
    answer_cache: MemoryCache[Answer]
    drainer: Drainer
    leases: Leases
    pool: WorkerPool
    responders: tuple[Responder, ...]
    duties: tuple[Duty, ...]

    @property
    def lexical_only(self) -> bool:
        """Whether it answers by words alone."""
        return self.knowledge.snapshot_cache.lexical_only

    def start(self) -> None:
        """Load what the first question needs, and start the threads."""
        self.knowledge.embedder.encode("warm-up")
        self.leases.start()
        for responder in self.responders:
            responder.start()

    def stop(self) -> None:
        """Take up nothing more and give back the conversations that are held."""
        self.pool.stop()
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
    known_facts = KnownFacts(
        memories=common.memories,
        similarity=lambda: None if knowledge.snapshot_cache.lexical_only else similarity_of(knowledge.embedder),
    )
    slots = Slots(settings.answer_concurrency)
    pool = WorkerPool(settings.answer_concurrency, name="swept-answer")
    drainer = Drainer(
        mailbox=mailbox,
        leases=leases,
        history=History(sessions=common.sessions, store=common.store, window=settings.session_history),
        agent=build_agent(common, knowledge, answer_cache),
        attachments=common.attachments.read,
        known=known_facts if settings.chosen_answerer == "llm" else no_facts,
        hints=common.delivery_hints,
        wake=common.wakeups.send,
        say=partial(_publish_piece, common.deltas),
        slots=slots,
        stopping=stopping,
        meter=common.counters,
    )
    ready = AnswerReady(
        mailbox=mailbox, drain=drainer.drain, pool=pool, slots=slots, stopping=stopping, meter=common.counters
    )
    return Answering(
        knowledge=knowledge,
        answer_cache=answer_cache,
        drainer=drainer,
        leases=leases,
        pool=pool,
        responders=_build_responders(common, knowledge),
        duties=(ready,),
    )


def _publish_piece(deltas: Deltas, claim: Claim, piece: Piece) -> None:
    deltas.add(claim.conversation_id, [message.id for message in claim.messages], take=claim.token, piece=piece)


def _build_responders(common: Common, knowledge: Knowledge) -> tuple[Responder, ...]:
    """Return the responders for the web server: searches, and on threads of their own the slower reports."""
    settings = common.settings
    searches = {"search": search_service.searching(knowledge.snapshot_cache)}
    others = {
        "unanswered_questions": unanswered_questions.answering(common.store, knowledge.embedder),
        "changes": changes.answering(settings.snapshots_folder),
    }
    return tuple(
        Responder(common.waiting_redis, kinds, queue=queue, prefix=settings.redis_prefix, threads=threads)
        for kinds, queue, threads in ((searches, SEARCHES, SEARCH_THREADS), (others, QUESTIONS, QUESTION_THREADS))
    )
