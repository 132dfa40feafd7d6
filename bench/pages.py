"""How soon the console's pages are painted in a real Chromium, beside the login page, which asks the database nothing.

A desk of 2,000 conversations; each page is loaded anew in a browser that has kept nothing of it.
"""

import statistics
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from tests.browser.conftest import FLAGS, chromium_path, enter_key
from tests.support.fakes import accept, answer
from tests.support.stack import services, stack

_CONVERSATIONS = 2_000
_LOADS = 9
_PAGES = ("", "/knowledge", "/quality?days=90", "/callbacks", "/keys", "/health")
_MAX_MS = 300.0
_PAINTED = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null"


def run(models: Path) -> dict[str, Any]:
    """Fill a desk, and look at its pages."""
    path = chromium_path()
    if path is None:
        return {"lines": ["skipped: no Chromium on this machine"]}
    with (
        tempfile.TemporaryDirectory() as folder,
        stack(Path(folder), models, workers=()) as made,
        services(made.env) as built,
        sync_playwright() as playwright,
    ):
        workspace_id = built.keys.workspace()
        for number in range(_CONVERSATIONS):
            sent = accept(built.store, workspace_id, f"Question {number}: how do I reset my password?")
            built.mailbox.finish(built.mailbox.claim(sent["conversation_id"]), answer("Use the link that says so."))
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        page = browser.new_page()
        login = _painted(page, f"{made.url}/console/login")
        enter_key(page)
        page.get_by_role("heading", name="Inbox").wait_for()
        painted = {one or "/": _painted(page, f"{made.url}/console{one}") for one in _PAGES}
        talk = f"/conversations/{sent['conversation_id']}"
        painted["/conversations/…"] = _painted(page, f"{made.url}/console{talk}")
        browser.close()
    told = [f"/console{one}: {ms:.0f} ms, {ms / login:.2f} of the login page" for one, ms in painted.items()]
    return {
        "login_ms": login,
        "painted_ms": painted,
        "slowest_ratio": max(painted.values()) / login,
        "lines": [f"first paint, p50: login page {login:.0f} ms (each at most {_MAX_MS:.0f} ms)", *told],
    }


def _painted(page: Page, url: str) -> float:
    """Return how many milliseconds pass from asking for a page to its first paint, the median of several loads."""
    found = []
    session = page.context.new_cdp_session(page)
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    for _ in range(_LOADS):
        page.goto(url)
        page.wait_for_timeout(100)
        found.append(page.evaluate(_PAINTED))
    return statistics.median(one for one in found if one is not None)
