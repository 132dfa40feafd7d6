"""One trace from a request to each callback (OpenTelemetry); off unless the settings say where traces go.

The context is stored on each message, as hints may be lost: whoever takes the message up goes on with its trace.
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
    """Send traces from now on, if the settings say where to; once for a process, after its fork.

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
    """Whether anything is traced in this process."""
    return not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)


def flush(*, timeout_s: float = 2.0) -> None:
    """Send what is still in memory."""
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
    """Time what is done inside as a part of the trace that goes on here, or of that of `parent`, a traceparent.

    Attributes hold ids and numbers, never what anybody wrote.
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
        links=[Link(found) for one in links if one and (found := _span_context(one)) is not None],
        record_exception=False,  # what it says may be what somebody wrote
        set_status_on_exception=False,
    ) as begun:
        try:
            yield begun
        except Exception as error:
            begun.set_attribute("exception", type(error).__name__)
            if not isinstance(error, AnswerbackError):  # what was expected to happen is told by who expected it
                failed(begun, type(error).__name__)
            raise


def failed(begun: Span, why: str) -> None:
    """Say that what a span times did not work."""
    begun.set_status(Status(StatusCode.ERROR, why[:200]))


def traceparent() -> str | None:
    """Return where the current trace is, as W3C Trace Context writes it; None when nothing is traced."""
    carrier: dict[str, str] = {}
    _PROPAGATOR.inject(carrier)
    return carrier.get("traceparent")


def _context(parent: str) -> Context:
    return _PROPAGATOR.extract({"traceparent": parent}, context=Context())


def _span_context(parent: str) -> Any:
    found = trace.get_current_span(_context(parent)).get_span_context()
    return found if found.is_valid else None
