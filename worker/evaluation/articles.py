"""The articles of a labelled set, searched as those of a desk are."""

import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kb import documents
from kb import snapshot as snapshots
from kb.calibration import Calibrator
from kb.embedding import Embedder
from kb.filters import Filters
from kb.passages import cut
from kb.quality import LabelsUnreadable
from kb.records import Record
from kb.search import Found, search
from kb.snapshot import Snapshot

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class SnapshotSearch:
    """A `KnowledgeSearch` in one snapshot."""

    opened: Snapshot
    embedder: Embedder

    def search(self, workspace_id: str, query: str, *, limit: int, filters: Filters | None = None) -> Found:
        """Return at most `limit` passages, best first."""
        del workspace_id
        return search(query, snapshot=self.opened, embedder=self.embedder, limit=limit, filters=filters)


def articles_of(folder: Path, domain: str) -> Path:
    """Return the folder of a domain's articles: in `articles/`, or in what the file `articles.path` names."""
    named = folder / "articles.path"
    articles = folder / named.read_text().strip() if named.is_file() else folder / "articles"
    return articles / domain


@contextmanager
def indexed_articles(
    folder: Path, embedder: Embedder, *, progress: Progress = lambda _done, _total: None
) -> Iterator[SnapshotSearch]:
    """Yield a search in a temporary snapshot of a folder's Markdown files; a file's name is its document id.

    Raises:
        LabelsUnreadable: there are none.
    """
    records: list[Record] = []
    texts: list[str] = []
    for path in sorted(folder.glob("*.md")):
        document = documents.parse(path.read_bytes(), media_type="text/markdown", title=path.name)
        for passage in cut(document, count_tokens=embedder.count_tokens):
            records.append(Record.of_passage(passage, document_id=path.name))
            texts.append(passage.embedded)
    if not records:
        raise LabelsUnreadable(f"{folder} has no articles (*.md).")
    vectors = []
    with ThreadPoolExecutor(2) as pool:
        for done, encoded in enumerate(pool.map(embedder.encode_passages, [[text] for text in texts]), 1):
            vectors.append(encoded[0])
            progress(done, len(texts))
    with tempfile.TemporaryDirectory() as temporary:
        new = snapshots.New(records=records, texts=texts, vectors=np.stack(vectors))
        snapshots.write(
            Path(temporary) / "1",
            version="eval",
            model=embedder.identity,
            new=new,
            calibrate=Calibrator(embedder, threads=2),
        )
        yield SnapshotSearch(snapshots.open_snapshot(Path(temporary) / "1", verify=False), embedder)
