"""Snapshots appear whole or not at all, and a damaged or foreign one is refused."""

import json

import numpy as np
import pytest

from kb import snapshot as snapshots
from kb.errors import SnapshotInvalid, SnapshotMissing
from tests.support.snapshots import TEXTS, records


def test_the_folder_holds_nothing_but_the_snapshot(folder):
    assert [path.name for path in folder.parent.iterdir()] == ["1"]
    assert json.loads((folder / "manifest.json").read_text())["passages"] == 3


@pytest.mark.parametrize("victim", ["vectors.faiss", "passages.jsonl", "passages.npy"])
def test_a_damaged_file_is_refused_with_a_sentence(folder, victim):
    path = folder / victim
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(SnapshotInvalid, match="answerback snapshots rebuild"):
        snapshots.open_snapshot(folder)


def test_another_models_snapshot_is_refused(folder):
    with pytest.raises(SnapshotInvalid, match="other-model"):
        snapshots.open_snapshot(folder, model="other-model")


def test_a_missing_or_newer_snapshot_is_refused(folder, tmp_path):
    with pytest.raises(SnapshotMissing):
        snapshots.open_snapshot(tmp_path / "none")
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | {"format": 99}))
    with pytest.raises(SnapshotInvalid, match="format 99"):
        snapshots.open_snapshot(folder)


def test_a_crash_while_writing_leaves_nothing_behind(tmp_path, embedder):
    place = tmp_path / "ws" / "1"

    class Killed(list):
        def __iter__(self):
            yield TEXTS[0]
            raise RuntimeError("killed")

    vectors = np.stack([embedder.encode(text) for text in TEXTS])
    with pytest.raises(RuntimeError):
        snapshots.write(
            place,
            version="1",
            model="m",
            new=snapshots.New(records=records(), texts=Killed(), vectors=vectors),
        )
    assert list(place.parent.iterdir()) == []
