"""An import is of URLs or of a sitemap, and the metadata of documents is what searches can filter by."""

import marshmallow as ma
import pytest

from web.schemas.knowledge import GivenMetadata, NewImport, NewSearch

PAGE = "https://shop.example/help"


@pytest.mark.parametrize("given", [{"urls": [PAGE]}, {"sitemap": PAGE}])
def test_an_import_names_pages_or_a_sitemap(given):
    assert NewImport().load(given) == given


@pytest.mark.parametrize("given", [{}, {"urls": [PAGE], "sitemap": PAGE}, {"urls": []}, {"urls": ["file:///etc"]}])
def test_an_import_of_nothing_of_both_or_of_files_is_refused(given):
    with pytest.raises(ma.ValidationError) as refused:
        NewImport().load(given)
    assert list(refused.value.normalized_messages()) == ["urls"]


@pytest.mark.parametrize(
    "given",
    [{"language": "german"}, {"language": "en\n"}, {"audience": "everyone"}, {"tags": ["a"] * 51}, {"source": ""}],
)
def test_metadata_that_no_search_could_filter_by_is_refused(given):
    with pytest.raises(ma.ValidationError) as refused:
        GivenMetadata().load(given)
    assert list(refused.value.normalized_messages()) == list(given)


@pytest.mark.parametrize("given", [{"query": " "}, {"query": "x", "limit": 51}, {"query": "x", "limit": "8"}])
def test_a_search_has_words_and_a_limit(given):
    assert NewSearch().load({"query": "x"})["limit"] == 8
    with pytest.raises(ma.ValidationError):
        NewSearch().load(given)
