"""A snapshot answers from its publish on, and the one before until then."""

import pytest

from kb.manifest import read_manifest
from tests.worker.knowledge.documents import OtherEmbedder, new, titles
from worker.errors import NotFound
from worker.knowledge.indexer import Indexer
from worker.knowledge.library import DocumentMetadata
from worker.knowledge.publishing import KEPT
from worker.knowledge.snapshot_cache import LOOK_EVERY_S, SnapshotCache


def test_a_replaced_document_answers_with_its_old_text_until_the_new_one_is_published(
    workspace_id, library, indexer, snapshot_cache, clock
):
    made = library.add(workspace_id, new("Hours", "We open at eight."))
    indexer.index(workspace_id)
    library.replace(workspace_id, made["id"], new("Hours", "We open at nine."))
    clock.now += 2
    assert "eight" in snapshot_cache.search(workspace_id, "when do you open?", limit=1).hits[0].record.text
    indexer.index(workspace_id)
    clock.now += 2
    assert "nine" in snapshot_cache.search(workspace_id, "when do you open?", limit=1).hits[0].record.text


def test_a_removed_document_is_never_found_again(workspace_id, library, indexer, snapshot_cache, clock):
    library.add(workspace_id, new("Keep", "Cookies are small files."))
    gone = library.add(workspace_id, new("Gone", "Cookies are tasty."))
    indexer.index(workspace_id)
    assert set(titles(snapshot_cache, clock, workspace_id, "cookies")) == {"Keep", "Gone"}
    library.remove(workspace_id, gone["id"])
    indexer.index(workspace_id)
    assert titles(snapshot_cache, clock, workspace_id, "cookies") == ["Keep"]
    with pytest.raises(NotFound):
        library.remove(workspace_id, gone["id"])


def test_rolling_back_and_forward_is_one_call_and_old_versions_are_bounded(
    workspace_id, library, indexer, snapshot_cache, clock, tmp_path
):
    versions = []
    for number in range(KEPT + 2):
        library.add(workspace_id, new(f"Doc {number}", f"Cookies number {number}."))
        versions.append(indexer.index(workspace_id))
    kept = [one["version"] for one in library.snapshots(workspace_id)]
    assert kept == versions[::-1][:KEPT]
    assert {path.name for path in (tmp_path / "snapshots" / workspace_id).iterdir()} == set(kept)
    library.activate(workspace_id, versions[-2])
    assert len(titles(snapshot_cache, clock, workspace_id, "cookies")) == 5
    clock.now += 2
    assert snapshot_cache.current(workspace_id).version == versions[-2]
    with pytest.raises(NotFound):
        library.activate(workspace_id, "none")


def test_a_calibration_outlives_small_changes_and_is_fitted_anew_after_large_ones(
    workspace_id, library, indexer, counting, tmp_path
):
    def published():
        version = indexer.index(workspace_id)
        return read_manifest(tmp_path / "snapshots" / workspace_id / version)["calibration"]

    for n in range(20):
        library.add(workspace_id, new(f"Cookies of kind {n}", f"Cookies of kind {n} are kept in a dry tin for days."))
    first = published()
    assert (first["passages"], first["changed"]) == (20, 0)
    library.add(workspace_id, new("Parcels", "Parcels arrive within two days after the order."))
    before = len(counting.encoded)
    second = published()
    assert second == {**first, "changed": 1}
    assert len(counting.encoded) == before + 1
    for n in range(3):
        library.add(workspace_id, new(f"Coats {n}", f"Coats of size {n} are washed by hand in cold water."))
    third = published()
    assert (third["passages"], third["changed"]) == (24, 0)
    assert third["embedded"] != first["embedded"]


def test_a_small_change_is_written_beside_what_was_there(
    store, workspace_id, library, indexer, snapshot_cache, clock, tmp_path, monkeypatch
):
    monkeypatch.setattr("kb.snapshot._FEW", 20)
    ids = [library.add(workspace_id, new(f"Doc {n}", f"Cookies of kind {n}."))["id"] for n in range(30)]
    first = tmp_path / "snapshots" / workspace_id / str(indexer.index(workspace_id))
    library.add(workspace_id, new("Parcels", "Parcels arrive within two days."))
    library.remove(workspace_id, ids[3])
    second = tmp_path / "snapshots" / workspace_id / str(indexer.index(workspace_id))
    assert (second / "vectors.faiss").stat().st_ino == (first / "vectors.faiss").stat().st_ino
    manifest = library.snapshots(workspace_id)[0]
    assert (manifest["documents"], manifest["passages"]) == (30, 30)
    assert titles(snapshot_cache, clock, workspace_id, "when does my parcel come?")[0] == "Parcels"
    assert "Doc 3" not in titles(snapshot_cache, clock, workspace_id, "cookies of kind 3")
    for n in range(3):  # until it has grown too large, and is built anew
        library.add(workspace_id, new(f"More {n}", f"Biscuits of kind {n}."))
        last = indexer.index(workspace_id)
    third = tmp_path / "snapshots" / workspace_id / str(last)
    assert (third / "vectors.faiss").stat().st_ino != (first / "vectors.faiss").stat().st_ino
    assert "More 2" in titles(snapshot_cache, clock, workspace_id, "biscuits of kind 2")


