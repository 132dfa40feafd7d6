"""Traces: one trace from a request to its outcome, across processes; none without an endpoint."""

import contextlib

import pytest
import sqlalchemy as sa
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from tests.support.desk import Desk
from tests.support.fakes import LOOPBACK
from tests.support.receiver import Receiver
from worker.deliveries.sender import Sender
from worker.deliveries.webhooks import Webhooks
from worker.errors import NotFound
from worker.store.tables import message
from worker.telemetry import tracing


@pytest.fixture
def spans(monkeypatch):
    """The spans that the test exports."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    monkeypatch.setattr(trace, "get_tracer", provider.get_tracer)
    return exporter


@contextlib.contextmanager
def receiving():
    server = Receiver()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def named(spans):
    return {span.name: span for span in spans.get_finished_spans()}


def parent_of(span):
    return None if span.parent is None else span.parent.span_id


def test_the_worker_that_answers_continues_the_trace_of_the_message(store, workspace_id, model_url, spans):
    """No hint arrived: the context is stored with the message."""
    desk = Desk(store, workspace_id, model_url, ())
    with receiving() as receiver:
        with tracing.span("request") as request:
            conversation_id = desk.write("Can I delete cookies?", callback_url=receiver.url)
        desk.drainer.drain(conversation_id)
        sender = Sender(store)
        (destination,) = sender.due_destinations()
        with contextlib.closing(Webhooks(LOOPBACK)) as transport:
            assert sender.send(destination, transport).delivered
    found = named(spans)
    assert {"request", "turn", "search", "model", "grounding", "callback attempt"} <= set(found)
    assert {item.context.trace_id for item in found.values()} == {request.get_span_context().trace_id}
    assert parent_of(found["turn"]) == found["request"].context.span_id
    for stage in ("search", "model", "grounding"):
        assert parent_of(found[stage]) == found["turn"].context.span_id
    assert parent_of(found["callback attempt"]) == found["request"].context.span_id
    assert found["callback attempt"].attributes["status"] == 204
    assert found["turn"].attributes["conversation_id"] == conversation_id


def test_messages_that_are_answered_together_are_linked(store, workspace_id, model_url, spans):
    desk = Desk(store, workspace_id, model_url, ())
    with tracing.span("first") as first:
        desk.write("Can I delete")
    with tracing.span("second"):
        conversation_id = desk.write("cookies?")
    desk.drainer.drain(conversation_id)
    turn = named(spans)["turn"]
    assert parent_of(turn) == named(spans)["second"].context.span_id
    assert [item.context.trace_id for item in turn.links] == [first.get_span_context().trace_id]


def test_traces_contain_no_text(store, workspace_id, model_url, spans):
    desk = Desk(store, workspace_id, model_url, ())
    with tracing.span("request"):
        conversation_id = desk.write("Can I delete cookies with the secret word xyzzy?")
    desk.drainer.drain(conversation_id)
    texts = [
        str((span.name, dict(span.attributes), span.events, span.status.description))
        for span in spans.get_finished_spans()
    ]
    assert len(texts) >= 4
    assert not [item for item in texts if "xyzzy" in item or "cookies" in item.lower()]


def test_a_failed_span_names_only_the_type_of_the_exception(spans):
    with pytest.raises(ValueError, match="xyzzy"), tracing.span("turn"):
        raise ValueError("the customer wrote xyzzy")
    with pytest.raises(NotFound), tracing.span("search"):
        raise NotFound("of xyzzy")
    found = named(spans)
    assert found["turn"].attributes["exception"] == "ValueError"
    assert found["turn"].status.description == "ValueError"
    assert found["search"].status.is_unset
    assert not [item for item in found.values() if "xyzzy" in item.to_json()]


def test_nothing_is_traced_without_an_endpoint(store, workspace_id, model_url):
    desk = Desk(store, workspace_id, model_url, ())
    with tracing.span("request") as request:
        conversation_id = desk.write("Can I delete cookies?")
    assert not request.is_recording()
    desk.drainer.drain(conversation_id)
    with store.read() as connection:
        assert connection.execute(sa.select(message.c.traceparent)).scalars().all() == [None, None]


def test_an_invalid_traceparent_is_ignored(spans):
    with tracing.span("turn", parent="00-garbage", links=["", "x", None]) as begun:
        assert begun.is_recording()
    assert parent_of(named(spans)["turn"]) is None
