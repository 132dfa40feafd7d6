"""What one turn takes beyond the model's own time, with a large knowledge base: claim, search, check, finish."""

import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bench.publishing import PASSAGES, fill
from tests.support.fakes import accept
from tests.support.processes import ROOT, model_server, valkey
from tests.support.stack import environment, prepare, services
from worker.knowledge.ingest import documents_in, ingest
from worker.store.tables import message
from worker.up import sample_folder

_MODEL_S = 0.2
_MOST_MS = 30.0
_MOST_CHECK_MS = 15.0


def run(models: Path) -> dict[str, Any]:
    """Answer the questions of `tests/data/desk` one at a time, from the sample articles among 100,000 passages."""
    with tempfile.TemporaryDirectory() as folder, valkey() as redis, model_server(latency_s=_MODEL_S) as url:
        env = environment(Path(folder), redis, models, OPENAI_BASE_URL=f"{url}/v1", ANSWERBACK_MODELS="good")
        prepare(env)
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
            rows = (ROOT / "tests" / "data" / "desk" / "queries.jsonl").read_text().splitlines()
            asked = [one["text"] for one in map(json.loads, rows) if one["answerable"]]
            built.drainer  # noqa: B018 - built before the first turn
            beyond, checks, searches = [], [], []
            for round_ in range(3):
                for question in asked:
                    made = accept(built.store, workspace_id, f"{question} {' ' * round_}({round_})")
                    began = time.perf_counter()
                    built.drainer.drain(made["conversation_id"])
                    spent = (time.perf_counter() - began) * 1000
                    timings = _timings(built, made["id"])
                    if round_ and "check_ms" in timings:
                        beyond.append(spent - _MODEL_S * 1000)
                        checks.append(timings["check_ms"])
                        searches.append(timings["search_ms"])
    return {
        "passages": PASSAGES,
        "turns": len(beyond),
        "beyond_p50_ms": statistics.median(beyond),
        "check_p50_ms": statistics.median(checks),
        "check_most_ms": max(checks),
        "most_ms": _MOST_MS,
        "most_check_ms": _MOST_CHECK_MS,
        "lines": [
            f"{PASSAGES:,} passages, {len(beyond)} turns: p50 beyond the model's {_MODEL_S * 1000:.0f} ms "
            f"{statistics.median(beyond):.1f} ms (at most {_MOST_MS:.0f}); search p50 "
            f"{statistics.median(searches):.1f} ms; check p50 {statistics.median(checks):.1f} ms, longest "
            f"{max(checks):.1f} ms (at most {_MOST_CHECK_MS:.0f})"
        ],
    }


def _timings(built: Any, message_id: str) -> dict[str, float]:
    with built.store.read() as connection:
        return connection.execute(sa.select(message.c.timings).where(message.c.id == message_id)).scalar() or {}
