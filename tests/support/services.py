"""An installation's parts in this process, for tests and benchmarks that prepare or inspect one."""

import dataclasses
import functools
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Flask
from redis import Redis

from worker.conversations.actions import ConversationActions
from worker.conversations.deltas import Deltas
from worker.conversations.intake import Intake
from worker.conversations.wakeups import Wakeups
from worker.deliveries.sender import Sender
from worker.helpdesks.transport import RoutingTransport
from worker.services.accounts import build_secret_box
from worker.services.commands import Commands, build_commands
from worker.services.common import build_common, build_mail_server, build_workspace_settings
from worker.services.front import Front
from worker.services.mailing import Mailing, build_mailing
from worker.services.worker import build_mailbox, new_holder
from worker.settings import Settings
from worker.turns.mailbox import Mailbox

if TYPE_CHECKING:
    from kb.embedding import Embedder
    from kb.encoding import Overrides
    from worker.knowledge.indexer import Indexer


@dataclass(frozen=True, kw_only=True)
class Installation(Commands):
    """What commands use, and what a test plays the front or a worker with."""

    settings: Settings
    redis: Redis
    wakeups: Wakeups
    deltas: Deltas
    intake: Intake
    actions: ConversationActions
    mailbox: Mailbox

    @cached_property
    def embedder(self) -> "Embedder":
        """The embedding model."""
        return load_embedder(self.settings)

    def close(self) -> None:
        """Write what is in memory, and close."""
        self.common.close()


@dataclass(frozen=True, kw_only=True)
class Application(Front):
    """What views use, and what a test plays a worker with."""

    mailbox: Mailbox
    sender: Sender
    open_transport: Callable[[], RoutingTransport]
    mailing: Mailing

    @cached_property
    def indexer(self) -> "Indexer":
        """The indexer."""
        from worker.knowledge.indexer import Indexer

        return Indexer(self.store, load_embedder(self.settings), self.settings.snapshots_folder)


def build_installation(settings: Settings) -> Installation:
    """Build the parts of an installation; `close` them."""
    common = build_common(settings)
    return Installation(
        **_fields(build_commands(common)),
        settings=settings,
        redis=common.redis,
        wakeups=common.wakeups,
        deltas=common.deltas,
        intake=common.intake,
        actions=common.actions,
        mailbox=build_mailbox(common.store, settings, holder=new_holder()),
    )


def parts_of(app: Flask) -> Application:
    """Return the parts of an application as they are now."""
    front: Front = app.extensions["answerback"]
    settings, store, guard = front.settings, front.store, front.guard

    mail = build_mail_server(settings)

    def url(workspace_id: str) -> str | None:
        return front.workspace_settings.of(workspace_id).conversation_url

    mailing = build_mailing(
        store,
        settings,
        actions=front.actions,
        attachments=front.attachments,
        guard=guard,
        mail=mail,
        holder="test",
        conversation_url=url,
        stopping=threading.Event(),
    )

    def open_transport() -> RoutingTransport:
        return RoutingTransport(
            store, guard, front.inbound, mail=mail, conversation_url=url, open_mailbox=mailing.open_transport
        )

    return Application(
        **_fields(front),
        mailbox=build_mailbox(store, settings, holder=new_holder()),
        sender=Sender(store, meter=front.counters),
        open_transport=open_transport,
        mailing=mailing,
    )


def override(app: Flask, **parts: Any) -> None:
    """Replace parts of an application, by the names of `Front`'s fields; settings are those of workspaces too."""
    if "settings" in parts:
        store, settings = app.extensions["answerback"].store, parts["settings"]
        workspace_settings = build_workspace_settings(store, settings, build_secret_box(settings))
        parts = {"workspace_settings": workspace_settings, **parts}
    app.extensions["answerback"] = dataclasses.replace(app.extensions["answerback"], **parts)


def load_embedder(settings: Settings) -> "Embedder":
    """Return the embedding model of an installation, loaded once per process: it holds no state of a test."""
    return _load_embedder(settings.embedding_folder, settings.embedding_precision, settings.embedding_overrides)


@functools.cache
def _load_embedder(folder: Path, precision: str, overrides: "Overrides") -> "Embedder":
    from kb.embedding import load

    return load(folder, precision=precision, overrides=overrides)


def _fields(parts: Any) -> dict[str, Any]:
    return {field.name: getattr(parts, field.name) for field in dataclasses.fields(parts)}
