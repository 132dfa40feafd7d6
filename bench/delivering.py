"""Callbacks to many endpoints of which some are sick: what the healthy ones notice of it, and how fast one is."""

import asyncio
import json
import multiprocessing
import os
import socket
import ssl
import statistics
import tempfile
import threading
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import httpx
import psutil

from tests.support.fakes import LOOPBACK
from worker.access.keys import Keys
from worker.deliveries import outbox, signing
from worker.deliveries.dispatcher import Dispatcher
from worker.deliveries.endpoints import Endpoints
from worker.deliveries.sender import Sender
from worker.deliveries.webhooks import Webhooks
from worker.store import migrate
from worker.store.engine import Store, open_store

COUNT = int(os.environ.get("BENCH_DELIVERIES", "6000"))
HEALTHY, SLOW, DEAD = 10, 5, 5
_RATE = 120.0  # deliveries promised in a second, over all endpoints
_SLOW_S = 3.0
_MAX_RATIO = 1.5


def run(_models: Path) -> dict[str, Any]:
    """Promise callbacks at a steady rate to the healthy endpoints alone, then to all; then as fast as it goes."""
    with _Receivers() as receivers:
        alone = _steady(receivers, sick=False)
        among = _steady(receivers, sick=True)
        ratio = among["p99_ms"] / alone["p99_ms"]
        rate = _flat_out(receivers) / _bare_rate(receivers)
    return {
        "deliveries": COUNT,
        "alone": alone,
        "among": among,
        "p99_ratio": ratio,
        "rate_ratio": rate,
        "lines": [
            f"{COUNT:,} deliveries at {_RATE:.0f}/s to {HEALTHY + SLOW + DEAD} endpoints, {DEAD} dead, {SLOW} slow: "
            f"the healthy ones' p50 {among['p50_ms']:.0f} ms, p99 {among['p99_ms']:.0f} ms",
            f"alone {alone['p50_ms']:.0f} and {alone['p99_ms']:.0f}: p99 {ratio:.2f} of it (at most {_MAX_RATIO})",
            f"memory after a tenth {among['early_mb']:.0f} MB, at the end {among['late_mb']:.0f} MB",
            f"flat out {rate:.2f} of a bare loop of signed posts",
        ],
    }


