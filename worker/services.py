"""The composition root: builds each part once per process, after the fork, from the settings.

Heavy parts (the index, the embedding model, the language model's client) are imported where they are built, so that
the web server, which uses none of them, stays light.
"""

import gc
import os
import secrets
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from worker.access.audit_log import AuditLog
from worker.access.keys import Keys
from worker.access.tokens import Logins, Tokens
from worker.app import app
from worker.conversations.actions import ConversationActions
from worker.conversations.attachments import Attachments
from worker.conversations.deltas import Deltas
from worker.conversations.intake import Intake
from worker.conversations.redis_sessions import RedisSessionStore
from worker.conversations.sessions import Codec, SessionStore
from worker.conversations.wakeups import Wakeups
from worker.customers.identity import customer_of
from worker.customers.memories import Memories
from worker.hints import CANARY, Hints, publisher
from worker.knowledge.library import Library
from worker.redis_pool import open_redis
from worker.runtime.presence import Presence
from worker.runtime.retention import Retention
from worker.runtime.watchdog import Watchdog
from worker.settings import Network, Settings
from worker.store.engine import Store, open_store
from worker.store.idempotency import IdempotencyKeys
from worker.telemetry import logs, tracing
from worker.telemetry.counters import Counters
from worker.turns.leases import Leases
from worker.turns.mailbox import Mailbox

if TYPE_CHECKING:
    from kb.embedding import Embedder, Vector
    from worker.addresses import Guard
    from worker.answering.agent import Agent
    from worker.answering.judge import SupportJudge
    from worker.answering.question import Answerer
    from worker.answering.tools.registry import Registry
    from worker.caching import MemoryCache
    from worker.conversations.outcomes import Answer, Piece
    from worker.deliveries.dispatcher import Dispatcher
    from worker.deliveries.due import DeliveryHints
    from worker.deliveries.endpoints import Endpoints
    from worker.deliveries.sender import Sender
    from worker.helpdesks.connections import Connections
    from worker.helpdesks.inbound import Inbound
    from worker.helpdesks.mail import MailServer
    from worker.knowledge.imports import Importer
    from worker.knowledge.indexer import Indexer
    from worker.knowledge.search_service import Kind, Responder, SearchClient
    from worker.knowledge.snapshot_cache import SnapshotCache
    from worker.runtime.sweeper import Duties, Sweeper, WorkerPool
    from worker.turns.drainer import Drainer
    from worker.turns.mailbox import Claim
    from worker.turns.slots import Slots

log = logs.get(__name__)


#: Seconds that attempts at callbacks that are under way are waited for at the end; the others are made again, by id.
_LAST_ATTEMPTS_S = 6.0


def new_holder() -> str:
    """Return a name for this process that no other ever has."""
    return f"{socket.gethostname()[:20]}-{os.getpid()}-{secrets.token_hex(4)}"


@dataclass(frozen=True, kw_only=True)
class WorkerContext:
    """Where a process sits in its Celery worker: its canaries' queue, its pool's slots, how it ends, if it consumes."""

    canaries: str | None = None
    slots: int = 1
    end: Callable[[], None] = lambda: None
    subscribed: Callable[[], bool] = lambda: True


#: As long as a lock is waited for: who says nothing for so long between two statements sleeps.
_MAX_IDLE_S = 5.0


