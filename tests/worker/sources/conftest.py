import threading

import pytest

from tests.worker.knowledge.conftest import clock, counting, indexer, library, snapshot_cache
from tests.worker.sources.help_centres import IntercomArticles, ZendeskGuide
from tests.worker.sources.site import HelpCentre, runner_of, sources_of

__all__ = ["clock", "counting", "indexer", "library", "snapshot_cache"]


@pytest.fixture
def centre():
    """A help centre of three pages."""
    with HelpCentre() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        for path in ("/returns", "/delivery", "/payment"):
            server.write(path, f"About {path}.")
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def sources(store, library):
    return sources_of(store, library)


@pytest.fixture
def runner(store, library):
    return runner_of(store, library)


@pytest.fixture
def make(sources, workspace_id):
    """Make a source and return its id."""

    def do(kind, location, **options):
        return sources.make(workspace_id, {"kind": kind, "location": location, **options})["id"]

    return do


def _served(server):
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def guide():
    """Zendesk Guide with four articles, of which one is for agents, and a draft."""
    server = ZendeskGuide()
    for id, title in ((1, "Returns"), (2, "Delivery"), (3, "Payment")):
        server.write(id, title)
    server.write(4, "Internal", user_segment_id=5)
    server.write(5, "Draft", draft=True)
    server.clock += 600
    yield from _served(server)


@pytest.fixture
def articles():
    """Intercom with three articles and a draft."""
    server = IntercomArticles()
    for id, title in ((1, "Returns"), (2, "Delivery"), (3, "Payment")):
        server.write(id, title)
    server.write(4, "Draft", state="draft")
    yield from _served(server)
