"""The connector of a git repository of Markdown."""

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
from dulwich.client import AbstractHttpGitClient, GitClient, LocalGitClient
from dulwich.errors import GitProtocolError, NotGitRepository
from dulwich.object_store import iter_tree_contents
from dulwich.objects import Blob, Commit, ObjectID
from dulwich.refs import Ref
from dulwich.repo import MemoryRepo

from kb.documents import media_type_of
from kb.errors import DocumentTooLarge, DocumentUnreadable
from worker.addresses import AddressRefused, Caller, Guard
from worker.knowledge.fetching import HEADERS, Unreachable
from worker.sources.folder import allowed_folder
from worker.sources.pages import wanted
from worker.sources.protocol import MAX_ITEMS, Gone, Json, Listing, Reading, Unlisted, fetched
from worker.store.rows import Source, SourceItem

_TOTAL_S = 120.0
_MAX_BYTES = 200 * 1024 * 1024
_MAX_REDIRECTS = 3
_MARKDOWN = ["*.md", "*.markdown"]


@dataclass(kw_only=True)
class Git:
    """The files of a branch: Markdown, unless the source says which. Only a new commit is fetched, without its past."""

    source: Source
    guard: Guard
    roots: Sequence[str]
    _repository: MemoryRepo = field(default_factory=MemoryRepo)
    _blobs: dict[str, ObjectID] | None = None

    def listing(self, cursor: Json | None) -> Listing:
        """Return the files of the branch's commit, with their ids as marks."""
        commit = self._commit()
        if cursor is not None and cursor.get("commit") == commit.decode():
            return Listing(items={}, unlisted=Unlisted.KEPT, cursor=cursor)
        blobs = self._files(commit)
        items: dict[str, str | None] = {name: id.decode() for name, id in blobs.items()}
        return Listing(items=items, unlisted=Unlisted.GONE, cursor={"commit": commit.decode()})

    def read(self, item: SourceItem) -> Reading:
        """Return a file."""
        blobs = self._files(self._commit()) if self._blobs is None else self._blobs
        if item.key not in blobs:
            return Gone()
        blob = self._repository.object_store[blobs[item.key]]
        if not isinstance(blob, Blob):
            raise DocumentUnreadable("It is not a file.")
        branch = self.source.options.get("branch")
        name = f"{self.source.location}{f'@{branch}' if branch else ''}#{item.key}"
        return fetched(blob.data, media_type=media_type_of(item.key) or "", name=name, file_name=item.key)

    def close(self) -> None:
        """Forget what was fetched."""
        self._repository.close()

    def _client(self) -> tuple[GitClient, bytes]:
        location = self.source.location
        if urlsplit(location).scheme in ("http", "https"):
            return _GuardedClient(location, guard=self.guard, token=self.source.token), location.encode()
        return LocalGitClient(), str(allowed_folder(location, self.roots)).encode()

    def _commit(self) -> ObjectID:
        """Return the id of the commit that the branch is at now."""
        branch = self.source.options.get("branch")
        name = f"refs/heads/{branch}".encode() if branch else b"HEAD"
        client, path = self._client()
        refs = _attempt(lambda: client.get_refs(path).refs)
        if (commit := refs.get(name)) is None:
            raise DocumentUnreadable(f"The repository has no branch {branch}." if branch else "It has no commit.")
        return ObjectID(commit)

    def _files(self, commit: ObjectID) -> dict[str, ObjectID]:
        """Fetch a commit and return the ids of its files that are wanted, by their paths."""
        client, path = self._client()
        repository = self._repository

        def wants(refs: Mapping[Ref, ObjectID], depth: int | None = None) -> list[ObjectID]:
            del refs, depth
            return [commit]

        _attempt(lambda: client.fetch(path, repository, determine_wants=wants, depth=1))
        found = repository.object_store[commit]
        if not isinstance(found, Commit):
            raise DocumentUnreadable("The branch is not at a commit.")
        tree: Iterator[Any] = iter_tree_contents(repository.object_store, found.tree)
        include = {} if self.source.options.get("include") else {"include": _MARKDOWN}
        options = {**self.source.options, **include}
        self._blobs = {}
        for entry in tree:
            name = entry.path.decode(errors="replace")
            if entry.mode & 0o170000 == 0o100000 and media_type_of(name) and wanted(options, name):
                self._blobs[name] = entry.sha
        if len(self._blobs) > MAX_ITEMS:
            raise DocumentTooLarge(f"The repository has more than {MAX_ITEMS:,} files.")
        return self._blobs


