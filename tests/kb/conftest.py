import shutil
from pathlib import Path

import pytest

from kb.embedding import Embedder
from tests.support.snapshots import write_snapshot


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Path:
    """The folder of a snapshot that no test changes."""
    place = tmp_path_factory.mktemp("snapshot") / "1"
    write_snapshot(place, embedder)
    return place


@pytest.fixture
def folder(tmp_path: Path, written: Path) -> Path:
    """The folder of a snapshot of the test's own."""
    place = tmp_path / "ws" / "1"
    shutil.copytree(written, place)
    return place
