"""One worker process more: near twice the throughput, while the machine has room for it."""

import contextlib
import json
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bench.answering import answering_stack, control, wait_until_answered
from bench.load import post
from tests.support.processes import wait_for
from tests.support.stack import KEY, Stack, command, is_ready, services
from worker.runtime.presence import live_workers
from worker.store.tables import conversation, message

#: A model that takes 2 s leaves two cores idle enough for a second worker.
_MESSAGES, _CONVERSATIONS, _CONCURRENCY, _LATENCY_S = 800, 400, 64, 2.0
_MIN_GAIN = 1.8


def run(models: Path) -> dict[str, Any]:
    """Answer the same crowd with one worker, then with two."""
    with answering_stack(models, concurrency=_CONCURRENCY) as (made, model):
        made.ask("How do I reset my password?")
        control(model, latency_s=_LATENCY_S)
        one = _rate(made, "one")
        with contextlib.ExitStack() as exits, services(made.env) as built:
            exits.enter_context(command(made, "worker", "answer"))
            wait_for(lambda: len(live_workers(built.store)) == 2 and is_ready(made.url), what="the second worker")
            two = _rate(made, "two")
    gain = two / one
    return {
        "one_per_second": one,
        "two_per_second": two,
        "gain": gain,
        "gain_least": _MIN_GAIN,
        "lines": [
            f"{_MESSAGES} messages in {_CONVERSATIONS} conversations, model {_LATENCY_S:.0f} s, {_CONCURRENCY} at once "
            f"in each process: one {one:.1f}/s ({one / (_CONCURRENCY / _LATENCY_S):.2f} of the ideal), two {two:.1f}/s "
            f"({two / (2 * _CONCURRENCY / _LATENCY_S):.2f})",
            f"gain {gain:.2f} (at least {_MIN_GAIN})",
        ],
    }


def _rate(made: Stack, name: str) -> float:
    body = json.dumps({"content": "How do I reset my password?"}).encode()
    talks = [
        made.call("POST", "/v1/conversations", {"external_id": f"{name}-{number}"}).json["id"]
        for number in range(_CONVERSATIONS)
    ]
    requests = [
        (f"/v1/conversations/{talk}/messages", body) for _ in range(_MESSAGES // _CONVERSATIONS) for talk in talks
    ]
    load = post("127.0.0.1", int(made.url.rsplit(":", 1)[1]), requests, key=KEY, connections=8)
    assert load.statuses == {202: _MESSAGES}, load.statuses
    mine = conversation.c.external_id.like(f"{name}-%")
    customers = sa.and_(
        message.c.conversation_id.in_(sa.select(conversation.c.id).where(mine)), message.c.role == "customer"
    )
    first, last = wait_until_answered(made, customers)
    return _MESSAGES / ((last - first) / 1000)
