"""Wikis that behave as their makers publish: Confluence (Cloud and Data Center) and Notion."""

import base64
from typing import Any
from urllib.parse import urlencode

from tests.worker.sources.help_centres import EMAIL, TOKEN, ApiServer


class ConfluenceWiki(ApiServer):
    """Search of content by CQL: pages of at most `per_page`, whatever is asked for, and `next` relative to the site.

    Attributes:
        is_cloud: whether it has cursors and version 2 of the API, at /wiki; Data Center has starts, at its root.
        unsearched: ids of pages that the index of the search does not have, as after a change.
        unreadable: ids whose restrictions may not be read.
    """

    per_page = 2

    def __init__(self, *, is_cloud: bool) -> None:
        super().__init__()
        self.is_cloud = is_cloud
        self.site = f"{self.url}/wiki" if is_cloud else self.url
        self.unsearched: set[int] = set()
        self.unreadable: set[int] = set()

    def write(self, id: int, title: str, body: str | None = None, **fields: Any) -> None:
        """Publish or change a page; its version grows with its text only."""
        before = self.articles.get(id, {})
        body = f"<p>About {title.lower()}.</p>" if body is None else body
        changed = (title, body) != (before.get("title"), before.get("body"))
        self.articles[id] = {
            "title": title,
            "body": body,
            "version": before.get("version", 0) + changed,
            "parent": None,
            "readers": (),
            "labels": (),
            "space": "HELP",
            "status": "current",
            **{name: before[name] for name in ("parent", "readers", "labels", "space") if name in before},
            **fields,
        }

    def get(self, path: str, query: dict[str, str], headers: Any) -> tuple[int, Any]:
        basic = base64.b64encode(f"{EMAIL}:{TOKEN}".encode()).decode()
        if headers.get("Authorization") != (f"Basic {basic}" if self.is_cloud else f"Bearer {TOKEN}"):
            return 401, {"message": "Client must be authenticated to access this resource."}
        path = path.removeprefix("/wiki") if self.is_cloud else path
        if path == "/rest/api/content/search":
            return 200, self._search(query)
        if path.endswith("/restriction/byOperation/read"):
            id = int(path.split("/")[4])
            if id in self.unreadable:
                return 403, {"message": "Not permitted"}
            return (200, self._readers(id)) if id in self.articles else (404, {})
        prefix = "/api/v2/pages/" if self.is_cloud else "/rest/api/content/"
        page = self.articles.get(int(path.removeprefix(prefix))) if path.startswith(prefix) else None
        return (200, {"status": page["status"]}) if page is not None else (404, {"message": "No content found"})

    def _search(self, query: dict[str, str]) -> dict[str, Any]:
        cql = query["cql"]
        found = [id for id, page in self.articles.items() if page["status"] == "current" and id not in self.unsearched]
        if cql.startswith("id="):
            found = [id for id in found if id == int(cql.removeprefix("id="))]
        elif 'space="' in cql:
            found = [id for id in found if f'space="{self.articles[id]["space"]}"' in cql]
        size = min(self.per_page, int(query["limit"]))
        at = int(query.get("cursor" if self.is_cloud else "start", 0))
        links = {"base": self.site}
        if at + size < len(found):
            place = {"cursor": at + size} if self.is_cloud else {"start": at + size}
            links["next"] = "/rest/api/content/search?" + urlencode({**query, **place})
        expand = query["expand"].split(",")
        return {"results": [self._shown(id, expand) for id in found[at : at + size]], "size": size, "_links": links}

    def _shown(self, id: int, expand: list[str]) -> dict[str, Any]:
        page = self.articles[id]
        above, parent = [], page["parent"]
        while parent is not None:
            above.append({"id": str(parent), "type": "page", "status": "current"})
            parent = self.articles[parent]["parent"]
        shown = {
            "id": str(id),
            "type": "page",
            "status": page["status"],
            "title": page["title"],
            "version": {"number": page["version"]},
            "space": {"key": page["space"], "type": "personal" if page["space"].startswith("~") else "global"},
            "ancestors": above[::-1],
            "metadata": {"labels": {"results": [{"prefix": "global", "name": name} for name in page["labels"]]}},
            "restrictions": {"read": self._readers(id)},
            "_links": {"webui": f"/spaces/{page['space']}/pages/{id}/{page['title']}"},
        }
        if "body.storage" in expand:
            shown["body"] = {"storage": {"value": page["body"], "representation": "storage"}}
        return shown

    def _readers(self, id: int) -> dict[str, Any]:
        users = [{"type": "known", "accountId": reader} for reader in self.articles[id]["readers"]]
        nobody = {"results": [], "size": 0}
        return {"operation": "read", "restrictions": {"user": {"results": users, "size": len(users)}, "group": nobody}}


