"""A lean HTTP client, so that what is measured is the server: raw keep-alive connections on asyncio."""

import asyncio
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass

_REQUESTS_PER_CONNECTION = 25


@dataclass(frozen=True)
class Load:
    per_second: float
    p50_ms: float
    p99_ms: float
    statuses: dict[int, int]


def post(host: str, port: int, requests: list[tuple[str, bytes]], *, key: str, connections: int) -> Load:
    """Send (path, body) requests over `connections` connections and return the rate and latencies."""
    return asyncio.run(_run(host, port, iter(requests), key, connections))


async def _run(host: str, port: int, requests: Iterator[tuple[str, bytes]], key: str, connections: int) -> Load:
    spent: list[float] = []
    statuses: dict[int, int] = {}

    async def work() -> None:
        reader, writer = await asyncio.open_connection(host, port)
        for number, (path, body) in enumerate(requests, 1):
            if number % _REQUESTS_PER_CONNECTION == 0:  # else one server process may happen to hold them all
                writer.close()
                reader, writer = await asyncio.open_connection(host, port)
            head = (
                f"POST {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            )
            began = time.perf_counter()
            writer.write(head.encode() + body)
            answer = await reader.readuntil(b"\r\n\r\n")
            lower = answer.lower()
            length = int(lower.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
            await reader.readexactly(length)
            spent.append(time.perf_counter() - began)
            status = int(answer[9:12])
            statuses[status] = statuses.get(status, 0) + 1
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(connections)))
    total = time.perf_counter() - began
    ordered = sorted(spent)
    return Load(
        per_second=len(spent) / total,
        p50_ms=statistics.median(ordered) * 1000,
        p99_ms=ordered[int(len(ordered) * 0.99) - 1] * 1000,
        statuses=statuses,
    )
