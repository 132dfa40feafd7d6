"""What an answer takes beyond the model's own time, with a large knowledge base.

A turn: claim, search, check, finish. And the first of it that a client reads, of an answer that is streamed: a sentence
is said when it is supported, so it is compared with when the model has written that sentence.
"""

import contextlib
import json
import statistics
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bench.answering import control
from bench.publishing import PASSAGES, fill
from tests.support.fakes import accept
from tests.support.processes import ROOT, answers, free_port, model_server, valkey, wait_for
from tests.support.stack import Stack, command, environment, is_ready, prepare, services
from worker.knowledge.ingest import documents_in, ingest
from worker.launch.up import sample_folder
from worker.services.worker import Worker, build_worker
from worker.settings import Settings
from worker.store.engine import Store
from worker.store.tables import message

_MODEL_S = 0.2
_MAX_MS = 30.0
_MAX_CHECK_MS = 15.0
_MAX_FIRST_MS = 40.0
_STREAMED = 60
_TOKENS_PER_S = 100.0
_SENTENCE = "You can choose a new password yourself at any time [1]."


def run(models: Path) -> dict[str, Any]:
    """Answer the questions of `tests/data/desk` one at a time, from the sample articles among 100,000 passages."""
    with tempfile.TemporaryDirectory() as folder, valkey() as redis, model_server(latency_s=_MODEL_S) as url:
        port = str(free_port())
        env = environment(
            Path(folder), redis, models, OPENAI_BASE_URL=f"{url}/v1", ANSWERBACK_MODELS="good", ANSWERBACK_PORT=port
        )
        prepare(env)
        workspace_id = _publish_sample(env)
        with _answer_worker(env) as worker:
            beyond, checks, searches = _turns(worker, workspace_id)
        made = Stack(env=env, home=Path(folder), url=f"http://127.0.0.1:{port}")
        with command(made, "worker", "answer"), command(made, "web"):
            wait_for(lambda: answers(f"{made.url}/healthz"), what="the web server")
            wait_for(lambda: is_ready(made.url), what="readiness")
            firsts, models_own = _first(made, url)
    first_ms = statistics.median(firsts) - statistics.median(models_own)
    return {
        "passages": PASSAGES,
        "turns": len(beyond),
        "beyond_p50_ms": statistics.median(beyond),
        "check_p50_ms": statistics.median(checks),
        "check_most_ms": max(checks),
        "first_beyond_ms": first_ms,
        "most_first_ms": _MAX_FIRST_MS,
        "most_ms": _MAX_MS,
        "most_check_ms": _MAX_CHECK_MS,
        "lines": [
            f"{PASSAGES:,} passages, {len(beyond)} turns: p50 beyond the model's {_MODEL_S * 1000:.0f} ms "
            f"{statistics.median(beyond):.1f} ms (at most {_MAX_MS:.0f}); search p50 "
            f"{statistics.median(searches):.1f} ms; check p50 {statistics.median(checks):.1f} ms, longest "
            f"{max(checks):.1f} ms (at most {_MAX_CHECK_MS:.0f})",
            f"streamed, {_STREAMED} answers at {_TOKENS_PER_S:.0f} tokens/s: first sentence at the client p50 "
            f"{statistics.median(firsts):.0f} ms after the ticket was sent, at the model "
            f"{statistics.median(models_own):.0f} ms: {first_ms:.1f} ms more (at most {_MAX_FIRST_MS:.0f})",
        ],
    }


def _publish_sample(env: Mapping[str, str]) -> str:
    """Publish the sample articles among many others; return the workspace."""
    with services(env) as built:
        workspace_id = built.keys.workspace()
        fill(built, workspace_id)
        ingest(
            documents_in([str(sample_folder())], built.importer),
            workspace_id=workspace_id,
            library=built.library,
            indexer=built.indexer,
            store=built.store,
            progress=lambda _done, _total: None,
        )
    return workspace_id


def _turns(worker: Worker, workspace_id: str) -> tuple[list[float], list[float], list[float]]:
    """Take turns; return for each what it took beyond the model's time, its check and its search, in ms."""
    assert worker.answering is not None
    store = worker.common.store
    rows = (ROOT / "tests" / "data" / "desk" / "queries.jsonl").read_text().splitlines()
    questions = [query["text"] for query in map(json.loads, rows) if query["answerable"]]
    beyond, checks, searches = [], [], []
    for round_ in range(3):
        for question in questions:
            made = accept(store, workspace_id, f"{question} {' ' * round_}({round_})")
            began = time.perf_counter()
            worker.answering.drainer.drain(made["conversation_id"])
            spent = (time.perf_counter() - began) * 1000
            timings = _timings(store, made["id"])
            if round_ and "check_ms" in timings:
                beyond.append(spent - _MODEL_S * 1000)
                checks.append(timings["check_ms"])
                searches.append(timings["search_ms"])
    return beyond, checks, searches


def _first(made: Stack, model: str) -> tuple[list[float], list[float]]:
    """Return when the first sentence was there, in ms after it was asked for: at a client, and at one of the model."""
    text = " ".join([_SENTENCE] * 3)
    control(model, mode="say", text=text, tokens_per_s=_TOKENS_PER_S)
    firsts, own = [], []
    for number in range(_STREAMED + 5):
        began = time.perf_counter()
        accepted = made.call("POST", "/v1/tickets", {"body": f"How do I reset my password? ({number})"}).json
        for one in made.stream(accepted["links"]["events"]):
            if one["type"] == "delta":
                firsts.append((time.perf_counter() - began) * 1000)
                break
        own.append(_model_alone(model, text))
    return firsts[5:], own[5:]


def _model_alone(model: str, text: str) -> float:
    """Return when a client of the model itself has the first sentence and the beginning of the next, in ms."""
    body = {"model": "good", "stream": True, "messages": [{"role": "user", "content": "?"}]}
    request = urllib.request.Request(
        f"{model}/v1/chat/completions",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    began, said = time.perf_counter(), ""
    with urllib.request.urlopen(request, timeout=30) as response:
        for line in response:
            if line.startswith(b"data: {"):
                said += json.loads(line[6:])["choices"][0]["delta"].get("content", "")
            if len(said) > len(_SENTENCE) + 1:
                break
    assert text.startswith(said), said
    return (time.perf_counter() - began) * 1000


@contextlib.contextmanager
def _answer_worker(env: Mapping[str, str]) -> Iterator[Worker]:
    worker = build_worker(Settings.from_env(env), roles=("answer",))
    try:
        yield worker
    finally:
        worker.common.close()


def _timings(store: Store, message_id: str) -> dict[str, float]:
    with store.read() as connection:
        return connection.execute(sa.select(message.c.timings).where(message.c.id == message_id)).scalar() or {}
