"""A server that speaks like S3: it checks signatures, lists in pages with tokens, and knows a bucket's region."""

import gzip
import hashlib
import http.server
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, quote_plus, unquote, urlsplit
from xml.sax.saxutils import escape

from minio.credentials import Credentials
from minio.signer import sign_v4_s3

ACCESS_KEY, SECRET_KEY = "AKIAEXAMPLE", "very-secret-key"
_BUCKET = "/bucket"


class Bucket(http.server.ThreadingHTTPServer):
    """Objects by key, which a test changes.

    `busy` is how many requests are refused first, `broken_after` how many are answered before the server breaks,
    `compresses` whether it sends all compressed.
    """

    daemon_threads = True
    per_page = 2

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.objects: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.busy = 0
        self.compresses = False
        self.broken_after: int | None = None
        self.url = f"http://127.0.0.1:{self.server_port}"

    def answer(self, path: str, query: dict[str, str]) -> tuple[int, bytes]:
        """Return the status and the body of an answer to a request that is signed well."""
        if "location" in query:
            return 200, b"<LocationConstraint>eu-central-1</LocationConstraint>"
        if path == _BUCKET:
            return 200, self._listed(query)
        if path.startswith(f"{_BUCKET}/"):
            data = self.objects.get(unquote(path.removeprefix(f"{_BUCKET}/")))
            return (200, data) if data is not None else (404, error("NoSuchKey"))
        return 404, error("NoSuchBucket")

    def _listed(self, query: dict[str, str]) -> bytes:
        assert (query["list-type"], query["encoding-type"]) == ("2", "url")
        keys = sorted(key for key in self.objects if key.startswith(query.get("prefix", "")))
        token = query.get("continuation-token", "")
        assert token == "" or token.startswith("1o/+=")
        first = int(token.removeprefix("1o/+=") or 0)
        shown, more = keys[first : first + self.per_page], first + self.per_page < len(keys)
        entries = "".join(
            f"<Contents><Key>{escape(quote_plus(key))}</Key><LastModified>2026-11-01T00:00:00.000Z</LastModified>"
            f'<ETag>"{hashlib.md5(self.objects[key]).hexdigest()}"</ETag><Size>{len(self.objects[key])}</Size>'
            "<StorageClass>STANDARD</StorageClass></Contents>"
            for key in shown
        )
        following = f"<NextContinuationToken>1o/+={first + self.per_page}</NextContinuationToken>" if more else ""
        return (
            f"<ListBucketResult><Name>bucket</Name><Prefix/><KeyCount>{len(shown)}</KeyCount><EncodingType>url"
            f"</EncodingType><IsTruncated>{str(more).lower()}</IsTruncated>{entries}{following}</ListBucketResult>"
        ).encode()


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 65_536
    server: Bucket

    def do_GET(self) -> None:
        server = self.server
        server.asked.append(self.path)
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        if server.busy:
            server.busy -= 1
            status, body = 503, error("SlowDown")
        elif server.broken_after == 0:
            status, body = 500, error("InternalError")
        else:
            if server.broken_after is not None:
                server.broken_after -= 1
            refused = self._refused("us-east-1" if "location" in query else "eu-central-1")
            status, body = server.answer(parts.path, query) if refused is None else (403, error(refused))
        self.send_response(status)
        self.send_header("Content-Type", "application/xml")
        if server.compresses:
            body = gzip.compress(body)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _refused(self, region: str) -> str | None:
        """Return why a request is refused: it is signed again as it came, and has to have the same signature."""
        given = self.headers.get("Authorization", "")
        if f"Credential={ACCESS_KEY}/" not in given:
            return "InvalidAccessKeyId"
        names = given.partition("SignedHeaders=")[2].partition(",")[0].split(";")
        date = datetime.strptime(self.headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        signed: Any = sign_v4_s3(
            method="GET",
            url=urlsplit(f"{self.server.url}{self.path}"),
            region=region,
            headers={name: self.headers[name] for name in names},
            credentials=Credentials(ACCESS_KEY, SECRET_KEY),
            content_sha256=self.headers["x-amz-content-sha256"],
            date=date,
        )
        return None if signed["Authorization"] == given else "SignatureDoesNotMatch"

    def log_message(self, *_arguments: object) -> None:
        pass


def error(code: str) -> bytes:
    """Return the body of a refusal, which repeats the key as the makers' do."""
    said = (
        f"<Code>{code}</Code><Message>{ACCESS_KEY} was refused</Message><AWSAccessKeyId>{ACCESS_KEY}</AWSAccessKeyId>"
    )
    return f"<Error>{said}<Resource>/bucket</Resource><RequestId>1</RequestId><HostId>2</HostId></Error>".encode()