def _steady(receivers: "_Receivers", *, sick: bool) -> dict[str, float]:
    with _installation() as made:
        healthy = [made.endpoint(f"{receivers.url}/healthy/{n}") for n in range(HEALTHY)]
        ill = [made.endpoint(f"{receivers.url}/slow/{n}") for n in range(SLOW)]
        ill += [made.endpoint(f"{receivers.url}/hang/{n}") for n in range(DEAD - 2)]
        ill += [made.endpoint(f"http://127.0.0.1:{_closed_port()}/refused/{n}") for n in range(2)]
        everybody = [*healthy, *ill]
        receivers.forget()
        began, memory, promised = time.perf_counter(), [], 0
        process = psutil.Process()
        for number in range(COUNT):
            time.sleep(max(0.0, began + number / _RATE - time.perf_counter()))
            to = everybody[number % len(everybody)]
            if sick or to in healthy:
                made.enqueue_deliveries(to, 1)
                promised += to in healthy
            if number % (COUNT // 20) == 0:
                memory.append(process.memory_info().rss / 1e6)
        waits = receivers.waits(promised)
    return {
        "p50_ms": statistics.median(waits) * 1_000,
        "p99_ms": statistics.quantiles(waits, n=100)[98] * 1_000,
        "early_mb": memory[2],
        "late_mb": memory[-1],
    }


def _flat_out(receivers: "_Receivers") -> float:
    """Return deliveries a second when all are due at once."""
    with _installation(start=False) as made:
        to = [made.endpoint(f"{receivers.url}/healthy/{n}") for n in range(4)]
        for one in to:
            made.enqueue_deliveries(one, COUNT // 8)
        receivers.forget()
        began = time.perf_counter()
        made.start()
        receivers.waits(COUNT // 8 * 4)
        return COUNT // 8 * 4 / (time.perf_counter() - began)


def _bare_rate(receivers: "_Receivers") -> float:
    """Return posts a second of a loop that signs and posts, over one kept connection."""
    secret, count = signing.new_secret(), COUNT // 4
    body = outbox.webhook_body("message.answered", {"at": time.time()}, at=0).encode()
    with httpx.Client(trust_env=False, verify=ssl.create_default_context()) as client:
        began = time.perf_counter()
        for number in range(count):
            headers = signing.headers([secret], id=f"whd_{number}", timestamp=int(time.time()), body=body)
            client.post(f"{receivers.url}/healthy/0", content=body, headers=headers).raise_for_status()
        return count / (time.perf_counter() - began)


class _Installation:
    def __init__(self, store: Store) -> None:
        self.store = store
        self.workspace_id = Keys(store).workspace()
        self.endpoints = Endpoints(store, LOOPBACK)
        self.dispatcher = Dispatcher(Sender(store), lambda: Webhooks(LOOPBACK))
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._sweep, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        if self._thread.ident is not None:
            self._thread.join()
        self.dispatcher.stop(timeout_s=1)

    def endpoint(self, url: str) -> tuple[str, str]:
        return self.endpoints.make(self.workspace_id, {"url": url})["id"], url

    def enqueue_deliveries(self, to: tuple[str, str], count: int) -> None:
        def work(tx: Any) -> None:
            now = self.store.now(tx)
            for _ in range(count):
                data = {"at": time.time()}
                outbox.enqueue_deliveries(tx, self.workspace_id, "message.answered", data, now=now, to=[to])

        self.store.submit(work)
        if self._thread.ident is not None:
            self.dispatcher.start([to[0]])  # as a hint does

    def _sweep(self) -> None:
        while not self._stopped.wait(0.5):
            self.dispatcher.sweep()


class _installation:  # noqa: N801 - used as a function
    def __init__(self, *, start: bool = True) -> None:
        self._start = start

    def __enter__(self) -> _Installation:
        self._folder = tempfile.TemporaryDirectory()
        self._store = open_store(f"sqlite:///{self._folder.name}/answerback.db")
        migrate.upgrade(self._store)
        self._made = _Installation(self._store)
        if self._start:
            self._made.start()
        return self._made

    def __exit__(self, *_error: object) -> None:
        self._made.stop()  # attempts at those that hang are left behind, without a database
        self._store.close()
        self._folder.cleanup()


class _Receivers:
    """Receivers in a process of their own: they note when something came, or are slow, or never answer."""

    def __enter__(self) -> "_Receivers":
        self._pipe, theirs = multiprocessing.Pipe()
        self._process = multiprocessing.get_context("spawn").Process(target=_receive, args=(theirs,), daemon=True)
        self._process.start()
        self.url = f"http://127.0.0.1:{self._pipe.recv()}"
        return self

    def __exit__(self, *_error: object) -> None:
        self._process.terminate()
        self._process.join()

    def forget(self) -> None:
        self._pipe.send("forget")
        self._pipe.recv()

    def waits(self, count: int) -> list[float]:
        """Return how long each of `count` deliveries took from promised to received, in seconds."""
        ends = time.monotonic() + 120
        while time.monotonic() < ends:
            self._pipe.send("count")
            if self._pipe.recv() >= count:
                break
            time.sleep(0.02)
        self._pipe.send("waits")
        found: list[float] = self._pipe.recv()
        if len(found) < count:
            raise TimeoutError(f"{len(found)} of {count} deliveries came")
        return found


def _receive(pipe: Connection) -> None:
    waits: list[float] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
                length = int(head.partition("content-length:")[2].split()[0])
                body = await reader.readexactly(length)
                kind = head.split("/")[1]
                if kind == "slow":
                    await asyncio.sleep(_SLOW_S)
                elif kind == "hang":
                    await asyncio.sleep(60)
                else:
                    waits.append(time.time() - json.loads(body)["data"]["at"])
                writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            writer.close()

    async def main() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        pipe.send(server.sockets[0].getsockname()[1])
        while True:
            if not pipe.poll():
                await asyncio.sleep(0.005)
                continue
            asked = pipe.recv()
            if asked == "forget":
                waits.clear()
            pipe.send({"forget": None, "count": len(waits), "waits": list(waits)}[asked])

    asyncio.run(main())


def _closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
