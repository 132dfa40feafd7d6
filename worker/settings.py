"""Every setting, read once from the environment."""

import hashlib
import ipaddress
import os
import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from worker.budgets import Budget
from worker.errors import SettingsInvalid

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

#: Longest path that a Unix socket may have on Linux and macOS alike, less its end mark.
_SOCKET_PATH_LIMIT = 100


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise ValueError
    return value


def _not_negative(text: str) -> float:
    number = float(text)
    if not 0 <= number < float("inf"):
        raise ValueError
    return number


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise ValueError
    return value


def _number(text: str) -> int:
    value = int(text)
    if value < 0:
        raise ValueError
    return value


def _port(text: str) -> int:
    value = int(text)
    if not 0 < value < 65536:
        raise ValueError
    return value


def _one_of(*choices: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text.lower() not in choices:
            raise ValueError
        return text.lower()

    parse.__doc__ = " or ".join(f"`{choice}`" for choice in choices)
    return parse


def _switch(text: str) -> bool:
    return {"on": True, "true": True, "1": True, "off": False, "false": False, "0": False}[text.lower()]


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _networks(text: str) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(part) for part in _names(text))


def _rate(text: str) -> str | None:
    if text.lower() == "off":
        return None
    if not re.fullmatch(r"[1-9]\d*\s*/\s*(second|minute|hour|day)", text):
        raise ValueError
    return text


def _mail_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname or parts.port == 0:
        raise ValueError
    return text


def _template(text: str) -> str:
    if not re.match(r"https?://", text) or "{id}" not in text:
        raise ValueError
    return text


def _url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError
    return text


def _prices(text: str) -> tuple[tuple[str, float, float], ...]:
    found = []
    for part in _names(text):
        model, _, price = part.rpartition("=")
        prompt, completion = (float(one) for one in price.split("/"))
        if not model or min(prompt, completion) < 0:
            raise ValueError
        found.append((model, prompt, completion))
    return tuple(found)


def _budgets(text: str) -> tuple[Budget, ...]:
    return tuple(Budget.parse(part) for part in _names(text))


_EXPECTED = {
    _mail_url: "a URL such as `smtp://user:password@host:587` or `smtps://host`",
    _url: "a URL such as `http://127.0.0.1:4318`",
    _template: "a URL such as `https://desk.example/{id}`",
    _budgets: "budgets such as `day=20usd,conversation=50000tokens`",
    _prices: "prices such as `gpt-4o-mini=0.15/0.60`",
    _positive: "a number above 0",
    _not_negative: "a number of at least 0",
    _number: "a whole number of at least 0",
    _count: "a whole number of at least 1",
    _port: "a port from 1 to 65535",
    _switch: "`on` or `off`",
    _networks: "networks such as `127.0.0.0/8,10.0.0.0/8`",
    _rate: "a rate such as `600/minute`, or `off`",
}


