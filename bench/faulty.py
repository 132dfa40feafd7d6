"""What faults cost: accepting with the broker hung, recovery after a kill, and how soon a cancel stops the model."""

import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.load import post
from tests.faults.faults import FAULTS
from tests.faults.harness import measure
from tests.faults.rig import Valkey, rig
from tests.support.processes import wait_for
from tests.support.stack import KEY, stack

_REQUESTS = 2_000
_CONNECTIONS = 8
_MAX_P99_MS = 100.0
_CLOSED_S = 1.0


def run(models: Path) -> dict[str, Any]:
    """Measure accepting before the broker hangs and while it does; then a kill -9, on the default lease."""
    body = json.dumps({"body": "How do I reset my password?"}).encode()
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as kept:
        valkey = Valkey(Path(kept))
        url = f"redis://127.0.0.1:{valkey.port}/0"
        try:
            with stack(Path(folder), models, workers=(), ANSWERBACK_REDIS_URL=url) as made:
                port = int(made.url.rsplit(":", 1)[1])
                requests = [("/v1/tickets", body)] * _REQUESTS
                well = post("127.0.0.1", port, requests, key=KEY, connections=_CONNECTIONS)
                valkey.pause()  # it takes connections and bytes, and never answers
                try:
                    hung = post("127.0.0.1", port, requests, key=KEY, connections=_CONNECTIONS)
                finally:
                    valkey.resume()
        finally:
            valkey.kill()
    report, verdict, problems = measure(FAULTS[2], "sqlite")
    closed = _cancels()
    return {
        "accept_p99_ms": well.p99_ms,
        "accept_hung_p50_ms": hung.p50_ms,
        "accept_hung_p99_ms": hung.p99_ms,
        "accept_hung_most_ms": _MAX_P99_MS,
        "not_accepted": {status: count for status, count in hung.statuses.items() if status != 202},
        "recovery_s": report.recovery_s,
        "recovery_most_s": report.bound_s,
        "problems": problems,
        "cancel_most_s": max(closed),
        "cancel_bound_s": _CLOSED_S,
        "lines": [
            f"accepting, broker well: {well.per_second:.0f}/s, p50 {well.p50_ms:.1f} ms, p99 {well.p99_ms:.1f} ms",
            f"accepting, broker hung: {hung.per_second:.0f}/s, p50 {hung.p50_ms:.1f} ms, p99 {hung.p99_ms:.1f} ms "
            f"(at most {_MAX_P99_MS:.0f}); {hung.statuses}",
            f"kill -9 with {verdict.through} messages, lease 10 s, model 2 s: all answered after "
            f"{report.recovery_s:.1f} s (at most {report.bound_s:.0f}); {problems or 'nothing lost or doubled'}",
            f"cancel until the model server sees its call end: p50 {statistics.median(closed):.2f} s, "
            f"longest {max(closed):.2f} s (at most {_CLOSED_S:.0f})",
        ],
    }


def _cancels() -> list[float]:
    """Return how long the model server went on after each cancel: before the first byte, and in the stream."""
    spent = []
    with rig("sqlite") as made:
        made.start("answer", "worker", "answer")
        made.start("web", "web")
        for behaviour in ({"latency_s": 30.0, "tokens_per_s": 0.0}, {"latency_s": 0.0, "tokens_per_s": 0.5}):
            made.control(**behaviour)
            for number in range(15):
                one = made.submit(f"cancel-{behaviour['latency_s']}-{number}")
                wait_for(lambda: made.control()["counts"]["active"] == 1, what="the model call")
                began = time.perf_counter()
                made.cancel(one)
                while made.control()["counts"]["active"]:
                    time.sleep(0.005)
                spent.append(time.perf_counter() - began)
    return spent
