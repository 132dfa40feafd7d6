"""The agent and what it answers with."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import TYPE_CHECKING, cast

from kb import languages
from kb.embedding import Embedder, Vector
from worker.answering.agent import Agent, search_for_tool
from worker.answering.check.answer_model import load_answer_judge
from worker.answering.check.confidence import AnswerJudge
from worker.answering.check.embedders import is_lexical_only, open_embedder, similarity_of
from worker.answering.check.support import Entailment
from worker.answering.check.support_model import load_entailment
from worker.answering.desk_tools import load_desk_tools
from worker.answering.drafting.extractive import ExtractiveAnswerer
from worker.answering.questions.attachment_search import EmbeddingAttachmentSearch
from worker.answering.questions.gate import Gate
from worker.answering.triage import rules
from worker.answering.triage.learned_examples import LearnedExamples
from worker.answering.triage.recognisers import Recognisers
from worker.caching import MAX_ANSWERS, MAX_QUERY_VECTORS, MAX_VECTORS, CachedEmbedder, MemoryCache
from worker.conversations.outcomes import Answer
from worker.embeddings.finder import build_finder
from worker.knowledge.snapshot_cache import SnapshotCache
from worker.services.common import Common
from worker.settings import Settings
from worker.store.engine import Store
from worker.suggestions.drafting import Drafter

if TYPE_CHECKING:
    from worker.answering.chat_api.run_budget import RunBudget
    from worker.answering.check.judge import SupportJudge
    from worker.answering.drafting.llm import LlmAnswerer
    from worker.answering.tools.tool_file import DeskTools


@dataclass(frozen=True, kw_only=True)
class Knowledge:
    """The embedding model, with the cache of its vectors, the search in the active snapshots, and what was learned.

    `answer_judge` and `entailment` return the models that check answers, loaded once per process, and `desk_tools` the
    tools that the desk declares, with one connection to each MCP server.
    """

    embedder: Embedder
    vectors: MemoryCache[Vector]
    snapshot_cache: SnapshotCache
    recognisers: Recognisers
    answer_judge: Callable[[], AnswerJudge | None]
    entailment: Callable[[], Entailment | None]
    desk_tools: Callable[[], "DeskTools"]


def build_knowledge(common: Common) -> Knowledge:
    """Load the embedding model; without a usable one, searches go by words alone."""
    settings = common.settings
    languages.prepare()
    vectors = MemoryCache[Vector]("vectors", limit=MAX_VECTORS)
    embedder = open_embedder(
        settings.embedding_folder,
        precision=settings.embedding_precision,
        overrides=settings.embedding_overrides,
        cache=vectors,
    )
    finder = embedder
    if settings.embedding_url is not None:
        query_vectors = MemoryCache[Vector]("query_vectors", limit=MAX_QUERY_VECTORS)
        finder = CachedEmbedder(build_finder(settings, common.counters), query_vectors)
    snapshot_cache = SnapshotCache(common.store, None if is_lexical_only(finder) else finder, settings.snapshots_folder)
    learned = LearnedExamples(embedder, settings.embedding_folder)
    recognisers = Recognisers(learned, common.categories)
    return Knowledge(
        embedder=embedder,
        vectors=vectors,
        snapshot_cache=snapshot_cache,
        recognisers=recognisers,
        answer_judge=cache(load_answer_judge),
        entailment=cache(partial(load_entailment, settings.support_folder, languages=settings.support_languages)),
        desk_tools=cache(partial(load_desk_tools, settings)),
    )


def build_answer_cache(common: Common) -> MemoryCache[Answer]:
    """Build the cache of answers to first questions of conversations."""
    return MemoryCache("answers", limit=MAX_ANSWERS, ttl_s=common.settings.answer_cache_s)


def build_agent(
    common: Common,
    knowledge: Knowledge,
    answer_cache: MemoryCache[Answer] | None,
    settings: Settings | None = None,
    *,
    revision: int = 0,
) -> Agent:
    """Build the agent, with the answerer of the settings: those of a workspace in their version, or the defaults."""
    settings = settings or common.settings
    model = _build_llm(common, knowledge, settings) if settings.chosen_answerer == "llm" else None
    judge = knowledge.answer_judge()
    return Agent(
        knowledge=knowledge.snapshot_cache,
        answerer=model or ExtractiveAnswerer(knowledge.embedder, judge=judge, min_confidence=settings.min_confidence),
        attachment_search=EmbeddingAttachmentSearch(knowledge.embedder),
        rules=rules.load(settings.rules),
        recognise=knowledge.recognisers.recognise,
        answer_cache=answer_cache,
        rewriter=model.rewrite if model else None,
        reviser=model.revise if model else None,
        judge=_build_judge(common, model, settings) if model and settings.judges else None,
        similarity=similarity_of(knowledge.embedder),
        entailment=knowledge.entailment() if model else None,
        answer_judge=judge if model else None,
        gate=Gate(coverage=settings.gate_coverage, risk=settings.chosen_gate_risk),
        keeps_pleasantries=settings.pleasantries == "keep",
        quotes_other_languages=settings.other_language == "quote",
        revision=revision,
    )


def without_effects(
    common: Common, knowledge: Knowledge, agent: Agent, budget: "RunBudget", settings: Settings | None = None
) -> Agent:
    """Return an agent as this one of the same settings, which calls no tool that changes anything, records no call of a
    tool, and spends from `budget` as well.
    """
    if agent.answerer.name != "llm":
        return agent
    settings = settings or common.settings
    model = _build_llm(common, knowledge, settings, budget)
    judge = _build_judge(common, model, settings, budget) if agent.judge else None
    return replace(agent, answerer=model, rewriter=model.rewrite, reviser=model.revise, judge=judge)


def build_drafter(store: Store, knowledge: Knowledge, agent_of: Callable[[str], Agent]) -> Drafter:
    """Build what drafts articles, with the language model of a workspace's agent if that has one."""

    def writer_of(workspace_id: str) -> "LlmAnswerer | None":
        answerer = agent_of(workspace_id).answerer
        return cast("LlmAnswerer", answerer) if answerer.name == "llm" else None

    return Drafter(store=store, embedder=knowledge.embedder, writer_of=writer_of)


