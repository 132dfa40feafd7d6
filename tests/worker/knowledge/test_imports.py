"""Archives, pages and sitemaps become documents; what cannot says why; twice is once."""

import gzip
import http.server
import io
import json
import threading
import zipfile

import pytest
import sqlalchemy as sa

from kb.documents import decode
from kb.errors import DocumentTooLarge, DocumentUnreadable
from tests.support import files
from tests.support.fakes import TableClock
from worker.addresses import Guard
from worker.errors import DatabaseUnavailable
from worker.knowledge.fetching import fetch, read_sitemap
from worker.knowledge.imports import Importer, NewImport
from worker.knowledge.library import DocumentMetadata, Library
from worker.settings.parsers import networks
from worker.store.idempotency import IdempotencyKeys
from worker.store.tables import document, document_import

PAGE = b"<html><head><title>Returns</title></head><body><p>Free for 30 days.</p></body></html>"


class Site(http.server.BaseHTTPRequestHandler):
    """A help centre: pages, a manual, redirects, a sitemap of sitemaps."""

    def do_GET(self):
        host = f"http://127.0.0.1:{self.server.server_port}"
        pages = {
            "/returns": ("text/html; charset=utf-8", PAGE),
            "/manual": ("application/pdf", files.pdf([[("Manual", 20), ("Press the button.", 11)]])),
            "/latin": (
                "text/html; charset=iso-8859-2",
                "<title>Zwroty</title><p>Płać później.</p>".encode("iso-8859-2"),
            ),
            "/meta": ("text/html", "<meta charset='windows-1250'><title>Meta</title><p>Płać.</p>".encode("cp1250")),
            "/dead-child.xml": (
                "application/xml",
                f"<sitemapindex xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'>"
                f"<sitemap><loc>{host}/pages.xml.gz</loc></sitemap>"
                f"<sitemap><loc>{host}/dead.xml</loc></sitemap></sitemapindex>".encode(),
            ),
            "/pages.xml.gz": (
                "application/gzip",
                gzip.compress(
                    f"<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'><url><loc>{host}/returns</loc></url>"
                    "</urlset>".encode()
                ),
            ),
            "/plain.txt": ("application/octet-stream", b"Plain words."),
            "/image": ("image/png", b"\x89PNG...."),
            "/huge": ("text/plain", b"x" * (10 * 1024 * 1024 + 1)),
            "/sitemap.xml": (
                "application/xml",
                f"<sitemapindex xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'>"
                f"<sitemap><loc>{host}/pages.xml</loc></sitemap>"
                f"<sitemap><loc>{host}/sitemap.xml</loc></sitemap></sitemapindex>".encode(),
            ),
            "/pages.xml": (
                "text/xml",
                f"<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'><url><loc> {host}/returns </loc></url>"
                f"<url><loc>{host}/gone</loc></url><url><loc>file:///etc/passwd</loc></url></urlset>".encode(),
            ),
            "/entities.xml": (
                "text/xml",
                b"<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/hostname'>]>"
                b"<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'><url><loc>http://x.example/&e;</loc>"
                b"</url></urlset>",
            ),
        }
        if self.path in ("/old", "/loop", "/metadata"):
            target = {"/old": "/returns", "/loop": "/loop", "/metadata": "http://169.254.169.254/latest"}[self.path]
            self.send_response(302)
            self.send_header("Location", target)
            self.end_headers()
            return
        kind, body = pages.get(self.path, ("text/plain", b"not found"))
        self.send_response(200 if self.path in pages else 404)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments):
        pass


@pytest.fixture(scope="module")
def site():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def importer_of(store, guard, **options):
    idempotency_keys = IdempotencyKeys(store, kept_s=60)
    return Importer(store, Library(store, idempotency_keys), guard, idempotency_keys, **options)


@pytest.fixture
def guard():
    return Guard(allow=networks("127.0.0.0/8"))


@pytest.fixture
def importer(store, guard):
    return importer_of(store, guard)


def archive(members):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        for name, data in members.items():
            file.writestr(name, data)
    return made.getvalue()


def result(store):
    with store.read() as connection:
        row = connection.execute(sa.select(document_import).order_by(document_import.c.id.desc())).mappings().first()
        return row["state"], row["added"], row["unchanged"], row["failed"]


def documents(store):
    with store.read() as connection:
        rows = connection.execute(sa.select(document.c.title, document.c.url, document.c.tags, document.c.name))
        return sorted(tuple(row) for row in rows)


MEMBERS = {
    "help/returns.md": "---\nurl: https://shop.example/returns\n---\n# Returns\n\nFree.",
    "help/warranty.docx": files.word(),
    "help/logo.gif": b"GIF89a",
    "help/empty.txt": b" ",
    "__MACOSX/help/._returns.md": b"clutter",
    ".DS_Store": b"clutter",
}


