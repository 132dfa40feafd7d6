"""A thousand open streams on one web process: how late an event is at its client, and what a stream costs."""

import asyncio
import multiprocessing
import os
import statistics
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import psutil

from tests.support.fakes import accept, answer
from tests.support.stack import KEY, Stack, services, stack
from worker.conversations.outcomes import Piece

STREAMS = int(os.environ.get("BENCH_STREAMS", "1000"))
_PER_SECOND = 100.0
_MAX_MS = 250.0


def run(models: Path) -> dict[str, Any]:
    """Open the streams, tell each a piece of an answer, then its outcome, at a steady rate."""
    with (
        tempfile.TemporaryDirectory() as folder,
        stack(
            Path(folder),
            models,
            workers=(),
            ANSWERBACK_WEB_WORKERS="1",
            ANSWERBACK_DEADLINE_S="3600",
        ) as made,
        services(made.env) as built,
    ):
        workspace_id = built.keys.workspace()
        messages = [accept(built.store, workspace_id, deadline_s=3_600) for _ in range(STREAMS)]
        claims = {message["id"]: built.mailbox.claim(message["conversation_id"]) for message in messages}
        before_mb = _memory_mb(made)
        ours, theirs = multiprocessing.Pipe()
        client = multiprocessing.get_context("spawn").Process(
            target=_client, args=(made.url, [message["id"] for message in messages], theirs)
        )
        client.start()
        assert ours.recv() == "open", "not every stream was opened"
        each_kb = (_memory_mb(made) - before_mb) * 1_024 / STREAMS
        said, ended = {}, {}
        for id, claim in _paced(claims):
            said[id] = time.time()
            built.deltas.add(
                claim.conversation_id, [id], take=claim.token, piece=Piece(offset=0, text="Use the link that says so. ")
            )
        for id, claim in _paced(claims):
            built.mailbox.finish(claim, answer("Use the link that says so."))
            ended[id] = time.time()
            built.wakeups.send(claim.conversation_id)
        got: dict[str, dict[str, float]] = ours.recv()
        client.join()
        peak_mb = _memory_mb(made)
    memory = f"{each_kb:.0f} kB a stream; the web process {before_mb:.0f} MB before, {peak_mb:.0f} MB after all"
    deltas = sorted((got[id]["delta"] - at) * 1_000 for id, at in said.items())
    outcomes = sorted((got[id]["answered"] - at) * 1_000 for id, at in ended.items())
    return {**_results(deltas, outcomes, memory), "kb_each": each_kb}


def _results(deltas: list[float], outcomes: list[float], memory: str) -> dict[str, Any]:
    """Return the results for the delays of pieces and outcomes, sorted, in milliseconds."""
    p99 = max(deltas[int(len(deltas) * 0.99)], outcomes[int(len(outcomes) * 0.99)])
    return {
        "streams": STREAMS,
        "delta_p50_ms": statistics.median(deltas),
        "outcome_p50_ms": statistics.median(outcomes),
        "p99_ms": p99,
        "most_ms": _MAX_MS,
        "lines": [
            f"{STREAMS:,} streams on one web process, {_PER_SECOND:.0f} events/s: piece at its client p50 "
            f"{statistics.median(deltas):.1f} ms, outcome p50 {statistics.median(outcomes):.1f} ms; p99 of both "
            f"{p99:.1f} ms (at most {_MAX_MS:.0f})",
            f"memory: {memory}",
        ],
    }


def _paced(claims: dict[str, Any]) -> Any:
    began = time.monotonic()
    for number, item in enumerate(claims.items()):
        time.sleep(max(0.0, began + number / _PER_SECOND - time.monotonic()))
        yield item


def _memory_mb(made: Stack) -> float:
    process = psutil.Process(made.pids["web"])
    return sum(part.memory_info().rss for part in (process, *process.children(recursive=True))) / 2**20


def _client(url: str, ids: list[str], told: Connection) -> None:
    told.send(asyncio.run(_read_all(url, ids, told)))


async def _read_all(url: str, ids: list[str], told: Connection) -> dict[str, dict[str, float]]:
    """Read all streams to their ends; return when each event of each message came."""
    host, _, port = url.removeprefix("http://").partition(":")
    got: dict[str, dict[str, float]] = {id: {} for id in ids}
    gate = asyncio.Semaphore(20)  # opened as clients come, not all in one blow

    async def read(id: str) -> None:
        async with gate:
            reader, writer = await asyncio.open_connection(host, int(port))
            request = f"GET /v1/messages/{id}/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n\r\n"
            writer.write(request.encode())
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200"), head
            while (await reader.readline()) != b"event: running\n":
                pass
        opened.release()
        async for line in reader:
            if line.startswith(b"event: "):
                got[id][line[7:-1].decode()] = time.time()
        writer.close()

    opened = asyncio.Semaphore(0)
    tasks = [asyncio.create_task(read(id)) for id in ids]
    for _ in ids:
        await asyncio.wait_for(opened.acquire(), 60)
    told.send("open")
    await asyncio.wait_for(asyncio.gather(*tasks), 120)
    return got
