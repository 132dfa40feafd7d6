"""What the fakes of helpdesks share: tickets, trouble and a server over real HTTP."""

import http.server
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from worker.helpdesks.protocol import Account

SECRET = "hook-secret-0123456789"
TOKEN = "api-token"
BOT, AGENT, CUSTOMER = 900, 700, 500


def account(url: str = "https://desk.example", **options: object) -> Account:
    """Return the account of a helpdesk that has these options."""
    return Account(id="hd_1", url=url, token=TOKEN, webhook_secret=SECRET, options=options)


@dataclass
class Entry:
    """What stands in a ticket."""

    id: int
    author: int
    text: str
    public: bool = True
    automatic: bool = False


@dataclass
class Ticket:
    """A ticket."""

    id: int
    entries: list[Entry] = field(default_factory=list)
    status: str = "new"
    tags: list[str] = field(default_factory=list)
    assignee: int | None = None
    group: Any = None
    version: int = 1


class Refused(Exception):
    """An answer other than 200."""

    def __init__(self, status: int, body: Any = None, **headers: str):
        super().__init__(status)
        self.status, self.body, self.headers = status, body or {"error": status}, headers


class FakeDesk(http.server.ThreadingHTTPServer):
    """A helpdesk. `trouble` is a list of what happens to the next writes: see `_write`."""

    daemon_threads = True
    kind = ""
    routes: tuple[tuple[str, str, str], ...] = ()
    prefix = ""
    echoes = False  # of its own posts only the webhooks tell
    resume_tag = "bot"

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.tickets: dict[int, Ticket] = {}
        self.trouble: list[str] = []
        self.before_answer = lambda: None
        self.before_change: Callable[[str], None] = lambda _path: None  # of every call that changes something
        self.calls: list[str] = []
        self.faults: list[str] = []  # how calls and answers differ from what the maker describes
        self._ids = 1000
        self.guard = threading.RLock()
        self.call = threading.local()  # `query` of the call that a thread answers, and `headers` of its answer
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def handle_error(self, request, client_address):
        pass

    # -- what people do in it ----------------------------------------------------------------------------------------

    def options(self) -> dict[str, str]:
        return {"bot_id": str(BOT)}

    def customer_writes(self, ticket: int, text: str) -> Entry:
        return self._add(ticket, CUSTOMER, text)

    def agent_writes(self, ticket: int, text: str, *, public: bool = True) -> Entry:
        entry = self._add(ticket, AGENT, text, public=public)
        self.tickets[ticket].version += 1
        return entry

    def _add(self, ticket: int, author: int, text: str, *, public: bool = True) -> Entry:
        with self.guard:
            self._ids += 1
            entry = Entry(self._ids, author, text, public)
            self.tickets.setdefault(ticket, Ticket(ticket)).entries.append(entry)
            return entry

    def bots(self, ticket: int, *, public: bool) -> list[str]:
        """What the bot wrote into a ticket."""
        return [one.text for one in self.tickets[ticket].entries if one.author == BOT and one.public == public]

    # -- its webhooks ------------------------------------------------------------------------------------------------

    def told(self, ticket: int, what: str, entry: Entry | None = None, **more: Any) -> dict[str, Any]:
        """Return the payload of a webhook: `written`, `closed`, `assigned`, `tagged`."""
        raise NotImplementedError

    def signed(self, body: bytes, *, at: float) -> dict[str, str]:
        raise NotImplementedError

    def webhook(self, *args: Any, at: float | None = None, **more: Any) -> tuple[bytes, dict[str, str]]:
        body = json.dumps(self.told(*args, **more), ensure_ascii=False).encode()
        headers = self.signed(body, at=time.time() if at is None else at)
        return body, {"Content-Type": "application/json", **headers}

    # -- its API -----------------------------------------------------------------------------------------------------

    def authorized(self, headers: Any) -> bool:
        raise NotImplementedError

    def permitted(self, name: str) -> bool:
        """Whether the token may make a call, by the name of its handler."""
        return True

    def limit_headers(self) -> dict[str, str]:
        """What an answer with 429 says of when to try again: in half a minute."""
        return {"Retry-After": "30"}

    def handle_call(self, method: str, path: str, headers: Any, body: Any) -> Any:
        self.calls.append(f"{method} {path}")
        self.call.headers = {}
        self.call.query = {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}
        if not self.authorized(headers):
            raise Refused(401)
        if method != "GET":
            self.before_change(path)
        for verb, pattern, name in self.routes:
            match = re.fullmatch(self.prefix + pattern, path.partition("?")[0])
            if verb == method and match:
                if not self.permitted(name):
                    raise Refused(401, {"error": "Access to this endpoint is not authorized for bots"})
                ids = [int(one) for one in match.groups()]
                if ids and ids[0] not in self.tickets:
                    raise Refused(404)
                return getattr(self, name)(*ids, body) if method != "GET" else getattr(self, name)(*ids)
        raise Refused(404)

    def write(self, ticket: int, text: str, *, public: bool) -> Entry:
        """Write as the bot; `trouble`: limit (429), fail (500, nothing done), lost (done, and no answer), slow."""
        trouble = self.trouble.pop(0) if self.trouble else ""
        if trouble == "limit":
            raise Refused(429, **self.limit_headers())
        if trouble == "fail":
            raise Refused(500)
        entry = self._add(ticket, BOT, text, public=public)
        self.tickets[ticket].version += 1
        self.before_answer()
        if trouble == "lost":
            raise ConnectionResetError
        return entry


def need(body: Any, *names: str) -> None:
    """Refuse a body without these, as the real ones do."""
    missing = [name for name in names if not isinstance(body, dict) or body.get(name) in (None, "")]
    if missing:
        raise Refused(422, {"missing": missing})


class _Handler(http.server.BaseHTTPRequestHandler):
    server: FakeDesk
    protocol_version = "HTTP/1.1"

    def _any(self):
        length = int(self.headers.get("content-length") or 0)
        data = self.rfile.read(length)
        more = {}
        try:
            body = json.loads(data) if data else None
            status, answer = 200, self.server.handle_call(self.command, self.path, self.headers, body)
            more = getattr(self.server.call, "headers", {})
        except Refused as refused:
            status, answer, more = refused.status, refused.body, refused.headers
        except ConnectionResetError:
            self.close_connection = True
            self.connection.close()
            return
        out = json.dumps(answer).encode()
        self.send_response(status)
        for name, value in {"content-length": str(len(out)), "content-type": "application/json", **more}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(out)

    do_GET = do_POST = do_PUT = do_PATCH = _any

    def log_message(self, *_arguments):
        pass


class CannedDesk(FakeDesk):
    """A helpdesk whose answers the test writes, by method and path; an iterator gives one for each call.

    It refuses other calls with a 404, and keeps the last body of each.
    """

    def __init__(self) -> None:
        super().__init__()
        self.answers: dict[str, Any] = {}
        self.bodies: dict[str, Any] = {}

    def handle_call(self, method: str, path: str, headers: Any, body: Any) -> Any:
        call = f"{method} {path}"
        self.calls.append(call)
        self.bodies[call] = body
        answer = self.answers.get(call, Refused(404))
        answer = next(answer) if isinstance(answer, Iterator) else answer
        if isinstance(answer, Refused):
            raise answer
        return answer
