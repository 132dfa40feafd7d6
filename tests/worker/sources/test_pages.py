"""What sitemaps and feeds name, in the forms that the web has."""

from types import SimpleNamespace

import pytest

from kb.errors import DocumentUnreadable
from tests.support.fakes import TableClock
from tests.worker.sources.site import Answer, counts, last_run, look, titles
from worker.sources.pages import Feed, links_of_feed, wanted
from worker.sources.protocol import Gone

RSS = """<?xml version="1.0"?>
<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel><link>{base}/</link>
<atom:link href="{base}/feed" rel="self"/>
<item><title>Returns</title><link>{base}/returns</link><guid isPermaLink="false">tag:1</guid></item>
<item><title>Delivery</title><guid>{base}/delivery</guid></item>
<item><title>No link</title><guid isPermaLink="false">tag:2</guid></item>
</channel></rss>"""

ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><link rel="self" href="{base}/feed"/><link href="{base}/"/>
<entry><link rel="replies" href="{base}/comments"/><link rel="alternate" href="/returns"/></entry>
<entry><link href="delivery"/></entry><entry><link rel="enclosure" href="{base}/a.mp3"/></entry></feed>"""

RDF = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/">
<channel rdf:about="{base}"><link>{base}/</link></channel>
<item rdf:about="{base}/returns"><link>
{base}/returns
</link></item><item><link>{base}/delivery</link></item></rdf:RDF>"""


@pytest.mark.parametrize("feed", [RSS, ATOM, RDF], ids=["rss", "atom", "rdf"])
def test_the_pages_of_a_feed_are_those_of_its_entries(feed):
    data = feed.format(base="https://a.example").encode()
    assert links_of_feed(data, base="https://a.example/feed") == [
        "https://a.example/returns",
        "https://a.example/delivery",
    ]


def test_a_feed_with_a_bare_ampersand_or_a_blank_line_before_it_is_read_all_the_same():
    data = b"\n<rss><channel><item><title>Q & A</title><link>https://a.example/qa</link></item></channel></rss>"
    assert links_of_feed(data, base="https://a.example") == ["https://a.example/qa"]


@pytest.mark.parametrize("data", [b"", b"<html><item><link>https://a.example</link></item></html>", b"{}", b"\x00\x01"])
def test_what_is_no_feed_is_refused(data):
    with pytest.raises(DocumentUnreadable, match="not a feed"):
        links_of_feed(data, base="https://a.example")


def test_entities_of_a_feed_are_not_resolved():
    data = b"<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/hostname'>]><rss><item><link>https://a.example/&e;</link></item></rss>"
    assert all(len(link) < 30 for link in links_of_feed(data, base="https://a.example"))


def test_pages_that_fell_out_of_a_feed_stay_and_are_looked_at_again(store, workspace_id, runner, make, centre):
    def feed(*paths):
        items = "".join(f"<item><link>{centre.url}{path}</link></item>" for path in paths)
        centre.pages["/feed"] = Answer(f"<rss><channel>{items}</channel></rss>", kind="application/rss+xml")

    feed("/returns", "/delivery")
    make("feed", f"{centre.url}/feed")
    look(runner, workspace_id)
    feed("/payment", "/delivery")
    centre.write("/returns", "Sixty days.")
    TableClock.advance(store, 86_401)
    look(runner, workspace_id)
    assert counts(store) == (1, 1, 1, 0, 0)
    centre.drop("/returns")
    TableClock.advance(store, 86_401)
    look(runner, workspace_id)
    assert counts(store) == (0, 0, 2, 1, 0)
    assert titles(store) == ["Delivery", "Payment"]
    feed()
    TableClock.advance(store, 86_401)
    look(runner, workspace_id)
    assert counts(store) == (0, 0, 2, 0, 0)


def test_a_page_of_a_feed_that_is_left_out_from_now_on_goes(store, workspace_id, runner, make, centre, sources):
    items = "".join(f"<item><link>{centre.url}{path}</link></item>" for path in ("/returns", "/delivery", "/payment"))
    centre.pages["/feed"] = Answer(f"<rss><channel>{items}</channel></rss>", kind="application/rss+xml")
    id = make("feed", f"{centre.url}/feed")
    look(runner, workspace_id)
    sources.change(workspace_id, id, {"exclude": ["*/returns"]})
    look(runner, workspace_id)
    assert titles(store) == ["Delivery", "Payment"]


def test_a_single_page_is_looked_at_again_and_goes_when_it_is_gone(store, workspace_id, runner, make, centre):
    make("page", f"{centre.url}/returns")
    look(runner, workspace_id)
    assert titles(store) == ["Returns"]
    centre.drop("/returns")
    TableClock.advance(store, 86_401)
    look(runner, workspace_id)
    assert titles(store) == []


def test_a_part_of_a_sitemap_that_cannot_be_read_loses_no_page(store, workspace_id, runner, make, centre):
    def part(name, *paths):
        lines = "".join(f"<url><loc>{centre.url}{path}</loc></url>" for path in paths)
        centre.pages[name] = Answer(f"<urlset>{lines}</urlset>", kind="text/xml")

    centre.pages["/index.xml"] = Answer(
        f"<sitemapindex><sitemap><loc>{centre.url}/a.xml</loc></sitemap>"
        f"<sitemap><loc>{centre.url}/b.xml</loc></sitemap></sitemapindex>",
        kind="text/xml",
    )
    part("/a.xml", "/returns")
    part("/b.xml", "/delivery", "/payment")
    make("sitemap", f"{centre.url}/index.xml")
    look(runner, workspace_id)
    centre.pages["/b.xml"] = Answer(status=500)
    TableClock.advance(store, 86_401)
    look(runner, workspace_id)
    assert counts(store) == (0, 0, 1, 0, 1)
    assert last_run(store)["failed"] == {f"{centre.url}/b.xml": "The server answered 500."}
    assert titles(store) == ["Delivery", "Payment", "Returns"]


def test_patterns_choose_pages_and_a_page_that_they_leave_out_goes(store, workspace_id, runner, make, centre, sources):
    centre.write("/blog/party", "We had a party.")
    id = make("sitemap", f"{centre.url}/sitemap.xml", exclude=["*/blog/*"])
    look(runner, workspace_id)
    assert titles(store) == ["Delivery", "Payment", "Returns"]
    sources.change(workspace_id, id, {"include": ["*/returns", "*/delivery"]})
    look(runner, workspace_id)
    assert titles(store) == ["Delivery", "Returns"]


def test_patterns_are_of_whole_names():
    assert wanted({}, "a/b.md")
    assert wanted({"include": ["docs/*"]}, "docs/a/b.md")
    assert not wanted({"include": ["docs/*"]}, "other/docs/b.md")
    assert not wanted({"include": ["*"], "exclude": ["*/drafts/*"]}, "a/drafts/b.md")


def test_a_page_of_a_feed_that_the_patterns_leave_out_now_is_gone_without_a_request():
    feed = Feed(source=SimpleNamespace(options={"exclude": ["*/blog/*"]}), web=None)
    assert feed.read(SimpleNamespace(key="https://a.example/blog/1")) == Gone()
