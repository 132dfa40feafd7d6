"""Run coroutines from tests that may share their process with a browser's event loop."""

from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anyio


def run(function: Callable[..., Awaitable[Any]], *arguments: Any) -> Any:
    """Return what a coroutine returns, in an event loop of its own: Playwright leaves one in the main thread."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(anyio.run, function, *arguments).result()
