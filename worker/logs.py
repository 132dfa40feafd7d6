"""Structured JSON logs; ids are bound once and appear on every line that follows."""

import logging
import sys
from typing import Any

import structlog


def configure(level: str = "info", *, stream: Any = None) -> None:
    """Send structlog's and the standard library's records to `stream` (stderr), one JSON object a line."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in (
        "httpx",
        "httpcore",
        "openai",
        "alembic",
        "kombu",
        "amqp",
        "celery.worker.strategy",
        "celery.app.trace",
    ):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, root.level))


def get(name: str) -> Any:
    """Return a logger."""
    return structlog.stdlib.get_logger(name)


bound = structlog.contextvars.bound_contextvars


def bind(**ids: str) -> None:
    """Let every line of this thread carry these ids, until `unbind`."""
    structlog.contextvars.bind_contextvars(**ids)


def unbind() -> None:
    """Let the lines of this thread carry no ids any more."""
    structlog.contextvars.clear_contextvars()
