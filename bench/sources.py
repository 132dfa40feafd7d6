"""How soon a look at a site of 1,000 pages is searchable, with 20 pages changed, 5 new and 3 gone."""

import hashlib
import http.server
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from tests.support.processes import valkey
from tests.support.stack import environment, prepare, services

PAGES, _CHANGED, _NEW, _GONE = 1_000, 20, 5, 3
_MAX_S = 10.0
_WORDS = "parcel invoice refund voucher courier warranty address account password delivery colour size".split()


def run(models: Path) -> dict[str, Any]:
    """Look at a site twice on this machine, without a limit to the rate, and search for what is new."""
    with tempfile.TemporaryDirectory() as folder, valkey() as redis, _Site() as site:
        threading.Thread(target=site.serve_forever, daemon=True).start()
        allowed = {"ANSWERBACK_SOURCE_RATE": "0", "ANSWERBACK_IMPORT_ALLOW": "127.0.0.0/8"}
        env = environment(Path(folder), redis, models, **allowed)
        prepare(env)
        with services(env) as built:
            workspace_id = built.keys.workspace()
            site.pages = {f"/article-{n}": _page(n) for n in range(PAGES)}
            location = f"{site.url}/sitemap.xml"
            source = built.sources.make(workspace_id, {"kind": "sitemap", "location": location, "name": "help"})
            first, _ = _look(built, workspace_id, source["id"])
            built.snapshot_cache.search(workspace_id, "warm up", limit=5)
            for n in range(_CHANGED):
                site.pages[f"/article-{n * 7}"] = _page(n * 7, "Since May, two months.")
            for n in range(_NEW):
                site.pages[f"/new-{n}"] = _page(PAGES + n, "Quokkas can be adopted on Tuesdays.")
            for n in range(_GONE):
                del site.pages[f"/article-{PAGES - 1 - n}"]
            site.sent = 0
            again, parts = _look(built, workspace_id, source["id"])
            began = time.perf_counter()
            while "/new-" not in _first(built, workspace_id, "adopt a quokka"):
                time.sleep(0.05)
            again += time.perf_counter() - began
            counts = built.sources.show(workspace_id, source["id"])["last_run"]
    found = {name: counts[name] for name in ("added", "changed", "unchanged", "gone", "failures")}
    assert found == {
        "added": _NEW,
        "changed": _CHANGED,
        "unchanged": PAGES - _CHANGED - _GONE,
        "gone": _GONE,
        "failures": 0,
    }
    return {
        "pages": PAGES,
        "first_s": first,
        "again_s": again,
        **parts,
        "sent": site.sent,
        "most_s": _MAX_S,
        "lines": [
            f"{PAGES:,} pages: first look {first:.1f} s; a look with {_CHANGED} changed, {_NEW} new and {_GONE} gone "
            f"searchable after {again:.1f} s (at most {_MAX_S:.0f}): look {parts['look_s']:.1f} s, "
            f"index and publish {parts['index_s']:.1f} s; {site.sent} bodies sent"
        ],
    }


def _look(built: Any, workspace_id: str, source_id: str) -> tuple[float, dict[str, float]]:
    """Look at a source and publish, as a worker does; return the seconds, in all and by part."""
    built.sources.look(workspace_id, source_id)
    began = time.perf_counter()
    while built.source_runner.work_off(workspace_id):
        pass
    looked = time.perf_counter()
    built.indexer.index(workspace_id)
    ended = time.perf_counter()
    return ended - began, {"look_s": looked - began, "index_s": ended - looked}


def _first(built: Any, workspace_id: str, query: str) -> str:
    hits = built.snapshot_cache.search(workspace_id, query, limit=1).hits
    return str(hits[0].record.url) if hits else ""


def _page(number: int, more: str = "") -> bytes:
    words = [_WORDS[(number * step + step) % len(_WORDS)] for step in range(1, 40)]
    text = f"Article {number} is about {' '.join(words[:20])}. It also covers {' '.join(words[20:])}. {more}"
    return f"<html><head><title>Article {number}</title></head><body><p>{text}</p></body></html>".encode()


class _Site(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.pages: dict[str, bytes] = {}
        self.sent = 0
        self.url = f"http://127.0.0.1:{self.server_port}"


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 65_536  # headers and body in one packet
    server: _Site

    def do_GET(self) -> None:
        site = self.server
        body = site.pages.get(self.path)
        if self.path == "/sitemap.xml":
            body = "".join(["<urlset>", *(f"<url><loc>{site.url}{path}</loc></url>" for path in site.pages)]).encode()
            body += b"</urlset>"
        status = 404 if body is None else 200
        body = body or b""
        etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        if self.headers.get("If-None-Match") == etag:
            status, body = 304, b""
        site.sent += status == 200
        self.send_response(status)
        self.send_header("Content-Type", "text/html")
        self.send_header("ETag", etag)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        pass
