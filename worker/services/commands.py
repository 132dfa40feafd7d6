"""The command line's parts."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from worker.access.audit_log import AuditLog
from worker.access.keys import Keys
from worker.addresses import REQUEST_RESOLVE_TIMEOUT_S
from worker.categories.categories import Categories
from worker.deliveries.endpoints import Endpoints
from worker.helpdesks.connections import Connections
from worker.knowledge.imports import Importer
from worker.knowledge.library import Library
from worker.mailboxes.mailboxes import Mailboxes
from worker.services.accounts import Accounts
from worker.services.common import Common, build_guard, build_importer, build_source_runner, build_sources
from worker.services.workspaces import PerWorkspace
from worker.settings import Settings
from worker.sources.sources import Sources
from worker.store.engine import Store
from worker.suggestions.suggestions import Suggestions
from worker.telemetry.counters import Counters
from worker.voice.voices import Voices
from worker.workspace_settings.workspace_settings import WorkspaceSettings

if TYPE_CHECKING:
    from kb.embedding import Embedder
    from worker.answering.agent import Agent
    from worker.answering.triage.recognisers import Recognisers
    from worker.knowledge.indexer import Indexer
    from worker.knowledge.snapshot_cache import SnapshotCache
    from worker.services.agent import Knowledge
    from worker.services.shadow import Shadow
    from worker.sources.runner import SourceRunner
    from worker.suggestions.drafting import Drafter


@dataclass(frozen=True, kw_only=True)
class Commands:
    """The parts of commands. Each needs a few, so those that load the embedding model are built at first use."""

    common: Common
    store: Store
    counters: Counters
    keys: Keys
    accounts: Accounts
    audit_log: AuditLog
    voices: Voices
    workspace_settings: WorkspaceSettings
    categories: Categories
    library: Library
    suggestions: Suggestions
    importer: Importer
    sources: Sources
    endpoints: Endpoints
    connections: Connections
    mailboxes: Mailboxes

    @cached_property
    def agent(self) -> "Agent":
        """The agent of workspaces without settings of their own."""
        return self._new_agent(self.common.settings, 0)

    def agent_of(self, workspace_id: str) -> "Agent":
        """Return the agent that answer workers have for a workspace; raises as `WorkspaceSettings.of`."""
        return self._agents.of(workspace_id)

    def shadow(self, workspace_id: str, *, max_usd: float | None, spent_usd: float) -> "Shadow":
        """Return an agent for past tickets, which writes nothing; raises as `build_shadow`."""
        from worker.services.shadow import build_shadow

        settings = self.workspace_settings.of(workspace_id)
        return build_shadow(self.common, self._knowledge, settings, max_usd=max_usd, spent_usd=spent_usd)

    def _new_agent(self, settings: Settings, version: int) -> "Agent":
        from worker.services.agent import build_agent, build_answer_cache

        cache = build_answer_cache(self.common)
        return build_agent(self.common, self._knowledge, cache, settings, revision=version)

    @cached_property
    def _agents(self) -> PerWorkspace["Agent"]:
        return PerWorkspace(self.workspace_settings, self._new_agent)

    @property
    def drafter(self) -> "Drafter":
        """The drafter of articles from agents' replies."""
        from worker.services.agent import build_drafter

        return build_drafter(self.store, self._knowledge, self.agent_of)

    @property
    def question_embedder(self) -> "Embedder":
        """The embedding model that questions are searched with, or its stand-in."""
        return self._knowledge.embedder

    @property
    def recognisers(self) -> "Recognisers":
        """The recognisers of the workspaces' messages."""
        return self._knowledge.recognisers

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
        from worker.embeddings.finder import build_finder
        from worker.knowledge.indexer import Indexer

        settings = self.common.settings
        return Indexer(self.store, build_finder(settings, self.counters), settings.snapshots_folder)

    @cached_property
    def source_runner(self) -> "SourceRunner":
        """The synchroniser of sources."""
        return build_source_runner(self.common, resolve_timeout_s=REQUEST_RESOLVE_TIMEOUT_S)

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
        accounts=common.accounts,
        audit_log=AuditLog(store),
        voices=common.voices,
        workspace_settings=common.workspace_settings,
        categories=common.categories,
        library=common.library,
        suggestions=Suggestions(store, common.library),
        importer=build_importer(common, resolve_timeout_s=REQUEST_RESOLVE_TIMEOUT_S),
        sources=build_sources(common, build_guard(settings.import_allow, resolve_timeout_s=REQUEST_RESOLVE_TIMEOUT_S)),
        endpoints=Endpoints(store, guard),
        connections=Connections(store, guard, mail=common.mail),
        mailboxes=Mailboxes(store, guard, mail=common.mail),
    )
