"""Connections, and the parts that every role uses."""

from dataclasses import dataclass

from redis import Redis

from worker.addresses import WORKER_RESOLVE_TIMEOUT_S, Guard, resolve_within
from worker.answering.triage import pattern_matches
from worker.app import app
from worker.categories.categories import Categories
from worker.conversations.actions import ConversationActions
from worker.conversations.attachments import Attachments
from worker.conversations.deltas import Deltas
from worker.conversations.intake import Intake
from worker.conversations.redis_sessions import RedisSessionStore
from worker.conversations.sessions import Codec, SessionStore
from worker.conversations.wakeups import Wakeups
from worker.customers.memories import Memories
from worker.deliveries.due import DeliveryHints
from worker.helpdesks.inbound import Inbound
from worker.helpdesks.mail import MailServer
from worker.hints import Hints, publisher
from worker.knowledge.imports import Importer
from worker.knowledge.library import Library
from worker.redis_pool import open_blocking_redis, open_redis
from worker.secret_box import SecretBox
from worker.services.accounts import Accounts, build_accounts, build_secret_box
from worker.settings import Network, Settings
from worker.sources.kinds import Connectors
from worker.sources.runner import SourceRunner
from worker.sources.sources import Sources
from worker.store.engine import POOL_SIZE, Store, open_store
from worker.store.idempotency import IdempotencyKeys
from worker.telemetry import tracing
from worker.telemetry.counters import Counters
from worker.voice.voices import Voices
from worker.workspace_settings.workspace_settings import WorkspaceSettings


@dataclass(frozen=True, kw_only=True)
class Common:
    """Parts of every process. `waiting_redis` is for calls that block on purpose, such as subscriptions."""

    settings: Settings
    store: Store
    redis: Redis
    waiting_redis: Redis
    counters: Counters
    hints: Hints
    delivery_hints: DeliveryHints
    wakeups: Wakeups
    deltas: Deltas
    sessions: SessionStore
    idempotency_keys: IdempotencyKeys
    attachments: Attachments
    intake: Intake
    actions: ConversationActions
    memories: Memories
    voices: Voices
    workspace_settings: WorkspaceSettings
    categories: Categories
    inbound: Inbound
    mail: MailServer | None
    accounts: Accounts
    library: Library

    def close(self, *, timeout_s: float = 2.0) -> None:
        """End these parts (`close`)."""
        close(self.store, self.hints, self.counters, self.wakeups, timeout_s=timeout_s)


def close(store: Store, hints: Hints, counters: Counters, wakeups: Wakeups, *, timeout_s: float) -> None:
    """Publish hints and write counters that are still in memory, for about `timeout_s`; close the database."""
    hints.stop(timeout_s=timeout_s)
    counters.stop()
    wakeups.stop()
    store.close()
    tracing.flush(timeout_s=timeout_s)


def build_common(settings: Settings, *, pool_size: int = POOL_SIZE, idle_s: float | None = None) -> Common:
    """Build the common parts. Nothing connects before its first use.

    `idle_s` bounds how long a transaction may stay open between two statements (PostgreSQL).
    """
    secret_box = build_secret_box(settings)
    store = open_store(settings.database, pool_size=pool_size, idle_s=idle_s, secret_box=secret_box)
    redis = open_redis(settings.redis, timeout_s=0.5, retries=1, max_connections=settings.redis_connections)
    waiting_redis = open_blocking_redis(settings.redis)
    codec = Codec(settings.session_keys)
    counters = Counters(store)
    hints = Hints(publisher(app), count=counters.add)
    delivery_hints = DeliveryHints(store=store, hint=hints.deliver)
    wakeups = Wakeups(redis, waiting_redis, prefix=settings.redis_prefix)
    idempotency_keys = IdempotencyKeys(store, kept_s=settings.idempotency_s, count=counters.add)
    intake = Intake(store, keys_kept_s=settings.idempotency_s, count=counters.add, alarm=pattern_matches.alarm)
    actions = ConversationActions(store, intake=intake, wake=wakeups.send, hints=hints)
    mail = build_mail_server(settings)
    return Common(
        settings=settings,
        store=store,
        redis=redis,
        waiting_redis=waiting_redis,
        counters=counters,
        hints=hints,
        delivery_hints=delivery_hints,
        wakeups=wakeups,
        deltas=Deltas(redis, prefix=settings.redis_prefix, channel=wakeups.channel, codec=codec),
        sessions=RedisSessionStore(
            redis,
            url=settings.redis,
            prefix=settings.redis_prefix,
            ttl_s=settings.session_ttl_s,
            limit=settings.session_limit,
            codec=codec,
        ),
        idempotency_keys=idempotency_keys,
        attachments=Attachments(store),
        intake=intake,
        actions=actions,
        memories=Memories(store),
        voices=Voices(store),
        workspace_settings=build_workspace_settings(store, settings, secret_box),
        categories=Categories(store),
        inbound=Inbound(store, actions, deadline_s=settings.deadline_s, hint=hints.send),
        mail=mail,
        accounts=build_accounts(settings, store, mail, secret_box),
        library=Library(store, idempotency_keys),
    )


def build_workspace_settings(store: Store, settings: Settings, secret_box: SecretBox) -> WorkspaceSettings:
    """Build the settings of workspaces on those of the installation."""
    return WorkspaceSettings(
        store,
        settings,
        secret_box,
        build_guard(settings.model_allow, resolve_timeout_s=WORKER_RESOLVE_TIMEOUT_S),
    )


def build_mail_server(settings: Settings) -> MailServer | None:
    """Build the client of the mail server, if the settings name one."""
    if not settings.smtp_url:
        return None
    return MailServer(url=settings.smtp_url, sender=settings.mail_from, domains=settings.mail_domains)


def build_guard(allow: tuple[Network, ...], *, resolve_timeout_s: float) -> Guard:
    """Build the guard of outgoing calls; `allow` are networks that the operator opened."""
    return Guard(allow=allow, resolve=resolve_within(resolve_timeout_s))


def build_sources(common: Common, guard: Guard) -> Sources:
    """Build what manages sources; `guard` is that of imports."""
    return Sources(common.store, common.library, guard, roots=common.settings.source_folders)


def build_source_runner(common: Common, *, resolve_timeout_s: float) -> SourceRunner:
    """Build what looks at sources."""
    settings = common.settings
    connectors = Connectors(
        guard=build_guard(settings.import_allow, resolve_timeout_s=resolve_timeout_s),
        roots=settings.source_folders,
        rate=settings.source_rate,
    )
    return SourceRunner(common.store, common.library, connectors)


def build_importer(common: Common, *, resolve_timeout_s: float) -> Importer:
    """Build the importer, with the guard of what may be imported."""
    guard = build_guard(common.settings.import_allow, resolve_timeout_s=resolve_timeout_s)
    return Importer(common.store, common.library, guard, common.idempotency_keys)
