"""The web server: addresses, limits, browsers, streams."""

from dataclasses import dataclass
from typing import ClassVar

from worker.settings import parsers
from worker.settings.setting import setting


@dataclass(frozen=True, kw_only=True)
class WebSettings:
    """The web server: addresses, limits, browsers, streams."""

    title: ClassVar[str] = "Web server"

    host: str = setting("ANSWERBACK_HOST", "address that the web server listens on", str, "127.0.0.1")
    port: int = setting("ANSWERBACK_PORT", "its port", parsers.port, 8000)
    proxies: int = setting(
        "ANSWERBACK_PROXIES",
        "proxies in front of the web server, one behind the other, whose X-Forwarded-For and -Proto are believed",
        parsers.integer,
        0,
    )
    web_workers: int = setting("ANSWERBACK_WEB_WORKERS", "web processes", parsers.positive_integer, 2)
    web_threads: int = setting(
        "ANSWERBACK_WEB_THREADS", "threads of each; a waiting client holds one", parsers.positive_integer, 32
    )
    max_body_bytes: int = setting(
        "ANSWERBACK_MAX_BODY_BYTES", "largest request body", parsers.positive_integer, 11 * 1024 * 1024
    )
    rate_limit: str | None = setting(
        "ANSWERBACK_RATE_LIMIT",
        "requests per key, and per conversation of a browser's token, or `off`",
        parsers.rate_limit,
        "600/minute",
    )
    streams: int = setting("ANSWERBACK_STREAMS", "open streams of one web process", parsers.positive_integer, 5_000)
    streams_of_key: int = setting(
        "ANSWERBACK_STREAMS_OF_KEY", "open streams of one web process for one key", parsers.positive_integer, 2_000
    )
    api_key: str | None = setting(
        "ANSWERBACK_API_KEY", "bootstrap API key; without it one is made and kept in the home", str, None, secret=True
    )
    cors_origins: tuple[str, ...] = setting(
        "ANSWERBACK_CORS_ORIGINS", "origins that browsers may call from, with commas, or `*`", parsers.names, ()
    )
    widget_origins: tuple[str, ...] = setting(
        "ANSWERBACK_WIDGET_ORIGINS",
        "origins whose pages may have the chat widget without a backend of theirs, with commas, or `*`",
        parsers.names,
        (),
    )
    demo: bool | None = setting(
        "ANSWERBACK_DEMO",
        "serve /demo, a page with the chat widget; on with the embedded database",
        parsers.switch,
        None,
    )
    openapi: bool = setting("ANSWERBACK_OPENAPI", "serve /openapi.json and /docs", parsers.switch, True)
    flower_host: str = setting("ANSWERBACK_FLOWER_HOST", "address that Flower listens on", str, "127.0.0.1")
    flower_port: int = setting("ANSWERBACK_FLOWER_PORT", "port of Flower, the view on tasks", parsers.port, 5555)
    flower_auth: str | None = setting(
        "ANSWERBACK_FLOWER_AUTH", "`user:password` that Flower asks for", str, None, secret=True
    )

    @property
    def concurrent_searches(self) -> int:
        """Threads of one web process that may wait for a search at the same time: a quarter of them."""
        return max(1, self.web_threads // 4)

    @property
    def web_address(self) -> str:
        """The address of the web server, as programs on this machine reach it."""
        everywhere = ("0.0.0.0", "::")  # noqa: S104 - asked about, not bound
        host = "127.0.0.1" if self.host in everywhere else self.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"
