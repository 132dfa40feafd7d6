"""The connectors of sitemaps, feeds and single pages."""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import urljoin

from kb.errors import DocumentTooLarge, DocumentUnreadable
from worker.knowledge.fetching import read_sitemap
from worker.sources.protocol import MAX_ITEMS, Gone, Json, Listing, Reading, Unlisted
from worker.sources.web import Web
from worker.store.rows import Source, SourceItem


@dataclass(kw_only=True)
class _Pages:
    source: Source
    web: Web

    def read(self, item: SourceItem) -> Reading:
        """Return a page (`Connector.read`)."""
        return self.web.read(item)

    def close(self) -> None:
        """Close the connection."""
        self.web.close()


class Sitemap(_Pages):
    """A sitemap, with the sitemaps that it lists: pages that it does not name any more are gone."""

    def listing(self, cursor: Json | None) -> Listing:
        """Return the pages of the sitemap. When a part cannot be read, no page counts as gone."""
        del cursor  # a sitemap lists everything
        sitemap = read_sitemap(self.source.location, guard=self.web.guard, get=self.web.page, max_pages=MAX_ITEMS)
        pages = {url: None for url in sitemap.pages if wanted(self.source.options, url)}
        unlisted = Unlisted.KEPT if sitemap.failed else Unlisted.GONE
        return Listing(items=pages, unlisted=unlisted, failed=sitemap.failed)


class Feed(_Pages):
    """An RSS or Atom feed: it names the newest pages; those that it named before are read again."""

    def listing(self, cursor: Json | None) -> Listing:
        """Return the pages that the feed names now."""
        del cursor
        page = self.web.page(self.source.location)
        urls = links_of_feed(page.data, base=page.url)
        return Listing(
            items={url: None for url in urls if wanted(self.source.options, url)}, unlisted=Unlisted.READ_AGAIN
        )

    def read(self, item: SourceItem) -> Reading:
        """Return a page; one that the patterns of the source leave out now is gone."""
        return super().read(item) if wanted(self.source.options, item.key) else Gone()


class SinglePage(_Pages):
    """One page."""

    def listing(self, cursor: Json | None) -> Listing:
        """Return the page itself."""
        del cursor
        return Listing(items={self.source.location: None}, unlisted=Unlisted.GONE)


def wanted(options: Json, name: str) -> bool:
    """Whether the options of a source let an item in: any of `include`, if there are some, and none of `exclude`."""
    include, exclude = options.get("include") or ["*"], options.get("exclude") or []
    return any(fnmatchcase(name, pattern) for pattern in include) and not any(
        fnmatchcase(name, pattern) for pattern in exclude
    )


def links_of_feed(data: bytes, *, base: str) -> list[str]:
    """Return the pages that a feed in RSS 2.0, RSS 1.0 or Atom names, in its order.

    Raises:
        DocumentUnreadable: it is not a feed.
        DocumentTooLarge: it names too many.
    """
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, recover=True)
    try:
        root: Any = etree.fromstring(data.lstrip(), parser)
    except (etree.XMLSyntaxError, ValueError):
        root = None
    if root is None or etree.QName(root).localname not in ("rss", "RDF", "feed"):
        raise DocumentUnreadable("It is not a feed.")
    entries = [entry for name in ("item", "entry") for entry in root.iter(f"{{*}}{name}")]
    if len(entries) > MAX_ITEMS:
        raise DocumentTooLarge(f"The feed names more than {MAX_ITEMS:,} pages.")
    links = (urljoin(base, link) for entry in entries if (link := _link(entry)))
    return list(dict.fromkeys(link for link in links if link.startswith(("http://", "https://"))))


def _link(entry: Any) -> str:
    """Return the address of an entry, or nothing: its link, or in RSS a permanent guid in its place."""
    from lxml import etree

    guid = ""
    for child in entry.iterchildren("*"):
        name, text = etree.QName(child).localname, (child.text or "").strip()
        if name == "link" and child.get("rel", "alternate") == "alternate" and (found := child.get("href", text)):
            return str(found).strip()
        if name == "guid" and child.get("isPermaLink", "true").lower() == "true":
            guid = text
    return guid if guid.startswith("http") else ""