def text(said: str, href: str | None = None) -> list[dict[str, Any]]:
    """Return rich text."""
    return [{"type": "text", "plain_text": said, "href": href, "annotations": {}}]


def block(kind: str, said: str = "", *, inside: list[Any] | None = None, **fields: Any) -> dict[str, Any]:
    """Return a block, with those inside it."""
    rich = {"rich_text": text(said)} if said else {}
    return {"object": "block", "type": kind, kind: {**rich, **fields}, "inside": inside or []}


class NotionWorkspace(ApiServer):
    """Pages with blocks, found by search or in the data source of a database; 2 entries in a page of a list.

    Attributes:
        unsearched: ids of pages that the search does not name.
        refused: ids of blocks whose children the API refuses.
        incomplete: whether lists say that they have not all.
    """

    per_page = 2

    def __init__(self) -> None:
        super().__init__()
        self.pages: dict[str, dict[str, Any]] = {}
        self.blocks: dict[str, list[dict[str, Any]]] = {}
        self.unsearched: set[str] = set()
        self.refused: set[str] = set()
        self.incomplete = False

    def write(self, id: str, title: str, blocks: list[Any] | None = None, **fields: Any) -> None:
        """Publish or change a page."""
        self.clock += 60
        blocks = [block("paragraph", f"About {title.lower()}.")] if blocks is None else blocks
        self.blocks[id] = [self._kept(f"{id}-{number}", each) for number, each in enumerate(blocks)]
        properties = {"Name": {"type": "title", "title": text(title)}, **fields.pop("properties", {})}
        minute = f"2026-01-01T{self.clock // 3_600 % 24:02}:{self.clock // 60 % 60:02}:00.000Z"
        self.pages[id] = {
            "object": "page",
            "id": id,
            "last_edited_time": minute,
            "archived": False,
            "in_trash": False,
            "properties": properties,
            "url": f"https://www.notion.so/{title}-{id}",
            "public_url": f"https://shop.notion.site/{title}-{id}",
            **fields,
        }

    def _kept(self, id: str, each: dict[str, Any]) -> dict[str, Any]:
        each = dict(each)
        inside = each.pop("inside", [])
        id = each.setdefault("id", id)
        self.blocks[id] = [self._kept(f"{id}-{number}", inner) for number, inner in enumerate(inside)]
        return {"has_children": bool(inside), "in_trash": False, **each}

    def get(self, path: str, query: dict[str, str], headers: Any) -> tuple[int, Any]:
        if (refused := self._refused(headers)) is not None:
            return refused
        match path.split("/"):
            case ["", "v1", "pages", id] if id in self.pages:
                return 200, self.pages[id]
            case ["", "v1", "databases", id] if id == "0" * 32:
                return 200, {"object": "database", "data_sources": [{"id": "rows", "name": "Questions"}]}
            case ["", "v1", "blocks", id, "children"]:
                if id in self.refused:
                    return 400, {"object": "error", "code": "validation_error"}
                if id in self.blocks:
                    return 200, self._some(self.blocks[id], query.get("start_cursor"))
        return 404, {"object": "error", "code": "object_not_found"}

    def post(self, path: str, body: Any, headers: Any) -> tuple[int, Any]:
        if (refused := self._refused(headers)) is not None:
            return refused
        shown = [page for id, page in self.pages.items() if id not in self.unsearched]
        if path == "/v1/search":
            assert body["filter"] == {"property": "object", "value": "page"}
            return 200, self._some(shown, body.get("start_cursor"))
        assert path == "/v1/data_sources/rows/query"
        return 200, self._some([page for page in shown if page["id"].startswith("row")], body.get("start_cursor"))

    def _refused(self, headers: Any) -> tuple[int, Any] | None:
        if headers.get("Authorization") != f"Bearer {TOKEN}":
            return 401, {"object": "error", "code": "unauthorized", "message": "API token is invalid."}
        if headers.get("Notion-Version") != "2025-09-03":
            return 400, {"object": "error", "code": "missing_version"}
        return None

    def _some(self, found: list[Any], cursor: str | None) -> dict[str, Any]:
        at = int(cursor or 0)
        more = at + self.per_page < len(found)
        listed = {
            "object": "list",
            "results": found[at : at + self.per_page],
            "has_more": more,
            "next_cursor": str(at + self.per_page) if more else None,
        }
        if self.incomplete:
            listed["request_status"] = {"type": "incomplete", "incomplete_reason": "query_result_limit_reached"}
        return listed
