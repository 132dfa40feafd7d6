"""Pages and sitemaps are fetched from public addresses, in the encoding that they have."""

import json

import pytest

from kb.documents import decode
from kb.errors import DocumentTooLarge, DocumentUnreadable
from tests.worker.knowledge.site import result
from worker.addresses import Guard
from worker.knowledge.fetching import fetch, read_sitemap
from worker.knowledge.imports import NewImport
from worker.settings.parsers import networks


def test_a_sitemap_leads_to_its_pages_and_nowhere_else(store, workspace_id, importer, site, guard):
    source = json.dumps({"sitemap": f"{site}/sitemap.xml"}).encode()
    importer.add(workspace_id, NewImport(kind="sitemap", name="s", source=source))
    importer.work_off(workspace_id)
    assert result(store)[:2] == ("done", 1)
    assert list(result(store)[3]) == [f"{site}/gone"]
    with pytest.raises(DocumentUnreadable, match="not a sitemap"):
        read_sitemap(f"{site}/returns", guard=guard)
    named = read_sitemap(f"{site}/entities.xml", guard=guard).pages
    assert all("hostname" not in url and len(url) < 30 for url in named)


def test_a_dead_sitemap_among_others_is_told_and_the_rest_goes_on(store, workspace_id, importer, site):
    source = json.dumps({"sitemap": f"{site}/dead-child.xml"}).encode()
    importer.add(workspace_id, NewImport(kind="sitemap", name="s", source=source))
    importer.work_off(workspace_id)
    assert result(store) == ("done", 1, 0, {f"{site}/dead.xml": "The server answered 404."})


def test_pages_are_read_in_the_encoding_that_they_are_in(site, guard):
    assert "Płać później" in fetch(f"{site}/latin", guard=guard).data.decode()
    page = fetch(f"{site}/meta", guard=guard)
    assert "Płać" in decode(page.data, page.media_type)


def test_private_addresses_are_not_fetched(site):
    with pytest.raises(DocumentUnreadable, match="private or reserved"):
        fetch(f"{site}/returns", guard=Guard())
    with pytest.raises(DocumentTooLarge):
        fetch(f"{site}/huge", guard=Guard(allow=networks("127.0.0.0/8")))
