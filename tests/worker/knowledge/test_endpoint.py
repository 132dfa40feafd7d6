"""A knowledge base whose embedding model is behind an endpoint, which comes and goes."""

import threading

import pytest
import sqlalchemy as sa

from kb.errors import EmbedderUnavailable
from tests.support.embeddings import DIMENSIONS, embeddings
from tests.support.endpoint import endpoint, refusal
from tests.support.fakes import TableClock
from tests.worker.knowledge.documents import new, states
from worker.addresses import Guard
from worker.embeddings.client import EmbeddingsClient
from worker.embeddings.embedder import EndpointEmbedder
from worker.knowledge.indexer import Indexer
from worker.knowledge.snapshot_cache import SnapshotCache
from worker.settings.parsers import networks
from worker.store.tables import document, vector
from worker.telemetry.counters import Unmetered


class Server:
    """Whether the endpoint works, and after how many requests it stops to."""

    def __init__(self):
        self.works = True
        self.left = None
        self.guard = threading.Lock()

    def __call__(self, body):
        with self.guard:
            if self.left is not None:
                self.left -= 1
                self.works = self.left >= 0
        return embeddings(body) if self.works else refusal(500, {})


@pytest.fixture
def server():
    return Server()


@pytest.fixture
def remote(server):
    with endpoint(server) as served:

        def build(model="embed-1", batch=32):
            client = EmbeddingsClient(
                url=served.url,
                key=None,
                model=model,
                dimensions=DIMENSIONS,
                guard=Guard(allow=networks("127.0.0.0/8")),
                batch=batch,
                timeout_s=60.0,
                price=0.0,
                meter=Unmetered(),
            )
            embedder = EndpointEmbedder(client, model=model, dimensions=DIMENSIONS, retry_for_s=0)
            embedder.served = served
            return embedder

        yield build


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr("worker.embeddings.embedder._PASSAGES_RETRY_S", 0)


def test_passages_are_embedded_in_batches_and_found_by_their_vectors(store, workspace_id, library, remote, tmp_path):
    embedder = remote()
    for number in range(40):
        library.add(workspace_id, new(f"Cookie {number}", f"Cookies number {number} can be deleted."))
    assert Indexer(store, embedder, tmp_path / "snapshots").index(workspace_id)
    passages = [request["input"] for request in embedder.served.requests if len(request["input"]) > 1]
    assert sum(map(len, passages)) >= 39  # a last one may stand alone
    assert len(passages) <= 4
    found = SnapshotCache(store, embedder, tmp_path / "snapshots").search(workspace_id, "cookies number 7", limit=1)
    assert found.hits[0].record.title == "Cookie 7"
    assert found.hits[0].dense > 0.5


def test_while_the_endpoint_is_away_words_alone_find_and_the_worker_says_so(
    store, workspace_id, library, remote, server, clock, tmp_path
):
    library.add(workspace_id, new("Cookies", "You can delete cookies in the browser."))
    Indexer(store, remote(), tmp_path / "snapshots").index(workspace_id)
    cache = SnapshotCache(store, remote(), tmp_path / "snapshots", clock=clock)
    assert cache.search(workspace_id, "delete cookies", limit=1).hits[0].dense is not None
    server.works = False
    found = cache.search(workspace_id, "delete cookies", limit=1)
    assert (found.hits[0].record.title, found.hits[0].dense, cache.lexical_only) == ("Cookies", None, True)
    server.works = True
    clock.now += 60
    assert cache.search(workspace_id, "delete cookies", limit=1).hits[0].dense is not None
    assert not cache.lexical_only


def test_documents_wait_for_the_endpoint_and_go_on_where_they_stopped(
    store, workspace_id, library, remote, server, tmp_path
):
    for number in range(40):
        library.add(workspace_id, new(f"Cookie {number}", f"Cookies number {number} can be deleted."))
    server.left = 2  # of the requests for the first 32 documents
    with pytest.raises(EmbedderUnavailable):
        Indexer(store, remote(batch=8), tmp_path / "snapshots").index(workspace_id)
    assert set(states(store).values()) == {"queued"}
    with store.read() as connection:
        assert set(connection.execute(sa.select(document.c.attempts)).scalars()) == {0}
    for _ in range(5):  # however often: that is no attempt of a document's
        TableClock.advance(store, 20)
        with pytest.raises(EmbedderUnavailable):
            Indexer(store, remote(), tmp_path / "snapshots").index(workspace_id)
    TableClock.advance(store, 20)
    server.left, server.works = None, True
    assert library.sweep() == (workspace_id,)  # what hints at them again
    assert Indexer(store, remote(), tmp_path / "snapshots").index(workspace_id)
    assert set(states(store).values()) == {"ready"}


def test_vectors_of_two_models_are_kept_apart(store, workspace_id, library, remote, clock, tmp_path):
    library.add(workspace_id, new("Cookies", "You can delete cookies in the browser."))
    first = Indexer(store, remote(), tmp_path / "snapshots").index(workspace_id)
    cache = SnapshotCache(store, remote("embed-2"), tmp_path / "snapshots", clock=clock)
    found = cache.search(workspace_id, "delete cookies", limit=1)
    assert (found.snapshot, found.hits[0].dense, cache.lexical_only) == (first, None, True)
    assert Indexer(store, remote("embed-2"), tmp_path / "snapshots").index(workspace_id) != first
    clock.now += 2
    assert cache.search(workspace_id, "delete cookies", limit=1).hits[0].dense is not None
    with store.read() as connection:
        models = connection.execute(sa.select(vector.c.model, sa.func.length(vector.c.value))).all()
    assert {model.split(":")[0] for model, _ in models} == {"embed-1", "embed-2"}
    assert {length for _, length in models} == {4 * DIMENSIONS}
