"""URLs of databases and servers."""

from pathlib import Path
from urllib.parse import quote, urlsplit


def sqlite_url(path: Path) -> str:
    """Return the URL of a SQLite file, whatever its folder is called."""
    return f"sqlite:///{quote(str(path))}"


def masked(url: str) -> str:
    """Return a URL for logs and pages: scheme, host, port and path, never a user, a password or options."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    try:
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        port = ""
    return f"{parts.scheme}://{host}{port}{parts.path}"