def test_what_is_replaced_answers_as_it_was_until_the_new_one_is_read(
    workspace_id, library, indexer, snapshot_cache, clock
):
    internal = DocumentMetadata(audience="internal", tags=("old",))
    made = library.add(workspace_id, new("Margins", "Our margin on cookies is 70 percent.", metadata=internal))
    indexer.index(workspace_id)
    library.replace(
        workspace_id,
        made["id"],
        new("Cookies", "\n\n# Cookies\n\n# Only headings", metadata=DocumentMetadata(audience="public")),
    )
    indexer.index(workspace_id)  # it cannot be read, so what was there before stays, as it was
    clock.now += LOOK_EVERY_S
    (hit,) = snapshot_cache.search(workspace_id, "margin", limit=5).hits
    assert (hit.record.title, hit.record.audience, hit.record.tags) == ("Margins", "internal", ("old",))
    library.replace(workspace_id, made["id"], new("Cookies", "Cookies are made of flour."))
    indexer.index(workspace_id)
    clock.now += LOOK_EVERY_S
    (hit,) = snapshot_cache.search(workspace_id, "cookies", limit=5).hits
    assert (hit.record.title, hit.record.audience) == ("Cookies", "public")


def test_what_becomes_internal_is_public_no_longer_even_when_it_cannot_be_read(
    workspace_id, library, indexer, snapshot_cache, clock
):
    made = library.add(workspace_id, new("Margins", "Our margin on cookies is 70 percent."))
    indexer.index(workspace_id)
    unreadable = new("Margins", "# Only headings", metadata=DocumentMetadata(audience="internal"))
    library.replace(workspace_id, made["id"], unreadable)
    indexer.index(workspace_id)
    clock.now += LOOK_EVERY_S
    assert snapshot_cache.search(workspace_id, "margin", limit=5).hits == ()


def test_a_damaged_snapshot_is_not_built_upon(
    workspace_id, library, indexer, snapshot_cache, clock, tmp_path, monkeypatch
):
    monkeypatch.setattr("kb.snapshot._FEW", 20)
    for n in range(30):
        library.add(workspace_id, new(f"Doc {n}", f"Cookies of kind {n}."))
    first = tmp_path / "snapshots" / workspace_id / str(indexer.index(workspace_id))
    with (first / "vectors.faiss").open("r+b") as file:
        file.seek(100)
        file.write(b"damage")
    library.add(workspace_id, new("Parcels", "Parcels arrive within two days."))
    second = tmp_path / "snapshots" / workspace_id / str(indexer.index(workspace_id))
    assert (second / "vectors.faiss").stat().st_ino != (first / "vectors.faiss").stat().st_ino
    assert titles(snapshot_cache, clock, workspace_id, "when does my parcel come?")[0] == "Parcels"


def test_another_embedding_model_is_built_beside_the_old_one_and_takes_over_when_done(
    store, workspace_id, library, indexer, embedder, clock, tmp_path
):
    library.add(workspace_id, new("Cookies", "You can delete cookies in the browser."))
    first = indexer.index(workspace_id)
    other = OtherEmbedder(embedder)
    snapshot_cache = SnapshotCache(store, other, tmp_path / "snapshots", clock=clock)
    found = snapshot_cache.search(workspace_id, "delete cookies", limit=1)  # by words, meanwhile
    assert (found.snapshot, found.hits[0].dense, snapshot_cache.lexical_only) == (first, None, True)
    assert library.sweep() == ()
    assert library.sweep(model=other.identity) == (workspace_id,)

    theirs = Indexer(store, other, tmp_path / "snapshots")
    second = theirs.index(workspace_id)
    clock.now += LOOK_EVERY_S
    found = snapshot_cache.search(workspace_id, "delete cookies", limit=1)
    assert (found.snapshot, snapshot_cache.lexical_only) == (second, False)
    assert found.hits[0].dense > 0.4
    assert library.sweep(model=other.identity) == ()

    before = len(other.encoded)
    assert indexer.index(workspace_id) is None  # and back: it is there already
    clock.now += LOOK_EVERY_S
    assert SnapshotCache(store, embedder, tmp_path / "snapshots", clock=clock).current(workspace_id).version == first
    assert len(other.encoded) == before


def test_a_snapshot_that_was_rolled_back_to_is_not_replaced_by_one_of_another_model(
    store, workspace_id, library, indexer, embedder, tmp_path
):
    library.add(workspace_id, new("A", "First text."))
    first = indexer.index(workspace_id)
    library.add(workspace_id, new("B", "Second text."))
    indexer.index(workspace_id)
    library.activate(workspace_id, first)
    other = OtherEmbedder(embedder)
    assert library.sweep(model=other.identity) == ()


def test_a_model_whose_name_ends_alike_gets_a_snapshot_of_its_own(
    store, workspace_id, library, indexer, embedder, tmp_path
):
    alike = OtherEmbedder(embedder)
    alike.identity = f"another-model:int8:{embedder.identity.rpartition(':')[2]}"
    library.add(workspace_id, new("Keep", "Cookies are small files."))
    first = indexer.index(workspace_id)
    second = Indexer(store, alike, tmp_path / "snapshots").index(workspace_id)
    assert second not in (None, first)
    active = next(one for one in library.snapshots(workspace_id) if one["active"])
    assert active["version"] == second
