"""A help centre on the web whose pages change, and what a look at it finds."""

import hashlib
import http.server
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from worker.addresses import Guard
from worker.settings.parsers import networks
from worker.sources.kinds import Connectors
from worker.sources.runner import SourceRunner
from worker.sources.sources import Sources
from worker.states import RunState
from worker.store.tables import document, source_item, source_run

_NS = "http://www.sitemaps.org/schemas/sitemap/0.9"


@dataclass
class Answer:
    """What the site says at a path."""

    body: str = ""
    status: int = 200
    kind: str = "text/html"
    headers: dict[str, str] = field(default_factory=dict)
    has_etag: bool = True


class HelpCentre(http.server.ThreadingHTTPServer):
    """Pages by path, which a test changes. `asked` has each path that was asked for, `sent` those whose body was."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.pages: dict[str, Answer] = {}
        self.asked: list[str] = []
        self.sent: list[str] = []
        self.listed: list[str] = []
        self.connections = 0
        self.url = f"http://127.0.0.1:{self.server_port}"

    def process_request(self, *arguments: Any) -> None:
        self.connections += 1
        super().process_request(*arguments)

    def write(self, path: str, text: str, **options: Any) -> None:
        """Publish a page, which the sitemap names."""
        title = path.strip("/").capitalize()
        self.pages[path] = Answer(f"<title>{title}</title><p>{text}</p>", **options)
        if path not in self.listed:
            self.listed.append(path)

    def drop(self, path: str) -> None:
        """Take a page away, and its line in the sitemap."""
        del self.pages[path]
        self.listed.remove(path)

    def answer(self, path: str) -> Answer:
        """Return what is at a path."""
        if path == "/sitemap.xml" and path not in self.pages:
            lines = "".join(f"<url><loc>{self.url}{each}</loc></url>" for each in self.listed)
            return Answer(f"<urlset xmlns='{_NS}'>{lines}</urlset>", kind="application/xml", has_etag=False)
        return self.pages.get(path, Answer("not found", status=404, has_etag=False))


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 65_536  # headers and body in one packet
    server: HelpCentre

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        answer = self.server.answer(self.path)
        body = answer.body.encode()
        etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"' if answer.has_etag else None
        status = answer.status
        if status == 200 and etag and self.headers.get("If-None-Match") == etag:
            status, body = 304, b""
        elif status == 200:
            self.server.sent.append(self.path)
        self.send_response(status)
        self.send_header("Content-Type", answer.kind)
        self.send_header("Content-Length", str(len(body)))
        if etag:
            self.send_header("ETag", etag)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        pass


LOOPBACK = Guard(allow=networks("127.0.0.0/8"))


def runner_of(store, library, *, roots=(), rate=0.0, connect=None, **options) -> SourceRunner:
    """Return what looks at sources on this machine, as fast as it can."""
    return SourceRunner(store, library, connect or Connectors(guard=LOOPBACK, roots=roots, rate=rate), **options)


def sources_of(store, library, *, roots=()) -> Sources:
    """Return what manages them."""
    return Sources(store, library, LOOPBACK, roots=roots)


def look(runner, workspace_id, *, slices=50) -> None:
    """Look until nothing is due."""
    for _ in range(slices):
        if not runner.work_off(workspace_id):
            return
    raise AssertionError("It never ends.")


def last_run(store) -> dict[str, Any]:
    """Return the newest run."""
    with store.read() as connection:
        row = connection.execute(sa.select(source_run).order_by(source_run.c.id.desc())).mappings().first()
        return dict(row)


def counts(store) -> tuple[int, ...]:
    """Return what the newest run, which is done, added, changed, left, removed and failed at."""
    run = last_run(store)
    assert run["state"] == RunState.DONE, run["error"]
    return tuple(run[name] for name in ("added", "changed", "unchanged", "gone", "failures"))


def titles(store) -> list[str]:
    """Return the titles of the documents."""
    with store.read() as connection:
        return sorted(connection.execute(sa.select(document.c.title)).scalars())


def keys(store) -> list[str]:
    """Return the keys of the items."""
    with store.read() as connection:
        return sorted(connection.execute(sa.select(source_item.c.key)).scalars())
