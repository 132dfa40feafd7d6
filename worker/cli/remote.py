"""A server as commands use it over HTTP: which one, with which key, and its answers."""

import functools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from worker.cli.base import Failure, Refused, Unavailable
from worker.cli.profiles import DEFAULT, read_profiles
from worker.settings import Settings

if TYPE_CHECKING:
    import httpx

    from worker.cli.profiles import Profile

#: Seconds of a long poll, and of a request beyond what it waits for.
WAIT_S = 30
_TIMEOUT_S = 20.0

#: Least seconds between two polls that bring nothing.
_SHORT_WAIT_S = 1.0

_LOCAL = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, kw_only=True)
class Server:
    """A server and the key to it; `key_from` says where the key was found."""

    url: str
    key: str
    key_from: str


def server_options(command: Callable[..., Any] | None = None, *, optional: bool = False) -> Callable[..., Any]:
    """Give a command `--url`, `--key` and `--profile`; it gets `server`.

    With `optional`, `server` is None unless one of the options, or ANSWERBACK_URL or ANSWERBACK_PROFILE, names one:
    the command then works on the installation of this machine.
    """
    if command is None:
        return functools.partial(server_options, optional=optional)

    @click.option("--profile", envvar="ANSWERBACK_PROFILE", help="The server of this profile; see `answerback login`.")
    @click.option("--url", envvar="ANSWERBACK_URL", help="Address of a server.")
    @click.option("--key", envvar="ANSWERBACK_API_KEY", help="API key for the server.")
    @functools.wraps(command)
    def with_server(*arguments: Any, profile: str | None, url: str | None, key: str | None, **options: Any) -> Any:
        is_local = optional and profile is None and url is None
        return command(*arguments, server=None if is_local else find_server(profile, url, key), **options)

    return with_server


def find_server(profile: str | None, url: str | None, key: str | None) -> Server:
    """Return the server: of the options or the environment, else of a profile, else of this machine.

    Raises:
        Failure: the profile is unknown, or no key is known for the server.
    """
    profiles = read_profiles()
    if profile is not None and profile not in profiles:
        known = ", ".join(sorted(profiles)) or "there are none"
        raise Failure(f"There is no profile {profile} ({known}): make it with `answerback login --profile {profile}`.")
    found = profiles.get(profile or DEFAULT)
    if profile is None and url is not None and (found is None or found.url != url.rstrip("/")):
        found = next((known for known in profiles.values() if known.url == url.rstrip("/")), None)
    address = (url or (found.url if found else "")).rstrip("/")
    if not address:
        return _of_this_machine(key)
    if key is not None:
        return Server(url=checked_url(address), key=key, key_from="--key or ANSWERBACK_API_KEY")
    return _with_key_of(found, checked_url(address))


def _with_key_of(found: "Profile | None", url: str) -> Server:
    if found is None or found.url != url:  # the key of one server is sent to no other
        raise Failure(f"No API key is known for {url}: give --key, or run `answerback login {url}` once.")
    return Server(url=url, key=found.key, key_from="the profile")


def _of_this_machine(key: str | None) -> Server:
    from worker.launch.local_server import key_file

    settings = Settings.from_env()
    file = key_file(settings)
    if key is not None:
        return Server(url=settings.web_address, key=key, key_from="--key or ANSWERBACK_API_KEY")
    if not file.is_file():
        raise Failure(
            "No server is known: run `answerback up` (or `make up`) here first, `answerback login URL` for a server "
            "elsewhere, or give --url and --key."
        )
    return Server(url=settings.web_address, key=file.read_text().strip(), key_from=str(file))


def checked_url(url: str) -> str:
    """Return the address of a server.

    Raises:
        UsageError: it is none.
    """
    try:
        parts = urlsplit(url)
        valid = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # such as http://[::1 or a port that is no number
        valid = False
    if not valid:
        raise click.UsageError(f"{url} is no address of a server: write it as https://answers.example.")
    return url.rstrip("/")