def _build_llm(
    common: Common, knowledge: Knowledge, settings: Settings, shadow: "RunBudget | None" = None
) -> "LlmAnswerer":
    from worker.answering.chat_api.client import Price, open_client
    from worker.answering.chat_api.spending import Spending
    from worker.answering.drafting.llm import LlmAnswerer
    from worker.answering.tools import builtin
    from worker.answering.tools.call_log import SqlToolCallLog
    from worker.answering.tools.registry import Registry, Tool
    from worker.redaction import Redactor

    tools = (
        builtin.search(search_for_tool(knowledge.snapshot_cache)),
        builtin.remember(common.memories),
        builtin.escalate(),
    )
    desk_tools = knowledge.desk_tools()

    def used(tools: Iterable[Tool]) -> tuple[Tool, ...]:
        # A tool that asks the customer first is offered, as it decides what is answered; nobody says yes in a shadow.
        return tuple(tool for tool in tools if shadow is None or tool.confirmation is not None or not tool.changes)

    return LlmAnswerer(
        client=open_client(
            api_key=settings.openai_api_key,
            base_url=settings.openai_base_url,
            guard=common.workspace_settings.guard_of(settings),
        ),
        models=settings.models,
        timeout_s=settings.model_timeout_s,
        prices={model: Price(prompt=prompt, completion=completion) for model, prompt, completion in settings.prices},
        registry=Registry(
            tools=used((*tools, *desk_tools.tools)) if settings.use_tools else (),
            more=(lambda: used(desk_tools.of_servers())) if settings.use_tools and desk_tools.servers else tuple,
            call_log=SqlToolCallLog(common.store) if shadow is None else None,
        ),
        spending=(Spending if shadow is None else shadow.open)(common.store, settings.budgets),
        redactor=Redactor() if settings.redact_model else None,
        meter=common.counters,
    )


def _build_judge(
    common: Common, model: "LlmAnswerer", settings: Settings, shadow: "RunBudget | None" = None
) -> "SupportJudge":
    """Build the judge of doubtful sentences: the same endpoint, with a model, a time-out and budgets of its own."""
    from worker.answering.chat_api.spending import Spending
    from worker.answering.check.judge import LlmJudge

    open_spending = Spending if shadow is None else shadow.open
    judge = replace(
        model,
        models=(settings.judge_model or settings.models[0],),
        timeout_s=settings.judge_timeout_s,
        spending=open_spending(common.store, settings.budgets, judge_budgets=settings.judge_budgets),
        _circuits={},
    )
    return LlmJudge(model=judge, meter=common.counters)
