"""Ingesting documents, from rows to a published snapshot, against the bare loop that embeds their passages."""

import re
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from kb import documents, passages
from tests.support.processes import valkey
from tests.support.stack import environment, prepare, services
from worker.knowledge.library import NewDocument
from worker.launch.up import sample_folder
from worker.store.tables import passage

_COPIES = 16

#: Sample articles in one document: with four, it has about as many passages as an article of a real help centre.
_ARTICLES = 4
_MIN_RATIO = 0.85


def run(models: Path) -> dict[str, Any]:
    """Ingest copies of the sample articles, each made different so that none is embedded only once."""
    with tempfile.TemporaryDirectory() as folder, valkey() as redis:
        env = environment(Path(folder), redis, models)
        prepare(env)
        with services(env) as built:
            workspace_id = built.keys.workspace()
            embedder = built.embedder
            articles = [
                re.sub(r"\A---.*?---\n", "", file.read_text(), flags=re.S)
                for file in sorted(sample_folder().glob("*.md"))
            ]
            guides = ["\n\n".join(articles[first : first + _ARTICLES]) for first in range(0, len(articles), _ARTICLES)]
            texts = [
                re.sub(r"\n\n(?=#)", f" Edition {copy}.\n\n", guide) for copy in range(_COPIES) for guide in guides
            ]
            cut = [
                one.embedded
                for number, text in enumerate(texts)
                for one in passages.cut(
                    documents.read(text.encode(), media_type="text/markdown", title=f"Article {number}"),
                    count_tokens=embedder.count_tokens,
                )
            ]
            with ThreadPoolExecutor(2) as pool:
                list(pool.map(embedder.encode, cut[:50]))
                first = _timed(lambda: list(pool.map(embedder.encode, cut)))
                for number, text in enumerate(texts):
                    new = NewDocument(title=f"Article {number}", data=text.encode(), media_type="text/markdown")
                    built.library.add(workspace_id, new)
                ours = _timed(lambda: built.indexer.index(workspace_id))
                second = _timed(lambda: list(pool.map(embedder.encode, cut)))
            with built.store.read() as connection:
                count = connection.execute(sa.select(sa.func.count()).select_from(passage)).scalar_one()
    bare = len(cut) / ((first + second) / 2)
    rate = count / ours
    ratio = rate / bare
    return {
        "ratio": ratio,
        "least": _MIN_RATIO,
        "passages": count,
        "per_second": rate,
        "baseline_per_second": bare,
        "lines": [
            f"{count} passages in {len(texts)} documents: {rate:.0f}/s from rows to a published snapshot; "
            f"bare encode loop {bare:.0f}/s; ratio {ratio:.2f} (at least {_MIN_RATIO})"
        ],
    }


def _timed(work: Any) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