class Unreachable(Unavailable):
    """A server did not answer, or could not for the moment; `after_s` is when to try again, if it said so."""

    def __init__(self, message: str, *, after_s: float = 0.0) -> None:
        super().__init__(message)
        self.after_s = after_s


class Remote:
    """Calls the API of one server."""

    def __init__(self, server: Server, client: "httpx.Client") -> None:
        self._server = server
        self._client = client

    def get(self, path: str, *, wait_s: int | None = None, **query: Any) -> dict[str, Any]:
        """Return the answer to a GET; parameters that are None are left out. Raises as `call`."""
        headers = {} if wait_s is None else {"Prefer": f"wait={wait_s}"}
        given = {name: value for name, value in query.items() if value is not None}
        return self.call("GET", path, params=given, headers=headers, timeout=_TIMEOUT_S + (wait_s or 0))

    def list(self, path: str, *, limit: int, **query: Any) -> list[dict[str, Any]]:
        """Return up to `limit` items of a list, from as many pages as it takes. Raises as `call`."""
        items: list[dict[str, Any]] = []
        cursor: str | None = None
        while len(items) < limit:
            page = self.get(path, cursor=cursor, limit=min(100, limit - len(items)), **query)
            items += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        return items

    def post(self, path: str, body: dict[str, Any] | None = None, *, timeout_s: float = _TIMEOUT_S) -> dict[str, Any]:
        """Return the answer to a POST. Raises as `call`."""
        return self.call("POST", path, json=body, timeout=timeout_s)

    def call(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        """Return the answer to a request.

        Raises:
            Unreachable: the server cannot be reached, or says that it cannot answer now.
            Failure: it refuses the key or the request.
        """
        import httpx

        try:
            response = self._client.request(method, path, **options)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            reason = str(error) or type(error).__name__
            raise Unreachable(f"{self._server.url} cannot be reached ({reason}): is it running?") from None
        if response.is_success:
            return self._json(response)
        raise self._failure(response)

    def _json(self, response: "httpx.Response") -> dict[str, Any]:
        try:
            found = response.json()
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise Failure(f"{self._server.url} does not answer as Answerback does: is the address right?")
        return found

    def _failure(self, response: "httpx.Response") -> Failure:
        try:
            problem = response.json()
            detail = str(problem["detail"])
        except (ValueError, KeyError, TypeError):
            detail = f"{self._server.url} responded with {response.status_code}."
        if response.status_code in (401, 403):
            return Refused(f"{detail} The key is from {self._server.key_from}.")
        if response.status_code == 429 or response.status_code >= 500:
            after = response.headers.get("retry-after", "")
            return Unreachable(detail, after_s=float(after) if after.isdigit() else 0.0)
        return Failure(detail)


@contextmanager
def connect(server: Server) -> Iterator[Remote]:
    """Yield a server's API; proxies of the environment are not used for this machine."""
    import httpx

    remote = urlsplit(server.url).hostname not in _LOCAL
    headers = {"Authorization": f"Bearer {server.key}"}
    with httpx.Client(base_url=server.url, headers=headers, trust_env=remote) as client:
        yield Remote(server, client)


def follow(
    remote: Remote,
    cursor: str,
    *,
    interrupted: Callable[[str], None],
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
    **filters: Any,
) -> Iterator[dict[str, Any]]:
    """Yield the events of the feed after a cursor, for ever; each has the cursor of what follows it.

    A connection that breaks is made again, and the feed goes on where it was: `interrupted` is told why, once.
    """
    failures = 0
    while True:
        asked = clock()
        try:
            page = remote.get("/v1/events", cursor=cursor, limit=100, wait_s=WAIT_S, **filters)
        except Unreachable as error:
            if failures == 0:
                interrupted(error.message)
            failures += 1
            sleep(max(error.after_s, min(0.25 * 2 ** min(failures, 6), 10.0)))
            continue
        failures = 0
        yield from page["items"]
        if not page["items"] and clock() - asked < _SHORT_WAIT_S:
            sleep(_SHORT_WAIT_S)  # the server had no place for another long poll
        cursor = page["next_cursor"]
