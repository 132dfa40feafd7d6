"""Passages of attachments stand beside those of the knowledge base, on one scale."""

from dataclasses import replace

import pytest

from kb.relevance import SHIPPED
from kb.search import Found
from tests.support.fakes import hit
from worker.answering.questions.attachment_search import merged, weighed

RETURNS = replace(hit("Unused items can be returned within 30 days."), dense=0.5)
INVOICE = replace(hit("Invoice 1041: two lamps, paid by card."), dense=0.8)


def test_a_passage_of_an_attachment_is_weighed_by_its_cosine_and_its_words():
    near, far = weighed([INVOICE, replace(INVOICE, dense=0.1)], "Is invoice 1041 paid?", SHIPPED.embedded)
    (other,) = weighed([INVOICE], "Where is my parcel?", SHIPPED.embedded)

    assert near.relevance == SHIPPED.embedded.probability(0.8, near.words)
    assert near.words == pytest.approx(1.0)
    assert far.relevance < near.relevance
    assert other.words == 0.0
    assert other.relevance < near.relevance


def test_the_most_similar_passage_comes_first_and_the_scale_of_the_search_stays():
    scale = replace(SHIPPED.embedded, intercept=-1.0)
    found = merged(Found(snapshot="s1", hits=(RETURNS,), scale=scale), [INVOICE])

    assert found.hits == (INVOICE, RETURNS)
    assert (found.snapshot, found.scale) == ("s1", scale)
    assert merged(found, []) == found
