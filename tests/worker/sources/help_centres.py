"""Help centres that behave as their makers publish: Zendesk Guide and Intercom Articles."""

import base64
import http.server
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

EMAIL, TOKEN = "bot@shop.example", "secret"


class _Server(http.server.ThreadingHTTPServer):
    """Articles by id; a test changes them. `throttled` is how many requests are still answered with 429."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.articles: dict[int, dict[str, Any]] = {}
        self.asked: list[str] = []
        self.throttled = 0
        self.clock = 1_700_000_000
        self.url = f"http://127.0.0.1:{self.server_port}"

    def get(self, path: str, query: dict[str, str], headers: Any) -> tuple[int, Any]:
        raise NotImplementedError


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        headers = {}
        if self.server.throttled:
            self.server.throttled -= 1
            status, answer, headers = 429, {"error": "TooManyRequests"}, {"Retry-After": "30"}
        else:
            status, answer = self.server.get(parts.path, query, self.headers)
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        pass


class ZendeskGuide(_Server):
    """Help Center API: cursor pagination of articles, and the incremental export, which names no deleted articles."""

    per_page = 2

    def write(self, id: int, title: str, body: str = "<p>Text.</p>", **fields: Any) -> None:
        """Publish or change an article."""
        self.clock += 10
        self.articles[id] = {
            "id": id,
            "title": title,
            "body": body,
            "locale": "en-us",
            "draft": False,
            "user_segment_id": None,
            "html_url": f"https://shop.example/hc/en-us/articles/{id}-{title.lower()}",
            "updated_at": str(self.clock),
            **fields,
        }

    def get(self, path: str, query: dict[str, str], headers: Any) -> tuple[int, Any]:
        expected = base64.b64encode(f"{EMAIL}/token:{TOKEN}".encode()).decode()
        if headers.get("Authorization") != f"Basic {expected}":
            return 401, {"error": "Couldn't authenticate you"}
        name = path.removeprefix("/api/v2/help_center/")
        if name == "articles":
            return 200, self._page(query)
        if name == "incremental/articles":
            return 200, self._changed(int(query["start_time"]))
        id = name.removeprefix("articles/")
        if id.isdecimal() and int(id) in self.articles:
            return 200, {"article": self.articles[int(id)]}
        return 404, {"error": "RecordNotFound"}

    def _page(self, query: dict[str, str]) -> dict[str, Any]:
        size = min(self.per_page, int(query["page[size]"]))
        first = int(query.get("page[after]", 0))
        ids = sorted(self.articles)[first : first + size]
        more = first + size < len(self.articles)
        meta = {"has_more": more, "after_cursor": str(first + size), "before_cursor": str(first)}
        return {"articles": [self.articles[id] for id in ids], "meta": meta, "links": {"next": None}}

    def _changed(self, start: int) -> dict[str, Any]:
        changed = sorted(
            (article for article in self.articles.values() if int(article["updated_at"]) >= start),
            key=lambda article: int(article["updated_at"]),
        )
        some = changed[: self.per_page]
        more = len(changed) > self.per_page
        end = int(some[-1]["updated_at"]) + 1 if some else start
        following = f"{self.url}/api/v2/help_center/incremental/articles?start_time={end}" if more else None
        return {"articles": some, "count": len(some), "next_page": following, "end_time": end}


class IntercomArticles(_Server):
    """Articles API 2.14: newest first, in pages by number."""

    per_page = 2

    def write(self, id: int, title: str, body: str | None = "<p>Text.</p>", **fields: Any) -> None:
        """Publish or change an article."""
        self.clock += 10
        self.articles[id] = {
            "type": "article",
            "id": str(id),
            "workspace_id": "hfi1bx4l",
            "title": title,
            "description": "",
            "body": body,
            "author_id": 1,
            "state": "published",
            "created_at": 1_700_000_000,
            "updated_at": self.clock,
            "url": f"https://shop.example/en/articles/{id}",
            **fields,
        }

    def get(self, path: str, query: dict[str, str], headers: Any) -> tuple[int, Any]:
        if headers.get("Authorization") != f"Bearer {TOKEN}":
            return 401, {"type": "error.list", "errors": [{"code": "unauthorized", "message": "Access Token Invalid"}]}
        assert headers.get("Intercom-Version") == "2.14"
        if path == "/articles":
            number = int(query.get("page", 1))
            newest = sorted(self.articles.values(), key=lambda article: -article["updated_at"])
            total = -(-len(newest) // self.per_page)
            pages = {"type": "pages", "page": number, "per_page": self.per_page, "total_pages": total}
            data = newest[(number - 1) * self.per_page : number * self.per_page]
            return 200, {"type": "list", "pages": pages, "total_count": len(newest), "data": data}
        id = path.removeprefix("/articles/")
        if id.isdecimal() and int(id) in self.articles:
            return 200, self.articles[int(id)]
        return 404, {"type": "error.list", "errors": [{"code": "article_not_found", "message": "Article Not Found"}]}
