"""Where an installation keeps its state, and what it is called."""

import hashlib
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from worker.settings import parsers
from worker.settings.setting import setting
from worker.settings.urls import sqlite_url

#: Longest path that a Unix socket may have on Linux and macOS alike, less its end mark.
_SOCKET_PATH_LIMIT = 100


@dataclass(frozen=True, kw_only=True)
class InstallationSettings:
    """Where an installation keeps its state, and what it is called."""

    title: ClassVar[str] = "Installation"

    home: Path = setting("ANSWERBACK_HOME", "where state is kept", Path, Path("var"))
    environment: str = setting(
        "ANSWERBACK_ENVIRONMENT", "name of this installation, such as `staging`, shown at `GET /`", str, "production"
    )
    database_url: str | None = setting(
        "ANSWERBACK_DATABASE_URL", "SQLAlchemy URL; SQLite in the home without it", str, None, secret=True
    )
    redis_url: str | None = setting(
        "ANSWERBACK_REDIS_URL",
        "session state, rate limits, wake-ups; embedded Valkey without it",
        str,
        None,
        secret=True,
    )
    redis_prefix: str = setting("ANSWERBACK_REDIS_PREFIX", "prefix of every Redis key", str, "answerback:")
    broker_url: str | None = setting(
        "ANSWERBACK_BROKER_URL",
        "Celery broker, redis:// or amqp://; the Redis above without it",
        str,
        None,
        secret=True,
    )
    secret_keys: tuple[str, ...] = setting(
        "ANSWERBACK_SECRET_KEYS",
        "Fernet keys that encrypt the secrets of workspaces in the database, newest first, with commas; without them "
        "one is made and kept in the home, which all machines then share",
        parsers.names,
        (),
        secret=True,
    )
    sample: bool | None = setting(
        "ANSWERBACK_SAMPLE",
        "whether `answerback up` ingests the sample articles once; on with the embedded database",
        parsers.switch,
        None,
    )
    log_level: str = setting(
        "ANSWERBACK_LOG_LEVEL",
        "least level that is logged",
        parsers.one_of("debug", "info", "warning", "error"),
        "info",
    )
    otlp_endpoint: str | None = setting(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "collector that traces go to (OpenTelemetry, OTLP over HTTP), such as `http://127.0.0.1:4318`; none without it",
        parsers.http_url,
        None,
    )
    otel_service: str = setting("OTEL_SERVICE_NAME", "what this installation is called in traces", str, "answerback")

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
    def database(self) -> str:
        """The URL of the database, as SQLAlchemy reads it."""
        url = self.database_url or sqlite_url(self.home.absolute() / "answerback.db")
        return re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", url)

    @property
    def snapshots_folder(self) -> Path:
        """Where snapshots of knowledge bases are kept."""
        return self.home.absolute() / "snapshots"

    @property
    def secret_key_file(self) -> Path:
        """Where the key that encrypts the secrets of workspaces is kept, if the settings have none."""
        return self.home.absolute() / "secret-key"

    @property
    def with_sample(self) -> bool:
        """Whether the sample articles are ingested into an empty knowledge base."""
        return self.embedded_database if self.sample is None else self.sample
