"""How questions are answered: models, knowledge base, budgets."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

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
    openai_api_key: str | None = setting("OPENAI_API_KEY", "key of the model endpoint", str, None, secret=True)
    openai_base_url: str | None = setting("OPENAI_BASE_URL", "any OpenAI-compatible endpoint", str, None)
    models: tuple[str, ...] = setting(
        "ANSWERBACK_MODELS", "models in order of preference, with commas", parsers.names, ("gpt-4o-mini",)
    )
    model_timeout_s: float = setting(
        "ANSWERBACK_MODEL_TIMEOUT_S", "longest one call of the model may take", parsers.positive_number, 60.0
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
        parsers.positive_number,
        15.0,
    )
    prices: tuple[tuple[str, float, float], ...] = setting(
        "ANSWERBACK_PRICES",
        "US dollars for a million tokens, `model=prompt/completion` with commas; others count as free",
        parsers.prices,
        (),
    )
    budgets: tuple[Budget, ...] = setting(
        "ANSWERBACK_BUDGETS",
        "what models may cost for each `message`, `conversation`, `key` and `day`, in `usd` or `tokens`; then a person "
        "answers",
        parsers.budgets,
        (),
    )
    embedding_model: str = setting(
        "ANSWERBACK_EMBEDDING_MODEL", "sentence-transformers model, by name or folder", str, "all-MiniLM-L6-v2"
    )
    embedding_precision: str = setting(
        "ANSWERBACK_EMBEDDING_PRECISION", "`int8` or `fp32`", parsers.one_of("int8", "fp32"), "int8"
    )
    model_dir: Path | None = setting(
        "ANSWERBACK_MODEL_DIR", "where exported models are kept; `models` in the home without it", Path, None
    )
    min_relevance: float = setting(
        "ANSWERBACK_MIN_RELEVANCE",
        "relevance below which nothing is answered, 0 to 1.15",
        parsers.positive_number,
        0.48,
    )
    rules: Path | None = setting("ANSWERBACK_RULES", "JSON file with this desk's rules for handing off", Path, None)
    tools: Path | None = setting("ANSWERBACK_TOOLS", "JSON file with the tools that the model may use", Path, None)
    use_tools: bool = setting(
        "ANSWERBACK_USE_TOOLS", "offer tools to the model; off for models that cannot call any", parsers.switch, True
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
    def judges(self) -> bool:
        """Whether a language model judges what the local check leaves in doubt."""
        return self.chosen_answerer == "llm" and self.verifier != "local"
