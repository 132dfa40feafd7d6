"""What the agents of the desk are shown of a search."""

from kb.search import Found
from tests.support.fakes import hit
from worker.answering.questions import search_record


def test_a_record_has_the_query_its_relevance_and_each_passage():
    record = search_record.of(
        "cookies " * 100, Found(snapshot="1", hits=(hit("Delete cookies.", dense=None),)), 0.61234
    )
    assert len(record["query"]) == 500
    assert record["relevance"] == 0.6123
    (item,) = record["items"]
    assert (item["document_id"], item["dense"], item["lexical"]) == ("doc_1", None, 1.0)
