"""The command line's parts."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from worker.access.audit_log import AuditLog
from worker.access.keys import Keys
from worker.addresses import REQUEST_RESOLVE_TIMEOUT_S
from worker.deliveries.endpoints import Endpoints
from worker.helpdesks.connections import Connections
from worker.knowledge.imports import Importer
from worker.knowledge.library import Library
from worker.services.common import Common, build_guard, build_importer
from worker.store.engine import Store
from worker.telemetry.counters import Counters

if TYPE_CHECKING:
    from worker.answering.agent import Agent
    from worker.knowledge.indexer import Indexer
    from worker.knowledge.snapshot_cache import SnapshotCache
    from worker.services.agent import Knowledge


@dataclass(frozen=True, kw_only=True)
class Commands:
    """The parts of commands. Each needs a few, so those that load the embedding model are built at first use."""

    common: Common
    store: Store
    counters: Counters
    keys: Keys
    audit_log: AuditLog
    library: Library
    importer: Importer
    endpoints: Endpoints
    connections: Connections

    @cached_property
    def agent(self) -> "Agent":
        """The agent that answer workers have."""
        from worker.services.agent import build_agent, build_answer_cache

        return build_agent(self.common, self._knowledge, build_answer_cache(self.common))

    @property
    def snapshot_cache(self) -> "SnapshotCache":
        """The search that the agent uses."""
        return self._knowledge.snapshot_cache

    @cached_property
    def indexer(self) -> "Indexer":
        """The indexer.

        Raises:
            ModelMissing, ModelInvalid: the embedding model cannot be loaded.
        """
        from kb.embedding import load
        from worker.knowledge.indexer import Indexer

        settings = self.common.settings
        embedder = load(settings.embedding_folder, precision=settings.embedding_precision)
        return Indexer(self.store, embedder, settings.snapshots_folder)

    @cached_property
    def _knowledge(self) -> "Knowledge":
        from worker.services.agent import build_knowledge

        return build_knowledge(self.common)


def build_commands(common: Common) -> Commands:
    """Build the parts of a command."""
    store, settings = common.store, common.settings
    guard = build_guard(settings.callback_allow, resolve_timeout_s=REQUEST_RESOLVE_TIMEOUT_S)
    return Commands(
        common=common,
        store=store,
        counters=common.counters,
        keys=Keys(store),
        audit_log=AuditLog(store),
        library=common.library,
        importer=build_importer(common, resolve_timeout_s=REQUEST_RESOLVE_TIMEOUT_S),
        endpoints=Endpoints(store, guard),
        connections=Connections(store, guard, mail=common.mail),
    )
