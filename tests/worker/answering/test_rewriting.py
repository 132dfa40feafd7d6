"""A follow-up is searched for together with the question it continues, a new subject by itself."""

import pytest

from kb.search import Found
from tests.support.fakes import hit
from worker.answering import rewriting
from worker.answering.question import Question
from worker.answering.rewriting import Query
from worker.conversations.sessions import Turn
from worker.states import Role


def question(text: str, *, earlier: str | None = "How do I return a parcel?") -> Question:
    turns = [] if earlier is None else [Turn(seq=1, role=Role.CUSTOMER, content=earlier)]
    return Question(workspace_id="w", content=text, turns=turns, seq=3)


@pytest.mark.parametrize("text", ["And by express?", "How long does that take?", "What about shoes?"])
def test_a_follow_up_depends_on_what_was_asked_before(text):
    assert rewriting.depends_on_history(question(text))
    assert not rewriting.depends_on_history(question(text, earlier=None))


def test_a_question_with_a_subject_of_its_own_is_tried_alone_first():
    queries = rewriting.queries(question("Which payment methods do you accept?"), min_relevance=0.5)

    assert [query.text for query in queries] == [
        "Which payment methods do you accept?",
        "How do I return a parcel? Which payment methods do you accept?",
    ]
    assert (queries[0].min_relevance, queries[1].min_relevance) == (0.5, 0.0)


def test_the_search_stops_at_the_first_query_that_is_relevant_enough():
    searched = []

    def search(text: str) -> Found:
        searched.append(text)
        return Found(snapshot="1", hits=(hit(text),))

    text, found, _score = rewriting.search_in_turn([Query(text="cookies"), Query(text="parcels")], search)

    assert (text, searched) == ("cookies", ["cookies"])
    assert found.hits[0].record.text == "cookies"