class Services:
    """Every part of one process. Parts are made on first use.

    `roles` are the queues that the process consumes; `short_transactions` bounds how long one stays open.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        roles: tuple[str, ...] = (),
        worker_context: "WorkerContext | None" = None,
        short_transactions: bool = False,
    ) -> None:
        self.settings = settings
        self.roles = roles
        self.short_transactions = short_transactions
        self.worker_context = worker_context
        self.holder = new_holder()
        self.stopping = threading.Event()

    @cached_property
    def store(self) -> Store:
        answers = "answer" in self.roles
        # Building an index may keep a reading transaction open for minutes; nobody else has a reason to. A worker that
        # is stopped in the middle of one holds its conversation for as long.
        idle_s = _MAX_IDLE_S if self.short_transactions or answers or "callback" in self.roles else None
        return open_store(self.settings.database, pool_size=16 if answers else 10, idle_s=idle_s)

    @cached_property
    def broker_redis(self) -> Redis | None:
        """A client of the broker, where that is Redis."""
        url = self.settings.broker_url or self.settings.redis
        url = url.replace("redis+socket://", "unix://").replace("?virtual_host=", "?db=")
        if url == self.settings.redis:
            return self.redis
        return open_redis(url, timeout_s=0.5, retries=1) if url.startswith(("redis", "unix")) else None

    @cached_property
    def redis(self) -> Redis:
        """A client that gives up soon: what it is used for must never hold anything up."""
        most = self.settings.answer_concurrency + self.settings.web_threads + 50
        return open_redis(self.settings.redis, timeout_s=0.5, retries=1, max_connections=most)

    @cached_property
    def waiting_redis(self) -> Redis:
        """A client for calls that wait on purpose: subscriptions and blocking pops."""
        return Redis.from_url(
            self.settings.redis, socket_timeout=30.0, socket_connect_timeout=1.0, retry=Retry(NoBackoff(), 0)
        )

    @cached_property
    def sessions(self) -> SessionStore:
        settings = self.settings
        return RedisSessionStore(
            self.redis,
            url=settings.redis,
            prefix=settings.redis_prefix,
            ttl_s=settings.session_ttl_s,
            limit=settings.session_limit,
            codec=Codec(settings.session_keys),
        )

    @cached_property
    def keys(self) -> Keys:
        return Keys(self.store)

    @cached_property
    def logins(self) -> Logins:
        return Logins(self.store)

    @cached_property
    def tokens(self) -> Tokens:
        return Tokens(self.store)

    @cached_property
    def audit_log(self) -> AuditLog:
        return AuditLog(self.store)

    @cached_property
    def hints(self) -> Hints:
        return Hints(publisher(app), count=self.counters.add)

    @cached_property
    def counters(self) -> Counters:
        return Counters(self.store)

    @cached_property
    def wakeups(self) -> Wakeups:
        return Wakeups(self.redis, self.waiting_redis, prefix=self.settings.redis_prefix)

    @cached_property
    def deltas(self) -> Deltas:
        settings = self.settings
        return Deltas(
            self.redis,
            prefix=settings.redis_prefix,
            channel=self.wakeups.channel,
            codec=Codec(settings.session_keys),
        )

    @cached_property
    def intake(self) -> Intake:
        return Intake(self.store, keys_kept_s=self.settings.idempotency_s, count=self.counters.add)

    @cached_property
    def mailbox(self) -> Mailbox:
        settings = self.settings
        return Mailbox(
            self.store,
            holder=self.holder,
            lease_s=settings.lease_s,
            burst=settings.burst,
            max_attempts=settings.max_attempts,
        )

    @cached_property
    def actions(self) -> ConversationActions:
        return ConversationActions(self.store, intake=self.intake, wake=self.wakeups.send, hints=self.hints)

    @cached_property
    def leases(self) -> Leases:
        return Leases(self.mailbox, beat=lambda: self.watchdog.beat("lease renewal"))

    @cached_property
    def retention(self) -> Retention:
        settings = self.settings
        return Retention(
            self.store,
            events_days=settings.events_days,
            deliveries_days=settings.deliveries_days,
            audit_days=settings.audit_days,
        )

    @cached_property
    def library(self) -> Library:
        return Library(self.store, self.idempotency_keys)

    @cached_property
    def idempotency_keys(self) -> IdempotencyKeys:
        return IdempotencyKeys(self.store, kept_s=self.settings.idempotency_s, count=self.counters.add)

    @cached_property
    def attachments(self) -> Attachments:
        return Attachments(self.store)

    @cached_property
    def importer(self) -> "Importer":
        from worker.knowledge.imports import Importer

        return Importer(self.store, self.library, self.import_guard, self.idempotency_keys)

    @cached_property
    def presence(self) -> Presence:
        return Presence(
            self.store,
            holder=self.holder,
            roles=self.roles,
            state=self._state,
            leases=lambda: len(self.leases),
            caches=self._cache_statistics,
        )

    @cached_property
    def watchdog(self) -> Watchdog:
        worker_context = self.worker_context or WorkerContext()
        publish = publisher(app)

        def send() -> None:
            publish(CANARY, str(worker_context.canaries), {})

        return Watchdog(
            send=None if worker_context.canaries is None else send,
            slots=worker_context.slots,
            end=worker_context.end,
            subscribed=worker_context.subscribed,
        )

    @cached_property
    def guard(self) -> "Guard":
        return self._guard(self.settings.callback_allow)

    @cached_property
    def import_guard(self) -> "Guard":
        return self._guard(self.settings.import_allow)

    def _guard(self, allow: "tuple[Network, ...]") -> "Guard":
        from worker.addresses import Guard, resolve_within

        # The front decides while a client waits; a worker has time, and decides again on what it dials.
        return Guard(allow=allow, resolve=resolve_within(5.0 if self.roles else 1.0))

    @cached_property
    def sender(self) -> "Sender":
        from worker.deliveries.sender import Sender

        return Sender(self.store, meter=self.counters)

    @cached_property
    def dispatcher(self) -> "Dispatcher":
        from worker.deliveries.dispatcher import Dispatcher
        from worker.helpdesks.transport import RoutingTransport

        def transport() -> RoutingTransport:
            return RoutingTransport(
                self.store,
                self.guard,
                self.inbound,
                mail=self.mail,
                conversation_url=self.settings.conversation_url,
            )

        return Dispatcher(self.sender, transport)

    @cached_property
    def delivery_hints(self) -> "DeliveryHints":
        from worker.deliveries.due import DeliveryHints

        return DeliveryHints(store=self.store, hint=self.hints.deliver)

    @cached_property
    def mail(self) -> "MailServer | None":
        from worker.helpdesks.mail import MailServer

        settings = self.settings
        return MailServer(url=settings.smtp_url, sender=settings.mail_from) if settings.smtp_url else None

    @cached_property
    def connections(self) -> "Connections":
        from worker.helpdesks.connections import Connections

        return Connections(self.store, self.guard, mail=self.mail)

    @cached_property
    def inbound(self) -> "Inbound":
        from worker.helpdesks.inbound import Inbound

        return Inbound(
            self.store,
            self.actions,
            deadline_s=self.settings.deadline_s,
        )

    @cached_property
    def endpoints(self) -> "Endpoints":
        from worker.deliveries.endpoints import Endpoints

        return Endpoints(self.store, self.guard)

    @cached_property
    def search_client(self) -> "SearchClient":
        from worker.knowledge.search_service import SearchClient

        most = max(1, self.settings.web_threads // 4)
        return SearchClient(self.redis, self.waiting_redis, prefix=self.settings.redis_prefix, most_at_once=most)

    @cached_property
    def embedder(self) -> "Embedder":
        from kb.embedding import load

        return load(self.settings.embedding_folder, precision=self.settings.embedding_precision)

    @cached_property
    def answering_embedder(self) -> "Embedder":
        """The embedding model, or what stands in for it: an answer by words is better than none."""
        from kb.errors import ModelInvalid, ModelMissing
        from kb.lexical_only import LexicalOnlyEmbedder
        from worker.caching import CachedEmbedder

        try:
            embedder = self.embedder
        except (ModelMissing, ModelInvalid) as error:
            log.error("answering_by_lexical_only", cause=str(error))
            return LexicalOnlyEmbedder()
        return CachedEmbedder(embedder, self.vectors_cache)

    @cached_property
    def vectors_cache(self) -> "MemoryCache[Vector]":
        """Vectors of questions and of sentences, 1.5 kB each."""
        from worker.caching import MemoryCache

        return MemoryCache("vectors", limit=20_000)

    @cached_property
    def answers_cache(self) -> "MemoryCache[Answer]":
        """Answers to questions that nothing was said before."""
        from worker.caching import MemoryCache

        return MemoryCache("answers", limit=5_000, ttl_s=self.settings.answer_cache_s)

    def _cache_statistics(self) -> list[dict[str, Any]]:
        built = [self.__dict__[name] for name in ("vectors_cache", "answers_cache") if name in self.__dict__]
        return [
            {**asdict(statistics), "hit_rate": round(statistics.hit_rate, 4), "healthy": cache.healthy()}
            for cache in built
            for statistics in [cache.statistics()]
        ]

    @property
    def lexical_only(self) -> bool:
        """Whether this process answers without the embedding model, or from a snapshot of another one."""
        embedder, snapshot_cache = self.__dict__.get("answering_embedder"), self.__dict__.get("snapshot_cache")
        return (embedder is not None and embedder.identity == "lexical_only") or (
            snapshot_cache is not None and snapshot_cache.lexical_only
        )

    @cached_property
    def indexer(self) -> "Indexer":
        from worker.knowledge.indexer import Indexer

        return Indexer(self.store, self.embedder, self.settings.snapshots_folder)

    @cached_property
    def snapshot_cache(self) -> "SnapshotCache":
        from worker.knowledge.snapshot_cache import SnapshotCache

        embedder = None if self.answering_embedder.identity == "lexical_only" else self.answering_embedder
        return SnapshotCache(self.store, embedder, self.settings.snapshots_folder)

    @cached_property
    def answerer(self) -> "Answerer":
        settings = self.settings
        if settings.chosen_answerer == "extractive":
            from worker.answering.extractive import ExtractiveAnswerer

            return ExtractiveAnswerer(self.answering_embedder)
        from worker.answering.llm import LlmAnswerer
        from worker.answering.model_client import Price, open_client
        from worker.answering.spending import Spending
        from worker.redaction import Redactor

        client = open_client(api_key=settings.openai_api_key, base_url=settings.openai_base_url)
        prices = {model: Price(prompt=prompt, completion=completion) for model, prompt, completion in settings.prices}
        return LlmAnswerer(
            client=client,
            models=settings.models,
            timeout_s=settings.model_timeout_s,
            prices=prices,
            registry=self.tools,
            spending=Spending(self.store, settings.budgets),
            redactor=Redactor() if settings.redact_model else None,
            meter=self.counters,
        )

    @cached_property
    def tools(self) -> "Registry":
        """What the language model may ask for."""
        from worker.answering.agent import search_for_tool
        from worker.answering.tools import builtin, http
        from worker.answering.tools.call_log import SqlToolCallLog
        from worker.answering.tools.registry import Registry

        own = (
            builtin.search(search_for_tool(self.snapshot_cache)),
            builtin.remember(self.memories),
            builtin.escalate(),
        )
        declared = http.load(self.settings.tools)
        return Registry(tools=(*own, *declared) if self.settings.use_tools else (), call_log=SqlToolCallLog(self.store))

    @cached_property
    def memories(self) -> Memories:
        return Memories(self.store)

    @cached_property
    def agent(self) -> "Agent":
        from worker.answering import rules
        from worker.answering.agent import Agent
        from worker.answering.attachment_search import EmbeddingAttachmentSearch
        from worker.caching import similarity

        return Agent(
            knowledge=self.snapshot_cache,
            answerer=self.answerer,
            attachment_search=EmbeddingAttachmentSearch(self.answering_embedder),
            rules=rules.load(self.settings.rules),
            answer_cache=self.answers_cache,
            rewriter=getattr(self.answerer, "rewrite", None),
            reviser=getattr(self.answerer, "revise", None),
            judge=self._judge,
            similarity=None if self.lexical_only else similarity(self.answering_embedder),
            min_relevance=self.settings.min_relevance,
        )

    @property
    def _judge(self) -> "SupportJudge | None":
        from worker.answering.judge import LlmJudge
        from worker.answering.llm import LlmAnswerer

        settings, answerer = self.settings, self.answerer
        if not settings.judges or not isinstance(answerer, LlmAnswerer):
            return None
        models = (settings.judge_model or settings.models[0],)
        return LlmJudge(model=replace(answerer, models=models, timeout_s=settings.judge_timeout_s))

    @cached_property
    def drainer(self) -> "Drainer":
        from worker.turns.drainer import Drainer
        from worker.turns.history import History

        return Drainer(
            mailbox=self.mailbox,
            leases=self.leases,
            history=History(sessions=self.sessions, store=self.store, window=self.settings.session_history),
            agent=self.agent,
            attachments=self.attachments.read,
            known=self._known,
            hints=self.delivery_hints,
            wake=self.wakeups.send,
            say=self._say,
            slots=self.slots,
            stopping=self.stopping,
            meter=self.counters,
        )

    def _say(self, claim: "Claim", piece: "Piece") -> None:
        ids = [message.id for message in claim.messages]
        self.deltas.add(claim.conversation_id, ids, take=claim.token, piece=piece)

    def _known(self, workspace_id: str, facts: Mapping[str, Any], question: str) -> Mapping[str, str]:
        """Return the memories of a customer that help with a question; the extractive answerer uses none."""
        from worker.caching import similarity

        customer = customer_of(facts)
        if customer is None or self.settings.chosen_answerer != "llm":
            return {}
        cosine = None if self.lexical_only else similarity(self.answering_embedder)
        return self.memories.recall(workspace_id, customer, question, similarity=cosine)

    @cached_property
    def slots(self) -> "Slots":
        from worker.turns.slots import Slots

        return Slots(self.settings.answer_concurrency)

    @cached_property
    def answer_pool(self) -> "WorkerPool":
        from worker.runtime.sweeper import WorkerPool

        return WorkerPool(self.settings.answer_concurrency, name="swept-answer")

    @cached_property
    def sweeper(self) -> "Sweeper":
        from worker.runtime.sweeper import Sweeper

        return Sweeper(self._duties(), beat=lambda: self.watchdog.beat("sweeper"))

    def _duties(self) -> "Duties":
        """Return the duties of this process by its roles, each with its interval in seconds."""
        from worker.runtime import duties

        meter = self.counters
        found: dict[Callable[[], None], float] = {
            self.presence.report: 1.0,
            duties.HandOffOverdue(actions=self.actions, meter=meter): 1.0,
            duties.DropExpired(
                forget_keys=self.intake.forget_keys,
                stores=(self.idempotency_keys, self.attachments, self.memories, self.inbound),
                retention=self.retention,
                sessions=self.sessions,
            ): 60.0,
        }
        if after_h := self.settings.resume_after_h:
            found[duties.ResumeQuiet(actions=self.actions, after_s=after_h * 3_600)] = 10.0
        if "answer" in self.roles:
            found[
                duties.AnswerReady(
                    mailbox=self.mailbox,
                    drain=self.drainer.drain,
                    pool=self.answer_pool,
                    slots=self.slots,
                    stopping=self.stopping,
                    meter=meter,
                )
            ] = 0.5
        if "callback" in self.roles:
            found[duties.SendDueDeliveries(sweep=self.dispatcher.sweep, stopping=self.stopping)] = 0.5
        if "ingest" in self.roles:
            found[
                duties.HintAtDocuments(
                    library=self.library,
                    importer=self.importer,
                    model=lambda: self.embedder.identity,
                    hint=self.hints.index,
                )
            ] = 5.0
        return found

    @cached_property
    def responders(self) -> "tuple[Responder, ...]":
        """What answers the web server: searches, and beside them what takes longer."""
        from worker.knowledge.search_service import QUESTIONS, SEARCHES, Responder, searching

        prefix = self.settings.redis_prefix
        searches: dict[str, Kind] = {"search": searching(self.snapshot_cache)}
        others: dict[str, Kind] = {"gaps": self._gaps, "changes": self._changes}
        return (
            Responder(self.waiting_redis, searches, queue=SEARCHES, prefix=prefix, threads=2),
            Responder(self.waiting_redis, others, queue=QUESTIONS, prefix=prefix, threads=1),
        )

    def _gaps(self, *, workspace_id: str, days: float) -> dict[str, Any]:
        from worker.knowledge.unanswered_questions import gaps

        return {"items": gaps(self.store, self.answering_embedder, workspace_id, days=days)}

    def _changes(self, *, workspace_id: str, before: str, after: str) -> dict[str, Any]:
        from worker.knowledge.changes import changes

        return changes(self.settings.snapshots_folder / workspace_id, before=before, after=after)

    def _state(self) -> str:
        state = self.watchdog.state
        return "lexical_only" if state == "working" and self.lexical_only else state

    def start(self) -> None:
        """Build what the roles need and start the threads that keep a worker process honest."""
        if "answer" in self.roles:
            self.answering_embedder.encode("warm-up")
            self.drainer  # noqa: B018 - builds it, and all it needs, before the first task
            self.leases.start()
            for responder in self.responders:
                responder.start()
        self.sweeper.start()
        self.watchdog.start()
        # What lives as long as the process is not looked through again at every collection.
        gc.collect()
        gc.freeze()
        gc.set_threshold(20_000, 50, 100)
        log.info(
            "worker_started",
            roles=self.roles,
            holder=self.holder,
            sessions=self.sessions.describe(),
            answerer=self.settings.chosen_answerer,
        )

    def stop(self) -> None:
        """Take up nothing more and give back what is held."""
        self.stopping.set()
        self.watchdog.stop()
        self.sweeper.stop()
        if "answer" in self.roles:
            self.answer_pool.stop()
            for responder in self.responders:
                responder.stop()
            self.leases.release_all()
            self.leases.stop()
        if "callback" in self.roles:
            self.dispatcher.stop(timeout_s=_LAST_ATTEMPTS_S)
        self.presence.withdraw()
        self.close()

    def close(self, *, timeout_s: float = 2.0) -> None:
        """Publish and write what is still in memory, for at most about `timeout_s`, and close what is open."""
        built = self.__dict__
        if "hints" in built:
            self.hints.stop(timeout_s=timeout_s)
        if "counters" in built:
            self.counters.stop()
        if "wakeups" in built:
            self.wakeups.stop()
        if "store" in built:
            self.store.close()
        tracing.flush(timeout_s=timeout_s)


_guard = threading.Lock()
_built: dict[int, Services] = {}


def services() -> Services:
    """Return the services of this process, built from the environment on first use."""
    pid = os.getpid()
    if pid not in _built:
        with _guard:
            if pid not in _built:
                install(Services(Settings.from_env()))
    return _built[pid]


def install(built: Services) -> Services:
    """Make these the services of this process."""
    tracing.configure(built.settings)
    _built.clear()
    _built[os.getpid()] = built
    return built


def installed() -> Services | None:
    """Return the services of this process if there are any yet."""
    return _built.get(os.getpid())


def uninstall() -> Services | None:
    """Forget the services of this process and return them."""
    return _built.pop(os.getpid(), None)
