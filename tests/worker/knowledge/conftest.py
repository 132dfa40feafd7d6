import http.server
import threading

import pytest

from tests.worker.knowledge.documents import CountingEmbedder
from tests.worker.knowledge.site import Site, importer_of
from worker.addresses import Guard
from worker.knowledge.indexer import Indexer
from worker.knowledge.library import Library
from worker.knowledge.snapshot_cache import SnapshotCache
from worker.settings.parsers import networks
from worker.store.idempotency import IdempotencyKeys


@pytest.fixture
def counting(embedder):
    return CountingEmbedder(embedder)


@pytest.fixture
def library(store):
    return Library(store, IdempotencyKeys(store, kept_s=60))


@pytest.fixture
def indexer(store, counting, tmp_path):
    return Indexer(store, counting, tmp_path / "snapshots")


@pytest.fixture
def clock():
    class Seconds:
        now = 0.0

        def __call__(self):
            return self.now

    return Seconds()


@pytest.fixture
def snapshot_cache(store, embedder, tmp_path, clock):
    return SnapshotCache(store, embedder, tmp_path / "snapshots", clock=clock)


@pytest.fixture(scope="module")
def site():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def guard():
    return Guard(allow=networks("127.0.0.0/8"))


@pytest.fixture
def importer(store, guard):
    return importer_of(store, guard)
