"""What an item says of itself comes before what its source says."""

from dataclasses import replace

import sqlalchemy as sa

from tests.worker.sources.site import last_run, look, runner_of
from worker.knowledge.library import DocumentMetadata
from worker.sources.kinds import Connectors
from worker.sources.protocol import Fetched
from worker.store.tables import document


def test_an_item_that_is_internal_stays_so_in_a_public_source(store, workspace_id, library, make, centre, runner):
    class Marked:
        def __init__(self, row):
            self._inner = Connectors(guard=runner._connect.guard, roots=(), rate=0)(row)
            self.listing, self.close = self._inner.listing, self._inner.close

        def read(self, item):
            found = self._inner.read(item)
            assert isinstance(found, Fetched)
            if item.key.endswith("/payment"):
                return replace(found, new=replace(found.new, metadata=DocumentMetadata(audience="internal")))
            return found

    make("sitemap", f"{centre.url}/sitemap.xml", audience="public")
    look(runner_of(store, library, connect=Marked), workspace_id)
    with store.read() as connection:
        rows = connection.execute(sa.select(document.c.title, document.c.audience))
        assert dict(rows.all()) == {"Payment": "internal", "Returns": "public", "Delivery": "public"}


def test_a_page_that_turns_into_what_cannot_be_read_keeps_its_document(
    store, workspace_id, runner, make, centre, sources
):
    id = make("page", f"{centre.url}/returns")
    look(runner, workspace_id)
    centre.write("/returns", "x", kind="image/png")
    sources.look(workspace_id, id)
    look(runner, workspace_id)
    assert last_run(store)["failures"] == 1
    with store.read() as connection:
        assert connection.execute(sa.select(document.c.title)).scalars().all() == ["Returns"]
