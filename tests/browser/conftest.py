"""A real Chromium, and a desk of real processes to look at with it."""

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

#: Twice the usual, for busy machines; less than the 15 s after which the console looks by itself.
expect.set_options(timeout=10_000)

#: Where the pictures of the documentation go; nowhere without it.
PICTURES = os.environ.get("TEST_PICTURES")


def chromium_path() -> str | None:
    """Where the browser of this machine is; TEST_CHROMIUM says so, or it is found by its name."""
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
    """A desk with the sample knowledge and a language model that tests steer."""
    home = tmp_path_factory.mktemp("desk")
    with processes.model_server() as model:
        settings = {"OPENAI_BASE_URL": f"{model}/v1", "ANSWERBACK_MODELS": "good", "ANSWERBACK_ANSWER_CACHE_S": "0"}
        settings |= {"ANSWERBACK_CORS_ORIGINS": "*"}  # a shop's page on another port
        workers = ("answer", "callback", "ingest")
        with stack(home, models, workers=workers, sample=sample_folder(), **settings) as made:
            made.env["TEST_MODEL"] = model
            yield made


@pytest.fixture
def steer(desk: Stack):
    """Say how the language model behaves; it answers well again afterwards."""

    def do(**settings: object) -> None:
        request = urllib.request.Request(
            f"{desk.env['TEST_MODEL']}/control", method="POST", data=json.dumps(settings).encode()
        )
        urllib.request.urlopen(request).read()

    yield do
    do(mode="answer", text="", tokens_per_s=0.0)


@pytest.fixture
def new_page(chromium: Browser):
    """Open pages, each of a visitor of their own; whatever goes wrong in one fails the test, except `but`."""
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


@pytest.fixture
def operator(desk: Stack, new_page):
    """Somebody who is logged in to the console."""

    def do(**options: object) -> Page:
        page = new_page(**options)
        page.goto(f"{desk.url}/console/login")
        page.get_by_label("API key").fill(KEY)
        page.get_by_role("button", name="Log in", exact=True).click()
        page.wait_for_url("**/console")
        return page

    return do


@pytest.fixture
def picture():
    """Keep a picture of a page for the documentation, where it is asked for."""

    def do(page: Page, name: str) -> None:
        if PICTURES:
            Path(PICTURES).mkdir(parents=True, exist_ok=True)
            page.screenshot(path=str(Path(PICTURES) / f"{name}.png"))

    return do
