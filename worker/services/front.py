"""The web server's parts."""

from dataclasses import dataclass

from redis import Redis

from worker.access.audit_log import AuditLog
from worker.access.keys import Keys
from worker.access.tokens import Logins, Tokens
from worker.addresses import REQUEST_RESOLVE_TIMEOUT_S, Guard
from worker.categories.categories import Categories
from worker.conversations.actions import ConversationActions
from worker.conversations.attachments import Attachments
from worker.conversations.deltas import Deltas
from worker.conversations.intake import Intake
from worker.conversations.sessions import SessionStore
from worker.conversations.wakeups import Wakeups
from worker.customers.memories import Memories
from worker.deliveries.endpoints import Endpoints
from worker.helpdesks.connections import Connections
from worker.helpdesks.inbound import Inbound
from worker.hints import Hints
from worker.knowledge.imports import Importer
from worker.knowledge.library import Library
from worker.knowledge.search_service import SearchClient
from worker.mailboxes.mailboxes import Mailboxes
from worker.redis_pool import open_redis
from worker.services.accounts import Accounts
from worker.services.common import Common, build_common, build_guard, build_sources, close
from worker.settings import Settings
from worker.sources.sources import Sources
from worker.store.engine import MAX_IDLE_S, Store
from worker.suggestions.suggestions import Suggestions
from worker.telemetry import tracing
from worker.telemetry.counters import Counters
from worker.voice.voices import Voices
from worker.workspace_settings.workspace_settings import WorkspaceSettings


@dataclass(frozen=True, kw_only=True)
class Front:
    """The parts that views use. To replace one in a test, use `dataclasses.replace`.

    `guard` is for the URLs that are called back, `import_guard` for those that are imported from; `broker_redis` is the
    broker where that is Redis.
    """

    settings: Settings
    store: Store
    redis: Redis
    broker_redis: Redis | None
    counters: Counters
    hints: Hints
    wakeups: Wakeups
    deltas: Deltas
    sessions: SessionStore
    keys: Keys
    logins: Logins
    tokens: Tokens
    accounts: Accounts
    audit_log: AuditLog
    intake: Intake
    actions: ConversationActions
    attachments: Attachments
    memories: Memories
    voices: Voices
    workspace_settings: WorkspaceSettings
    categories: Categories
    library: Library
    suggestions: Suggestions
    importer: Importer
    sources: Sources
    search_client: SearchClient
    guard: Guard
    import_guard: Guard
    endpoints: Endpoints
    connections: Connections
    inbound: Inbound
    mailboxes: Mailboxes

    def close(self, *, timeout_s: float = 2.0) -> None:
        """Publish hints and write counters that are still in memory, for about `timeout_s`; close the database."""
        close(self.store, self.hints, self.counters, self.wakeups, timeout_s=timeout_s)


def build_front(settings: Settings) -> Front:
    """Build the parts of a web process from its settings."""
    tracing.configure(settings)
    return front_of(build_common(settings, idle_s=MAX_IDLE_S))


def front_of(common: Common) -> Front:
    """Build the front's own parts on the common ones."""
    settings, store, redis = common.settings, common.store, common.redis
    guard = build_guard(settings.callback_allow, resolve_timeout_s=REQUEST_RESOLVE_TIMEOUT_S)
    import_guard = build_guard(settings.import_allow, resolve_timeout_s=REQUEST_RESOLVE_TIMEOUT_S)
    return Front(
        settings=settings,
        store=store,
        redis=redis,
        broker_redis=_broker_redis(settings, redis),
        counters=common.counters,
        hints=common.hints,
        wakeups=common.wakeups,
        deltas=common.deltas,
        sessions=common.sessions,
        keys=Keys(store),
        logins=Logins(store),
        tokens=Tokens(store),
        accounts=common.accounts,
        audit_log=AuditLog(store),
        intake=common.intake,
        actions=common.actions,
        attachments=common.attachments,
        memories=common.memories,
        voices=common.voices,
        workspace_settings=common.workspace_settings,
        categories=common.categories,
        library=common.library,
        suggestions=Suggestions(store, common.library),
        importer=Importer(store, common.library, import_guard, common.idempotency_keys),
        sources=build_sources(common, import_guard),
        search_client=SearchClient(
            redis, common.waiting_redis, prefix=settings.redis_prefix, most_at_once=settings.concurrent_searches
        ),
        guard=guard,
        import_guard=import_guard,
        endpoints=Endpoints(store, guard),
        connections=Connections(store, guard, mail=common.mail),
        inbound=common.inbound,
        mailboxes=Mailboxes(store, guard, mail=common.mail),
    )


def _broker_redis(settings: Settings, redis: Redis) -> Redis | None:
    url = settings.broker_redis_url
    if url is None or url == settings.redis:
        return redis if url else None
    return open_redis(url)
