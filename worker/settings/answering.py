"""How questions are answered: models, knowledge base, budgets."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from kb import shipped
from worker.budgets import Budget
from worker.settings import parsers
from worker.settings.setting import setting


@dataclass(frozen=True, kw_only=True)
class AnsweringSettings:
    """How questions are answered: models, knowledge base, budgets."""

    title: ClassVar[str] = "Answers"

    answerer: str | None = setting(
        "ANSWERBACK_ANSWERER",
        "`llm` or `extractive`; `llm` when a key or base URL is set",
        parsers.one_of("llm", "extractive"),
        None,
    )
    openai_api_key: str | None = setting(
        "OPENAI_API_KEY", "key of the model endpoint", parsers.endpoint_key, None, secret=True
    )
    openai_base_url: str | None = setting("OPENAI_BASE_URL", "any OpenAI-compatible endpoint", str, None)
    model_allow: tuple[parsers.Network, ...] = setting(
        "ANSWERBACK_MODEL_ALLOW",
        "private networks that the model endpoints of workspaces may be in, there also over plain http and any port; "
        "OPENAI_BASE_URL may be anywhere",
        parsers.networks,
        (),
    )
    models: tuple[str, ...] = setting(
        "ANSWERBACK_MODELS", "models in order of preference, with commas", parsers.names, ("gpt-4o-mini",)
    )
    model_timeout_s: float = setting(
        "ANSWERBACK_MODEL_TIMEOUT_S", "longest one call of the model may take", parsers.timeout, 60.0
    )
    verifier: str | None = setting(
        "ANSWERBACK_VERIFIER",
        "`judge` lets a language model judge the sentences that the local check leaves in doubt, `local` does not; "
        "`judge` with the answerer `llm`",
        parsers.one_of("local", "judge"),
        None,
    )
    judge_model: str | None = setting(
        "ANSWERBACK_JUDGE_MODEL", "the model that judges, at the same endpoint; the first of the models", str, None
    )
    judge_timeout_s: float = setting(
        "ANSWERBACK_JUDGE_TIMEOUT_S",
        "longest a judgement may take; then the local check decides",
        parsers.timeout,
        15.0,
    )
    judge_budgets: tuple[Budget, ...] = setting(
        "ANSWERBACK_JUDGE_BUDGETS",
        "what the judge alone may cost, as `ANSWERBACK_BUDGETS`, which count it as well; then the local check decides",
        parsers.budgets,
        (),
    )
    pleasantries: str = setting(
        "ANSWERBACK_PLEASANTRIES",
        "`drop` leaves out greetings, thanks, apologies and closings that the language model writes, `keep` sends "
        "those with polite words alone",
        parsers.one_of("keep", "drop"),
        "drop",
    )
    other_language: str = setting(
        "ANSWERBACK_OTHER_LANGUAGE",
        "what `extractive` does with articles in another language than the message: `quote` says so before the quotes, "
        "`handoff` leaves the message to a human",
        parsers.one_of("quote", "handoff"),
        "quote",
    )
    support_model: str | None = setting(
        "ANSWERBACK_SUPPORT_MODEL",
        "classifier of transformers that tells whether a passage supports a sentence, by name or folder, exported with "
        "`answerback model support`; the project's own by default",
        str,
        None,
    )
    support_languages: tuple[str, ...] = setting(
        "ANSWERBACK_SUPPORT_LANGUAGES",
        "languages that this classifier reads, ISO 639-1 codes with commas; an answer in another language than the "
        "articles is checked by it when it reads both",
        parsers.languages,
        ("en",),
    )
    prices: tuple[tuple[str, float, float], ...] = setting(
        "ANSWERBACK_PRICES",
        "US dollars for a million tokens, `model=prompt/completion` with commas; others count as free",
        parsers.prices,
        (),
    )
    budgets: tuple[Budget, ...] = setting(
        "ANSWERBACK_BUDGETS",
        "what models may cost for each `message`, `conversation`, `key` and `day`, in `usd` or `tokens`; then a human "
        "answers",
        parsers.budgets,
        (),
    )
    embedding_model: str = setting(
        "ANSWERBACK_EMBEDDING_MODEL",
        "sentence-transformers model, by name or folder, such as `multilingual-e5-small` for other languages than "
        "English; others than the default are exported with `answerback model export`",
        str,
        shipped.MODEL,
    )
    embedding_precision: str = setting(
        "ANSWERBACK_EMBEDDING_PRECISION",
        "`int8` or `fp32`; the default model ships as `int8`",
        parsers.one_of("int8", "fp32"),
        "int8",
    )
    embedding_url: str | None = setting(
        "ANSWERBACK_EMBEDDING_URL",
        "OpenAI-compatible endpoint of ANSWERBACK_EMBEDDING_MODEL, without `/embeddings`; the model runs in the "
        "processes without it",
        parsers.http_url,
        None,
    )
    embedding_key: str | None = setting(
        "ANSWERBACK_EMBEDDING_KEY",
        "key of this endpoint; none is sent without it",
        parsers.endpoint_key,
        None,
        secret=True,
    )
    embedding_batch: int = setting(
        "ANSWERBACK_EMBEDDING_BATCH", "most texts of one request to this endpoint", parsers.positive_integer, 32
    )
    embedding_timeout_s: float = setting(
        "ANSWERBACK_EMBEDDING_TIMEOUT_S",
        "longest a request to this endpoint may take, and a question is tried again; then words alone find passages",
        parsers.timeout,
        10.0,
    )
    embedding_allow: tuple[parsers.Network, ...] = setting(
        "ANSWERBACK_EMBEDDING_ALLOW",
        "private networks that this endpoint may be in, there also over plain http and any port",
        parsers.networks,
        parsers.networks("127.0.0.0/8,::1/128"),
    )
    embedding_query_prompt: str | None = setting(
        "ANSWERBACK_EMBEDDING_QUERY_PROMPT",
        'text put before a query, in double quotes where its spaces count: `"query: "`; the model\'s own by default',
        parsers.prompt,
        None,
    )
    embedding_passage_prompt: str | None = setting(
        "ANSWERBACK_EMBEDDING_PASSAGE_PROMPT",
        'text put before a passage, likewise; `""` for none',
        parsers.prompt,
        None,
    )
    embedding_dimensions: int | None = setting(
        "ANSWERBACK_EMBEDDING_DIMENSIONS",
        "first numbers of a vector that are kept, for models trained with Matryoshka losses, all by default; with an "
        "endpoint the length of vectors that it is asked for",
        parsers.positive_integer,
        None,
    )
    model_dir: Path | None = setting(
        "ANSWERBACK_MODEL_DIR", "where exported models are kept; `models` in the home without it", Path, None
    )
    gate_coverage: float = setting(
        "ANSWERBACK_GATE_COVERAGE",
        "share of the questions that the knowledge base answers that pass the gate; a human answers the others",
        parsers.share,
        0.995,
    )
    gate_risk: float | None = setting(
        "ANSWERBACK_GATE_RISK",
        "highest probability that the knowledge base has nothing on a message which passes the gate; 0.5 with the "
        "answerer `extractive`, 1 with `llm`, which judges by itself",
        parsers.share,
        None,
    )
    min_confidence: float = setting(
        "ANSWERBACK_MIN_CONFIDENCE",
        "probability that an extractive answer answers the question, below which a human answers, 0 to 1",
        parsers.share,
        0.35,
    )
    rules: Path | None = setting("ANSWERBACK_RULES", "JSON file with this desk's rules for handing off", Path, None)
    tools: Path | None = setting("ANSWERBACK_TOOLS", "JSON file with the tools that the model may use", Path, None)
    mcp_commands: tuple[str, ...] = setting(
        "ANSWERBACK_MCP_COMMANDS",
        "programs, by their absolute paths and with commas, that may be started as MCP servers; none by default",
        parsers.absolute_paths,
        (),
    )
    tool_allow: tuple[parsers.Network, ...] = setting(
        "ANSWERBACK_TOOL_ALLOW",
        "private networks that MCP servers over HTTP may be in, there also over plain http and any port",
        parsers.networks,
        (),
    )
    use_tools: bool = setting(
        "ANSWERBACK_USE_TOOLS", "offer tools to the model; off for models that cannot call any", parsers.switch, True
    )
    suggestions: bool = setting(
        "ANSWERBACK_SUGGESTIONS",
        "draft articles from what agents reply where the bot has no answer, for an editor to accept or refuse",
        parsers.switch,
        True,
    )
    redact_model: bool = setting(
        "ANSWERBACK_REDACT_MODEL",
        "hide card and account numbers, secrets, addresses and phone numbers from the model",
        parsers.switch,
        False,
    )
    answer_cache_s: float = setting(
        "ANSWERBACK_ANSWER_CACHE_S",
        "time that a first question asked again gets the same answer; 0 for none",
        parsers.number,
        3_600.0,
    )
    answer_concurrency: int = setting(
        "ANSWERBACK_ANSWER_CONCURRENCY", "messages answered at once by one worker process", parsers.positive_integer, 64
    )

    @property
    def chosen_answerer(self) -> str:
        """`llm` or `extractive`."""
        if self.answerer is not None:
            return self.answerer
        return "llm" if self.openai_api_key or self.openai_base_url else "extractive"

    @property
    def chosen_gate_risk(self) -> float:
        """The highest probability that there is nothing on a message which passes the gate."""
        if self.gate_risk is not None:
            return self.gate_risk
        return 1.0 if self.chosen_answerer == "llm" else 0.5

    @property
    def chosen_judge(self) -> str | None:
        """The model that judges, if one does."""
        return (self.judge_model or self.models[0]) if self.judges else None

    @property
    def judges(self) -> bool:
        """Whether a language model judges what the local check leaves in doubt."""
        return self.chosen_answerer == "llm" and self.verifier != "local"