def _attempt(call: Callable[[], Any]) -> Any:
    """Call a repository and return its result.

    Raises:
        Unreachable: the server does not answer.
        DocumentUnreadable: there is no repository, or it may not be read.
    """
    try:
        return call()
    except NotGitRepository:
        raise DocumentUnreadable("There is no repository, or its token is needed.") from None
    except (GitProtocolError, AssertionError, KeyError, ValueError, EOFError) as error:
        raise DocumentUnreadable(f"The repository cannot be read: {type(error).__name__}.") from None
    except OSError as error:
        raise Unreachable(f"The repository cannot be read: {type(error).__name__}.") from None


class _Response:
    """The parts of a response that dulwich looks at."""

    def __init__(self, content_type: str | None, body: bytes, redirect_location: str | None) -> None:
        self.content_type = content_type
        self.redirect_location = redirect_location
        self._body = io.BytesIO(body)
        self.read = self._body.read

    def close(self) -> None:
        self._body.close()


class _GuardedClient(AbstractHttpGitClient):
    """Git over HTTP, under the address rules of other fetches."""

    def __init__(self, url: str, *, guard: Guard, token: str | None) -> None:
        super().__init__(url, quiet=True)
        self._guard = guard
        self._auth = ("token", token) if token else None
        self._home = urlsplit(url)[:2]

    def _http_request(  # type: ignore[override]  # dulwich reads of a response only what `_Response` has
        self, url: str, headers: Any = None, data: Any = None, raise_for_status: bool = True
    ) -> tuple[_Response, Callable[[int], bytes]]:
        """Make a request (see the base class) and follow redirects; only the source's own server gets the token."""
        body = b"".join(data) if data is not None and not isinstance(data, bytes) else data
        headers = {"user-agent": HEADERS["user-agent"], **(headers or {})}
        redirected = None
        try:
            for _ in range(_MAX_REDIRECTS + 1):
                self._guard.check_url(url)
                auth = self._auth if urlsplit(url)[:2] == self._home else None
                with (
                    Caller(self._guard, total_s=_TOTAL_S) as caller,
                    caller.stream(
                        "GET" if body is None else "POST", url, headers=headers, content=body, auth=auth
                    ) as answer,
                ):
                    if answer.is_redirect and body is None and "location" in answer.headers:
                        url = redirected = urljoin(url, answer.headers["location"])
                        continue
                    response = _response(answer, redirected, raise_for_status=raise_for_status)
                    return response, response.read
        except AddressRefused as error:
            raise DocumentUnreadable(str(error)) from None
        except httpx.HTTPError as error:
            raise Unreachable(f"The repository cannot be read: {type(error).__name__}.") from None
        raise DocumentUnreadable("The repository leads to too many redirects.")


def _response(answer: httpx.Response, redirected: str | None, *, raise_for_status: bool) -> _Response:
    if answer.status_code in (401, 403, 404):
        raise NotGitRepository
    if raise_for_status and answer.status_code != 200:
        raise Unreachable(f"The server answered {answer.status_code}.")
    found = bytearray()
    for piece in answer.iter_bytes():
        found += piece
        if len(found) > _MAX_BYTES:
            raise DocumentTooLarge(f"The repository has more than {_MAX_BYTES // 1024**2} MiB.")
    return _Response(answer.headers.get("content-type"), bytes(found), redirected)