def _setting(
    env: str, help: str, parse: Callable[[str], Any] = str, default: Any = MISSING, *, secret: bool = False
) -> Any:
    metadata = {"env": env, "help": help, "parse": parse}
    return field(default=default, repr=not secret, metadata=metadata)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of every process; `docs/settings.md` is made from it."""

    home: Path = _setting("ANSWERBACK_HOME", "where state is kept", Path, Path("var"))
    host: str = _setting("ANSWERBACK_HOST", "address that the web server listens on", str, "127.0.0.1")
    port: int = _setting("ANSWERBACK_PORT", "its port", _port, 8000)
    proxies: int = _setting(
        "ANSWERBACK_PROXIES",
        "proxies in front of the web server, one behind the other, whose X-Forwarded-For and -Proto are believed",
        _number,
        0,
    )
    flower_host: str = _setting("ANSWERBACK_FLOWER_HOST", "address that Flower listens on", str, "127.0.0.1")
    flower_port: int = _setting("ANSWERBACK_FLOWER_PORT", "port of Flower, the view on tasks", _port, 5555)
    flower_auth: str | None = _setting(
        "ANSWERBACK_FLOWER_AUTH", "`user:password` that Flower asks for", str, None, secret=True
    )
    api_key: str | None = _setting(
        "ANSWERBACK_API_KEY", "bootstrap API key; without it one is made and kept in the home", str, None, secret=True
    )
    database_url: str | None = _setting(
        "ANSWERBACK_DATABASE_URL", "SQLAlchemy URL; SQLite in the home without it", str, None, secret=True
    )
    redis_url: str | None = _setting(
        "ANSWERBACK_REDIS_URL",
        "session state, rate limits, wake-ups; embedded Valkey without it",
        str,
        None,
        secret=True,
    )
    broker_url: str | None = _setting(
        "ANSWERBACK_BROKER_URL",
        "Celery broker, redis:// or amqp://; the Redis above without it",
        str,
        None,
        secret=True,
    )
    answerer: str | None = _setting(
        "ANSWERBACK_ANSWERER",
        "`llm` or `extractive`; `llm` when a key or base URL is set",
        _one_of("llm", "extractive"),
        None,
    )
    openai_api_key: str | None = _setting("OPENAI_API_KEY", "key of the model endpoint", str, None, secret=True)
    openai_base_url: str | None = _setting("OPENAI_BASE_URL", "any OpenAI-compatible endpoint", str, None)
    models: tuple[str, ...] = _setting(
        "ANSWERBACK_MODELS", "models in order of preference, with commas", _names, ("gpt-4o-mini",)
    )
    model_timeout_s: float = _setting(
        "ANSWERBACK_MODEL_TIMEOUT_S", "longest one call of the model may take", _positive, 60.0
    )
    verifier: str | None = _setting(
        "ANSWERBACK_VERIFIER",
        "`judge` lets a language model judge the sentences that the local check leaves in doubt, `local` does not; "
        "`judge` with the answerer `llm`",
        _one_of("local", "judge"),
        None,
    )
    judge_model: str | None = _setting(
        "ANSWERBACK_JUDGE_MODEL", "the model that judges, at the same endpoint; the first of the models", str, None
    )
    judge_timeout_s: float = _setting(
        "ANSWERBACK_JUDGE_TIMEOUT_S", "longest a judgement may take; then the local check decides", _positive, 15.0
    )
    prices: tuple[tuple[str, float, float], ...] = _setting(
        "ANSWERBACK_PRICES",
        "US dollars for a million tokens, `model=prompt/completion` with commas; others count as free",
        _prices,
        (),
    )
    budgets: tuple[Budget, ...] = _setting(
        "ANSWERBACK_BUDGETS",
        "what models may cost for each `message`, `conversation`, `key` and `day`, in `usd` or `tokens`; then a person "
        "answers",
        _budgets,
        (),
    )
    embedding_model: str = _setting(
        "ANSWERBACK_EMBEDDING_MODEL", "sentence-transformers model, by name or folder", str, "all-MiniLM-L6-v2"
    )
    embedding_precision: str = _setting(
        "ANSWERBACK_EMBEDDING_PRECISION", "`int8` or `fp32`", _one_of("int8", "fp32"), "int8"
    )
    model_dir: Path | None = _setting(
        "ANSWERBACK_MODEL_DIR", "where exported models are kept; `models` in the home without it", Path, None
    )
    min_relevance: float = _setting(
        "ANSWERBACK_MIN_RELEVANCE", "relevance below which nothing is answered, 0 to 1.15", _positive, 0.48
    )
    rules: Path | None = _setting("ANSWERBACK_RULES", "JSON file with this desk's rules for handing off", Path, None)
    tools: Path | None = _setting("ANSWERBACK_TOOLS", "JSON file with the tools that the model may use", Path, None)
    use_tools: bool = _setting(
        "ANSWERBACK_USE_TOOLS", "offer tools to the model; off for models that cannot call any", _switch, True
    )
    redact_model: bool = _setting(
        "ANSWERBACK_REDACT_MODEL",
        "hide card and account numbers, secrets, addresses and phone numbers from the model",
        _switch,
        False,
    )
    answer_cache_s: float = _setting(
        "ANSWERBACK_ANSWER_CACHE_S",
        "time that a first question asked again gets the same answer; 0 for none",
        _not_negative,
        3_600.0,
    )
    answer_concurrency: int = _setting(
        "ANSWERBACK_ANSWER_CONCURRENCY", "messages answered at once by one worker process", _count, 64
    )
    lease_s: float = _setting("ANSWERBACK_LEASE_S", "lease on a conversation", _positive, 10.0)
    deadline_s: float = _setting(
        "ANSWERBACK_DEADLINE_S", "time a message has until a person takes it", _positive, 120.0
    )
    max_attempts: int = _setting(
        "ANSWERBACK_MAX_ATTEMPTS", "attempts at one message before a person takes it", _count, 5
    )
    idempotency_s: float = _setting(
        "ANSWERBACK_IDEMPOTENCY_S", "time that an Idempotency-Key is remembered", _positive, 86_400.0
    )
    burst: str = _setting(
        "ANSWERBACK_BURST",
        "`merge`: messages queued together get one reply; `each`: one each",
        _one_of("merge", "each"),
        "merge",
    )
    rate_limit: str | None = _setting(
        "ANSWERBACK_RATE_LIMIT",
        "requests per key, and per conversation of a browser's token, or `off`",
        _rate,
        "600/minute",
    )
    resume_after_h: float = _setting(
        "ANSWERBACK_RESUME_AFTER_H",
        "hours after which a conversation that a person has and in which nobody writes is the bot's again; 0 for never",
        _not_negative,
        0.0,
    )
    sample: bool | None = _setting(
        "ANSWERBACK_SAMPLE",
        "whether `answerback up` ingests the sample articles once; on with the embedded database",
        _switch,
        None,
    )
    callback_allow: tuple[Network, ...] = _setting(
        "ANSWERBACK_CALLBACK_ALLOW",
        "private networks that callbacks may reach, there also over plain http and any port",
        _networks,
        (),
    )
    import_allow: tuple[Network, ...] = _setting(
        "ANSWERBACK_IMPORT_ALLOW",
        "private networks whose pages and files may be imported, likewise",
        _networks,
        (),
    )
    events_days: float = _setting(
        "ANSWERBACK_EVENTS_DAYS", "days that events are kept, which streams tell; 0 for ever", _not_negative, 90.0
    )
    deliveries_days: float = _setting(
        "ANSWERBACK_DELIVERIES_DAYS",
        "days that callbacks and posts which are done with are kept, with their attempts; 0 for ever",
        _not_negative,
        30.0,
    )
    audit_days: float = _setting(
        "ANSWERBACK_AUDIT_DAYS", "days that what operators did is kept; 0 for ever", _not_negative, 730.0
    )
    smtp_url: str | None = _setting(
        "ANSWERBACK_SMTP_URL",
        "mail server that people are told of handoffs by, `smtp://user:password@host:587` or `smtps://…`",
        _mail_url,
        None,
        secret=True,
    )
    mail_from: str = _setting("ANSWERBACK_MAIL_FROM", "whom that mail is from", str, "answerback@localhost")
    conversation_url: str | None = _setting(
        "ANSWERBACK_CONVERSATION_URL",
        "where people see a conversation, `https://…/{id}`; notes to them end with it",
        _template,
        None,
    )
    session_ttl_s: float = _setting(
        "ANSWERBACK_SESSION_TTL_S", "life of session state after its last use", _positive, 86_400.0
    )
    session_limit: int = _setting(
        "ANSWERBACK_SESSION_LIMIT", "sessions kept at most; the oldest go first", _count, 100_000
    )
    session_history: int = _setting(
        "ANSWERBACK_SESSION_HISTORY", "turns of a conversation that a session keeps", _count, 20
    )
    session_keys: tuple[str, ...] = _setting(
        "ANSWERBACK_SESSION_KEYS",
        "Fernet keys that encrypt session state, newest first, with commas",
        _names,
        (),
        secret=True,
    )
    redis_prefix: str = _setting("ANSWERBACK_REDIS_PREFIX", "prefix of every Redis key", str, "answerback:")
    cors_origins: tuple[str, ...] = _setting(
        "ANSWERBACK_CORS_ORIGINS", "origins that browsers may call from, with commas, or `*`", _names, ()
    )
    widget_origins: tuple[str, ...] = _setting(
        "ANSWERBACK_WIDGET_ORIGINS",
        "origins whose pages may have the chat widget without a backend of theirs, with commas, or `*`",
        _names,
        (),
    )
    demo: bool | None = _setting(
        "ANSWERBACK_DEMO", "serve /demo, a page with the chat widget; on with the embedded database", _switch, None
    )
    max_body_bytes: int = _setting("ANSWERBACK_MAX_BODY_BYTES", "largest request body", _count, 11 * 1024 * 1024)
    environment: str = _setting(
        "ANSWERBACK_ENVIRONMENT", "name of this installation, such as `staging`, shown at `GET /`", str, "production"
    )
    openapi: bool = _setting("ANSWERBACK_OPENAPI", "serve /openapi.json and /docs", _switch, True)
    web_workers: int = _setting("ANSWERBACK_WEB_WORKERS", "web processes", _count, 2)
    web_threads: int = _setting("ANSWERBACK_WEB_THREADS", "threads of each; a waiting client holds one", _count, 32)
    streams: int = _setting("ANSWERBACK_STREAMS", "open streams of one web process", _count, 5_000)
    streams_of_key: int = _setting(
        "ANSWERBACK_STREAMS_OF_KEY", "open streams of one web process for one key", _count, 2_000
    )
    otlp_endpoint: str | None = _setting(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "collector that traces go to (OpenTelemetry, OTLP over HTTP), such as `http://127.0.0.1:4318`; none without it",
        _url,
        None,
    )
    otel_service: str = _setting("OTEL_SERVICE_NAME", "what this installation is called in traces", str, "answerback")
    log_level: str = _setting(
        "ANSWERBACK_LOG_LEVEL", "least level that is logged", _one_of("debug", "info", "warning", "error"), "info"
    )

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        """Read the settings; an empty variable counts as unset.

        Raises:
            SettingsInvalid: with one sentence for each problem, all of them at once.
        """
        environ = os.environ if environ is None else environ
        values: dict[str, Any] = {}
        problems: list[str] = []
        for setting in fields(cls):
            text = environ.get(setting.metadata["env"], "").strip()
            if not text:
                continue
            try:
                values[setting.name] = setting.metadata["parse"](text)
            except (ValueError, KeyError):
                problems.append(_problem(setting, text))
        if not problems:
            problems = cls(**values)._contradictions()
        if problems:
            raise SettingsInvalid(problems)
        return cls(**values)

    def _contradictions(self) -> list[str]:
        problems = []
        if self.answerer == "llm" and not (self.openai_api_key or self.openai_base_url):
            problems.append("ANSWERBACK_ANSWERER is `llm`, which needs OPENAI_API_KEY or OPENAI_BASE_URL.")
        if self.flower_auth is not None and ":" not in self.flower_auth:
            problems.append("ANSWERBACK_FLOWER_AUTH must be `user:password`.")
        if self.api_key is not None and len(self.api_key) < 16:
            problems.append("ANSWERBACK_API_KEY must have at least 16 characters.")
        if any(budget.unit == "usd" for budget in self.budgets):
            priced = {model for model, _prompt, _completion in self.prices}
            problems += [
                f"ANSWERBACK_BUDGETS is in US dollars, but ANSWERBACK_PRICES has no price of {model}."
                for model in self.models
                if model not in priced
            ]
        for key in self.session_keys:
            if not re.fullmatch(r"[A-Za-z0-9_-]{43}=", key):
                problems.append("ANSWERBACK_SESSION_KEYS must be Fernet keys: 32 bytes in URL-safe base64.")
                break
        return problems

    @property
    def embedded_redis(self) -> bool:
        """Whether this installation runs its own Valkey."""
        return self.redis_url is None

    @property
    def embedded_database(self) -> bool:
        """Whether the database is the SQLite file in the home."""
        return self.database_url is None

    @property
    def valkey_socket(self) -> Path:
        """Where the embedded Valkey listens: in the home, or in a folder named after it where that is too long."""
        path = self.home.absolute() / "run" / "valkey.sock"
        if len(str(path)) <= _SOCKET_PATH_LIMIT:
            return path
        name = hashlib.sha256(str(self.home.absolute()).encode()).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"answerback-{os.getuid()}-{name}" / "valkey.sock"

    @property
    def redis(self) -> str:
        """The URL of Redis, as redis-py reads it."""
        return self.redis_url or f"unix://{self.valkey_socket}?db=0"

    @property
    def broker(self) -> str:
        """The URL of the broker, as kombu reads it."""
        url = self.broker_url or self.redis
        if url.startswith("unix://"):
            return "redis+socket://" + url.removeprefix("unix://").replace("?db=", "?virtual_host=")
        return url

    @property
    def broker_redis_url(self) -> str | None:
        """The URL of the broker as redis-py reads it; None where the broker is not Redis."""
        url = self.broker.replace("redis+socket://", "unix://").replace("?virtual_host=", "?db=")
        return url if url.startswith(("redis", "unix")) else None

    @property
    def redis_connections(self) -> int:
        """Connections to Redis that one process opens at most."""
        return self.answer_concurrency + self.web_threads + 50

    @property
    def concurrent_searches(self) -> int:
        """Threads of one web process that may wait for a search at the same time: a quarter of them."""
        return max(1, self.web_threads // 4)

    @property
    def database(self) -> str:
        """The URL of the database, as SQLAlchemy reads it."""
        url = self.database_url or sqlite_url(self.home.absolute() / "answerback.db")
        return re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", url)

    @property
    def models_folder(self) -> Path:
        """Where exported embedding models are kept."""
        return self.model_dir or self.home.absolute() / "models"

    @property
    def embedding_folder(self) -> Path:
        """Where the configured embedding model is kept."""
        return self.models_folder / re.sub(r"[^\w.-]+", "_", self.embedding_model)

    @property
    def snapshots_folder(self) -> Path:
        """Where snapshots of knowledge bases are kept."""
        return self.home.absolute() / "snapshots"

    @property
    def judges(self) -> bool:
        """Whether a language model judges what the local check leaves in doubt."""
        return self.chosen_answerer == "llm" and self.verifier != "local"

    @property
    def chosen_answerer(self) -> str:
        """`llm` or `extractive`."""
        if self.answerer is not None:
            return self.answerer
        return "llm" if self.openai_api_key or self.openai_base_url else "extractive"

    @property
    def with_sample(self) -> bool:
        """Whether the sample articles are ingested into an empty knowledge base."""
        return self.embedded_database if self.sample is None else self.sample

    @property
    def with_demo(self) -> bool:
        """Whether there is a page that shows the widget."""
        return self.embedded_database if self.demo is None else self.demo


def _problem(setting: "Field[Any]", text: str) -> str:
    parse = setting.metadata["parse"]
    expected = _EXPECTED.get(parse) or parse.__doc__ or "valid"
    shown = "its value" if not setting.repr else repr(text)
    return f"{setting.metadata['env']} must be {expected}, not {shown}."


def sqlite_url(path: Path) -> str:
    """Return the URL of a SQLite file, whatever its folder is called."""
    return f"sqlite:///{quote(str(path))}"


def masked(url: str) -> str:
    """Return what may be shown of a URL: scheme, host, port and path; never a user, a password or options."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    try:
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        port = ""
    return f"{parts.scheme}://{host}{port}{parts.path}"
