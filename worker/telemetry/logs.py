"""Structured JSON logs; bound ids appear on every line that follows."""

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from functools import cache
from typing import TYPE_CHECKING, Any

import structlog

if TYPE_CHECKING:
    from worker.redaction import Redactor


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
                _masked,
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


#: Matches every text that may need masking; others skip the redactor, which is slower.
_MAY_BE_SENSITIVE = re.compile(r"[@+]|\d[ -]?\d{3}|://|(?i:password|secret|token|key|bearer|pin)|\b(?:eyJ|AKIA|sk|ghp)")


def _masked(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """Mask card and account numbers, secrets, addresses and phone numbers in every text of a line."""
    return {name: value if name == "timestamp" else _mask(value) for name, value in event.items()}


def _mask(value: Any) -> Any:
    if isinstance(value, str):
        return redactor().mask(value) if _MAY_BE_SENSITIVE.search(value) else value
    if isinstance(value, dict):
        return {name: _mask(inner) for name, inner in value.items()}
    return [_mask(inner) for inner in value] if isinstance(value, list | tuple) else value


@cache
def redactor() -> "Redactor":
    """Return the redactor, which masks personal data and secrets."""
    from worker.redaction import Redactor

    return Redactor()


def get(name: str) -> Any:
    """Return a logger."""
    return structlog.stdlib.get_logger(name)


bound = structlog.contextvars.bound_contextvars


def bind(**ids: str) -> None:
    """Add these ids to every log line of this thread until `unbind`."""
    structlog.contextvars.bind_contextvars(**ids)


def unbind() -> None:
    """Remove the ids from the log lines of this thread."""
    structlog.contextvars.clear_contextvars()
