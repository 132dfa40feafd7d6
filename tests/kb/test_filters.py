"""Which passages a filter wants."""

from kb.filters import Filters, facets


def test_a_passage_in_a_regional_language_is_also_found_by_the_language():
    found = facets(document_id="d", audience="public", source=None, language="pt-BR", tags=("a", "b"))
    assert found == ("document:d", "audience:public", "language:pt-BR", "language:pt", "tag:a", "tag:b")


def test_a_filter_wants_one_facet_of_each_group():
    wanted = Filters(sources=("faq", "wiki"), audience="public")
    assert set(wanted.groups) == {("source:faq", "source:wiki"), ("audience:public",)}
    assert Filters().groups == ()
