"""A real Chromium, and a desk of real processes."""

import json
import os
import shutil
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from tests.support import processes
from tests.support.stack import KEY, Stack, stack
from worker.launch.up import sample_folder

FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")

#: Twice the default, for busy machines; less than the 15 s after which the console refreshes by itself.
expect.set_options(timeout=10_000)

#: Folder for the screenshots of the documentation; none are taken without it.
PICTURES = os.environ.get("TEST_PICTURES")


def chromium_path() -> str | None:
    """Return the path of the browser: TEST_CHROMIUM, or the first one found by name; None without one."""
    return os.environ.get("TEST_CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The browser of this machine."""
    path = chromium_path()
    if path is None:
        if "chromium" in os.environ.get("TEST_REQUIRE", "").split(","):
            pytest.fail("chromium is required but not on this machine")
        pytest.skip("no Chromium on this machine")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory, models: Path, chromium: Browser) -> Iterator[Stack]:
    """A desk with the sample knowledge base and a language model that tests control."""
    home = tmp_path_factory.mktemp("desk")
    with processes.model_server() as model:
        settings = {"OPENAI_BASE_URL": f"{model}/v1", "ANSWERBACK_MODELS": "good", "ANSWERBACK_ANSWER_CACHE_S": "0"}
        settings |= {"ANSWERBACK_CORS_ORIGINS": "*"}  # the page of a shop on another port
        workers = ("answer", "callback", "ingest")
        with stack(home, models, workers=workers, sample=sample_folder(), **settings) as made:
            made.env["TEST_MODEL"] = model
            yield made


@pytest.fixture
def steer(desk: Stack):
    """Set the behaviour of the language model; it is reset afterwards."""

    def do(**settings: object) -> None:
        request = urllib.request.Request(
            f"{desk.env['TEST_MODEL']}/control", method="POST", data=json.dumps(settings).encode()
        )
        urllib.request.urlopen(request).read()

    yield do
    do(mode="answer", text="", tokens_per_s=0.0)


@pytest.fixture
def new_page(chromium: Browser):
    """Open pages in separate browser sessions; an error on a page fails the test, unless its text contains `but`."""
    contexts: list[BrowserContext] = []
    wrong: list[str] = []

    def do(*, but: str | None = None, **options: object) -> Page:
        context = chromium.new_context(**options)
        contexts.append(context)
        page = context.new_page()

        def note(message: ConsoleMessage) -> None:
            if message.type in ("error", "warning") and (but is None or but not in message.text):
                wrong.append(f"{message.type}: {message.text} ({message.location.get('url')}, on {page.url})")

        page.on("console", note)
        page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
        page.on("dialog", lambda dialog: dialog.accept())
        return page

    yield do
    for context in contexts:
        context.close()
    assert not wrong


def enter_key(page: Page) -> None:
    """Log in with the API key, on the login page."""
    page.get_by_text("Use an API key instead").click()
    page.get_by_label("API key").fill(KEY)
    page.get_by_role("button", name="Log in with the key").click()


@pytest.fixture
def operator(desk: Stack, new_page):
    """Open the console, logged in."""

    def do(**options: object) -> Page:
        page = new_page(**options)
        page.goto(f"{desk.url}/console/login")
        enter_key(page)
        page.wait_for_url("**/console")
        return page

    return do


@pytest.fixture
def picture():
    """Take a screenshot of a page for the documentation if TEST_PICTURES is set."""

    def do(page: Page, name: str) -> None:
        if PICTURES:
            Path(PICTURES).mkdir(parents=True, exist_ok=True)
            page.screenshot(path=str(Path(PICTURES) / f"{name}.png"))

    return do
