"""A TCP proxy between a client and a server: it passes, swallows, resets, or cuts a commit or a response in two."""

import asyncio
import contextlib
import itertools
import socket
import struct
import threading
from collections.abc import Callable, Iterator

#: What PostgreSQL's protocol sends for COMMIT: a simple query, 'Q', its length, and the text.
_COMMIT = b"Q" + struct.pack("!I", 4 + len(b"COMMIT\0")) + b"COMMIT\0"

Address = tuple[str, int] | str

#: Takes the bytes of a response so far; returns how many of them pass before the cut, or None to wait for more.
Cut = Callable[[bytes], int | None]


def nothing(received: bytes) -> int | None:
    """Pass nothing of a response, once its beginning has arrived."""
    return 0 if received else None


def first_event(received: bytes) -> int | None:
    """Pass a stream until its first event is complete."""
    begin = received.find(b"event: ")
    end = received.find(b"\n\n", begin)
    return end + 2 if begin >= 0 and end >= 0 else None


class Proxy:
    """Listens on `port` of 127.0.0.1, under `url` for HTTP.

    Args:
        target: (host, port) or the path of a Unix socket.
        cut: where the response on the first connection, the third and so on is cut; the others pass whole.
    """

    def __init__(self, target: Address, cut: Cut | None = None) -> None:
        self._target = target
        self._cut = cut
        self._numbers = itertools.count()
        self._loop = asyncio.new_event_loop()
        self._links: set[_Link] = set()
        self.swallowing = False
        self.refusing = False
        self.cut_commit: Callable[[], str | None] = lambda: None
        self.cut_after: int | None = None  # bytes that servers may yet send: then their connections are reset
        self.cuts = {"before": 0, "after": 0, "fetch": 0}
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = self._run(self._listen())
        self.port = int(self._server.sockets[0].getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"

    def swallow(self) -> None:
        """From now on nothing gets through, in either direction, and nobody is told."""
        self.swallowing = True

    def heal(self) -> None:
        """Let new connections through. Those that lost bytes stay as they are: half-open, for ever."""
        self.swallowing = self.refusing = False

    def refuse(self) -> None:
        """Reset every connection, and every new one."""
        self.refusing = True
        self.reset()

    def reset(self) -> int:
        """Reset every connection there is; return how many."""
        return self._run(self._reset())

    def is_cut(self, sent: int) -> bool:
        """Count bytes that a server sends; return whether its connection is to be cut now, which happens once."""
        if self.cut_after is None:
            return False
        self.cut_after -= sent
        if self.cut_after > 0:
            return False
        self.cut_after = None
        self.cuts["fetch"] += 1
        return True

    def close(self) -> None:
        self._run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    async def _end(self) -> None:
        self._server.close()
        await self._reset()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _run(self, work):
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._accept, "127.0.0.1", 0, backlog=512)

    async def _reset(self) -> int:
        links = list(self._links)
        for link in links:
            link.reset()
        return len(links)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.CancelledError):  # when the proxy closes; Python 3.11 logs it otherwise
            await self._forward(reader, writer)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = _Link(self, writer)
        self._links.add(link)
        try:
            if self.refusing:
                link.reset()
                return
            if self.swallowing:
                link.deaf = True
                await reader.read()  # until the client gives up
                return
            if isinstance(self._target, str):
                upstream = await asyncio.open_unix_connection(self._target)
            else:
                upstream = await asyncio.open_connection(*self._target)
            link.upstream = upstream[1]
            cut = self._cut if next(self._numbers) % 2 == 0 else None
            async with asyncio.TaskGroup() as group:
                group.create_task(link.pump(reader, upstream[1], watch=True))
                group.create_task(link.pump(upstream[0], writer) if cut is None else link.pump_until(cut, upstream[0]))
        except* (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            link.reset()
            self._links.discard(link)


class _Link:
    def __init__(self, proxy: Proxy, client: asyncio.StreamWriter) -> None:
        self._proxy = proxy
        self._client = client
        self.upstream: asyncio.StreamWriter | None = None
        self.deaf = False

    async def pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, watch: bool = False) -> None:
        while data := await reader.read(65_536):
            if self._proxy.swallowing or self.deaf:
                self.deaf = True
                continue
            if watch and _COMMIT in data:
                when = self._proxy.cut_commit()
                if when is not None:
                    self._proxy.cuts[when] += 1
                if when == "after":  # it is committed, and the client never hears of it
                    writer.write(data)
                    await writer.drain()
                    await asyncio.sleep(0.05)
                if when is not None:
                    self.reset()
                    return
            if not watch and self._proxy.is_cut(len(data)):
                self.reset()
                return
            writer.write(data)
            await writer.drain()
        if not self.deaf:
            with contextlib.suppress(OSError):
                writer.close()

    async def pump_until(self, cut: Cut, reader: asyncio.StreamReader) -> None:
        """Pass a response to the client up to its cut, and reset the connection there."""
        response = b""
        while data := await reader.read(65_536):
            passed, response = len(response), response + data
            end = cut(response)
            self._client.write(response[passed:end])
            await self._client.drain()
            if end is not None:
                await asyncio.sleep(0.2)  # a reset takes away what the client has not read yet
                break
        self.reset()

    def reset(self) -> None:
        for writer in (self._client, self.upstream):
            if writer is None or writer.transport.is_closing():
                continue
            raw = writer.get_extra_info("socket")
            if raw is not None and raw.family != socket.AF_UNIX:
                with contextlib.suppress(OSError):
                    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()


@contextlib.contextmanager
def proxy_to(target: Address, cut: Cut | None = None) -> Iterator[Proxy]:
    """Run a proxy until the end of the block."""
    proxy = Proxy(target, cut)
    try:
        yield proxy
    finally:
        proxy.close()
