"""What faults cost: accepting with the broker hung, and recovery after a worker was killed."""

import json
import tempfile
from pathlib import Path
from typing import Any

from bench.load import post
from tests.faults.faults import FAULTS, measure
from tests.faults.rig import Valkey
from tests.support.stack import KEY, stack

_REQUESTS = 2_000
_CONNECTIONS = 8
_MOST_P99_MS = 100.0


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
    return {
        "accept_p99_ms": well.p99_ms,
        "accept_hung_p50_ms": hung.p50_ms,
        "accept_hung_p99_ms": hung.p99_ms,
        "accept_hung_most_ms": _MOST_P99_MS,
        "not_accepted": {status: count for status, count in hung.statuses.items() if status != 202},
        "recovery_s": report.recovery_s,
        "recovery_most_s": report.bound_s,
        "problems": problems,
        "lines": [
            f"accepting, broker well: {well.per_second:.0f}/s, p50 {well.p50_ms:.1f} ms, p99 {well.p99_ms:.1f} ms",
            f"accepting, broker hung: {hung.per_second:.0f}/s, p50 {hung.p50_ms:.1f} ms, p99 {hung.p99_ms:.1f} ms "
            f"(at most {_MOST_P99_MS:.0f}); {hung.statuses}",
            f"kill -9 with {verdict.through} messages, lease 10 s, model 2 s: all answered after "
            f"{report.recovery_s:.1f} s (at most {report.bound_s:.0f}); {problems or 'nothing lost or doubled'}",
        ],
    }