def test_an_archive_becomes_documents_and_the_same_one_again_changes_nothing(store, workspace_id, importer):
    new = NewImport(
        kind="archive", name="help.zip", source=archive(MEMBERS), metadata=DocumentMetadata(tags=("manual",))
    )
    importer.add(workspace_id, new)
    assert importer.sweep() == (workspace_id,)
    assert importer.work_off(workspace_id) is False
    reasons = {"help/logo.gif": "unknown kind of file", "help/empty.txt": "The document is empty."}
    assert result(store) == ("done", 2, 0, reasons)
    assert documents(store) == [
        ("Returns", "https://shop.example/returns", ["manual"], "help.zip/help/returns.md"),
        ("Warranty", None, ["manual"], "help.zip/help/warranty.docx"),
    ]
    importer.add(workspace_id, new)
    importer.work_off(workspace_id)
    assert result(store) == ("done", 0, 2, reasons)
    assert importer.sweep() == ()


def test_what_is_no_archive_is_refused_at_the_door_and_a_bomb_later(store, workspace_id, importer):
    with pytest.raises(DocumentUnreadable, match="not a zip archive"):
        importer.add(workspace_id, NewImport(kind="archive", name="x.zip", source=b"hello"))
    bomb = archive({f"{n}.md": b"x" for n in range(5_001)})
    importer.add(workspace_id, NewImport(kind="archive", name="x.zip", source=bomb))
    importer.work_off(workspace_id)
    assert result(store)[0] == "failed"
    assert documents(store) == []


def test_an_import_whose_worker_died_goes_on_and_one_that_kills_is_given_up(store, workspace_id, importer):
    importer.add(workspace_id, NewImport(kind="archive", name="help.zip", source=archive(MEMBERS)))
    assert importer._claim(workspace_id).attempts == 1
    importer.work_off(workspace_id)
    assert result(store)[0] == "running"
    TableClock.advance(store, 301)
    importer.work_off(workspace_id)
    assert result(store)[:2] == ("done", 2)
    importer.add(workspace_id, NewImport(kind="archive", name="help.zip", source=archive(MEMBERS)))
    for _ in range(3):
        assert importer._claim(workspace_id)
        TableClock.advance(store, 301)
    importer.work_off(workspace_id)
    assert result(store)[0] == "failed"


def test_a_long_import_goes_on_where_it_stopped(store, workspace_id, guard):
    seconds = iter(range(0, 10_000, 3))
    importer = importer_of(store, guard, clock=lambda: float(next(seconds)))
    members = {f"{n}.md": f"# Doc {n}\n\nText." if n % 3 else " " for n in range(12)}
    importer.add(workspace_id, NewImport(kind="archive", name="many.zip", source=archive(members)))
    slices = 1
    while importer.work_off(workspace_id):
        assert (result(store)[0] == "queued") == (importer.sweep() == (workspace_id,))
        slices += 1
    state, added, unchanged, failed = result(store)
    assert (state, added, unchanged, len(failed), slices > 3) == ("done", 8, 0, 4, True)


def test_an_import_waits_for_a_database_that_is_away_and_keeps_what_it_came_with(
    store, workspace_id, importer, monkeypatch
):
    importer.add(workspace_id, NewImport(kind="archive", name="help.zip", source=archive(MEMBERS)))

    def away(*_arguments):
        raise DatabaseUnavailable

    monkeypatch.setattr(importer._library, "put_file", away)
    with pytest.raises(DatabaseUnavailable):
        importer.work_off(workspace_id)
    monkeypatch.undo()
    TableClock.advance(store, 301)
    importer.work_off(workspace_id)
    assert result(store)[:2] == ("done", 2)


def test_members_that_cannot_be_unpacked_fail_alone(store, workspace_id, importer):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("good.md", "# Good\n\nText.")
        file.writestr("broken.md", "# Broken\n\n" + "text " * 500)
        broken = file.getinfo("broken.md")
        file.writestr("evil.md", "---\nurl: javascript:alert(1)\n---\n# Evil\n\nText.")
    data = bytearray(made.getvalue())
    begins = broken.header_offset + 30 + len("broken.md")
    data[begins : begins + 12] = b"\xff" * 12
    importer.add(workspace_id, NewImport(kind="archive", name="x.zip", source=bytes(data)))
    importer.work_off(workspace_id)
    state, added, _unchanged, failed = result(store)
    assert (state, added, sorted(failed)) == ("done", 1, ["broken.md", "evil.md"])
    assert "http://" in failed["evil.md"]


def test_pages_are_fetched_and_each_that_fails_says_why(store, workspace_id, importer, site):
    paths = ("/returns", "/manual", "/old", "/plain.txt", "/gone", "/loop", "/image", "/huge", "/metadata")
    urls = [f"{site}{path}" for path in paths]
    importer.add(workspace_id, NewImport(kind="urls", name="urls", source=json.dumps({"urls": urls}).encode()))
    importer.work_off(workspace_id)
    state, added, _unchanged, failed = result(store)
    assert (state, added) == ("done", 4)
    assert {url.removeprefix(site): reason.split(".")[0] for url, reason in failed.items()} == {
        "/gone": "The server answered 404",
        "/loop": "It leads to more than 5 redirects",
        "/image": "image/png cannot be read; send Markdown, HTML, PDF, Word, PowerPoint, Excel, CSV of questions and "
        "answers, or plain text",
        "/huge": "It has more than 10,485,760 bytes",
        "/metadata": "The URL leads to a private or reserved address",
    }
    assert ("Returns", f"{site}/returns", None, f"{site}/old") in documents(store)


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
