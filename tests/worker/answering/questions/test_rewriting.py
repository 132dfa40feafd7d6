"""A follow-up is searched for together with the question it continues, a new subject by itself."""

from dataclasses import replace

import pytest

from kb.search import Found
from tests.support.fakes import hit
from worker.answering.question import Question
from worker.answering.questions import rewriting
from worker.conversations.sessions import Turn
from worker.states import Role

TOPIC = "How do I return a parcel?"
OTHER = "Which payment methods do you accept?"


def question(text: str, *, earlier: str | None = "How do I return a parcel?") -> Question:
    turns = [] if earlier is None else [Turn(seq=1, role=Role.CUSTOMER, content=earlier)]
    return Question(workspace_id="w", content=text, turns=turns, seq=3)


@pytest.mark.parametrize("text", ["And by express?", "How long does that take?", "What about shoes?"])
def test_a_follow_up_depends_on_what_was_asked_before(text):
    assert rewriting.depends_on_history(question(text))
    assert not rewriting.depends_on_history(question(text, earlier=None))


class Articles:
    """Finds articles with given scores for a text, which are their relevances too."""

    def __init__(self, **scores: dict[str, float]):
        self.scores = scores
        self.searched: list[str] = []

    def __call__(self, text: str) -> Found:
        self.searched.append(text)
        name = {TOPIC: "topic", f"{TOPIC} And shoes?": "both", f"{TOPIC} {OTHER}": "both"}.get(text, "alone")
        found = sorted(self.scores[name].items(), key=lambda item: -item[1])
        hits = [
            replace(hit(title, number=ord(title[0])), score=score, dense=score, relevance=score)
            for title, score in found
        ]
        return Found(snapshot="1", hits=tuple(hits))


def titles(search: rewriting.Search) -> list[str]:
    return [each.record.text for each in search.found.hits]


def test_a_follow_up_finds_the_article_that_fits_it_and_its_topic():
    articles = Articles(alone={"sizes": 0.57, "exchange": 0.55}, both={"return": 0.8, "exchange": 0.78})

    found = rewriting.search_in_context(question("And shoes?", earlier=TOPIC), articles, limit=2)

    assert articles.searched == ["And shoes?", f"{TOPIC} And shoes?"]
    assert titles(found) == ["exchange", "return"]
    assert found.query == f"{TOPIC} And shoes?"


def test_a_new_subject_is_not_dragged_back_to_the_old_one():
    articles = Articles(alone={"payment": 0.7, "return": 0.1}, both={"return": 0.7, "payment": 0.6})

    found = rewriting.search_in_context(question(OTHER, earlier=TOPIC), articles, limit=2)

    assert titles(found)[0] == "payment"
    assert found.query == OTHER


def test_what_has_nothing_to_do_with_the_topic_is_found_irrelevant():
    articles = Articles(alone={"return": 0.1}, both={"return": 0.6}, topic={"return": 0.9})

    found = rewriting.search_in_context(question(OTHER, earlier=TOPIC), articles, limit=2)

    assert found.relevance == 0.1


def test_the_topic_is_the_last_complete_question_and_what_continued_it():
    def turns(*texts: str) -> list[Turn]:
        return [Turn(seq=seq, role=Role.CUSTOMER, content=text) for seq, text in enumerate(texts, 1)]

    assert (
        rewriting.topic(turns("How do I pay my order?", TOPIC, "And to Norway?", "Thanks!"))
        == f"{TOPIC} And to Norway?"
    )
    assert (
        rewriting.topic(turns(TOPIC, "And to Norway?", "How do I reset my password?")) == "How do I reset my password?"
    )
    assert rewriting.topic([]) == ""


@pytest.mark.parametrize("answer", ["The second one", "Exchange for another size"])
def test_an_answer_to_a_question_back_is_searched_for_with_all_that_it_clarifies(answer):
    turns = (
        Turn(seq=1, role=Role.CUSTOMER, content="Shoes do not fit"),
        Turn(seq=2, role=Role.ASSISTANT, content="Which?", kind="clarification"),
        Turn(seq=3, role=Role.CUSTOMER, content="I want others"),
        Turn(seq=4, role=Role.ASSISTANT, content="Which?", kind="clarification"),
    )
    asked = Question(workspace_id="w", content=answer, turns=turns)
    articles = Articles(alone={"exchange": 0.8})
    assert rewriting.search_clarified(asked, articles, limit=2).query == f"Shoes do not fit I want others {answer}"
    assert not rewriting.depends_on_history(asked)
    asked = replace(asked, turns=turns[:2])
    assert rewriting.search_clarified(asked, articles, limit=2).query == f"Shoes do not fit {answer}"
