"""OpenTelemetry traces from a request to each of its callbacks; off unless the settings name an endpoint.

The trace context is stored with each message, because hints may be lost; the worker that answers continues the trace.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Link, Span, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from worker.errors import AnswerbackError, StartupFailed
from worker.settings import Settings

__all__ = ["SpanKind", "configure", "failed", "flush", "on", "span", "traceparent"]

_PROPAGATOR = TraceContextTextMapPropagator()
_guard = threading.Lock()
_configured: list[Any] = []


def configure(settings: Settings) -> None:
    """Export traces if the settings name an endpoint; called once per process, after the fork.

    Raises:
        StartupFailed: OpenTelemetry is not installed.
    """
    if settings.otlp_endpoint is None:
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        raise StartupFailed(
            "OTEL_EXPORTER_OTLP_ENDPOINT is set, but OpenTelemetry is not installed: pip install 'answerback[tracing]'."
        ) from None

    with _guard:
        if _configured:
            return
        provider = TracerProvider(resource=Resource.create({"service.name": settings.otel_service}))
        exporter = OTLPSpanExporter(endpoint=f"{settings.otlp_endpoint.rstrip('/')}/v1/traces")
        provider.add_span_processor(BatchSpanProcessor(exporter))
        trace.set_tracer_provider(provider)
        _configured.append(provider)


def on() -> bool:
    """Whether this process exports traces."""
    return not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)


def flush(*, timeout_s: float = 2.0) -> None:
    """Export the spans that are still in memory."""
    for provider in _configured:
        provider.force_flush(int(timeout_s * 1_000))


@contextmanager
def span(
    name: str,
    *,
    parent: str | None = None,
    links: Sequence[str | None] = (),
    kind: SpanKind = SpanKind.INTERNAL,
    **attributes: str | float | None,
) -> Iterator[Span]:
    """Record a span of the current trace, or of the trace of `parent` (a traceparent).

    Attributes hold ids and numbers, never text of customers or agents.
    """
    if not on():
        yield trace.INVALID_SPAN
        return
    given = {key: value for key, value in attributes.items() if value is not None}
    with trace.get_tracer("answerback").start_as_current_span(
        name,
        context=_context(parent) if parent else None,
        kind=kind,
        attributes=given,
        links=[Link(found) for link in links if link and (found := _span_context(link)) is not None],
        record_exception=False,  # its message may contain text of a customer
        set_status_on_exception=False,
    ) as current:
        try:
            yield current
        except Exception as error:
            current.set_attribute("exception", type(error).__name__)
            if not isinstance(error, AnswerbackError):  # the caller reports anticipated failures
                failed(current, type(error).__name__)
            raise


def failed(current: Span, why: str) -> None:
    """Mark a span as failed."""
    current.set_status(Status(StatusCode.ERROR, why[:200]))


def traceparent() -> str | None:
    """Return the current W3C `traceparent`; None if traces are off."""
    carrier: dict[str, str] = {}
    _PROPAGATOR.inject(carrier)
    return carrier.get("traceparent")


def _context(parent: str) -> Context:
    return _PROPAGATOR.extract({"traceparent": parent}, context=Context())


def _span_context(parent: str) -> Any:
    found = trace.get_current_span(_context(parent)).get_span_context()
    return found if found.is_valid else None
