"""The connector of a bucket of S3, or of a server that speaks like it, such as MinIO."""

from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import httpx
import urllib3
from minio import Minio
from minio.error import InvalidResponseError, MinioException, S3Error, ServerError

from kb.documents import MAX_BYTES, media_type_of
from kb.errors import DocumentTooLarge, DocumentUnreadable
from worker.addresses import AddressRefused, Caller
from worker.knowledge.fetching import HEADERS, TOTAL_S, Refused, Unreachable
from worker.sources.locations import bucket_of
from worker.sources.pages import wanted
from worker.sources.protocol import MAX_ITEMS, Gone, Json, Listing, Reading, SourceThrottled, Unlisted, fetched
from worker.sources.web import Web
from worker.store.rows import Source, SourceItem

#: Objects that are looked through for those that can be read.
_MAX_LISTED = 100_000

_BUSY = frozenset({"SlowDown", "SlowDownRead", "ServiceUnavailable", "TooManyRequests", "RequestLimitExceeded"})
_BUSY_S = 30.0

_OF_TRANSFER = frozenset({"content-encoding", "content-length", "transfer-encoding"})

#: What errors mean of which the maker's own words may name keys.
_REASONS = {
    "AccessDenied": "The bucket may not be read with this key.",
    "InvalidAccessKeyId": "The access key is not known.",
    "SignatureDoesNotMatch": "The secret key is wrong.",
    "NoSuchBucket": "There is no such bucket.",
    "PermanentRedirect": "The bucket is in another region, whose server has to be named.",
    "InvalidObjectState": "It is archived, and has to be restored first.",
}


@dataclass(kw_only=True)
class S3:
    """Objects that can be read by the ending of their key; hidden ones do not count. An object's ETag is its mark."""

    source: Source
    web: Web
    _client: Minio = field(init=False)

    def __post_init__(self) -> None:
        parts = urlsplit(self.source.location)
        self._bucket, self._prefix = bucket_of(self.source.location)
        self._pool = _Pool(self.web)
        self._client = Minio(
            parts.netloc,
            access_key=self.source.options.get("access_key"),
            secret_key=self.source.token,
            secure=parts.scheme == "https",
            http_client=self._pool,
        )

    def listing(self, cursor: Json | None) -> Listing:
        """Return the objects under the prefix."""
        del cursor
        listed: Listing = _attempt(self._list)
        return listed

    def read(self, item: SourceItem) -> Reading:
        """Return an object."""
        try:
            data: bytes = _attempt(lambda: self._client.get_object(self._bucket, item.key).read())
        except FileNotFoundError:
            return Gone()
        name = f"{self._where()}#{item.key}"
        return fetched(data, media_type=media_type_of(item.key) or "", name=name, file_name=item.key)

    def close(self) -> None:
        """Close the connections."""
        self._pool.caller.close()
        self.web.close()

    def _list(self) -> Listing:
        items: dict[str, str | None] = {}
        found = self._client.list_objects(self._bucket, prefix=self._prefix, recursive=True)
        for number, entry in enumerate(found):
            if number >= _MAX_LISTED or len(items) > MAX_ITEMS:
                raise DocumentTooLarge(f"The bucket has more than {MAX_ITEMS:,} files, or {_MAX_LISTED:,} objects.")
            name = entry.object_name or ""
            is_hidden = any(part.startswith(".") for part in name.split("/"))
            if entry.size and not is_hidden and media_type_of(name) and wanted(self.source.options, name):
                items[name] = f"{entry.etag}-{entry.size}"
        return Listing(items=items, unlisted=Unlisted.GONE)

    def _where(self) -> str:
        parts = urlsplit(self.source.location)
        return f"{parts.scheme}://{parts.netloc}/{self._bucket}"


class _Pool(urllib3.PoolManager):
    """The requests of the library, under the address rules and at the pace of other sources."""

    def __init__(self, web: Web) -> None:
        super().__init__()
        self._web = web
        self._lists = 0
        self.caller = Caller(web.guard, total_s=TOTAL_S)

    def urlopen(  # type: ignore[override]  # the library calls it so, and reads of the answer what is here
        self, method: str, url: str, redirect: bool = True, **options: Any
    ) -> urllib3.HTTPResponse:
        """Make a request; a redirect is not followed, since what is signed for one host is refused by another."""
        del redirect
        self._lists += "list-type=2" in url
        if self._lists > _MAX_LISTED // 100:
            raise DocumentUnreadable("The list of the server never ends.")
        self._web.guard.check_url(url)
        self._web.pause()
        headers = {**dict(options.get("headers") or {}), "User-Agent": HEADERS["user-agent"]}
        with self.caller.stream(method, url, headers=headers, content=options.get("body")) as answer:
            data = bytearray()
            for piece in answer.iter_bytes():
                data += piece
                if len(data) > MAX_BYTES:
                    raise DocumentTooLarge(f"It has more than {MAX_BYTES:,} bytes.")
        # The body is decoded already, so what describes how it was sent is not handed on.
        kept = {name: value for name, value in answer.headers.items() if name.lower() not in _OF_TRANSFER}
        preload = options.get("preload_content", True)
        return urllib3.HTTPResponse(BytesIO(data), headers=kept, status=answer.status_code, preload_content=preload)


def _attempt(call: Callable[[], Any]) -> Any:
    """Call the server and return its result; its own words of an error, which may name keys, are not repeated.

    Raises:
        FileNotFoundError: the object is not there.
        SourceThrottled: the server asks to wait.
        Unreachable: it does not answer, or fails.
        DocumentUnreadable: it refuses.
    """
    try:
        return call()
    except S3Error as error:
        code = error.code or "an error"
        if code == "NoSuchKey":
            raise FileNotFoundError from None
        if code in _BUSY:
            raise SourceThrottled("The server is busy.", retry_after_s=_BUSY_S) from None
        kind = Unreachable if code == "InternalError" else DocumentUnreadable
        raise kind(_REASONS.get(code, f"The server answered {code}.")) from None
    except ServerError as error:
        raise Unreachable(f"The server answered {error.status_code}.") from None
    except (InvalidResponseError, MinioException, SyntaxError, ValueError):
        raise DocumentUnreadable("There is no bucket here: the server does not speak S3.") from None
    except AddressRefused as error:
        raise Refused(str(error)) from None
    except (httpx.HTTPError, httpx.InvalidURL, urllib3.exceptions.HTTPError, OSError) as error:
        raise Unreachable(f"The server cannot be reached: {type(error).__name__}.") from None
