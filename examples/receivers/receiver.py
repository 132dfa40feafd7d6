"""Verify callbacks with the standard library: `CALLBACK_SECRET=whsec_… python receiver.py` listens on port 9000."""

import base64
import hashlib
import hmac
import json
import os
import re
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOLERANCE_S = 300


def verified(secret: str, headers, body: bytes) -> bool:
    """Return whether a signature is valid and the timestamp is within five minutes of now."""
    id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not re.fullmatch("[0-9]{1,12}", timestamp) or abs(time.time() - int(timestamp)) > TOLERANCE_S:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    expected = base64.b64encode(hmac.new(key, f"{id}.{timestamp}.".encode() + body, hashlib.sha256).digest())
    signatures = headers.get("webhook-signature", "").split()
    return any(hmac.compare_digest(b"v1," + expected, signature.encode()) for signature in signatures)


class Receiver(BaseHTTPRequestHandler):
    """Accepts callbacks with a valid signature and rejects others with 401."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        if not verified(os.environ["CALLBACK_SECRET"], self.headers, body):
            self.send_response(401)
            self.end_headers()
            return
        # The same webhook-id can arrive twice: store the ids, and process each once.
        sys.stdout.write(f"{self.headers['webhook-id']} {json.loads(body)['type']}\n")
        sys.stdout.flush()
        self.send_response(204)
        self.end_headers()


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "9000"))), Receiver).serve_forever()
