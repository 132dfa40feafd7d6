"""Help centres that behave as their makers publish: Zendesk Guide and Intercom Articles."""

import base64
import http.server
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

EMAIL, TOKEN = "bot@shop.example", "secret"


class ApiServer(http.server.ThreadingHTTPServer):
    """Articles by id; a test changes them.

    `throttled` is how many requests are still answered with 429, `broken_after` how many are answered before the server
    breaks.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.articles: dict[int, dict[str, Any]] = {}
        self.asked: list[str] = []
        self.throttled = 0
        self.broken_after: int | None = None
        self.headers: dict[str, str] = {}
        self.clock = 1_700_000_000
        self.url = f"http://127.0.0.1:{self.server_port}"

    def get(self, path: str, query: dict[str, str], headers: Any) -> tuple[int, Any]:
        raise NotImplementedError

    def post(self, path: str, body: Any, headers: Any) -> tuple[int, Any]:
        raise NotImplementedError


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 65_536  # headers and body in one packet
    server: ApiServer

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        self._answer(lambda: self.server.get(parts.path, query, self.headers))

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self._answer(lambda: self.server.post(self.path, body, self.headers))

    def _answer(self, say: Callable[[], tuple[int, Any]]) -> None:
        server = self.server
        server.asked.append(self.path)
        headers = dict(server.headers)
        if server.throttled:
            server.throttled -= 1
            status, answer = 429, {"error": "TooManyRequests"}
            headers["Retry-After"] = "30"
        elif server.broken_after == 0:
            status, answer = 500, {"error": "InternalServerError"}
        else:
            if server.broken_after is not None:
                server.broken_after -= 1
            status, answer = say()
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


class ZendeskGuide(ApiServer):
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


class IntercomArticles(ApiServer):
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


class FreshdeskSolutions(ApiServer):
    """Solutions API 2: categories, folders in them and in each other, articles; pages of at most `per_page`."""

    per_page = 2

    def __init__(self) -> None:
        super().__init__()
        self.headers = {"X-RateLimit-Total": "60000", "X-RateLimit-Remaining": "59990"}
        self.categories = [{"id": 1, "name": "Shop"}]
        self.folders: dict[int, dict[str, Any]] = {}

    def fold(self, id: int, visibility: int, parent: int | None = None) -> None:
        """Make or change a folder."""
        self.folders[id] = {"id": id, "name": f"Folder {id}", "visibility": visibility, "parent_folder_id": parent}

    def write(self, id: int, title: str, body: str | None = None, *, folder: int = 10, **fields: Any) -> None:
        """Publish or change an article."""
        self.clock += 10
        body = f"<p>About {title.lower()}.</p>" if body is None else body
        self.articles[id] = {
            "id": id,
            "type": 1,
            "folder_id": folder,
            "title": title,
            "description": body,
            "status": 2,
            "tags": [],
            "updated_at": str(self.clock),
            **fields,
        }

    def get(self, path: str, query: dict[str, str], headers: Any) -> tuple[int, Any]:
        expected = base64.b64encode(f"{TOKEN}:X".encode()).decode()
        if headers.get("Authorization") != f"Basic {expected}":
            return 401, {"code": "invalid_credentials", "message": "You have to be logged in to perform this action."}
        match path.removeprefix("/api/v2/solutions/").split("/"):
            case ["categories"]:
                found = self.categories
            case ["categories", _, "folders"]:
                found = [self._shown(id) for id, each in self.folders.items() if each["parent_folder_id"] is None]
            case ["folders", id, "subfolders"]:
                found = [self._shown(n) for n, each in self.folders.items() if each["parent_folder_id"] == int(id)]
            case ["folders", id, "articles"]:
                found = [self._article(n) for n, each in self.articles.items() if each["folder_id"] == int(id)]
            case ["folders", id] if int(id) in self.folders:
                return 200, self._shown(int(id))
            case ["articles", id] if int(id) in self.articles:
                return 200, self._article(int(id))
            case _:
                return 404, {}
        size = min(self.per_page, int(query.get("per_page", 30)))
        first = (int(query.get("page", 1)) - 1) * size
        return 200, found[first : first + size]

    def _shown(self, id: int) -> dict[str, Any]:
        inside = sum(each["parent_folder_id"] == id for each in self.folders.values())
        return {**self.folders[id], "sub_folders_count": inside}

    def _article(self, id: int) -> dict[str, Any]:
        above, folder = [], self.articles[id]["folder_id"]
        while folder is not None:
            above.append(folder)
            folder = self.folders[folder]["parent_folder_id"]
        levels = [{"level": 0, "type": "category", "data": {"id": 1, "name": "Shop", "language": "en"}}]
        levels += [{"type": "folder", "data": {"id": each, "language": "en"}} for each in reversed(above)]
        return {**self.articles[id], "hierarchy": levels}


class ChatwootPortal(ApiServer):
    """The account's API of articles, 25 a page at most, and the public one; older versions know no pages there."""

    per_page = 2
    is_old = False

    def write(self, id: int, title: str, body: str | None = None, *, locale: str = "en", **fields: Any) -> None:
        """Publish or change an article."""
        self.clock += 10
        self.articles[id] = {
            "id": id,
            "slug": f"{id}-{title.lower()}",
            "title": title,
            "content": f"About **{title.lower()}**." if body is None else body,
            "status": "published",
            "category": {"id": 1, "slug": "shop", "locale": locale},
            "meta": {"tags": []},
            "updated_at": self.clock,
            **fields,
        }

    def get(self, path: str, query: dict[str, str], headers: Any) -> tuple[int, Any]:
        if path == "/hc/help/en/articles.json":
            return 200, {"payload": self._public(query), "meta": {"articles_count": len(self.articles)}}
        if not path.startswith("/api/v1/accounts/7/portals/help/articles"):
            return 404, {"error": "Resource could not be found"}
        if headers.get("api_access_token") != TOKEN:
            return 401, {"errors": ["You need to sign in or sign up before continuing."]}
        id = path.rpartition("/")[2]
        if id == "articles":
            wanted = query.get("locale")
            found = [each for each in self.articles.values() if wanted in (None, each["category"]["locale"])]
            return 200, {"payload": self._some(found, query), "meta": {"articles_count": len(found)}}
        if int(id) in self.articles:
            return 200, {"payload": self.articles[int(id)]}
        return 404, {"error": "Resource could not be found"}

    def _public(self, query: dict[str, str]) -> list[dict[str, Any]]:
        if self.is_old:  # drafts as well, without pages
            return list(self.articles.values())
        shown = [each for each in self.articles.values() if each["status"] == "published"]
        shown = [each for each in shown if each["category"]["locale"] == "en"]
        hidden = ("status", "updated_at")
        return [
            {
                **{name: value for name, value in each.items() if name not in hidden},
                "last_updated_at": each["updated_at"],
            }
            for each in self._some(shown, query)
        ]

    def _some(self, found: list[dict[str, Any]], query: dict[str, str]) -> list[dict[str, Any]]:
        first = (int(query.get("page", 1)) - 1) * self.per_page
        return found[first : first + self.per_page]
