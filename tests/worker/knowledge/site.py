"""A web site, and archives, to import from."""

import gzip
import http.server
import io
import zipfile

import sqlalchemy as sa

from tests.support import files
from worker.knowledge.imports import Importer
from worker.knowledge.library import Library
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


def importer_of(store, guard, **options):
    idempotency_keys = IdempotencyKeys(store, kept_s=60)
    return Importer(store, Library(store, idempotency_keys), guard, idempotency_keys, **options)


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
