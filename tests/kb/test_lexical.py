"""The lexical index finds passages by their words, and keeps to the facets that are asked for."""

import pytest

from kb.lexical import Entry, LexicalIndex

ENTRIES = (
    Entry(row=0, key="a", text="You can return shoes within 30 days.", facets=("language:en", "tag:returns")),
    Entry(row=1, key="b", text="Shoes are shipped within two days.", facets=("language:en", "tag:shipping")),
    Entry(row=2, key="c", text="The café in our shop is open on Sundays.", facets=("language:en",)),
)


@pytest.fixture
def index(tmp_path) -> LexicalIndex:
    return LexicalIndex.build(ENTRIES, tmp_path / "index")


def found(index: LexicalIndex, query: str, **options) -> list[int]:
    return [row for row, _score in index.search(query, 10, **options)]


def test_other_forms_and_accents_of_a_word_are_found(index):
    assert found(index, "returning my shoe") == [0, 1]
    assert found(index, "CAFE") == [2]


def test_a_query_without_a_known_word_finds_nothing(index):
    assert found(index, "zebra") == found(index, "the of and") == found(index, "") == []


def test_characters_of_a_query_language_are_no_operators(index):
    assert found(index, 'text:"shoes" AND -return* (days') == [0, 1]


def test_a_passage_must_have_one_facet_of_each_group_and_facets_do_not_change_its_score(index):
    assert found(index, "shoes", groups=[("tag:returns", "tag:other")]) == [0]
    assert found(index, "shoes", groups=[("language:en",), ("tag:shipping",)]) == [1]
    assert found(index, "shoes", groups=[("language:de",)]) == []
    without = dict(index.search("shoes", 10))
    assert dict(index.search("shoes", 10, groups=[("language:en",)])) == pytest.approx(without)


def test_no_more_are_returned_than_asked_for_the_best_first(index):
    ((row, best),) = index.search("return shoes", 1)
    assert row == 0
    assert best >= max(score for _row, score in index.search("shoes", 10))


def test_an_extended_index_has_the_new_and_lacks_the_removed_and_its_base_is_unchanged(index, tmp_path):
    new = [Entry(row=3, key="d", text="Gift cards never expire.")]
    extended = LexicalIndex.extend(tmp_path / "index", tmp_path / "next", entries=new, gone=["a"])
    assert found(extended, "gift") == [3]
    assert found(extended, "shoes") == [1]
    assert len(extended) == 3
    assert sorted(found(LexicalIndex.open(tmp_path / "index"), "shoes")) == [0, 1]
    assert found(LexicalIndex.open(tmp_path / "index"), "gift") == []


TEXTS = ("Your parcel is delivered in two days.", "Parcels to Größenwahn and Zürich", "Reset your password")


@pytest.fixture
def written(tmp_path):
    return LexicalIndex.build(
        (Entry(row=row, key=f"p{row}", text=text) for row, text in enumerate(TEXTS)), tmp_path / "lexical"
    )


def test_words_are_known_in_any_form_and_listed_as_they_are_written(written):
    assert written.has("parcel")
    assert written.has("Delivering")
    assert written.has("the")  # nobody searches for it
    assert not written.has("parcle")
    assert dict(written.words("parcel", 10)) == {"parcel": 1, "parcels": 1}
    assert [word for word, _count in written.words("", 100) if word[0] in "gz"] == ["grossenwahn", "zurich"]
    assert len(written.words("", 3)) == 3


def test_no_passage_exceeds_what_is_attainable(written):
    for query in ("parcel", "reset the password", "parcel password days", "parcel xqzzy"):
        best = written.search(query, 5)[0][1]
        assert 0 < best < written.attainable(query)
    assert written.attainable("parcel xqzzy") > written.attainable("parcel")
    assert written.attainable("the of") == 0


def of_languages(folder, *texts: tuple[str, str]) -> LexicalIndex:
    entries = [Entry(row=row, key=str(row), text=text, language=code) for row, (code, text) in enumerate(texts)]
    return LexicalIndex.build(entries, folder)


@pytest.mark.parametrize(
    ("language", "text", "query"),
    [
        ("de", "Rücksendungen sind kostenlos.", "Was kostet eine Rücksendung?"),
        ("de-AT", "Die Bestellungen werden verschickt.", "Wann wird meine Bestellung verschickt?"),
        ("fr", "Les remboursements prennent cinq jours.", "Quand suis-je remboursé ?"),
        ("es", "Las devoluciones son gratuitas.", "devolucion gratuita"),
        ("it", "I pagamenti sono accettati con carta.", "un pagamento"),
        ("nl", "De bestellingen worden bezorgd.", "Waar is mijn bestelling?"),
        ("pt", "As devoluções são gratuitas.", "Como faço uma devolução?"),
        ("pl", "Zwroty pieniędzy trwają pięć dni.", "Kiedy dostanę zwrot?"),
        ("tr", "Siparişleriniz kargoda.", "siparişim nerede"),
    ],
)
def test_other_forms_of_a_word_are_found_in_the_language_of_the_passage(tmp_path, language, text, query):
    index = of_languages(tmp_path / "index", (language, text), (language, "1234"))
    assert found(index, query) == [0]
    assert index.attainable(query) > 0
    assert index.terms(query, language) & index.terms(text, language)


def test_a_word_that_is_common_in_the_language_of_a_query_is_not_looked_for_in_another(tmp_path):
    index = of_languages(
        tmp_path / "index",
        ("en", "The war museum is closed on Mondays."),
        ("de", "Das Museum war am Montag geschlossen."),
        ("de", "The Cure: Konzertkarten"),
    )
    assert found(index, "Wann war die Rückgabe am Montag?") == [1]
    assert found(index, "When is the museum closed?") == [0, 1]


def test_a_name_is_found_in_passages_of_every_language(tmp_path):
    index = of_languages(tmp_path / "index", ("en", "Pay with PayPal."), ("de", "Zahlung mit PayPal"))
    assert sorted(found(index, "PayPal")) == [0, 1]


def test_an_extended_index_knows_the_languages_of_both(tmp_path):
    of_languages(tmp_path / "1", ("en", "Returns are free."))
    new = [Entry(row=1, key="1", text="Rücksendungen sind kostenlos.", language="de")]
    index = LexicalIndex.extend(tmp_path / "1", tmp_path / "2", entries=new, gone=[])
    assert found(index, "Ist eine Rücksendung kostenlos?") == [1]
    assert found(index, "a free return") == [0]
