"""The agent and what it answers with."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kb.embedding import Embedder, Vector
from worker.answering import rules
from worker.answering.agent import Agent, search_for_tool
from worker.answering.attachment_search import EmbeddingAttachmentSearch
from worker.answering.embedders import is_lexical_only, open_embedder, similarity_of
from worker.answering.extractive import ExtractiveAnswerer
from worker.answering.support_model import load_entailment
from worker.caching import MAX_ANSWERS, MAX_VECTORS, MemoryCache
from worker.conversations.outcomes import Answer
from worker.knowledge.snapshot_cache import SnapshotCache
from worker.services.common import Common
from worker.settings import Settings

if TYPE_CHECKING:
    from worker.answering.judge import SupportJudge
    from worker.answering.llm import LlmAnswerer


@dataclass(frozen=True, kw_only=True)
class Knowledge:
    """The embedding model, with the cache of its vectors, and the search in the active snapshots."""

    embedder: Embedder
    vectors: MemoryCache[Vector]
    snapshot_cache: SnapshotCache


def build_knowledge(common: Common) -> Knowledge:
    """Load the embedding model; without a usable one, searches go by words alone."""
    settings = common.settings
    vectors = MemoryCache[Vector]("vectors", limit=MAX_VECTORS)
    embedder = open_embedder(settings.embedding_folder, precision=settings.embedding_precision, cache=vectors)
    snapshot_cache = SnapshotCache(
        common.store, None if is_lexical_only(embedder) else embedder, settings.snapshots_folder
    )
    return Knowledge(embedder=embedder, vectors=vectors, snapshot_cache=snapshot_cache)


def build_answer_cache(common: Common) -> MemoryCache[Answer]:
    """Build the cache of answers to first questions of conversations."""
    return MemoryCache("answers", limit=MAX_ANSWERS, ttl_s=common.settings.answer_cache_s)


def build_agent(common: Common, knowledge: Knowledge, answer_cache: MemoryCache[Answer]) -> Agent:
    """Build the agent, with the answerer of the settings."""
    settings = common.settings
    model = _build_llm(common, knowledge) if settings.chosen_answerer == "llm" else None
    return Agent(
        knowledge=knowledge.snapshot_cache,
        answerer=model or ExtractiveAnswerer(knowledge.embedder),
        attachment_search=EmbeddingAttachmentSearch(knowledge.embedder),
        rules=rules.load(settings.rules),
        answer_cache=answer_cache,
        rewriter=model.rewrite if model else None,
        reviser=model.revise if model else None,
        judge=_build_judge(settings, model) if model and settings.judges else None,
        similarity=similarity_of(knowledge.embedder),
        entailment=load_entailment() if model else None,
        min_relevance=settings.min_relevance,
    )


def _build_llm(common: Common, knowledge: Knowledge) -> "LlmAnswerer":
    from worker.answering.llm import LlmAnswerer
    from worker.answering.model_client import Price, open_client
    from worker.answering.spending import Spending
    from worker.answering.tools import builtin, http
    from worker.answering.tools.call_log import SqlToolCallLog
    from worker.answering.tools.registry import Registry
    from worker.redaction import Redactor

    settings = common.settings
    tools = (
        builtin.search(search_for_tool(knowledge.snapshot_cache)),
        builtin.remember(common.memories),
        builtin.escalate(),
        *http.load(settings.tools),
    )
    return LlmAnswerer(
        client=open_client(api_key=settings.openai_api_key, base_url=settings.openai_base_url),
        models=settings.models,
        timeout_s=settings.model_timeout_s,
        prices={model: Price(prompt=prompt, completion=completion) for model, prompt, completion in settings.prices},
        registry=Registry(tools=tools if settings.use_tools else (), call_log=SqlToolCallLog(common.store)),
        spending=Spending(common.store, settings.budgets),
        redactor=Redactor() if settings.redact_model else None,
        meter=common.counters,
    )


def _build_judge(settings: Settings, model: "LlmAnswerer") -> "SupportJudge":
    """Build the judge of doubtful sentences: the same endpoint, with a model and a timeout of its own."""
    from worker.answering.judge import LlmJudge

    models = (settings.judge_model or settings.models[0],)
    return LlmJudge(model=replace(model, models=models, timeout_s=settings.judge_timeout_s, _circuits={}))
