"""A connection to one MCP server, by the official SDK, for callers in threads.

The SDK is asynchronous, so each connection has a thread with an event loop. Its session is opened at the first use and
kept. After a failure the next use opens another one, and the old one is closed once its last call has ended: the
calls of other customers go on.
"""

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from worker.answering.tools.mcp_transports import HttpServer, StdioServer
from worker.errors import AnswerbackError

if TYPE_CHECKING:
    from mcp import Client, types

T = TypeVar("T")

#: Tools of a server, and pages of their list, that are read.
MAX_TOOLS = 128
_MAX_PAGES = 10

#: Seconds beyond the time-out after which a call is given up although the loop has not said so.
_GRACE_S = 1.0

#: Seconds that a session may take to open, over several uses, and to close.
_OPENING_TIMEOUT_S = 60.0
_CLOSING_TIMEOUT_S = 5.0


class ServerUnavailable(AnswerbackError):
    """The MCP server cannot be reached."""

    code = "mcp_server_unavailable"


class ServerTimedOut(ServerUnavailable):
    """The MCP server does not answer in time."""


class ServerRefused(AnswerbackError):
    """The MCP server refused the call."""

    code = "mcp_server_refused"


class McpConnection:
    """Lists and calls the tools of one server. Safe to share between threads."""

    def __init__(self, server: StdioServer | HttpServer, *, timeout_s: float) -> None:
        """`timeout_s` bounds each use, opening the session included."""
        self._server = server
        self._timeout_s = timeout_s
        self._guard = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._session: _Session | None = None
        self._sessions: set[_Session] = set()  # that one, and those which it replaced and which have calls in flight

    def list_tools(self) -> list["types.Tool"]:
        """Return the tools of the server, MAX_TOOLS at most; after a failure on a new session.

        Raises:
            ServerUnavailable: it does not answer in time, or not as the protocol says.
        """
        return self._run(_list_tools, may_repeat=True)

    def call_tool(
        self, name: str, arguments: Mapping[str, Any], id: str, *, may_repeat: bool
    ) -> "types.CallToolResult":
        """Call a tool; `id` is the same for every attempt, and `may_repeat` allows a second one on a new session.

        Raises:
            ServerUnavailable: as `list_tools`; whether the call took effect is not known.
            ServerRefused: the server answered with an error of the protocol, such as an unknown tool.
        """

        async def call(client: "Client") -> "types.CallToolResult":
            meta: Any = {"idempotencyKey": id}
            return await client.call_tool(name, dict(arguments), meta=meta)

        return self._run(call, may_repeat=may_repeat)

    def close(self) -> None:
        """End the session, and the program of a server over stdio."""
        with self._guard:
            loop, self._loop = self._loop, None
        if loop is not None:
            with contextlib.suppress(Exception):
                asyncio.run_coroutine_threadsafe(self._end(), loop).result(_CLOSING_TIMEOUT_S)
            loop.call_soon_threadsafe(loop.stop)

    def _run(self, use: Callable[["Client"], Awaitable[T]], *, may_repeat: bool) -> T:
        waiting = asyncio.run_coroutine_threadsafe(self._use(use), self._running_loop())
        try:
            return waiting.result(self._timeout_s + _GRACE_S)
        except (ServerTimedOut, ServerRefused):
            raise
        except TimeoutError as error:
            waiting.cancel()
            raise ServerTimedOut from error
        except Exception as error:
            if may_repeat:
                return self._run(use, may_repeat=False)
            raise ServerUnavailable(_reason(error)) from error

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        with self._guard:
            if self._loop is None:
                self._loop, self._session, self._sessions = asyncio.new_event_loop(), None, set()
                threading.Thread(target=self._loop.run_forever, name="mcp", daemon=True).start()
            return self._loop

    async def _use(self, use: Callable[["Client"], Awaitable[T]]) -> T:
        from mcp.shared.exceptions import MCPError

        session = self._session or self._open()
        session.uses += 1
        try:
            async with asyncio.timeout(self._timeout_s):
                # A program that starts slowly goes on doing so, and the next use finds it started.
                client = await asyncio.shield(session.opened)
                return await use(client)
        except TimeoutError as error:
            if session.opened.done():
                self._replace(session)
            raise ServerTimedOut from error
        except MCPError as error:
            if error.code not in _codes_without_answer():
                raise ServerRefused(str(error)) from error
            self._replace(session)
            raise
        except BaseException:
            self._replace(session)
            raise
        finally:
            session.uses -= 1
            if session.uses == 0 and session is not self._session:
                session.ended.set()

    def _open(self) -> "_Session":
        session = _Session(opened=asyncio.get_running_loop().create_future(), ended=asyncio.Event())
        session.holder = asyncio.create_task(self._hold(session))
        self._sessions.add(session)
        session.holder.add_done_callback(lambda _holder: self._sessions.discard(session))
        self._session = session
        return session

    async def _hold(self, session: "_Session") -> None:
        """Keep a session open; the SDK wants it to be closed by the task that opened it."""
        from mcp import Client

        connected: AbstractAsyncContextManager[Any] = self._server.connected()
        try:
            async with asyncio.timeout(_OPENING_TIMEOUT_S) as opening:
                async with Client(connected, read_timeout_seconds=_OPENING_TIMEOUT_S, cache=None) as client:
                    opening.reschedule(None)
                    session.opened.set_result(client)
                    await session.ended.wait()
        except Exception as error:  # noqa: BLE001 - whoever waits gets it; afterwards there is nobody
            self._replace(session)
            if not session.opened.done():
                session.opened.set_exception(ServerUnavailable(_reason(error)))
                session.opened.exception()  # nobody may wait for it any more

    async def _end(self) -> None:
        """End all sessions, and with them the calls in flight."""
        sessions = list(self._sessions)
        for session in sessions:
            session.ended.set()
        self._session = None
        await asyncio.gather(*(session.holder for session in sessions if session.holder is not None))

    def _replace(self, session: "_Session") -> None:
        """Let new uses open another session."""
        if self._session is session:
            self._session = None


@dataclass(kw_only=True, eq=False)
class _Session:
    """A session: `opened` has its client, setting `ended` closes it, `holder` is the task that does, `uses` counts."""

    opened: "asyncio.Future[Client]"
    uses: int = 0
    ended: asyncio.Event
    holder: "asyncio.Task[None] | None" = None


async def _list_tools(client: "Client") -> list["types.Tool"]:
    found: list[types.Tool] = []
    cursor = None
    for _ in range(_MAX_PAGES):
        page = await client.list_tools(cursor=cursor, cache_mode="bypass")
        found += page.tools
        cursor = page.next_cursor
        if cursor is None or len(found) >= MAX_TOOLS:
            break
    return found[:MAX_TOOLS]


def _codes_without_answer() -> tuple[int, ...]:
    """Return the codes that the SDK gives to a call when the server's answer does not come, or cannot be read."""
    from mcp_types import CONNECTION_CLOSED, PARSE_ERROR, REQUEST_TIMEOUT

    return CONNECTION_CLOSED, PARSE_ERROR, REQUEST_TIMEOUT


def _reason(error: BaseException) -> str:
    """Return the innermost reason of a failure in words, for the operator."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return (str(error) or type(error).__name__)[:300]
