"""A snapshot is served only when its manifest and files are what was published."""

import json

import pytest

from kb.errors import SnapshotInvalid, SnapshotMissing, SnapshotOutdated
from kb.files import sha256_of
from kb.manifest import FORMAT, read_manifest, verify_files


@pytest.fixture
def folder(tmp_path):
    """A snapshot of one file."""
    (tmp_path / "vectors.faiss").write_bytes(b"vectors")
    write(tmp_path, format=FORMAT)
    return tmp_path


def write(folder, **fields) -> None:
    sums = {"vectors.faiss": sha256_of(folder / "vectors.faiss")}
    manifest = {"version": "v1", "model": "minilm int8", "sha256": sums, **fields}
    (folder / "manifest.json").write_text(json.dumps(manifest))


def test_a_manifest_of_this_format_and_model_is_returned(folder):
    manifest = read_manifest(folder, model="minilm int8")
    assert manifest["version"] == "v1"
    verify_files(folder, manifest)


def test_a_missing_snapshot_says_how_to_make_one(tmp_path):
    with pytest.raises(SnapshotMissing, match="snapshots rebuild"):
        read_manifest(tmp_path)


def test_a_manifest_that_was_cut_off_is_refused(folder):
    (folder / "manifest.json").write_text('{"format": 2, "ver')
    with pytest.raises(SnapshotInvalid, match="cannot be read"):
        read_manifest(folder)


def test_an_earlier_format_is_told_from_a_later_one(folder):
    write(folder, format=FORMAT - 1)
    with pytest.raises(SnapshotOutdated):
        read_manifest(folder)
    write(folder)  # the first versions wrote no format
    with pytest.raises(SnapshotOutdated):
        read_manifest(folder)
    write(folder, format=FORMAT + 1)
    with pytest.raises(SnapshotInvalid, match=f"this version reads {FORMAT}") as caught:
        read_manifest(folder)
    assert not isinstance(caught.value, SnapshotOutdated)


def test_vectors_of_another_model_are_never_compared(folder):
    with pytest.raises(SnapshotInvalid, match="minilm fp32"):
        read_manifest(folder, model="minilm fp32")


@pytest.mark.parametrize("damage", [lambda path: path.write_bytes(b"vectorz"), lambda path: path.unlink()])
def test_a_damaged_or_missing_file_is_named(folder, damage):
    damage(folder / "vectors.faiss")
    with pytest.raises(SnapshotInvalid, match=r"vectors\.faiss"):
        verify_files(folder, read_manifest(folder))
