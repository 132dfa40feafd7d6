"""Documents in, published snapshots out; nothing embedded twice; a bad one harms no other."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from kb import documents
from kb.errors import DocumentUnreadable, SnapshotMissing
from kb.filters import Filters
from tests.support import files
from tests.support.fakes import TableClock
from worker.errors import Conflict, NotFound
from worker.knowledge.changes import changes
from worker.knowledge.indexer import Indexer
from worker.knowledge.library import DocumentMetadata, Library, NewDocument
from worker.knowledge.publishing import KEPT
from worker.knowledge.snapshot_cache import LOOK_EVERY_S, SnapshotCache
from worker.store.idempotency import IdempotencyKeys
from worker.store.tables import document, snapshot, vector


class CountingEmbedder:
    """The real model, with a count of what it was asked."""

    def __init__(self, embedder):
        self._embedder = embedder
        self.identity, self.dimensions, self.max_tokens = embedder.identity, embedder.dimensions, embedder.max_tokens
        self.encoded = []

    def encode(self, text):
        self.encoded.append(text)
        return self._embedder.encode(text)

    def count_tokens(self, text):
        return self._embedder.count_tokens(text)


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


def new(title: str, text: str, **fields) -> NewDocument:
    return NewDocument(title=title, data=text.encode(), media_type="text/markdown", **fields)


def titles(snapshot_cache, clock, workspace_id, query):
    clock.now += LOOK_EVERY_S
    return [hit.record.title for hit in snapshot_cache.search(workspace_id, query, limit=5).hits]


def states(store):
    with store.read() as connection:
        return dict(connection.execute(sa.select(document.c.title, document.c.state)).all())


def test_a_document_is_searchable_after_its_publish(store, workspace_id, library, indexer, snapshot_cache, clock):
    library.add(workspace_id, new("Parcels", "Parcels arrive within two days."))
    with pytest.raises(SnapshotMissing):
        titles(snapshot_cache, clock, workspace_id, "parcel")
    assert library.sweep() == (workspace_id,)
    version = indexer.index(workspace_id)
    assert states(store) == {"Parcels": "ready"}
    assert titles(snapshot_cache, clock, workspace_id, "when does my parcel come?") == ["Parcels"]
    assert [one["version"] for one in library.snapshots(workspace_id) if one["active"]] == [version]
    assert library.sweep() == ()


def test_a_file_that_comes_several_times_at_once_is_one_document(store, workspace_id, library):
    with ThreadPoolExecutor(6) as pool:
        for number in range(5):
            named = [new("A", f"Text {number}.", name=f"{number}.md")] * 6
            list(pool.map(lambda one: library.put_file(workspace_id, one), named))
    with store.read() as connection:
        names = connection.execute(sa.select(document.c.name)).scalars().all()
    assert sorted(names) == [f"{number}.md" for number in range(5)]


def test_what_did_not_change_is_never_embedded_again(workspace_id, library, indexer, counting):
    library.put_file(workspace_id, new("A", "First text.", name="a.md"))
    library.put_file(workspace_id, new("B", "Second text.", name="b.md"))
    indexer.index(workspace_id)
    first = len(counting.encoded)
    _row, changed = library.put_file(workspace_id, new("A", "First text.", name="a.md"))
    assert not changed
    library.put_file(workspace_id, new("B", "Second text, changed.", name="b.md"))
    indexer.index(workspace_id)
    assert counting.encoded[first:] == ["B\nSecond text, changed."]


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


def test_a_bad_document_fails_with_a_reason_and_the_others_go_on(store, workspace_id, library, indexer):
    library.add(workspace_id, new("Bad", "# Only a heading"))
    library.add(workspace_id, new("Good", "Some text."))
    indexer.index(workspace_id)
    assert states(store) == {"Bad": "failed", "Good": "ready"}
    with store.read() as connection:
        error = connection.execute(sa.select(document.c.error).where(document.c.title == "Bad")).scalar_one()
    assert "headings at most" in error


def test_what_cannot_be_read_at_all_is_refused_before_it_is_kept(store, workspace_id, library):
    with pytest.raises(DocumentUnreadable):
        library.add(workspace_id, new("Zip", "PK\x03\x04"))
    assert states(store) == {}


def test_a_document_whose_indexer_died_is_taken_up_again_and_given_up_after_three(
    store, workspace_id, library, indexer
):
    library.add(workspace_id, new("Poison", "text."))
    for _ in range(3):
        assert indexer._claim(workspace_id)  # claimed, then killed
        TableClock.advance(store, 121)
    indexer.index(workspace_id)
    assert states(store) == {"Poison": "failed"}


def test_an_indexer_that_lost_a_document_does_not_renew_the_lease_of_another(store, workspace_id, library, indexer):
    library.add(workspace_id, new("Slow", "text."))
    found = indexer._claim_and_read(workspace_id)
    TableClock.advance(store, 121)
    assert indexer._claim(workspace_id)  # another indexer, which then dies
    TableClock.advance(store, 100)
    with ThreadPoolExecutor(1) as pool:
        indexer._embed(workspace_id, found, pool, lambda _done, _total: None)
    TableClock.advance(store, 21)
    assert indexer._claim(workspace_id), "the dead one's lease ended when it should"


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


def test_a_document_that_comes_while_others_are_indexed_is_published_too(
    store, workspace_id, library, indexer, snapshot_cache, clock
):
    library.add(workspace_id, new("First", "Cookies are small."))
    found = indexer._claim_and_read(workspace_id)
    library.add(workspace_id, new("Second", "Cookies are big."))  # nobody reads on: the claim was the last
    indexer._keep_passages(found)
    indexer.publish(workspace_id)
    assert library.sweep() == (workspace_id,)
    indexer.index(workspace_id)
    assert states(store) == {"First": "ready", "Second": "ready"}
    assert set(titles(snapshot_cache, clock, workspace_id, "cookies")) == {"First", "Second"}
    assert library.sweep() == ()


def test_workspaces_do_not_see_each_other(store, workspace_id, library, indexer, snapshot_cache, clock):
    from worker.access.keys import Keys

    other = Keys(store).workspace("other")
    library.add(workspace_id, new("Mine", "Cookies are mine."))
    library.add(other, new("Theirs", "Cookies are theirs."))
    indexer.index(workspace_id)
    indexer.index(other)
    assert titles(snapshot_cache, clock, workspace_id, "cookies") == ["Mine"]
    assert titles(snapshot_cache, clock, other, "cookies") == ["Theirs"]


def test_a_damaged_new_snapshot_leaves_the_old_one_serving(
    workspace_id, library, indexer, snapshot_cache, clock, tmp_path
):
    library.add(workspace_id, new("One", "Cookies are small."))
    old = indexer.index(workspace_id)
    assert snapshot_cache.current(workspace_id).version == old
    library.add(workspace_id, new("Two", "Cookies are big."))
    version = indexer.index(workspace_id)
    (tmp_path / "snapshots" / workspace_id / version / "vectors.faiss").write_bytes(b"damaged")
    clock.now += 2
    assert snapshot_cache.current(workspace_id).version == old


def test_vectors_are_kept_so_that_any_machine_can_rebuild(store, workspace_id, library, indexer, counting):
    library.add(workspace_id, new("One", "Cookies are small."))
    version = indexer.index(workspace_id)
    spent = len(counting.encoded)
    assert indexer.publish(workspace_id, force=True) == f"{version}.2"
    assert [one["version"] for one in library.snapshots(workspace_id) if one["active"]] == [f"{version}.2"]
    assert indexer.publish(workspace_id) is None
    assert len(counting.encoded) == spent
    with store.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(vector)).scalar_one() == 1


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


def test_marks_come_along_and_the_language_is_found(workspace_id, library, indexer, snapshot_cache, store):
    german = "Pakete kommen innerhalb von zwei Tagen bei Ihnen an, auch am Wochenende und an Feiertagen."
    library.add(
        workspace_id,
        new("Pakete", german, metadata=DocumentMetadata(source="wiki", tags=("a", "b"), audience="internal")),
    )
    library.add(workspace_id, new("Parcels", "Parcels arrive within two days, also on a weekend or a holiday."))
    indexer.index(workspace_id)
    record = snapshot_cache.search(workspace_id, "Pakete", limit=1, filters=Filters(tags=("b",))).hits[0].record
    assert (record.source, record.language, record.tags, record.audience) == ("wiki", "de", ("a", "b"), "internal")
    hits = snapshot_cache.search(workspace_id, "Pakete", limit=5, filters=Filters(audience="public")).hits
    assert [(hit.record.title, hit.record.language) for hit in hits] == [("Parcels", "en")]


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


def test_a_file_that_is_ingested_again_keeps_the_marks_that_are_not_given(workspace_id, library):
    library.put_file(
        workspace_id, new("A", "Text.", name="a.md", metadata=DocumentMetadata(audience="internal", tags=("x",)))
    )
    same, changed = library.put_file(workspace_id, new("A", "Text.", name="a.md"))
    assert (same["audience"], same["tags"], changed) == ("internal", ["x"], False)
    other, changed = library.put_file(
        workspace_id, new("A", "Text, changed.", name="a.md", metadata=DocumentMetadata(tags=()))
    )
    assert (other["audience"], other["tags"], changed) == ("internal", [], True)


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


def test_a_snapshot_of_an_earlier_format_is_not_activated(workspace_id, library, indexer, store):
    library.add(workspace_id, new("A", "Text."))
    version = str(indexer.index(workspace_id))
    with store.begin() as tx:
        tx.execute(snapshot.update().values(manifest={"format": 1}))
    with pytest.raises(Conflict, match="earlier format"):
        library.activate(workspace_id, version)


class OtherEmbedder(CountingEmbedder):
    """The same model under another name."""

    def __init__(self, embedder):
        super().__init__(embedder)
        self.identity = "other-model:int8:abcdef123456"


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


def test_what_a_file_says_of_itself_becomes_its_title_unless_somebody_gave_one(workspace_id, library, indexer, store):
    word = {"data": files.word(), "media_type": documents.WORD}
    library.add(workspace_id, NewDocument(title="File", titled=False, **word))
    library.add(workspace_id, NewDocument(title="Given", **word))
    indexer.index(workspace_id)
    assert states(store) == {"Warranty": "ready", "Given": "ready"}


def test_what_a_publish_changed_can_be_told_document_by_document(store, workspace_id, library, indexer, tmp_path):
    kept = library.add(workspace_id, new("Kept", "Parcels arrive within two days."))
    changed = library.add(workspace_id, new("Changed", "Refunds take a week."))
    removed = library.add(workspace_id, new("Removed", "We sell no bikes."))
    indexer.index(workspace_id)
    library.replace(workspace_id, changed["id"], new("Changed", "Refunds take a day."))
    library.remove(workspace_id, removed["id"])
    added = library.add(workspace_id, new("Added", "Coupons end in May."))
    indexer.index(workspace_id)
    after, before = [one["version"] for one in library.snapshots(workspace_id)]
    folder = tmp_path / "snapshots" / workspace_id
    told = changes(folder, before=before, after=after)
    assert told == {
        "added": [{"document_id": added["id"], "title": "Added"}],
        "removed": [{"document_id": removed["id"], "title": "Removed"}],
        "changed": [{"document_id": changed["id"], "title": "Changed"}],
        "counts": {"added": 1, "removed": 1, "changed": 1},
    }
    assert kept["id"] not in str(told)
    assert changes(folder, before=after, after=after)["counts"] == {"added": 0, "removed": 0, "changed": 0}
    with pytest.raises(SnapshotMissing):
        changes(folder, before="0-gone", after=after)
