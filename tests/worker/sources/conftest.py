import threading

import pytest

from tests.worker.knowledge.conftest import clock, counting, indexer, library, snapshot_cache
from tests.worker.sources.following import Following
from tests.worker.sources.help_centres import ChatwootPortal, FreshdeskSolutions, IntercomArticles, ZendeskGuide
from tests.worker.sources.site import HelpCentre, runner_of, sources_of
from tests.worker.sources.wikis import ConfluenceWiki, NotionWorkspace, block, text

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


@pytest.fixture
def solutions():
    """Freshdesk with three articles that all see, one for agents in a folder inside, and a draft."""
    server = FreshdeskSolutions()
    server.fold(10, visibility=1)
    server.fold(20, visibility=3)
    server.fold(21, visibility=1, parent=20)
    for id, title in ((1, "Returns"), (2, "Delivery"), (3, "Payment")):
        server.write(id, title, tags=["shop"])
    server.write(4, "Internal", folder=21)
    server.write(5, "Draft", status=1)
    yield from _served(server)


@pytest.fixture
def portal():
    """Chatwoot with three articles in English and one in German, a draft and an archived one."""
    server = ChatwootPortal()
    for id, title in ((1, "Returns"), (2, "Delivery"), (3, "Payment")):
        server.write(id, title, meta={"tags": ["shop"]})
    server.write(4, "Rückgabe", "Dreißig Tage lang.", locale="de")
    server.write(5, "Draft", status="draft")
    server.write(6, "Archived", status="archived")
    yield from _served(server)


@pytest.fixture
def wiki(request):
    """Confluence with five pages: three for all, one with readers of its own, and one below it. Cloud, unless told."""
    server = ConfluenceWiki(is_cloud=getattr(request, "param", "cloud") == "cloud")
    for id, title in ((1, "Returns"), (2, "Delivery"), (3, "Payment")):
        server.write(id, title, labels=("shop",))
    server.write(4, "Refunds for staff", readers=("ann",))
    server.write(5, "Exceptions", parent=4)
    yield from _served(server)


@pytest.fixture
def workspace():
    """Notion with three pages, one in the trash, and two rows of a database."""
    server = NotionWorkspace()
    for id, title in (("a", "Returns"), ("b", "Delivery"), ("c", "Payment")):
        server.write(id, title)
    server.write("d", "Trash", in_trash=True)
    for id, title in (("row1", "Warranty"), ("row2", "Sizes")):
        tags = {"type": "multi_select", "multi_select": [{"name": "shop"}]}
        answer = {"type": "rich_text", "rich_text": text(f"It is about {title.lower()}.")}
        server.write(id, title, [block("paragraph")], properties={"Topics": tags, "Answer": answer})
    yield from _served(server)


@pytest.fixture
def following(store, workspace_id, sources, runner, indexer, counting, snapshot_cache, clock):
    return Following(
        store=store,
        workspace_id=workspace_id,
        sources=sources,
        runner=runner,
        indexer=indexer,
        counting=counting,
        snapshots=snapshot_cache,
        clock=clock,
    )
