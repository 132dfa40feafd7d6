"""Parse the locations of sources: a space, a database, a portal or a bucket."""

import re
from importlib.util import find_spec
from urllib.parse import unquote, urlsplit

from kb.errors import DocumentUnreadable
from worker.states import SourceKind

_IN_SPACE = re.compile(r"(?P<site>.*?)/(?:spaces|display)/(?P<space>[\w.~-]+)(?:/.*)?")
_DATABASE = re.compile(r"/v1/databases/(?P<id>[0-9a-fA-F-]{32,36})/?")
_LOCALE = r"[a-z]{2,3}(?:[_-][A-Za-z]{2,4})?"
_OF_ACCOUNT = re.compile(
    rf"(?:/app|/api/v1)/accounts/(?P<account>\d+)/portals/(?P<portal>[\w-]+)(?:/(?P<locale>{_LOCALE}))?(?:/.*)?"
)
_PUBLIC = re.compile(rf"/hc/(?P<portal>[\w-]+)/(?P<locale>{_LOCALE})(?:/.*)?")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


def check_location(kind: SourceKind, location: str, *, has_token: bool) -> None:
    """Raise unless a URL is the location of a source of this kind.

    Raises:
        DocumentUnreadable: it is not; with what it has to be.
    """
    match kind:
        case SourceKind.CONFLUENCE:
            site_of(location)
        case SourceKind.NOTION:
            database_of(location)
        case SourceKind.CHATWOOT:
            portal_of(location, has_token=has_token)
        case SourceKind.FRESHDESK if urlsplit(location).path.strip("/"):
            raise DocumentUnreadable("Must be the URL of the account, such as https://yours.freshdesk.com.")
        case SourceKind.S3:
            bucket_of(location)
            if find_spec("minio") is None:
                raise DocumentUnreadable("Buckets need a package: pip install 'answerback[s3]'.")


def site_of(location: str) -> tuple[str, str | None]:
    """Return the address of a Confluence, and the key of the space that a location names.

    Raises:
        DocumentUnreadable: it is not where Confluence Cloud is.
    """
    parts = urlsplit(location)
    found = _IN_SPACE.fullmatch(parts.path)
    path = (found["site"] if found else parts.path).rstrip("/")
    if (parts.hostname or "").endswith(".atlassian.net") and path != "/wiki":
        raise DocumentUnreadable("Must be such as https://yours.atlassian.net/wiki or …/wiki/spaces/HELP.")
    return f"{parts.scheme}://{parts.netloc}{path}", found["space"] if found else None


def database_of(location: str) -> str | None:
    """Return the id of the database of Notion that a location names; None for all that is shared.

    Raises:
        DocumentUnreadable: it is neither.
    """
    path = urlsplit(location).path
    if path.rstrip("/") in ("", "/v1"):
        return None
    if (found := _DATABASE.fullmatch(path)) is None:
        raise DocumentUnreadable("Must be https://api.notion.com or https://api.notion.com/v1/databases/ID.")
    return found["id"]


def portal_of(location: str, *, has_token: bool) -> dict[str, str | None]:
    """Parse the location of a Chatwoot help centre: `portal`, `locale`, and `account` with a token.

    Raises:
        DocumentUnreadable: it is not the address of a help centre.
    """
    found = (_OF_ACCOUNT if has_token else _PUBLIC).fullmatch(urlsplit(location).path)
    if found is None and has_token:
        raise DocumentUnreadable("With a token, must be such as https://app.chatwoot.com/app/accounts/1/portals/help.")
    if found is None:
        raise DocumentUnreadable("Without a token, must be such as https://help.example/hc/help/en, with the language.")
    return found.groupdict()


def bucket_of(location: str) -> tuple[str, str]:
    """Return the bucket that a location names, and the prefix of keys.

    Raises:
        DocumentUnreadable: it names no bucket.
    """
    bucket, _, prefix = unquote(urlsplit(location).path.lstrip("/")).partition("/")
    if not _BUCKET.fullmatch(bucket):
        raise DocumentUnreadable(
            "Must name a server and a bucket: https://s3.eu-central-1.amazonaws.com/bucket/folder/."
        )
    return bucket, prefix
