"""Accepting a ticket, with its durable row, against a bare view that only publishes a task."""

import json
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench.load import Load, post
from tests.support.processes import answers, free_port, running, valkey, wait_for
from tests.support.stack import KEY, stack

_REQUESTS = 1_200
_ROUNDS = 11
_CONNECTIONS = 16
_MIN_RATIO = 0.6


def run(models: Path) -> dict[str, Any]:
    """Alternate between both servers and compare neighbours, so that the machine's moods hit both."""
    with tempfile.TemporaryDirectory() as folder, valkey() as redis:
        baseline_port = free_port()
        broker = "redis+socket://" + redis.removeprefix("unix://").replace("?db=0", "?virtual_host=1")
        with (
            stack(Path(folder), models, workers=(), ANSWERBACK_REDIS_URL=redis) as made,
            running(_gunicorn(baseline_port), env={"BASELINE_BROKER_URL": broker}),
        ):
            wait_for(lambda: answers(f"http://127.0.0.1:{baseline_port}/healthz"), what="the baseline")
            port = int(made.url.rsplit(":", 1)[1])
            ours: list[Load] = []
            bare: list[Load] = []
            for round_ in range(_ROUNDS + 1):
                for loads, at in ((bare, baseline_port), (ours, port)):
                    load = _post(at, 600 if round_ == 0 else _REQUESTS)
                    if round_:
                        loads.append(load)
    return _results(ours, bare)


def _gunicorn(port: int) -> list[str]:
    """Return the command that serves the baseline."""
    return [
        *(sys.executable, "-m", "gunicorn", "--config", "python:web.gunicorn", "--bind", f"127.0.0.1:{port}"),
        *("--workers", "2", "--threads", "32", "bench.baseline:create_app()"),
    ]


def _results(ours: list[Load], bare: list[Load]) -> dict[str, Any]:
    wrong = {status: count for load in ours for status, count in load.statuses.items() if status != 202}
    rate, bare_rate = (statistics.median(load.per_second for load in loads) for loads in (ours, bare))
    p50, p99 = (statistics.median(getattr(load, name) for load in ours) for name in ("p50_ms", "p99_ms"))
    bare_p50, bare_p99 = (statistics.median(getattr(load, name) for load in bare) for name in ("p50_ms", "p99_ms"))
    ratios = sorted(load.per_second / beside.per_second for load, beside in zip(ours, bare, strict=True))
    ratio = statistics.median(ratios)
    return {
        "ratio": ratio,
        "ratios": ratios,
        "least": _MIN_RATIO,
        "per_second": rate,
        "baseline_per_second": bare_rate,
        "p50_ms": p50,
        "p99_ms": p99,
        "baseline_p50_ms": bare_p50,
        "baseline_p99_ms": bare_p99,
        "not_accepted": wrong,
        "lines": [
            f"ours      {rate:7.0f}/s  p50 {p50:6.1f} ms  p99 {p99:6.1f} ms   (rows committed; {wrong or 'all 202'})",
            f"baseline  {bare_rate:7.0f}/s  p50 {bare_p50:6.1f} ms  p99 {bare_p99:6.1f} ms   (Flask and task.delay())",
            f"ratio {ratio:.2f} (at least {_MIN_RATIO}); in {_ROUNDS} rounds {ratios[0]:.2f} to {ratios[-1]:.2f}",
        ],
    }


def _post(port: int, count: int) -> Load:
    body = json.dumps({"body": "How do I reset my password?", "subject": "Password"}).encode()
    return post("127.0.0.1", port, [("/v1/tickets", body)] * count, key=KEY, connections=_CONNECTIONS)
