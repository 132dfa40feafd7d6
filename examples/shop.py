"""The back office of a small shop, an example for tools: orders, invoices and customers over HTTP.

    SHOP_TOKEN=shop-secret-token python examples/shop.py --port 8077

Each call needs `Authorization: Bearer $SHOP_TOKEN` and the customer's e-mail address; orders of other customers are not
found. A cancellation is done once for each Idempotency-Key.
"""

import argparse
import http.server
import json
import os
import time
from urllib.parse import parse_qs, unquote, urlsplit

ORDERS = {
    "1001": {
        "id": "1001",
        "email": "ada@shop.example",
        "status": "shipped",
        "shipped_on": "2026-11-20",
        "carrier": "Parcel Express",
        "total": "59.90 EUR",
        "internal_note": "margin 41 percent",
    },
    "1002": {
        "id": "1002",
        "email": "ada@shop.example",
        "status": "open",
        "shipped_on": None,
        "carrier": None,
        "total": "12.50 EUR",
        "internal_note": "",
    },
    "2001": {
        "id": "2001",
        "email": "grace@shop.example",
        "status": "open",
        "shipped_on": None,
        "carrier": None,
        "total": "240.00 EUR",
        "internal_note": "",
    },
}
INVOICES = [
    {"number": "R-77", "email": "ada@shop.example", "order": "1001", "amount": "59.90 EUR", "paid": True},
    {"number": "R-78", "email": "grace@shop.example", "order": "2001", "amount": "240.00 EUR", "paid": False},
]
CUSTOMERS = {
    "ada@shop.example": {"name": "Ada", "points": 340, "since": "2021-03-01"},
    "grace@shop.example": {"name": "Grace", "points": 12, "since": "2024-07-15"},
}


class Shop(http.server.ThreadingHTTPServer):
    """The HTTP server. `calls` lists (method, path, Idempotency-Key) in the order of arrival."""

    daemon_threads = True

    def __init__(self, port: int = 0, *, token: str) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.token = token
        self.orders = {id: dict(order) for id, order in ORDERS.items()}
        self.calls: list[tuple[str, str, str | None]] = []
        self.cancelled: list[str] = []
        self.seen_keys: set[str] = set()
        self.failures: list[int] = []  # statuses to answer the next calls with
        self.drip_s = 0.0  # pause after each byte of an answer


class Handler(http.server.BaseHTTPRequestHandler):
    """Handles one request."""

    server: Shop

    def do_GET(self) -> None:
        """Return an order, the invoices or the customer."""
        self._serve()

    def do_POST(self) -> None:
        """Cancel an order."""
        self._serve()

    def _serve(self) -> None:
        shop = self.server
        parts = urlsplit(self.path)
        length = int(self.headers.get("Content-Length", 0))
        body = json.loads(self.rfile.read(length) or b"{}") if length else {}
        shop.calls.append((self.command, self.path, self.headers.get("Idempotency-Key")))
        if shop.failures:
            self._answer(shop.failures.pop(0), {"error": "planned failure"})
            return
        if self.headers.get("Authorization") != f"Bearer {shop.token}":
            self._answer(401, {"error": "no token"})
            return
        email = body.get("email") or parse_qs(parts.query).get("email", [""])[0]
        path = [unquote(part) for part in parts.path.strip("/").split("/")]
        if path[0] == "orders" and len(path) >= 2:
            order = shop.orders.get(path[1])
            if order is None or order["email"] != email:
                self._answer(404, {"error": "unknown order"})
            elif self.command == "POST" and path[2:] == ["cancel"]:
                key = self.headers.get("Idempotency-Key") or ""
                if key not in shop.seen_keys:
                    if order["status"] != "open":
                        self._answer(409, {"error": "already shipped"})
                        return
                    shop.seen_keys.add(key)
                    shop.cancelled.append(path[1])
                    order["status"] = "cancelled"
                self._answer(200, order)
            else:
                self._answer(200, order)
        elif path == ["invoices"]:
            self._answer(200, [invoice for invoice in INVOICES if invoice["email"] == email])
        elif path == ["customers"]:
            self._answer(200, CUSTOMERS[email]) if email in CUSTOMERS else self._answer(404, {})
        else:
            self._answer(404, {"error": "unknown path"})

    def _answer(self, status: int, body: object) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        for piece in (data,) if not self.server.drip_s else (data[n : n + 1] for n in range(len(data))):
            try:
                self.wfile.write(piece)
            except OSError:  # the caller gave up
                return
            time.sleep(self.server.drip_s)

    def log_message(self, *_arguments: object) -> None:
        """Do not log requests."""


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=8077)
    with Shop(parser.parse_args().port, token=os.environ.get("SHOP_TOKEN", "shop-secret-token")) as shop:
        shop.serve_forever()


if __name__ == "__main__":
    main()
