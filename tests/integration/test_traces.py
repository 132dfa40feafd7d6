"""One trace over real processes: from the request, through hint and turn, to the callback's attempt."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.support.processes import wait_for
from tests.support.receiver import Receiver
from tests.support.stack import stack
from worker.hints import DRAIN
from worker.launch.up import sample_folder

HINT = f"hint {DRAIN}"


class Collector(ThreadingHTTPServer):
    """Takes traces as a collector does (OTLP over HTTP)."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.spans = {}  # by trace, then by name; hints by their task too, as an answer hints at its callbacks
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        sent = ExportTraceServiceRequest.FromString(self.rfile.read(int(self.headers["content-length"])))
        for resource in sent.resource_spans:
            for scope in resource.scope_spans:
                for span in scope.spans:
                    task = [one.value.string_value for one in span.attributes if one.key == "task"]
                    self.server.spans.setdefault(span.trace_id.hex(), {})[" ".join([span.name, *task])] = span
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_arguments):
        pass


@pytest.fixture
def collector():
    server = Collector()
    yield server
    server.shutdown()
    server.server_close()


def test_a_ticket_is_one_trace_to_its_callback(collector, models, tmp_path):
    receiver = Receiver()
    settings = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{collector.server_port}",
        "OTEL_BSP_SCHEDULE_DELAY": "200",
        "ANSWERBACK_CALLBACK_ALLOW": "127.0.0.0/8",
    }
    trace_id, caller = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
    with stack(tmp_path, models, workers=("answer", "callback"), sample=sample_folder(), **settings) as made:
        sent = made.call(
            "POST",
            "/v1/tickets",
            {"body": "How do I reset my password?", "callback_url": receiver.url},
            headers={"traceparent": f"00-{trace_id}-{caller}-01"},
        )
        assert made.finished(sent.json["id"])["state"] == "answered"
        wanted = {"POST /v1/tickets", HINT, "turn", "search", "model", "grounding", "callback attempt"}
        wait_for(lambda: wanted <= set(collector.spans.get(trace_id, {})), timeout_s=20, what="the whole trace")
    found = collector.spans[trace_id]
    request = found["POST /v1/tickets"]
    assert request.parent_span_id.hex() == caller
    for name in (HINT, "turn", "callback attempt"):
        assert found[name].parent_span_id == request.span_id, name
    for name in ("search", "model", "grounding"):
        assert found[name].parent_span_id == found["turn"].span_id, name
    receiver.shutdown()
    receiver.server_close()
