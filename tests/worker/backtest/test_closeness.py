"""How near an answer is to what a human said."""

from worker.backtest.closeness import compare


def test_the_same_in_other_words_is_nearer_than_something_else(embedder):
    human = "You have 30 days to send it back, and the return is free."
    same = compare("Returns are free within 30 days.", human, embedder)
    other = compare("You can pay by card or by invoice.", human, embedder)
    assert same.score > other.score + 0.3
    assert same.shared == ("30 days",)
    assert compare(human, human, embedder).score > 0.99


def test_another_number_makes_an_answer_less_near_and_is_named(embedder):
    human = "Returns are free within 30 days, see https://www.shop.example/returns/."
    right = compare("Free within 30 days: http://shop.example/returns", human, embedder)
    wrong = compare("Free within 14 days: http://shop.example/returns", human, embedder)
    assert right.shared == ("shop.example/returns", "30 days")
    assert (wrong.only_human, wrong.only_answer) == (("30 days",), ("14 days",))
    assert right.score > wrong.score + 0.1
    assert "only the answer says 14 days" in wrong.explanation


def test_numbers_agree_in_other_spellings_and_languages(embedder):
    assert compare("Within 14 days, for €4.95.", "Binnen 14 Tagen, für 4,95 EUR.", embedder).only_human == ()


def test_marks_of_citations_are_no_facts_and_a_bare_number_is_no_date(embedder):
    marked = compare("Refunds take five days [3].", "Since 3 May.", embedder)
    assert (marked.shared, marked.only_answer) == ((), ("5 days",))


def test_long_replies_are_compared_as_a_whole(embedder):
    filler = "Please have your order number at hand when you contact us about anything. " * 60
    tail = "Gift cards are valid for three years."
    assert compare(tail, f"{filler}{tail}", embedder).score > compare(tail, filler, embedder).score


def test_texts_without_words_end_nothing(embedder):
    nothing = compare("…", "👍", embedder)
    assert 0 <= nothing.score <= 1
    assert "neither names" in nothing.explanation
