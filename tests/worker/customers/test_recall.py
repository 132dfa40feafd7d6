"""The memories that an answerer is given are those that help with the question, matter, and are fresh."""

import pytest

from worker.customers.recall import MAX_RECALLED, Memory, recall, score


def memory(name="note", value="x", *, importance=0.5, age_days=0.0):
    return Memory(name=name, value=value, importance=importance, age_days=age_days)


def names(memories, question="", **options):
    return [one.name for one in recall(memories, question, **options)]


def test_the_score_is_the_weighted_sum_of_relevance_importance_and_recency():
    half_relevant = memory("browser", "Firefox", importance=0.4, age_days=60)
    assert score(half_relevant, "Does it work in Firefox?") == pytest.approx(0.5 * 0.5 + 0.3 * 0.4 + 0.2 * 0.25)
    assert score(memory("browser", "Firefox", importance=1), "Firefox browser") == pytest.approx(1.0)
    assert score(memory(importance=0, age_days=3_650), "Firefox") == pytest.approx(0, abs=1e-9)


def test_the_memory_that_the_question_is_about_comes_first():
    size, browser = memory("shoe_size", "42"), memory("browser", "Firefox")
    assert names([size, browser], "How do I delete cookies in my browser, Firefox?") == ["browser", "shoe_size"]
    assert names([size, browser], "Is shoe size 42 in stock?") == ["shoe_size", "browser"]


def test_of_memories_alike_the_more_important_and_the_newer_come_first():
    assert names([memory("a", importance=0.1), memory("b", importance=0.9)]) == ["b", "a"]
    assert names([memory("a", age_days=100), memory("b", age_days=1)]) == ["b", "a"]


def test_at_most_ten_are_given_and_an_important_one_is_among_them_however_many_there_are():
    many = [memory(f"n{number:02}", importance=0.2) for number in range(49)]
    chosen = names([*many, memory("zz_allergy", importance=1.0)])
    assert len(chosen) == MAX_RECALLED
    assert chosen[0] == "zz_allergy"


def test_with_an_embedding_model_its_similarity_is_the_relevance():
    similarity = {"browser: Firefox": 0.9, "diet: vegan": -0.2}
    chosen = names(
        [memory("diet", "vegan"), memory("browser", "Firefox")],
        "Can I log in?",
        similarity=lambda text, _question: similarity[text],
    )
    assert chosen == ["browser", "diet"]
    assert score(memory("diet", "vegan", importance=0), "x", similarity=lambda *_: -0.2) == pytest.approx(0.2)
