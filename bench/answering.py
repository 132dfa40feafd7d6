"""Answering: throughput against the ideal, overhead with an instant model, CPU per message, memory."""

import contextlib
import json
import statistics
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import sqlalchemy as sa

from bench.load import post
from tests.support.processes import model_server, wait_for
from tests.support.stack import KEY, Stack, command, services, stack
from worker.launch.up import sample_folder
from worker.store.tables import OPEN_MESSAGE, conversation, message

_MESSAGES, _CONVERSATIONS, _CONCURRENCY, _LATENCY_S = 2_000, 500, 64, 1.0
_MIN_SHARE = 0.90
_SINGLE = 200
_MAX_OVERHEAD_MS = 40.0


def run(models: Path) -> dict[str, Any]:
    """Run both measurements against one stack."""
    with answering_stack(models, concurrency=_CONCURRENCY) as (made, model):
        overhead = _overhead(made)
        control(model, latency_s=_LATENCY_S)
        throughput = _throughput(made)
        memory = _memory(made)
    share = throughput["per_second"] / (_CONCURRENCY / _LATENCY_S)
    return {
        "overhead_p50_ms": overhead["p50_ms"],
        "overhead_most_ms": _MAX_OVERHEAD_MS,
        "overhead_p95_ms": overhead["p95_ms"],
        "share_of_ideal": share,
        "share_least": _MIN_SHARE,
        **throughput,
        "memory_mb": memory,
        "lines": [
            f"overhead: accepted to answered, instant model, empty queue: p50 {overhead['p50_ms']:.1f} ms "
            f"(at most {_MAX_OVERHEAD_MS:.0f}), p95 {overhead['p95_ms']:.1f} ms",
            f"throughput: {_MESSAGES} messages in {_CONVERSATIONS} conversations, model {_LATENCY_S:.0f} s, "
            f"{_CONCURRENCY} at once: {throughput['per_second']:.1f}/s, {share:.2f} of the ideal "
            f"(at least {_MIN_SHARE}); states {throughput['states']}",
            f"CPU per answered message: {throughput['cpu_ms']:.1f} ms (web {throughput['cpu_web_ms']:.1f}, "
            f"worker {throughput['cpu_answer_ms']:.1f})",
            "memory: " + ", ".join(f"{name} {mb:.0f} MB" for name, mb in memory.items()),
        ],
    }


@contextlib.contextmanager
def answering_stack(models: Path, *, concurrency: int) -> Iterator[tuple[Stack, str]]:
    """Run an installation with one answer worker and the stand-in for the model; yields both."""
    with (
        tempfile.TemporaryDirectory() as folder,
        model_server() as model,
        stack(
            Path(folder),
            models,
            workers=("answer",),
            sample=sample_folder(),
            OPENAI_BASE_URL=f"{model}/v1",
            ANSWERBACK_MODELS="good",
            ANSWERBACK_BURST="each",
            ANSWERBACK_DEADLINE_S="600",
            ANSWERBACK_ANSWER_CONCURRENCY=str(concurrency),
        ) as made,
    ):
        yield made, model


def _overhead(made: Stack) -> dict[str, float]:
    for _ in range(20):
        made.ask("How do I reset my password?")
    ids = [made.ask(f"How do I reset my password? ({number})")["id"] for number in range(_SINGLE)]
    with services(made.env) as built, built.store.read() as connection:
        rows = connection.execute(
            sa.select(message.c.finished_at - message.c.created_at).where(
                message.c.id.in_(ids), message.c.state == "answered"
            )
        ).scalars()
        spent = sorted(rows)
    assert len(spent) == _SINGLE, f"{len(spent)} of {_SINGLE} answered"
    return {"p50_ms": statistics.median(spent), "p95_ms": spent[int(len(spent) * 0.95)]}


def _throughput(made: Stack) -> dict[str, Any]:
    talks = [
        made.call("POST", "/v1/conversations", {"external_id": f"bench-{number}"}).json["id"]
        for number in range(_CONVERSATIONS)
    ]
    asked = json.dumps({"content": "How do I reset my password?"}).encode()
    requests = [
        (f"/v1/conversations/{talk}/messages", asked) for _ in range(_MESSAGES // _CONVERSATIONS) for talk in talks
    ]
    before = {name: _cpu_s(pid) for name, pid in made.pids.items()}
    port = int(made.url.rsplit(":", 1)[1])
    load = post("127.0.0.1", port, requests, key=KEY, connections=8)
    assert load.statuses == {202: _MESSAGES}, load.statuses
    mine = message.c.conversation_id.in_(sa.select(conversation.c.id).where(conversation.c.external_id.like("bench-%")))
    customers = sa.and_(mine, message.c.role == "customer")
    first, last = wait_until_answered(made, customers)
    after = {name: _cpu_s(pid) for name, pid in made.pids.items()}
    with services(made.env) as built:
        with built.store.read() as connection:
            states = dict(
                connection.execute(
                    sa.select(message.c.state, sa.func.count()).where(customers).group_by(message.c.state)
                ).all()
            )
    cpu = {name: (after[name] - before[name]) * 1000 / _MESSAGES for name in made.pids}
    return {
        "per_second": _MESSAGES / ((last - first) / 1000),
        "states": states,
        "cpu_ms": sum(cpu.values()),
        **{f"cpu_{name}_ms": value for name, value in cpu.items()},
    }


def wait_until_answered(made: Stack, which: sa.ColumnElement[bool]) -> tuple[int, int]:
    """Wait until none of these messages is open; return when the first was accepted and the last ended, in ms."""
    with services(made.env) as built:

        def none_left() -> bool:
            time.sleep(0.5)
            with built.store.read() as connection:
                waiting = sa.select(sa.func.count()).where(which, OPEN_MESSAGE)
                return connection.execute(waiting).scalar_one() == 0

        wait_for(none_left, timeout_s=180, what="the last answer")
        with built.store.read() as connection:
            times = sa.select(sa.func.min(message.c.created_at), sa.func.max(message.c.finished_at)).where(which)
            first, last = connection.execute(times).one()
            return first, last


def _memory(made: Stack) -> dict[str, float]:
    """Return the resident memory of every process; those that the measurements did not need are started for it."""
    with contextlib.ExitStack() as exits:
        for name, arguments in {
            "callback": ("worker", "callback"),
            "ingest": ("worker", "ingest"),
            "flower": ("flower",),
        }.items():
            made.pids[name] = exits.enter_context(command(made, *arguments)).pid
        time.sleep(6)
        found = {name: _memory_mb(pid) for name, pid in made.pids.items()}
        with services(made.env) as built:
            found["valkey"] = built.redis.info("memory")["used_memory_rss"] / 2**20
        return found


def control(model: str, **settings: Any) -> None:
    """Change how the model behaves."""
    request = urllib.request.Request(
        f"{model}/control", data=json.dumps(settings).encode(), headers={"Content-Type": "application/json"}
    )
    urllib.request.urlopen(request, timeout=5).close()


def _family(pid: int) -> list[psutil.Process]:
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


def _cpu_s(pid: int) -> float:
    return sum(times.user + times.system for times in (process.cpu_times() for process in _family(pid)))


def _memory_mb(pid: int) -> float:
    return sum(process.memory_info().rss for process in _family(pid)) / 2**20
