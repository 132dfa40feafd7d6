"""Lists of the API: iterate over all items, or over pages. Pages are fetched as they are needed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar, cast

from answerback_client._calls import Call
from answerback_client._transport import AsyncTransport, Transport

Item = TypeVar("Item")


@dataclass(frozen=True)
class Page(Generic[Item]):
    """One page of a list.

    Attributes:
        next_cursor: leads to the next page; None on the last one.
    """

    items: list[Item]
    next_cursor: str | None


class Pages(Generic[Item]):
    """A list of the API. Each iteration begins at its first page and fetches the others as they are needed."""

    def __init__(self, transport: Transport, call: Call[Item]) -> None:
        self._transport = transport
        self._call = call

    def __iter__(self) -> Iterator[Item]:
        for page in self.pages():
            yield from page.items

    def pages(self, cursor: str | None = None) -> Iterator[Page[Item]]:
        """Yield the pages, from the first or from the `next_cursor` of another one."""
        while True:
            page: Page[Item] = _page(self._transport.send(_at(self._call, cursor)))
            yield page
            cursor = page.next_cursor
            if cursor is None:
                return

    def page(self, cursor: str | None = None) -> Page[Item]:
        """Return the first page, or that of a cursor."""
        return next(self.pages(cursor))


class AsyncPages(Generic[Item]):
    """A list of the API, for `async for`; see `Pages`."""

    def __init__(self, transport: AsyncTransport, call: Call[Item]) -> None:
        self._transport = transport
        self._call = call

    async def __aiter__(self) -> AsyncIterator[Item]:
        async for page in self.pages():
            for item in page.items:
                yield item

    async def pages(self, cursor: str | None = None) -> AsyncIterator[Page[Item]]:
        """Yield the pages, from the first or from the `next_cursor` of another one."""
        while True:
            page: Page[Item] = _page(await self._transport.send(_at(self._call, cursor)))
            yield page
            cursor = page.next_cursor
            if cursor is None:
                return

    async def page(self, cursor: str | None = None) -> Page[Item]:
        """Return the first page, or that of a cursor."""
        return cast("Page[Item]", _page(await self._transport.send(_at(self._call, cursor))))


def _at(call: Call[Item], cursor: str | None) -> Call[Any]:
    return cast("Call[Any]", call if cursor is None else replace(call, query={**(call.query or {}), "cursor": cursor}))


def _page(body: dict[str, Any]) -> Page[Any]:
    return Page(body["items"], body.get("next_cursor"))
